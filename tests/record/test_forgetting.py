from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from tests.record.conftest import header, row, rows_of
from tests.record.test_pool import reports
from triage.errors import InputRefusedError
from triage.intake.refs import read_refs, refs_file, write_refs
from triage.record import Record

# Nowhere else in a file could these letters stand by chance.
GONE, STAYS = "gone-6b1f0c9d27e84a53", "stays-3f9a2be1745c0d68"
REPORT, OLD = "report-of-gone-91e4d2", "old-name-of-gone-77ab"


def fill(record: Record) -> None:
    tables = {
        "reports": pa.concat_tables([reports(GONE, STAYS), reports(REPORT, OLD)]),
        "persons": pa.table(
            {
                "person_id": ["p1", "p2", "p3"],
                "report_id": [GONE, STAYS, REPORT],
                "case_id": [GONE, STAYS, REPORT],
            }
        ),
        "accounts": pa.table({"account_id": ["a1", "a2"], "case_id": [REPORT, STAYS]}),
        "set_aside": pa.table({"where": ["x.csv", "y.csv"], "row": [1, 2], "report_id": [REPORT, STAYS]}),
    }
    record.keep_rows("b1", {"name": "monday"}, tables)
    record.keep_members({GONE: GONE, REPORT: REPORT, OLD: OLD, STAYS: STAYS})
    record.keep_list(header(), [row(GONE), row(OLD, 2), row(STAYS, 3, tier=5)])
    record.keep_export("csv", "a" * 64, "with-it.csv")
    record.keep_aliases({REPORT: GONE, OLD: GONE})
    record.keep_members({GONE: GONE, REPORT: GONE, OLD: GONE})
    record.keep_list(header("b2"), [row(STAYS, tier=5)])
    record.keep_export("xlsx", "b" * 64, "without-it.xlsx")
    record.first_view(GONE, "a", "likely")
    record.decide(GONE, "a", "opened")
    record.decide(STAYS, "a", "opened", "quality")


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_nothing_of_the_case_is_left_in_the_bytes(record: Record, file: Path) -> None:
    fill(record)
    names = [name.encode() for name in (GONE, REPORT, OLD)]
    assert all(name in bytes_of(file.parent) for name in names)
    forgotten = record.forget(OLD, who="b")
    assert forgotten.bytes_gone
    left = bytes_of(file.parent)
    assert not any(name in left for name in names)
    assert STAYS.encode() in left


def test_no_salt_of_the_case_is_left(record: Record, file: Path) -> None:
    """With a salt, whoever guesses the payload could prove the guess by the commitment."""
    fill(record)
    with closing(sqlite3.connect(file)) as database:
        salts = [salt for (salt,) in database.execute("SELECT salt FROM leaves WHERE case_id = ?", (GONE,))]
    assert len(salts) >= 4
    record.forget(GONE)
    left = bytes_of(file.parent)
    assert not any(salt in left for salt in salts)


def test_the_chain_stays_valid_and_every_earlier_head_part_of_it(any_record: Record) -> None:
    fill(any_record)
    before = str(any_record.head())
    gone = any_record.forget(GONE)
    checked = any_record.verify(before)
    assert checked.intact
    assert checked.erased == gone.leaves > 0
    assert any_record.verify(str(gone.head)).intact


def test_everything_else_stays_as_it_was(any_record: Record) -> None:
    fill(any_record)
    state = any_record.states()[-1]
    gone = any_record.forget(GONE)
    rows = rows_of(any_record)
    assert gone.rows == 3 + 2 + 1 + 1
    assert rows["reports"]["report_id"].to_pylist() == [STAYS]
    assert rows["persons"]["person_id"].to_pylist() == ["p2"]
    assert rows["accounts"]["account_id"].to_pylist() == ["a2"]
    assert rows["set_aside"]["report_id"].to_pylist() == [STAYS]
    assert any_record.members() == {STAYS: STAYS}
    assert any_record.aliases() == {}
    assert any_record.states() == [state]
    assert any_record.inclusion() == {}
    assert [some["case_id"] for some in any_record.list_rows(any_record.lists()[0]["seq"])] == [STAYS]


