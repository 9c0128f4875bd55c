import pytest

from triage.errors import InputRefusedError
from triage.lab.optimise import Goal, add_detectives, find_staff
from triage.lab.runs import simulate_ways
from triage.lab.staff import Staff, Unit
from triage.lab.whatif import WhatIf
from triage.shipped import find_shipped

WORLD = "nl-2017"
TEAM = Staff("team", (Unit("one", 4, caseload=2),))


@pytest.fixture(scope="module")
def runs():
    return simulate_ways(WORLD, ["arrival", "expert", "oracle"], TEAM, cases=600, weeks=40, seeds=[1, 2])


def test_every_way_meets_the_same_children_and_the_same_cases(runs):
    for measure in ("cases", "children_abused", "children_reachable"):
        assert (runs.values[measure] == runs.values[measure][0]).all()
        assert runs.values[measure].min() > 0


def test_seeds_are_streams_of_their_own(runs):
    assert len(set(runs.of("children_abused", "arrival")) | set(runs.of("hours", "arrival"))) > 2


@pytest.mark.slow
def test_as_many_processes_as_one_likes_change_nothing(runs):
    again = simulate_ways(
        WORLD, ["arrival", "expert", "oracle"], TEAM, cases=600, weeks=40, seeds=[1, 2], jobs=2
    )
    assert again.to_json() == runs.to_json()


def test_a_way_fares_the_same_whatever_it_is_compared_with(runs):
    alone = simulate_ways(WORLD, ["expert"], TEAM, cases=600, weeks=40, seeds=[2])
    for measure, values in alone.values.items():
        assert values[0, 0] == pytest.approx(runs.of(measure, "expert")[1], nan_ok=True)


def test_every_order_that_the_documentation_names_is_lived_through():
    bundle = str(find_shipped("models", "nl-2017", "additive"))
    orders = ["arrival", "urgency", "rules", "four-step", "expert", "nl-2017/additive", bundle, "oracle"]
    found = simulate_ways(WORLD, orders, TEAM, cases=400, weeks=26, seeds=[3])
    opened = dict(zip(found.ways, found.values["cases_opened"][:, 0], strict=True))
    assert min(opened.values()) > 10
    # The reporter's call escalates, and what escalates comes first under the order of arrival too.
    same = ("children_reached", "cases_opened", "hours", "median_wait_days", "oldest_unseen_days")
    assert [found.of(name, "urgency")[0] for name in same] == [found.of(name, "arrival")[0] for name in same]
    assert (found.of("hours", bundle) == found.of("hours", "nl-2017/additive")).all()


def test_a_changed_world_is_named_and_holds_more(runs):
    double = simulate_ways(
        WORLD, ["arrival"], TEAM, cases=600, weeks=40, seeds=[1], change=WhatIf("twice as many", volume=2.0)
    )
    assert double.what_if == "twice as many"
    assert 1.7 < double.of("cases", "arrival")[0] / runs.of("cases", "arrival")[0] < 2.3


def test_more_weeks_than_the_world_has_are_refused():
    with pytest.raises(
        InputRefusedError, match=r"weeks: 60 weeks; expected 1 to the 52\.\d weeks of nl-2017"
    ):
        simulate_ways(WORLD, ["arrival"], TEAM, cases=50, weeks=60, seeds=[1])


@pytest.mark.parametrize(("ways", "seeds"), [(["expert", "expert"], [1]), (["expert"], [1, 1]), ([], [1])])
def test_what_stands_twice_or_not_at_all_is_refused(ways, seeds):
    with pytest.raises(InputRefusedError, match="at least one, each once"):
        simulate_ways(WORLD, ways, TEAM, cases=50, seeds=seeds)


@pytest.mark.slow
def test_the_smallest_staff_meets_the_goal_and_one_less_does_not():
    goal = Goal(0.3, 90, confidence=0.8)
    (found,) = find_staff(WORLD, ["oracle"], TEAM, goal, cases=1_500, seeds=range(4), most=400)
    met = {one.detectives: goal.met_by(one.share) for one in found.tried}
    assert met[found.smallest]
    assert not met[found.smallest - 1]
    assert found.marginal.estimable


@pytest.mark.slow
def test_added_detectives_reach_more_children():
    frame = add_detectives(WORLD, "expert", TEAM, [-2, 20], cases=1_500, seeds=range(4))
    assert frame["detectives"].tolist() == [2, 24]
    assert frame["children"][0] <= 0 < frame["children"][1]
    assert (frame["a_detective"] * frame["added"]).tolist() == pytest.approx(frame["children"].tolist())


def test_nobody_added_is_refused():
    with pytest.raises(InputRefusedError, match="0 added to 4"):
        add_detectives(WORLD, "arrival", TEAM, [3, 0], cases=50, seeds=[1])
