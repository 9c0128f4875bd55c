"""Look at a batch: drift against the reference, calibration by its outcomes, and the state that follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.figure import Figure, format_count
from triage.evaluation.hidden import require_shown
from triage.evaluation.monitoring.columns import as_table, read_codes, read_numbers, read_probabilities
from triage.evaluation.monitoring.drift import measure_drift
from triage.evaluation.monitoring.reference import model_of
from triage.evaluation.monitoring.state import (
    CALIBRATION_RULE,
    COLUMN_RULE,
    DIGEST,
    DRIFT_RULE,
    HIGHEST_RATIO,
    LOWEST_RATIO,
    MOST_BATCHES,
    TOP_RULE,
    MonitorState,
    Rule,
)
from triage.evaluation.monitoring.times import check_time
from triage.evaluation.order.capacity import ALL_CASES, cases_at
from triage.scoring.labels import parse_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray
    from triage.evaluation.monitoring.drift_result import Drift
    from triage.evaluation.monitoring.reference import Reference

CASE = "case_id"
CAPACITY = 0.023
# Below this many cases a batch that shows no drift is no sign that there is none.
LEAST_CASES = 30


@dataclass(frozen=True)
class Monitoring:
    """What was found in a batch.

    Parameters
    ----------
    drift : Drift
        Column by column, against the reference.
    top : Figure
        Observed over expected among the first of the list that have an outcome.
    counted : int
        Cases whose outcome was counted now.
    counted_before : int
        Cases of this batch whose outcome had been counted already.
    repeated : bool
        Whether this batch was looked at before; its drift is then not counted again.
    note : str
        Why calibration was not checked; empty where it was.
    state : MonitorState
        After this batch.
    synthetic : bool
        Whether the reference comes from a world.
    only_chosen : bool
        Whether only cases that were chosen to be opened have outcomes.
    """

    drift: Drift
    top: Figure
    counted: int
    counted_before: int
    repeated: bool
    note: str
    state: MonitorState
    synthetic: bool
    only_chosen: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What has to be kept in mind, in words."""
        few = (
            f"drift: too few to tell, {self.drift.cases:,} cases of at least {LEAST_CASES}; the batch does "
            "not count for drift, so gather cases of several days"
        )
        chosen = (
            "outcomes: only cases that were chosen to be opened have outcomes; calibration is that of the "
            "chosen cases, without weights"
        )
        return (*([few] if self.too_few else []), *([chosen] if self.only_chosen else []))

    @property
    def too_few(self) -> bool:
        """Whether the batch has too few cases to tell whether they drifted."""
        return self.drift.cases < LEAST_CASES

    def as_dict(self) -> dict[str, Any]:
        """Return all as values that JSON can hold."""
        return {
            "state": self.state.as_dict(),
            "drift": self.drift.as_dict(),
            "top": self.top.as_dict(),
            "counted": self.counted,
            "counted_before": self.counted_before,
            "repeated": self.repeated,
            "note": self.note,
            "synthetic": self.synthetic,
            "too_few": self.too_few,
            "remarks": list(self.remarks),
        }

    def __str__(self) -> str:
        """Return a report; its last lines are the state, why, and what to do next."""
        mark = ", synthetic" if self.synthetic else ""
        again = "; looked at before, so its drift does not count again" if self.repeated else ""
        head = f"Batch of {self.drift.cases:,} cases against a reference of {self.drift.reference_cases:,}"
        lines = [
            f"{head}{mark}{again}",
            str(self.drift),
            "  by chance: the PSI to expect without change; 0.10 and 0.25 are a convention, no test",
            *self._missing(),
            "",
            f"Calibration: {self.note or self.state.calibration}",
        ]
        if self.counted_before:
            lines.append(f"  {self.counted_before:,} outcomes had been counted before and were left out")
        if not self.note:
            lines.append(f"Observed over expected, {self.top.denominator}: {self._ratio()}")
        lines += [f"note: {remark}" for remark in self.remarks]
        return "\n".join([*lines, "", *self._verdict()])

    def _ratio(self) -> str:
        if not self.top.estimable:
            return f"not estimable ({self.top.method.removeprefix('not estimable: ')})"
        return f"{self.top.brief(2)} ({self.top.count:,} cases with an outcome)"

    def _missing(self) -> Iterator[str]:
        for column in self.drift.columns:
            for change in column.changes():
                if change.difference.estimable and change.p_adjusted <= 0.05 and not column.absent:
                    of = f" from {change.source}" if change.source else ""
                    yield (
                        f"  {column.name}{of}: missing values {100 * change.before:.1f} -> "
                        f"{100 * change.now:.1f} %, difference {change.difference.times(100).brief(1)} points"
                    )

    def _verdict(self) -> Iterator[str]:
        state = self.state
        yield from (f"because {reason}" for reason in state.reasons)
        yield from (f"next: {step}" for step in state.next_steps)
        since = f" since {state.since}" if state.since else ""
        few = "; drift: too few to tell" if self.too_few else ""
        yield f"state: {state.state.upper()}{since}{few}"


