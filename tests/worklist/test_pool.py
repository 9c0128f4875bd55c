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
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.build import Worklist, build_worklist
from triage.worklist.keeping import keep_worklist
from triage.worklist.policy import Capacity
from triage.worklist.pool import Pool, digest_of, open_pool
from triage.worklist.standing import read_standing
from triage.worklist.versions import join_versions

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


def test_an_older_batch_that_comes_late_with_the_same_report_brings_nothing_back(
    record: Record, batch_of
) -> None:
    show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("a"))))
    record.decide("a", "officer 7", "opened")
    late = open_pool(record, batch_of("monday", 0, reports=reports("a", "b")))
    assert (late.reopened, late.decided) == (frozenset(), 1)


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


def test_unreadable_rows_at_the_same_place_of_two_files_are_two_and_each_is_dealt_with(
    record: Record, batch_of
) -> None:
    """Every folder of CSV has a reports.csv, and its second row may be bad every morning."""
    (first,) = cases(show(record, open_pool(record, batch_of(reports=reports("a b")))))
    tuesday = batch_of("tuesday", 1, reports=reports("c d", "x"))
    both = cases(show(record, open_pool(record, tuesday)))
    assert len(both) == 3
    assert first in both
    record.decide(first, "officer 7", "closed", why="quality")
    (second,) = set(cases(show(record, open_pool(record, tuesday)))) - {"x"}
    assert second != first
    assert record.forget(second).rows == 1
    assert cases(show(record, open_pool(record, tuesday))) == ["x"]


def test_rows_that_are_only_known_since_another_time_are_the_same_batch(record: Record, batch_of) -> None:
    """A folder of CSV says of no row since when it is known: read again, that is a later now."""
    nameless = {"person_id": None, "report_id": "a", "role": "reported"}
    for day in ("2024-05-01", "2024-05-02"):
        known = {"known_at": f"{day}T00:00:00Z"}
        pool = open_pool(
            record, batch_of(reports=[*reports("a", **known), *reports("c d")], persons=[nameless | known])
        )
    assert len(record.batches()) == 1
    (part,) = pool.batch.parts()
    assert part.tables["persons"].num_rows == part.set_aside.num_rows == 1


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


def test_a_deadline_of_24_hours_does_not_slide_from_list_to_list(record: Record, batch_of) -> None:
    urgent = reports("a", escalated_by_reporter="asserted")
    show(record, open_pool(record, batch_of(reports=[*urgent, *reports("b c")])))
    later = batch_of("thursday", 3, reports=reports("d", escalated_by_reporter="asserted"))
    worklist = show(record, open_pool(record, later))
    due = {row["case_id"]: row["due_at"] for row in worklist.table.to_pylist() if row["tier"] == 1}
    assert due["d"] == START + timedelta(days=4)
    assert {due[case] for case in due if case != "d"} == {START + timedelta(days=1)}
    assert worklist.alarms[0] == (
        "2 cases are overdue (1 in lane unreadable, 1 in lane escalated): the deadline passed and nobody has"
        " dealt with them"
    )
    record.decide("a", "officer 7", "opened")
    show(record, open_pool(record, batch_of("friday", 4, reports=reports("e"))))
    again = batch_of(
        "monday", 9, reports=reports("a", escalated_by_reporter="asserted", incident_type="csam")
    )
    back = show(record, open_pool(record, again)).table.to_pylist()
    assert next(row["due_at"] for row in back if row["case_id"] == "a") == START + timedelta(days=10)


def test_the_week_of_a_child_to_protect_does_not_slide_either(record: Record, batch_of) -> None:
    """Lane youth is tier 2, 7 days; a case that becomes urgent there has 24 hours from then."""
    minor = [{"person_id": "p", "report_id": "a", "role": "reported", "age_band": "13-15"}]
    show(record, open_pool(record, batch_of(reports=reports("a"), persons=minor)))
    later = show(record, open_pool(record, batch_of("thursday", 3, reports=reports("b"))))
    (row,) = (row for row in later.table.to_pylist() if row["lane"] == "youth")
    assert (row["tier"], row["due_at"]) == (2, START + timedelta(days=7))
    late = show(record, open_pool(record, batch_of("next week", 8, reports=reports("c"))))
    assert late.alarms[0].startswith("1 case is overdue (1 in lane youth)")
    crisis = batch_of(
        "tuesday", 9, reports=reports("a", escalated_by_reporter="asserted", incident_type="csam")
    )
    told = show(record, open_pool(record, crisis)).table.to_pylist()
    (row,) = (row for row in told if row["lane"] == "youth")
    assert (row["tier"], row["due_at"]) == (1, START + timedelta(days=10))


