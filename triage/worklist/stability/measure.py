"""Give the first places anew, with other weights and without evidence that may feed on itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.features.catalogue import find_feature
from triage.given import require_kind
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.worklist.order import ESCALATED, RANKED, UNREADABLE, Ranking, key_draws, order_cases
from triage.worklist.policy import LANES, take_capacity
from triage.worklist.redrawing import Weighted, count_stays, draw_weights
from triage.worklist.stability.cases import Cases, forget_features, gather_cases
from triage.worklist.stability.result import STABILITY_SCHEMA, Stability, Variant
from triage.worklist.stability.spreads import stated_spreads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.scoring.expert import Spread
    from triage.scoring.model import Model
    from triage.worklist.policy import Capacity, Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]
    Mask = NDArray[np.bool_]

PRIOR_CONTACT = ("contact_record", "contact_allegation", "register_entry")
FIRM, OFTEN = 0.9, 0.5
MOST_DRAWS = 100_000


def measure_stability(
    batch: Batch,
    bundle: Bundle,
    capacity: Capacity | float,
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
    capacity : Capacity, int or float
        How many places are the first, such as 25, or 0.023 of the list.
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
        They do so by the score alone, without audit slots, units or a record: the question is how firm the
        score is, and these are not its doing.

    Raises
    ------
    InputRefusedError
        The batch or the bundle is something else, such as its name, or the model does not state how unsure
        its weights are.

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
    require_kind(batch, Batch, "batch")
    require_kind(bundle, Bundle, "bundle")
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
    cases = gather_cases(batch, bundle.model, as_of or batch.meta.as_of, policy, progress)
    return _measure(
        cases, bundle.model, spreads, take_capacity(capacity), draws=draws, seed=seed, labels=labels
    )


def _measure(
    cases: Cases,
    model: Model,
    spreads: Mapping[str, Spread],
    capacity: Capacity,
    *,
    draws: int,
    seed: int,
    labels: Mapping[str, float] | None,
) -> Stability:
    score = model.score(model.contributions(cases.matrix))
    order = order_cases(Ranking.of(cases.case_id, score, cases.facts), key_draws(cases.name))
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
    outcome = _outcomes(cases.case_id.take(pa.array(row)).to_pylist(), labels)

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
            vary("without records of contact offences", forget_features(cases.matrix, model, PRIOR_CONTACT)),
            vary("without records that our own ranking caused", cases.without_own),
        ),
    )


def _take_first(score: Floats, seniority: Ints, places: int) -> Mask:
    first = np.zeros(len(score), dtype=bool)
    first[np.lexsort((seniority, -score))[:places]] = True
    return first


def _outcomes(case_id: list[str], labels: Mapping[str, float] | None) -> Floats | None:
    if labels is None:
        return None
    return np.array([labels.get(case, np.nan) for case in case_id], dtype=np.float64)


def _recall(outcome: Floats | None, first: Mask) -> float | None:
    if outcome is None or not np.nansum(outcome):
        return None
    return float(np.nansum(outcome[first]) / np.nansum(outcome))


def _tabulate(
    cases: Cases,
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
            cases.case_id.take(pa.array(order_row)),
            [LANES[one] for one in lane.tolist()],
            unreadable + np.arange(1, len(order_row) + 1),
            score[order_row],
            first,
            stays,
        ],
        schema=STABILITY_SCHEMA,
    )
