"""What a learner is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.model import Model

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labelled cases to learn from.

    Parameters
    ----------
    name : str
        Of the model to be.
    features : tuple of str
        Names in the catalogue, one a column.
    matrix : array of float, shape (n_cases, n_features)
        Flags +1, 0, -1; numbers NaN where unknown.
    outcome : array of float, shape (n_cases,)
        1 for current abuse, 0 for none.
    weight : array of float, shape (n_cases,)
        How many cases each one stands for.
    seed : int
        Where chance is needed.
    """

    name: str
    features: tuple[str, ...]
    matrix: Floats
    outcome: Floats
    weight: Floats
    seed: int = 0


@dataclass(frozen=True)
class Learned:
    """A model, and what is to be told of how it was learned.

    Parameters
    ----------
    model : Model
        Ready to score.
    notes : dict
        Plain values for the metrics of a bundle; ``notes["card"]`` holds lines of Markdown for its card.
    log_odds_a_unit : float
        How many log-odds one unit of the score is worth among the cases of the lesson; of points less than 1.
    """

    model: Model
    notes: dict[str, Any] = field(default_factory=dict)
    log_odds_a_unit: float = 1.0


def scale_to_effective(weight: Floats) -> Floats:
    r"""Return weights that add up to the effective number of cases.

    It is :math:`(\sum w)^2 / \sum w^2` (Kish 1965).
    A weight says how many cases a labelled one stands for, not how many were seen; against a penalty or a
    prior only what was seen may count.

    Examples
    --------
    >>> float(scale_to_effective(np.array([1.0, 1.0, 2.0])).sum().round(3))
    2.667
    """
    if not weight.any():
        return np.ones(len(weight))
    return np.asarray(weight * (weight.sum() / (weight @ weight)), dtype=np.float64)
