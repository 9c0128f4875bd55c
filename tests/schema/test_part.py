from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.link import attach_cases
from triage.schema.part import Part, mend_rows, settle

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


def test_row_without_a_time_of_knowing_was_known_with_the_reports_of_its_case(make_part) -> None:
    part = make_part(
        reports=[
            {"report_id": "r1", "received_at": "2024-01-01"},
            {"report_id": "r2", "received_at": "2024-02-01"},
        ],
        persons=[{"person_id": "p", "report_id": r, "role": "reported"} for r in ("r1", "r2")],
        prior_records=[{"record_id": "k", "person_id": "p", "record_kind": "allegation"}],
    )
    known = {name: part.tables[name]["known_at"].to_pylist() for name in ("reports", "prior_records")}
    assert known["reports"] == [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]
    # Nothing says with which report it came: the later one is the careful answer.
    assert known["prior_records"] == [datetime(2024, 2, 1, tzinfo=UTC)]


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