def test_exports_made_before_are_named_where_the_case_stood_on_their_list(any_record: Record) -> None:
    fill(any_record)
    assert [export["name"] for export in any_record.forget(GONE).exports] == ["with-it.csv"]
    assert [export["name"] for export in any_record.forget(STAYS).exports] == [
        "with-it.csv",
        "without-it.xlsx",
    ]


def test_two_cases_forgotten_one_after_the_other_leave_an_empty_pool(record: Record, file: Path) -> None:
    fill(record)
    record.forget(GONE)
    record.forget(STAYS)
    assert rows_of(record)["reports"].num_rows == 0
    assert record.verify().intact
    assert STAYS.encode() not in bytes_of(file.parent)


def test_forgotten_case_is_not_known_any_more(record: Record) -> None:
    fill(record)
    record.forget(GONE)
    for use in (record.forget, record.find_case, lambda case: record.decide(case, "a", "opened")):
        for name in (GONE, OLD):
            with pytest.raises(InputRefusedError, match="no case"):
                use(name)


def test_batch_with_a_forgotten_case_is_not_kept_again(record: Record) -> None:
    fill(record)
    record.forget(GONE)
    assert record.keep_rows("b1", {}, {"reports": reports(GONE)}) is None
    assert rows_of(record)["reports"]["report_id"].to_pylist() == [STAYS]


def test_rows_of_a_person_go_only_with_the_last_report_of_the_case(record: Record) -> None:
    """In its batch the case had two reports; one of them has meanwhile become another case."""
    tables = {
        "reports": pa.table({"report_id": ["r1", "r2"], "case_id": ["r1", "r1"]}),
        "accounts": pa.table({"account_id": ["a1"], "case_id": ["r1"]}),
    }
    record.keep_rows("b1", {}, tables)
    record.keep_members({"r1": "r1", "r2": "r2"})
    record.forget("r1")
    rows = rows_of(record)
    assert rows["reports"]["report_id"].to_pylist() == ["r2"]
    assert rows["accounts"]["account_id"].to_pylist() == ["a1"]
    assert record.members() == {"r2": "r2"}


def test_member_that_moved_on_stays_where_it_is_now(record: Record) -> None:
    """r2 was once told together with r1; forgetting r1 rewrites that, and must not move r2 back."""
    record.keep_members({"r1": "r1", "r2": "r1"})
    record.keep_members({"r2": "r2"})
    record.forget("r1")
    assert record.members() == {"r2": "r2"}


def test_unreadable_document_is_forgotten_by_the_name_it_had_on_the_list(record: Record) -> None:
    aside = pa.table({"where": ["file:ab", "rows.csv"], "row": [0, 3], "report_id": pa.nulls(2, pa.string())})
    record.keep_rows("b1", {}, {"reports": reports("r1"), "set_aside": aside})
    record.keep_list(header(), [row("file:ab", lane="unreadable"), row("rows.csv", 2), row("r1", 3)])
    record.forget("file:ab")
    assert rows_of(record)["set_aside"]["where"].to_pylist() == ["rows.csv"]
    record.forget("rows.csv")
    assert rows_of(record)["set_aside"].num_rows == 0
    assert rows_of(record)["reports"].num_rows == 1


def test_references_beside_batches_go_too(record: Record, tmp_path: Path) -> None:
    fill(record)
    batch = tmp_path / "monday"
    number = "NCMEC-number-4711-0815"
    write_refs(batch, [(REPORT, number), (STAYS, "2")])
    with pytest.raises(InputRefusedError, match="no such file"):
        record.forget(GONE, [batch, tmp_path / "nowhere"])
    assert record.find_case(GONE) == GONE
    assert record.forget(GONE, [batch]).references == 1
    assert read_refs(batch, [REPORT, STAYS]) == [(STAYS, "2")]
    assert number.encode() not in refs_file(batch).read_bytes()


def test_last_bytes_go_when_the_last_reader_ends(
    record: Record, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.record.forgetting.SWEEP_SECONDS", 0)
    fill(record)
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leaves").fetchone()
        assert not record.forget(GONE).bytes_gone
        assert GONE.encode() in bytes_of(file.parent)
        with pytest.raises(InputRefusedError, match="no case"):
            record.find_case(GONE)
    assert GONE.encode() not in bytes_of(file.parent)
    assert record.verify().intact
