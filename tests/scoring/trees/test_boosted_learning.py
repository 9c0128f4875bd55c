from __future__ import annotations

import json
import tomllib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.additive import parse_additive
from triage.scoring.boosted_learning import (
    AdditiveOptions,
    BoostedOptions,
    learn_additive,
    learn_boosted,
    merge_steps,
    read_additive_options,
    read_boosted_options,
)
from triage.scoring.learner import Lesson
from triage.scoring.signed_additive import SignedAdditiveClassifier
from triage.scoring.trees_file import parse_trees
from triage.shipped import find_shipped

QUICK = BoostedOptions(runs=2, rounds=1, trees=5, l2=1.0)
NAMES = ("person_reported", "contact_record", "prior_reports", "days_since_upload", "viral")


def lesson(seed: int = 0, n: int = 2000, weight: float = 1.0) -> Lesson:
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.random(n) < 0.7,
            rng.integers(-1, 2, n),
            rng.poisson(0.3, n),
            np.where(rng.random(n) < 0.3, np.nan, rng.exponential(30, n)),
            rng.random(n) < 0.2,
        ]
    ).astype(float)
    truth = X[:, 0] + X[:, 1] + 0.5 * X[:, 2] - 0.02 * np.nan_to_num(X[:, 3]) - X[:, 4] - 2
    y = (rng.random(n) < expit(truth)).astype(float)
    return Lesson("mine", NAMES, X, y, np.full(n, weight), seed)


def test_additive_model_is_the_classifier_it_was_learned_by() -> None:
    given = lesson()
    model = learn_additive(given, AdditiveOptions(least_step=0.0)).model
    signs = [FEATURES[name].sign for name in NAMES]
    classifier = SignedAdditiveClassifier(3.0, 32, signs).fit(given.matrix, given.outcome)
    new = lesson(1).matrix
    np.testing.assert_allclose(
        model.score(model.contributions(new)), classifier.decision_function(new), atol=1e-9
    )


def test_what_is_usual_adds_nothing() -> None:
    model = learn_additive(lesson(), AdditiveOptions()).model
    # A person is reported, no report before; everything else is unknown.
    parts = model.contributions(np.array([[1.0, 0.0, 0.0, np.nan, 0.0]]))
    np.testing.assert_array_equal(parts, np.zeros((1, 5)))
    assert model.contributions(np.array([[0.0, 0, 0, 0, 0]]))[0, 0] < 0


def test_learned_models_pass_the_checks_of_a_file() -> None:
    additive = learn_additive(lesson(), AdditiveOptions()).model
    assert parse_additive(json.loads(json.dumps(additive.as_dict())), "x") == additive
    boosted = learn_boosted(lesson(), QUICK).model
    back = parse_trees(json.loads(json.dumps(boosted.as_dict())), "x")
    new = lesson(1).matrix
    np.testing.assert_array_equal(back.contributions(new), boosted.contributions(new))
    assert back.as_dict() == boosted.as_dict()


def test_learning_is_repeatable() -> None:
    first, second = (learn_boosted(lesson(), QUICK).model.as_dict() for _ in range(2))
    assert first == second
    assert first != learn_boosted(
        Lesson("mine", NAMES, lesson().matrix, lesson().outcome, lesson().weight, 1), QUICK
    ).model.as_dict()  # fmt: skip


def test_only_proportions_of_weights_matter() -> None:
    """A case that stands for fifty is still one case that was seen."""
    one, fifty = (learn_additive(lesson(weight=w), AdditiveOptions()).model for w in (1.0, 50.0))
    new = lesson(1).matrix
    np.testing.assert_allclose(
        one.score(one.contributions(new)), fifty.score(fifty.contributions(new)), atol=1e-5
    )


def test_notes_tell_how_it_was_learned() -> None:
    notes = learn_boosted(lesson(), QUICK).notes
    assert notes["effective_cases"] == pytest.approx(2000)
    assert any("path attribution" in line for line in notes["card"])
    assert json.dumps(notes)
    assert json.dumps(learn_additive(lesson(), AdditiveOptions()).notes)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0, 9)), min_size=1, max_size=12), st.floats(0, 2))
@settings(deadline=None)
def test_merged_steps_keep_their_order_and_differ(pairs: list[tuple[float, float]], least: float) -> None:
    levels, mass = np.sort([level for level, _ in pairs]), np.array([mass for _, mass in pairs])
    edges, merged = merge_steps(np.arange(len(levels) - 1.0), levels, mass, least)
    assert len(merged) == len(edges) + 1
    assert (np.diff(merged) >= least).all()
    assert (np.diff(merged) > 0).all()
    assert levels[0] <= merged[0]
    assert merged[-1] <= levels[-1]


@pytest.mark.parametrize("read", [read_additive_options, read_boosted_options])
@pytest.mark.parametrize(
    "table",
    [
        {"depth": 3},
        {"penalty": 0},
        {"penalty": "4"},
        {"penalty": True},
        {"intervals": 4.5},
        {"penalty": float("nan")},
    ],
)
def test_impossible_options_are_refused(read: Any, table: dict[str, Any]) -> None:
    with pytest.raises(InputRefusedError, match=r"mine\.toml"):
        read(table, "mine.toml")


@pytest.mark.parametrize(
    ("name", "read", "expected"),
    [
        ("additive", read_additive_options, AdditiveOptions()),
        ("boosted", read_boosted_options, BoostedOptions()),
    ],
)
def test_shipped_recipe_holds_the_defaults(name: str, read: Any, expected: Any) -> None:
    content = tomllib.loads(find_shipped("models", f"{name}.toml").read_text(encoding="utf-8"))
    assert read(content["options"], name) == expected
