import math

import numpy as np
import pytest

from triage.lab.measures import measure
from triage.lab.trace import NO, UNDETERMINED, YES

ABUSE = {"onset": -10, "end": 500}


def opened_by_order(number, *, yes):
    return {"person": number, "arrival": 0, "opened": 1, "ended": 2, "inclusion": 1.0} | (
        {"label": YES, "reached": 2} | ABUSE if yes else {"label": NO}
    )


def drawn(number, *, yes, inclusion=0.5):
    return opened_by_order(number, yes=yes) | {"audit": True, "inclusion": inclusion, "opened": 99, "ended": 99,
                                               "reached": 99 if yes else math.nan}  # fmt: skip


def waits(number, *, abuse=False, inclusion=0.5):
    return {"person": number, "arrival": 0, "inclusion": inclusion} | (ABUSE if abuse else {})


def number_cases(*groups):
    """Give every case a person of its own."""
    return [case | {"person": place} for place, case in enumerate(case for group in groups for case in group)]


def test_without_lots_nothing_can_be_learned_below_the_cut(live):
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 20, [opened_by_order(0, yes=False)] * 20,
        [waits(0, abuse=True, inclusion=0.0)] * 30, [waits(0, inclusion=0.0)] * 30,
    )  # fmt: skip
    run = measure(*live(cases))
    assert run["without_chance"] == 1
    assert run["estimable"] == 0
    assert math.isnan(run["prevalence_below_estimate"])
    assert math.isnan(run["recall_estimate"])
    assert run["recall"] == 20 / 50
    assert math.isnan(run["recall_with_chance"])


def test_lots_tell_what_stands_below_the_cut(live):
    """20 of 40 cases below the cut were drawn, 5 with abuse: a quarter; above it 8 of 10 had abuse."""
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 8, [opened_by_order(0, yes=False)] * 2,
        [drawn(0, yes=True)] * 5, [drawn(0, yes=False)] * 15,
        [waits(0, abuse=True)] * 7, [waits(0)] * 13,
    )  # fmt: skip
    run = measure(*live(cases))
    assert (run["labelled"], run["labelled_by_lot"], run["without_chance"]) == (30, 20, 0)
    assert run["prevalence_below"] == run["prevalence_below_with_chance"] == 12 / 40
    assert run["prevalence_below_estimate"] == pytest.approx(5 / 20)
    assert run["prevalence_below_low"] < 0.25 < run["prevalence_below_high"]
    assert run["recall"] == run["recall_with_chance"] == 8 / 20
    assert run["recall_estimate"] == pytest.approx(8 / (8 + 40 * 5 / 20))
    assert run["estimable"] == run["prevalence_below_held"] == run["recall_held"] == 1


def test_an_interval_that_misses_the_truth_is_told(live):
    """None of the drawn had abuse, half of the others have."""
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 10, [drawn(0, yes=False)] * 60, [waits(0, abuse=True)] * 60
    )
    run = measure(*live(cases))
    assert run["prevalence_below"] == 0.5
    assert run["prevalence_below_held"] == 0


def test_what_is_undetermined_is_not_taken_for_no(live):
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 10,
        [drawn(0, yes=True)] * 10, [drawn(0, yes=False)] * 10,
        [drawn(0, yes=False) | {"label": UNDETERMINED}] * 20,
        [waits(0, abuse=True)] * 20, [waits(0)] * 20,
    )  # fmt: skip
    run = measure(*live(cases))
    assert run["labelled_by_lot"] == 20
    assert run["prevalence_below_estimate"] == pytest.approx(0.5)


def test_cases_referred_abroad_are_no_part_of_it(live):
    cases = number_cases([opened_by_order(0, yes=True)] * 2, [waits(0) | {"referred": 5}] * 3)
    assert math.isnan(measure(*live(cases))["without_chance"])


def test_what_the_order_would_have_opened_anyway_counts_with_it(live):
    """Drawn by lot, but then it rose above the cut: its chance became 1."""
    anyway = drawn(0, yes=True) | {"inclusion": 1.0}
    run = measure(*live(number_cases([anyway] * 3, [waits(0)] * 5)))
    assert run["labelled_by_lot"] == 0
    assert run["recall"] == 1


def test_truth_counts_what_no_lottery_could_open_and_estimates_do_not_speak_of_it(live):
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 4, [drawn(0, yes=True)] * 4, [drawn(0, yes=False)] * 8,
        [waits(0)] * 12, [waits(0, abuse=True, inclusion=0.0)] * 16,
    )  # fmt: skip
    run = measure(*live(cases))
    assert run["without_chance"] == 16 / 40
    assert (run["prevalence_below"], run["prevalence_below_with_chance"]) == (20 / 40, 4 / 24)
    assert (run["recall"], run["recall_with_chance"]) == (4 / 24, 4 / 8)


def test_estimates_speak_of_the_whole_wait_and_not_of_its_last_day(live):
    """Half of the cases had abuse for a quarter of their wait: no lottery could know that it would end."""
    ended = waits(0) | {"onset": -5, "end": 25}
    cases = number_cases([drawn(0, yes=False)] * 10, [ended] * 20, [waits(0)] * 10)
    run = measure(*live(cases))
    assert run["prevalence_below"] == 0
    assert run["prevalence_below_with_chance"] == pytest.approx(20 * 0.25 / 40)


def test_estimates_do_not_rest_on_tiny_chances(live):
    """Of cases with a thousandth of the chance of the others one drawn would outweigh them all."""
    cases = number_cases(
        [opened_by_order(0, yes=True)] * 10, [drawn(0, yes=True)] * 10, [drawn(0, yes=False)] * 10,
        [waits(0)] * 20, [drawn(0, yes=True, inclusion=0.0005)], [waits(0, inclusion=0.0005)] * 9,
    )  # fmt: skip
    run = measure(*live(cases))
    assert run["without_chance"] == 10 / 50
    assert run["prevalence_below_with_chance"] == 10 / 40
    assert run["prevalence_below_estimate"] == pytest.approx(0.5)


def test_cases_opened_too_late_to_have_ended_are_not_told_of(live):
    """Investigations take 30 days; those begun on the last day have no outcome and none is missed."""
    long = [
        {"arrival": 0, "opened": 1, "ended": 31, "label": YES, "reached": 31, "inclusion": 1.0} | ABUSE
    ] * 10
    late = [{"arrival": 0, "opened": 99, "inclusion": 1.0}] * 5
    lots = [
        one | {"opened": 50, "ended": 70} for one in [drawn(0, yes=True)] * 10 + [drawn(0, yes=False)] * 10
    ]
    run = measure(*live(number_cases(long, late, lots, [waits(0)] * 20)))
    assert run["recall_estimate"] == pytest.approx(10 / (10 + 20))


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say(live):
    """Chances differ fourfold, and abuse with them; only the lottery varies."""
    rng = np.random.default_rng(1)
    inclusion = np.where(np.arange(400) < 200, 0.4, 0.1)
    abuse = rng.random(400) < np.where(inclusion > 0.2, 0.4, 0.2)
    order = number_cases([opened_by_order(0, yes=True)] * 30, [opened_by_order(0, yes=False)] * 10)
    held = []
    for _ in range(400):
        lots = rng.random(400) < inclusion
        rest = [
            drawn(0, yes=yes, inclusion=chance) if lot else waits(0, abuse=yes, inclusion=chance)
            for lot, yes, chance in zip(lots, abuse, inclusion, strict=True)
        ]
        run = measure(*live(number_cases(order, rest)))
        held.append((run["prevalence_below_held"], run["recall_held"]))
    assert (np.mean(held, axis=0) > 0.92).all()
