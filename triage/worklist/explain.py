"""Explain cases: every term of the score with the facts behind it, and what unknown answers would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features, find_feature
from triage.features.of_sums import COUNTED
from triage.features.telling import tell, tell_facts
from triage.features.view import View
from triage.given import require_kind
from triage.schema.batch import Batch, find_case, split_part
from triage.scoring.bundle import Bundle
from triage.worklist.asking import answer_question
from triage.worklist.facts import Facts, gather_facts
from triage.worklist.order import UNREADABLE, YOUTH, lane_of
from triage.worklist.policy import LANES, Policy, load_policy
from triage.worklist.reasons import tell_signs

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from triage.schema.meta import BatchMeta
    from triage.schema.part import Part
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TermExplained:
    """One term of the score.

    Parameters
    ----------
    feature, domain, sentence, source : str
        What it is, in words and with its facts, and what it rests on.
    value : float or None
        The feature; None where it is unknown.
    contribution : float
        What it adds to the score.
    if_no, if_yes : float or None
        What it would add if the feature were denied or asserted; None where it is known or nobody can
        answer.
    facts : str
        The facts that the sentence tells, by themselves; empty where there are none.
    """

    feature: str
    domain: str
    sentence: str
    source: str
    value: float | None
    contribution: float
    if_no: float | None
    if_yes: float | None
    facts: str = ""


@dataclass(frozen=True)
class Explanation:
    """One case: lane, score and all its terms, the largest first.

    The score is the intercept and the contributions, added up in the order of the model's features. A child
    in lane youth has no score, and neither has a case that could not be scored.

    Parameters
    ----------
    case_id, lane : str
        The case, and why it is on the list.
    facts : str
        What is known of it besides the score, as one line.
    model, unit : str
        The name of the model, and what its score is in.
    score : float or None
        The model's number; None where it has none.
    intercept : float
        What the score is before any term is added.
    probability, probability_low, probability_high : float or None
        The calibrated reading of the score with its band; None where there is none.
    probability_note : str
        What the probability is a share of, or why there is none.
    terms : list of TermExplained
        All terms, the largest first; empty where there is no score.
    reasons_note : str
        What must be known to read the terms of this model; mostly empty.
    """

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

    def to_frame(self) -> pd.DataFrame:
        """Return one row a term, the largest first, with the fields of `TermExplained` as columns."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and the command line never asks for a frame

        columns = [one.name for one in fields(TermExplained)]
        return pd.DataFrame([asdict(term) for term in self.terms], columns=columns)

    def __repr__(self) -> str:
        """Return the case, its score and what is said of it, in a few lines."""
        score = "no score" if self.score is None else f"{self.score:.4g} {self.unit}"
        case = f"Case {self.case_id}, lane {self.lane}: {score} by {self.model}"
        return f"{case}\n  {self.facts}\n  {self._chance()}"

    def _chance(self) -> str:
        if self.probability is None:
            return self.probability_note
        low, high = self.probability_low or 0.0, self.probability_high or 0.0
        return f"probability {self.probability:.1%} [{low:.1%}, {high:.1%}]: {self.probability_note}"

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Cells:
    """What is told of each term of each case, shape (n_cases, n_terms); NaN where there is nothing."""

    value: Floats
    contribution: Floats
    if_no: Floats
    if_yes: Floats
    fact: list[list[str]]


