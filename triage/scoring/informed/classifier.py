"""Logistic regression that starts from what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from triage.scoring.informed.averaging import Candidates, average_posteriors, grid_candidates
from triage.scoring.informed.posterior import NormalPrior
from triage.scoring.two_classes import LogOddsClassifier, check_signs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class InformedLogisticClassifier(LogOddsClassifier):
    r"""Logistic regression with normal priors that have a mean, and coefficients of given sign.

    The coefficients maximise

    .. math:: \sum_i w_i [y_i \eta_i - \log(1 + e^{\eta_i})] - \tfrac{1}{2} \frac{(b - m_0)^2}{s_0^2}
        - \tfrac{1}{2} \sum_j \frac{(\beta_j - \kappa m_j)^2}{\tau^2 s_j^2},
        \quad \eta_i = b + x_i^\top \beta

    under the signs. With several values of :math:`\kappa` or :math:`\tau` they are averaged over these,
    weighted by the evidence of the outcomes for each: where the published means count the same thing twice,
    a smaller :math:`\kappa` wins; where they are wrong, a larger :math:`\tau`.

    Cases may be selected by what stands in `X`: given that, the outcome does not depend on the selection, so
    the unweighted coefficients converge to the true ones if the model is right [1]_. Weighting by the
    inverse probability of selection would protect where it is not, at the price of a few cases that outweigh
    the rest.

    Parameters
    ----------
    prior_mean, prior_scale : float or array-like of float, shape (n_features,), default=0, 1
        m and s, per unit of a column; columns are not standardised.
    intercept_mean, intercept_scale : float, default=0, 10
        :math:`m_0` and :math:`s_0`.
    signs : array-like of int, shape (n_features,), optional
        +1 for a coefficient that may not be negative, -1 for one that may not be positive, 0 for free.
    mean_shares : array-like of float, default=(1.0,)
        Values of :math:`\kappa`.
    scale_factors : array-like of float, default=(1.0,)
        Values of :math:`\tau`.
    likely_share, likely_factor : float, default=1
        What is expected of :math:`\kappa` and :math:`\tau` before any outcome.
    doubt : float, default=inf
        Standard deviation of the logarithm of both around what is expected; all values are equally probable
        where it is infinite.
    max_iter : int, default=200
        Most Newton steps.

    Attributes
    ----------
    classes_ : array, shape (2,)
        The two outcomes; the second is the one that is scored.
    coef_ : array of float, shape (n_features,)
        Coefficients.
    intercept_ : float
        Log-odds where all columns are 0.
    covariance_ : array of float, shape (n_features + 1, n_features + 1)
        Of intercept and coefficients, by Laplace's method; 0 for a coefficient that its sign holds at 0.
    candidates_ : array of float, shape (n_candidates, 3)
        Each :math:`\kappa` and :math:`\tau` with its probability after the outcomes.
    n_iter_ : int
        Newton steps taken.

    References
    ----------
    .. [1] Little, R. J. A., Rubin, D. B. (2019). Statistical Analysis with Missing Data. 3rd ed., Wiley,
       section 3.3 (complete cases, selection by covariates).
    .. [2] Greenland, S. (2007). Bayesian perspectives for epidemiological research. II. Regression analysis.
       International Journal of Epidemiology 36, 195-202.

    Examples
    --------
    Three cases hardly move what is published:

    >>> model = InformedLogisticClassifier(prior_mean=1.6, prior_scale=0.1, signs=[1])
    >>> model.fit([[0.0], [1.0], [1.0]], [0, 1, 0]).coef_.round(1).tolist()
    [1.6]
    """

    _takes_unknown = False

    def __init__(
        self,
        prior_mean: ArrayLike = 0.0,
        prior_scale: ArrayLike = 1.0,
        *,
        intercept_mean: float = 0.0,
        intercept_scale: float = 10.0,
        signs: ArrayLike | None = None,
        mean_shares: ArrayLike = (1.0,),
        scale_factors: ArrayLike = (1.0,),
        likely_share: float = 1.0,
        likely_factor: float = 1.0,
        doubt: float = np.inf,
        max_iter: int = 200,
    ) -> None:
        self.prior_mean = prior_mean
        self.prior_scale = prior_scale
        self.intercept_mean = intercept_mean
        self.intercept_scale = intercept_scale
        self.signs = signs
        self.mean_shares = mean_shares
        self.scale_factors = scale_factors
        self.likely_share = likely_share
        self.likely_factor = likely_factor
        self.doubt = doubt
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to outcomes.

        Parameters
        ----------
        X : array-like of float, shape (n_cases, n_features)
            Finite.
        y : array-like, shape (n_cases,)
            Two distinct values.
        sample_weight : array-like of float, shape (n_cases,), optional
            Weights; a weight of two equals a row that stands twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There are not exactly two classes, or a prior or the signs do not fit the columns.
        """
        matrix, positive, weight = self._take_cases(X, y, sample_weight)
        candidates = self._candidates()
        self._average = average_posteriors(
            np.column_stack([np.ones(len(matrix)), matrix]),
            positive,
            weight,
            self._prior(matrix.shape[1]),
            candidates,
            max_steps=self.max_iter,
        )
        self.intercept_, self.coef_ = float(self._average.mean[0]), self._average.mean[1:]
        self.covariance_, self.n_iter_ = self._average.covariance, self._average.n_steps
        self.candidates_ = np.column_stack([candidates.share, candidates.factor, self._average.weight])
        return self

    def _candidates(self) -> Candidates:
        if not (self.likely_share > 0 and self.likely_factor > 0 and self.doubt > 0):
            raise ValueError("likely_share, likely_factor and doubt must be above 0.")
        return grid_candidates(
            _positive(self.mean_shares, "mean_shares"),
            _positive(self.scale_factors, "scale_factors"),
            likely_share=self.likely_share,
            likely_factor=self.likely_factor,
            doubt=self.doubt,
        )

    def _prior(self, n_features: int) -> NormalPrior:
        mean = _one_each(self.prior_mean, "prior_mean", n_features)
        scale = _one_each(self.prior_scale, "prior_scale", n_features)
        signs = check_signs(self.signs, n_features)
        if not (np.isfinite(mean).all() and np.isfinite(self.intercept_mean)):
            raise ValueError("prior_mean and intercept_mean must be finite.")
        spread = np.concatenate([[self.intercept_scale], scale])
        if not (np.isfinite(spread).all() and (spread > 0).all()):
            raise ValueError("prior_scale and intercept_scale must be above 0.")
        if (mean * signs < 0).any():
            raise ValueError("prior_mean points against signs.")
        return NormalPrior(
            np.concatenate([[self.intercept_mean], mean]), spread, np.concatenate([[0.0], signs])
        )

    def intervals(self, level: float = 0.95) -> Floats:
        """Return an equal-tailed interval of each coefficient, the intercept first.

        Parameters
        ----------
        level : float
            Probability inside.

        Returns
        -------
        array of float, shape (n_features + 1, 2)
            By Laplace's method, cut off at 0 where a sign says so.
        """
        check_is_fitted(self)
        if not 0.0 < level < 1.0:
            raise ValueError(f"level must lie between 0 and 1, and is {level}.")
        return self._average.interval(level)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the log-odds of each case, shape (n_cases,)."""
        matrix = self._take_matrix(X)
        return np.asarray(self.intercept_ + matrix @ self.coef_)


def _one_each(values: ArrayLike, name: str, n_features: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in {(), (n_features,)}:
        raise ValueError(f"{name} must be one value or {n_features} values, one a column.")
    return np.broadcast_to(array, (n_features,)).copy()


def _positive(values: ArrayLike, name: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"{name} must be one value or more, finite and above 0.")
    return array