def test_a_list_made_for_a_day_ahead_puts_no_deadline_off_for_good(record: Record, batch_of) -> None:
    urgent = batch_of(reports=reports("a", escalated_by_reporter="asserted"))
    pool = open_pool(record, urgent)
    standing = read_standing(record, pool)
    slip = build_worklist(
        pool.batch, load_model("expert"), as_of=START + timedelta(days=3650), key=KEY, standing=standing
    )
    keep_worklist(record, slip, pool)
    dues = [
        show(record, open_pool(record, batch_of(day, number, reports=reports(day))))
        .table["due_at"][0]
        .as_py()
        for number, day in enumerate(("tuesday", "wednesday", "thursday"), start=1)
    ]
    assert dues == [START + timedelta(days=2)] * 3


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


def test_cases_of_two_worlds_are_refused(record: Record, batch_of) -> None:
    one, other = ({"synthetic": True, "world": world} for world in ("hotline", "nl-2017"))
    open_pool(record, batch_of(meta=one, reports=reports("a")))
    with pytest.raises(InputRefusedError, match="two worlds in one record"):
        open_pool(record, batch_of("tuesday", 1, meta=other, reports=reports("b")))


def test_lottery_draws_the_same_again_and_a_drawn_case_keeps_its_slot(record: Record, batch_of) -> None:
    # Whoever waits longer stands higher, so that the order of the next day is the same.
    many = [
        {"report_id": f"r{number:03}", "received_at": f"2024-03-01T{number // 60:02}:{number % 60:02}:00Z"}
        for number in range(300)
    ]

    waiting = [START - timedelta(hours=300 - number) for number in range(300)]
    many = [{"report_id": f"r{number:03}", "received_at": at} for number, at in enumerate(waiting)]
    monday = batch_of(reports=many)
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


def test_case_that_was_drawn_and_opened_holds_no_slot_when_it_comes_back(record: Record, batch_of) -> None:
    record.keep_list(
        {"as_of": START, "model": "m", "policy": "p", "batch": "b"},
        [{"case_id": name, "inclusion": 0.1, "audit": True, "lane": "ranked", "tier": 4} for name in "ab"],
    )
    pool = open_pool(record, batch_of(reports=reports("a", "b")))
    assert read_standing(record, pool).drawn == {"a", "b"}
    record.decide("a", "officer 7", "opened")
    told = open_pool(record, batch_of("tuesday", 1, reports=reports("a", incident_type="travel")))
    assert told.reopened == {"a"}
    assert read_standing(record, told).drawn == {"b"}


ABROAD: dict[str, list[dict[str, Any]]] = {
    "reports": [{"report_id": "a", "jurisdiction_country": "DE", "jurisdiction_basis": "verified_location"}],
    "persons": reported("p", "a"),
    "children": [{"child_id": "k", "report_id": "a", "country": "PH"}],
}


def test_referral_is_followed_from_the_first_list_to_the_acknowledgement(record: Record, batch_of) -> None:
    def refer(name: str, days: int) -> tuple[str, datetime]:
        more = {"reports": [*ABROAD["reports"], {"report_id": name}]}
        worklist = show(record, open_pool(record, batch_of(name, days, **{**ABROAD, **more})))
        assert worklist.table["lists"].to_pylist()[cases(worklist).index("a")] == "referral"
        (row,) = worklist.lists["referral"].to_pylist()
        return row["state"], row["due_at"]

    state, due = refer("monday", 0)
    assert state == "refer"
    # However many lists come after, the deadline is that of the first.
    assert refer("tuesday", 30) == ("refer: overdue", due)
    record.decide("a", "officer 7", "referred", country="DE", why="legal")
    assert refer("wednesday", 31)[0] == "referred, not acknowledged yet"
    record.decide("a", "officer 7", "acknowledged")
    assert refer("thursday", 32) == ("acknowledged", due)