def explain_case(
    batch: Batch,
    bundle: Bundle,
    case: str,
    *,
    as_of: datetime | None = None,
    policy: Policy | None = None,
) -> Explanation:
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
    policy : Policy, optional
        Its rules say in which lane the case stands; the shipped ``default`` if left out.

    Raises
    ------
    InputRefusedError
        The batch, the bundle or the policy is something else, such as its name; no case, or more than one,
        begins like that; or the scoring of the case fails.
    """
    require_kind(batch, Batch, "batch")
    require_kind(bundle, Bundle, "bundle")
    require_kind(policy, Policy, "policy", or_none=True)
    part, row = find_case(batch, case)
    told = _explain_part(part, part.cases.slice(row, 1), bundle, batch.meta, as_of, policy)
    if not told:
        raise InputRefusedError(
            "a case that could not be scored",
            where=part.cases[row].as_py(),
            mend="look at it by hand, or choose another --model",
        )
    return told[0]


def explain_cases(
    batch: Batch,
    bundle: Bundle,
    cases: Iterable[str],
    *,
    as_of: datetime | None = None,
    policy: Policy | None = None,
) -> dict[str, Explanation]:
    """Explain many cases in one pass over the batch.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    bundle : Bundle
        The model.
    cases : iterable of str
        Whole case ids. Names of rows that are no cases, such as documents that could not be read, are
        passed over, and so are cases of which the scoring fails.
    as_of, policy
        As of `explain_case`.

    Returns
    -------
    dict of str to Explanation
        By case, in the order of the batch.

    Raises
    ------
    InputRefusedError
        The batch, the bundle or the policy is something else, such as its name.
    """
    require_kind(batch, Batch, "batch")
    require_kind(bundle, Bundle, "bundle")
    require_kind(policy, Policy, "policy", or_none=True)
    wanted = pa.array(sorted(set(cases)), pa.string())
    return {
        explanation.case_id: explanation
        for part in batch.parts()
        for explanation in _explain_part(part, wanted, bundle, batch.meta, as_of, policy)
    }


def _explain_part(  # noqa: PLR0917 - a step of the two functions above
    part: Part,
    wanted: pa.Array,
    bundle: Bundle,
    meta: BatchMeta,
    as_of: datetime | None,
    policy: Policy | None,
) -> list[Explanation]:
    """Explain the wanted cases of a part; as in scoring, a case that fails takes no other with it."""
    rows = np.flatnonzero(np.asarray(pc.is_in(part.cases, wanted)))
    if not len(rows):
        return []
    try:
        return _explain_rows(
            part, rows, bundle, as_of or meta.as_of, meta.population, policy or load_policy()
        )
    except Exception:  # noqa: BLE001 - whatever fails, the others are explained
        if len(part.cases) == 1:
            return []
        halves = split_part(part, (len(part.cases) + 1) // 2)
        return [one for half in halves for one in _explain_part(half, wanted, bundle, meta, as_of, policy)]


def _explain_rows(  # noqa: PLR0917 - a step of `_explain_part`
    part: Part, rows: Ints, bundle: Bundle, now: datetime, population: str, policy: Policy
) -> list[Explanation]:
    view = View(part, np.full(len(part.cases), int(now.timestamp())))
    model, facts = bundle.model, gather_facts(view, policy)
    matrix = build_features(view, model.features)[rows]
    contributions = model.contributions(matrix)
    score = model.score(contributions)
    all_scores = np.zeros(view.n_cases)
    all_scores[rows] = score
    lane = lane_of(facts, all_scores)[rows]
    scored = (lane != YOUTH) & np.isfinite(score)
    curve, note = bundle.calibration_for(population)
    probability = np.full((3, len(rows)), np.nan)
    if curve and scored.any():
        probability[:, scored] = curve.probability(score[scored]), *curve.band(score[scored])
    cells = _tell_cells(model, view, rows, matrix, contributions, score)
    return [
        Explanation(
            case_id=part.cases[row].as_py(),
            lane=LANES[lane[place]],
            facts=_tell_case(facts, row, policy),
            model=model.name,
            unit=model.unit,
            score=float(score[place]) if scored[place] else None,
            intercept=model.intercept,
            probability=_known(probability[0, place]),
            probability_low=_known(probability[1, place]),
            probability_high=_known(probability[2, place]),
            probability_note=_NO_SCORE.get(int(lane[place]), note),
            terms=_list_terms(model, cells, place) if scored[place] else [],
            reasons_note=model.reasons_note,
        )
        for place, row in enumerate(rows.tolist())
    ]


_NO_SCORE = {
    YOUTH: "a child to protect: no score and no probability",
    UNREADABLE: "the case could not be scored: a person must look",
}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _tell_case(facts: Facts, row: int, policy: Policy) -> str:
    """Return what is known of a case besides its score, as one line."""
    received, reports = facts.received[row], facts.reports[row]
    since = "" if np.isnan(received) else f" since {datetime.fromtimestamp(received, UTC):%Y-%m-%d %H:%M} UTC"
    told = [
        f"{reports:.0f} report{'' if reports == 1 else 's'}{since}",
        f"from {facts.sources[row].as_py() or 'an unknown source'}",
        f"country {facts.country[row].as_py() or 'unknown'}",
        facts.solvability[row].as_py(),
        *(["the reported person is a child"] if facts.youth[row] else []),
        *(["another investigation has the person"] if facts.paused[row] else []),
        *([policy.say(facts.rule[row].as_py())] if facts.escalated[row] else []),
    ]
    return "; ".join(told)


def _tell_cells(  # noqa: PLR0917 - a step of `_explain_rows`
    model: Model, view: View, rows: Ints, matrix: Floats, contributions: Floats, score: Floats
) -> _Cells:
    if_no, if_yes = np.full((2, *matrix.shape), np.nan)
    facts = []
    for column, name in enumerate(model.features):
        feature = find_feature(name)
        told = tell_signs(name, view, rows) if name in COUNTED else tell_facts(name, view, rows)
        facts.append(told.to_pylist())
        if feature.is_flag and feature.asks:
            some = np.flatnonzero(matrix[:, column] == 0.0)
            answers = answer_question(model, matrix[some], column, score[some])
            # What the answer would add, so that the score is the intercept plus what stands here.
            now = contributions[some, column] - score[some]
            if_no[some, column], if_yes[some, column] = (answer + now for answer in answers)
    by_case = [list(row) for row in zip(*facts, strict=True)]
    return _Cells(matrix, contributions, if_no, if_yes, by_case)


def _list_terms(model: Model, cells: _Cells, place: int) -> list[TermExplained]:
    """Return the terms of a case, the largest first."""
    numbers = (part[place].tolist() for part in (cells.value, cells.contribution, cells.if_no, cells.if_yes))
    terms = []
    for name, fact, value, adds, if_no, if_yes in zip(
        model.features, cells.fact[place], *numbers, strict=True
    ):
        feature = find_feature(name)
        unknown = bool(np.isnan(value)) or (feature.is_flag and value == 0.0)
        terms.append(
            TermExplained(
                feature=name,
                domain=feature.domain,
                sentence=tell(name, value, fact),
                source=model.sources.get(name, "") or feature.evidence,
                value=None if unknown else value,
                contribution=adds,
                if_no=_known(if_no),
                if_yes=_known(if_yes),
                facts="" if unknown else fact,
            )
        )
    return sorted(terms, key=lambda term: -abs(term.contribution))
