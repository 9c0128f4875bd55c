from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from triage.features.view import View
from triage.worklist import order as order_module
from triage.worklist.facts import Facts, gather_facts
from triage.worklist.order import (
    ESCALATED,
    RANKED,
    UNREADABLE,
    YOUTH,
    Ranking,
    give_due,
    give_tiers,
    key_draws,
    offset_lanes,
    order_cases,
    sort_within_tiers,
)
from triage.worklist.policy import Ordering, load_policy

NOW = datetime(2024, 6, 1, tzinfo=UTC)


class Cases(NamedTuple):
    """Scored cases, as far as the order reads them."""

    case_id: pa.Array
    score: Any
    facts: Facts


@pytest.fixture
def scored(make_part) -> Any:
    """Cases named a, b, c, ... with the scores that a test wants, received at once unless told otherwise."""

    def make(scores: list[float], received: list[str] | None = None, **columns: list[Any]) -> Any:
        names = "abcdefgh"[: len(scores)]
        part = make_part(
            reports=[
                {
                    "report_id": name,
                    "received_at": (received or ["2024-03-01"] * len(scores))[i],
                    **{column: values[i] for column, values in columns.items()},
                }
                for i, name in enumerate(names)
            ],
            persons=[{"person_id": f"p{n}", "report_id": n, "role": "reported"} for n in names],
        )
        view = View(part, np.full(len(part.cases), int(NOW.timestamp())))
        return Cases(part.cases, np.array(scores, dtype=float), gather_facts(view))

    return make


def rank_of(*parts: Any) -> Ranking:
    cases = pa.concat_arrays([pa.array([], pa.string()), *(part.case_id for part in parts)])
    score = np.concatenate([np.zeros(0), *(part.score for part in parts)])
    return Ranking.of(cases, score, [part.facts for part in parts])


def axes_of(part: Any) -> Callable[[Any], pa.Table]:
    table = pa.table({"evidence_days": part.facts.evidence_days, "solvable": part.facts.solvable})
    return lambda rows: table.take(pa.array(rows))


def names(order: Any, part: Any) -> str:
    return "".join(part.case_id[row].as_py() for row in order.row.tolist())


