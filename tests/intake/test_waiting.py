"""A file that came before its report waits, and joins it when it comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa

from triage.intake.importing import import_files
from triage.intake.tokens import TokenKey
from triage.intake.waiting import adopt
from triage.record import open_record
from triage.schema.batch import open_batch, split_part, write_batch
from triage.schema.keys import mend_rows
from triage.schema.part import SET_ASIDE_SCHEMA
from triage.worklist.pool import open_pool

KEY = TokenKey(bytes(range(32)))
MONDAY, TUESDAY = datetime(2025, 5, 5, 12, tzinfo=UTC), datetime(2025, 5, 6, 12, tzinfo=UTC)
PERSON = (
    "<personOrUserReported><espIdentifier>u1</espIdentifier><espService>S</espService></personOrUserReported>"
)


def report(mark: str = "1") -> bytes:
    return f"<report><incidentSummary><platform>{mark}</platform></incidentSummary>{PERSON}</report>".encode()


def details(number: int, file_id: str = "f") -> bytes:
    event = "<ipCaptureEvent><ipAddress>8.8.8.8</ipAddress><port>40000</port></ipCaptureEvent>"
    annotations = "<fileAnnotations><infant/></fileAnnotations>"
    parts = f"<reportId>{number}</reportId><fileId>{file_id}</fileId>{annotations}{event}"
    return f"<fileDetails>{parts}</fileDetails>".encode()


# Two reports, so that a file does not find its report by standing alone in a folder with it.
TWO = {"a_report": report("0"), "a_file1": details(9), "b_report": report("2")}


def bring_in(folder, name, received_at, waiting=None, **files):
    for file, content in files.items():
        place = folder / name / f"{file}.xml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    imported = import_files([folder / name], KEY, received_at, name, waiting=waiting)
    write_batch(folder / f"{name}-batch", split_part(imported.part), imported.meta)
    return open_batch(folder / f"{name}-batch")


def waiting_in(pooled):
    return sum(part.set_aside.num_rows for part in pooled.parts())


def only_part(batch):
    (part,) = batch.parts()
    return part


def test_a_file_waits_in_codes_and_joins_the_report_that_carries_its_number_in_its_name(tmp_path):
    monday = bring_in(tmp_path, "monday", MONDAY, **TWO, f1=details(71))
    (waits,) = monday.set_aside.to_pylist()
    assert (waits["why"], waits["waits_for"]) == ("orphan", KEY.token("source-report", "71"))
    tuesday = bring_in(tmp_path, "tuesday", TUESDAY, monday.set_aside, tip_71=report("1"))
    part = only_part(tuesday)
    (file,) = part.tables["files"].to_pylist()
    (joined,) = part.tables["reports"].to_pylist()
    assert (file["report_id"], file["file_annotations"]) == (joined["report_id"], ["infant"])
    assert joined["source_ref_hash"] == waits["waits_for"]
    (account,), (event,) = (part.tables[name].to_pylist() for name in ("accounts", "network_events"))
    assert event["account_id"] == account["account_id"]
    assert len(part.cases) == 1
    assert tuesday.set_aside.num_rows == 0


def test_a_file_that_came_alone_waits_too(tmp_path):
    """An import in which nothing else came makes a batch without cases, or the file would be lost."""
    monday = bring_in(tmp_path, "monday", MONDAY, f1=details(71))
    assert (monday.meta.rows["reports"], monday.set_aside.num_rows) == (0, 1)
    tuesday = bring_in(tmp_path, "tuesday", TUESDAY, monday.set_aside, tip_71=report("1"))
    assert only_part(tuesday).tables["files"]["file_annotations"].to_pylist() == [["infant"]]
    assert tuesday.set_aside.num_rows == 0


def test_a_file_that_came_alone_joins_its_report_in_the_open_pool(tmp_path):
    record = open_record(tmp_path / "store.sqlite", KEY)
    monday = bring_in(tmp_path, "monday", MONDAY, f1=details(71))
    assert waiting_in(open_pool(record, monday).batch) == 1
    tuesday = bring_in(tmp_path, "tuesday", TUESDAY, b_report=report("1"), b_file1=details(71, "h"))
    pooled = open_pool(record, tuesday).batch
    assert waiting_in(pooled) == 0
    assert sum(part.tables["files"].num_rows for part in pooled.parts()) == 2


def test_a_file_joins_its_report_in_the_open_pool(tmp_path):
    record = open_record(tmp_path / "store.sqlite", KEY)
    monday = bring_in(tmp_path, "monday", MONDAY, **TWO, f1=details(71, "g"))
    assert waiting_in(open_pool(record, monday).batch) == 1
    tuesday = bring_in(tmp_path, "tuesday", TUESDAY, b_report=report("1"), b_file1=details(71, "h"))
    pooled = open_pool(record, tuesday).batch
    assert waiting_in(pooled) == 0
    assert sorted(
        number for part in pooled.parts() for number in part.tables["files"]["file_id"].to_pylist()
    ) == sorted(KEY.token("file", *name) for name in (("9", "f"), ("71", "g"), ("71", "h")))


def test_what_waits_is_not_taken_twice(tmp_path):
    monday = bring_in(tmp_path, "monday", MONDAY, **TWO, f1=details(71))
    again = bring_in(
        tmp_path, "tuesday", TUESDAY, monday.set_aside, b_report=report("1"), b_file1=details(71)
    )
    assert only_part(again).tables["files"].num_rows == 1


def test_what_finds_no_report_stays_set_aside_and_counts(tmp_path):
    batch = bring_in(tmp_path, "monday", MONDAY, **TWO, f1=details(71))
    source = next(source for source in batch.meta.source_files if source["set_aside"])
    assert (source["records"], source["set_aside"]) == ({"files": 1}, {"files": 1})


def test_a_payment_joins_the_person_by_whichever_name_that_person_comes():
    payment = {
        "transaction_id": "t",
        "person_id": "paper",
        "amount_eur": "-25.00",
        "executed_at": "2024-01-02 00:00:00+00:00",
    }
    aside = {
        "why": "orphan",
        "table": "transactions",
        "waits_for": "paper mail",
        "held": json.dumps({"transactions": [payment]}),
    }
    raw = {
        "reports": pa.table({"report_id": ["r"]}),
        "persons": pa.table({"person_id": ["mail"], "report_id": ["r"], "role": ["reported"]}),
    }  # fmt: skip
    rows = mend_rows(raw, {name: name for name in raw})
    rows.set_aside = pa.Table.from_pylist([aside], SET_ASIDE_SCHEMA)
    assert len(adopt(rows)) == 1
    (row,) = rows.tables["transactions"].to_pylist()
    assert (row["person_id"], row["amount_eur"]) == ("mail", Decimal("-25.00"))
    assert row["executed_at"] == datetime(2024, 1, 2, tzinfo=UTC)
    assert rows.set_aside.num_rows == 0


def test_a_file_that_is_there_already_is_set_aside_as_a_duplicate_and_none_is_lost(tmp_path):
    """One copy finds its report by the folder; the other waits, finds the report by its number, and is no second."""
    for name, content in {"one/r.xml": report(), "one/f.xml": details(9), "two/f.xml": details(9)}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    imported = import_files([tmp_path / "in"], KEY, MONDAY, "b")
    (aside,) = imported.part.set_aside.to_pylist()
    assert (aside["why"], aside["table"], aside["waits_for"], aside["held"]) == (
        "duplicate",
        "files",
        None,
        None,
    )
    assert imported.part.tables["files"].num_rows == 1
    counted = [(source["records"], source["set_aside"]) for source in imported.meta.source_files]
    assert sum(records.get("files", 0) for records, _ in counted) == 2
    assert sum(left.get("files", 0) for _, left in counted) == 1
