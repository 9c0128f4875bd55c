"""What becomes of police downloads as a whole: nothing lost, nothing personal kept, one report once."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.police_reports import FULL, LEAST, about, as_bytes, full
from tests.intake.reading import read_all
from triage.intake.documents import Document
from triage.intake.importing import import_files, read_documents
from triage.intake.limits import Limits
from triage.intake.police.mapping import load_mapping
from triage.intake.tokens import TokenKey
from triage.schema.findings import Level
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)


def read(*documents, **limits):
    made = [Document.of(f"{place}.json", content, place) for place, content in enumerate(documents, start=1)]
    return read_documents(made, KEY, RECEIVED, limits=Limits(**limits))


def numbered(number, **statements):
    return {**about(**statements), "reportId": number}


def aside(imported):
    return [(row["table"], row["why"], row["row"]) for row in imported.set_aside.to_pylist()]


def counts(imported):
    return imported.tables["reports"].num_rows, imported.tables["files"].num_rows


def rows(imported, table, *columns):
    return [tuple(row[name] for name in columns) for row in imported.tables[table].to_pylist()]


# Several reports in one document


@pytest.mark.parametrize(
    "content",
    [
        as_bytes([numbered(1), numbered(2)]),
        json.dumps([numbered(1), numbered(2)], indent=2).encode("utf-16"),
        as_bytes({"cyberTips": [numbered(1), numbered(2)]}),
        b"\n".join([as_bytes(numbered(1)), b"", as_bytes(numbered(2)), b""]),
        b"\xef\xbb\xbf" + as_bytes(numbered(1)) + b"\r\n" + as_bytes(numbered(2)),
    ],
)
def test_a_list_and_lines_hold_a_report_each(content):
    imported = read(content)
    assert [number for _, number in imported.refs] == ["1", "2"]
    assert imported.sources[0]["records"] == {"reports": 2}
    assert len(imported.sources[0]["sha256"]) == 64
    assert imported.sources[0]["bytes"] == len(content)


def test_what_is_no_report_in_a_list_is_set_aside_and_the_rest_read():
    imported = read(as_bytes([numbered(1), 5, None, [numbered(2)], numbered(3)]))
    assert counts(imported) == (2, 0)
    assert aside(imported) == [("reports", "unreadable", row) for row in (2, 3, 4)]


def test_a_line_that_cannot_be_read_does_not_stop_the_next():
    lines = [as_bytes(numbered(1)), as_bytes(numbered(2))[:-9], b'{"a": 1} x', as_bytes(numbered(3))]
    imported = read(b"\n".join(lines))
    assert counts(imported) == (2, 0)
    assert aside(imported) == [("reports", "unreadable", 2), ("reports", "unreadable", 3)]


def test_a_list_that_breaks_off_keeps_what_stood_before():
    imported = read(as_bytes([numbered(1), numbered(2)])[:-40])
    assert counts(imported) == (1, 0)
    assert aside(imported) == [("reports", "unreadable", 2)]
    assert "not known" in imported.set_aside["reason"][0].as_py()


def test_an_image_in_a_line_is_refused_and_the_next_line_read():
    imported = read(
        as_bytes(numbered(1, note="data:image/png;base64,iVBORw0KGgo")) + b"\n" + as_bytes(numbered(2))
    )
    assert [number for _, number in imported.refs if not number.startswith("file ")] == ["2"]
    assert "image" in imported.set_aside["reason"][0].as_py()


# The same again


def test_the_same_report_twice_is_one_row():
    imported = read(as_bytes(full()), json.dumps(full(), indent=1).encode())
    assert counts(imported) == (1, 2)
    assert aside(imported) == [("reports", "duplicate", 2)]
    assert imported.set_aside["report_id"][0].as_py() == imported.tables["reports"]["report_id"][0].as_py()
    assert imported.set_aside["reason"][0].as_py() == "the same report again"


def test_the_same_number_with_other_contents_is_told_apart():
    imported = read(as_bytes(numbered("0007")), as_bytes(numbered(7, occupation="nanny")))
    assert counts(imported) == (1, 0)
    assert imported.set_aside["reason"][0].as_py() == "a report of the same number with other contents"


def test_without_a_number_the_contents_tell_reports_apart():
    first, second = about(espUserId="a"), about(espUserId="b")
    del first["reportId"], second["reportId"]
    imported = read(as_bytes(first), as_bytes([second, first]))
    assert counts(imported) == (2, 0)
    assert aside(imported) == [("reports", "duplicate", 2)]


def test_a_number_that_is_no_number_is_not_taken():
    imported = read(as_bytes(numbered("Jane Doe")))
    assert imported.tables["reports"]["source_ref_hash"].to_pylist() == [None]
    assert [number for _, number in imported.refs] == ["file 1.json"]
    assert "a report number that is no number" in [finding.found for finding in imported.findings]


def test_the_same_file_twice_in_a_report_is_a_row_once():
    report = full()
    files = report["reportedInformation"]["uploadedFiles"]["uploadedFiles"]
    files.append(dict(files[1]))
    files.append({**files[0], "viewedByEsp": False})
    imported = read(as_bytes(report))
    assert counts(imported) == (1, 3)
    assert imported.sources[0]["records"] == {"reports": 1, "files": 4}
    assert imported.sources[0]["set_aside"] == {"files": 1}


# The same report as a submission

SUBMISSION = b"""<report><incidentSummary><incidentType>Online Enticement of Children for Sexual Acts</incidentType>
<platform>Quillchat Messenger</platform></incidentSummary><internetDetails><emailIncident/></internetDetails>
<personOrUserReported><personOrUserReportedPerson><age>45</age></personOrUserReportedPerson>
<espIdentifier>uid-inventus-77</espIdentifier><espService>Quillchat</espService>
<ipCaptureEvent><ipAddress>203.0.113.7</ipAddress><eventName>Login</eventName>
<dateTime>2025-05-03T20:00:00Z</dateTime><port>40001</port></ipCaptureEvent></personOrUserReported>
<intendedRecipient><espIdentifier>uid-recipient-5</espIdentifier><espService>Quillchat</espService></intendedRecipient>
<victim><victimPerson><age>9</age></victimPerson></victim></report>"""
DETAILS = b"<fileDetails><reportId>900001</reportId><fileId>%s</fileId></fileDetails>"


def both(*, files=2, download=FULL, last="download"):
    submission = [("in/a_report.xml", SUBMISSION)]
    submission += [(f"in/a_file{n}.xml", DETAILS % (b"f%d" % n)) for n in range(files)]
    json_document = ("in/a.json", as_bytes(download))
    order = [*submission, json_document] if last == "download" else [json_document, *submission]
    return read_all(order, KEY, RECEIVED)


@pytest.mark.parametrize("last", ["download", "submission"])
def test_a_download_of_a_submission_is_one_report_with_what_both_say(last):
    imported = both(last=last)
    (row,) = imported.tables["reports"].to_pylist()
    assert row["source_system"] == "cybertip_le_json"
    assert row["received_at"] == datetime(2025, 5, 4, 8, 30, tzinfo=UTC)
    assert (row["source_priority"], row["escalated_by_reporter"]) == ("P2", "asserted")
    assert row["channels"] == ["email", "chat"]
    assert (row["jurisdiction_country"], row["jurisdiction_basis"]) == ("NL", "address")
    reports = [found for found in aside(imported) if found[0] == "reports"]
    assert [found[1] for found in reports] == ["duplicate"]
    assert imported.set_aside["report_id"].to_pylist() == [row["report_id"]] * imported.set_aside.num_rows


@pytest.mark.parametrize("last", ["download", "submission"])
def test_nobody_counts_twice_in_a_report_that_came_twice(last):
    imported, alone = both(last=last), read(as_bytes(full()))
    for table in ("persons", "accounts", "files", "network_events", "communications", "prior_records"):
        assert imported.tables[table].num_rows == alone.tables[table].num_rows, table
    assert rows(imported, "children", "access_level", "age_band") == rows(
        alone, "children", "access_level", "age_band"
    )
    (report,) = imported.tables["reports"]["report_id"].to_pylist()
    for table in ("persons", "files", "children"):
        assert set(imported.tables[table]["report_id"].to_pylist()) == {report}
    assert rows(imported, "persons", "identity_level")[0] == ("civil_identity",)
    assert {report for report, number in imported.refs if number == "900001"} == {report}


@pytest.mark.parametrize(
    ("files", "classes"), [(1, ["A1", "B2"]), (2, ["unknown"] * 2), (3, ["unknown"] * 3)]
)
def test_the_longer_list_of_files_stands_and_the_other_is_set_aside(files, classes):
    imported = both(files=files)
    assert sorted(imported.tables["files"]["severity_class"].to_pylist()) == sorted(classes)
    met = sum(source["records"].get("files", 0) for source in imported.sources)
    assert met == files + 2 == imported.tables["files"].num_rows + len(aside(imported)) - 1


def test_a_single_child_is_filled_from_both():
    download = full()
    del download["reportedInformation"]["intendedRecipients"]
    download["reportedInformation"]["childVictims"] = [{}]
    imported = both(download=download)
    columns = ("relation_to_suspect", "access_level", "age_band", "identification")
    assert rows(imported, "children", *columns) == [("step_or_partner", "lives_with", "7-10", "unidentified")]


def test_a_download_of_another_number_is_another_report():
    imported = both(download={**full(), "reportId": 900009})
    assert imported.tables["reports"].num_rows == 2
    assert imported.set_aside.num_rows == 0


def test_the_same_person_in_both_formats_has_one_token():
    imported = both(download=numbered(5, espService="Quillchat", espUserId="uid-inventus-77"))
    persons = [row for row in rows(imported, "persons", "role", "person_id") if row[0] == "reported"]
    assert len(persons) == 2
    assert len(set(persons)) == 1


# What cannot be read

HOSTILE = {
    "truncated": as_bytes(FULL)[:-3],
    "two values": as_bytes(LEAST) + b" 5",
    "100,000 levels": b'{"reportedInformation":' + b"[" * 100_000,
    "100,000 objects": b'{"reportedInformation":' * 100_000,
    "a million values": b'{"reportedInformation":[' + b"1," * 1_000_000 + b"1]}",
    "unterminated": b'{"reportedInformation": "' + b'\\"' * 500_000,
    "NUL": as_bytes(FULL) + b"\x00",
    "a list": b'{"reportedInformation": 1, "reports": 5',
    "an image": as_bytes(about(note="data:image/jpeg;base64,/9j/4AAQ")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_set_aside_and_stops_nothing(name):
    imported = read(HOSTILE[name], as_bytes(numbered(1)))
    assert counts(imported) == (1, 0)
    assert aside(imported) == [("reports", "unreadable", 1)]
    assert imported.sources[0]["kind"] == "not_read"


def test_limits_may_be_set():
    assert aside(read(as_bytes(full()), depth=5)) == [("reports", "unreadable", 1)]
    assert aside(read(as_bytes(full()), nodes=20)) == [("reports", "unreadable", 1)]
    assert aside(read(as_bytes(full()), document_bytes=100)) == [("reports", "unreadable", 1)]
    lines = b"\n".join(as_bytes(numbered(number)) for number in range(1, 6))
    assert counts(read(lines, rows=3)) == (3, 0)
    assert counts(read(lines, table_bytes=200)) == (1, 0)


def test_the_number_of_values_counts_for_each_report_of_a_list():
    reports = as_bytes([numbered(number) for number in range(1, 40)])
    assert counts(read(reports, nodes=30)) == (39, 0)


def test_odd_values_become_unknown_and_are_told():
    content = b'{"reportId": 1, "reportid": 2, "dateReceived": 1e999, "reportedInformation": {"batchedReport": NaN}}'
    imported = read(content)
    assert [number for _, number in imported.refs] == ["2"]
    assert {finding.found for finding in imported.findings} == {
        "one name twice in a JSON object",
        "a number that is none or is out of range",
        "a report that does not say when it was received",
    }


def test_text_in_another_encoding_is_read_and_told():
    imported = read(json.dumps(numbered(1, firstName="Zoë"), ensure_ascii=False).encode("cp1252"))
    assert rows(imported, "persons", "identity_level") == [("named",)]
    assert "a text that is not UTF-8" in [finding.found for finding in imported.findings]


# Nothing personal

# Words of FULL that are words of the canonical codes or of messages too.
_CODED = {"Yes", "true", "Unknown", "Viral", "LOGIN", "UPLOAD", "Registration"}


def strings(value):
    if isinstance(value, dict):
        for some in value.values():
            yield from strings(some)
    elif isinstance(value, list):
        for some in value:
            yield from strings(some)
    elif isinstance(value, str):
        yield value


def test_nothing_personal_is_in_what_is_stored():
    download = full()
    download["Jane Doe 1985"] = "x"
    imported = both(download=download)
    stored = [imported.set_aside.to_pylist(), imported.sources, imported.dropped, imported.unknown]
    stored += [table.to_pylist() for table in imported.tables.values()]
    stored += [(found.column, found.found, found.expected, found.mend) for found in imported.findings]
    raw = io.BytesIO()
    for table in [*imported.tables.values(), imported.set_aside]:
        part = io.BytesIO()
        pq.write_table(table, part, compression="none")
        raw.write(part.getvalue())
    personal = {text for text in strings(FULL) if len(text) > 2 and not text.startswith("20")} - _CODED
    personal |= {word for text in personal for word in text.split() if "nvent" in word or len(word) > 11}
    personal |= {"900001", "800001", "800002", "40001", "1985", "a.json", "a_report"}
    assert len(personal) > 55
    seen = f"{stored}".lower()
    for text in personal:
        assert text.lower() not in seen, text
        assert text.encode() not in raw.getvalue(), text


# Anything at all

_NAMES = sorted(
    {name for group in load_mapping().members.values() for name in group}
    | {name for names in load_mapping().lists.values() for name in names}
    | {
        "value",
        "verified",
        "groups",
        "tags",
        "autogeneratednotes",
        "geolookups",
        "ipaddress",
        "priorityid",
        "x",
    }
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=True),
    st.sampled_from(
        [
            "Yes",
            "No",
            "17",
            "30-35",
            "2010-01-01",
            "2025-05-04T08:30:00Z",
            "9999-12-31T23:59:59Z",
            "203.0.113.5",
        ]
    ),
    st.sampled_from(
        ["IP Address", "Device ID", "A1", "NL", "Login", "71002", "Father", "\x00", "\ud800", "4" * 5000]
    ),
    st.text(max_size=8),
)
_TREES = st.recursive(
    _VALUES,
    lambda inside: st.one_of(
        st.lists(inside, max_size=4), st.dictionaries(st.sampled_from(_NAMES), inside, max_size=6)
    ),
    max_leaves=40,
)


@st.composite
def mutated(draw):
    """Draw a report in which some values were put in the place of others."""
    report = full()
    for _ in range(draw(st.integers(0, 6))):
        node = report
        while True:
            places = list(node) if isinstance(node, dict) else range(len(node))
            if not places:
                break
            place = draw(st.sampled_from(list(places)))
            if isinstance(node[place], dict | list) and node[place] and draw(st.integers(0, 3)):
                node = node[place]
                continue
            node[place] = draw(_TREES)
            break
    return report


@st.composite
def contents(draw):
    """Draw a document: mutated reports or anything, in any shape, perhaps cut off."""
    some = st.one_of(mutated(), st.dictionaries(st.sampled_from(_NAMES), _TREES, max_size=6), _TREES)
    found = draw(st.lists(some, min_size=1, max_size=3))
    texts = [json.dumps(one) for one in found]
    shape = draw(st.sampled_from(["one", "list", "lines"]))
    text = {"one": texts[0], "list": f"[{','.join(texts)}]", "lines": "\n".join(texts)}[shape]
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-16"])))
    return content[: len(content) - draw(st.sampled_from([0, 0, 0, 1, 30]))]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(contents(), max_size=3))
def test_whatever_comes_in_comes_out(documents):
    imported = read(*documents)
    for table in ("reports", "files"):
        met = sum(source["records"].get(table, 0) for source in imported.sources)
        left = sum(source["set_aside"].get(table, 0) for source in imported.sources)
        assert met - left == imported.tables[table].num_rows
        assert left == sum(row[0] == table for row in aside(imported))
    for name, declared in TABLES.items():
        mended = mend_table(imported.tables[name], declared, "import")
        assert [found for found in mended.findings if found.level != Level.COLUMN] == []
        key = imported.tables[name].select([column for column in declared.key if column != "outcome_at"])
        assert len({tuple(row.values()) for row in key.to_pylist()}) == key.num_rows, name
    persons = set(imported.tables["persons"]["person_id"].to_pylist())
    assert set(imported.tables["accounts"]["person_id"].to_pylist()) <= persons


def test_an_import_of_downloads_becomes_a_batch(tmp_path):
    (tmp_path / "a.json").write_bytes(as_bytes(full()))
    (tmp_path / "b.jsonl").write_bytes(as_bytes(numbered(1)) + b"\n" + as_bytes(numbered(2)) + b"\n")
    imported = import_files([tmp_path], KEY, RECEIVED, "day")
    assert imported.part.tables["reports"].num_rows == 3
    assert imported.part.set_aside.num_rows == 0
    assert [source["kind"] for source in imported.meta.source_files] == ["cybertip_le_json"] * 2
