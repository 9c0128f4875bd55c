from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.additive import Steps, parse_additive
from triage.scoring.learner import Lesson
from triage.scoring.scorecard.learning import ScorecardOptions, learn_scorecard, read_options

FLAG_UP = next(name for name, feature in FEATURES.items() if feature.is_flag and feature.sign > 0)
FLAG_DOWN = next(name for name, feature in FEATURES.items() if feature.is_flag and feature.sign < 0)
NUMBER_DOWN = next(name for name, feature in FEATURES.items() if not feature.is_flag and feature.sign < 0)
NAMES = (FLAG_UP, FLAG_DOWN, NUMBER_DOWN)


def lesson(n: int = 2_000, seed: int = 0) -> Lesson:
    rng = np.random.default_rng(seed)
    days = rng.exponential(100, n)
    matrix = np.column_stack([rng.integers(-1, 2, n), rng.integers(-1, 2, n), days]).astype(float)
    log_odds = matrix[:, 0] - matrix[:, 1] + 2.0 * (days < 50) - 1
    matrix[rng.random(n) < 0.3, 2] = np.nan
    outcome = (rng.random(n) < expit(log_odds)).astype(float)
    return Lesson("card", NAMES, matrix, outcome, np.ones(n), seed)


def test_points_are_whole_and_their_sum_is_the_score() -> None:
    given = lesson()
    learned = learn_scorecard(given, ScorecardOptions())
    model = learned.model
    assert (model.unit, model.intercept) == ("points", 0.0)
    columns = [NAMES.index(name) for name in model.features]
    score = model.score(model.contributions(given.matrix[:, columns]))
    assert (score == np.round(score)).all()
    log_odds = (score + learned.notes["intercept"]) / learned.notes["multiplier"]
    loss = np.mean(np.logaddexp(0, log_odds) - given.outcome * log_odds)
    assert loss == pytest.approx(learned.notes["loss"], rel=1e-9)


def test_model_is_read_back_and_keeps_the_law() -> None:
    model = learn_scorecard(lesson(), ScorecardOptions()).model
    assert parse_additive(model.as_dict(), "here") == model
    terms = {term.feature: term for term in model.terms}
    denied, unknown, asserted = terms[FLAG_UP].values
    assert denied < unknown == 0 < asserted
    denied, unknown, asserted = terms[FLAG_DOWN].values
    assert denied > unknown == 0 > asserted
    days = terms[NUMBER_DOWN]
    assert isinstance(days, Steps)
    assert days.unknown == 0
    assert list(days.values) == sorted(days.values, reverse=True)
    assert len(days.edges) <= 3


def test_card_tells_points_scale_and_pool() -> None:
    learned = learn_scorecard(lesson(), ScorecardOptions(max_factors=2))
    text = "\n".join(learned.notes["card"])
    assert f"| {FLAG_UP}: asserted |" in text
    assert "Log-odds among the cases it was fitted on" in text
    assert "near-equal cards" in text
    assert "is not proved" in text
    assert len(learned.model.features) == 2


def test_proof_is_told() -> None:
    learned = learn_scorecard(lesson(300), ScorecardOptions(max_cuts=2, certify_seconds=5, certify_nodes=20))
    assert learned.notes["lower_bound"] <= learned.notes["loss"]
    assert "Proved: with this multiplier" in "\n".join(learned.notes["card"])


def test_outcomes_that_nothing_tells_apart_give_a_card_without_points() -> None:
    blank = Lesson("card", NAMES, np.zeros((40, 3)), np.arange(40) % 2 * 1.0, np.ones(40))
    model = learn_scorecard(blank, ScorecardOptions()).model
    assert model.contributions(np.zeros((2, 1))).tolist() == [[0.0], [0.0]]
    assert parse_additive(model.as_dict(), "here") == model


def test_same_lesson_gives_the_same_card_on_any_number_of_threads() -> None:
    from threadpoolctl import threadpool_limits

    cards = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            cards.append(learn_scorecard(lesson(), ScorecardOptions(kicks=2)))
    assert cards[0].model == cards[1].model
    assert cards[0].notes == cards[1].notes


def test_options_have_defaults_and_keep_what_is_given() -> None:
    assert read_options({}, "here") == ScorecardOptions()
    assert read_options({"penalty": 3, "max_steps": 1}, "here") == ScorecardOptions(penalty=3.0, max_steps=1)


@pytest.mark.parametrize(
    "table",
    [{"factors": 3}, {"max_factors": 0}, {"max_factors": 2.0}, {"penalty": "much"}, {"penalty": -1},
     {"max_points": True}, {"pool_gap": float("nan")}],
)  # fmt: skip
def test_wrong_options_are_refused(table: dict) -> None:
    with pytest.raises(InputRefusedError):
        read_options(table, "recipe.toml")


def test_shipped_recipe_can_be_read() -> None:
    import tomllib

    from triage.shipped import find_shipped

    content = tomllib.loads(find_shipped("models", "scorecard.toml").read_text(encoding="utf-8"))
    options = read_options(content["options"], "scorecard.toml")
    assert (options.max_factors, options.max_points) == (15, 10)
