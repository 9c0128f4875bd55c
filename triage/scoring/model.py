"""What a list needs from a model: a score that is a sum, and the parts it is the sum of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Ints = NDArray[np.int64]
    Answer = Mapping[int, Floats]


@dataclass(frozen=True, eq=False)
class Asked:
    """A question that is asked of some cases.

    Parameters
    ----------
    cases : array of int, shape (n_asked,)
        Rows of a matrix of features, ascending.
    answers : sequence of mapping of int to array of float
        The columns that each answer changes, and what they become: one number for all, or one for each case
        that is asked.
    """

    cases: Ints
    answers: Sequence[Answer]


class Model(Protocol):
    """A score per case, and its exact parts, one per feature.

    `triage.scoring.additive.AdditiveModel` and `triage.scoring.trees.TreesModel` are such models.
    """

    @property
    def name(self) -> str:
        """Name shown on every list."""
        ...

    @property
    def unit(self) -> str:
        """What the score is counted in: ``points``, ``log-odds`` or ``level``."""
        ...

    @property
    def intercept(self) -> float:
        """What is added to every score."""
        ...

    @property
    def sources(self) -> Mapping[str, str]:
        """What the part of a feature rests on, where the model states it."""
        ...

    @property
    def reasons_note(self) -> str:
        """What kind of reasons the contributions are; empty where they are the terms of a sum."""
        ...

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the columns of a matrix."""
        ...

    def contributions(self, matrix: Floats) -> Floats:
        """Return the part of each feature in the score of each case, shape (n_cases, n_features)."""
        ...

    def score(self, contributions: Floats) -> Floats:
        """Return the score of each case: the intercept plus its contributions, summed left to right."""
        ...

    def rescore(self, matrix: Floats, asked: Sequence[Asked], score: Floats) -> list[list[Floats]]:
        """Return, for each question, the score of its cases after each of its answers.

        Parameters
        ----------
        matrix : array of float, shape (n_cases, n_features)
            Features before; what is held meanwhile grows with cases and questions.
        asked : sequence of Asked
            The questions.
        score : array of float, shape (n_cases,)
            The scores before.
        """
        ...

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain values."""
        ...
