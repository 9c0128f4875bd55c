"""The open pool: nothing undecided is forgotten, and nothing decided comes back without a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.intake.tokens import TokenKey
from triage.record import Record, open_record
from triage.schema.batch import Batch, BatchMeta
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.build import Worklist, build_worklist
from triage.worklist.keeping import keep_worklist
from triage.worklist.policy import Capacity
from triage.worklist.pool import Pool, digest_of, join_versions, open_pool
from triage.worklist.standing import read_standing

KEY = TokenKey(bytes(range(16)))
START = datetime(2024, 6, 1, tzinfo=UTC)


class Clock:
    """A minute passes between any two looks at it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    return open_record(tmp_path / "record.sqlite", KEY, clock=Clock())


@pytest.fixture
def batch_of(make_part: Callable[..., Part]) -> Callable[..., Batch]:
    def make(name: str = "monday", days: int = 0, meta: dict[str, Any] | None = None, **tables: Any) -> Batch:
        part = make_part(**tables)
        return Batch(BatchMeta(name, START + timedelta(days=days), **(meta or {})), lambda _index: part)

    return make


def reports(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"report_id": name, **more} for name in names]


def reported(person: str, *names: str) -> list[dict[str, Any]]:
    return [{"person_id": person, "report_id": name, "role": "reported"} for name in names]


def show(record: Record, pool: Pool, capacity: int = 5) -> Worklist:
    standing = read_standing(record, pool)
    worklist = build_worklist(
        pool.batch, load_model("expert"), Capacity(count=capacity), key=KEY, standing=standing
    )
    keep_worklist(record, worklist, pool)
    return worklist


def cases(worklist: Worklist) -> list[str]:
    return sorted(worklist.table["case_id"].to_pylist())


def test_list_of_the_first_batch_is_that_of_the_batch(record: Record, batch_of) -> None:
    batch = batch_of(
        reports=reports("a", "b", "c", "d"),
        persons=[*reported("p", "a", "b"), *reported("q", "c")],
        children=[{"child_id": "k", "report_id": "d", "crisis_code": ["missing"]}],
    )
    alone = build_worklist(batch, load_model("expert"), Capacity(count=2)).table
    pooled = build_worklist(open_pool(record, batch).batch, load_model("expert"), Capacity(count=2)).table
    told = [name for name in alone.column_names if name != "fingerprints"]
    assert pooled.select(told).equals(alone.select(told))


def test_undecided_cases_of_earlier_batches_stay_on_the_list(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a", "b"))))
    pool = open_pool(record, batch_of("tuesday", 1, reports=reports("c")))
    assert cases(show(record, pool)) == ["a", "b", "c"]
    assert pool.new == {"c"}


def test_same_batch_counts_once_whatever_the_order_of_its_rows(record: Record, batch_of) -> None:
    one = batch_of(reports=reports("a", "b"), persons=reported("p", "a"))
    other = batch_of(reports=reports("b", "a"), persons=reported("p", "a"))
    first = open_pool(record, one)
    again = open_pool(record, other)
    assert again.digest == first.digest
    assert again.new == frozenset()
    assert len(record.batches()) == 1


def test_which_batch_came_first_does_not_change_the_list(tmp_path: Path, batch_of) -> None:
    batches = [
        batch_of("monday", 0, reports=reports("a", "b"), persons=reported("p", "a")),
        batch_of("tuesday", 1, reports=reports("c", "b"), persons=reported("p", "c")),
    ]
    lists = []
    for number, order in enumerate((batches, batches[::-1])):
        record = open_record(tmp_path / f"{number}.sqlite", KEY, clock=Clock())
        pools = [open_pool(record, batch) for batch in order]
        lists.append([part.tables for part in pools[-1].batch.parts()])
    assert lists[0] == lists[1]


@pytest.mark.parametrize("decision", ["opened", "closed"])
def test_a_decided_case_leaves_the_list_and_a_new_report_brings_it_back(
    record: Record, batch_of, decision: str
) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a", "b"), persons=reported("p", "a"))))
    record.decide("a", "officer 7", decision, why=None if decision == "opened" else "quality")
    quiet = open_pool(record, batch_of("tuesday", 1, reports=reports("c")))
    assert cases(show(record, quiet)) == ["b", "c"]
    assert quiet.decided == 1
    told = open_pool(record, batch_of("wednesday", 2, reports=reports("d"), persons=reported("p", "d")))
    assert cases(show(record, told)) == ["a", "b", "c"]
    assert told.reopened == {"a"}


def test_the_same_report_sent_again_brings_nothing_back(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a"))))
    record.decide("a", "officer 7", "opened")
    again = open_pool(record, batch_of("tuesday", 1, reports=reports("a", "b")))
    assert cases(show(record, again)) == ["b"]


def test_a_child_in_crisis_told_since_brings_a_case_back(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a"))))
    record.decide("a", "officer 7", "closed", why="quality")
    crisis = [{"child_id": "k", "report_id": "a", "crisis_code": ["in_contact_now"]}]
    worklist = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("a"), children=crisis)))
    assert worklist.table.select(["case_id", "lane"]).to_pylist() == [{"case_id": "a", "lane": "escalated"}]


