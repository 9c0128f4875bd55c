"""The lists beside the worklist: they copy, honour each wish, and keep their deadlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.features.view import View
from triage.worklist.exports import export_table
from triage.worklist.policy import Referral
from triage.worklist.routing import (
    LISTS,
    Routed,
    Told,
    Tracked,
    Wish,
    Wishes,
    find_lists,
    join_routed,
    make_lists,
    route_part,
    say_lists,
)
from triage.worklist.routing.hosting import NOTICES_SCHEMA
from triage.worklist.routing.jurisdiction import ABROAD_SCHEMA
from triage.worklist.routing.material import NOVEL_SCHEMA, VICTIMS_SCHEMA

NOW = datetime(2024, 6, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
HOME = Referral(home=("NL",), days=7)
FOUND = datetime(2024, 5, 30, 23, tzinfo=UTC)


def worklist(*rows: tuple[str, str, int]) -> pa.Table:
    """Return a worklist of cases with lane and tier, in order."""
    return pa.Table.from_pylist(
        [{"case_id": case, "lane": lane, "tier": tier, "received_at": FOUND} for case, lane, tier in rows]
    )


def routed(
    abroad: tuple[str, ...] = (),
    notices: tuple[str, ...] = (),
    novel: tuple[str, ...] = (),
    victims: tuple[tuple[str | None, str], ...] = (),
    named: bool = True,
) -> Routed:
    def rows(schema: pa.Schema, some: list[dict[str, Any]]) -> pa.Table:
        return pa.Table.from_pylist(some, schema=schema)

    return Routed(
        rows(ABROAD_SCHEMA, [{"case_id": case, "person_in": "DE", "children_in": "PH"} for case in abroad]),
        rows(NOTICES_SCHEMA, [{"report_id": f"r-{case}", "case_id": case, "files": 1} for case in notices]),
        rows(NOVEL_SCHEMA, [{"case_id": case, "files": 3, "youngest": "3-6"} for case in novel]),
        rows(
            VICTIMS_SCHEMA,
            [
                {"found_at": FOUND, "victim": victim, "case_id": case, "files": 2, "person_named": named}
                for victim, case in victims
            ],
        ),
    )  # fmt: skip


def make(found: Routed, listed: pa.Table, **options: Any) -> dict[str, list[dict[str, Any]]]:
    lists = make_lists(found, listed, as_of=NOW, referral=HOME, **options)
    assert tuple(lists) == LISTS
    return {name: table.to_pylist() for name, table in lists.items()}


def test_escalated_cases_are_referred_within_24_hours_and_others_as_the_policy_says() -> None:
    listed = worklist(("a", "escalated", 1), ("b", "escalated", 2), ("c", "youth", 1), ("d", "youth", 2), ("e", "ranked", 1))  # fmt: skip
    rows = make(routed(abroad=("e", "d", "c", "b", "a")), listed)["referral"]
    assert [(row["case_id"], row["due_at"] - NOW) for row in rows] == [
        ("a", DAY), ("b", DAY), ("c", DAY), ("d", 7 * DAY), ("e", 7 * DAY),
    ]  # fmt: skip
    assert {(row["person_in"], row["children_in"], row["state"]) for row in rows} == {("DE", "PH", "refer")}


def test_a_deadline_does_not_slide_with_every_new_list() -> None:
    tracked = {"a": Tracked(listed_at=NOW - 2 * DAY), "b": Tracked(listed_at=NOW - 2 * DAY)}
    listed = worklist(("a", "escalated", 1), ("b", "ranked", 5))
    first, second = make(routed(abroad=("a", "b")), listed, tracked=tracked)["referral"]
    assert (first["due_at"], first["state"]) == (NOW - DAY, "refer: overdue")
    assert (second["due_at"], second["state"]) == (NOW + 5 * DAY, "refer")


def test_a_referral_is_followed_until_it_is_acknowledged() -> None:
    tracked = {
        "a": Tracked(NOW - 3 * DAY, NOW - 2 * DAY),
        "b": Tracked(NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY),
    }
    listed = worklist(("a", "escalated", 1), ("b", "escalated", 1))
    first, second = make(routed(abroad=("a", "b")), listed, tracked=tracked)["referral"]
    assert first["state"] == "referred, not acknowledged yet"
    assert (second["state"], second["acknowledged_at"]) == ("acknowledged", NOW - DAY)


@pytest.mark.parametrize(
    ("lane", "said"),
    [
        ("ranked", "may go"),
        ("escalated", "ask the police"),
        ("paused", "ask the police"),
        ("youth", "ask the police"),
    ],
)
def test_no_hotline_acts_before_the_police_where_somebody_may_be_warned(lane: str, said: str) -> None:
    (row,) = make(routed(notices=("a",)), worklist(("a", lane, 1)))["notice"]
    assert row["state"].startswith(said)
    assert row["report_id"] == "r-a"


def test_identification_stands_in_the_order_of_the_worklist() -> None:
    rows = make(routed(novel=("a", "b")), worklist(("b", "escalated", 1), ("a", "ranked", 3)))[
        "identification"
    ]
    assert [(row["case_id"], row["lane"], row["files"]) for row in rows] == [
        ("b", "escalated", 3),
        ("a", "ranked", 3),
    ]


def test_each_wish_is_honoured_on_both_lists_of_victims() -> None:
    wishes = Wishes({"v1": Wish.TELL, "v2": Wish.DO_NOT_TELL, "v3": Wish.UNKNOWN})
    found = routed(victims=(("v1", "a"), ("v2", "a"), ("v3", "a"), ("v4", "a"), (None, "a")))
    lists = make(found, worklist(("a", "ranked", 5)), wishes=wishes)
    for name in ("notification", "claims"):
        told = {row["victim"]: row["state"] for row in lists[name]}
        ask = "ask the register first"
        assert told == {"v1": "tell", "v3": ask, "v4": ask, None: ask}
    assert lists["notification"][0]["date"] == "2024-05-30"
    assert lists["notification"][0]["files"] == 2


def test_victims_are_listed_by_date_the_latest_first_and_not_by_rank() -> None:
    found = routed(victims=(("v1", "a"), ("v2", "b"), ("v3", "a")))
    later = [FOUND, FOUND + 3 * DAY, FOUND]
    victims = found.victims.set_column(0, "found_at", pa.array(later, found.victims["found_at"].type))
    lists = make(replace(found, victims=victims), worklist(("a", "ranked", 1), ("b", "ranked", 5)))
    assert [row["victim"] for row in lists["notification"]] == ["v2", "v1", "v3"]
    assert "rank" not in lists["notification"][0]


def test_each_list_is_written_as_any_table_is(tmp_path: Path) -> None:
    found = routed(abroad=("a",), notices=("a",), novel=("a",), victims=(("v", "a"),))
    for name, table in make_lists(found, worklist(("a", "ranked", 5)), as_of=NOW, referral=HOME).items():
        for ending in (".csv", ".xlsx", ".jsonl", ".parquet"):
            export_table(table, tmp_path / f"{name}{ending}", title=name)
        assert pq.read_table(tmp_path / f"{name}.parquet").num_rows == 1


def test_without_a_register_nobody_is_told_unasked() -> None:
    lists = make(routed(victims=(("v1", "a"),)), worklist(("a", "ranked", 5)))
    assert [row["state"] for row in lists["notification"]] == ["ask the register first"]


@pytest.mark.parametrize("named", [True, False])
def test_the_fund_is_flagged_where_nobody_is_known_to_claim_from(named: bool) -> None:
    lists = make(routed(victims=(("v", "a"),), named=named), worklist(("a", "ranked", 5)))
    assert [row["fund"] for row in lists["claims"]] == [not named]


def as_tables(found: Routed) -> dict[str, pa.Table]:
    return {field.name: getattr(found, field.name) for field in fields(found)}


def test_a_case_is_named_with_every_list_on_which_it_stands() -> None:
    found = routed(abroad=("a",), notices=("b", "b"), novel=("a",), victims=(("v", "c"), ("w", "c")))
    on, rows = find_lists(as_tables(found), pa.array(["c", "a", "d", "b"]))
    assert say_lists(on).to_pylist() == ["notification claims", "referral identification", "", "notice"]
    assert rows == {"referral": 1, "notice": 2, "identification": 1, "notification": 2, "claims": 2}


def check_found(found: Routed, lists: dict[str, list[dict[str, Any]]], **options: Any) -> None:
    """What is found of a case before the lists are made is what stands on them."""
    names = pa.array(["a", "b", "c"])
    on, rows = find_lists(as_tables(found), names, **options)
    assert rows == {name: len(table) for name, table in lists.items()}
    for case, told in zip("abc", say_lists(on).to_pylist(), strict=True):
        assert told.split() == [name for name in LISTS if case in {row["case_id"] for row in lists[name]}]


tokens = st.sampled_from(["v0", "v1", "v2", "v3", None])


@given(
    st.lists(st.tuples(tokens, st.sampled_from("abc")), max_size=12, unique=True),
    st.dictionaries(st.sampled_from(["v0", "v1", "v2", "v3"]), st.sampled_from(Wish)),
    st.dictionaries(st.tuples(st.sampled_from("abc"), tokens.map(lambda one: one or "")), st.booleans()),
)
def test_nobody_is_lost_and_nobody_told_against_their_wish(
    victims: list[tuple[str | None, str]], register: dict[str, Wish], told: dict[tuple[str, str], bool]
) -> None:
    found, wishes = routed(victims=tuple(victims)), Wishes(register)
    lists = make(found, worklist(("a", "ranked", 5)), wishes=wishes)
    check_found(found, lists, wishes=wishes)
    notified = {who: Told(NOW - DAY, news) for who, news in told.items()}
    again = make(found, worklist(("a", "ranked", 5)), wishes=wishes, notified=notified)
    check_found(found, again, wishes=wishes, notified=notified)
    due = {(victim, case) for victim, case in victims if register.get(victim or "") is not Wish.DO_NOT_TELL}
    for name in ("notification", "claims"):
        assert {(row["victim"], row["case_id"]) for row in lists[name]} == due
        assert all(
            (row["state"] == "tell") == (register.get(row["victim"]) is Wish.TELL) for row in lists[name]
        )


def test_parts_are_routed_each_for_itself_and_joined_as_one(seen: Callable[..., View]) -> None:
    def rows(name: str) -> dict[str, list[dict[str, Any]]]:
        report, person = f"r{name}", f"p{name}"
        return {
            "reports": [
                {"report_id": report, "jurisdiction_country": "DE", "jurisdiction_basis": "verified_location"}
            ],
            "persons": [{"person_id": person, "report_id": report, "role": "reported"}],
            "children": [{"child_id": f"c{name}", "report_id": report, "country": "PH"}],
            "files": [
                {
                    "file_id": f"f{name}{i}",
                    "report_id": report,
                    "hash_status": "no_match",
                    "victim_status": status,
                }
                for i, status in enumerate(("unidentified", "identified"))
            ],
        }

    both = {table: [*some, *rows("2")[table]] for table, some in rows("1").items()}
    whole = route_part(seen(**both), HOME)
    parts = join_routed([route_part(seen(**rows(name)), HOME) for name in "12"])
    for table in ("abroad", "notices", "novel", "victims"):
        one, two = (sorted(map(repr, getattr(found, table).to_pylist())) for found in (whole, parts))
        assert one == two
    assert (whole.abroad.num_rows, whole.novel.num_rows, whole.victims.num_rows) == (2, 2, 2)
