"""How much of the top of a list depends on weights that nobody knows exactly.

The weights of a scorecard are judgements about evidence, and the evidence is thin. So they are drawn again
and again from what the model itself states of their uncertainty, and each time the first places are given
anew. Beside that stand two lists without evidence that may feed on itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features, find_feature
from triage.features.view import View
from triage.schema.part import known_cases
from triage.scoring.expert import Spread
from triage.worklist.facts import Facts, gather_facts
from triage.worklist.listing import is_unreadable
from triage.worklist.order import ESCALATED, RANKED, UNREADABLE, key_draws, order_cases
from triage.worklist.policy import LANES
from triage.worklist.redrawing import Weighted, count_stays, draw_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.scoring.bundle import Bundle
    from triage.scoring.model import Model
    from triage.worklist.policy import Capacity, Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

PRIOR_CONTACT = ("contact_record", "contact_allegation", "register_entry")
FIRM, OFTEN = 0.9, 0.5
MOST_DRAWS = 100_000
_NORMAL_95 = 1.959963984540054

STABILITY_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("lane", pa.string()),
        ("rank", pa.int64()),
        ("score", pa.float64()),
        ("in_first", pa.bool_()),
        ("share_of_draws", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Variant:
    """The first places of a list that is made in another way.

    Parameters
    ----------
    name : str
        What is different.
    changed : int
        How many of the places that the score gives go to another case.
    recall : float or None
        The share of the children with a known outcome who are found in the first places.
    """

    name: str
    changed: int
    recall: float | None


@dataclass(frozen=True)
class Stability:
    """How firm the first places are.

    Parameters
    ----------
    table : pyarrow.Table
        One row per escalated or ranked case, in order (columns of `STABILITY_SCHEMA`).
    model : str
        Its name.
    capacity : int
        The first places of the list.
    by_score : int
        How many of them the score gives; the rest goes to unreadable and escalated cases whatever it says.
    draws : int
        How often the weights were drawn.
    firm : int
        Cases among the first that stay in at least 90 % of the draws.
    overlap : float
        Share of the first places by score that keep their case, median over the draws; NaN without any.
    overlap_low : float
        The same at its 5th percentile.
    outside : int
        Cases not among the first that are there in more than half of the draws.
    recall : float or None
        Of the list as it is.
    positives : int or None
        Cases with current abuse that recall is a share of.
    variants : tuple of Variant
        Lists without evidence that may feed on itself.
    """

    table: pa.Table
    model: str
    capacity: int
    by_score: int
    draws: int
    firm: int
    overlap: float
    overlap_low: float
    outside: int
    recall: float | None
    positives: int | None
    variants: tuple[Variant, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, for machines."""
        some = self.by_score > 0
        return {
            "model": self.model,
            "capacity": self.capacity,
            "places_by_score": self.by_score,
            "draws": self.draws,
            "firm": self.firm,
            "overlap_median": self.overlap if some else None,
            "overlap_5th_percentile": self.overlap_low if some else None,
            "outside_in_more_than_half": self.outside,
            "recall": self.recall,
            "positives": self.positives,
            "variants": [
                {"name": one.name, "changed": one.changed, "recall": one.recall} for one in self.variants
            ],
        }

    def __str__(self) -> str:
        """Return the figures, for people."""
        places = f"the first {self.capacity:,}, of which the score gives {self.by_score:,}"
        lines = [f"{self.model}: {places}; weights drawn {self.draws:,} times"]
        if self.by_score:
            worst = f"{self.overlap_low:.0%} in the worst 5 % of the draws"
            lines += [
                f"stay in at least 90 % of the draws: {self.firm:,} of {self.by_score:,}",
                f"keep their place among the first: {self.overlap:.0%} (median), {worst}",
                f"not among them, yet there in more than half of the draws: {self.outside:,}",
            ]
        else:
            lines.append("unreadable and escalated cases take all places: the score gives none")
        if self.recall is not None and self.positives is not None:
            lines.append(f"recall at {self.capacity:,}: {self.recall:.1%} of {self.positives:,}")
        for one in self.variants:
            recall = "" if one.recall is None else f"; recall {one.recall:.1%}"
            lines.append(f"{one.name}: {one.changed:,} of {self.by_score:,} places change{recall}")
        return "\n".join(lines)