def test_equal_scores_go_to_the_longest_waiting_and_then_to_the_smallest_keyed_hash(scored: Any) -> None:
    part = scored([1, 2, 1, 1], ["2024-03-02", "2024-03-09", "2024-03-01", "2024-03-01"])
    assert names(order_cases(rank_of(part), {"a": 0, "b": 9, "c": 1, "d": 2}.__getitem__), part) == "bcda"
    assert (
        names(order_cases(rank_of(part), {"a": 0, "b": 9, "c": 2**64 - 1, "d": 2**64 - 2}.__getitem__), part)
        == "bdca"
    )


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_all_of_one_second_are_drawn_wherever_the_look_at_them_is_cut(
    scored: Any, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(order_module, "_LOOKED_AT_ONCE", at_once)
    part = scored([1] * 7, ["2024-03-01"] * 3 + ["2024-02-01"] * 4)
    draw = {name: 7 - place for place, name in enumerate("abcdefg")}.__getitem__
    assert names(order_cases(rank_of(part), draw), part) == "gfedcba"


def test_case_of_which_nobody_knows_how_long_it_waits_counts_as_longest(scored: Any) -> None:
    part = scored([1, 1], ["1990-01-01", ""])
    assert np.isnan(part.facts.received[1])
    assert names(order_cases(rank_of(part), "key"), part) == "ba"


def test_keyed_hash_is_blake2b_of_the_case_with_the_key() -> None:
    expected = hashlib.blake2b(b"case", digest_size=8, key=b"today").digest()
    assert key_draws("today")("case") == int.from_bytes(expected, "big")


def test_whole_key_counts_however_long_it_is() -> None:
    secret = "f" * 64
    assert key_draws(secret + "monday")("case") != key_draws(secret + "tuesday")("case")


def test_another_key_breaks_ties_in_another_way(scored: Any) -> None:
    part = scored([1.0] * 8)
    orders = {names(order_cases(rank_of(part), f"key {i}"), part) for i in range(20)}
    assert len(orders) > 10
    assert {order[0] for order in orders} > {"a", "h"}


def test_imminence_stands_before_score_and_score_before_waiting(scored: Any) -> None:
    part = scored(
        [9, 1, 5, 7],
        ["2024-03-01", "2024-03-04", "2024-03-02", "2024-03-03"],
        escalated_by_reporter=["denied", "asserted", "denied", "asserted"],
        report_annotations=[["sextortion"], [], ["sextortion"], []],
    )
    assert names(order_cases(rank_of(part), "key"), part) == "dbac"
    assert names(order_cases(rank_of(part), "key", lowered={"d"}), part) == "bacd"
    assert names(order_cases(rank_of(part), "key", lowered={"d", "b"}), part) == "acdb"


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_score_that_is_no_number_puts_a_case_first_in_lane_unreadable(scored: Any, broken: float) -> None:
    part = scored([3, broken, 2, broken], escalated_by_reporter=["denied"] * 2 + ["asserted"] * 2)
    order = order_cases(rank_of(part), "key")
    assert names(order, part) == "dbca"
    assert order.lane.tolist() == [UNREADABLE, UNREADABLE, ESCALATED, RANKED]
    rank = np.arange(4) + offset_lanes(order.lane, 1)[order.lane]
    assert rank.tolist() == [2, 3, 4, 5]
    assert give_tiers(order, 1, 3).tolist() == [1, 1, 1, 5]


@pytest.mark.parametrize(("lane", "label"), [(YOUTH, ["minor_to_minor"]), (UNREADABLE, [])])
def test_where_no_score_counts_the_longest_waiting_stands_first(
    scored: Any, lane: int, label: list[str]
) -> None:
    scores = [-np.inf, np.nan, np.inf] if lane == UNREADABLE else [9, 1, 5]
    part = scored(scores, ["2024-03-03", "2024-03-01", "2024-03-02"], report_annotations=[label] * 3)
    order = order_cases(rank_of(part), "key")
    assert set(order.lane.tolist()) == {lane}
    assert names(order, part) == "bca"


def test_axes_order_the_cases_of_one_tier(scored: Any) -> None:
    """Of 30 days, tier 1 has the first place of 30, tier 2 the next six."""
    part = scored(
        [8, 7, 6, 5, 4, 3],
        preserve_until=["2024-06-09", "", "2024-06-20", "2024-05-01", "2024-06-05", "2024-06-20"],
        jurisdiction_country=["NL", "", "", "", "", "NL"],
    )
    order = order_cases(rank_of(part), "key")
    tier = give_tiers(order, 0, 30)
    assert tier.tolist() == [1, 2, 2, 2, 2, 2]

    def sort(*axes: str) -> str:
        policy = replace(load_policy(), order=Ordering(axes, due_before_evidence_ends=False))
        place = sort_within_tiers(order, tier, axes_of(part), policy)
        return names(order if place is None else order.at(place), part)

    assert sort() == "abcdef"
    # The end of d has passed, and b has none: both come after those whose end lies ahead.
    assert sort("evidence") == "aecfbd"
    assert sort("evidence", "solvability") == "aefcbd"
    assert sort("solvability") == "afbcde"


def test_deadlines_are_those_of_the_tiers_and_the_paused_and_unplanned_have_none() -> None:
    days = (give_due(np.array([1, 2, 3, 4, 5, 0]), NOW, load_policy()) - NOW.timestamp()) / 86_400
    assert days[:4].tolist() == [1, 7, 14, 30]
    assert give_due(np.array([5, 0]), NOW, load_policy()).tolist() == [-1, -1]


def test_deadline_moves_forward_to_the_end_of_the_evidence_where_the_policy_says_so() -> None:
    tier = np.array([2, 2, 2, 2, 5])
    until = NOW.timestamp() + 86_400 * np.array([3.5, 20, -1, np.nan, 3])
    moving = replace(load_policy(), order=Ordering((), due_before_evidence_ends=True))
    due = give_due(tier, NOW, moving, until)
    assert ((due[:4] - NOW.timestamp()) / 86_400).tolist() == [3.5, 7, 7, 7]
    assert due[4] == -1
    assert ((give_due(tier, NOW, load_policy(), until)[:4] - NOW.timestamp()) / 86_400).tolist() == [7] * 4


def test_list_of_nobody_has_no_order() -> None:
    order = order_cases(rank_of(), "key")
    assert len(order.row) == len(give_tiers(order, 0, 5)) == 0
    moving = replace(load_policy(), order=Ordering(("evidence",), due_before_evidence_ends=True))
    nobody = pa.table({"evidence_days": np.zeros(0), "solvable": np.zeros(0)})
    place = sort_within_tiers(order, order.lane, lambda _: nobody, moving)
    assert place is not None
    assert not len(place)