def test_case_that_is_decided_on_counts_only_while_its_rows_are_there(record: Record, batch_of) -> None:
    """A forgotten case was decided on too, and is not left out of anything any more."""
    show(record, open_pool(record, batch_of(reports=reports("a", "b"))))
    record.keep_list(
        {"as_of": START, "model": "m", "policy": "p", "batch": "b"},
        [{"case_id": "of no batch", "inclusion": 1.0, "lane": "ranked", "tier": 1}],
    )
    for name in ("a", "of no batch"):
        record.decide(name, "officer 7", "closed", why="quality")
    assert open_pool(record, batch_of("tuesday", 1, reports=reports("c"))).decided == 1


def test_newest_of_three_versions_counts_and_then_the_one_before_whatever_came_in_first(
    record: Record, batch_of
) -> None:
    """Batches are in the order of their times, not of their arrival; what is known early stays known early."""
    versions = {
        2: {"incident_type": "travel", "known_at": "2024-05-03T00:00:00Z"},
        0: {"incident_type": "csam", "reporter_type": "child", "known_at": "2024-05-01T00:00:00Z"},
        1: {"reporter_type": "police", "known_at": "2024-05-02T00:00:00Z"},
    }
    for day, version in versions.items():
        pool = open_pool(record, batch_of(f"day {day}", day, reports=reports("a", **version)))
    (part,) = pool.batch.parts()
    (row,) = part.tables["reports"].to_pylist()
    assert (row["incident_type"], row["reporter_type"]) == ("travel", "police")
    assert row["known_at"] == datetime(2024, 5, 1, tzinfo=UTC)


def test_list_in_the_record_says_what_it_was_made_of_and_how_each_case_stood(
    record: Record, batch_of
) -> None:
    """Of two reports of one number one is the case; the other, which nobody could read, has another name."""
    twice = [*reports("a", incident_type="csam"), *reports("a", incident_type="travel"), *reports("b")]
    pool = open_pool(record, batch_of(reports=twice))
    worklist = show(record, pool)
    second = f"{pool.digest[:8]}/reports.csv"
    assert worklist.table["case_id"].to_pylist() == [second, "a", "b"]
    (header,) = record.lists()
    assert {name: header[name] for name in ("batch", "policy", "policy_digest", "capacity")} == {
        "batch": pool.digest,
        "policy": "default",
        "policy_digest": worklist.policy.digest,
        "capacity": 5,
    }
    rows = record.list_rows(header["seq"])
    assert [(row["case_id"], row["lane"], row["rank"]) for row in rows] == [
        (second, "unreadable", 1),
        ("a", "ranked", 2),
        ("b", "ranked", 3),
    ]
    record.decide(second, "officer 7", "closed", why="quality")
    assert cases(show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("c"))))) == [
        "a",
        "b",
        "c",
    ]


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


def test_child_that_two_reports_mention_stays_with_both(record: Record, batch_of) -> None:
    missing = {"child_id": "k", "report_id": "a", "crisis_code": ["missing"]}
    show(record, open_pool(record, batch_of(reports=reports("a"), children=[missing])))
    again = {"child_id": "k", "report_id": "b", "crisis_code": ["none"]}
    tuesday = show(record, open_pool(record, batch_of("tuesday", 1, reports=reports("b"), children=[again])))
    shown = {row["case_id"]: row["lane"] for row in tuesday.table.to_pylist()}
    assert shown == {"a": "escalated", "b": "ranked"}


def test_report_that_leaves_a_case_is_a_case_of_its_own_and_takes_no_decision_along(
    record: Record, batch_of
) -> None:
    one = batch_of(reports=reports("c", "d"), persons=reported("p", "c", "d"))
    assert cases(show(record, open_pool(record, one))) == ["c"]
    apart = batch_of("tuesday", 1, reports=reports("d", actionability="batch"), persons=reported("p", "d"))
    assert cases(show(record, open_pool(record, apart))) == ["c", "d"]
    record.decide("c", "4711", "opened")
    for day in (2, 3, 4):
        pool = open_pool(record, batch_of(f"day {day}", day, reports=reports(f"new{day}")))
        assert "d" in cases(show(record, pool))
        assert "c" not in pool.batch.read_part(0).cases.to_pylist()


