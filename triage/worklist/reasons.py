"""Why a case stands where it stands, and what would move it, in sentences made of the terms of its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import FEATURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from triage.scoring.additive import AdditiveModel

    Floats = NDArray[np.float64]

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


def give_reasons(model: AdditiveModel, matrix: Floats, contributions: Floats) -> list[str]:
    """Return the largest contributions of each case, of both signs, as sentences.

    Parameters
    ----------
    model : AdditiveModel
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
    features = [FEATURES[name] for name in model.features]
    whole = model.unit == "points"
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


def find_missing(model: AdditiveModel, matrix: Floats, score: Floats) -> Missing:
    """Find, for each case, the unknown flags whose answer could move the score most.

    Parameters
    ----------
    model : AdditiveModel
        The model.
    matrix : array of float, shape (n_cases, n_terms)
        Features; a flag is unknown where it is 0.
    score : array of float, shape (n_cases,)
        Scores.
    """
    answers = model.answers()
    unknown_levels = np.array(
        [term.contribute(np.zeros(1))[0] if FEATURES[term.feature].is_flag else 0.0 for term in model.terms]
    )
    change = answers - unknown_levels[:, None]
    span = np.nan_to_num(np.abs(change).max(axis=1), nan=0.0)
    swing = np.where(matrix == 0.0, span, 0.0)
    order = np.argsort(-swing, axis=1, kind="stable")[:, :MOST_MISSING]
    feature = np.where(np.take_along_axis(swing, order, axis=1) > 0, order, -1)
    moves = change[order]
    return Missing(feature, score[:, None] + moves[:, :, 0], score[:, None] + moves[:, :, 1])


def tell_missing(
    model: AdditiveModel, missing: Missing, ranks: Callable[[Floats], NDArray[np.int64]] | None
) -> list[str]:
    """Return what is missing as sentences.

    Parameters
    ----------
    model : AdditiveModel
        The model.
    missing : Missing
        For the cases to tell of.
    ranks : callable, optional
        Scores -> the ranks they would take; without it no rank is told.
    """
    asks = [FEATURES[name].asks for name in model.features]
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
