"""Score the cases of one part: everything about a case that does not depend on other cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import build_features, find_feature
from triage.features.view import View
from triage.worklist.facts import Facts, gather_facts
from triage.worklist.reasons import Missing, find_missing, give_reasons

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.part import Part
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredPart:
    """The cases of a part, scored; nothing in it depends on other parts."""

    case_id: list[str]
    score: Floats
    completeness: Floats
    facts: Facts
    reasons: list[str]
    missing: Missing


def score_part(part: Part, model: Model, as_of: datetime) -> ScoredPart:
    """Score the cases of one part: a pure function, to be mapped over parts in any way.

    Parameters
    ----------
    part : Part
        Whole cases.
    model : Model
        The model.
    as_of : datetime
        Only what was known by then counts.
    """
    view = View(part, np.full(len(part.cases), int(as_of.timestamp())))
    matrix = build_features(view, model.features)
    contributions = model.contributions(matrix)
    score = model.score(contributions)
    return ScoredPart(
        case_id=part.cases.to_pylist(),
        score=score,
        completeness=_completeness(model, matrix),
        facts=gather_facts(view),
        reasons=give_reasons(model, matrix, contributions),
        missing=find_missing(model, matrix, score),
    )


def _completeness(model: Model, matrix: Floats) -> Floats:
    """Return the share of the questions that an agency can answer to which the answer is known."""
    known = [
        (matrix[:, column] != 0.0) if find_feature(name).is_flag else ~np.isnan(matrix[:, column])
        for column, name in enumerate(model.features)
        if find_feature(name).asks
    ]
    return np.mean(known, axis=0) if known else np.ones(len(matrix))
