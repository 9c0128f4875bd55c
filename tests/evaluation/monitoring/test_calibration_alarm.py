from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.alarm import CalibrationAlarm, DriftAlarm

DAY = np.datetime64("2024-01-01")


def expected_wealth(alarm: CalibrationAlarm, steps: list[list[float]], truth: list[list[float]]) -> float:
    """Return the mean wealth over all outcomes, each as likely as the truth has it."""
    p, r = np.concatenate(steps), np.concatenate(truth)
    days = DAY + np.repeat(np.arange(len(steps)), [len(step) for step in steps])
    mean = 0.0
    for y in itertools.product([0, 1], repeat=len(p)):
        chance = float(np.prod(np.where(y, r, 1 - r)))
        mean += chance * alarm.update(y, p, time=days).wealth
    return mean


STEPS = [[0.1, 0.02], [0.6], [0.3, 0.9, 0.05], [0.5, 0.2]]


def test_wealth_is_a_martingale_where_probabilities_are_right() -> None:
    alarm = CalibrationAlarm(tolerance=0)
    for last in range(1, len(STEPS) + 1):
        assert expected_wealth(alarm, STEPS[:last], STEPS[:last]) == pytest.approx(1, abs=1e-12)


def test_wealth_is_a_martingale_from_any_state() -> None:
    alarm = CalibrationAlarm(tolerance=0).update([1, 0, 1], [0.2, 0.1, 0.3])
    assert expected_wealth(alarm, STEPS[:3], STEPS[:3]) == pytest.approx(alarm.wealth, rel=1e-12)


@pytest.mark.parametrize("error", [-0.1, -0.05, 0.0, 0.06, 0.1])
def test_wealth_gains_nothing_on_average_within_the_tolerance(error: float) -> None:
    truth = [list(expit(logit(np.array(step)) + error)) for step in STEPS]
    assert expected_wealth(CalibrationAlarm(tolerance=0.1), STEPS, truth) <= 1 + 1e-12


def test_wealth_grows_on_average_beyond_the_tolerance() -> None:
    truth = [list(expit(logit(np.array(step)) + 1.5)) for step in STEPS]
    assert expected_wealth(CalibrationAlarm(tolerance=0.1), STEPS, truth) > 1.1


def test_one_bet_by_hand() -> None:
    # v = 0.2 * 0.8 = 0.16: held back 1 / log2(2.16), put down the rest, times q / p with logit q = logit 0.2 + 1.
    alarm = CalibrationAlarm(tolerance=0, shifts=(1.0,), slopes=()).update([1], [0.2])
    held, odds = 1 / math.log2(2.16), 0.25 * math.e
    assert alarm.wealth == pytest.approx(held + (1 - held) * odds / (1 + odds) / 0.2)


def test_slopes_turn_about_the_centre() -> None:
    alarm = CalibrationAlarm(tolerance=0, centre=0.2, shifts=(), slopes=(2.0,)).update([0], [0.5])
    # logit q = logit 0.2 + 2 (0 - logit 0.2) = log 4, so q = 0.8.
    held = 1 / math.log2(2.25)
    assert alarm.wealth == pytest.approx(held + (1 - held) * 0.2 / 0.5)
    assert CalibrationAlarm(tolerance=0, centre=0.2, shifts=(), slopes=(2.0,)).update(
        [1], [0.2]
    ).wealth == pytest.approx(1)


def test_alarm_continues_where_it_was() -> None:
    rng = np.random.default_rng(2)
    p = rng.uniform(0.01, 0.3, 500)
    y, time = rng.random(500) < p, DAY + np.sort(rng.integers(0, 40, 500))
    whole = CalibrationAlarm().update(y, p, time=time)
    first = time < DAY + 15
    part = CalibrationAlarm().update(y[first], p[first], time=time[first])
    part = CalibrationAlarm.from_dict(json.loads(json.dumps(part.as_dict())))
    part = part.update(y[~first], p[~first], time=time[~first])
    assert part.log_wealth == pytest.approx(whole.log_wealth, rel=1e-9)
    assert (part.cases, part.sounded_after) == (whole.cases, whole.sounded_after)
    assert part.peak == pytest.approx(whole.peak)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_order_within_a_day_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, y = rng.uniform(0, 1, 60), rng.integers(0, 2, 60)
    time, mixed = DAY + rng.integers(0, 5, 60), rng.permutation(60)
    first = CalibrationAlarm().update(y, p, time=time)
    second = CalibrationAlarm().update(y[mixed], p[mixed], time=time[mixed])
    assert first.log_wealth == pytest.approx(second.log_wealth)
    assert first.sounded_after == second.sounded_after


