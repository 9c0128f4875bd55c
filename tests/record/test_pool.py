from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.record.conftest import KEY, rows_of
from triage.errors import InputRefusedError
from triage.record import Record, open_record
from triage.record.pool import resolve
from triage.schema.tables import REPORTS

MORNING = datetime(2024, 3, 1, tzinfo=UTC)


def reports(*ids: str, **columns: Any) -> pa.Table:
    rows = [
        {"report_id": name, "case_id": name, "received_at": MORNING, "channels": ["chat"], **columns}
        for name in ids
    ]
    return pa.Table.from_pylist(rows, schema=REPORTS.arrow_schema)


def test_rows_come_back_as_they_were_kept(any_record: Record) -> None:
    first, second = reports("r1", "r2", incident_type="csam"), reports("r3")
    any_record.keep_rows(
        "b1", {"name": "monday", "synthetic": True}, {"reports": first, "files": pa.table({"file_id": ["f"]})}
    )
    any_record.keep_rows("b2", {"name": "tuesday"}, {"reports": second})
    rows = rows_of(any_record)
    assert rows["reports"].to_pylist() == [*first.to_pylist(), *second.to_pylist()]
    assert rows["files"].to_pylist() == [{"file_id": "f"}]
    assert [(kept["meta"]["name"], kept["batch"]) for kept in any_record.batches()] == [
        ("monday", "b1"),
        ("tuesday", "b2"),
    ]
    assert [sorted(tables) for _, tables in any_record.read_batches()] == [["files", "reports"], ["reports"]]


def test_batch_is_kept_once(any_record: Record) -> None:
    assert any_record.keep_rows("b1", {}, {"reports": reports("r1")})
    before = any_record.head()
    assert any_record.keep_rows("b1", {}, {"reports": reports("r1")}) is None
    assert any_record.head() == before
    assert rows_of(any_record)["reports"].num_rows == 1


def test_empty_table_comes_back_empty(record: Record) -> None:
    record.keep_rows("b1", {}, {"reports": reports()})
    assert rows_of(record)["reports"].num_rows == 0


def test_member_moves_to_the_case_that_was_kept_last(any_record: Record) -> None:
    any_record.keep_members({"r1": "r1", "r2": "r2"})
    before = any_record.head()
    assert any_record.keep_members({"r1": "r1"}) is None
    assert any_record.head() == before
    any_record.keep_members({"r2": "r1"})
    assert any_record.members() == {"r1": "r1", "r2": "r1"}


def test_member_is_told_by_the_present_name_of_its_case(record: Record) -> None:
    record.keep_members({"r1": "r1"})
    record.keep_aliases({"r1": "r0"})
    assert record.members() == {"r1": "r0"}


def test_names_lead_to_the_end_of_their_chain(any_record: Record) -> None:
    any_record.keep_aliases({"a": "b"})
    any_record.keep_aliases({"b": "c", "x": "x"})
    assert any_record.aliases() == {"a": "c", "b": "c"}
    assert any_record.keep_aliases({"a": "c"}) is None


def test_name_that_comes_back_into_use_leads_nowhere(record: Record) -> None:
    for step in ({"a": "b"}, {"b": "c"}, {"c": "a"}):
        record.keep_aliases(step)
    assert record.aliases() == {"b": "a", "c": "a"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef")))
def test_chain_of_names_always_ends(steps: dict[str, str]) -> None:
    assert resolve(steps, "a") in set("abcdef")


def test_changed_rows_are_not_handed_out(record: Record, tamper: Any) -> None:
    record.keep_rows("b1", {}, {"reports": reports("r1", "r2")})
    tamper("UPDATE leaves SET payload = NULL, salt = NULL WHERE seq = 2 AND place = 1")
    with pytest.raises(InputRefusedError, match="entry 2 is not as it was written"):
        rows_of(record)


def test_case_that_a_table_hides_is_found_by_another_process(file: Any) -> None:
    one, other = open_record(file, KEY), open_record(file, KEY)
    one.keep_rows("b1", {}, {"reports": reports("r1")})
    assert rows_of(other)["reports"]["report_id"].to_pylist() == ["r1"]
