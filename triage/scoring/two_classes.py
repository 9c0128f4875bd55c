"""What every classifier here shares: two classes, weights, unknown values, probabilities from log-odds."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class LogOddsClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """A classifier of two outcomes whose score is on the scale of log-odds.

    A subclass calls `_take_cases` in ``fit`` and `_take_matrix` in ``decision_function``.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    """

    _takes_unknown = True

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what this takes: two classes, and whether values may be unknown."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._takes_unknown
        tags.classifier_tags.multi_class = False
        return tags

    def _take_cases(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Floats, Floats, Floats]:
        """Return the cases of any weight: the matrix, 1 for the second of the two classes, and weights.

        Raises
        ------
        ValueError
            There are not exactly two classes among them.
        """
        matrix, outcome = validate_data(self, X, y, dtype=np.float64, ensure_all_finite=self._finite())
        check_classification_targets(outcome)
        kind = type_of_target(outcome, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        weight = _check_sample_weight(sample_weight, matrix, dtype=np.float64, ensure_non_negative=True)
        self.classes_ = np.unique(outcome)
        counted = weight > 0
        if len(np.unique(outcome[counted])) < 2:
            raise ValueError("Only one class in the outcomes; both are needed to fit, each with weight.")
        positive = (outcome == self.classes_[1]).astype(np.float64)
        if counted.all():
            # The matrix is what training needs memory for: it is copied only where rows are left out.
            return matrix, positive, weight
        return matrix[counted], positive[counted], weight[counted]

    def _take_matrix(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        return np.asarray(
            validate_data(self, X, dtype=np.float64, ensure_all_finite=self._finite(), reset=False)
        )

    def _finite(self) -> bool | str:
        return "allow-nan" if self._takes_unknown else True

    @abstractmethod
    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probabilities of the two classes, shape (n_cases, 2); not yet calibrated."""
        positive = expit(self.decision_function(X))
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class of each case, shape (n_cases,)."""
        chosen = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[chosen])


def check_signs(signs: ArrayLike | None, n_features: int) -> NDArray[np.int64]:
    """Return the signs, 0 where none are given.

    Raises
    ------
    ValueError
        They are not -1, 0 or 1, one a column.
    """
    array = np.zeros(n_features) if signs is None else np.asarray(signs)
    if array.shape != (n_features,) or not np.isin(array, [-1, 0, 1]).all():
        raise ValueError(f"signs must be {n_features} values of -1, 0 or 1, one a column.")
    return array.astype(np.int64)