def test_what_only_keeps_a_case_waiting_keeps_it_listed(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a", "b"))))
    record.decide("a", "officer 7", "deferred", why="capacity")
    record.decide("b", "officer 7", "referred", country="DE", why="known_elsewhere")
    assert cases(show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("c"))))) == [
        "a",
        "b",
        "c",
    ]


def test_cases_that_a_new_report_joins_are_one_and_keep_both_names(record: Record, batch_of) -> None:
    first = batch_of(reports=reports("a", "b"), persons=[*reported("p", "a"), *reported("q", "b")])
    assert cases(show(record, open_pool(record, first))) == ["a", "b"]
    both = [*reported("p", "c"), *reported("q", "c")]
    pool = open_pool(record, batch_of("tuesday", 1, reports=reports("c"), persons=both))
    worklist = show(record, pool)
    assert worklist.table.select(["case_id", "aliases", "reports"]).to_pylist() == [
        {"case_id": "a", "aliases": "b", "reports": 3}
    ]
    assert record.find_case("b") == "a"


def test_a_decision_on_either_name_holds_for_the_merged_case(record: Record, batch_of) -> None:
    first = batch_of(reports=reports("a", "b"), persons=[*reported("p", "a"), *reported("q", "b")])
    show(record, open_pool(record, first))
    both = [*reported("p", "c"), *reported("q", "c")]
    show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("c"), persons=both)))
    record.decide("b", "officer 7", "opened")
    assert cases(show(record, open_pool(record, batch_of("wednesday", 2, reports=reports("d"))))) == ["d"]


def test_what_could_not_be_read_stays_until_somebody_has_dealt_with_it(record: Record, batch_of) -> None:
    bad = batch_of(reports=reports("a b", "x"))
    name = show(record, open_pool(record, bad)).table["case_id"].to_pylist()[0]
    assert cases(show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("y"))))) == sorted(
        [name, "x", "y"]
    )
    record.decide(name, "officer 7", "closed", why="quality")
    assert cases(show(record, open_pool(record, batch_of("wednesday", 2, reports=reports("z"))))) == [
        "x",
        "y",
        "z",
    ]


def test_what_is_wrong_with_the_new_batch_is_told_as_without_a_record(record: Record, batch_of) -> None:
    monday = batch_of(reports=reports("a", escalated_by_reporter="maybe"))
    model, told = load_model("expert"), {finding.column for finding in next(iter(monday.parts())).findings}
    assert "escalated_by_reporter" in told
    alone = build_worklist(monday, model, Capacity(count=5))
    pooled = show(record, open_pool(record, monday))
    assert told <= {finding.column for finding in pooled.findings}
    assert pooled.alarms == alone.alarms
    assert "escalated_by_reporter" in pooled.alarms[-1]
    later = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("b"))))
    assert "escalated_by_reporter" not in {finding.column for finding in later.findings}


def test_a_report_that_came_again_has_its_newest_values_and_stays_escalated(record: Record, batch_of) -> None:
    old = {"escalated_by_reporter": "asserted", "incident_type": "csam", "report_annotations": ["spam"]}
    new = {"incident_type": "enticement", "reporter_type": "police", "report_annotations": ["sextortion"]}
    open_pool(record, batch_of(reports=reports("a", **old)))
    pool = open_pool(
        record, batch_of("tuesday", 1, reports=reports("a", **new, escalated_by_reporter="denied"))
    )
    (part,) = pool.batch.parts()
    (row,) = part.tables["reports"].to_pylist()
    assert (row["incident_type"], row["reporter_type"]) == ("enticement", "police")
    assert row["escalated_by_reporter"] == "asserted"
    assert row["report_annotations"] == ["sextortion", "spam"]


def test_a_lowered_case_stands_last_of_the_escalated_until_something_new_is_told(
    record: Record, batch_of
) -> None:
    urgent = reports("a", "b", escalated_by_reporter="asserted")
    show(record, open_pool(record, batch_of(reports=urgent, persons=reported("p", "a"))))
    record.decide("a", "officer 7", "lowered", why="new_information")
    quiet = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("c"))))
    assert quiet.table.select(["case_id", "lane", "tier"]).to_pylist() == [
        {"case_id": "b", "lane": "escalated", "tier": 1},
        {"case_id": "a", "lane": "escalated", "tier": 2},
        {"case_id": "c", "lane": "ranked", "tier": 4},
    ]
    told = batch_of("wednesday", 2, reports=reports("d"), persons=reported("p", "d"))
    again = show(record, open_pool(record, told)).table.to_pylist()
    assert {row["case_id"]: row["tier"] for row in again if row["lane"] == "escalated"} == {"a": 1, "b": 1}


