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
from triage.worklist.order import lane_of, order_part
from triage.worklist.questions import QUESTIONS, list_questions
from triage.worklist.reasons import give_reasons
from triage.worklist.routing import Routed, join_routed, route_part

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
# So many features of cases are worked on at once: what is made of them takes several times their memory.
_MOST_CELLS = 2_000_000
_OF_MISSING = ("question", "if_no", "if_yes")


@dataclass(frozen=True)
class ScoredPart:
    """The cases of a part, scored; nothing in it depends on other parts.

    Parameters
    ----------
    cases : pyarrow.Table
        One row a case, in the order in which they would stand on a list of their own but for the draw among
        those that wait equally long: all that the list tells of a case and that other cases do not change.
        A score that failed is NaN.
    known : array of float, shape (3, n_checks)
        Of each register check that the model has a use for, in how many cases it was asked, the answer is
        yes, and it is no.
    routed : Routed
        Which other lists its cases also belong on.
    """

    cases: pa.Table
    known: Floats
    routed: Routed


def score_part(part: Part, model: Model, policy: Policy, as_of: datetime) -> ScoredPart:
    """Score the cases of one part: a pure function, to be mapped over parts in any way.

    Where the scoring of a case fails, the others must not fail with it: the part is halved until the case
    is alone, and it comes out unscored, to stand on top for a person to look at.

    Parameters
    ----------
    part : Part
        Whole cases.
    model : Model
        The model.
    policy : Policy
        Its rules say what escalates.
    as_of : datetime
        Only what was known by then counts.
    """
    blocks = split_part(part, max(_MOST_CELLS // max(len(model.features), 1), 1))
    pieces = [piece for block in blocks for piece in _score_pieces(block, model, policy, as_of)]
    cases = pa.concat_tables(piece.cases for piece in pieces).combine_chunks()
    order = order_part(*(np.asarray(cases[name]) for name in ("lane", "imminence", "score", "received")))
    return ScoredPart(
        cases.take(pa.array(order)),
        np.sum([piece.known for piece in pieces], axis=0),
        join_routed([piece.routed for piece in pieces]),
    )


def _score_pieces(part: Part, model: Model, policy: Policy, as_of: datetime) -> Iterator[ScoredPart]:
    try:
        yield _score_whole(part, model, policy, as_of)
    except Exception as error:  # noqa: BLE001 - whatever fails, no case may vanish for it
        if len(part.cases) > 1:
            for half in split_part(part, (len(part.cases) + 1) // 2):
                yield from _score_pieces(half, model, policy, as_of)
        else:
            yield _leave_unscored(part, model, policy, as_of, type(error).__name__)


def _score_whole(part: Part, model: Model, policy: Policy, as_of: datetime) -> ScoredPart:
    view = View(part, np.full(len(part.cases), int(as_of.timestamp())))
    matrix = build_features(view, model.features)
    contributions = model.contributions(matrix)
    score = model.score(contributions)
    finite = np.isfinite(score)
    reasons = give_reasons(model, matrix, contributions, view)
    reasons = pc.if_else(pc.equal(reasons, ""), NO_REASON, reasons)
    missing, checks = ask_all(model, matrix, score, view)
    return ScoredPart(
        cases=_lay_out(
            part.cases,
            score=np.where(finite, score, np.nan),
            completeness=_completeness(model, matrix),
            facts=gather_facts(view, policy),
            reasons=choose_texts(finite, reasons, NOT_SCORED.format("the score is no number")),
            missing=missing,
            checks=checks,
        ),
        known=np.array([checks.asked, checks.yes, checks.no]),
        routed=route_part(view, policy.referral),
    )


def _leave_unscored(part: Part, model: Model, policy: Policy, as_of: datetime, why: str) -> ScoredPart:
    """Return a part of one case without a score; with its facts and lists, where these can be gathered."""
    view = View(part, np.full(len(part.cases), int(as_of.timestamp())))
    told = leave_unread(part.cases, model, why)
    # A case of which nothing can be read is shown all the same.
    with suppress(Exception):
        told = leave_unread(part.cases, model, why, gather_facts(view, policy))
    with suppress(Exception):
        told = replace(told, routed=route_part(view, policy.referral))
    return told


def leave_unread(cases: pa.Array, model: Model, why: str, facts: Facts | None = None) -> ScoredPart:
    """Return cases without a score.

    Parameters
    ----------
    cases : pyarrow.Array of string
        Case ids.
    model : Model
        Says which questions there are.
    why : str
        Why they could not be scored, in a few words.
    facts : Facts, optional
        What is known of them; nothing if left out.
    """
    size = len(cases)
    unknown, nothing = np.full(size, np.nan), np.full((size, MOST_MISSING), np.nan)
    checks = no_checks(list_checks(model), size)
    return ScoredPart(
        cases=_lay_out(
            cases,
            score=unknown,
            completeness=unknown,
            facts=facts or no_facts(size),
            reasons=pa.repeat(NOT_SCORED.format(why), size),
            missing=Missing(np.full(nothing.shape, -1), nothing, nothing),
            checks=checks,
        ),
        known=np.array([checks.asked, checks.yes, checks.no]),
        routed=join_routed([]),
    )


def list_checks(model: Model) -> list[int]:
    """Return which of `QUESTIONS` a register check can settle and the model has a use for."""
    return [index for index in list_questions(model) if QUESTIONS[index].is_check]


def _lay_out(
    cases: pa.Array,
    *,
    score: Floats,
    completeness: Floats,
    facts: Facts,
    reasons: pa.Array,
    missing: Missing,
    checks: Checks,
) -> pa.Table:
    """Return one row a case."""
    lists = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(getattr(missing, name).ravel()), MOST_MISSING)
        for name in _OF_MISSING
    }
    answers = {
        f"{name}_{index}": getattr(checks, name)[:, place]
        for place, index in enumerate(checks.question.tolist())
        for name in ("if_no", "if_yes")
    }
    return pa.table(
        {
            "case_id": cases,
            "lane": lane_of(facts, score).astype(np.int8),
            "imminence": facts.imminence.astype(np.int8),
            "score": score,
            "completeness": completeness,
            **{name: getattr(facts, name) for name in ("received", "reports", "sources", "country")},
            **{name: getattr(facts, name) for name in ("solvability", "solvable", "rule")},
            **{name: getattr(facts, name) for name in ("preserve_until", "evidence_days")},
            "reasons": reasons,
            **lists,
            **answers,
        }
    )


def missing_of(cases: pa.Table) -> Missing:
    """Return what is not known of cases: rows of `ScoredPart.cases`."""
    return Missing(*(np.asarray(_flat(cases[name])).reshape(-1, MOST_MISSING) for name in _OF_MISSING))


def checks_of(cases: pa.Table, questions: list[int], known: Floats) -> Checks:
    """Return what each check would do to the score of cases: rows of `ScoredPart.cases`.

    Parameters
    ----------
    cases : pyarrow.Table
        Rows.
    questions : list of int
        As `list_checks` says.
    known : array of float, shape (3, n_checks)
        Over the whole batch, as in `ScoredPart`.
    """
    if_no, if_yes = (
        np.column_stack([np.zeros((cases.num_rows, 0)), *(cases[f"{name}_{one}"] for one in questions)])
        for name in ("if_no", "if_yes")
    )
    return Checks(np.array(questions, dtype=np.int64), if_no, if_yes, *known)


def _flat(values: pa.ChunkedArray) -> pa.Array:
    whole = values.combine_chunks()
    return whole.flatten() if isinstance(whole, pa.Array) else whole.chunk(0).flatten()


def _completeness(model: Model, matrix: Floats) -> Floats:
    """Return the share of the questions that an agency can answer to which the answer is known."""
    known = [
        (matrix[:, column] != 0.0) if find_feature(name).is_flag else ~np.isnan(matrix[:, column])
        for column, name in enumerate(model.features)
        if find_feature(name).asks
    ]
    return np.mean(known, axis=0) if known else np.ones(len(matrix))
