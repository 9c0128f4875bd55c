"""What arrays an evaluation takes, and how it refuses the others."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

FloatArray = NDArray[np.float64]
NumberArray = NDArray[Any]
LEAST_WEIGHT = 1e-100


@dataclass(frozen=True, eq=False)
class Cases:
    """Checked columns of the cases that count: those with a weight above 0.

    Parameters
    ----------
    outcome : array of shape (cases,)
        0 or 1.
    weight : array of shape (cases,)
        All 1 where none were given.
    score, probability : array of shape (cases,) or None
        Where they were given.
    weighted : bool
        Whether weights were given.
    """

    outcome: FloatArray
    weight: FloatArray
    score: NumberArray | None
    probability: FloatArray | None
    weighted: bool


def check_cases(
    outcome: ArrayLike,
    *,
    score: ArrayLike | None = None,
    probability: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Cases:
    """Check all columns and leave out rows of weight 0, which are as if they were not there.

    Raises
    ------
    InputRefusedError
        A column is refused by its own check, or they differ in length.
    """
    y, w = check_outcome(outcome), check_weight(weight)
    s = None if score is None else check_score(score)
    p = None if probability is None else check_probability(probability)
    check_lengths({"outcome": y, "score": s, "probability": p, "weight": w})
    if w is None:
        return Cases(y, np.ones(len(y)), s, p, weighted=False)
    kept = w > 0
    s = None if s is None else s[kept]
    p = None if p is None else p[kept]
    return Cases(y[kept], w[kept], s, p, weighted=True)


def check_outcome(outcome: ArrayLike, *, missing: bool = False) -> FloatArray:
    """Return outcomes as 0.0 and 1.0, and NaN where they are missing.

    Parameters
    ----------
    outcome : array of shape (cases,)
        0, 1, false or true; with `missing`, also NaN or None.
    missing : bool
        Whether missing outcomes are let through.

    Raises
    ------
    InputRefusedError
        Anything else, with how often and where first.

    Examples
    --------
    >>> check_outcome([True, False, None], missing=True)
    array([ 1.,  0., nan])
    """
    expected = "0 or 1 (or false and true)" + (", empty where unknown" if missing else "")
    values = _to_floats(outcome, "outcome", expected)
    unknown = np.isnan(values)
    wrong = ~((values == 0) | (values == 1) | (unknown & missing))
    _refuse_rows(wrong, values, "outcome", expected, "code the outcome, or leave those cases out")
    return values


def check_score(score: ArrayLike, name: str = "score") -> NumberArray:
    """Return scores as an array of numbers in which nothing is NaN; whole numbers stay whole.

    Infinite scores have a place in an order and are let through.

    Raises
    ------
    InputRefusedError
        Scores that are no numbers or NaN, with how often and where first.
    """
    array = np.asarray(score)
    if array.dtype.kind in "iu" and array.ndim == 1 and not np.ma.isMaskedArray(score):
        return array
    values = _to_floats(score, name, "a number a case")
    _refuse_rows(np.isnan(values), values, name, "a number a case", "score those cases, or leave them out")
    return values


def check_probability(probability: ArrayLike, name: str = "probability") -> FloatArray:
    """Return probabilities as floats between 0 and 1, both included.

    Raises
    ------
    InputRefusedError
        Values that are no numbers, NaN, or outside, with how often and where first.
    """
    expected = "a number from 0 to 1 a case"
    values = _to_floats(probability, name, expected)
    wrong = ~((values >= 0) & (values <= 1))
    _refuse_rows(wrong, values, name, expected, "give a calibrated probability, or none at all")
    return values


def check_weight(weight: ArrayLike | None) -> FloatArray | None:
    """Return weights as floats that are finite, nowhere negative and not all zero; None stays None.

    Raises
    ------
    InputRefusedError
        Other weights, with how often and where first.
    """
    if weight is None:
        return None
    expected = f"0, or a number from {LEAST_WEIGHT:g} to {1 / LEAST_WEIGHT:g}, a case"
    values = _to_floats(weight, "weight", expected)
    # Their squares must be numbers too.
    wrong = ~((values == 0) | ((values >= LEAST_WEIGHT) & (values <= 1 / LEAST_WEIGHT)))
    _refuse_rows(wrong, values, "weight", expected, "give one over the inclusion probability, or no weights")
    if values.size and not values.any():
        raise InputRefusedError("all weights are 0", where="weight", expected="a weight above 0 somewhere")
    return values


def check_confidence(confidence: float) -> float:
    """Return the confidence level, strictly between 0 and 1.

    Raises
    ------
    InputRefusedError
        It is outside.
    """
    numeric = isinstance(confidence, Real)  # callers without types hand in anything
    if not numeric or not 0 < confidence < 1:
        raise InputRefusedError(
            f"{confidence!r}", where="confidence", expected="a number between 0 and 1, such as 0.95"
        )
    return float(confidence)


def check_lengths(columns: Mapping[str, NumberArray | None]) -> int:
    """Return the number of cases that all columns share; a column that is None does not count.

    Raises
    ------
    InputRefusedError
        The columns differ in length, or there are no cases.
    """
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise InputRefusedError(
            f"columns of different length: {listed}", expected="one value a case in each column"
        )
    rows = next(iter(lengths.values()))
    if rows == 0:
        raise InputRefusedError("no cases", where=next(iter(lengths)), expected="at least one case")
    return rows


def _to_floats(values: ArrayLike, name: str, expected: str) -> FloatArray:
    # A masked entry is unknown, whatever number lies under the mask.
    masked = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
    array = np.asarray(values)
    if masked is not None:
        array = np.where(masked, np.nan, array.astype(np.float64))
    if array.ndim != 1:
        raise InputRefusedError(f"an array of shape {array.shape}", where=name, expected="one dimension")
    if array.size == 0:
        return np.empty(0)
    if array.dtype.kind == "O":
        return _objects_to_floats(array, name, expected)
    if array.dtype.kind not in "biuf":
        raise InputRefusedError(f"{array.dtype} values such as {array[0]!r}", where=name, expected=expected)
    return array.astype(np.float64)


def _objects_to_floats(array: NumberArray, name: str, expected: str) -> FloatArray:
    # Columns that may be empty reach here as objects: numbers among None or a library's own missing value.
    missing = np.array([value is None or type(value).__name__ in {"NAType", "NaTType"} for value in array])
    number = np.array([isinstance(value, Real | np.bool_) for value in array])
    wrong = ~(missing | number)
    if wrong.any():
        _refuse_rows(wrong, array, name, expected, "")
    floats = np.full(len(array), np.nan)
    floats[number] = array[number].astype(np.float64)
    return floats


def _refuse_rows(wrong: NDArray[np.bool_], values: NumberArray, name: str, expected: str, mend: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count == 0:
        return
    first = int(np.argmax(wrong))
    shown = values[first].item() if isinstance(values[first], np.generic) else values[first]
    times = "once" if count == 1 else f"{count:,} times, there first"
    raise InputRefusedError(
        f"found {shown!r} ({times})", where=f"{name}, row {first + 1}", expected=expected, mend=mend
    )
