"""Draw the weights of a sum again and again, and count who gets one of the first places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from triage.features.catalogue import find_feature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from triage.scoring.expert import Spread
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_BLOCK = 4_000_000


def draw_weights(
    spreads: Sequence[Spread], signs: Sequence[int], draws: int, rng: np.random.Generator
) -> Floats:
    """Draw weights from normal distributions that are cut off at 0.

    Parameters
    ----------
    spreads : sequence of Spread
        One per feature.
    signs : sequence of int
        The direction of the catalogue: decides the side where the mean is 0; without one, both are kept.
    draws : int
        How often.
    rng : numpy.random.Generator
        Where chance comes from.

    Returns
    -------
    array of float, shape (draws, n_features)
        In units of the log odds.

    Examples
    --------
    >>> from triage.scoring.expert import Spread
    >>> weights = draw_weights([Spread(1.6, 0.5, 1.0)], [1], 10_000, np.random.default_rng(0))
    >>> bool((weights > 0).all()), round(float(weights.mean()), 1)
    (True, 1.6)
    """
    mean = np.array([spread.mean for spread in spreads])
    sd = np.array([spread.sd for spread in spreads])
    side = np.where(mean == 0, np.array(signs, dtype=np.float64), np.sign(mean))
    # On the side where it must be, the weight is above 0; its mirror image below.
    above = np.where(side == 0, 0.0, ndtr(-np.abs(mean) / sd))
    chance = above + (1.0 - above) * (1.0 - rng.random((draws, len(mean))))
    drawn = np.abs(mean) + sd * ndtri(np.clip(chance, 1e-16, 1.0 - 1e-16))
    return np.asarray(np.where(side == 0, 1.0, side) * np.where(side == 0, drawn, np.fmax(drawn, 0.0)))


@dataclass(frozen=True)
class Weighted:
    """Scores as a sum of weights that are drawn: ``fixed + parts @ weights``.

    Parameters
    ----------
    fixed : array of float, shape (n_cases,)
        What no weight changes.
    parts : array of float, shape (n_cases, n_weights)
        What each weight is multiplied with.
    """

    fixed: Floats
    parts: Floats

    @classmethod
    def of(cls, model: Model, matrix: Floats, spreads: Mapping[str, Spread]) -> Weighted:
        """Take the scores of a model apart; at the mean of every weight they are those of the model."""
        contributions = model.contributions(matrix)
        fixed = np.full(len(matrix), model.intercept)
        parts = np.zeros((len(matrix), len(spreads)))
        places = {name: place for place, name in enumerate(spreads)}
        for column, name in enumerate(model.features):
            if name not in places:
                fixed += contributions[:, column]
            elif spreads[name].mean:
                parts[:, places[name]] = contributions[:, column] / spreads[name].mean
            elif find_feature(name).is_flag:
                parts[:, places[name]] = matrix[:, column] * spreads[name].scale
        return cls(fixed, parts)


@dataclass(frozen=True)
class Draws:
    """What happened over the draws.

    Parameters
    ----------
    stays : array of float, shape (n_cases,)
        Share of the draws in which each case is among the first.
    overlap : array of float, shape (n_draws,)
        Share of the first places that keep their case.
    """

    stays: Floats
    overlap: Floats


def count_stays(weighted: Weighted, first: Mask, seniority: Ints, weights: Floats) -> Draws:
    """Give the first places anew with each draw of the weights, and count who gets one.

    Parameters
    ----------
    weighted : Weighted
        The scores of the cases that compete.
    first : array of bool, shape (n_cases,)
        Who has a place now; as many are given in each draw.
    seniority : array of int, shape (n_cases,)
        Who goes first among equal scores.
    weights : array of float, shape (n_draws, n_weights)
        As drawn.

    Returns
    -------
    Draws

    Notes
    -----
    Cases with the same parts have the same score in every draw, so only distinct ones are scored, and of
    those that share the last places the most senior get them.
    """
    places, n = int(first.sum()), len(first)
    if not 0 < places < n:
        return Draws(np.full(n, float(places > 0)), np.ones(len(weights)))
    group, representative = _group_rows(np.column_stack([weighted.fixed, weighted.parts]))
    n_groups = len(representative)
    by_group = np.lexsort((seniority, group))
    size = np.bincount(group, minlength=n_groups)
    held = np.bincount(group[first], minlength=n_groups)
    start = np.concatenate([[0], np.cumsum(size)])
    fixed, parts = weighted.fixed[representative], weighted.parts[representative]
    whole, partly = np.zeros(n_groups), np.zeros(n + 1)
    kept = np.zeros(len(weights))
    for row, score in enumerate(_score_draws(fixed, parts, weights)):
        order = _best(score, places)
        filled = np.cumsum(size[order])
        last = int(np.searchsorted(filled, places))
        inside, edge = order[:last], int(order[last])
        left = places - (int(filled[last - 1]) if last else 0)
        whole[inside] += 1
        partly[start[edge]] += 1
        partly[start[edge] + left] -= 1
        kept[row] = held[inside].sum() + min(left, held[edge])
    stays = np.empty(n)
    stays[by_group] = whole[group[by_group]] + np.cumsum(partly[:-1])
    return Draws(stays / len(weights), kept / places)


def _group_rows(rows: Floats) -> tuple[Ints, Ints]:
    """Return the number of the distinct row that each row is, and the first case of each."""
    # Zero has two signs, and their bytes differ.
    plain = np.ascontiguousarray(rows + 0.0)
    keys = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
    _, representative, group = np.unique(keys, return_index=True, return_inverse=True)
    return group.ravel(), representative


def _score_draws(fixed: Floats, parts: Floats, weights: Floats) -> Iterator[Floats]:
    block = max(1, _BLOCK // max(len(fixed), 1))
    for begin in range(0, len(weights), block):
        yield from weights[begin : begin + block] @ parts.T + fixed


def _best(score: Floats, places: int) -> Ints:
    """Return the best groups in order, at least as many as can fill the places."""
    if len(score) > 4 * places:
        best = np.sort(np.argpartition(-score, places)[:places])
        return best[np.argsort(-score[best], kind="stable")]
    return np.argsort(-score, kind="stable")
