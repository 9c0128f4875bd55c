"""What opening every case from a threshold on shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.order.auc import NO_NEGATIVES
from triage.evaluation.order.capacity import ALL_CASES, NO_POSITIVES
from triage.evaluation.order.confusion import (
    ALL_OPENED,
    FN,
    FP,
    NONE_OPENED,
    TN,
    TP,
    ConfusionTable,
    Interval,
    measure_f1,
    measure_likelihood_ratio,
    measure_matthews,
)
from triage.evaluation.order.threshold_figures import ThresholdFigures
from triage.evaluation.ranking import Ranking, rank_cases

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from triage.evaluation.figure import Figure

Rule = Literal["at least", "above"]


@dataclass(frozen=True)
class AtThreshold(ThresholdFigures):
    """What a rule shows that opens a case when its score reaches a threshold.

    Parameters
    ----------
    threshold : float
        The threshold.
    rule : {"at least", "above"}
        Whether a score equal to it is opened.
    tp, fp, fn, tn : float
        Cases with current abuse opened, without opened, with current abuse left, without left (true and false
        positives, false and true negatives). With weights: sums of weights.
    recall : Figure
        TP / (TP + FN): sensitivity, true positive rate.
    specificity : Figure
        TN / (TN + FP): true negative rate.
    precision : Figure
        TP / (TP + FP): positive predictive value.
    negative_predictive_value : Figure
        TN / (TN + FN).
    false_positive_rate, false_negative_rate : Figure
        FP / (FP + TN), and FN / (FN + TP).
    false_discovery_rate, false_omission_rate : Figure
        FP / (FP + TP), and FN / (FN + TN).
    share_opened, accuracy : Figure
        (TP + FP) / n, and (TP + TN) / n.
    f1, matthews_correlation : Figure
        See `at_threshold`.
    positive_likelihood_ratio, negative_likelihood_ratio : Figure
        Recall over the false positive rate, and the false negative rate over specificity.
    """

    threshold: float
    rule: Rule
    tp: float
    fp: float
    fn: float
    tn: float
    recall: Figure
    specificity: Figure
    precision: Figure
    negative_predictive_value: Figure
    false_positive_rate: Figure
    false_negative_rate: Figure
    false_discovery_rate: Figure
    false_omission_rate: Figure
    share_opened: Figure
    accuracy: Figure
    f1: Figure
    matthews_correlation: Figure
    positive_likelihood_ratio: Figure
    negative_likelihood_ratio: Figure


def at_threshold(
    outcome: ArrayLike,
    score: ArrayLike,
    threshold: float,
    *,
    weight: ArrayLike | None = None,
    rule: Rule = "at least",
    interval: Interval = "wilson",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> AtThreshold:
    r"""Return what opening all cases from a threshold on shows: the confusion matrix and its figures.

    Shares have the binomial interval that was asked for. The others have intervals of their own:

    .. math:: F_1 = \frac{2 TP}{2 TP + FP + FN} = \frac{2J}{1 + J},\quad J = \frac{TP}{TP + FP + FN}

    rises with the share J, whose ends are mapped (given TP + FP + FN, TP is binomial, so that with
    "clopper-pearson" the interval holds as often as it says; from many cases it is the delta method's).

    .. math:: MCC = \frac{TP \cdot TN - FP \cdot FN}{\sqrt{(TP + FP)(TP + FN)(TN + FP)(TN + FN)}}

    is the correlation of outcome and decision: :math:`\tanh(\operatorname{artanh} MCC \pm z \sqrt V /
    (1 - MCC^2))` with V from the delta method: the sum, over cases, of
    :math:`(uv - MCC (u^2 + v^2)/2)^2 / n^2` with u and v the standardised outcome and decision.

    .. math:: \log LR_+ \pm z \sqrt{\tfrac{1}{TP} - \tfrac{1}{TP + FN} + \tfrac{1}{FP} - \tfrac{1}{FP + TN}},
        \quad LR_+ = \frac{TP / (TP + FN)}{FP / (FP + TN)}

    and the same for :math:`LR_-` with FN and TN in place of TP and FP. With weights, all estimates are ratios
    of sums of weights (Hajek), all variances linearised, and shares stand on effective counts.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, else 0.
    score : array of shape (cases,)
        Higher means likelier.
    threshold : float
        On the scale of the score. It is compared with the scores as 64-bit numbers.
    weight : array of shape (cases,), optional
        How many cases each row stands for.
    rule : {"at least", "above"}
        Open when the score is at least the threshold, or only when it is above.
    interval : {"wilson", "clopper-pearson", "jeffreys", "agresti-coull"}
        Of the shares (see `triage.evaluation.proportions`).
    confidence : float
        Level of the intervals.
    denominator : str
        Of which cases the figures speak.

    Returns
    -------
    AtThreshold
        A share among no case is not estimable (precision when nothing is opened, recall without current
        abuse), and so are F1 without current abuse, and Matthews' correlation where one margin of the table
        is empty (other tools say 0). A likelihood ratio over 0 is not estimable, but its low end is given.
        Where a cell of the table is empty, Simel's interval has no width or says too little, and the ends of
        likelihood ratios are those of Donner and Zou from the intervals of the two shares. A correlation of 1
        or -1 has no interval.

    Raises
    ------
    InputRefusedError
        An array is not as described, the threshold is no number, or there is no such rule or interval.

    Notes
    -----
    The threshold is taken as given. One that was chosen on the same cases makes all figures look better than
    they are.

    Simulated (1,000 draws each; 50, 200 and 1,000 cases; 5 and 30 % current abuse; recall 0.6 and 0.9;
    specificity 0.9 and 0.99), the 95 % intervals that are no plain shares hold what they should in percent of
    draws, on average and at least (the least from 50 cases of which 5 % have current abuse):

    =========================  ==========
    F1, "wilson"               95.3, 93.3
    Matthews correlation       94.4, 82.3
    positive likelihood ratio  95.7, 91.3
    negative likelihood ratio  94.5, 89.1
    =========================  ==========

    References
    ----------
    Simel, D. L., Samsa, G. P., Matchar, D. B. (1991). Likelihood ratios with confidence: sample size
    estimation for diagnostic test studies. Journal of Clinical Epidemiology 44, 763-770.

    Donner, A., Zou, G. Y. (2012). Closed-form confidence intervals for functions of the normal mean and
    standard deviation. Statistical Methods in Medical Research 21, 347-359.

    Hand, D. J., Christen, P., Kirielle, N. (2021). F*: an interpretable transformation of the F-measure.
    Machine Learning 110, 451-456.

    Bishop, Y. M. M., Fienberg, S. E., Holland, P. W. (1975). Discrete Multivariate Analysis. MIT Press,
    section 11.3 (the variance of phi, which Matthews' correlation is).

    Matthews, B. W. (1975). Comparison of the predicted and observed secondary structure of T4 phage lysozyme.
    Biochimica et Biophysica Acta 405, 442-451.

    Examples
    --------
    >>> at = at_threshold([1, 1, 0, 1, 0, 0, 0, 0], [9, 8, 7, 5, 4, 3, 2, 1], 7)
    >>> at.tp, at.fp, at.fn, at.tn
    (2.0, 1.0, 1.0, 4.0)
    >>> print(at.recall.brief(), at.specificity.brief())
    0.6667 [0.2077, 0.9385] 0.8000 [0.3755, 0.9638]
    >>> print(at.positive_likelihood_ratio.brief(2))
    3.33 [0.49, 22.90]
    """
    return measure_threshold(
        rank_cases(outcome, score, weight),
        threshold,
        rule=rule,
        interval=interval,
        confidence=confidence,
        denominator=denominator,
    )


def measure_threshold(
    ranking: Ranking,
    threshold: float,
    *,
    rule: Rule = "at least",
    interval: Interval = "wilson",
    confidence: float = 0.95,
    denominator: str = ALL_CASES,
) -> AtThreshold:
    """Return the figures at a threshold from a ranking made before; see `at_threshold`."""
    if np.ndim(threshold) or np.asarray(threshold).dtype.kind not in "biuf" or np.isnan(threshold):
        raise InputRefusedError(f"{threshold!r}", where="threshold", expected="a number, such as 0.2")
    if rule not in {"at least", "above"}:
        raise InputRefusedError(f"{rule!r}", where="rule", expected="'at least' or 'above'")
    opened = ranking.score >= threshold if rule == "at least" else ranking.score > threshold
    table = ConfusionTable.of(ranking, opened, interval, confidence)

    def share(cells: list[int], among: list[int], why_none: str, of: str) -> Figure:
        return table.share(cells, among).figure(why_none, of)

    positives, negatives, chosen, left = [TP, FN], [FP, TN], [TP, FP], [FN, TN]
    with_abuse = (positives, NO_POSITIVES, f"those with current abuse among {denominator}")
    without = (negatives, NO_NEGATIVES, f"those without current abuse among {denominator}")
    of_opened = (chosen, NONE_OPENED, f"those opened, of {denominator}")
    of_left = (left, ALL_OPENED, f"those not opened, of {denominator}")
    of_all = ([TP, FP, FN, TN], "no case", denominator)
    tp, fp, fn, tn = (float(cell) for cell in table.weight)
    return AtThreshold(
        threshold=float(threshold),
        rule=rule,
        tp=tp,
        fp=fp,
        fn=fn,
        tn=tn,
        recall=share([TP], *with_abuse),
        specificity=share([TN], *without),
        precision=share([TP], *of_opened),
        negative_predictive_value=share([TN], *of_left),
        false_positive_rate=share([FP], *without),
        false_negative_rate=share([FN], *with_abuse),
        false_discovery_rate=share([FP], *of_opened),
        false_omission_rate=share([FN], *of_left),
        share_opened=share(chosen, *of_all),
        accuracy=share([TP, TN], *of_all),
        f1=measure_f1(table, denominator),
        matthews_correlation=measure_matthews(table, denominator),
        positive_likelihood_ratio=measure_likelihood_ratio(table, opened=True, denominator=denominator),
        negative_likelihood_ratio=measure_likelihood_ratio(table, opened=False, denominator=denominator),
    )