def test_a_paused_case_rests_beside_the_list_until_it_is_resumed(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a", "b"))))
    record.decide("a", "officer 7", "paused")
    paused = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("c"))))
    assert paused.lanes["paused"] == 1
    record.decide("a", "officer 7", "resumed")
    resumed = show(record, open_pool(record, batch_of("wednesday", 2, reports=reports("d"))))
    assert resumed.lanes["paused"] == 0


def test_rows_without_a_name_are_not_taken_for_each_other_over_batches(record: Record, batch_of) -> None:
    """Persons that were numbered when they were read are not the same person because they were numbered alike."""
    nameless = [{"person_id": None, "report_id": "a", "role": "reported"}]
    open_pool(record, batch_of(reports=reports("a"), persons=nameless))
    other = [{"person_id": None, "report_id": "b", "role": "reported"}]
    pool = open_pool(record, batch_of("tuesday", 1, reports=reports("b"), persons=other))
    assert cases(show(record, pool)) == ["a", "b"]


@pytest.mark.parametrize(
    "meta", [{"synthetic": True, "world": "w"}, {"key_check": "other"}], ids=["synthetic", "another key"]
)
def test_batches_of_two_kinds_are_refused(record: Record, batch_of, meta: dict[str, Any]) -> None:
    open_pool(record, batch_of(reports=reports("a")))
    with pytest.raises(InputRefusedError, match="in one record"):
        open_pool(record, batch_of("tuesday", 1, meta=meta, reports=reports("b")))
    assert len(record.batches()) == 1


def test_lottery_draws_the_same_again_and_a_drawn_case_keeps_its_slot(record: Record, batch_of) -> None:
    many = [f"r{number:03}" for number in range(300)]
    monday = batch_of(reports=reports(*many))
    first = show(record, open_pool(record, monday), capacity=40)
    again = show(record, open_pool(record, monday), capacity=40)
    drawn = {row["case_id"] for row in first.chances.to_pylist() if row["audit"]}
    assert len(drawn) == 2
    assert again.table.equals(first.table)
    tuesday = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("new"))), capacity=40)
    assert drawn == {row["case_id"] for row in tuesday.chances.to_pylist() if row["audit"]}
    chances = record.inclusion()
    for case in drawn:
        assert chances[case] == pytest.approx(
            next(row["inclusion"] for row in first.chances.to_pylist() if row["case_id"] == case)
        )


def test_drawn_cases_are_opened_by_the_capacity_and_nothing_on_the_list_tells_them_apart(
    record: Record, batch_of
) -> None:
    many = [f"r{number:03}" for number in range(300)]
    worklist = show(record, open_pool(record, batch_of(reports=reports(*many))), capacity=40)
    drawn = {row["case_id"] for row in worklist.chances.to_pylist() if row["audit"]}
    shown = worklist.table.to_pylist()
    assert {row["case_id"] for row in shown if row["rank"] <= 40} >= drawn
    assert {row["tier"] for row in shown if row["case_id"] in drawn} <= {2, 3, 4}
    assert "audit" not in worklist.table.column_names


def test_without_a_record_nothing_is_drawn(batch_of) -> None:
    batch = batch_of(reports=reports(*(f"r{number:03}" for number in range(300))))
    worklist = build_worklist(batch, load_model("expert"), Capacity(count=40), key=KEY)
    assert worklist.audit_notes == []
    assert not any(worklist.chances["audit"].to_pylist())


def test_sets_of_codes_are_united_and_gaps_filled_from_the_versions_before() -> None:
    table = "children"

    def version(**values: Any) -> pa.Table:
        from triage.schema.tables import TABLES

        return pa.Table.from_pylist(
            [{"child_id": "k", "report_id": "a", **values}], schema=TABLES[table].arrow_schema
        )

    joined = join_versions(
        [
            version(age_band="7-10", crisis_code=["missing"]),
            version(age_band="unknown", access_level="lives_with"),
        ],
        table,
    )
    (row,) = joined.to_pylist()
    assert (row["age_band"], row["access_level"], row["crisis_code"]) == ("7-10", "lives_with", ["missing"])


def test_digest_tells_an_empty_cell_from_a_cell_less() -> None:
    one = pa.table({"a": ["x", None], "b": [None, "y"]})
    other = pa.table({"a": ["x", "y"], "b": pa.array([None, None], pa.string())})
    assert digest_of({"t": one}) != digest_of({"t": other})
