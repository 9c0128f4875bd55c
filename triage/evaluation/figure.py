"""A figure: one number with its interval, what it rests on and how it was made."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

NAN = float("nan")


@dataclass(frozen=True)
class Figure:
    """One number of an evaluation.

    Parameters
    ----------
    estimate : float
        The number; NaN where it is not estimable.
    low, high : float
        Ends of its interval; NaN where there is none.
    count : int
        How many cases it rests on: its denominator as a number of rows, never weighted.
    method : str
        How estimate and interval were made, or why there are none.
    denominator : str
        Of which cases it speaks.

    Examples
    --------
    >>> print(Figure(0.25, 0.0895, 0.5323, 12, "Wilson 95 %", "all cases"))
    0.2500 [0.0895, 0.5323] (12 of all cases; Wilson 95 %)
    >>> print(Figure.not_estimable("no case with current abuse", 0, "all cases"))
    not estimable (0 of all cases; no case with current abuse)
    """

    estimate: float
    low: float
    high: float
    count: int
    method: str
    denominator: str

    @classmethod
    def not_estimable(cls, reason: str, count: int, denominator: str) -> Figure:
        """Return a figure without a number, and why."""
        return cls(NAN, NAN, NAN, count, f"not estimable: {reason}", denominator)

    @property
    def estimable(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.estimate)

    def times(self, factor: float) -> Figure:
        """Return the figure and its interval in another unit, `factor` times as large."""
        return Figure(
            self.estimate * factor,
            self.low * factor,
            self.high * factor,
            self.count,
            self.method,
            self.denominator,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def brief(self, digits: int = 4) -> str:
        """Return the number and its interval alone, with `digits` decimals."""
        if not self.estimable:
            return "not estimable"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.estimate:.{digits}f} [no interval]"
        return f"{self.estimate:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    def __str__(self) -> str:
        """Return the figure as one line."""
        method = self.method.removeprefix("not estimable: ")
        return f"{self.brief()} ({self.count:,} of {self.denominator}; {method})"


@dataclass(frozen=True)
class HypothesisTest:
    """A test of one hypothesis.

    Parameters
    ----------
    statistic : float
        The test statistic; NaN where the test cannot be made.
    p_value : float
        How often a statistic as extreme comes about when the hypothesis holds.
    count : int
        How many cases it rests on.
    method : str
        Which test of which hypothesis, and against which distribution, or why there is none.
    denominator : str
        Of which cases it speaks.
    freedom : float
        Degrees of freedom; NaN where the distribution has none.

    Examples
    --------
    >>> print(HypothesisTest(1.96, 0.05, 40, "z test that the slope is 1", "all cases"))
    statistic 1.960, p = 0.050 (40 of all cases; z test that the slope is 1)
    """

    statistic: float
    p_value: float
    count: int
    method: str
    denominator: str
    freedom: float = NAN

    @classmethod
    def not_possible(cls, reason: str, count: int, denominator: str) -> HypothesisTest:
        """Return a test without a result, and why."""
        return cls(NAN, NAN, count, f"not possible: {reason}", denominator)

    def as_dict(self) -> dict[str, Any]:
        """Return the test as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def brief(self) -> str:
        """Return statistic and p-value alone."""
        if math.isnan(self.p_value):
            return "not possible"
        small = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        freedom = "" if math.isnan(self.freedom) else f" on {self.freedom:.6g} degrees of freedom"
        tiny = 0 < abs(self.statistic) < 0.001
        statistic = f"{self.statistic:.2g}" if tiny else f"{self.statistic:.3f}"
        return f"statistic {statistic}{freedom}, {small}"

    def __str__(self) -> str:
        """Return the test as one line."""
        return (
            f"{self.brief()} ({self.count:,} of {self.denominator}; "
            f"{self.method.removeprefix('not possible: ')})"
        )


def format_count(number: float) -> str:
    """Return a number of cases as text: whole where it is whole, else with one decimal.

    Examples
    --------
    >>> format_count(12_345.0), format_count(0.25)
    ('12,345', '0.2')
    """
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def as_plain(value: Any) -> Any:
    """Return a value of dataclasses, arrays and numbers as what JSON can hold.

    Numbers that are not finite become None, dates and times ISO 8601 text; fields whose name starts with
    ``_`` are left out.

    Examples
    --------
    >>> as_plain({"a": np.array([1.5, np.nan]), "b": (np.int64(2), True)})
    {'a': [1.5, None], 'b': [2, True]}
    """
    if is_dataclass(value):
        return {
            field.name: as_plain(getattr(value, field.name))
            for field in fields(value)
            if not field.name.startswith("_")
        }
    if isinstance(value, dict):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return as_plain(value.tolist())
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
