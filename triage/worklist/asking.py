"""Ask every open question of every case, and see what each answer would make of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import answer_flag
from triage.scoring.model import Asked
from triage.worklist.questions import QUESTIONS, is_open, list_questions, set_answer, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from triage.features.view import View
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

MOST_MISSING = 3


@dataclass(frozen=True)
class Missing:
    """The unknown facts whose answer could move the score of each case most.

    Parameters
    ----------
    question : array of int, shape (n_cases, MOST_MISSING)
        Index into `QUESTIONS`; -1 where there is none.
    if_no, if_yes : array of float, shape (n_cases, MOST_MISSING)
        The score if the feature were denied, and if it were asserted; of a question with other answers than
        yes and no, the lowest and the highest score.
    """

    question: Ints
    if_no: Floats
    if_yes: Floats


@dataclass(frozen=True)
class Checks:
    """What each register check would do to the score of each case of a part.

    Parameters
    ----------
    question : array of int, shape (n_checks,)
        Index into `QUESTIONS`.
    if_no, if_yes : array of float, shape (n_cases, n_checks)
        The score if the feature were denied, and if it were asserted; NaN where the answer is known.
    asked, yes, no : array of float, shape (n_checks,)
        Cases that were checked, those in which the feature is asserted, and those in which it is denied.
        Where reporters may tell of it, every case counts as asked.
    """

    question: Ints
    if_no: Floats
    if_yes: Floats
    asked: Floats
    yes: Floats
    no: Floats


def ask_all(model: Model, matrix: Floats, score: Floats, view: View | None = None) -> tuple[Missing, Checks]:
    """Try every answer to every open question.

    Parameters
    ----------
    model : Model
        The model.
    matrix : array of float, shape (n_cases, n_features)
        Features; a flag is unknown where it is 0, a number where it is NaN.
    score : array of float, shape (n_cases,)
        Scores.
    view : View, optional
        The part; with it, signs that the model knows by a sum alone are asked for too.

    Returns
    -------
    missing : Missing
        The questions whose answers move the score most.
    checks : Checks
        Both answers of each question that a register check can settle.
    """
    as_it_is = np.repeat(score[:, None], MOST_MISSING, axis=1)
    found = Missing(np.full(as_it_is.shape, -1), as_it_is, as_it_is.copy())
    most = np.zeros(as_it_is.shape)
    asked = list_questions(model, counted=view is not None)
    tried = no_checks([index for index in asked if QUESTIONS[index].is_check], len(score))
    finite = np.isfinite(score)
    opened = {index: is_open(QUESTIONS[index], model, matrix, view) & finite for index in asked}
    place_of = {index: place for place, index in enumerate(tried.question.tolist())}
    for index, cases, low, high in _try_answers(model, matrix, score, opened):
        now = score[cases]
        swing = np.fmax(np.abs(low - now), np.abs(high - now))
        _keep_largest(found, most, cases, index, (swing, low, high))
        if index in place_of:
            tried.if_no[cases, place_of[index]], tried.if_yes[cases, place_of[index]] = low, high
    for index, place in place_of.items():
        question = QUESTIONS[index]
        flag = values_of(question.features[0], model, matrix, view)
        if flag is not None:
            tried.asked[place] = len(flag) if question.is_told else (flag != 0.0).sum()
            tried.yes[place], tried.no[place] = (flag > 0.0).sum(), (flag < 0.0).sum()
    return found, tried


def no_checks(questions: list[int], n_cases: int) -> Checks:
    """Return checks of which no answer is known yet, nor tried."""
    nothing = np.full((n_cases, len(questions)), np.nan)
    none = np.zeros(len(questions))
    return Checks(
        np.array(questions, dtype=np.int64), nothing, nothing.copy(), none, none.copy(), none.copy()
    )


def _try_answers(
    model: Model, matrix: Floats, score: Floats, opened: Mapping[int, Mask]
) -> Iterator[tuple[int, Ints, Floats, Floats]]:
    """Yield, for each question, the cases in which it is open, and two scores of each.

    These are the scores if the answer is no and if it is yes; else the lowest and the highest of all.
    """
    features, asked = model.features, {}
    for index, is_asked in opened.items():
        cases = np.flatnonzero(is_asked)
        answers = [set_answer(matrix, cases, features, answer) for answer in QUESTIONS[index].answers]
        asked[index] = Asked(cases, answers)
    after = model.rescore(matrix, list(asked.values()), score)
    for (index, one), under in zip(asked.items(), after, strict=True):
        if len(under) == 1:
            # Nobody can deny it: it can only stay as it is.
            under.insert(0, score[one.cases])
        if QUESTIONS[index].is_yes_or_no:
            yield index, one.cases, under[0], under[-1]
        else:
            yield index, one.cases, np.minimum.reduce(under), np.maximum.reduce(under)


def answer_question(model: Model, matrix: Floats, column: int, score: Floats) -> tuple[Floats, Floats]:
    """Return the score of each case if an unknown flag were denied, and if it were asserted.

    Parameters
    ----------
    model : Model
        The model.
    matrix : array of float, shape (n_cases, n_features)
        Features of cases in which the flag is unknown.
    column : int
        Of the flag.
    score : array of float, shape (n_cases,)
        Their scores.
    """
    answers = []
    for level in (-1.0, 1.0):
        answered, changed = answer_flag(matrix, model.features, column, level)
        answers.append({other: answered[:, other] for other in changed})
    ((if_no, if_yes),) = model.rescore(matrix, [Asked(np.arange(len(matrix)), answers)], score)
    return if_no, if_yes


def _keep_largest(
    found: Missing, most: Floats, cases: Ints, index: int, answer: tuple[Floats, Floats, Floats]
) -> None:
    """Put an answer in its place among the largest so far; of equal ones the earlier one stands first."""
    # What is no larger than the last one has no place.
    larger = answer[0] > most[cases, -1]
    cases, (swing, if_no, if_yes) = cases[larger], (part[larger] for part in answer)
    for place in range(MOST_MISSING):
        larger = swing > most[cases, place]
        if not larger.any():
            continue
        # What was here moves down, and what is not larger here tries the next place.
        here = cases[larger]
        for below in range(MOST_MISSING - 1, place, -1):
            for array in (most, found.question, found.if_no, found.if_yes):
                array[here, below] = array[here, below - 1]
        most[here, place], found.question[here, place] = swing[larger], index
        found.if_no[here, place], found.if_yes[here, place] = if_no[larger], if_yes[larger]
        cases, swing, if_no, if_yes = (part[~larger] for part in (cases, swing, if_no, if_yes))
