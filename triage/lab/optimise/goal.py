"""A goal: which share of the children shall be reached, within how many days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.runs.intervals import mean_figure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Goal:
    """What a staff shall reach.

    Parameters
    ----------
    share : float
        Share of the children of whose ongoing abuse a report came that are to be reached, of those reported
        early enough to be watched for `days`.
    days : float
        Within so many days of the first report.
    confidence : float
        How sure that has to be: the lower end of the one-sided interval of this level, of the mean over seeds
        (`triage.lab.runs.intervals.mean_figure`), must not be below `share`.

    Raises
    ------
    InputRefusedError
        A number is out of range.

    Examples
    --------
    >>> print(Goal(0.5, 90))
    50 % of the children within 90 days of the first report, with 90 % confidence
    """

    share: float
    days: float
    confidence: float = 0.9

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("share", self.share, 0.0, 1.0),
            ("days", self.days, 0.0, np.inf),
            ("confidence", self.confidence, 0.5, 1.0),
        ):
            if not low < value < high:
                raise InputRefusedError(
                    f"{value:g}", where=f"goal, {name}", expected=f"a number between {low:g} and {high:g}"
                )

    def sure_of(self, shares: Floats) -> float:
        """Return the share that is reached with the confidence asked for, on average over streams.

        Parameters
        ----------
        shares : array of shape (seeds,)
            Share reached in each.

        Raises
        ------
        InputRefusedError
            There are fewer than two seeds, or one in which no child could be watched for so long.
        """
        if len(shares) < 2 or not np.isfinite(shares).all():
            raise InputRefusedError(
                f"{int(np.isfinite(shares).sum())} seeds with a share, of {len(shares)}",
                where="goal",
                expected="at least two seeds, and children in each that could be watched for "
                f"{self.days:g} days",
                mend="take more seeds, more cases, or a longer period",
            )
        return mean_figure(shares, "share", confidence=2 * self.confidence - 1).low

    def met_by(self, shares: Floats) -> bool:
        """Say whether the shares of several seeds meet the goal."""
        return self.sure_of(shares) >= self.share

    def __str__(self) -> str:
        """Return the goal as text."""
        return (
            f"{100 * self.share:g} % of the children within {self.days:g} days of the first report, "
            f"with {100 * self.confidence:g} % confidence"
        )
