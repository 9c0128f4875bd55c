"""Weights of drawn cases: over many lists they add up to what was there, once."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.record.conftest import Clock, header, row
from triage.record import Finding, Record
from triage.record.inclusion import accumulate, chance_at
from triage.worklist.audit import Draw, draw_audit, make_lottery
from triage.worklist.policy import TIERS, Audit

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE = Audit(share=0.5, first_tier=1, strata=((math.inf, 1.0),))
THREE = Audit(share=0.3, first_tier=1, strata=((2.0, 6.0), (4.0, 2.0), (math.inf, 1.0)))


def draw(cases: list[str], audit: Audit, capacity: int, seed: str, held: set[str] | None = None) -> Draw:
    lottery = make_lottery(bytes(16), seed)
    return draw_audit(cases, capacity, audit, lottery, tiers=TIERS, held=held or set())


def describe(drawn: Draw, scores: Sequence[float] | None = None) -> dict[str, Any]:
    return drawn.describe(np.array(scores or [0.5] * len(drawn.probability)))


def say(drawn: Draw, at: int, scores: Sequence[float] | None = None) -> dict[str, Any]:
    return {"at": f"{at:04}", "model": "m", **describe(drawn, scores)}


def rows_of(cases: list[str], drawn: Draw, scores: Sequence[float] | None = None) -> list[dict[str, Any]]:
    slots = set(drawn.slots.tolist())
    return [
        row(
            case,
            place + 1,
            tier=4 if place < drawn.above or place in slots else 5,
            inclusion=float(drawn.probability[place]),
            audit=place in slots,
            place=place + 1,
            score=scores[place] if scores else 0.5,
        )
        for place, case in enumerate(cases)
    ]


def open_drawn(record: Record, clock: Clock, lists: int, **more: Any) -> None:
    """Keep lists of 22 cases, of which the first is opened by its place and one by lot, time and again."""
    pool = [f"c{number:02}" for number in range(22)]
    for number in range(lists):
        drawn = draw(pool, ONE, 2, f"b{number}")
        lottery = describe(drawn) if more.get("strata", True) else {}
        record.keep_list(header(f"b{number}", **lottery), rows_of(pool, drawn))
        (place,) = drawn.chosen
        record.decide(pool[place], "x", "opened")
        clock.now += timedelta(days=1)
        record.found("x", [Finding(pool.pop(int(place)), "no_offence", "yes", clock.now)])


def total(record: Record) -> float:
    found = record.outcomes().to_pylist()
    assert {some["selected_by"] for some in found} == {"random_audit"}
    return sum(1 / some["inclusion_probability"] for some in found)


def test_weights_of_repeated_lotteries_add_up_to_what_lies_below_the_cut(
    record: Record, clock: Clock
) -> None:
    open_drawn(record, clock, 8)
    # Eight of the 21 below the cut were drawn, one by one: each stands for 21 / 8.
    assert total(record) == pytest.approx(21)
    assert record.inclusion() == {
        "c00": 1.0,
        **{case: pytest.approx(8 / 21) for case in record.inclusion() if case != "c00"},
    }


def test_record_without_strata_counts_to_the_choice_alone_and_so_too_much(
    record: Record, clock: Clock
) -> None:
    open_drawn(record, clock, 8, strata=False)
    # Chosen on list t with t chances in 21: 21 / t each.
    assert total(record) == pytest.approx(21 * sum(1 / t for t in range(1, 9)))


def test_list_that_is_made_again_when_slots_are_free_draws_further_and_counts() -> None:
    """The lots are the same, and the next smallest of those that are left is drawn."""
    pool = [f"c{number}" for number in range(11)]
    first = draw(pool, ONE, 2, "b")
    rest = [case for place, case in enumerate(pool) if place not in first.chosen]
    again = draw(rest, ONE, 2, "b")
    headers = {1: say(first, 1), 2: say(again, 2)}
    weights = []
    for number, (cases, drawn) in enumerate(((pool, first), (rest, again)), start=1):
        (place,) = drawn.chosen
        some = [(n, one) for n, (c, d) in ((1, (pool, first)), (2, (rest, again))) for one in rows_of(c, d)
                if one["case_id"] == cases[place] and one["inclusion"]]  # fmt: skip
        weights.append(1 / accumulate(headers, some, f"{number:04}+"))
    assert sum(weights) == pytest.approx(10)


def test_slot_that_is_held_counts_as_the_place_that_it_keeps_from_others(record: Record) -> None:
    pool = [f"c{number}" for number in range(9)]
    first = draw(pool, ONE, 4, "b1")
    held = {pool[place] for place in first.chosen.tolist()}
    one = min(held)
    rest = [case for case in pool if case != one]
    # One of the two slots is free again on the second list; the other is held.
    second = draw(rest, ONE, 4, "b2", held)
    record.keep_list(header("b1", **describe(first)), rows_of(pool, first))
    record.decide(one, "x", "opened")
    record.keep_list(header("b2", **describe(second)), rows_of(rest, second))
    (stratum,) = second.strata
    expected = 1 - (1 - 2 / 7) * (1 - stratum.slots / stratum.cases)
    assert (stratum.slots, stratum.cases) == (1, 5)
    assert [record.inclusion()[case] for case in sorted(held)] == [pytest.approx(expected)] * 2
    assert record.unseen() == 2


def test_place_counts_where_the_scores_are_those_of_another_model() -> None:
    """A case keeps its score while the model stays, however many come in above it; else its place."""
    pool = [f"c{number}" for number in range(40)]
    scores = [1 - number / 100 for number in range(40)]
    first = draw(pool, THREE, 10, "b1")
    (place, *_) = first.chosen.tolist()
    one = rows_of(pool, first, scores)[place]
    grown = [*(f"n{number}" for number in range(40)), *(case for case in pool if case != one["case_id"])]
    second = draw(grown, THREE, 10, "b2")
    on_second = say(second, 2, [2 - number / 100 for number in range(40)] + scores[:-1])
    share = one["inclusion"]
    same = accumulate({1: say(first, 1, scores), 2: on_second}, [(1, one)])
    assert same == pytest.approx(1 - (1 - share) * (1 - second.probability[-1]))
    other = accumulate({1: say(first, 1, scores), 2: on_second | {"model": "n"}}, [(1, one)])
    assert other == pytest.approx(1 - (1 - share) * (1 - second.probability[place]))
    assert other > same


def test_what_has_risen_above_the_cut_would_have_been_opened_for_certain() -> None:
    strata = [{"from": 6, "to": 9, "cases": 4, "slots": 1}]
    headers = {n: {"at": f"{n}", "above": above, "strata": strata} for n, above in ((1, 5), (2, 6))}
    drawn = {"case_id": "a", "inclusion": 0.25, "audit": True, "place": 6, "score": None}
    assert accumulate(headers, [(1, drawn)], "1+") == 1.0


def test_lists_from_before_a_case_came_and_after_a_person_picked_it_say_nothing() -> None:
    strata = [{"from": 1, "to": 4, "cases": 4, "slots": 1}]
    headers = {n: {"at": f"{n}", "above": 0, "strata": strata} for n in range(4)}
    passed = {"case_id": "a", "inclusion": 0.25, "audit": False, "place": 2}
    drawn = passed | {"audit": True}
    # It came with the second list, was drawn on the third, and opened.
    assert accumulate(headers, [(1, passed), (2, drawn)], "2+") == pytest.approx(1 - 0.75**3)
    assert accumulate(headers, [(1, passed), (3, drawn)], "1+") == pytest.approx(0.25)


@given(st.integers(2, 200), st.integers(1, 40), st.sets(st.integers(0, 199), max_size=20))
def test_strata_cover_every_place_with_the_chance_that_was_given(
    count: int, capacity: int, before: set[int]
) -> None:
    cases = [f"c{number}" for number in range(count)]
    drawn = draw(cases, THREE, capacity, "b", {f"c{number}" for number in before})
    told = say(drawn, 1)
    held = set(drawn.held.tolist())
    for place in set(range(count)) - held:
        assert chance_at(told, place + 1) == pytest.approx(drawn.probability[place])
    assert [span["from"] for span in told["strata"][1:]] == [span["to"] + 1 for span in told["strata"][:-1]]
    assert sum(span["cases"] for span in told["strata"]) == (count - drawn.above - len(held)) * bool(
        told["strata"]
    )


def simulate(seed: int, lists: int, *, arrivals: int, opened: int) -> tuple[float, float, float, float]:
    """Draw from a pool list by list; return the weighted total and mean, and the true ones.

    Of what stands above the cut so many are opened after each list, and so many cases come in at any place:
    the others move up or down. Drawn cases are opened one list later, so that slots are held in between.
    """
    world = np.random.default_rng(7)
    score = dict(enumerate(world.random(120)))
    truth = {case: world.random() < 0.1 + 0.6 * score[case] for case in score}
    gone: set[int] = set()
    waiting: set[str] = set()
    headers: dict[int, dict[str, Any]] = {}
    rows: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    chosen_at: dict[int, int] = {}
    frame: set[int] = set()
    for number in range(lists):
        for _ in range(arrivals if number else 0):
            case = len(score)
            score[case] = world.random()
            truth[case] = world.random() < 0.1 + 0.6 * score[case]
        order = sorted((case for case in score if case not in gone), key=lambda case: -score[case])
        names = [str(case) for case in order]
        result = draw(names, THREE, 20, f"{seed} {number}", waiting)
        scores = [score[case] for case in order]
        headers[number] = say(result, number, scores)
        # Where earlier cases hold all slots nothing is drawn, and what only came now had no chance yet.
        frame |= set(order if result.strata else order[: result.above])
        for one in rows_of(names, result, scores):
            if one["inclusion"] or one["audit"]:
                rows.setdefault(int(one["case_id"]), []).append((number, one))
            if one["audit"] or one["inclusion"] == 1:
                chosen_at.setdefault(int(one["case_id"]), number)
        gone |= {order[place] for place in result.held.tolist()} | set(order[:opened])
        waiting = {names[place] for place in result.chosen.tolist()}
    weight = {case: 1 / accumulate(headers, rows[case], f"{at + 1:04}+") for case, at in chosen_at.items()}
    found = sum(weight[case] * truth[case] for case in weight)
    real = sum(truth[case] for case in frame)
    return found, found / sum(weight.values()), real, real / len(frame)


def assert_unbiased(secrets: int, lists: int, *, arrivals: int = 0, opened: int = 0) -> None:
    told = np.array([simulate(seed, lists, arrivals=arrivals, opened=opened) for seed in range(secrets)])
    for estimate, truth in ((told[:, 0], told[:, 2]), (told[:, 1], told[:, 3])):
        error = np.std(estimate - truth, ddof=1) / math.sqrt(secrets)
        assert abs(np.mean(estimate - truth)) < 4 * error
        assert error < 0.05 * truth.mean()


@pytest.mark.parametrize(("arrivals", "opened"), [(0, 0), (8, 3)], ids=["still", "moving"])
def test_weighted_totals_and_means_are_those_of_the_truth_over_many_lotteries(
    arrivals: int, opened: int
) -> None:
    assert_unbiased(200, lists=6, arrivals=arrivals, opened=opened)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arrivals", "opened"), [(0, 0), (10, 0), (5, 5)], ids=["still", "growing", "flowing"]
)
def test_weighted_totals_and_means_stay_those_of_the_truth_over_many_lists(
    arrivals: int, opened: int
) -> None:
    assert_unbiased(1_500, lists=12, arrivals=arrivals, opened=opened)
