from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.additive import parse_additive
from triage.scoring.informed.learning import InformedOptions, learn_informed, read_options
from triage.scoring.learner import Lesson

NAMES = ("escalated", "contact_record", "viral", "lives_with_child", "prior_reports", "days_since_contact")
WHOLE = InformedOptions(mean_shares=(1.0,), scale_factors=(1.0,))


def lesson(matrix: np.ndarray, outcome: np.ndarray, names: tuple[str, ...] = NAMES, **more) -> Lesson:
    weight = more.pop("weight", np.ones(len(outcome)))
    return Lesson("informed", names, matrix, outcome, weight, **more)


def no_lesson(names: tuple[str, ...] = NAMES) -> Lesson:
    return lesson(np.empty((0, len(names))), np.empty(0), names)


def simulate(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Effects: escalated 0.5, contact record 2.0, viral -1.0, a child in the home 0.6, ln(1 + reports) 0.4."""
    rng = np.random.default_rng(seed)
    flags = rng.choice([-1.0, 0.0, 1.0], size=(n, 4))
    reports, days = rng.poisson(1.0, n).astype(float), rng.exponential(30, n)
    days[rng.random(n) < 0.3] = np.nan
    asserted = flags > 0
    logit = asserted @ np.array([0.5, 2.0, -1.0, 0.6]) + 0.4 * np.log1p(reports) - 2.5
    return np.column_stack([flags, reports, days]), (rng.random(n) < expit(logit)).astype(float)


def added(model, name: str, value: float) -> float:
    row = np.zeros((1, len(model.features)))
    row[0, model.features.index(name)] = value
    return float(model.contributions(row)[0, model.features.index(name)])


def test_without_labels_the_terms_are_the_published_classes() -> None:
    """By hand: "++" is 1.6, "weak -" -0.3, "--" -1.6, and a "-" of 60 days against 1 is -0.8."""
    model = learn_informed(no_lesson(), WHOLE).model
    assert (model.unit, model.intercept) == ("log-odds", -5.0)
    assert added(model, "escalated", 1.0) == pytest.approx(1.6)
    assert added(model, "contact_record", -1.0) == pytest.approx(-0.3)
    assert added(model, "viral", 1.0) == pytest.approx(-1.6)
    assert added(model, "lives_with_child", 1.0) == 0.0
    assert added(model, "days_since_contact", 60.0) == pytest.approx(0.0, abs=1e-5)
    assert added(model, "days_since_contact", 1.0) == pytest.approx(0.8, abs=1e-5)
    assert added(model, "prior_reports", 3.0) - added(model, "prior_reports", 0.0) == pytest.approx(
        0.8, abs=1e-5
    )


def test_what_is_unknown_adds_nothing() -> None:
    for learned in (learn_informed(no_lesson(), WHOLE), learn_informed(lesson(*simulate(500)), WHOLE)):
        row = np.array([[0.0, 0.0, 0.0, 0.0, np.nan, np.nan]])
        assert not learned.model.contributions(row).any()


def test_without_labels_no_share_of_the_evidence_changes_the_order() -> None:
    names = tuple(FEATURES)
    rng = np.random.default_rng(0)
    matrix = rng.choice([-1.0, 0.0, 1.0], size=(300, len(names)))
    whole, averaged = (
        learn_informed(no_lesson(names), options).model for options in (WHOLE, InformedOptions())
    )
    scores = [model.score(model.contributions(matrix)) - model.intercept for model in (whole, averaged)]
    share = learn_informed(no_lesson(names), InformedOptions()).notes["mean_share"]
    np.testing.assert_allclose(scores[1], share * scores[0], rtol=2e-4, atol=1e-3)


def test_where_a_person_is_the_rule_their_absence_lowers() -> None:
    model = learn_informed(no_lesson(("person_reported",)), WHOLE).model
    assert added(model, "person_reported", 1.0) == 0.0
    assert added(model, "person_reported", 0.0) == pytest.approx(-1.6)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_moves_the_base_rate_its_way(outcome: float) -> None:
    matrix = np.zeros((30, len(NAMES)))
    model = learn_informed(lesson(matrix, np.full(30, outcome)), WHOLE).model
    assert (model.intercept > -5.0) == (outcome == 1.0)
    # Nothing was asserted, so nothing was learned of it.
    assert added(model, "escalated", 1.0) == pytest.approx(1.6, abs=1e-5)


def test_few_labels_move_a_factor_part_of_the_way() -> None:
    matrix, y = simulate(400)
    model = learn_informed(lesson(matrix, y), WHOLE).model
    assert 0.5 < added(model, "escalated", 1.0) < 1.6


def test_many_labels_swamp_the_evidence() -> None:
    model = learn_informed(lesson(*simulate(60_000)), InformedOptions()).model
    effects = {"escalated": 0.5, "contact_record": 2.0, "viral": -1.0, "lives_with_child": 0.6}
    for name, effect in effects.items():
        assert added(model, name, 1.0) == pytest.approx(effect, abs=0.12)
        assert added(model, name, -1.0) == pytest.approx(0.0, abs=0.12)
    assert added(model, "prior_reports", 3.0) - added(model, "prior_reports", 0.0) == pytest.approx(
        0.4 * np.log(4), abs=0.1
    )


@given(st.integers(0, 10_000), st.integers(1, 60))
@settings(deadline=None, max_examples=25)
def test_every_term_goes_the_way_of_the_catalogue(seed: int, n: int) -> None:
    """Exactly: denied, unknown and asserted in order, and never falling as a number that raises grows."""
    rng = np.random.default_rng(seed)
    matrix, _ = simulate(n, seed)
    model = learn_informed(lesson(matrix, (rng.random(n) < 0.5).astype(float)), InformedOptions()).model
    for name in NAMES:
        feature = FEATURES[name]
        ladder = [-1.0, 0.0, 1.0] if feature.is_flag else [0.0, 1.0, 2.0, 9.0, 400.0]
        steps = np.diff([added(model, name, value) for value in ladder])
        assert (steps * feature.sign >= 0).all()


def test_model_survives_its_own_file() -> None:
    model = learn_informed(lesson(*simulate(300)), InformedOptions()).model
    again = parse_additive(json.loads(json.dumps(model.as_dict(), allow_nan=False)), "here")
    assert again == model


def test_same_lesson_gives_the_same_bytes() -> None:
    first, second = (learn_informed(lesson(*simulate(800)), InformedOptions()) for _ in range(2))
    assert json.dumps(first.model.as_dict()) == json.dumps(second.model.as_dict())
    assert json.dumps(first.notes, allow_nan=False) == json.dumps(second.notes, allow_nan=False)


def test_equal_weights_change_nothing_and_others_do() -> None:
    matrix, y = simulate(300)
    plain = learn_informed(lesson(matrix, y), InformedOptions()).model
    assert learn_informed(lesson(matrix, y, weight=np.full(300, 250.0)), InformedOptions()).model == plain
    weight = np.random.default_rng(0).choice([1.0, 250.0], 300)
    assert learn_informed(lesson(matrix, y, weight=weight), InformedOptions()).model != plain


def test_notes_tell_each_factor_before_and_after() -> None:
    matrix, y = simulate(300)
    notes = learn_informed(lesson(matrix, y), WHOLE).notes
    assert (notes["labels"], notes["positives"]) == (300, int(y.sum()))
    assert (notes["mean_share"], notes["scale_factor"]) == (1.0, 1.0)
    rows = {row["of"]: row for row in notes["coefficients"]}
    before, after = rows["escalated: asserted"]["before"], rows["escalated: asserted"]["after"]
    # The published class, cut at 0: N(1.6, 0.5^2) has next to nothing below 0.
    assert before == pytest.approx([1.6, 1.6 - 0.98, 1.6 + 0.98], abs=0.01)
    assert after[2] - after[1] < before[2] - before[1]
    card = "\n".join(notes["card"])
    assert "300 labelled cases" in card
    assert "those of opened cases" in card
    assert "| escalated: asserted | ++ | +1.60 (+0.6" in card
    assert "| prior_reports: 3 against 0 | + | +0.80 " in card


def test_card_without_labels_says_that_the_log_odds_mean_nothing() -> None:
    card = "\n".join(learn_informed(no_lesson(), InformedOptions()).notes["card"])
    assert "0 labelled cases" in card
    assert "the log-odds do not" in card


def test_sources_stand_beside_the_factors() -> None:
    assert "Smid 2014" in learn_informed(no_lesson(), WHOLE).model.sources["contact_record"]


def test_evidence_may_be_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'kind = "evidence"\n[base_rate]\nmean = -3\nspread = 1\n[class]\n"yes" = { mean = 1, spread = 0.1 }\n'
        '"none" = { mean = 0, spread = 1 }\n[[factor]]\nfeature = "escalated"\nasserted = "yes"\nsource = "me"\n'
    )
    options = InformedOptions(evidence=str(tmp_path / "mine.toml"), mean_shares=(1.0,))
    model = learn_informed(no_lesson(("escalated",)), options).model
    assert (model.intercept, added(model, "escalated", 1.0)) == (-3.0, 1.0)
    with pytest.raises(InputRefusedError, match="no entry for viral"):
        learn_informed(no_lesson(("escalated", "viral")), options)


def test_options_are_read_to_the_last_key() -> None:
    table = {
        "evidence": "x.toml", "mean_shares": [1, 0.5], "scale_factors": [1], "likely_share": 1,
        "likely_factor": 2, "doubt": 3,
    }  # fmt: skip
    assert read_options(table, "r.toml") == InformedOptions("x.toml", (1.0, 0.5), (1.0,), 1.0, 2.0, 3.0)
    assert read_options({}, "r.toml") == InformedOptions()


@pytest.mark.parametrize(
    "table",
    [
        {"mean_share": [1.0]},
        {"evidence": 3},
        {"evidence": ""},
        {"weights": "given"},
        {"mean_shares": []},
        {"mean_shares": 0.5},
        {"mean_shares": [-0.1]},
        {"doubt": 0},
        {"likely_share": "much"},
        {"likely_factor": True},
        {"mean_shares": [True]},
        {"mean_shares": [float("nan")]},
        {"scale_factors": [0.0]},
        {"scale_factors": [1.0, 1.0]},
        {"mean_shares": [0.1 + i for i in range(20)], "scale_factors": [1.0 + i for i in range(20)]},
    ],
)
def test_options_that_cannot_be_right_are_refused(table: dict) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read_options(table, "r.toml")
    assert caught.value.where == "r.toml"