def monitor_batch(
    reference: Reference,
    table: pa.Table | pd.DataFrame,
    state: MonitorState | None = None,
    *,
    outcome: str = "",
    probability: str = "probability",
    score: str = "score",
    time: str = "received_at",
    capacity: float = CAPACITY,
    batch: str = "",
    at: str = "",
    only_chosen: bool = False,
) -> Monitoring:
    """Look at a batch of scored cases.

    Parameters
    ----------
    reference : Reference
        From `pin_reference`.
    table : pyarrow.Table or pandas.DataFrame
        One row per case: a worklist, or any table of scores.
    state : MonitorState, optional
        After the batches before; a first one where none is given.
    outcome : str
        Column with outcomes, unknown for most; empty where there are none yet.
    probability, score, time : str
        Columns. Without times all new outcomes count together, else day by day.
    capacity : int or float
        How many cases, or which share of the batch, can be opened: the top of the list.
    batch : str
        What tells this batch from others, such as a hash of its file; looked at a second time, its drift does
        not count again. Outcomes count once a case whatever the batch, where the table has ``case_id``.
    at : str
        When this is; it becomes the date of a change of state.
    only_chosen : bool
        Whether only cases that were chosen to be opened have outcomes; the result then says so.

    Returns
    -------
    Monitoring
        With the state after this batch. A batch of fewer than 30 cases does not count for drift: the state
        stays, unless outcomes or a missing column make it worse, and the result says "too few to tell".

    Raises
    ------
    InputRefusedError
        The scores come from another model than the reference, no column of the reference is there, the list
        hides scores, or a column is not as described.

    Examples
    --------
    >>> from triage.evaluation.monitoring.reference import pin_reference
    >>> reference = pin_reference(pa.table({"score": range(200)}))
    >>> found = monitor_batch(reference, pa.table({"score": range(150, 200)}), at="2024-03-01")
    >>> found.state.state, found.state.since
    ('watch', '2024-03-01')
    """
    table = as_table(table)
    _require_same(reference, table)
    require_shown(table, score)
    state = state or MonitorState.start(reference)
    drift = measure_drift(reference, table)
    repeated = bool(batch) and batch in state.batches
    findings = [(COLUMN_RULE, column.name) for column in drift.columns if column.absent]
    if not repeated and table.num_rows >= LEAST_CASES:
        level, alarm = state.drift.next_level, state.drift.update(drift.p_value)
        if alarm.sounded and not state.drift.sounded:
            findings.append((DRIFT_RULE, "; ".join(drift.changed(level))))
        batches = (*state.batches, batch)[-MOST_BATCHES:] if batch else state.batches
        state = replace(state, drift=alarm, batches=batches)
    cases = _Outcomes.of(table, outcome, probability, state)
    if cases.fresh.any():
        state = _count(state, cases, table, time)
        if state.calibration.sounded:
            findings.append((CALIBRATION_RULE, state.calibration.leading))
    top = _measure_top(cases, table, score, capacity)
    findings += list(_judge_top(top))
    return Monitoring(
        drift,
        top,
        int(np.count_nonzero(cases.fresh)),
        int(np.count_nonzero(cases.known & ~cases.fresh)),
        repeated,
        cases.note,
        state.apply(findings, at),
        reference.synthetic,
        only_chosen,
    )


