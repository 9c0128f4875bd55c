import math

import pytest

from triage.errors import InputRefusedError
from triage.lab.measures import HEADLINES, MEASURES, measure
from triage.lab.stream import DAY
from triage.lab.trace import NO, UNDETERMINED, YES

TOWN = [
    # Reached by its first case; the second is about the same person and the same child.
    {"person": 0, "arrival": 10, "onset": -50, "end": 200, "opened": 20, "ended": 40, "label": YES, "reached": 40,
     "hours": 100.0, "inclusion": 1.0, "due": 25, "prosecuted": 70, "escalated": 25},
    {"person": 0, "arrival": 30, "onset": -50, "end": 200},
    # Ended by itself while it waited.
    {"person": 1, "arrival": 20, "onset": -10, "end": 60, "due": 50, "escalated": 30},
    # Had ended before the period.
    {"person": 2, "arrival": 5, "onset": -100, "end": -20, "opened": 50, "ended": 55, "label": NO, "hours": 8.0,
     "inclusion": 1.0},
    {"person": 3, "arrival": 0, "opened": 10, "ended": 20, "label": NO, "hours": 10.0, "inclusion": 1.0},
    # Opened in time to be reached, but in vain in the end.
    {"person": 4, "arrival": 40, "onset": 0, "end": 90, "opened": 70, "ended": 95, "label": UNDETERMINED,
     "hours": 50.0, "inclusion": 1.0, "due": 60},
    # Still waits.
    {"person": 5, "arrival": 60, "onset": 50, "end": 1000, "due": 120},
    # Reported when it was over.
    {"person": 6, "arrival": 90, "onset": 0, "end": 50},
]  # fmt: skip


@pytest.fixture
def town(live):
    return measure(*live(TOWN, pool=([0, 50], [2, 6])))


def test_every_measure_is_explained_and_every_headline_is_one(town):
    assert set(town) == set(MEASURES)
    assert set(HEADLINES) <= set(MEASURES)


def test_children_are_persons_and_not_cases(town):
    assert town["children_abused"] == 5
    assert town["children_reachable"] == 4
    assert town["children_reached"] == 1
    assert town["share_reached"] == 1 / 5
    assert town["share_of_reachable"] == 1 / 4


def test_shares_within_days_speak_only_of_children_that_could_be_watched_so_long(town):
    assert town["reached_within_30"] == 1 / 4
    assert town["reached_within_90"] == 1
    assert math.isnan(town["reached_within_180"])


def test_half_of_the_children_are_never_reached_when_three_in_four_are_not(town):
    assert town["median_days"] == math.inf
    assert town["median_days_of_reached"] == 30


def test_child_days(town):
    assert town["child_days_averted"] == 160
    assert town["child_days_averted_in_period"] == 60
    assert town["child_days_lost"] == 30 + 40 + 50 + 40


def test_expense(town):
    assert (town["cases"], town["cases_opened"]) == (8, 4)
    assert (town["opened_in_vain"], town["share_in_vain"]) == (2, 1 / 2)
    assert town["investigations_failed"] == 1
    assert (town["persons_intruded"], town["persons_intruded_never"]) == (2, 1)
    assert (town["hours"], town["hours_in_vain"], town["hours_per_child"]) == (168, 18, 168)


def test_delays(town):
    assert (town["deadlines"], town["deadlines_kept"]) == (3, 1 / 3)
    assert town["median_wait_days"] == 20
    assert town["longest_wait_days"] == 80
    assert (town["children_unseen"], town["oldest_unseen_days"]) == (1, 40)
    assert (town["mean_waiting"], town["largest_waiting"]) == (4, 6)


def test_a_case_escalated_after_it_was_opened_waits_for_nobody(town):
    assert (town["escalated"], town["longest_wait_escalated_days"]) == (1, 70)


