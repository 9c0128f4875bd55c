"""Decision curves: against the R package dcurves, by hand, and against resampled cases."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.proportions import wilson_interval
from triage.evaluation.usefulness.net_benefit import decision_curve, default_thresholds, net_benefit

# df_binary and df_case_control of the R package dcurves 0.5.0 (MIT licence, Daniel D. Sjoberg), their columns
# cancer, famhistory, cancerpredmarker and casecontrol.
DCURVES = pd.read_csv(Path(__file__).parent / "df_binary.csv")
THRESHOLDS = [0.01, 0.05, 0.1, 0.15, 0.2, 0.35, 0.5, 0.75]

# R 4.2.2: dca(cancer ~ cancerpredmarker + famhistory, df_binary, thresholds = c(0.01, 0.05, ...)) |>
#   net_intervention_avoided() |> standardized_net_benefit()
# Columns: net_benefit, net_intervention_avoided, standardized_net_benefit.
COHORT = {
    "model": [
        [0.1324309764309764548, 0.110666666666667732, 0.945935545935545963],
        [0.1055438596491228009, 0.205333333333332868, 0.753884711779448491],
        [0.0874074074074074198, 0.386666666666666659, 0.624338624338624415],
        [0.0792156862745098111, 0.515555555555555434, 0.565826330532212873],
        [0.0673333333333333423, 0.569333333333333247, 0.480952380952380965],
        [0.0501538461538461530, 0.693142857142857172, 0.358241758241758190],
        [0.0213333333333333396, 0.741333333333333289, 0.152380952380952422],
        [0.0080000000000000002, 0.815999999999999948, 0.057142857142857141],
    ],
    "open all": [
        [0.1313131313131313260, 0.0, 0.937950937950937980],
        [0.0947368421052631748, 0.0, 0.676691729323308344],
        [0.0444444444444444531, 0.0, 0.317460317460317498],
        [-0.0117647058823529271, 0.0, -0.084033613445378047],
        [-0.0749999999999999833, 0.0, -0.535714285714285587],
        [-0.3230769230769230393, 0.0, -2.307692307692307043],
        [-0.7199999999999999734, 0.0, -5.142857142857142350],
        [-2.4399999999999999467, 0.0, -17.428571428571427049],
    ],
    "open none": [
        [0.0, -13.0, 0.0],
        [0.0, -1.800000000000000266, 0.0],
        [0.0, -0.400000000000000022, 0.0],
        [0.0, 0.066666666666666582, 0.0],
        [0.0, 0.299999999999999933, 0.0],
        [0.0, 0.599999999999999978, 0.0],
        [0.0, 0.719999999999999973, 0.0],
        [0.0, 0.813333333333333353, 0.0],
    ],
    "famhistory": [
        [0.0307744107744107737, -9.953333333333333144, 0.219817219817219800],
        [0.0256140350877192974, -1.313333333333333464, 0.182957393483709263],
        [0.0185185185185185175, -0.233333333333333393, 0.132275132275132268],
        [0.0105882352941176448, 0.126666666666666566, 0.075630252100840317],
        [0.0016666666666666635, 0.306666666666666587, 0.011904761904761882],
        [-0.0333333333333333398, 0.538095238095238071, -0.238095238095238110],
        [-0.0893333333333333479, 0.630666666666666598, -0.638095238095238160],
        [-0.3320000000000000728, 0.702666666666666551, -2.371428571428571885],
    ],
}

# R: dca(casecontrol ~ cancerpredmarker, df_case_control, thresholds = ..., prevalence = 0.15) |> ...
CASE_CONTROL = [
    [0.1297798329616511315, -1.151796536796537263, 0.865198886411007617],
    [0.0741723627249943063, -0.590725108225108042, 0.494482418166628745],
    [0.0453162578162578170, -0.092153679653679613, 0.302108385441718807],
    [0.0262987012987012936, 0.149025974025973978, 0.175324675324675300],
    [0.0167370129870129912, 0.316948051948051979, 0.111580086580086613],
    [0.0070529470529470568, 0.584526901669758847, 0.047019647019647046],
    [-0.0114718614718614734, 0.688528138528138434, -0.076479076479076494],
    [-0.0111688311688311701, 0.796277056277056250, -0.074458874458874474],
]


@pytest.mark.parametrize("name", COHORT)
def test_it_is_dcurves_on_its_own_data(name):
    curve = decision_curve(
        DCURVES.cancer,
        DCURVES.cancerpredmarker,
        thresholds=THRESHOLDS,
        flags={"famhistory": DCURVES.famhistory},
    )
    found = np.column_stack([curve[name].net_benefit, curve[name].avoided, curve[name].standardised])
    np.testing.assert_allclose(found, COHORT[name], rtol=1e-12, atol=1e-14)


def test_it_is_dcurves_for_a_case_control_sample_with_a_given_prevalence():
    curve = decision_curve(
        DCURVES.casecontrol, DCURVES.cancerpredmarker, thresholds=THRESHOLDS, prevalence=0.15
    )["model"]
    found = np.column_stack([curve.net_benefit, curve.avoided, curve.standardised])
    np.testing.assert_allclose(found, CASE_CONTROL, rtol=1e-12, atol=1e-14)


# Ten cases. From 0.25 on (odds 1/3): opened are the first four, 2 with current abuse.
OUTCOME = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 0])
PROBABILITY = np.array([0.9, 0.5, 0.4, 0.25, 0.2, 0.1, 0.1, 0.05, 0.05, 0.01])


def test_net_benefit_by_hand():
    curve = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.25])
    assert curve["model"].opened == pytest.approx(0.4)
    assert curve["model"].found == pytest.approx(0.2)
    assert curve["model"].in_vain == pytest.approx(0.2)
    assert curve["model"].net_benefit == pytest.approx(0.2 - 0.2 / 3)
    assert curve["model"].standardised == pytest.approx((0.2 - 0.2 / 3) / 0.3)
    # Spared: 5 of 10 without; missed: 1 of 10 with, each worth 3 of them.
    assert curve["model"].avoided == pytest.approx(0.5 - 0.1 * 3)
    assert curve["open all"].net_benefit == pytest.approx(0.3 - 0.7 / 3)
    assert curve.prevalence == pytest.approx(0.3)
    assert curve.exchange == pytest.approx(1 / 3)


def test_a_probability_at_the_threshold_is_opened_by_one_rule_and_not_by_the_other():
    at_least = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.25], rule="at least")
    above = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.25], rule="above")
    assert at_least["model"].opened == pytest.approx(0.4)
    assert above["model"].opened == pytest.approx(0.3)
    assert ">= threshold" in at_least.method
    assert "> threshold" in above.method


def test_at_a_threshold_of_0_all_are_opened_even_those_with_probability_0():
    curve = decision_curve([1, 0], [0.0, 0.5], thresholds=[0.0])["model"]
    assert curve.net_benefit == pytest.approx(0.5)
    assert np.isnan(curve.avoided).all()


def test_an_order_opens_as_many_as_the_model_with_ties_in_part():
    # The model opens 4; the order opens the two 9s, and half of the four 5s, of which 1 has current abuse.
    order = np.array([5, 9, 9, 5, 5, 1, 5, 1, 1, 1])
    curve = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.25], orders={"levels": order})["levels"]
    assert curve.opened == pytest.approx(0.4)
    assert curve.found == pytest.approx(0.1 + 0.1 * 0.5)
    assert curve.net_benefit == pytest.approx(0.15 - 0.25 / 3)


def test_an_order_by_the_probability_itself_is_the_model():
    curve = decision_curve(OUTCOME, PROBABILITY, orders={"same": np.log(PROBABILITY)})
    np.testing.assert_allclose(curve["same"].net_benefit, curve["model"].net_benefit)
    np.testing.assert_allclose(curve["same"].gain, 0, atol=1e-15)


def test_the_gain_is_the_difference_of_both_net_benefits():
    rng = np.random.default_rng(1)
    p = rng.beta(1, 20, 500)
    y = rng.random(500) < p
    curve = decision_curve(
        y,
        p,
        probabilities={"other": rng.beta(1, 20, 500)},
        orders={"arrival": rng.random(500), "levels": rng.integers(0, 4, 500)},
        flags={"urgent": rng.random(500) < 0.1},
        weight=rng.random(500),
    )
    for policy in curve.policies[1:]:
        difference = curve["model"].net_benefit - policy.net_benefit
        np.testing.assert_allclose(policy.gain, difference, atol=1e-14)
        assert np.all(policy.gain_low <= policy.gain + 1e-14)
        assert np.all(policy.gain <= policy.gain_high + 1e-14)
    assert np.isnan(curve["model"].gain).all()


def test_opening_all_has_the_interval_of_the_share_with_current_abuse():
    # NB = share (1 + odds) - odds, so Wilson's interval of the share carries over exactly.
    curve = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.1, 0.25])
    odds, (low, high) = curve.exchange, wilson_interval(3, 10)
    np.testing.assert_allclose(curve["open all"].net_benefit_low, low * (1 + odds) - odds)
    np.testing.assert_allclose(curve["open all"].net_benefit_high, high * (1 + odds) - odds)


def test_opening_none_is_worth_0_for_certain():
    none = decision_curve(OUTCOME, PROBABILITY)["open none"]
    assert not none.net_benefit.any()
    assert not none.net_benefit_low.any()
    assert not none.net_benefit_high.any()


def test_opening_all_at_a_given_prevalence_is_known_for_certain():
    curve = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.25], prevalence=0.1)["open all"]
    for end in ("", "_low", "_high"):
        assert getattr(curve, f"net_benefit{end}") == pytest.approx(0.1 - 0.9 / 3)
        assert getattr(curve, f"standardised{end}") == pytest.approx((0.1 - 0.9 / 3) / 0.1)


def test_where_nothing_is_opened_the_interval_still_has_a_width():
    figure = net_benefit([0, 1, 0, 0], [0.1, 0.1, 0.2, 0.1], 0.5)
    assert figure.estimate == 0
    assert figure.low < 0 < figure.high


def test_wald_has_the_variance_of_the_contributions_of_the_cases():
    for weight in (None, np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 0.25])):
        w = np.ones(10) if weight is None else weight
        contribution = np.where(PROBABILITY >= 0.25, np.where(OUTCOME == 1, 1, -1 / 3), 0.0)
        mean = np.average(contribution, weights=w)
        error = np.sqrt(np.sum(w**2 * (contribution - mean) ** 2)) / w.sum()
        figure = net_benefit(OUTCOME, PROBABILITY, 0.25, interval="wald", weight=weight)
        assert figure.estimate == pytest.approx(mean)
        assert figure.high - figure.estimate == pytest.approx(1.959963984540054 * error)
        # The standardised one is a ratio of sums: contributions less its value times the outcome.
        ratio = np.sum(w * contribution) / np.sum(w * OUTCOME)
        error = np.sqrt(np.sum(w**2 * (contribution - ratio * OUTCOME) ** 2)) / np.sum(w * OUTCOME)
        figure = net_benefit(
            OUTCOME, PROBABILITY, 0.25, measure="standardised", interval="wald", weight=weight
        )
        assert figure.estimate == pytest.approx(ratio)
        assert figure.high - figure.estimate == pytest.approx(1.959963984540054 * error)


def test_closed_forms_agree_with_resampled_rows_in_a_large_sample():
    rng = np.random.default_rng(2)
    p = rng.beta(0.5, 4.5, 4000)
    y = rng.random(4000) < p
    other = np.clip(p + rng.normal(0, 0.05, 4000), 0, 1)
    t = [0.05, 0.15, 0.3]
    measures = ["net_benefit", "standardised", "avoided", "gain"]

    def values(rows):
        curve = decision_curve(y[rows], p[rows], thresholds=t, probabilities={"other": other[rows]})["other"]
        return [getattr(curve, measure) for measure in measures]

    drawn = np.std([values(rng.integers(4000, size=4000)) for _ in range(300)], axis=0)
    for interval in ("score", "wald"):
        curve = decision_curve(y, p, thresholds=t, probabilities={"other": other}, interval=interval)["other"]
        for measure, error in zip(measures, drawn, strict=True):
            width = getattr(curve, f"{measure}_high") - getattr(curve, f"{measure}_low")
            # 300 resamples leave 4 % of standard error in a standard deviation.
            np.testing.assert_allclose(width / (2 * 1.96), error, rtol=0.15)


def test_the_bootstrap_draws_counts_as_if_it_drew_rows():
    rng = np.random.default_rng(3)
    p = rng.beta(1, 9, 800)
    y = rng.random(800) < p
    curve = decision_curve(y, p, thresholds=[0.1], interval="bootstrap", resamples=4000, seed=5)["model"]
    rows = rng.integers(800, size=(4000, 800))
    contribution = np.where(p >= 0.1, np.where(y, 1, -1 / 9), 0.0)
    low, high = np.quantile(contribution[rows].mean(axis=1), [0.025, 0.975])
    assert curve.net_benefit_low[0] == pytest.approx(low, abs=0.002)
    assert curve.net_benefit_high[0] == pytest.approx(high, abs=0.002)


def test_the_same_seed_draws_the_same_and_says_so():
    one, two = (
        decision_curve(OUTCOME, PROBABILITY, interval="bootstrap", resamples=50, seed=7).to_frame()
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)
    curve = decision_curve(OUTCOME, PROBABILITY, interval="bootstrap", resamples=50, seed=7)
    assert "50 multinomial resamples, seed 7" in curve.method


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10), st.integers(0, 3)), min_size=1, max_size=30))
def test_a_weight_is_a_repetition_for_estimates(rows):
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    if not w.any():
        return
    t = [0.1, 0.35, 0.6]
    order = (7 * p) % 5
    weighted = decision_curve(y, p / 10, thresholds=t, weight=w, orders={"o": order})
    again = np.repeat(np.arange(len(y)), w)
    repeated = decision_curve(y[again], p[again] / 10, thresholds=t, orders={"o": order[again]})
    for one, two in zip(weighted.policies, repeated.policies, strict=True):
        for measure in ("net_benefit", "standardised", "avoided", "gain", "opened"):
            np.testing.assert_allclose(getattr(one, measure), getattr(two, measure), atol=1e-12)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=30), st.randoms())
def test_the_order_of_rows_is_irrelevant(rows, random):
    mixed = rows.copy()
    random.shuffle(mixed)
    frames = []
    for each in (rows, mixed):
        y, p = (np.array(column) for column in zip(*each, strict=True))
        frames.append(decision_curve(y, p / 10, thresholds=[0.1, 0.5], orders={"o": p // 4}).to_frame())
    pd.testing.assert_frame_equal(*frames)


def test_the_default_thresholds_suit_a_rare_outcome():
    thresholds = default_thresholds()
    assert thresholds[0] == pytest.approx(1 / 1001)
    assert thresholds[-1] == 0.5
    # Odds of 10 ** (-3 + i / 20) up to 1 : 99, so i up to 20.
    assert np.sum(thresholds < 0.01) == 21


def test_without_current_abuse_the_standardised_net_benefit_is_not_estimable():
    figure = net_benefit([0, 0, 0], [0.1, 0.2, 0.3], 0.15, measure="standardised")
    assert str(figure).startswith("not estimable (3 of all cases, threshold 0.15; no case with current abuse")
    assert net_benefit([0, 0, 0], [0.1, 0.2, 0.3], 0.15).estimate == pytest.approx(-2 / 3 * 0.15 / 0.85)
    figure = net_benefit([0, 0, 0], [0.1, 0.2, 0.3], 0.15, prevalence=0.01)
    assert not figure.estimable


def test_nothing_is_avoided_at_a_threshold_of_0():
    assert "a threshold of 0" in str(net_benefit([0, 1], [0.1, 0.2], 0.0, measure="avoided"))


def test_a_curve_is_a_frame_and_plain_values():
    curve = decision_curve(OUTCOME, PROBABILITY, thresholds=[0.5, 0.1, 0.1], denominator="all reports")
    assert curve.threshold.tolist() == [0.1, 0.5]
    frame = curve.to_frame()
    assert frame.policy.to_list() == ["model"] * 2 + ["open all"] * 2 + ["open none"] * 2
    assert json.loads(json.dumps(curve.as_dict(), allow_nan=False))["denominator"] == "all reports"
    assert "10 of all reports, threshold 0.5" in str(curve.figure(1))
    with pytest.raises(KeyError):
        curve["rules"]


def test_useful_is_where_it_beats_all_and_none_beyond_chance():
    rng = np.random.default_rng(4)
    p = rng.beta(0.5, 4.5, 5000)
    curve = decision_curve(rng.random(5000) < p, p, thresholds=[0.001, 0.1, 0.2])
    assert curve.useful.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": [0.5, 1.0]}, "thresholds from 0.5 to 1"),
        ({"thresholds": []}, "no thresholds"),
        ({"prevalence": 1.0}, "prevalence"),
        ({"interval": "exact"}, "'score', 'wald' or 'bootstrap'"),
        ({"interval": "bootstrap", "weight": np.ones(10)}, "weights"),
        ({"flags": {"open all": np.ones(10)}}, "two policies called 'open all'"),
        ({"flags": {"urgent": np.full(10, 0.5)}}, "0 or 1 a case"),
        ({"orders": {"late": [1.0, np.nan] * 5}}, "late, row 2"),
        ({"probabilities": {"b": np.ones(9)}}, "columns of different length"),
    ],
)
def test_what_is_not_as_described_is_refused(options, message):
    with pytest.raises(InputRefusedError, match=message):
        decision_curve(OUTCOME, PROBABILITY, **options)


# Wilson's interval dips below its level where few cases are expected, and so does what is made of several;
# 3,000 draws leave a standard error of 0.4 % in a coverage.
@pytest.mark.slow
@pytest.mark.parametrize("cases", [500, 2000, 10_000])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_score_intervals_cover(cases, share):
    rng = np.random.default_rng(6)
    t = np.array([0.01, 0.05, 0.2])
    odds = t / (1 - t)
    # Three levels of probability: opened from the first, second, third threshold on, with known shares.
    levels, with_abuse, without = (
        np.array([0.005, 0.03, 0.1, 0.3]),
        [0.15, 0.25, 0.3, 0.3],
        [0.7, 0.2, 0.08, 0.02],
    )
    recall = 1 - np.cumsum(with_abuse)[:3]
    in_vain = 1 - np.cumsum(without)[:3]
    truth = {
        "net_benefit": share * recall - (1 - share) * in_vain * odds,
        "standardised": recall - (1 - share) * in_vain * odds / share,
        "avoided": (1 - share) * (1 - in_vain) - share * (1 - recall) / odds,
    }
    covered = {name: np.zeros(3) for name in truth}
    kept = 0
    for _ in range(3000):
        y = rng.random(cases) < share
        level = np.where(y, rng.choice(4, cases, p=with_abuse), rng.choice(4, cases, p=without))
        if not y.any():
            continue
        kept += 1
        curve = decision_curve(y, levels[level], thresholds=t)["model"]
        for name, value in truth.items():
            low, high = getattr(curve, f"{name}_low"), getattr(curve, f"{name}_high")
            covered[name] += (low <= value) & (value <= high)
    rates = np.array([counts / kept for counts in covered.values()])
    assert rates.min() >= 0.925
    assert 0.94 <= rates.mean() <= 0.975