def test_name_that_comes_back_into_use_leads_to_its_own_case(record: Record, batch_of) -> None:
    apart = [
        {"report_id": "b", "received_at": START - timedelta(days=3)},
        {"report_id": "c", "received_at": START - timedelta(days=2)},
    ]
    show(
        record, open_pool(record, batch_of(reports=apart, persons=[*reported("p", "b"), *reported("q", "c")]))
    )
    joined = batch_of("tuesday", 1, reports=apart, persons=[*reported("p", "b", "c"), *reported("q", "c")])
    assert open_pool(record, joined).aliases == {"c": "b"}
    left = batch_of(
        "wednesday", 2, reports=[{**apart[1], "actionability": "batch"}], persons=reported("q", "c")
    )
    pool = open_pool(record, left)
    show(record, pool)
    assert pool.aliases == {}
    record.decide("c", "4711", "opened")
    after = open_pool(record, batch_of("thursday", 3, reports=reports("new")))
    assert after.batch.read_part(0).cases.to_pylist() == ["b", "new"]


def test_rows_of_a_score_that_was_stopped_are_told_by_the_next_list(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("a"), persons=reported("p", "a"))))
    second = reports("b", escalated_by_reporter="asserted")
    open_pool(record, batch_of("tuesday", 1, reports=second, persons=reported("p", "b")))
    record.decide("a", "4711", "closed", "known_elsewhere")
    wednesday = show(record, open_pool(record, batch_of("wednesday", 2, reports=reports("c"))))
    assert cases(wednesday) == ["a", "c"]
    assert wednesday.lanes["escalated"] == 1
    record.decide("a", "4711", "closed", "known_elsewhere")
    assert cases(show(record, open_pool(record, batch_of("thursday", 3, reports=reports("d"))))) == ["c", "d"]


def test_older_batch_that_comes_late_does_not_take_the_newer_ones_for_the_future(
    record: Record, batch_of
) -> None:
    late = {"report_id": "a", "received_at": START - timedelta(days=1)}
    show(record, open_pool(record, batch_of("friday", 0, reports=[late])))
    worklist = show(record, open_pool(record, batch_of("monday", -9, reports=reports("b"))))
    assert cases(worklist) == ["a", "b"]
    assert {row["received_at"] for row in worklist.table.to_pylist()} >= {late["received_at"]}
    assert worklist.not_yet_known == 0


def unreadable(worklist: Worklist) -> list[str]:
    return [row["case_id"] for row in worklist.table.to_pylist() if row["lane"] == "unreadable"]


def test_lines_of_two_files_that_cannot_be_read_are_two_though_their_places_are_one(
    record: Record, batch_of
) -> None:
    monday = show(record, open_pool(record, batch_of(reports=reports("no token", "a"))))
    (first,) = unreadable(monday)
    second = batch_of("tuesday", 1, reports=reports("none either", "b"))
    assert len(set(unreadable(show(record, open_pool(record, second))))) == 2
    record.decide(first, "4711", "opened")
    third = batch_of("wednesday", 2, reports=reports("nor this", "c"))
    left = unreadable(show(record, open_pool(record, third)))
    assert len(left) == 2
    assert first not in left
    assert record.forget(left[0]).rows == 1
    assert unreadable(show(record, open_pool(record, third))) == left[1:]


def test_unreadable_report_is_told_though_the_case_of_its_name_was_decided(record: Record, batch_of) -> None:
    show(record, open_pool(record, batch_of(reports=reports("x", incident_type="csam"))))
    record.decide("x", "4711", "opened")
    twice = [*reports("x", incident_type="csam"), *reports("x", incident_type="travel")]
    (name,) = unreadable(show(record, open_pool(record, batch_of("tuesday", 1, reports=twice))))
    record.decide(name, "4711", "closed", "quality")
    assert cases(show(record, open_pool(record, batch_of("wednesday", 2, reports=reports("y"))))) == ["y"]


def test_same_rows_read_at_another_time_are_kept_once(record: Record, batch_of) -> None:
    for day in range(2):
        at = START + timedelta(days=day)
        rows = reports("a", known_at=at, enriched_at=at, jurisdiction_country="NL")
        show(record, open_pool(record, batch_of("today", day, reports=rows)))
    assert len(record.batches()) == 1


