"""Score the cases of one part: everything about a case that does not depend on other cases."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.catalogue import build_features, find_feature
from triage.features.telling.texts import choose_texts
from triage.features.view import View
from triage.schema.batch import split_part
from triage.worklist.asking import MOST_MISSING, Checks, Missing, ask_all, no_checks
from triage.worklist.facts import Facts, gather_facts, no_facts
from triage.worklist.questions import QUESTIONS, list_questions
from triage.worklist.reasons import give_reasons
from triage.worklist.routing import Routed, route_nowhere, route_part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.part import Part
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]

NO_REASON = "nothing that is known moves its score"
NOT_SCORED = "could not be scored ({}): look at it by hand"


@dataclass(frozen=True)
class ScoredPart:
    """The cases of a part, scored; nothing in it depends on other parts. A score that failed is NaN."""

    case_id: pa.Array
    score: Floats
    completeness: Floats
    facts: Facts
    reasons: pa.Array
    missing: Missing
    checks: Checks
    routed: Routed


def score_part(part: Part, model: Model, as_of: datetime, policy: Policy) -> Iterator[ScoredPart]:
    """Score the cases of one part: a pure function, to be mapped over parts in any way.

    Where the scoring of a case fails, the others must not fail with it: the part is halved until the case
    is alone, and it comes out unscored, to stand on top for a person to look at.

    Parameters
    ----------
    part : Part
        Whole cases.
    model : Model
        The model.
    as_of : datetime
        Only what was known by then counts.
    policy : Policy
        Its rules say what escalates.

    Yields
    ------
    ScoredPart
        The whole part, as a rule.
    """
    try:
        yield _score_whole(part, model, as_of, policy)
    except Exception as error:  # noqa: BLE001 - whatever fails, no case may vanish for it
        if len(part.cases) > 1:
            for half in split_part(part, (len(part.cases) + 1) // 2):
                yield from score_part(half, model, as_of, policy)
        else:
            yield _leave_unscored(part, model, as_of, policy, type(error).__name__)


def _score_whole(part: Part, model: Model, as_of: datetime, policy: Policy) -> ScoredPart:
    view = View(part, np.full(len(part.cases), int(as_of.timestamp())))
    matrix = build_features(view, model.features)
    contributions = model.contributions(matrix)
    score = model.score(contributions)
    reasons = give_reasons(model, matrix, contributions, view)
    reasons = pc.if_else(pc.equal(reasons, ""), NO_REASON, reasons)
    missing, checks = ask_all(model, matrix, score, view)
    return ScoredPart(
        case_id=part.cases,
        score=np.where(np.isfinite(score), score, np.nan),
        completeness=_completeness(model, matrix),
        facts=gather_facts(view, policy),
        reasons=choose_texts(np.isfinite(score), reasons, NOT_SCORED.format("the score is no number")),
        missing=missing,
        checks=checks,
        routed=route_part(view, policy.referral),
    )


def _leave_unscored(part: Part, model: Model, as_of: datetime, policy: Policy, why: str) -> ScoredPart:
    """Return a part of one case without a score; with its facts and lists, where these can be gathered."""
    view = View(part, np.full(len(part.cases), int(as_of.timestamp())))
    told = leave_unread(part.cases, model, why)
    # A case of which nothing can be read is shown all the same.
    with suppress(Exception):
        told = replace(told, facts=gather_facts(view, policy))
    with suppress(Exception):
        told = replace(told, routed=route_part(view, policy.referral))
    return told


def leave_unread(cases: pa.Array, model: Model, why: str) -> ScoredPart:
    """Return cases without a score, of which nothing is known but their ids.

    Parameters
    ----------
    cases : pyarrow.Array of string
        Case ids.
    model : Model
        Says which questions there are.
    why : str
        Why they could not be scored, in a few words.
    """
    size = len(cases)
    nothing = np.full((size, MOST_MISSING), np.nan)
    return ScoredPart(
        case_id=cases,
        score=np.full(size, np.nan),
        completeness=np.full(size, np.nan),
        facts=no_facts(size),
        reasons=pa.repeat(NOT_SCORED.format(why), size),
        missing=Missing(np.full(nothing.shape, -1), nothing, nothing),
        checks=no_checks(_list_checks(model), size),
        routed=route_nowhere(size),
    )


def _list_checks(model: Model) -> list[int]:
    return [index for index in list_questions(model) if QUESTIONS[index].is_check]


def _completeness(model: Model, matrix: Floats) -> Floats:
    """Return the share of the questions that an agency can answer to which the answer is known."""
    known = [
        (matrix[:, column] != 0.0) if find_feature(name).is_flag else ~np.isnan(matrix[:, column])
        for column, name in enumerate(model.features)
        if find_feature(name).asks
    ]
    return np.mean(known, axis=0) if known else np.ones(len(matrix))
