"""Learn a logistic model with the signs of the catalogue from labelled cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.features.catalogue import FEATURES
from triage.scoring.additive import AdditiveModel, Line, Term, flag_steps
from triage.scoring.learner import Learned
from triage.scoring.logistic import SignedLogisticClassifier
from triage.scoring.written import read_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.scoring.learner import Lesson

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticOptions:
    """How the logistic model is fitted.

    Parameters
    ----------
    inverse_penalty : float
        ``C`` of `SignedLogisticClassifier`.
    """

    inverse_penalty: float = 1.0


def read_logistic_options(table: dict[str, Any], where: str) -> LogisticOptions:
    """Read the options of a recipe.

    Raises
    ------
    InputRefusedError
        A key is unknown or a value impossible.
    """
    return read_numbers(LogisticOptions, {"inverse_penalty": (1e-6, 1e6)}, table, where)


def learn_logistic(lesson: Lesson, options: LogisticOptions) -> Learned:
    """Fit a column for asserted and one for denied per flag, and ``log(1 + x)`` per number.

    Parameters
    ----------
    lesson : Lesson
        Labelled cases.
    options : LogisticOptions
        How to fit.

    Returns
    -------
    Learned
        An `AdditiveModel` on the scale of log-odds; what is unknown adds nothing.
    """
    columns, signs = expand(lesson.features, lesson.matrix)
    # Flags keep their scale: divided by its spread, one that is seldom known would hardly be penalised.
    scaled = [not FEATURES[name].is_flag for name in lesson.features for _ in columns_of(name)]
    classifier = SignedLogisticClassifier(C=options.inverse_penalty, signs=signs, standardise=scaled)
    classifier.fit(columns, lesson.outcome, lesson.weight)
    slope = classifier.coef_ / classifier.scale_
    return Learned(
        assemble(lesson.name, lesson.features, slope, classifier.center_, float(classifier.intercept_))
    )


def assemble(
    name: str, features: Sequence[str], slope: Floats, center: Floats, intercept: float
) -> AdditiveModel:
    """Return the additive model of a linear one over the columns of `expand`.

    Parameters
    ----------
    name : str
        Of the model.
    features : sequence of str
        Names in the catalogue.
    slope, center : array of float, shape (n_columns,)
        The score is the intercept plus the sum of ``slope * (column - center)``.
    intercept : float
        Of the linear model.
    """
    terms: list[Term] = []
    column = 0
    for feature in features:
        if FEATURES[feature].is_flag:
            asserted, denied = slope[column], slope[column + 1]
            intercept -= float(slope[column : column + 2] @ center[column : column + 2])
            # The score is the same whatever the zero of a term; at the usual value it adds nothing.
            usual = float(asserted) if FEATURES[feature].usual > 0 else 0.0
            intercept += usual
            terms.append(flag_steps(feature, float(denied) - usual, 0.0 - usual, float(asserted) - usual))
            column += 2
        else:
            terms.append(Line(feature, float(slope[column]) + 0.0, float(center[column]), log=True))
            column += 1
    return AdditiveModel(name, "log-odds", tuple(terms), intercept)


def columns_of(name: str) -> tuple[str, ...]:
    """Return the names of the columns of a feature: two for a flag, one for a number.

    Examples
    --------
    >>> columns_of("escalated"), columns_of("prior_reports")
    (('asserted', 'denied'), ('value',))
    """
    return ("asserted", "denied") if FEATURES[name].is_flag else ("value",)


def expand(names: Sequence[str], matrix: Floats) -> tuple[Floats, list[int]]:
    """Give each flag a column for asserted and one for denied, each number the column ``log(1 + x)``.

    Parameters
    ----------
    names : sequence of str
        Names in the catalogue.
    matrix : array of float, shape (n_cases, n_names)
        Features.

    Returns
    -------
    columns : array of float, shape (n_cases, n_columns)
        NaN where a number is unknown.
    signs : list of int
        The direction of each column.
    """
    columns = np.empty((len(matrix), sum(len(columns_of(name)) for name in names)))
    signs: list[int] = []
    for index, name in enumerate(names):
        x, sign, at = matrix[:, index], FEATURES[name].sign, len(signs)
        if FEATURES[name].is_flag:
            columns[:, at], columns[:, at + 1] = x > 0, x < 0
            signs += [sign, -sign]
        else:
            columns[:, at] = np.log1p(np.fmax(x, 0.0)) + np.where(np.isnan(x), np.nan, 0.0)
            signs.append(sign)
    return columns, signs
