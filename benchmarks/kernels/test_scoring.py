"""What each feature adds to the scores of 100,000 cases; by trees, and in sentences, of 20,000."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage import load_model
from triage.features.telling import tell
from triage.scoring.additive import AdditiveModel, Line
from triage.worklist.reasons import MOST_REASONS, SMALLEST_SHOWN, give_reasons, show_points
from triage.worklist.restating import join_alike

if TYPE_CHECKING:
    from benchmarks.kernels.conftest import World

CASES = 100_000
TABLES = {"scorecard": "nl-2017/scorecard", "additive": "nl-2017/additive", "expert": "expert"}
BOOSTED = "nl-2017/boosted"
DEPTH = 3


def contribute(name: str, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(load_model(name).model.contributions(matrix))


def cut_in_pandas(name: str, matrix: np.ndarray) -> np.ndarray:
    """Look up each interval as packages for scorecards do: one cut and one map a column."""
    model = load_model(name).model
    columns = {}
    for term, x in zip(model.terms, matrix.T, strict=True):
        assert not isinstance(term, Line)
        bins = pd.cut(x, [-np.inf, *term.edges, np.inf], right=False, labels=False)
        columns[term.feature] = pd.Series(bins).map(dict(enumerate(term.values))).fillna(term.unknown)
    return pd.DataFrame(columns).to_numpy()


@cache
def fit_boosting(columns: int, trees: int) -> HistGradientBoostingClassifier:
    draws = np.random.default_rng(0)
    matrix, outcome = draws.normal(size=(5_000, columns)), draws.integers(0, 2, 5_000)
    return HistGradientBoostingClassifier(
        max_iter=trees, max_depth=DEPTH, early_stopping=False, random_state=0
    ).fit(matrix, outcome)


def boost_in_sklearn(matrix: np.ndarray) -> np.ndarray:
    """Score by as many trees, of another model, and without what each feature adds."""
    trees = len(load_model(BOOSTED).model.trees)
    return np.asarray(fit_boosting(matrix.shape[1], trees).decision_function(matrix))


def say_in_python(model: AdditiveModel, matrix: np.ndarray, contributions: np.ndarray) -> pa.Array:
    """Make the sentences case by case."""
    joined = join_alike(model.features, matrix, contributions)
    reasons = []
    for values, row in zip(matrix, joined, strict=True):
        largest = np.argsort(-np.abs(row), kind="stable")[:MOST_REASONS]
        reasons.append(
            "; ".join(
                f"{tell(model.features[term], values[term])} ({show_points(row[term], whole=False)})"
                for term in largest
                if abs(row[term]) >= SMALLEST_SHOWN
            )
        )
    return pa.array(reasons)


SCORING = {
    f"parts of a score: {name}": {
        HERE: partial(contribute, model),
        "pandas cut": partial(cut_in_pandas, model),
    }
    for name, model in TABLES.items()
}
BOOSTING = {
    "parts of a score: boosted": {
        HERE: partial(contribute, BOOSTED),
        "scikit-learn, scores alone": boost_in_sklearn,
    }
}
REASONS = {"reasons without facts": {HERE: give_reasons, "row by row": say_in_python}}


@pytest.mark.parametrize(("work", "way"), list_sides(SCORING))
def test_scoring_by_tables(benchmark: Any, world: World, work: str, way: str) -> None:
    model = load_model(TABLES[work.removeprefix("parts of a score: ")]).model
    matrix = world.matrix(model.features, CASES)
    measure(benchmark, SCORING, work, way, matrix, check=np.testing.assert_allclose)


@pytest.mark.parametrize(("work", "way"), list_sides(BOOSTING))
def test_scoring_by_trees(benchmark: Any, world: World, work: str, way: str) -> None:
    matrix = world.matrix(load_model(BOOSTED).model.features)
    if way != HERE:
        boost_in_sklearn(matrix[:1])
    measure(benchmark, BOOSTING, work, way, matrix)


@pytest.mark.parametrize(("work", "way"), list_sides(REASONS))
def test_reasons(benchmark: Any, world: World, work: str, way: str) -> None:
    model = load_model("nl-2017/additive").model
    matrix = world.matrix(model.features)
    given = model, matrix, model.contributions(matrix)
    measure(
        benchmark, REASONS, work, way, *given, check=lambda a, b: pytest.fail("differ") if a != b else None
    )
