"""A whole list of cases of which some were chosen and have an outcome, and the first k of that list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.inputs import FloatArray, check_lengths, check_outcome, check_score
from triage.evaluation.order.capacity import cases_at
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from triage.evaluation.inputs import NumberArray

Target = Literal["population", "list"]
LEAST_EFFECTIVE = 10.0
NO_LOTTERY = "no logged lottery"


@dataclass(frozen=True, eq=False)
class Ranks:
    """Cases by rising score, and where groups of equal scores begin.

    Parameters
    ----------
    order : array of int, shape (cases,)
        Cases by rising score.
    starts, size : array of int, shape (groups,)
        First place and number of cases of each group.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    size: NDArray[np.int64]

    @classmethod
    def of(cls, score: NumberArray) -> Ranks:
        """Sort scores."""
        order = np.argsort(score)
        ranked = score[order]
        starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
        return cls(order, starts, np.diff(np.append(starts, len(ranked))))

    def shares(self) -> FloatArray:
        """Return the middle rank of each case as a share of the list, the same for equal scores."""
        share = np.empty(len(self.order))
        share[self.order] = np.repeat((self.starts + self.size / 2) / len(self.order), self.size)
        return share


@dataclass(frozen=True, eq=False)
class SelectedCases:
    """All cases of a list, and the outcomes of those that have one.

    Parameters
    ----------
    score : array of shape (cases,)
        Higher is opened earlier.
    inclusion : array of shape (cases,)
        Probability with which a case came to have an outcome; NaN where unknown.
    labelled : array of int, shape (labelled,)
        Which cases have an outcome.
    outcome, weight : array of shape (labelled,)
        0 or 1, and one over the inclusion probability (NaN where unknown).
    stratum : array of int, shape (cases,), or None
        Codes from 0 on.
    """

    score: NumberArray
    inclusion: FloatArray
    labelled: NDArray[np.int64]
    outcome: FloatArray
    weight: FloatArray
    stratum: NDArray[np.int64] | None

    def __len__(self) -> int:
        """Return the number of cases on the list."""
        return len(self.score)

    @cached_property
    def ranks(self) -> Ranks:
        """The order of the list."""
        return Ranks.of(self.score)


@dataclass(frozen=True, eq=False)
class Side:
    """Some cases of a list: all, the first k, or those after them.

    Parameters
    ----------
    part : array of shape (cases,)
        The part of each case that belongs to it: 1 or 0, and between for cases tied at the cut, which are
        opened in random order.
    size : float
        The sum of the parts.
    name : str
        In words, for messages.
    """

    part: FloatArray
    size: float
    name: str


@dataclass(frozen=True, eq=False)
class Split:
    """A list cut at a capacity.

    Parameters
    ----------
    opened, rest : Side
        The first k cases, and those after them.
    tied_at_cut : int
        Cases that share the score at which the cut falls; 0 where it falls between two scores.
    """

    opened: Side
    rest: Side
    tied_at_cut: int


def check_selected(
    outcome: ArrayLike,
    score: ArrayLike,
    inclusion: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
) -> SelectedCases:
    """Check the columns of a list of cases of which some have an outcome.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN or None without outcome.
    score : array of shape (cases,)
        Of all cases.
    inclusion : array of shape (cases,), optional
        Probability with which the case came to have an outcome, NaN where unknown. It may be NaN for cases
        without outcome; those then count as cases that could have had one.
    stratum : array of shape (cases,), optional
        Any labels.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, or a case has an outcome although its
        inclusion probability is 0.

    Examples
    --------
    >>> cases = check_selected([1, None, 0], [0.9, 0.5, 0.1], [0.5, 0.25, 0.25])
    >>> cases.labelled, cases.weight
    (array([0, 2]), array([2., 4.]))
    """
    y, s = check_outcome(outcome, missing=True), check_score(score)
    p = check_inclusion(inclusion, len(y))
    codes = None if stratum is None else encode(stratum, "stratum")
    check_lengths({"outcome": y, "score": s, "inclusion": p, "stratum": codes})
    labelled = np.flatnonzero(~np.isnan(y))
    impossible = p[labelled] == 0
    if impossible.any():
        first = int(labelled[impossible][0])
        raise InputRefusedError(
            f"{int(impossible.sum()):,} cases with an outcome and an inclusion probability of 0",
            where=f"inclusion, row {first + 1}",
            expected="a probability above 0, or NaN where it was not logged",
            mend="check how the lottery was logged",
        )
    return SelectedCases(s, p, labelled, y[labelled], 1 / p[labelled], codes)


