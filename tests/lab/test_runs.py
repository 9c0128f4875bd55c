import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import binomtest, ttest_1samp, ttest_rel

from triage.errors import InputRefusedError
from triage.evaluation.multiplicity import adjust_holm
from triage.lab.measures import CURVE_DAYS
from triage.lab.runs import Runs, compare_paired, mean_figure

EXPERT, ARRIVAL, ORACLE = [12.0, 15.0, 14.0, 9.0], [4.0, 6.0, 6.0, 4.0], [20.0, 22.0, 19.0, 18.0]


def make_runs(**values):
    values = values or {
        "children_reached": [EXPERT, ARRIVAL, ORACLE],
        "hours_per_child": [[8.0, 9, 8, 9], [20.0, 30, np.nan, 22], [5.0, 5, 5, 5]],
        "median_days": [[10.0, 12, np.inf, 9], [np.inf] * 4, [5.0, 6, 7, 8]],
    }
    return Runs(
        world="by hand", staff="team", what_if="as it is", weeks=52, ways=("expert", "arrival", "oracle"),
        seeds=(3, 4, 5, 6), values={name: np.array(value) for name, value in values.items()},
        curves=np.zeros((3, 4, len(CURVE_DAYS))), confidence=0.9,
    )  # fmt: skip


def test_means_have_the_t_interval_over_seeds_on_the_scale_of_logarithms():
    figure = make_runs().figure("children_reached", "expert")
    low, high = ttest_1samp(EXPERT, 0).confidence_interval(0.9)
    assert (figure.estimate, figure.count) == (12.5, 4)
    # The delta method: a half-width on the scale of logarithms is that of the t interval over the mean.
    assert np.log([figure.low, figure.high]) - np.log(12.5) == pytest.approx(
        np.array([low - 12.5, high - 12.5]) / 12.5
    )


def test_shares_have_theirs_on_the_scale_of_log_odds():
    shares = [0.9, 1.0, 0.95, 0.97]
    figure = mean_figure(shares, "share", confidence=0.9)
    half = ttest_1samp(shares, 0).confidence_interval(0.9).high - np.mean(shares)
    mean = np.mean(shares)
    assert logit([figure.low, figure.high]) - logit(mean) == pytest.approx(
        np.array([-half, half]) / (mean * (1 - mean))
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.sampled_from(["share", "children", "days"]))
def test_no_interval_leaves_what_is_possible_and_all_hold_their_mean(values, unit):
    figure = mean_figure(values, unit)
    assert 0 <= figure.low <= figure.estimate + 1e-12
    assert figure.high >= figure.estimate - 1e-12
    assert figure.high <= 1 or unit != "share"


def test_differences_may_be_negative():
    test = compare_paired([0.0, 0.1, 0.0], [0.1, 0.0, 0.1])
    assert test.figure.low < test.figure.estimate < 0 < test.figure.high


def test_yes_or_no_seed_by_seed_has_wilsons_interval():
    figure = mean_figure([1.0] * 9 + [0.0], "flag")
    known = binomtest(9, 10).proportion_ci(method="wilson")
    assert (figure.low, figure.high) == pytest.approx((known.low, known.high))
    assert mean_figure([1.0] * 4, "flag").low < 0.6


def test_the_summary_holds_means_and_paired_differences_with_the_first():
    frame = make_runs().summarise(["children_reached"]).set_index("way")
    assert frame["mean"].to_dict() == {"expert": 12.5, "arrival": 5.0, "oracle": 19.75}
    assert frame.loc[["expert"], ["difference", "difference_low", "difference_high"]].isna().all(axis=None)
    known = ttest_rel(ARRIVAL, EXPERT).confidence_interval(0.9)
    row = frame.loc["arrival"]
    assert (row["difference"], row["difference_low"], row["difference_high"]) == pytest.approx(
        (-7.5, known.low, known.high)
    )


def test_differences_are_paired():
    test = make_runs().difference("children_reached", "expert", "arrival")
    known = ttest_rel(EXPERT, ARRIVAL)
    low, high = known.confidence_interval(0.9)
    assert test.p_value == pytest.approx(known.pvalue)
    assert (test.figure.estimate, test.figure.low, test.figure.high) == pytest.approx((7.5, low, high))
    apart = [make_runs().figure("children_reached", way) for way in ("expert", "arrival")]
    assert test.figure.high - test.figure.low < sum(figure.high - figure.low for figure in apart)


