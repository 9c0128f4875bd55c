r"""Precision and recall of a whole list from the outcomes and a model of them: doubly robust estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import expit, logit

from triage.evaluation.figure import NAN, Figure
from triage.evaluation.inputs import FloatArray, check_lengths, check_probability
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.selection.cases import (
    LEAST_EFFECTIVE,
    SelectedCases,
    Target,
    add_up,
    check_selected,
    split_list,
    whole_list,
)
from triage.evaluation.selection.counts import (
    WeightedCount,
    effective_interval,
    is_thin,
    share_interval,
    total_interval,
)
from triage.evaluation.selection.estimators import (
    NONE_MISSED,
    CountedSide,
    CountedSplit,
    ListFigures,
    Options,
    all_opened,
    count_side,
    count_split,
    one_minus,
)
from triage.scoring.newton import fit_logistic

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Regression = Literal["logistic", "isotonic"]
FOLDS = 5
LEAST_TERMS = 8
# Ranks that differ by less than this on the logit scale are taken together in the regression.
STEP = 0.02


@dataclass(frozen=True, eq=False)
class OutcomeModel:
    """What is expected of each case before its outcome is looked at.

    Parameters
    ----------
    expected : array of shape (cases,)
        Probability of current abuse.
    method : str
        Where it comes from.
    """

    expected: FloatArray
    method: str


@dataclass(frozen=True, eq=False)
class Correction:
    """A model of the outcomes, corrected by those that are there.

    Parameters
    ----------
    counts : array of shape (cases,)
        What each case counts for.
    labelled : array of int, shape (labelled,)
        Which cases have an outcome.
    doubt : array of shape (labelled,)
        What the choice of each of them adds to the variance of the sum of all counts.
    method : str
        Where the model comes from.
    """

    counts: FloatArray
    labelled: NDArray[np.int64]
    doubt: FloatArray
    method: str


def augmented_at(
    outcome: ArrayLike,
    score: ArrayLike,
    inclusion: ArrayLike,
    capacity: float,
    *,
    outcome_model: ArrayLike | None = None,
    regression: Regression = "logistic",
    folds: int = FOLDS,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> ListFigures:
    r"""Return what the first k cases hold, by augmented inverse probability weighting.

    A model says what to expect of every case; the outcomes that are there correct it by their weights:

    .. math:: \psi_i = m_i + \frac{R_i}{\pi_i} (y_i - m_i), \quad
        \widehat{precision} = \frac1k \sum_i a_i \psi_i, \quad
        \widehat{recall} = \frac{\sum_i a_i \psi_i}{\sum_i \psi_i}

    with :math:`R_i` whether the case has an outcome. *Doubly robust*: right when the inclusion probabilities
    are right, whatever the model, and right when the model is right, whatever the probabilities.

    Parameters
    ----------
    outcome, score, inclusion, capacity, target, least_effective, confidence, denominator
        As for `horvitz_thompson_at`.
    outcome_model : array of shape (cases,), optional
        Probability of current abuse of every case, from a model that was not fitted to these outcomes.
    regression : {"logistic", "isotonic"}
        Without a model: weighted regression of the outcome on the score, logistic on the logit of the case's
        share of the ranks, or isotonic.
    folds : int
        Each labelled case is predicted by a regression on the other folds (cross-fitting); the others by the
        mean over all. Folds are dealt out along the score, so that nothing is drawn by chance.

    Returns
    -------
    ListFigures
        Not estimable where `horvitz_thompson_at` is not. Found and missed are not cut off: a correction can
        lead below 0. Precision and recall beyond 0 or 1 are, and the method says so.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    Notes
    -----
    Variances are those of the influence function: for precision :math:`\sum a_i (\psi_i - p)^2 / k^2`, for
    recall :math:`\sum (a_i - r)^2 \psi_i^2 / (\sum \psi_i)^2`, both over the random order of cases tied at
    the cut; for this very list all that remains of :math:`\psi_i^2` is
    :math:`(1 - \pi_i) w_i^2 (y_i - m_i)^2`. The interval is the mid-p binomial one on the count
    :math:`p (1 - p) / V` that explains the variance V. Where V rests on fewer than 8 terms (Kish's effective
    count of its squared terms), or one more case of the largest weight would move a total by more than 1.5 of
    its standard errors, it is that of `total_interval` or `share_interval` with that weight.

    References
    ----------
    Robins, J. M., Rotnitzky, A., Zhao, L. P. (1994). Estimation of regression coefficients when some
    regressors are not always observed. Journal of the American Statistical Association 89, 846-866.

    Bang, H., Robins, J. M. (2005). Doubly robust estimation in missing data and causal inference models.
    Biometrics 61, 962-973.

    Chernozhukov, V., et al. (2018). Double/debiased machine learning for treatment and structural parameters.
    The Econometrics Journal 21, C1-C68.

    Examples
    --------
    >>> at = augmented_at(
    ...     [1, None, 0, None, 1, None, 0, None],
    ...     [8, 7, 6, 5, 4, 3, 2, 1],
    ...     [0.5] * 4 + [0.25] * 4,
    ...     4,
    ...     outcome_model=[0.6] * 4 + [0.2] * 4,
    ...     least_effective=1,
    ... )
    >>> round(at.found.estimate, 4), round(at.missed.estimate, 4)  # 2.4 + 2 (0.4 - 0.6), 0.8 + 4 (0.8 - 0.2)
    (2.0, 3.2)
    """
    cases = check_selected(outcome, score, inclusion)
    options = Options(target, confidence, least_effective, denominator)
    model = make_outcome_model(cases, outcome_model, regression=regression, folds=folds)
    split = count_split(cases, split_list(cases, (capacity,))[0], options)
    return measure_augmented(split, correct_model(cases, model), options)


def augmented_prevalence(
    outcome: ArrayLike,
    score: ArrayLike,
    inclusion: ArrayLike,
    *,
    outcome_model: ArrayLike | None = None,
    regression: Regression = "logistic",
    folds: int = FOLDS,
    target: Target = "population",
    least_effective: float = LEAST_EFFECTIVE,
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> Figure:
    r"""Return the share of all cases with current abuse, :math:`\frac1n \sum_i \psi_i`; see `augmented_at`.

    Examples
    --------
    >>> augmented_prevalence(
    ...     [1, 0, None, None], [4, 3, 2, 1], [0.5] * 4, outcome_model=[0.5] * 4, least_effective=1
    ... ).estimate
    0.5
    """
    cases = check_selected(outcome, score, inclusion)
    options = Options(target, confidence, least_effective, denominator)
    model = make_outcome_model(cases, outcome_model, regression=regression, folds=folds)
    whole = count_side(cases, whole_list(cases), options)
    return measure_augmented_prevalence(whole, correct_model(cases, model), options)


def measure_augmented(split: CountedSplit, correction: Correction, options: Options) -> ListFigures:
    """Return the figures of a list that was cut and counted before; see `augmented_at`."""
    first, after = (f"those {where}, of {options.denominator}" for where in ("opened first", "after the cut"))
    precision, raw = _share(split.opened, correction, options, first)
    found = replace(precision.times(split.opened.side.size), estimate=raw * split.opened.side.size)
    if split.rest.side.size == 0:
        missed = Figure(0.0, 0.0, 0.0, 0, "all cases opened", after)
    else:
        share, raw = _share(split.rest, correction, options, after)
        missed = replace(share.times(split.rest.side.size), estimate=raw * split.rest.side.size)
    recall = _recall(split, correction, options)
    return ListFigures(precision, recall, found, missed, one_minus(precision))


def measure_augmented_prevalence(whole: CountedSide, correction: Correction, options: Options) -> Figure:
    """Return the share of all cases with current abuse; see `augmented_prevalence`."""
    return _share(whole, correction, options, options.denominator)[0]


def correct_model(cases: SelectedCases, model: OutcomeModel) -> Correction:
    """Return what each case counts for when the outcomes that are there correct the model."""
    pull = cases.weight * (cases.outcome - model.expected[cases.labelled])
    counts = model.expected.copy()
    counts[cases.labelled] += pull
    doubt = pull**2 * np.maximum(1 - 1 / cases.weight, 0)
    return Correction(counts, cases.labelled, doubt, model.method)


def make_outcome_model(
    cases: SelectedCases,
    outcome_model: ArrayLike | None = None,
    *,
    regression: Regression = "logistic",
    folds: int = FOLDS,
) -> OutcomeModel:
    """Return what is expected of each case: as given, or by cross-fitted regression on the score."""
    if outcome_model is not None:
        expected = check_probability(outcome_model, "outcome_model")
        check_lengths({"score": cases.score, "outcome_model": expected})
        return OutcomeModel(expected, "given outcome model")
    method = f"{regression} regression on the score, cross-fitted over {folds} folds"
    weight = cases.weight
    if not len(weight) or np.isnan(weight).any():
        return OutcomeModel(np.zeros(len(cases)), method)
    x = logit(cases.ranks.shares())
    steps, code = np.unique(np.round(x / STEP).astype(np.int64), return_inverse=True)
    own = code[cases.labelled]
    order = np.lexsort((weight, cases.outcome, cases.score[cases.labelled]))
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % folds
    expected = np.zeros((folds, len(steps)))
    fit = _fit_isotonic if regression == "isotonic" else _fit_logistic
    for one in range(folds):
        learned = fold != one
        at, y, w = own[learned], cases.outcome[learned], weight[learned]
        positive, total = (np.bincount(at, part, len(steps)).astype(np.float64) for part in (w * y, w))
        expected[one] = fit(steps * STEP, positive, total, len(w))
    everyone = expected.mean(axis=0)[code]
    everyone[cases.labelled] = expected[fold, own]
    return OutcomeModel(everyone, method)


def _fit_logistic(x: FloatArray, positive: FloatArray, weight: FloatArray, rows: int) -> FloatArray:
    """Return the regression at all steps of x from the sums of weights at each."""
    total = weight.sum()
    if total == 0:
        return np.zeros(len(x))
    share = float(np.clip(positive.sum() / total, 0.5 / rows, 1 - 0.5 / rows))
    # Half a case at either end keeps the slope finite and the share off 0 and 1.
    ends = np.array([1 - share, share, 1 - share, share]) * 0.5 * total / rows
    points = np.concatenate([x, x, np.repeat([x.min(), x.max()], 2)])
    y = np.concatenate([np.zeros(len(x)), np.ones(len(x)), [0.0, 1.0, 0.0, 1.0]])
    w = np.concatenate([np.maximum(weight - positive, 0), positive, ends])
    there = w > 0
    design = np.column_stack([np.ones(len(points)), points])[there]
    fit = fit_logistic(y[there], design, np.zeros(len(design)), w[there] * rows / total)
    if fit is None:
        return np.full(len(x), share)
    return np.asarray(expit(fit.coefficients[0] + fit.coefficients[1] * x))


def _fit_isotonic(x: FloatArray, positive: FloatArray, weight: FloatArray, rows: int) -> FloatArray:
    """Return the regression at all steps of x from the sums of weights at each."""
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - slow to import, rarely needed

    there = weight > 0
    if rows == 0:
        return np.zeros(len(x))
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    curve.fit(x[there], positive[there] / weight[there], weight[there])
    return np.asarray(curve.predict(x), dtype=np.float64)


def _share(counted: CountedSide, correction: Correction, options: Options, of: str) -> tuple[Figure, float]:
    """Return the share with current abuse on one side, and the same before it was cut off at 0 and 1."""
    if counted.reason:
        return Figure.not_estimable(counted.reason, counted.rows, of), NAN
    side = counted.side
    share = add_up(side.part, correction.counts) / side.size
    if options.target == "list":
        squared = side.part[correction.labelled] * correction.doubt
    else:
        squared = side.part * (correction.counts - share) ** 2
    count = _count(counted, correction, options)
    shape = _Shape(share, squared / side.size**2, counted.rows, of, _method(correction, options))
    if count.thin or shape.terms < LEAST_TERMS:
        ends = total_interval(count, confidence=options.confidence)
        return shape.wide((ends[0] / side.size, min(ends[1] / side.size, 1.0)), count), share
    return shape.calm(options.confidence), share


def _recall(split: CountedSplit, correction: Correction, options: Options) -> Figure:
    of, seen = f"those with current abuse among {options.denominator}", split.positives
    if split.rest.side.size == 0:
        return all_opened(seen, of)
    reason = split.opened.reason or split.rest.reason
    if not reason and split.rest.positives == 0:
        reason = NONE_MISSED if seen else NO_POSITIVES
    total = float(correction.counts.sum())
    if not reason and total <= 0:
        reason = "the correction leaves no case with current abuse"
    if reason:
        return Figure.not_estimable(reason, seen, of)
    part = split.opened.side.part
    recall = add_up(part, correction.counts) / total
    # Cases tied at the cut are opened in random order.
    if options.target == "list":
        part, squared = part[correction.labelled], correction.doubt
    else:
        squared = correction.counts**2
    squared = (part * (1 - recall) ** 2 + (1 - part) * recall**2) * squared / total**2
    shape = _Shape(recall, squared, seen, of, _method(correction, options))
    counts = [_count(side, correction, options) for side in (split.opened, split.rest)]
    if shape.terms < LEAST_TERMS or any(count.thin for count in counts):
        ends = share_interval(*counts, confidence=options.confidence)
        return shape.wide(ends, max(counts, key=lambda count: count.extra))
    return shape.calm(options.confidence)


@dataclass(frozen=True, eq=False)
class _Shape:
    """A share and the squared terms of its influence function."""

    share: float
    squared: FloatArray
    rows: int
    of: str
    method: str

    @property
    def terms(self) -> float:
        """Kish's effective count of the squared terms; without any spread nothing is in doubt."""
        variance = float(self.squared.sum())
        return variance**2 / add_up(self.squared, self.squared) if variance > 0 else np.inf

    @property
    def estimate(self) -> float:
        return min(max(self.share, 0.0), 1.0)

    def calm(self, confidence: float) -> Figure:
        """Return the figure with the interval of the effective count of the share."""
        variance, share = float(self.squared.sum()), self.share
        if variance == 0:
            return Figure(self.estimate, self.estimate, self.estimate, self.rows, self.method, self.of)
        if not 0 < share < 1:
            method = f"{self.method}: none, as {share:.4g} was cut off"
            return Figure(self.estimate, NAN, NAN, self.rows, method, self.of)
        low, high = effective_interval(share, share * (1 - share) / variance, confidence=confidence)
        return Figure(share, low, high, self.rows, f"{self.method}, mid-p on its effective count", self.of)

    def wide(self, ends: tuple[float, float], count: WeightedCount) -> Figure:
        """Return the figure with an interval that reckons with one more case of the largest weight."""
        method = (
            f"{self.method}, mid-p gamma, wide: one more case of weight {count.extra:.4g} would change it"
        )
        if self.share != self.estimate:
            method += (
                f"; a share of {self.share:.4g} cut off at {self.estimate:g}, the nearest possible value"
            )
        return Figure(self.estimate, *ends, self.rows, method, self.of)


def _count(counted: CountedSide, correction: Correction, options: Options) -> WeightedCount:
    """Return what one side adds up to, as a weighted count with one more case of the largest weight."""
    part, largest, of_list = counted.side.part, counted.largest, options.target == "list"
    total = max(add_up(part, correction.counts), 0.0)
    if of_list:
        variance = add_up(part[correction.labelled], correction.doubt)
    else:
        variance = add_up(part, correction.counts**2)
    more = max(largest * (largest - of_list), 0.0)
    return WeightedCount(total, variance, largest, more, thin=is_thin(variance, largest))


def _method(correction: Correction, options: Options) -> str:
    of_list = "" if options.target == "population" else ", of this very list"
    level = f"influence function {100 * options.confidence:g} %{of_list}"
    return f"augmented by {correction.method}, logged lottery, {level}"
