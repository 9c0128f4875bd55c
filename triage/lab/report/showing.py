"""How the numbers of the lab stand in a report: units, digits, and what is said where there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from triage.lab.runs.intervals import SHARES

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.lab.measures import Measure

NEVER = "not within the period"
NONE = "not estimable"


def show_number(value: float, unit: str) -> str:
    """Return a number in its unit.

    Examples
    --------
    >>> show_number(0.0731, "share"), show_number(61.25, "children"), show_number(12_345.6, "hours")
    ('7.3 %', '61.2', '12,346')
    >>> show_number(float("inf"), "days")
    'not within the period'
    """
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return NEVER
    if unit in SHARES:
        return f"{100 * value:.{1 if abs(value) >= 0.01 else 2}f} %"
    return f"{value:,.{0 if abs(value) >= 100 else 1}f}"


def show_interval(figure: Figure, unit: str) -> str:
    """Return the interval of a figure, or nothing where there is none.

    Examples
    --------
    >>> from triage.evaluation.figure import Figure
    >>> show_interval(Figure(61.25, 55.1, 67.4, 10, "t 95 %", "10 runs"), "children")
    '55.1 to 67.4'
    """
    if math.isnan(figure.low) or math.isnan(figure.high):
        return ""
    return f"{show_number(figure.low, unit)} to {show_number(figure.high, unit)}"


def show_value(figure: Figure, unit: str) -> str:
    """Return the number of a figure; that it did not come about, where that is why there is none."""
    if not figure.estimable and "did not come about" in figure.method:
        return NEVER
    return show_number(figure.estimate, unit)


def show_figure(figure: Figure, unit: str) -> str:
    """Return a figure with its interval on one line."""
    interval = show_interval(figure, unit)
    number = show_value(figure, unit)
    return f"{number} [{interval.replace(' %', '')}]" if interval else number


def show_difference(figure: Figure, measure: Measure) -> str:
    """Return a difference in words: how many more or fewer.

    Examples
    --------
    >>> from triage.evaluation.figure import Figure
    >>> from triage.lab.measures import MEASURES
    >>> show_difference(Figure(-12.0, -20.0, -4.0, 10, "t", "10 runs"), MEASURES["persons_intruded"])
    '12.0 [4.0 to 20.0] fewer'
    """
    if not figure.estimable:
        return NONE
    size = figure if figure.estimate >= 0 else figure.times(-1)
    low, high = sorted((size.low, size.high))
    points = measure.unit in SHARES
    ends = f"{_points(low, measure.unit)} to {_points(high, measure.unit)}"
    text = f"{_points(size.estimate, measure.unit)} [{ends}]"
    if points:
        text += " percentage points"
    return f"{text} {_which(figure.estimate, measure.unit)}"


def _points(value: float, unit: str) -> str:
    return show_number(value, unit).removesuffix(" %")


def _which(value: float, unit: str) -> str:
    if unit in SHARES:
        return "more" if value >= 0 else "less"
    return "more" if value >= 0 else "fewer"