def test_a_difference_turned_round_changes_its_sign_alone():
    one, other = (make_runs().difference("children_reached", *pair) for pair in
                  (("expert", "oracle"), ("oracle", "expert")))  # fmt: skip
    assert one.figure.estimate == -other.figure.estimate
    assert (one.figure.low, one.figure.high) == pytest.approx((-other.figure.high, -other.figure.low))
    assert one.p_value == pytest.approx(other.p_value)


def test_no_mean_over_the_seeds_that_happened_to_have_a_number():
    runs = make_runs()
    assert "nothing to measure in 1 of 4 seeds" in runs.figure("hours_per_child", "arrival").method
    assert "did not come about in 1 of 4 seeds" in runs.figure("median_days", "expert").method
    test = runs.difference("median_days", "oracle", "expert")
    assert not test.figure.estimable
    assert math.isnan(test.p_value)


def test_one_seed_has_no_interval_and_no_test():
    assert mean_figure([5.0]).brief() == "5.0000 [no interval]"
    assert math.isnan(compare_paired([5.0], [4.0]).p_value)


def test_ways_that_do_the_same_do_not_differ():
    test = compare_paired(EXPERT, EXPERT)
    assert (test.figure.low, test.figure.high, test.p_value) == (0, 0, 1)


def test_a_difference_without_any_spread_is_no_chance():
    assert compare_paired([3.0, 5.0, 9.0], [1.0, 3.0, 7.0]).p_value == 0


def test_comparisons_are_adjusted_over_all_that_were_made():
    frame = make_runs().compare(measures=("children_reached", "hours_per_child", "median_days"))
    assert len(frame) == 9
    assert frame["p_holm"].to_numpy() == pytest.approx(adjust_holm(frame["p_value"].to_numpy()), nan_ok=True)
    assert frame["p_holm"].notna().sum() == 4
    tested = frame.dropna(subset="p_value")
    assert (tested["p_holm"] >= tested["p_value"]).all()


def test_all_ways_can_be_set_against_one():
    frame = make_runs().compare("arrival", ["children_reached"])
    assert list(zip(frame["way"], frame["against"], frame["difference"], strict=True)) == [
        ("expert", "arrival", 7.5), ("oracle", "arrival", 14.75),
    ]  # fmt: skip


def test_a_single_way_is_compared_with_none():
    alone = Runs("w", "s", "as it is", 1, ("expert",), (0, 1), {"cases": np.ones((1, 2))},
                 np.zeros((1, 2, len(CURVE_DAYS))), 0.95)  # fmt: skip
    assert alone.compare().empty
    assert json.loads(alone.to_json())["differences"] == []


def test_frames_hold_every_seed_of_every_way():
    frame = make_runs().to_frame()
    assert len(frame) == 12
    row = frame[(frame["way"] == "oracle") & (frame["seed"] == 5)]
    assert row["children_reached"].item() == 19


def test_json_holds_no_number_that_json_does_not_know():
    told = json.loads(make_runs().to_json())
    assert told["synthetic"] is True
    assert told["values"]["median_days"][1] == [None] * 4
    assert told["means"][0]["mean"] == 12.5


def test_an_unknown_way_or_measure_is_refused_with_those_that_are_there():
    with pytest.raises(
        InputRefusedError, match="'ruls' is not here; expected one of expert, arrival, oracle"
    ):
        make_runs().figure("children_reached", "ruls")
    with pytest.raises(InputRefusedError, match="measure: 'children'"):
        make_runs().figure("children", "expert")
    with pytest.raises(InputRefusedError, match="'nobody'"):
        make_runs().compare("nobody")


@pytest.mark.slow
def test_paired_intervals_hold_the_true_difference_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2_000):
        stream = rng.normal(10, 5, 8)
        test = compare_paired(stream + rng.normal(2, 1, 8), stream + rng.normal(0, 1, 8), confidence=0.9)
        held += test.figure.low <= 2 <= test.figure.high
    assert abs(held / 2_000 - 0.9) < 3 * math.sqrt(0.09 / 2_000)