@dataclass(frozen=True, eq=False)
class _Outcomes:
    """Outcomes and probabilities of a batch where both are known, and which of these were never counted."""

    known: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    outcome: FloatArray
    probability: FloatArray
    digests: NDArray[np.uint64]
    note: str

    @classmethod
    def of(cls, table: pa.Table, outcome: str, probability: str, state: MonitorState) -> _Outcomes:
        y, p, note = _read_outcomes(table, outcome, probability)
        known = ~np.isnan(y) & ~np.isnan(p)
        if CASE in table.column_names:
            ids = read_codes(table[CASE], CASE).filter(pa.array(known)).to_pylist()
            digests = _hash_ids(ids, state.reference)
        else:
            digests = _hash_together(y[known], p[known], state.reference)
        fresh = known.copy()
        seen = np.isin(digests, np.frombuffer(state.counted, dtype=np.uint64))
        fresh[known] = ~seen
        return cls(known, fresh, y, p, np.unique(digests[~seen]), note)


def _read_outcomes(table: pa.Table, outcome: str, probability: str) -> tuple[FloatArray, FloatArray, str]:
    none = np.full(table.num_rows, np.nan)
    numbers = read_probabilities(table, probability)
    if not outcome:
        return none, none, "not checked, as no outcomes were given"
    if outcome not in table.column_names:
        raise InputRefusedError(f"no column {outcome}", where="batch", expected="a column with outcomes")
    y = parse_labels(table[outcome], outcome)
    p = none if numbers is None else numbers
    if np.isnan(y).all():
        return y, p, "not checked, as no outcome is known"
    return y, p, "not checked, as no case has a probability" if np.isnan(p).all() else ""


def _hash_ids(ids: list[str | None], key: str) -> NDArray[np.uint64]:
    if None in ids or len(set(ids)) < len(ids):
        raise InputRefusedError(
            "a case that stands twice, or has no id", where=f"column {CASE}", expected="one row a case"
        )
    keyed = blake2b(digest_size=DIGEST, key=key.encode())

    def digest(name: str) -> bytes:
        one = keyed.copy()
        one.update(name.encode())
        return one.digest()

    return np.frombuffer(b"".join(digest(str(name)) for name in ids), dtype=np.uint64)


def _hash_together(outcome: FloatArray, probability: FloatArray, key: str) -> NDArray[np.uint64]:
    """Return one hash for all cases, in whatever order: without ids they can only be known again together."""
    order = np.lexsort((outcome, probability))
    content = np.stack([outcome[order], probability[order]]).tobytes()
    one = blake2b(content, digest_size=DIGEST, key=key.encode()).digest()
    return np.repeat(np.frombuffer(one, dtype=np.uint64), len(outcome))


def _require_same(reference: Reference, table: pa.Table) -> None:
    model = model_of(table)
    if reference.model and model and reference.model != model:
        raise InputRefusedError(
            f"scores of the model {model}",
            where="batch",
            expected=f"the model of the reference, {reference.model}",
            mend="pin a reference for each model",
        )
    if not any(column.name in table.column_names for column in reference.columns):
        raise InputRefusedError(
            "no column of the reference",
            where="batch",
            expected=", ".join(column.name for column in reference.columns[:20]),
        )


def _count(state: MonitorState, cases: _Outcomes, table: pa.Table, time: str) -> MonitorState:
    fresh, instants = cases.fresh, None
    if time in table.column_names:
        column = table[time].filter(pa.array(fresh))
        if read_codes(column, time).null_count == 0:
            instants = check_time(column.to_pandas(), f"column {time}")
    alarm = state.calibration.update(cases.outcome[fresh], cases.probability[fresh], time=instants)
    return replace(state, calibration=alarm, counted=state.counted + cases.digests.tobytes())


def _measure_top(cases: _Outcomes, table: pa.Table, score: str, capacity: float) -> Figure:
    scores = read_numbers(table[score]) if score in table.column_names else None
    if scores is None or np.isnan(scores).all():
        return Figure.not_estimable(f"no column {score} with numbers", 0, ALL_CASES)
    ranked = np.sort(scores[~np.isnan(scores)])[::-1]
    k = int(cases_at(capacity, len(ranked)))
    kept = cases.known & (scores >= ranked[k - 1])
    denominator = f"those with an outcome among the first {format_count(k)}"
    if not kept.any():
        return Figure.not_estimable("no outcome is known there", 0, denominator)
    return observed_over_expected(cases.outcome[kept], cases.probability[kept], denominator=denominator)


def _judge_top(top: Figure) -> Iterator[tuple[Rule, str]]:
    if top.estimable and (top.high < LOWEST_RATIO or top.low > HIGHEST_RATIO):
        yield TOP_RULE, top.brief(2)