def measure_stability(
    batch: Batch,
    bundle: Bundle,
    capacity: Capacity,
    *,
    draws: int = 1_000,
    seed: int = 0,
    as_of: datetime | None = None,
    labels: Mapping[str, float] | None = None,
    policy: Policy | None = None,
    progress: Callable[[int], None] | None = None,
) -> Stability:
    """Say how firm the first places of a list are.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    bundle : Bundle
        With a model that states how unsure its weights are: a scorecard with classes, or one that was
        learned from evidence.
    capacity : Capacity
        How many places are the first.
    draws : int
        How often to draw the weights.
    seed : int
        Of the draws.
    as_of : datetime, optional
        "Now"; the instant at which the batch was complete by default.
    labels : mapping of case id to 0 or 1, optional
        What became known of cases, for the recall of each list.
    policy : Policy, optional
        What escalates and what pauses; the shipped ``default`` if left out.
    progress : callable, optional
        Called with the number of cases after each part.

    Returns
    -------
    Stability
        Lanes are as on the list: whatever is escalated keeps its place, and the others compete for the rest.

    Raises
    ------
    InputRefusedError
        The model does not state how unsure its weights are.

    Notes
    -----
    The weight of a factor of class :math:`N(m, s^2)`, in units of the log odds, is drawn from that normal
    distribution, cut off at 0 so that it keeps its sign and the law of the catalogue holds in every draw;
    its points are multiplied by weight / m. A factor of mean 0, which has no points, gets weight times scale
    where it is asserted and less that where it is denied. Factors are drawn independently.

    References
    ----------
    Greenland, S. (2005). Multiple-bias modelling for analysis of observational data. Journal of the Royal
    Statistical Society A 168, 267-306.
    """
    spreads = stated_spreads(bundle)
    if not spreads:
        raise InputRefusedError(
            "the model does not state how unsure its weights are",
            where=bundle.model.name,
            expected="a scorecard with [classes], such as expert, or a bundle learned from evidence",
            mend="give each factor a class, and each class a mean and an sd",
        )
    if not 1 <= draws <= MOST_DRAWS:
        raise InputRefusedError(f"{draws:,} draws", expected=f"from 1 to {MOST_DRAWS:,}")
    cases = _gather(batch, bundle.model, as_of or batch.meta.as_of, policy, progress)
    return _measure(cases, bundle.model, spreads, capacity, draws=draws, seed=seed, labels=labels)


def stated_spreads(bundle: Bundle) -> dict[str, Spread]:
    """Return how unsure the weight of each feature is, as far as the model itself states it.

    Parameters
    ----------
    bundle : Bundle
        A scorecard states the class of each factor; a model learned from evidence, its coefficients with
        their 95 % intervals.

    Examples
    --------
    >>> from triage.scoring.loading import load_model
    >>> stated_spreads(load_model("expert"))["escalated"]
    Spread(mean=1.6, sd=0.5, scale=2.5)
    >>> stated_spreads(load_model("four-step"))
    {}
    """
    stated: dict[str, Spread] = dict(getattr(bundle.model, "spreads", {}))
    learned = bundle.metrics.get("learned")
    rows = learned.get("coefficients", []) if isinstance(learned, dict) else []
    for row in rows if isinstance(rows, list) else []:
        try:
            name = str(row["of"]).split(":")[0]
            mean, low, high = (float(value) for value in row["after"])
        except (KeyError, TypeError, ValueError):
            continue
        # Of a flag the first coefficient is that of asserted, of a number that of its value.
        if name in bundle.model.features and name not in stated and np.isfinite(mean) and low < high:
            stated[name] = Spread(mean, (high - low) / (2 * _NORMAL_95), 1.0)
    return stated


@dataclass(frozen=True)
class _Cases:
    """Everything of the cases of a batch that the measures need."""

    name: str
    facts: list[Facts]
    case_id: list[str]
    matrix: Floats
    without_own: Floats
    unreadable: int


class _ScoredCases(NamedTuple):
    """The cases of a part, as far as their order needs them."""

    case_id: list[str]
    score: Floats
    facts: Facts


def _gather(
    batch: Batch,
    model: Model,
    now: datetime,
    policy: Policy | None,
    progress: Callable[[int], None] | None,
) -> _Cases:
    facts, case_id, matrix, without_own = [], [], [], []
    unreadable = _count_unreadable(batch.set_aside)
    for whole in batch.parts():
        part = known_cases(whole, now)
        unreadable += _count_unreadable(part.set_aside)
        as_of = np.full(len(part.cases), int(now.timestamp()))
        view = View(part, as_of)
        facts.append(gather_facts(view, policy))
        case_id += part.cases.to_pylist()
        matrix.append(build_features(view, model.features))
        without_own.append(build_features(View(part, as_of, own_records=False), model.features))
        if progress:
            progress(len(part.cases))
    none = np.empty((0, len(model.features)))
    return _Cases(
        batch.meta.name,
        facts,
        case_id,
        np.concatenate([none, *matrix]),
        np.concatenate([none, *without_own]),
        unreadable,
    )