def check_inclusion(inclusion: ArrayLike | None, cases: int) -> FloatArray:
    """Return inclusion probabilities as floats from 0 to 1, NaN where unknown.

    Raises
    ------
    InputRefusedError
        Values outside, with how often and where first.
    """
    if inclusion is None:
        return np.full(cases, np.nan)
    values = check_score_or_missing(inclusion, "inclusion")
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        raise InputRefusedError(
            f"found {values[wrong][0]!r} ({int(wrong.sum()):,} times, there first)",
            where=f"inclusion, row {int(np.argmax(wrong)) + 1}",
            expected="a probability from 0 to 1, NaN where it was not logged",
        )
    return values


def check_score_or_missing(values: ArrayLike, name: str) -> FloatArray:
    """Return a column of numbers as floats, NaN where missing.

    Raises
    ------
    InputRefusedError
        The column holds something else than numbers.
    """
    array = np.asarray(values)
    if array.ndim == 1 and array.dtype.kind == "O":
        known = ~_absent(array)
        floats = np.full(len(array), np.nan)
        floats[known] = check_score(array[known], name)
        return floats
    if array.ndim == 1 and array.dtype.kind == "f":
        return array.astype(np.float64)
    return check_score(array, name).astype(np.float64)


def encode(labels: ArrayLike, name: str) -> NDArray[np.int64]:
    """Return labels as whole numbers from 0 on, in the order of the labels.

    Raises
    ------
    InputRefusedError
        Labels that are missing or do not make one column.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise InputRefusedError(f"an array of shape {array.shape}", where=name, expected="one dimension")
    missing = np.isnan(array) if array.dtype.kind == "f" else np.zeros(len(array), dtype=bool)
    if array.dtype.kind == "O":
        missing, array = _absent(array), array.astype(str)
    if np.any(missing):
        raise InputRefusedError(
            f"{int(np.sum(missing)):,} cases without a {name}",
            where=f"{name}, row {int(np.argmax(missing)) + 1}",
            expected="a label a case",
            mend=f"give those cases a {name} of their own",
        )
    return np.asarray(np.unique(array, return_inverse=True)[1], dtype=np.int64)


def _absent(array: NumberArray) -> NDArray[np.bool_]:
    return np.array(
        [
            value is None or type(value).__name__ in {"NAType", "NaTType"} or value != value  # noqa: PLR0124 - NaN
            for value in array
        ],
        dtype=bool,
    )


def split_list(cases: SelectedCases, capacities: tuple[float, ...]) -> list[Split]:
    """Cut the whole list, labelled or not, at each capacity."""
    ranks, n = cases.ranks, len(cases)
    splits = []
    for capacity in capacities:
        k = cases_at(capacity, n)
        # The group that holds the last place opened, counted from below.
        group = int(np.searchsorted(ranks.starts, n - k, side="right")) - 1
        start, size = int(ranks.starts[group]), int(ranks.size[group])
        part = np.zeros(n)
        part[ranks.order[start + size :]] = 1.0
        room = k - (n - start - size)
        part[ranks.order[start : start + size]] = room / size
        splits.append(
            Split(
                Side(part, float(k), "among the cases opened first"),
                Side(1 - part, float(n - k), "among the cases after the cut"),
                size if room < size else 0,
            )
        )
    return splits


def whole_list(cases: SelectedCases) -> Side:
    """Return all cases as one side."""
    return Side(np.ones(len(cases)), float(len(cases)), "among all cases")


def labelled_rows(cases: SelectedCases, side: Side) -> int:
    """Return how many cases of a side have an outcome; tied ones count whole."""
    return int(np.count_nonzero(side.part[cases.labelled]))


def why_not_weighted(cases: SelectedCases, side: Side, least: float) -> str:
    """Say why weights cannot make the labelled cases of a side stand for all of it; empty where they can."""
    part = side.part[cases.labelled]
    seen = part > 0
    if not seen.any():
        return f"no case with an outcome {side.name}"
    part, weight = part[seen], cases.weight[seen]
    unknown = int(np.count_nonzero(np.isnan(weight)))
    if unknown:
        lacking = f"the inclusion probability of {unknown:,} cases with an outcome {side.name} is unknown"
        return f"{NO_LOTTERY}: {lacking}"
    never = int(np.count_nonzero((cases.inclusion == 0) & (side.part > 0)))
    if never:
        return f"{never:,} cases {side.name} had no chance to get an outcome (inclusion probability 0)"
    return too_few(kish_count(add_up(part, weight), add_up(part * weight, weight)), side.name, least)


def add_up(one: FloatArray, other: FloatArray) -> float:
    """Return the sum of the products of two columns.

    Pairwise, so that a million terms lose no digits, and without the threads of a matrix library, which cost
    more than they gain here.
    """
    return float((one * other).sum())


def too_few(effective: float, name: str, least: float) -> str:
    """Say that an effective count is below the least that is asked for; empty where it is not."""
    # Kish's count of equal weights is a whole number only up to rounding.
    if effective >= least * (1 - 1e-9):
        return ""
    return (
        f"the effective count of {effective:.3g} cases with an outcome {name} is below the least of {least:g}"
    )