@pytest.mark.parametrize(("shift", "words"), [(1.5, "more frequent"), (-2.5, "less frequent")])
def test_alarm_sounds_and_says_in_which_direction(shift: float, words: str) -> None:
    rng = np.random.default_rng(6)
    p = expit(rng.normal(-3.5, 1, 4_000))
    y = rng.random(4_000) < expit(logit(p) + shift)
    alarm = CalibrationAlarm().update(y, p, time=DAY + np.arange(4_000) // 10)
    assert alarm.sounded
    assert words in alarm.leading
    assert words in str(alarm)
    assert alarm.p_value < 0.05


def test_alarm_once_sounded_stays() -> None:
    alarm = CalibrationAlarm().update(np.ones(20), np.full(20, 0.1))
    again = alarm.update(np.zeros(5_000), np.full(5_000, 0.3))
    assert alarm.sounded
    assert again.sounded_after == alarm.sounded_after == 20


def test_late_break_is_found_in_spite_of_a_long_good_time() -> None:
    rng = np.random.default_rng(9)
    p = expit(rng.normal(-4, 1.2, 60_000))
    good = np.arange(60_000) < 50_000
    y = rng.random(60_000) < np.where(good, p, expit(logit(p) + 1))
    alarm = CalibrationAlarm().update(y, p, time=DAY + np.arange(60_000) // 50)
    assert alarm.sounded_after > 50_000
    assert p[50_000 : alarm.sounded_after].sum() < 60


def test_exact_probabilities_that_are_right_change_nothing() -> None:
    alarm = CalibrationAlarm().update([1, 0], [0.3, 0.1])
    same = alarm.update([1, 0, 1], [1.0, 0.0, 1.0])
    assert same.log_wealth == pytest.approx(alarm.log_wealth)
    assert same.cases == 5


def test_exact_probability_that_is_wrong_counts_against_the_model() -> None:
    alarm = CalibrationAlarm().update([0] * 200, [0.05] * 200)
    wrong = alarm.update([1], [0.0])
    assert alarm.wealth < wrong.wealth < math.inf


def test_extreme_histories_stay_finite() -> None:
    alarm = CalibrationAlarm().update(np.ones(200_000), np.full(200_000, 1e-9))
    assert math.isfinite(alarm.wealth)
    assert alarm.sounded
    good = CalibrationAlarm().update(np.zeros(200_000), np.full(200_000, 0.4))
    assert good.sounded
    json.dumps(good.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "settings_",
    [{"alpha": 0}, {"alpha": 1}, {"tolerance": -1}, {"centre": 0}, {"shifts": (), "slopes": ()},
     {"shifts": (math.inf,)}, {"slopes": (-1.0,)}, {"log_wealth": (0.0,)}],
)  # fmt: skip
def test_settings_that_give_no_alarm_are_refused(settings_: dict[str, object]) -> None:
    with pytest.raises(InputRefusedError):
        CalibrationAlarm(**settings_)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", [None, [], {}, {"alpha": "x"}, CalibrationAlarm().as_dict() | {"cases": -1}]
)
def test_strange_states_are_refused(content: object) -> None:
    with pytest.raises(InputRefusedError):
        CalibrationAlarm.from_dict(content)
    with pytest.raises(InputRefusedError):
        DriftAlarm.from_dict({"alpha": 2, "looks": 0, "sounded_at": 0})


def test_levels_of_the_drift_alarm_add_up_to_alpha() -> None:
    alarm, total = DriftAlarm(alpha=0.04), 0.0
    for _ in range(2_000):
        total += alarm.next_level
        alarm = alarm.update(1.0)
    assert 0.0399 < total < 0.04
    assert not alarm.sounded
    assert alarm.update(0.0).sounded_at == 2_001
    assert alarm.update(math.nan) == alarm


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "tolerance", "error"), [(0.05, 0.0, 0.0), (0.2, 0.0, 0.0), (0.2, 0.1, 0.1)]
)
def test_false_alarms_over_a_long_time_are_rare(alpha: float, tolerance: float, error: float) -> None:
    rng = np.random.default_rng(21)
    draws, days, each = 2_000, 300, 10
    alarm, time = CalibrationAlarm(alpha=alpha, tolerance=tolerance), DAY + np.repeat(np.arange(days), each)
    sounded = 0
    for _ in range(draws):
        x = rng.normal(-3, 1.2, days * each)
        sounded += alarm.update(rng.random(days * each) < expit(x + error), expit(x), time=time).sounded
    # Ville: at most alpha for ever; here a finite time, and three standard errors.
    assert sounded / draws <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / draws)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "later", "most"), [(1.0, 0, 20), (1.0, 200, 40), (-1.0, 0, 50), (-1.0, 200, 90)]
)
def test_breaks_are_found_within_the_delay_that_is_stated(shift: float, later: int, most: float) -> None:
    rng = np.random.default_rng(22)
    delays = []
    for _ in range(100):
        day = np.repeat(np.arange(later + 400), 50)
        x = rng.normal(-4.9, 1.5, len(day))
        y = rng.random(len(day)) < expit(x + shift * (day >= later))
        alarm = CalibrationAlarm().update(y, expit(x), time=DAY + day)
        delays.append(expit(x)[later * 50 : alarm.sounded_after].sum() if alarm.sounded else math.inf)
    assert np.median(delays) <= most


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_it_sounds_at_a_wealth_of_one_over_alpha_and_not_before(alpha):
    alarm, wealth = CalibrationAlarm(alpha=alpha), []
    for _ in range(400):
        alarm = alarm.update(np.array([1.0]), np.array([0.6]))
        wealth.append(alarm.wealth)
        assert alarm.sounded == (max(wealth) >= 1 / alpha)
    assert alarm.sounded
    # It has come through the stretch in which a bound twice as large would have sounded.
    assert any(0.5 / alpha < one < 1 / alpha for one in wealth)


@pytest.mark.parametrize(
    "edited",
    [{"log_wealth": [1e299] * 12}, {"peak": 50.0}, {"peak": 0.0, "sounded_after": 3}, {"sounded_after": 3}],
)
def test_an_alarm_that_contradicts_itself_is_refused(edited):
    alarm = CalibrationAlarm().update(np.array([0.0, 1.0]), np.array([0.1, 0.2]))
    whole = alarm.as_dict()
    assert CalibrationAlarm.from_dict(whole) == alarm
    edited = {
        name: value[: len(whole[name])] if name == "log_wealth" else value for name, value in edited.items()
    }
    with pytest.raises(InputRefusedError, match="do not agree"):
        CalibrationAlarm.from_dict(whole | edited)