def test_report_that_comes_to_be_linked_to_a_closed_case_is_not_closed_with_it(
    record: Record, batch_of
) -> None:
    two = {"reports": reports("a", "b"), "persons": [*reported("p", "a"), *reported("q", "b")]}
    show(record, open_pool(record, batch_of(**two)))
    record.decide("a", "4711", "closed", "known_elsewhere")
    linked = batch_of("tuesday", 1, reports=reports("b"), persons=reported("p", "b"))
    assert cases(show(record, open_pool(record, linked))) == ["a"]
    pool = open_pool(record, batch_of("wednesday", 2, reports=reports("c")))
    assert cases(show(record, pool)) == ["a", "c"]
    assert pool.decided == 0


def test_victim_who_was_told_is_not_named_again_until_something_new_came(record: Record, batch_of) -> None:
    def named(day: int, *more: dict[str, Any]) -> list[tuple[str | None, str]]:
        known = [
            {
                "child_id": name,
                "report_id": "a",
                "identification": "previously_identified",
                "enriched_at": "2024-05-01T00:00:00Z",
            }
            for name in "vw"
        ]
        material = [{"file_id": name, "report_id": name, "victim_status": "identified"} for name in "ab"]
        batch = batch_of(f"day {day}", day, reports=[*more, *reports("b")], children=known, files=material)
        rows = show(record, open_pool(record, batch)).lists["notification"].to_pylist()
        return sorted(((row["victim"], row["state"]) for row in rows), key=str)

    ask = "ask the register first"
    assert named(0, *reports("a")) == [("v", ask), ("w", ask), (None, ask)]
    record.decide("a", "4711", "notified", victim="v")
    record.decide("b", "4711", "notified")
    assert named(1, *reports("a", "c")) == [("w", ask)]
    with pytest.raises(InputRefusedError, match="not on the list of notifications"):
        record.decide("b", "4711", "notified")
    with pytest.raises(InputRefusedError, match="none but with notified"):
        record.decide("a", "4711", "opened", victim="v")
    (told, other) = named(2, {"report_id": "a", "incident_type": "travel"})
    assert told == ("v", f"{ask}; told 2024-06-01, and something new came since: look what")
    assert other == ("w", ask)


def test_rows_that_all_came_again_are_read_as_they_were(record: Record, batch_of) -> None:
    """Codes are numbers inside; in another order than the declared one they are other codes."""
    tables = {
        "persons": [{**row, "age_band": "40-59", "identity_level": "named"} for row in reported("p", "a")],
        "children": [
            {"child_id": "k", "report_id": "a", "access_level": "lives_with", "age_band": "14-15"},
        ],
        "files": [{"file_id": "f", "report_id": "a", "severity_class": "A1", "hash_status": "no_match"}],
    }
    first = show(record, open_pool(record, batch_of(reports=reports("a", incident_type="travel"), **tables)))
    again = reports("a", incident_type="travel", reporter_type="police")
    second = show(record, open_pool(record, batch_of("tuesday", 0, reports=again, **tables)))
    told = ["lane", "score", "reasons", "missing", "completeness", "solvability", "lists"]
    assert first.table.select(told).equals(second.table.select(told))


def test_weights_of_cases_drawn_from_list_to_list_add_up_to_what_lies_below_the_cut(
    record: Record, batch_of
) -> None:
    waiting = [START - timedelta(hours=40 - number) for number in range(39)]
    many = [{"report_id": f"r{number:02}", "received_at": at} for number, at in enumerate(waiting)]
    for day in range(4):
        pool = open_pool(record, batch_of(f"day {day}", day, reports=many[: 39 - day]))
        worklist = show(record, pool, capacity=20)
        (drawn,) = (row["case_id"] for row in worklist.chances.to_pylist() if row["audit"])
        record.decide(drawn, "4711", "opened")
    assert [header["strata"][0]["cases"] for header in record.headers()] == [20, 19, 18, 17]
    shares = [row["inclusion_probability"] for row in record.outcomes().to_pylist()]
    assert sum(1 / share for share in shares) == pytest.approx(20)
    assert shares == [pytest.approx(4 / 20)] * 4
