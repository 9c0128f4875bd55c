"""``triage monitor``: whether cases and probabilities are still what they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import (
    SET_ASIDE,
    BatchType,
    CapacityType,
    force_option,
    json_option,
    program,
    refuse_inputs,
    say_result,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from triage.evaluation.monitoring.monitor import Monitoring
    from triage.schema.places import Place
    from triage.worklist.policy import Capacity

_WORST = {"watch": ("watch", "do not use"), "do-not-use": ("do not use",)}
_Path = click.Path(path_type=Path)


@click.command("monitor")
@click.argument("scores", type=_Path)
@click.option("--pin", type=_Path, help="JSON file to write: SCORES become the reference.")
@click.option("--reference", type=_Path, help="JSON file that --pin wrote: compare SCORES with it.")
@click.option("--column", "columns", multiple=True, help="With --pin: a column to watch. May be repeated.")
@click.option("--source", default="", help="With --pin: column with the source of a case.")
@click.option("--synthetic", is_flag=True, help="With --pin: the cases come from a world.")
@click.option("--state", type=_Path, help="JSON file with the state, read and written back.")
@click.option("--outcome", help="Column with the outcome; with --outcomes it is current_abuse if not given.")
@click.option("--outcomes", type=BatchType(), help="File or batch with the outcomes, joined by case_id.")
@click.option("--score", default="score", show_default=True, help="Column with the score.")
@click.option("--probability", default="probability", show_default=True, help="Column with the probability.")
@click.option("--time", default="received_at", show_default=True, help="Column with the time of a case.")
@click.option(
    "--capacity",
    type=CapacityType(),
    default="2.3%",
    show_default=True,
    help="Cases that can be opened: 25, or 2.3%. They are the top of the list.",
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="For a new state: bound on the chance that an alarm ever sounds falsely, for each of the two.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 5, max_open=True),
    default=0.1,
    show_default=True,
    help="For a new state: error of the log odds that is no reason for an alarm.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(_WORST)),
    help="End with exit code 3 in this state, or a worse one.",
)
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    scores: Path,
    pin: Path | None,
    reference: Path | None,
    columns: tuple[str, ...],
    source: str,
    state: Path | None,
    outcome: str | None,
    outcomes: Place | None,
    score: str,
    probability: str,
    time: str,
    capacity: Capacity,
    alpha: float,
    tolerance: float,
    fail_on: str | None,
    *,
    synthetic: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Say whether the cases in SCORES still look like the reference, and whether to go on using the model.

    SCORES is a worklist, or any CSV or Parquet file with scores. First pin a reference with --pin; then
    compare each new batch with it. The state is one of: use, watch, do not use. It is kept in the file
    --state, and gets better only when a new reference is pinned.
    """
    if pin is not None and reference is None:
        if state or outcomes or outcome or fail_on:
            raise click.UsageError("--pin only writes a reference; compare a batch with it by --reference")
        watched = _Watched(columns, source, time, probability, synthetic)
        _pin(scores, pin, watched, force=force, as_json=as_json)
    elif reference is not None and pin is None:
        if columns or source or synthetic:
            raise click.UsageError("--column, --source and --synthetic are chosen when a reference is pinned")
        said = _Said(outcome, outcomes, score, probability, time, capacity)
        found = _check(scores, reference, state, said, alpha=alpha, tolerance=tolerance)
        say_result(found.as_dict(), str(found), as_json=as_json)
        if fail_on and found.state.state in _WORST[fail_on]:
            click.get_current_context().exit(SET_ASIDE)
    else:
        raise click.UsageError("give either --pin, to write a reference, or --reference, to compare with one")


@dataclass(frozen=True)
class _Watched:
    columns: tuple[str, ...]
    source: str
    time: str
    probability: str
    synthetic: bool


@dataclass(frozen=True)
class _Said:
    outcome: str | None
    outcomes: Place | None
    score: str
    probability: str
    time: str
    capacity: Capacity


def _pin(scores: Path, pin: Path, watched: _Watched, *, force: bool, as_json: bool) -> None:
    from triage.evaluation.monitoring.columns import choose_columns
    from triage.evaluation.monitoring.reference import pin_reference
    from triage.intake.tables import read_scores
    from triage.writing import refuse_existing, shown

    refuse_inputs(pin, "--pin", (scores,))
    refuse_existing(pin, force=force)
    table = read_scores(scores, watched.columns)
    left_out = {} if watched.columns else choose_columns(table)[1]
    reference = pin_reference(
        table,
        watched.columns,
        source=watched.source,
        time=watched.time,
        probability=watched.probability,
        synthetic=watched.synthetic,
    )
    reference.save(pin, force=force)
    names = [column.name for column in reference.columns]
    lines = [f"{pin}: {reference.cases:,} cases, columns {', '.join(names)}"]
    lines += [f"  not watched: {shown(name)}, {reason}" for name, reason in left_out.items()]
    lines.append(f"next: {program()} monitor SCORES --reference {pin} --state STATE.json")
    answer = {"reference": str(pin), "id": reference.id, "cases": reference.cases, "columns": names}
    say_result({**answer, "not_watched": left_out}, "\n".join(lines), as_json=as_json)


def _check(
    scores: Path, reference: Path, state: Path | None, said: _Said, *, alpha: float, tolerance: float
) -> Monitoring:
    from triage.evaluation.monitoring.monitor import monitor_batch
    from triage.evaluation.monitoring.reference import Reference
    from triage.evaluation.monitoring.state import MonitorState
    from triage.intake.tables import read_scores

    if state is not None:
        refuse_inputs(state, "--state", (scores, reference, said.outcomes))
    pinned = Reference.load(reference)
    before = MonitorState.start(pinned, alpha=alpha, tolerance=tolerance)
    if state is not None and state.exists():
        before = MonitorState.load(state, pinned)
    table, outcome = read_scores(scores, ()), said.outcome or ""
    of_batch = of_world = False
    if said.outcomes is not None:
        from triage.evaluation.joining import join_outcomes

        outcome = outcome or "current_abuse"
        known, of_batch, of_world = _read_outcomes(said.outcomes, outcome)
        table = join_outcomes(table, known.select(["case_id", outcome]))
    found = monitor_batch(
        pinned,
        table,
        before,
        outcome=outcome,
        probability=said.probability,
        score=said.score,
        time=said.time,
        capacity=said.capacity.count or said.capacity.share or 0.0,
        batch=sha256(scores.read_bytes()).hexdigest(),
        at=datetime.now(UTC).date().isoformat(),
        only_chosen=of_batch,
    )
    if state is not None:
        found.state.save(state)
    return replace(found, synthetic=found.synthetic or of_world)


def _read_outcomes(path: Place, outcome: str) -> tuple[pa.Table, bool, bool]:
    """Return the outcomes, whether they are those of a batch and not of a file, and whether of a world."""
    from triage.errors import InputRefusedError
    from triage.evaluation.outcomes import OUTCOME, gather_outcomes
    from triage.intake.opening import open_any
    from triage.intake.tables import read_scores
    from triage.schema.places import Elsewhere

    if not isinstance(path, Elsewhere) and not path.is_dir():
        return read_scores(path, ("case_id", outcome)), False, False
    if outcome != OUTCOME:
        raise InputRefusedError(
            f"--outcome {outcome}", where=str(path), expected=f"{OUTCOME}, the outcome of a batch"
        )
    batch = open_any(path)
    return gather_outcomes(batch), True, batch.meta.population.startswith("world ")
