"""Why a case stands where it stands, and what would move it, in sentences made of the terms of its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import answer_flag, find_feature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WHOLE = frozenset({"points", "level"})
MOST_REASONS = 5
MOST_MISSING = 3
SMALLEST_SHOWN = 0.005  # less than this would be shown as nothing
SEPARATOR = "; "


@dataclass(frozen=True)
class Missing:
    """The unknown facts whose answer could move each case most.

    Parameters
    ----------
    feature : array of int, shape (n_cases, MOST_MISSING)
        Index of the term; -1 where there is none.
    if_no, if_yes : array of float, shape (n_cases, MOST_MISSING)
        The score if the answer were no, and if it were yes.
    """

    feature: NDArray[np.int64]
    if_no: Floats
    if_yes: Floats


def give_reasons(model: Model, matrix: Floats, contributions: Floats) -> list[str]:
    """Return the largest contributions of each case, of both signs, as sentences.

    Parameters
    ----------
    model : Model
        The model.
    matrix : array of float, shape (n_cases, n_terms)
        Features.
    contributions : array of float, shape (n_cases, n_terms)
        Exact contributions.

    Returns
    -------
    list of str, length n_cases
        At most five sentences each, the contribution behind each.
    """
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :MOST_REASONS]
    chosen = np.take_along_axis(contributions, order, axis=1)
    values = np.take_along_axis(matrix, order, axis=1)
    features = [find_feature(name) for name in model.features]
    whole = model.unit in WHOLE
    # A flag has three sentences, and most cases share them: each is made once.
    made: dict[tuple[int, float, float], str] = {}
    sentences = []
    for terms, points, facts in zip(order.tolist(), chosen.tolist(), values.tolist(), strict=True):
        said = []
        for term, point, fact in zip(terms, points, facts, strict=True):
            if abs(point) < SMALLEST_SHOWN:
                continue
            key = (term, point, fact)
            if key not in made:
                made[key] = f"{features[term].say(fact)} ({show_points(point, whole=whole)})"
            said.append(made[key])
        sentences.append(SEPARATOR.join(said))
    return sentences


def show_points(points: float, *, whole: bool) -> str:
    """Return a contribution with its sign.

    Examples
    --------
    >>> show_points(5.0, whole=True), show_points(-0.314, whole=False)
    ('+5', '-0.31')
    """
    return f"{points:+.0f}" if whole else f"{points:+.2f}"


def find_missing(model: Model, matrix: Floats, score: Floats) -> Missing:
    """Find, for each case, the unknown flags whose answer could move the score most.

    Parameters
    ----------
    model : Model
        The model.
    matrix : array of float, shape (n_cases, n_features)
        Features; a flag is unknown where it is 0.
    score : array of float, shape (n_cases,)
        Scores.
    """
    as_it_is = np.repeat(score[:, None], MOST_MISSING, axis=1)
    found = Missing(np.full(as_it_is.shape, -1), as_it_is, as_it_is.copy())
    most = np.zeros((len(score), MOST_MISSING))
    for column, name in enumerate(model.features):
        feature = find_feature(name)
        if not (feature.is_flag and feature.asks):
            continue
        open_cases = np.flatnonzero(matrix[:, column] == 0.0)
        at = score[open_cases]
        if_no, if_yes = answer_question(model, matrix[open_cases], column, at)
        swing = np.fmax(np.abs(if_no - at), np.abs(if_yes - at))
        _keep_largest(found, most, open_cases, column, (swing, if_no, if_yes))
    return found


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
    if_no, if_yes = (
        model.rescore(matrix, *answer_flag(matrix, model.features, column, level), score)
        for level in (-1.0, 1.0)
    )
    return if_no, if_yes


def _keep_largest(
    found: Missing, most: Floats, cases: Ints, column: int, answer: tuple[Floats, Floats, Floats]
) -> None:
    """Put an answer in its place among the largest so far; of equal ones the earlier column stands first."""
    swing, if_no, if_yes = answer
    for place in range(MOST_MISSING):
        larger = swing > most[cases, place]
        if not larger.any():
            continue
        cases, swing, if_no, if_yes = cases[larger], swing[larger], if_no[larger], if_yes[larger]
        for below in range(MOST_MISSING - 1, place, -1):
            for array in (most, found.feature, found.if_no, found.if_yes):
                array[cases, below] = array[cases, below - 1]
        most[cases, place], found.feature[cases, place] = swing, column
        found.if_no[cases, place], found.if_yes[cases, place] = if_no, if_yes
        return


def tell_missing(
    model: Model, missing: Missing, ranks: Callable[[Floats], NDArray[np.int64]] | None
) -> list[str]:
    """Return what is missing as sentences.

    Parameters
    ----------
    model : Model
        The model.
    missing : Missing
        For the cases to tell of.
    ranks : callable, optional
        Scores -> the ranks they would take; without it no rank is told.
    """
    asks = [find_feature(name).asks for name in model.features]
    if ranks is None:
        return [SEPARATOR.join(asks[term] for term in row if term >= 0) for row in missing.feature.tolist()]
    yes, no = ranks(missing.if_yes), ranks(missing.if_no)
    rows: Sequence[tuple[list[int], list[int], list[int]]] = list(
        zip(missing.feature.tolist(), yes.tolist(), no.tolist(), strict=True)
    )
    return [
        SEPARATOR.join(
            f"{asks[term]} (rank {up:,} if so, {down:,} if not)"
            for term, up, down in zip(*row, strict=True)
            if term >= 0
        )
        for row in rows
    ]
