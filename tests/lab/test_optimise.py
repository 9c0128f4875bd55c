import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import ttest_1samp

from triage.errors import InputRefusedError
from triage.lab.optimise import Goal, Tried, search_smallest
from triage.lab.optimise.search import find_breaks, per_detective

GOAL = Goal(0.5, 90)
JITTER = np.array([-0.01, 0.0, 0.01])


def tried(detectives, share, children):
    return Tried(detectives, share, children, np.full(len(share), 0.95))


def rising(needed, asked=None):
    """Half of the children and no doubt left from `needed` detectives on."""

    def attempt(detectives):
        if asked is not None:
            asked.append(detectives)
        share = min(0.5 + 0.001 * (detectives - needed) + 0.0005, 1.0)
        return tried(detectives, np.full(3, share), 10.0 * detectives + np.array([0, 1, 2]))

    return attempt


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_smallest_staff_is_found_from_wherever_the_search_begins(needed, start):
    found = search_smallest(rising(needed), GOAL, way="expert", start=start, most=400)
    assert found.smallest == needed
    assert found.breaks == ()


def test_the_search_asks_about_few_staffs():
    asked = []
    search_smallest(rising(137, asked), GOAL, way="expert", start=10, most=1_000)
    assert len(set(asked)) <= 16


def test_a_goal_that_nobody_reaches_is_told_and_not_guessed():
    found = search_smallest(rising(1_000), GOAL, way="expert", start=10, most=50)
    assert found.smallest is None
    assert [one.detectives for one in found.tried] == [10, 20, 40, 50]
    assert not found.marginal.estimable
    assert found.marginal_now.estimate == pytest.approx(10)
    assert not found.checked.estimable


def with_dip(*fails):
    def attempt(detectives):
        share = 0.6 if detectives >= 5 and detectives not in fails else 0.1
        return tried(detectives, np.full(3, share), np.full(3, 1.0))

    return attempt


def test_a_staff_that_luck_lifted_over_the_goal_is_not_taken():
    """Seven detectives fail though five and six do not: the first that works with the next two is eight."""
    found = search_smallest(with_dip(7), GOAL, way="expert", start=6, most=20)
    assert found.smallest == 8
    assert (6, 7) in found.breaks


def test_a_dip_at_the_most_leaves_no_answer():
    assert search_smallest(with_dip(6), GOAL, way="expert", start=5, most=6).smallest is None


def test_the_most_may_be_the_smallest():
    assert search_smallest(with_dip(), GOAL, way="expert", start=5, most=5).smallest == 5
    assert search_smallest(with_dip(6), GOAL, way="expert", start=6, most=7).smallest == 7


def test_shares_must_be_sure_and_not_only_reached_on_average():
    shares = np.array([0.45, 0.55, 0.53, 0.51])
    assert shares.mean() > 0.5
    assert not GOAL.met_by(shares)
    below = shares.mean() - ttest_1samp(shares, 0, alternative="greater").confidence_interval(0.9).low
    mean = shares.mean()
    assert logit(GOAL.sure_of(shares)) == pytest.approx(logit(mean) - below / (mean * (1 - mean)))


@pytest.mark.parametrize("shares", [[0.6], [0.6, np.nan]])
def test_a_goal_needs_children_to_watch_in_several_seeds(shares):
    with pytest.raises(InputRefusedError, match="at least two seeds"):
        GOAL.met_by(np.array(shares))


def test_a_goal_out_of_range_is_refused():
    with pytest.raises(InputRefusedError, match=r"goal, share: 1\.5"):
        Goal(1.5, 90)


def test_what_each_added_detective_reached_is_paired():
    base = tried(10, JITTER, np.array([5.0, 50.0, 95.0]))
    more = tried(12, JITTER, np.array([9.0, 54.0, 99.0]))
    figure = per_detective(base, more)
    assert (figure.estimate, figure.low, figure.high) == (2, 2, 2)


def test_the_marginal_child_is_that_beyond_the_smallest_staff():
    found = search_smallest(rising(20), GOAL, way="expert", start=10, most=100)
    assert found.marginal.estimate == pytest.approx(10)
    frame = found.to_frame().set_index("detectives")
    assert frame.loc[20, "met"]
    assert not frame.loc[19, "met"]
    assert frame.loc[20, "seeds_met"] == 1


def test_breaks_name_the_neighbours():
    found = [
        tried(n, np.array([share]), np.zeros(1)) for n, share in ((1, 0.1), (2, 0.4), (5, 0.3), (6, 0.3))
    ]
    assert find_breaks(found) == ((2, 5),)


def test_what_is_found_is_checked_on_streams_that_had_no_part_in_the_search():
    asked = []
    check = rising(30, asked)
    found = search_smallest(rising(20), GOAL, way="expert", start=10, most=100, check=check)
    assert asked == [found.smallest] == [20]
    assert found.checked.estimate == pytest.approx(0.4905)
