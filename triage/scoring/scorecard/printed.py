"""A scorecard as it is read and used: statements, points, and the scale on which they are log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.scorecard.cuts import UP

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from triage.scoring.scorecard.cuts import Cuts

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Statements with points.

    Parameters
    ----------
    cuts : Cuts
        The statements.
    points : array of int, shape (n_statements,)
        None is 0.
    intercept : float
        In points.
    multiplier : float
        Points per unit of the log-odds.
    loss : float
        Mean logistic loss, in nats, on the cases it was learned from.
    names : tuple of str
        Of the columns of the table.

    Examples
    --------
    >>> from triage.scoring.scorecard.cuts import Cuts
    >>> card = Scorecard(
    ...     Cuts((0, 1, 1), (0.5, 3.0, 10.0), (1, 1, 1)),
    ...     np.array([4, 1, 2]),
    ...     -7.0,
    ...     1.5,
    ...     0.1,
    ...     ("flag", "days"),
    ... )
    >>> print(card)
    flag >= 0.5   +4
    days >= 3     +1
    days >= 10    +2
    log-odds = (points - 7) / 1.5
    >>> card.total(np.array([[1.0, 4.0], [0.0, np.nan]])).tolist()
    [5, 0]
    """

    cuts: Cuts
    points: NDArray[np.int64]
    intercept: float
    multiplier: float
    loss: float
    names: tuple[str, ...]

    def total(self, X: Floats) -> NDArray[np.int64]:
        """Return the points of each case, shape (n_cases,).

        Parameters
        ----------
        X : array of float, shape (n_cases, n_columns)
            NaN where unknown: of an unknown value no statement is true.
        """
        return np.asarray(self.cuts.apply(X).astype(np.int64) @ self.points)

    def log_odds(self, X: Floats) -> Floats:
        """Return ``(points + intercept) / multiplier`` of each case, shape (n_cases,)."""
        return np.asarray((self.total(X) + self.intercept) / self.multiplier)

    def say(self) -> list[str]:
        """Return each statement in words."""
        return [
            f"{self.names[source]} {'>=' if side == UP else '<'} {edge:.12g}"
            for source, edge, side in zip(self.cuts.source, self.cuts.edge, self.cuts.side, strict=True)
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return a row per statement: ``column``, ``statement``, ``points``."""
        import pandas as pd  # noqa: PLC0415 - only who wants a frame pays for it

        columns = [self.names[source] for source in self.cuts.source]
        return pd.DataFrame({"column": columns, "statement": self.say(), "points": self.points})

    def __str__(self) -> str:
        said = self.say()
        width = max(map(len, said), default=0)
        lines = [f"{text:<{width}}  {points:+3d}" for text, points in zip(said, self.points, strict=True)]
        sign = "-" if self.intercept < 0 else "+"
        lines.append(f"log-odds = (points {sign} {abs(self.intercept):.4g}) / {self.multiplier:.4g}")
        return "\n".join(lines)
