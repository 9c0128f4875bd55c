"""Why a case stands where it stands, in sentences made of the terms of its score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import find_feature
from triage.features.of_sums import COUNTED
from triage.features.telling import tell, tell_facts
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
SMALLEST_SHOWN = 0.005  # less than this would be shown as nothing
_POINTS = re.compile(r" \(([+-])\d+(?:\.\d+)?\)$")


def give_reasons(model: Model, matrix: Floats, contributions: Floats, view: View | None = None) -> list[str]:
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
    list of str, length n_cases
        At most five sentences each, the contribution behind each.
    """
    names = model.features
    joined = join_alike(names, matrix, contributions)
    order = np.argsort(-np.abs(joined), axis=1, kind="stable")[:, :MOST_REASONS]
    points = np.take_along_axis(joined, order, axis=1)
    shown = np.abs(points) >= SMALLEST_SHOWN
    values = np.take_along_axis(matrix, order, axis=1)
    facts = _tell_shown(names, order, shown, view)
    whole = model.unit in WHOLE
    # Most cases share their sentences: each is made once.
    made: dict[tuple[int, float, float, str], str] = {}
    sentences = []
    columns = (order.tolist(), points.tolist(), values.tolist(), facts.tolist(), shown.tolist())
    for terms, some, numbers, told, visible in zip(*columns, strict=True):
        said: list[str] = []
        for key in zip(terms, some, numbers, told, strict=True):
            if not visible[len(said)]:
                # The largest stand first, so that nothing behind it is shown either.
                break
            if key not in made:
                term, point, number, fact = key
                made[key] = f"{tell(names[term], number, fact)} ({show_points(point, whole=whole)})"
            said.append(made[key])
        sentences.append(SEPARATOR.join(said))
    return sentences


def _tell_shown(names: list[str], order: Ints, shown: Mask, view: View | None) -> NDArray[np.object_]:
    """Return the facts of the reasons that are shown, shape (n_cases, n_reasons); of no others."""
    facts = np.full(order.shape, "", dtype=object)
    if view is None:
        return facts
    for column in np.unique(order[shown]).tolist():
        here = (order == column) & shown
        cases, place = np.nonzero(here)
        if names[column] in COUNTED:
            told = _tell_sum(names, column, order, shown, view)
        else:
            told = tell_facts(names[column], view, cases)
        facts[cases, place] = told
    return facts


def _tell_sum(names: list[str], column: int, order: Ints, shown: Mask, view: View) -> list[str]:
    """Name the signs that a sum counts, as far as no other reason that is shown tells of them."""
    cases = np.flatnonzero(((order == column) & shown).any(axis=1))
    others, visible = order[cases], shown[cases]
    told: dict[str, Mask] = {}
    for other in np.unique(others[visible]).tolist():
        beside = tells_beside(names[other], names[column])
        if beside:
            with_it = ((others == other) & visible).any(axis=1)
            told |= {flag: told.get(flag, False) | with_it for flag in beside}
    return tell_signs(names[column], view, cases, told)


def tell_signs(name: str, view: View, cases: Ints, told: Mapping[str, Mask] | None = None) -> list[str]:
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
    """
    told = told or {}
    flags = COUNTED[name]
    asserted = np.array([view.remember(flag, find_feature(flag).compute)[cases] > 0 for flag in flags])
    left = asserted & ~np.array([np.broadcast_to(told.get(flag, False), len(cases)) for flag in flags])
    partly = (asserted & ~left).any(axis=0).tolist()
    signs = [find_feature(flag).asserted for flag in flags]
    made: dict[tuple[bytes, bool], str] = {}
    texts = []
    for row, part in zip(np.ascontiguousarray(left.T), partly, strict=True):
        key = row.tobytes(), part
        if key not in made:
            named = join_words([sign for sign, named in zip(signs, row.tolist(), strict=True) if named])
            made[key] = f"{'among them' if part else 'namely'} {named}" if named else ""
        texts.append(made[key])
    return texts


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
