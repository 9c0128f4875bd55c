"""A report that came as a submission and, in another batch, as a police download counts once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.intake.police_reports import as_bytes
from triage.intake.importing import import_files
from triage.intake.tokens import TokenKey
from triage.record import Record, open_record
from triage.schema.batch import Batch, split_part
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist
from triage.worklist.keeping import keep_worklist
from triage.worklist.policy import Capacity
from triage.worklist.pool import open_pool, read_cases

KEY = TokenKey(bytes(range(16)))
SUBMISSION = {
    "a_report.xml": b"""<report><incidentSummary><incidentType>Child Pornography</incidentType>
      <escalateToHighPriority>now</escalateToHighPriority></incidentSummary>
      <personOrUserReported><espService>S</espService><espIdentifier>x</espIdentifier>
      <ipCaptureEvent><ipAddress>203.0.113.7</ipAddress><port>40000</port><eventName>Login</eventName>
      <dateTime>2024-05-01T10:00:00Z</dateTime></ipCaptureEvent></personOrUserReported>
      <intendedRecipient><intendedRecipientPerson><age>12</age></intendedRecipientPerson><espService>S</espService>
      <espIdentifier>kid</espIdentifier></intendedRecipient>
      <victim><victimPerson><firstName>A</firstName><age>9</age></victimPerson></victim></report>""",
    "a_file1.xml": b"<fileDetails><reportId>71</reportId><fileId>f1</fileId>"
    b"<industryClassification>A1</industryClassification></fileDetails>",
    "a_file2.xml": b"<fileDetails><reportId>71</reportId><fileId>f2</fileId></fileDetails>",
}
PERSON = {
    "espService": "S", "espUserId": "x", "accessToChildVictim": "Lives with",
    "sourceInformation": {"sourceCaptures": [
        {"captureType": "IP", "value": "203.0.113.7", "port": 40000, "eventName": "Login", "dateTime": "2024-05-01T10:00:00Z"},
    ]},
}  # fmt: skip
DOWNLOAD = {
    "reportId": 71,
    "reportedInformation": {
        "incidentSummary": {"incidentType": "Online Enticement"},
        "reportedPeople": [PERSON],
        "childVictims": [{"firstName": "A"}, {"firstName": "B"}],
        "intendedRecipients": [{"espService": "S", "espUserId": "kid"}],
        "uploadedFiles": [{"fileId": "other", "industryClassification": "B2"}],
    },
}


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return open_record(tmp_path / "record.sqlite", KEY)


@pytest.fixture
def batch_of(tmp_path: Path) -> Callable[[str, int, dict[str, bytes]], Batch]:
    def make(name: str, day: int, files: dict[str, bytes]) -> Batch:
        folder = tmp_path / name
        folder.mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content)
        imported = import_files([folder], KEY, datetime(2024, 6, day, tzinfo=UTC), name)
        parts = list(split_part(imported.part))
        return Batch(imported.meta, lambda index: parts[index])

    return make


def whole(batch: Batch) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for part in batch.parts():
        assert isinstance(part, Part)
        for name, table in part.tables.items():
            found.setdefault(name, []).extend(table.to_pylist())
    return found


@pytest.mark.parametrize("order", [1, -1], ids=["submission first", "download first"])
def test_the_two_are_one_report_whichever_came_first(record, batch_of, order):
    given = [("s", SUBMISSION), ("d", {"p.json": as_bytes(DOWNLOAD)})][::order]
    pools = [open_pool(record, batch_of(name, day, files)) for day, (name, files) in enumerate(given, 1)]
    rows = whole(pools[-1].batch)
    (report,) = rows["reports"]
    # Nothing that only one of the two says is lost, and the fields of both can be present.
    assert report["escalated_by_reporter"] == "asserted"
    assert report["source_system"] == "cybertip_le_json"
    assert report["report_id"] == whole(pools[0].batch)["reports"][0]["report_id"]
    assert [(row["severity_class"]) for row in rows["files"]] in (["A1", "unknown"], ["unknown", "A1"])
    # The one list of children has ages, the other what is known of access.
    assert sorted((row["age_band"], row["access_level"]) for row in rows["children"]) == [
        ("11-13", "lives_with"),
        ("7-10", "lives_with"),
    ]
    assert [len(rows[name]) for name in ("persons", "accounts", "network_events")] == [2, 2, 1]
    (thread,) = rows["communications"]
    assert thread["counterpart_is_minor"] == "asserted"
    assert len(pools[-1].new) == 1
    assert pools[-1].arrived == frozenset()
    assert set(pools[-1].batches.values()) == {" ".join(name for name, _ in given[::-1])}


def test_of_lists_of_children_the_longer_stands_and_what_the_other_says_is_not_lost(record, batch_of):
    open_pool(record, batch_of("s", 1, SUBMISSION))
    one = {"reportId": 71, "reportedPeople": [PERSON], "childVictims": [{"firstName": "A"}]}
    pool = open_pool(record, batch_of("d", 2, {"p.json": as_bytes(one)}))
    children = {row["age_band"]: row["access_level"] for row in whole(pool.batch)["children"]}
    assert children == {"7-10": "lives_with", "11-13": "unknown"}


def test_a_closed_case_comes_back_when_the_download_tells_more_and_all_of_it_is_forgotten(record, batch_of):
    pool = open_pool(record, batch_of("s", 1, SUBMISSION))
    worklist = build_worklist(pool.batch, load_model("expert"), Capacity(count=5), key=KEY)
    keep_worklist(record, worklist, pool)
    (case,) = whole(pool.batch)["reports"][0]["case_id"].split()
    record.decide(case, "4711", "closed", "quality")
    assert not whole(open_pool(record, batch_of("again", 1, SUBMISSION)).batch).get("reports")
    second = batch_of("d", 2, {"p.json": as_bytes(DOWNLOAD)})
    pool = open_pool(record, second)
    assert pool.reopened == {case}
    assert len(whole(read_cases(record, second))["reports"]) == 1
    record.forget(case)
    assert all(table.num_rows == 0 for _, tables in record.read_batches() for table in tables.values())


def test_under_a_number_of_two_submissions_all_stay_reports_of_their_own(record, batch_of):
    other = {name: content.replace(b">A<", b">B<") for name, content in SUBMISSION.items()}
    open_pool(record, batch_of("s", 1, SUBMISSION))
    open_pool(record, batch_of("t", 2, other))
    pool = open_pool(record, batch_of("d", 3, {"p.json": as_bytes(DOWNLOAD)}))
    reports = whole(pool.batch)["reports"]
    assert len(reports) == 3
    assert len({row["case_id"] for row in reports}) == 1
