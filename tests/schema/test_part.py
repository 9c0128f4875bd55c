from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.link import attach_cases
from triage.schema.keys import mend_rows
from triage.schema.part import Part
from triage.schema.settling import settle

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def test_row_that_belongs_to_no_report_is_set_aside_not_lost(make_part: Callable[..., Part]) -> None:
    part = make_part(reports=[{"report_id": "r1"}], files=[{"file_id": "f1", "report_id": "r2"}])
    assert part.tables["files"].num_rows == 0
    (row,) = part.set_aside.to_pylist()
    assert (row["table"], row["report_id"], row["reason"]) == (
        "files",
        "r2",
        "belongs to no report of the batch",
    )


def test_repeated_key_is_set_aside_and_the_first_row_stays(make_part: Callable[..., Part]) -> None:
    part = make_part(
        reports=[{"report_id": "r1", "incident_type": "csam"}, {"report_id": "r1", "incident_type": "other"}]
    )
    assert part.tables["reports"]["incident_type"].to_pylist() == ["csam"]
    assert part.set_aside["row"].to_pylist() == [2]


def test_same_person_in_two_reports_is_no_repetition(make_part: Callable[..., Part]) -> None:
    part = make_part(
        reports=[{"report_id": "r1"}, {"report_id": "r2"}],
        persons=[{"person_id": "p", "report_id": r, "role": "reported"} for r in ("r1", "r2")],
    )
    assert part.tables["persons"].num_rows == 2
    assert part.cases.to_pylist() == ["r1"]


def test_row_without_a_time_of_knowing_was_known_with_the_latest_report_of_its_case(make_part, now) -> None:
    part = make_part(
        reports=[
            {"report_id": "r1", "received_at": "2024-01-01"},
            {"report_id": "r2", "received_at": "2024-02-01"},
        ],
        persons=[{"person_id": "p", "report_id": r, "role": "reported"} for r in ("r1", "r2")],
        accounts=[{"account_id": "a", "person_id": "p"}],
        prior_records=[{"record_id": "k", "person_id": "p", "record_kind": "allegation"}],
    )
    known = {
        name: part.tables[name]["known_at"].to_pylist()
        for name in ("reports", "persons", "accounts", "prior_records")
    }
    assert known["reports"] == [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]
    assert known["persons"] == known["reports"]  # what a report itself names is known with that report
    assert known["accounts"] == [datetime(2024, 2, 1, tzinfo=UTC)]
    # A register check comes after the report; nothing says when, so no model may learn from it as if before.
    assert known["prior_records"] == [now]


def test_report_from_the_near_future_is_known_now(make_part, now: datetime) -> None:
    part = make_part(reports=[{"report_id": "r1", "received_at": "2024-06-01T02:00:00Z"}])
    assert part.tables["reports"]["known_at"].to_pylist() == [now]
    assert part.findings == [] or all(finding.column != "received_at" for finding in part.findings)


def test_report_from_the_far_future_has_no_known_time_and_is_told(make_part, now: datetime) -> None:
    part = make_part(reports=[{"report_id": "r1", "received_at": "2099-01-01"}])
    assert part.tables["reports"]["received_at"].to_pylist() == [None]
    assert part.tables["reports"]["known_at"].to_pylist() == [now]
    assert any(finding.column == "received_at" for finding in part.findings)


def test_same_row_twice_needs_nobody_but_two_rows_of_one_key_do(make_part: Callable[..., Part]) -> None:
    twice = [{"report_id": "r1", "incident_type": "csam"} for _ in range(2)]
    part = make_part(reports=[*twice, {"report_id": "r1", "incident_type": "travel"}])
    assert sorted(part.set_aside["why"].to_pylist()) == ["duplicate", "unreadable"]
    assert part.tables["reports"]["incident_type"].to_pylist() == ["csam"]


def test_report_without_any_time_was_known_when_the_batch_was_made(make_part, now: datetime) -> None:
    part = make_part(reports=[{"report_id": "r1", "received_at": "soon"}])
    assert part.tables["reports"]["known_at"].to_pylist() == [now]
    assert part.tables["reports"]["received_at"].to_pylist() == [None]


_IDS = st.sampled_from(["r1", "r2", "r3", None, "not an id"])


@given(st.lists(_IDS, max_size=8), st.lists(_IDS, max_size=8))
def test_rows_in_are_rows_out_and_rows_set_aside(reports: list[str | None], files: list[str | None]) -> None:
    raw = {
        "reports": pa.table({"report_id": pa.array(reports, pa.string())}),
        "files": pa.table(
            {
                "file_id": pa.array([f"f{i}" for i in range(len(files))], pa.string()),
                "report_id": pa.array(files, pa.string()),
            }
        ),
    }
    where = {name: name for name in raw}
    rows = mend_rows(raw, where)
    attach_cases(rows)
    part = settle(rows, where, NOW)
    aside = part.set_aside["table"].to_pylist()
    assert part.tables["reports"].num_rows + aside.count("reports") == len(reports)
    assert part.tables["files"].num_rows + aside.count("files") == len(files)
