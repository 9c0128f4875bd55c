"""Terms that state the same fact: told once, with what they add together.

A model may hold a flag, a count of it and three sums in which it is counted. To a person that is one fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import find_feature
from triage.features.of_sums import COUNTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# Features made of the same rows; the sentence of the first that is known tells what the others would.
ALIKE = (
    ("person_reported", "persons_reported"),
    ("reported_age", "reported_minor"),
    ("minor_counterpart", "minor_threads"),
    ("child_mentioned", "own_child_mentioned", "others_child_mentioned", "mentioned_child_age"),
    ("severest_class", "no_severity"),
    ("unknown_material", "share_unknown"),
    ("viral", "share_viral"),
    ("artificial", "share_artificial"),
    ("payments", "small_payments", "days_between_payments"),
    ("hidden_address", "mobile_address"),
)
_GROUP = {name: group for group in ALIKE for name in group}
_WIDEST_FIRST = sorted(COUNTED, key=lambda name: -len(COUNTED[name]))


def tells_of(feature: str) -> frozenset[str]:
    """Return the features of which the sentence of one tells too.

    Examples
    --------
    >>> sorted(tells_of("viral")), sorted(tells_of("sextortion"))
    (['share_viral', 'viral'], ['sextortion'])
    """
    return frozenset(_GROUP.get(feature, (feature,)))


def join_alike(names: list[str], matrix: Floats, contributions: Floats) -> Floats:
    """Add up, in the column whose sentence is told, the contributions of terms that state the same fact.

    Three kinds are joined: features made of the same rows (`ALIKE`); a sum of signs that counts the very
    signs of a narrower one, or none as a wider one does; and a sum of a single sign with the sign itself.

    Parameters
    ----------
    names : list of str, length n_terms
        Features of the model.
    matrix, contributions : array of float, shape (n_cases, n_terms)
        Features, and what each adds.

    Returns
    -------
    array of float, shape (n_cases, n_terms)
        Rows sum to what they summed to before, up to the rounding of the additions.

    Examples
    --------
    >>> names = ["sextortion", "contact_signs", "child_signs"]
    >>> join_alike(names, np.array([[1.0, 1.0, 2.0]]), np.array([[4.0, 2.0, 1.0]]))
    array([[6., 0., 1.]])
    """
    column = {name: index for index, name in enumerate(names)}
    joined, every = contributions.copy(order="K"), np.arange(len(matrix))
    told_in: dict[str, Ints | int] = dict(column)
    for group in ALIKE:
        present = [column[name] for name in group if name in column]
        if len(present) > 1:
            teller = _choose_teller(names, matrix, present)
            together = joined[:, present].sum(axis=1)
            joined[:, present] = 0.0
            joined[every, teller] = together
            told_in.update(dict.fromkeys((names[index] for index in present), teller))
    for name in _WIDEST_FIRST:
        if name in column:
            _join_sum(name, column, matrix, joined, told_in)
    return joined


def _choose_teller(names: list[str], matrix: Floats, present: list[int]) -> Ints:
    """Return the first column that says something, else the first."""
    values = matrix[:, present]
    # A count of nothing says less than that it is not known; a share of nothing is known.
    share = np.array([find_feature(names[index]).unit == "percent" for index in present])
    telling = ~np.isnan(values) & ((values != 0.0) | share)
    columns: Ints = np.array(present, dtype=np.int64)
    return np.asarray(columns[telling.argmax(axis=1)])


def _join_sum(
    name: str, column: dict[str, int], matrix: Floats, joined: Floats, told_in: dict[str, Ints | int]
) -> None:
    """Hand on what a sum adds to the narrowest term that states the same, in place."""
    here, counts = column[name], matrix[:, column[name]]
    left = np.ones(len(matrix), dtype=bool)

    def hand_on(cases: Mask, to: Ints | int) -> None:
        rows = np.flatnonzero(cases & left)
        joined[rows, to if isinstance(to, int) else to[rows]] += joined[rows, here]
        joined[rows, here] = 0.0
        left[rows] = False

    for flag in COUNTED[name]:
        if flag in column:
            hand_on((counts == 1.0) & (matrix[:, column[flag]] == 1.0), told_in[flag])
    for other in reversed(_WIDEST_FIRST):
        if other in column and set(COUNTED[other]) < set(COUNTED[name]):
            hand_on((counts == matrix[:, column[other]]) & (counts > 0.0), told_in[other])
    for other in _WIDEST_FIRST:
        if other in column and set(COUNTED[other]) > set(COUNTED[name]):
            hand_on((counts == 0.0) & (matrix[:, column[other]] == 0.0), told_in[other])


def tells_beside(other: str, name: str) -> frozenset[str]:
    """Return the signs of a sum of which another sentence tells too; a narrower sum names its own.

    Examples
    --------
    >>> sorted(tells_beside("own_child_mentioned", "access_signs"))
    ['child_mentioned', 'others_child_mentioned']
    >>> (
    ...     sorted(tells_beside("payment_signs", "signs_against")),
    ...     len(tells_beside("payment_signs", "all_signs")),
    ... )
    ([], 4)
    """
    if other not in COUNTED:
        return tells_of(other) & set(COUNTED[name])
    return frozenset(COUNTED[other]) if set(COUNTED[other]) < set(COUNTED[name]) else frozenset()
