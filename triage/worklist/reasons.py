"""Why a case stands where it stands, in sentences made of the terms of its score."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.features.catalogue import find_feature
from triage.features.of_sums import COUNTED
from triage.features.telling import tell_each, tell_facts
from triage.features.telling.texts import enumerate_texts, glue, join_texts, say_each
from triage.features.telling.words import join_words
from triage.worklist.missing import SEPARATOR
from triage.worklist.restating import join_alike, tells_beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.features.view import View
    from triage.scoring.model import Model

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

WHOLE = frozenset({"points", "level"})
MOST_REASONS = 5
_BLOCK = 2_048
_SURELY_NEAR = 0.499
SMALLEST_SHOWN = 0.005  # less than this would be shown as nothing
_POINTS = re.compile(r" \(([+-])\d+(?:\.\d+)?\)$")


def give_reasons(model: Model, matrix: Floats, contributions: Floats, view: View | None = None) -> pa.Array:
    """Return the largest contributions of each case, of both signs, as sentences with the facts in them.

    Terms that state the same fact are told once, with what they add together (`join_alike`).

    Parameters
    ----------
    model : Model
        The model.
    matrix : array of float, shape (n_cases, n_terms)
        Features.
    contributions : array of float, shape (n_cases, n_terms)
        Exact contributions.
    view : View, optional
        The part, for the facts; without it sentences tell values alone.

    Returns
    -------
    pyarrow.Array of string, shape (n_cases,)
        At most five sentences each, the contribution behind each.
    """
    names = model.features
    joined = join_alike(names, matrix, contributions)
    order = find_largest(joined, MOST_REASONS)
    # The largest stand first, so that nothing is shown behind what is not shown.
    shown = np.abs(np.take_along_axis(joined, order, axis=1)) >= SMALLEST_SHOWN
    cases, place = np.nonzero(shown)
    terms = order[cases, place]
    by_term = np.argsort(terms.astype(np.uint16), kind="stable")
    texts, whole = [], model.unit in WHOLE
    for rows in np.split(by_term, np.flatnonzero(np.diff(terms[by_term])) + 1):
        if len(rows):
            term, told = int(terms[rows[0]]), cases[rows]
            beside = names, order, shown
            facts = pa.repeat("", len(told)) if view is None else _tell_behind(term, told, view, *beside)
            said = tell_each(names[term], matrix[told, term], facts)
            points = _round_points(joined[told, term], whole=whole)
            points = say_each(partial(_put_points, whole=whole), points)
            texts.append(glue(said, points))
    back = np.empty(len(terms), dtype=np.int64)
    back[by_term] = np.arange(len(terms))
    return enumerate_texts(join_texts(texts).take(pa.array(back)), shown.sum(axis=1), SEPARATOR)


def _round_points(points: Floats, *, whole: bool) -> Floats:
    """Return contributions as they are shown, so that those that look alike are told once.

    What lies between two is left as it is: which of them it is nearer to only `show_points` can tell.
    """
    scale = 1.0 if whole else 100.0
    scaled = points * scale
    rounded = np.rint(scaled)
    return np.where(np.abs(scaled - rounded) < _SURELY_NEAR, rounded / scale, points)


def _put_points(points: float, *, whole: bool) -> str:
    return f" ({show_points(points, whole=whole)})"


def find_largest(values: Floats, most: int) -> Ints:
    """Return the columns of the largest absolute values of each row, the largest first; of equals the first.

    Examples
    --------
    >>> find_largest(np.array([[1.0, -3.0, 3.0, np.nan]]), 3).tolist()
    [[1, 2, 0]]
    """
    found = np.empty((len(values), min(most, values.shape[1])), dtype=np.int64)
    for start in range(0, len(values), _BLOCK):
        # Rows are searched one by one, so that each must be contiguous.
        size = -np.abs(values[start : start + _BLOCK], order="C")
        # What is no number is the least of all, and still more than what was found already.
        size[np.isnan(size)] = np.finfo(np.float64).max
        every = np.arange(len(size))
        for place in range(found.shape[1]):
            largest = size.argmin(axis=1)
            found[start : start + _BLOCK, place] = largest
            size[every, largest] = np.inf
    return found


def _tell_behind(  # noqa: PLR0917 - a step of `give_reasons`
    term: int, cases: Ints, view: View, names: list[str], order: Ints, shown: Mask
) -> pa.Array:
    """Return the facts behind a term of the cases that show it; `order` has all terms that they show."""
    if names[term] not in COUNTED:
        return tell_facts(names[term], view, cases)
    others, shown = order[cases], shown[cases]
    # Of the signs that a sum counts, those are named of which no other reason tells.
    told: dict[str, Mask] = {}
    for other in np.unique(others[shown]).tolist():
        beside = tells_beside(names[other], names[term])
        if beside:
            with_it = ((others == other) & shown).any(axis=1)
            told |= {flag: told.get(flag, False) | with_it for flag in beside}
    return tell_signs(names[term], view, cases, told)


def tell_signs(name: str, view: View, cases: Ints, told: Mapping[str, Mask] | None = None) -> pa.Array:
    """Name the signs that a sum counts.

    Parameters
    ----------
    name : str
        The sum.
    view : View
        The part.
    cases : array of int, shape (n_told,)
        Which cases to tell of.
    told : mapping of str to array of bool, shape (n_told,), optional
        Signs that are told elsewhere, and of which of the cases.

    Returns
    -------
    pyarrow.Array of string, shape (n_told,)
    """
    told = told or {}
    flags = COUNTED[name]
    asserted = np.array([view.remember(flag, find_feature(flag).compute)[cases] > 0 for flag in flags])
    left = asserted & ~np.array([np.broadcast_to(told.get(flag, False), len(cases)) for flag in flags])
    signs = [find_feature(flag).asserted for flag in flags]

    def name_signs(partly: bool, *named: bool) -> str:
        words = join_words([sign for sign, here in zip(signs, named, strict=True) if here])
        return f"{'among them' if partly else 'namely'} {words}" if words else ""

    return say_each(name_signs, (asserted & ~left).any(axis=0), *left)


def show_points(points: float, *, whole: bool) -> str:
    """Return a contribution with its sign.

    Examples
    --------
    >>> show_points(5.0, whole=True), show_points(-0.314, whole=False)
    ('+5', '-0.31')
    """
    return f"{points:+.0f}" if whole else f"{points:+.2f}"


def without_points(reasons: str) -> str:
    """Return reasons without how much each adds, in an order that says nothing of it: that of their letters.

    The sign stays: what speaks for somebody must not be read as speaking against them.

    Examples
    --------
    >>> without_points("works with children (+4); lives alone (-1)")
    'lives alone (-); works with children (+)'
    """
    return SEPARATOR.join(sorted(_POINTS.sub(r" (\1)", reason) for reason in reasons.split(SEPARATOR)))
