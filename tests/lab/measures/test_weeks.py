"""What stands open week by week, on a period of 100 days made by hand."""

from triage.lab.measures import WEEKLY, follow_weeks
from triage.lab.stream import DAY

from .conftest import START
from .test_measures_by_hand import TOWN


def test_the_pool_is_that_of_the_moment_at_which_a_week_begins(live):
    told = follow_weeks(*live(TOWN, pool=([0, 50, 56], [2, 6, 9])))
    assert set(told) == set(WEEKLY)
    assert told["waiting"].tolist() == [2.0] * 8 + [9.0] * 7


def test_a_child_is_unseen_from_the_report_until_a_case_is_opened_or_the_abuse_ends(live):
    unseen = follow_weeks(*live(TOWN, pool=([0], [0])))["unseen"]
    # Person 0 from day 10 to 20; person 1 from 20 to 60; person 4 from 40 to 70; person 5 from 60 on.
    assert unseen.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1]


def test_nothing_after_the_end_of_a_shorter_run_counts(live):
    stream, trace = live(TOWN, pool=([0], [0]))
    whole = follow_weeks(stream, trace)["unseen"]
    cut = follow_weeks(stream, trace, until=START + 50 * DAY)["unseen"]
    assert cut.tolist() == whole[:8].tolist()


def test_before_anything_happens_nobody_waits(live):
    assert follow_weeks(*live(TOWN, pool=([10], [4])))["waiting"][:3].tolist() == [0, 0, 4]
