"""What every calibration is: a curve from the score to a probability, and what it rests on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.scoring.grid import to_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALL_CASES, INVESTIGATED_CASES = "all cases", "investigated cases"
MINIMUM_POSITIVES, ENOUGH_POSITIVES = 20, 100
NORMAL_95 = 1.959963984540054
_FARTHEST_LOGIT = 700.0


class NotCalibratedError(ValueError):
    """No honest probability can be given; the message says why."""


class NotIdentifiedError(NotCalibratedError):
    """What was asked for does not follow from the cases, however many there are; the message says why."""


@dataclass(frozen=True)
class Calibration(ABC):
    """A curve from the score to a probability; it never falls as the score rises.

    Parameters
    ----------
    cases, positives : int
        What it was fitted on.
    denominator : str
        Of which cases the probability is a share.
    population : str
        Where those cases come from (`triage.schema.meta.BatchMeta.population`); it is shown nowhere else.
    effective_positives : float or None
        Positives, counted in the heaviest case (`count_effective`); None where it was not counted.
    weighted : bool
        Whether each case stood for as many as its chance of being chosen says.
    """

    cases: int
    positives: int
    denominator: str
    population: str
    effective_positives: float | None = None
    weighted: bool = False
    kind: str = ""

    @abstractmethod
    def probability(self, score: Floats) -> Floats:
        """Return the probability of each score; it never falls as the score rises, to the last bit."""

    @abstractmethod
    def band(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper end of the 95 % band of the curve at each score.

        It is the uncertainty about the curve and contains the probability; it is not the uncertainty about
        the one case.
        """

    @property
    @abstractmethod
    def formula(self) -> str:
        """The curve in words or numbers, for the card."""

    @property
    def synthetic(self) -> bool:
        """Whether it was fitted on cases of a world."""
        return self.population.startswith("world ")

    @property
    def guard(self) -> str:
        """``few`` where the positives are too few for a curve of its own shape, else ``enough``."""
        return "few" if self._effective < ENOUGH_POSITIVES else "enough"

    @property
    def note(self) -> str:
        """What the probabilities are a share of, what the range is, and what must be known besides."""
        kind = " (synthetic)" if self.synthetic else ""
        parts = [
            f"share of {self.denominator}{kind}; the range is that of the fitted curve, not of the one case"
        ]
        if self.denominator == INVESTIGATED_CASES:
            parts.append("not identified for all cases: how the investigated ones were chosen was not logged")
        return "; ".join([*parts, *self._remarks()])

    def as_dict(self) -> dict[str, Any]:
        """Return the calibration as plain values; `parse_calibration` reads them back."""
        return asdict(self)

    @property
    def _effective(self) -> float:
        return float(self.positives) if self.effective_positives is None else self.effective_positives

    def _remarks(self) -> list[str]:
        return []


def count_effective(outcome: Floats, weight: Floats | None = None) -> float:
    r"""Count the positives in the heaviest case: :math:`\sum_{i: y_i=1} w_i / \max_i w_i`.

    Where a single case, of a kind that was hardly ever chosen, could outweigh all that was found, the share
    of all cases is not known, however many of the others were positive. Kish's count of the positives,
    :math:`(\sum w)^2 / \sum w^2`, looks at the positives that were found alone and cannot see this: a hundred
    of weight 1 count as a hundred, though one that was missed would weigh 400. Without weights, and with
    equal ones, both are the number of positives.

    Parameters
    ----------
    outcome : array of float, shape (n_cases,)
        1 or 0.
    weight : array of float, shape (n_cases,), optional
        How many cases each one stands for.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley.

    Examples
    --------
    >>> count_effective(np.array([1.0, 1, 0, 0]), np.array([1.0, 1, 1, 4]))
    0.5
    """
    positives = outcome > 0.5
    return float(positives.sum() if weight is None else weight[positives].sum() / weight.max())


def to_probability(logit: Floats) -> Floats:
    r"""Return :math:`1 / (1 + e^{-x})` such that it never falls as `logit` rises, to the last bit.

    Neighbouring floats may come out in the wrong order, since an exponential is right only to a few units in
    the last place. On a grid of :math:`2^{-40}` the steps are thousands of such units.
    """
    near = np.clip(to_grid(logit), -_FARTHEST_LOGIT, _FARTHEST_LOGIT)
    probability: Floats = 1.0 / (1.0 + np.exp(-near))
    return probability