def _count_unreadable(aside: pa.Table) -> int:
    return sum(is_unreadable(row) for row in aside.to_pylist())


def _measure(
    cases: _Cases,
    model: Model,
    spreads: Mapping[str, Spread],
    capacity: Capacity,
    *,
    draws: int,
    seed: int,
    labels: Mapping[str, float] | None,
) -> Stability:
    score = model.score(model.contributions(cases.matrix))
    order = order_cases(_as_scored(cases, score), key_draws(cases.name))
    listed = np.isin(order.lane, (ESCALATED, RANKED))
    row, lane, seniority = order.row[listed], order.lane[listed], order.seniority[listed]
    ranked = lane == RANKED
    limit = capacity.of(len(cases.case_id))
    unreadable = cases.unreadable + int((order.lane == UNREADABLE).sum())
    places = int(np.clip(limit - unreadable - (~ranked).sum(), 0, ranked.sum()))
    # In the order of the list: the escalated cases, and then the ranked ones.
    before = min(max(limit - unreadable, 0), int((~ranked).sum()))
    first = np.arange(len(row)) < before + places
    weights = draw_weights(
        list(spreads.values()),
        [find_feature(name).sign for name in spreads],
        draws,
        np.random.default_rng(seed),
    )
    competing = cases.matrix[row[ranked]]
    found = count_stays(Weighted.of(model, competing, spreads), first[ranked], seniority[ranked], weights)
    stays = first.astype(np.float64)
    stays[ranked] = found.stays
    outcome = _outcomes([cases.case_id[case] for case in row.tolist()], labels)

    def vary(name: str, matrix: Floats) -> Variant:
        other = model.score(model.contributions(matrix[row[ranked]]))
        now_first = first.copy()
        now_first[ranked] = _take_first(other, seniority[ranked], places)
        return Variant(name, int((first & ~now_first).sum()), _recall(outcome, now_first))

    return Stability(
        table=_tabulate(
            cases, order_row=row, lane=lane, score=score, first=first, stays=stays, unreadable=unreadable
        ),
        model=model.name,
        capacity=limit,
        by_score=places,
        draws=draws,
        firm=int((stays[first & ranked] >= FIRM).sum()),
        overlap=float(np.median(found.overlap)) if places else np.nan,
        overlap_low=float(np.quantile(found.overlap, 0.05)) if places else np.nan,
        outside=int((stays[~first] > OFTEN).sum()),
        recall=_recall(outcome, first),
        positives=None if outcome is None else int(np.nansum(outcome)),
        variants=(
            vary("without records of contact offences", _forget(cases.matrix, model, PRIOR_CONTACT)),
            vary("without records that our own ranking caused", cases.without_own),
        ),
    )


def _as_scored(cases: _Cases, score: Floats) -> list[_ScoredCases]:
    scored, start = [], 0
    for facts in cases.facts:
        rows = slice(start, start + len(facts.received))
        scored.append(_ScoredCases(cases.case_id[rows], score[rows], facts))
        start = rows.stop
    return scored


def _take_first(score: Floats, seniority: Ints, places: int) -> Mask:
    first = np.zeros(len(score), dtype=bool)
    first[np.lexsort((seniority, -score))[:places]] = True
    return first


def _forget(matrix: Floats, model: Model, names: Sequence[str]) -> Floats:
    """Return the matrix with features made unknown."""
    changed = matrix.copy()
    for column, name in enumerate(model.features):
        if name in names:
            changed[:, column] = 0.0 if find_feature(name).is_flag else np.nan
    return changed


def _outcomes(case_id: list[str], labels: Mapping[str, float] | None) -> Floats | None:
    if labels is None:
        return None
    return np.array([labels.get(case, np.nan) for case in case_id], dtype=np.float64)


def _recall(outcome: Floats | None, first: Mask) -> float | None:
    if outcome is None or not np.nansum(outcome):
        return None
    return float(np.nansum(outcome[first]) / np.nansum(outcome))


def _tabulate(
    cases: _Cases,
    *,
    order_row: Ints,
    lane: Ints,
    score: Floats,
    first: Mask,
    stays: Floats,
    unreadable: int,
) -> pa.Table:
    return pa.table(
        [
            [cases.case_id[case] for case in order_row.tolist()],
            [LANES[one] for one in lane.tolist()],
            unreadable + np.arange(1, len(order_row) + 1),
            score[order_row],
            first,
            stays,
        ],
        schema=STABILITY_SCHEMA,
    )