def test_a_case_opened_after_its_child_was_freed_is_opened_in_vain(live):
    freed = {"person": 0, "onset": 0, "end": 99, "arrival": 0}
    run = measure(*live([
        freed | {"opened": 1, "ended": 5, "label": YES, "reached": 5},
        freed | {"opened": 9, "ended": 10, "label": NO},
    ]))  # fmt: skip
    assert run["opened_in_vain"] == 1
    assert run["persons_intruded"] == 0


def test_a_person_who_abuses_only_after_the_visit_was_intruded_upon(live):
    run = measure(*live([{"arrival": 0, "onset": 50, "end": 90, "opened": 10, "ended": 20, "label": NO}]))
    assert (run["persons_intruded"], run["persons_intruded_never"]) == (1, 1)


def test_abuse_that_begins_during_the_investigation_was_not_looked_for_in_vain(live):
    run = measure(*live([
        {"arrival": 0, "onset": 15, "end": 90, "opened": 10, "ended": 20, "label": YES, "reached": 20, "hours": 7.0}
    ]))  # fmt: skip
    assert (run["children_reached"], run["opened_in_vain"], run["persons_intruded"]) == (1, 0, 0)
    assert run["child_days_lost"] == 5


def test_hours_that_reach_no_child_cost_no_end_for_each(live):
    run = measure(*live([{"arrival": 0, "opened": 1, "ended": 2, "label": NO, "hours": 3.0}]))
    assert run["hours_per_child"] == math.inf


def test_children_handed_to_others_are_counted_where_they_were_left(live):
    run = measure(*live([
        {"person": 0, "arrival": 0, "onset": -5, "end": 80, "referred": 10},
        {"person": 1, "arrival": 0, "onset": -5, "end": 8, "referred": 10},
        {"person": 2, "arrival": 0, "onset": -5, "end": 80, "disposed": 20},
        {"person": 3, "arrival": 0, "disposed": 20, "due": 20},
    ]))  # fmt: skip
    assert (run["referred"], run["children_referred"]) == (2, 1)
    assert (run["disposed"], run["children_disposed"]) == (2, 1)
    assert run["deadlines_kept"] == 1
    assert run["longest_wait_days"] == 20
    assert run["children_unseen"] == 0


def test_what_waits_for_the_prosecution_counts_to_the_end(live):
    found = {"arrival": 0, "onset": -5, "end": 200, "opened": 0, "label": YES}
    run = measure(*live([
        found | {"person": 0, "ended": 10, "prosecuted": 40},
        found | {"person": 1, "ended": 50},
        found | {"person": 2, "ended": 150},
        {"person": 3, "arrival": 0, "opened": 0, "ended": 1, "label": NO},
    ]))  # fmt: skip
    assert (run["to_prosecute"], run["prosecuted"], run["prosecution_queue"]) == (2, 1, 1)
    assert run["prosecution_wait_days"] == (30 + 50) / 2


def test_nothing_after_the_end_of_a_shorter_run_counts(live):
    stream, trace = live(TOWN, pool=([0, 20, 50], [2, 3, 6]))
    run = measure(stream, trace, until=stream.start + 30 * DAY)
    assert (run["cases"], run["cases_opened"], run["children_reached"]) == (4, 2, 0)
    assert run["largest_waiting"] == 3
    assert run["mean_waiting"] == pytest.approx((2 * 20 + 3 * 10) / 30)
    assert run["labelled"] == 1


def test_an_empty_period_measures_nothing_and_breaks_nothing(live):
    run = measure(*live([]))
    assert run["cases"] == run["children_abused"] == run["longest_wait_days"] == 0
    assert math.isnan(run["share_reached"])
    assert math.isnan(run["deadlines_kept"])


def test_a_trace_of_another_stream_is_refused(live):
    stream, _ = live(TOWN)
    _, trace = live(TOWN[:3])
    with pytest.raises(InputRefusedError, match="3 entries; expected one for each of 8 cases"):
        measure(stream, trace)
