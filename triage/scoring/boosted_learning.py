"""Learning additive and boosted models from labelled cases, as a recipe says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.features.catalogue import FEATURES
from triage.scoring.additive import AdditiveModel, Steps, flag_steps
from triage.scoring.boosting import MonotoneBoostingClassifier
from triage.scoring.grid import to_grid
from triage.scoring.learner import Learned, scale_to_effective
from triage.scoring.signed_additive import SignedAdditiveClassifier
from triage.scoring.trees import TreesModel
from triage.scoring.written import read_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.learner import Lesson

    Floats = NDArray[np.float64]

_SPANS: dict[str, tuple[float, float]] = {
    "penalty": (1e-6, 1e6),
    "intervals": (2, 200),
    "least_step": (0, 10),
    "runs": (0, 100),
    "rounds": (0, 100),
    "trees": (1, 1_000),
    "learning_rate": (1e-4, 1),
    "max_depth": (1, 6),
    "min_samples_leaf": (1, 1_000_000),
    "l2": (0, 1e6),
    "row_share": (0.01, 1),
    "column_share": (0.01, 1),
}


@dataclass(frozen=True)
class AdditiveOptions:
    """How an additive model is learned.

    Parameters
    ----------
    penalty, intervals : float, int
        Of `SignedAdditiveClassifier`.
    least_step : float
        Neighbouring intervals of a number that differ by less, in log-odds, become one, so that the card
        stays readable.
    """

    penalty: float = 3.0
    intervals: int = 32
    least_step: float = 0.02


@dataclass(frozen=True)
class BoostedOptions:
    """How a boosted model is learned: the parameters of `MonotoneBoostingClassifier`."""

    penalty: float = 3.0
    intervals: int = 32
    runs: int = 4
    rounds: int = 2
    trees: int = 50
    learning_rate: float = 0.02
    max_depth: int = 3
    min_samples_leaf: int = 50
    l2: float = 100.0
    row_share: float = 0.6
    column_share: float = 0.3


def read_additive_options(table: dict[str, Any], where: str) -> AdditiveOptions:
    """Read the table ``[options]`` of a recipe of an additive model.

    Raises
    ------
    InputRefusedError
        A key is not known, or a value is not possible.

    Examples
    --------
    >>> read_additive_options({"penalty": 2}, "mine.toml").penalty
    2.0
    """
    return read_numbers(AdditiveOptions, _SPANS, table, where)


def read_boosted_options(table: dict[str, Any], where: str) -> BoostedOptions:
    """Read the table ``[options]`` of a recipe of a boosted model.

    Raises
    ------
    InputRefusedError
        A key is not known, or a value is not possible.

    Examples
    --------
    >>> read_boosted_options({"runs": 8}, "mine.toml").runs
    8
    """
    return read_numbers(BoostedOptions, _SPANS, table, where)


def learn_additive(lesson: Lesson, options: AdditiveOptions) -> Learned:
    """Learn an additive model: one step function per feature.

    Each term adds 0 where its feature is as usual: a flag unknown, a number at the value that is commonest
    when the cases with current abuse count as much as all others. So what a term adds tells how a case
    differs from those that compete for a place, and not how it differs from the many that do not.

    Parameters
    ----------
    lesson : Lesson
        Labelled cases.
    options : AdditiveOptions
        How.
    """
    classifier = SignedAdditiveClassifier(options.penalty, options.intervals, _signs(lesson))
    weight = scale_to_effective(lesson.weight)
    classifier.fit(lesson.matrix, lesson.outcome, sample_weight=weight)
    terms, intercept = [], classifier.intercept_
    balanced = _balance(lesson.outcome, weight)
    for column, name in enumerate(lesson.features):
        edges, levels = classifier.edges_[column], classifier.levels_[column]
        unknown = usual = 0.0
        if not FEATURES[name].is_flag:
            x = lesson.matrix[:, column]
            edges, levels = _tidy(classifier, column, x, weight, options.least_step)
            unknown = float(classifier.unknown_[column]) if np.isnan(x).any() else np.nan
            usual = _find_usual(x, edges, levels, unknown, balanced)
            unknown = usual if np.isnan(unknown) else unknown
        term, usual = _term(name, edges, levels, unknown, usual)
        terms.append(term)
        intercept += usual
    model = AdditiveModel(lesson.name, "log-odds", tuple(terms), _grid(intercept))
    moving = sum(len(set(term.values)) > 1 for term in terms)
    return Learned(
        model,
        {
            "effective_cases": float(weight.sum()),
            "features_that_add": moving,
            "penalty": options.penalty,
            "card": [
                "Additive logistic regression on step functions in the direction of the catalogue.",
                f"{moving} of {len(terms)} features add anything.",
                f"Prior of every effect: normal around 0, standard deviation {options.penalty**-0.5:.2f}.",
            ],
        },
    )


def learn_boosted(lesson: Lesson, options: BoostedOptions) -> Learned:
    """Learn a boosted model: an additive start, and trees on what it leaves over.

    Parameters
    ----------
    lesson : Lesson
        Labelled cases.
    options : BoostedOptions
        How.
    """
    classifier = MonotoneBoostingClassifier(_signs(lesson), random_state=lesson.seed, **asdict(options))
    weight = scale_to_effective(lesson.weight)
    classifier.fit(lesson.matrix, lesson.outcome, sample_weight=weight)
    model = TreesModel(lesson.name, "log-odds", lesson.features, classifier.trees_, classifier.base_)
    leaves = sum(len(tree.leaves) for tree in model.trees)
    return Learned(
        model,
        {
            "effective_cases": float(weight.sum()),
            "trees": len(model.trees),
            "leaves": leaves,
            "card": [
                f"{len(model.trees):,} trees with {leaves:,} leaves, in the direction of the catalogue.",
                "One tree per feature is an additive start; the others are boosted on what it leaves over.",
                f"They are at most {options.max_depth} deep, and the mean of {options.runs} runs.",
                f"Reasons are by {model.reasons_note}.",
            ],
        },
    )


def merge_steps(edges: Floats, levels: Floats, mass: Floats, least: float) -> tuple[Floats, Floats]:
    """Merge neighbouring intervals that differ by less than `least`, the nearest first, to their mean.

    The order of the levels stays as it is, since a mean lies between.

    Examples
    --------
    >>> merge_steps(np.array([1.0, 2.0]), np.array([0.0, 0.01, 1.0]), np.ones(3), 0.1)
    (array([2.]), array([0.005, 1.   ]))
    """
    while len(edges):
        step = np.abs(np.diff(levels))
        at = int(step.argmin())
        if step[at] >= least and step[at] > 0:
            break
        pair = slice(at, at + 2)
        total = mass[pair].sum()
        mean = mass[pair] @ levels[pair] / total if total > 0 else levels[pair].mean()
        low, high = np.sort(levels[pair])
        edges = np.delete(edges, at)
        levels = np.concatenate([levels[:at], [np.clip(mean, low, high)], levels[at + 2 :]])
        mass = np.concatenate([mass[:at], [total], mass[at + 2 :]])
    return edges, levels


def _term(name: str, edges: Floats, levels: Floats, unknown: float, usual: float) -> tuple[Steps, float]:
    """Return the term of a feature, and what it would add at the usual value."""
    feature = FEATURES[name]
    if feature.is_flag:
        of_flag = levels[np.searchsorted(edges, [-1.0, 0.0, 1.0], side="right")]
        usual = float(of_flag[2] if feature.usual > 0 else of_flag[1])
        return flag_steps(name, *to_grid(of_flag - usual).tolist()), usual
    values = tuple(to_grid(levels - usual).tolist())
    return Steps(name, tuple(edges.tolist()), values, _grid(unknown - usual)), usual


def _tidy(
    classifier: SignedAdditiveClassifier, column: int, x: Floats, weight: Floats, least: float
) -> tuple[Floats, Floats]:
    """Return the steps of a number after merging."""
    edges, levels, known = classifier.edges_[column], classifier.levels_[column], ~np.isnan(x)
    reached = np.searchsorted(edges, x[known], side="right")
    mass = np.bincount(reached, weight[known], minlength=len(levels)).astype(np.float64)
    return merge_steps(edges, levels, mass, least)


def _find_usual(x: Floats, edges: Floats, levels: Floats, unknown: float, balanced: Floats) -> float:
    """Return what a number adds where most of the balanced cases are; of equal ones, the lowest step."""
    known = ~np.isnan(x)
    reached = np.where(known, np.searchsorted(edges, np.where(known, x, 0.0), side="right"), len(levels))
    mass = np.bincount(reached, balanced, minlength=len(levels) + 1)
    return float([*levels.tolist(), unknown][int(mass.argmax())])


def _balance(outcome: Floats, weight: Floats) -> Floats:
    """Return weights with which both outcomes count the same."""
    yes = outcome > 0
    sums = np.array([weight[~yes].sum(), weight[yes].sum()])
    return np.asarray(weight / np.where(sums > 0, sums, 1.0)[yes.astype(int)])


def _signs(lesson: Lesson) -> list[int]:
    return [FEATURES[name].sign for name in lesson.features]


def _grid(value: float) -> float:
    return float(to_grid(np.array(value)))
