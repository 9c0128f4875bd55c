"""Explain one case: every term of its score, and what each unknown answer would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.features.catalogue import build_features, find_feature
from triage.features.view import View
from triage.schema.batch import Batch, find_case
from triage.worklist.facts import IMMINENCE, Facts, gather_facts
from triage.worklist.order import YOUTH, lane_of
from triage.worklist.policy import LANES
from triage.worklist.reasons import answer_question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.bundle import Bundle
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TermExplained:
    """One term of the score.

    Parameters
    ----------
    feature, domain, sentence, source : str
        What it is, in words, and what it rests on.
    value : float or None
        The feature; None where it is unknown.
    contribution : float
        What it adds to the score.
    if_no, if_yes : float or None
        What it would add if the answer were no or yes; None where it is known or nobody can answer.
    """

    feature: str
    domain: str
    sentence: str
    source: str
    value: float | None
    contribution: float
    if_no: float | None
    if_yes: float | None


@dataclass(frozen=True)
class Explanation:
    """One case: lane, score and all its terms, the largest first; a child in lane youth has no score."""

    case_id: str
    lane: str
    facts: str
    model: str
    unit: str
    score: float | None
    intercept: float
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    probability_note: str
    terms: list[TermExplained]
    reasons_note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values."""
        return asdict(self)


def explain_case(batch: Batch, bundle: Bundle, case: str, *, as_of: datetime | None = None) -> Explanation:
    """Explain one case.

    Parameters
    ----------
    batch : Batch
        Searched part by part.
    bundle : Bundle
        The model.
    case : str
        The case id or its beginning.
    as_of : datetime, optional
        As known then; as the batch says by default.

    Raises
    ------
    InputRefusedError
        No case, or more than one, begins like that.
    """
    part, row = find_case(batch, case)
    view = View(part, np.full(len(part.cases), int((as_of or batch.meta.as_of).timestamp())))
    model = bundle.model
    matrix = build_features(view, model.features)[row : row + 1]
    contributions = model.contributions(matrix)
    score = model.score(contributions)
    facts = gather_facts(view)
    lane = lane_of(facts)[row]
    youth = lane == YOUTH
    curve, note = bundle.calibration_for(batch.meta.population)
    if youth:
        curve, note = None, "a child to protect: no score and no probability"
    low, high = curve.band(score) if curve else (None, None)
    columns = range(len(model.features))
    terms = [_explain_term(model, matrix, contributions, score, column) for column in columns]
    return Explanation(
        case_id=part.cases[row].as_py(),
        lane=LANES[lane],
        facts=_tell(facts, row),
        model=model.name,
        unit=model.unit,
        score=None if youth else float(score[0]),
        intercept=model.intercept,
        probability=float(curve.probability(score)[0]) if curve else None,
        probability_low=None if low is None else float(low[0]),
        probability_high=None if high is None else float(high[0]),
        probability_note=note,
        terms=[] if youth else sorted(terms, key=lambda term: -abs(term.contribution)),
        reasons_note=model.reasons_note,
    )


def _tell(facts: Facts, row: int) -> str:
    """Return what is known of a case besides its score, as one line."""
    received = facts.received[row]
    since = "" if np.isnan(received) else f" since {datetime.fromtimestamp(received, UTC):%Y-%m-%d %H:%M} UTC"
    told = [
        f"{facts.reports[row]:.0f} reports{since}",
        f"from {facts.sources[row] or 'an unknown source'}",
        f"country {facts.country[row] or 'unknown'}",
        facts.solvability[row],
        *(["the reported person is a child"] if facts.youth[row] else []),
        *(["another investigation has the person"] if facts.paused[row] else []),
        *([IMMINENCE[int(facts.imminence[row])]] if facts.escalated[row] else []),
    ]
    return "; ".join(told)


def _explain_term(
    model: Model, matrix: Floats, contributions: Floats, score: Floats, column: int
) -> TermExplained:
    name = model.features[column]
    value, contribution = float(matrix[0, column]), float(contributions[0, column])
    feature = find_feature(name)
    unknown = bool(np.isnan(value)) or (feature.is_flag and value == 0.0)
    if_no = if_yes = None
    if unknown and feature.is_flag and feature.asks:
        # What the answer would add, so that the score is the intercept plus what stands here.
        no, yes = answer_question(model, matrix, column, score)
        if_no, if_yes = (contribution + float(answer[0] - score[0]) for answer in (no, yes))
    return TermExplained(
        feature=name,
        domain=feature.domain,
        sentence=feature.say(value),
        source=model.sources.get(name, "") or feature.evidence,
        value=None if unknown else value,
        contribution=contribution,
        if_no=if_no,
        if_yes=if_yes,
    )
