"""What becomes of documents as a whole: joined, set aside, never lost, and nothing personal kept."""

from __future__ import annotations

import gc
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.reading import everything_stored, read_all
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.documents import Document
from triage.intake.importing import read_documents
from triage.intake.limits import Limits
from triage.intake.tokens import TokenKey
from triage.intake.xml import parse_xml
from triage.schema.findings import Level
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

FIXTURES = Path(__file__).parent / "cybertipline"
KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)


def report(mark="1"):
    return f"<report><incidentSummary><platform>{mark}</platform></incidentSummary></report>".encode()


def details(file_id="f", number="", more=""):
    number = f"<reportId>{number}</reportId>" if number else ""
    return f"<fileDetails>{number}<fileId>{file_id}</fileId>{more}</fileDetails>".encode()


def read(**documents):
    return read_named({name.replace("__", "/") + ".xml": content for name, content in documents.items()})


def read_named(documents):
    return read_all(list(documents.items()), KEY, RECEIVED)


def report_of_file(imported):
    """Return, for each file, the platform mark of its report's document."""
    marks = {KEY.token("report", source["sha256"]): i for i, source in enumerate(imported.sources)}
    return [marks[row["report_id"]] for row in imported.tables["files"].to_pylist()]


def aside(imported):
    return [(row["table"], row["row"], row["reason"]) for row in imported.set_aside.to_pylist()]


# Joining


def test_an_import_leaves_the_collector_of_cycles_as_it_was():
    before = gc.get_threshold()
    during = []
    read_documents(
        (during.append(gc.get_threshold()) or Document.of("a.xml", report()) for _ in range(1)), KEY, RECEIVED
    )
    assert during[0][0] > before[0]
    assert gc.get_threshold() == before


def test_the_name_joins_a_file_to_its_report_before_the_number_does():
    imported = read(
        a_report1=report("1"), b_report1=report("2"), x71002=report("3"), b_file1=details("f", "71002")
    )
    assert report_of_file(imported) == [1]


def test_the_number_in_the_reports_name_joins_where_names_do_not():
    imported = read(one__tip_71002=report("1"), one__tip_171002=report("2"), two__f=details("f", "071002"))
    assert report_of_file(imported) == [0]


def test_a_report_alone_in_its_folder_takes_the_files_there():
    imported = read(one__r=report("1"), two__r=report("2"), two__f=details(number="5"))
    assert report_of_file(imported) == [1]


def test_the_same_name_in_another_folder_joins_only_where_it_is_the_only_one():
    imported = read(in__a_report=report("1"), in__b_report=report("2"), out__b_file1=details())
    assert report_of_file(imported) == [1]
    twice = read(in__a_report=report("1"), on__a_report=report("2"), out__a_file1=details())
    assert aside(twice) == [("files", 3, "no report for this file: no report")]


def test_the_same_name_in_the_same_folder_goes_before_another_folder():
    imported = read(p__a_report=report("1"), q__a_report=report("2"), q__a_file1=details())
    assert report_of_file(imported) == [1]


def test_a_file_that_could_belong_to_several_reports_is_set_aside():
    imported = read(r1=report("1"), r2=report("2"), f=details(number="99"))
    assert aside(imported) == [("files", 3, "no report for this file: no single report in its folder")]


def test_a_file_without_a_report_is_set_aside_and_named_in_a_finding():
    imported = read(secret_71002_file1=details(number="71002"))
    (row,) = imported.set_aside.to_pylist()
    assert (row["table"], row["row"], row["report_id"]) == ("files", 1, None)
    assert re.fullmatch(r"file:[0-9a-f]{16}", row["where"])
    assert row["where"].removeprefix("file:") not in imported.sources[0]["sha256"]
    assert "71002" not in str(row)
    (finding,) = imported.findings
    assert (finding.level, finding.where) == (Level.ROW, "secret_71002_file1.xml")


def test_a_file_does_not_go_to_another_report_when_its_own_cannot_be_read():
    imported = read(a_report=b"<report><incidentSummary>", b_report=report(), a_file1=details())
    assert ("files", 3, "no report for this file: its report could not be read") in aside(imported)
    assert imported.tables["files"].num_rows == 0


def test_order_of_documents_does_not_matter():
    documents = {"a_file1.xml": details("f", "5"), "a_report.xml": report("1"), "b_report.xml": report("2")}
    forth = read_named(documents)
    back = read_named(dict(reversed(documents.items())))
    assert sorted(forth.refs) == sorted(back.refs)
    assert forth.tables["files"].equals(back.tables["files"])


def test_the_report_number_becomes_a_token_and_the_way_back():
    imported = read(a_report=report(), a_file1=details("f", "0071"), a_file2=details("g", "71"))
    row = imported.tables["reports"].to_pylist()[0]
    assert row["source_ref_hash"] == KEY.token("source-report", "71")
    assert (row["report_id"], "71") in imported.refs


def test_a_report_number_that_is_no_number_is_not_taken():
    imported = read(a_report=report(), a_file1=details("f", "Jane Doe"))
    assert all(number.startswith("file ") for _, number in imported.refs)
    assert imported.tables["files"].num_rows == 1
    assert [finding.found for finding in imported.findings] == ["a report number that is no number"]


def test_two_report_numbers_of_one_report_are_told():
    imported = read(a_report=report(), a_file1=details("f", "71"), a_file2=details("g", "72"))
    assert [number for _, number in imported.refs if not number.startswith("file ")] == ["71"]
    assert imported.findings[0].found == "files of one report that carry different report numbers"


# The same again


def test_a_report_that_comes_twice_is_read_once():
    imported = read(one__r=report(), two__r=report(), two__f=details())
    assert imported.tables["reports"].num_rows == 1
    assert aside(imported) == [("reports", 2, "the same report again")]
    assert imported.set_aside["report_id"][0].as_py() == imported.tables["reports"]["report_id"][0].as_py()
    assert report_of_file(imported) == [1]


def test_the_same_file_of_one_report_is_a_row_once():
    imported = read(a_report=report(), a_file1=details("f", "71"), a_file2=details("f", "71"))
    assert imported.tables["files"].num_rows == 1
    assert aside(imported) == [("files", 3, "the same file again")]


def test_one_file_number_for_two_files_gives_two_rows():
    imported = read(
        a_report=report("1"),
        b_report=report("2"),
        a_file1=details("f", "71"),
        a_file2=details("f", "71", "<potentialMeme/>"),
        a_file3=details("f", "71", "<potentialMeme/>"),
        b_file1=details("f", "71"),
    )
    assert report_of_file(imported) == [0, 0, 1]
    assert len(set(imported.tables["files"]["file_id"].to_pylist())) == 3
    assert aside(imported) == [("files", 5, "the same file again")]


def test_a_file_without_a_number_of_its_own_is_kept():
    imported = read(a_report=report(), a_file1=b"<fileDetails><potentialMeme/></fileDetails>")
    assert imported.tables["files"].num_rows == 1


# What cannot be read

HOSTILE = {
    "billion laughs": (
        b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><report>&b;</report>',
        "no format",
    ),
    "external entity": (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><report>&x;</report>',
        "no format",
    ),
    "100,000 levels": (b"<report>" + b"<victim>" * 100_000, "elements nested deeper than 50"),
    "truncated": (report()[:-12], "not well-formed XML (unclosed token"),
    "NUL": (report() + b"\x00", "not well-formed XML"),
    "empty": (b"", "no format"),
    "PNG": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"),
    "Latin-1 undeclared": (
        b"<report><incidentSummary><platform>caf\xe9</platform></incidentSummary></report>",
        "not well-formed XML",
    ),
    "other XML": (b"<html><body/></html>", "no format"),
    "receipt": (b"<reportResponse><reportId>71002</reportId></reportResponse>", "no format"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_set_aside_and_stops_nothing(name):
    content, reason = HOSTILE[name]
    imported = read(good__a_report=report("1"), bad__71002=content, good__a_file1=details())
    assert imported.tables["reports"].num_rows == 1
    assert imported.tables["files"].num_rows == 1
    (row,) = imported.set_aside.to_pylist()
    assert (row["table"], row["row"]) == ("reports", 2)
    assert row["reason"].startswith(reason)
    assert row["mend"].startswith("nothing of it was read" if name == "PNG" else "ask the sender")
    assert "71002" not in str(row)
    assert imported.sources[1]["kind"] == "not_read"
    assert [finding.where for finding in imported.findings] == ["bad/71002.xml"]


def test_a_broken_file_is_set_aside_among_files():
    assert [row[0] for row in aside(read(f=details()[:-5]))] == ["files"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("UTF-16", "utf-16"), ("UTF-8", "utf-16"), ("UTF-16", "utf-8"), ("ISO-8859-1", "latin-1")],
)
def test_other_encodings_are_read_where_they_are_declared_or_begin_as_such(declared, codec):
    text = f'<?xml version="1.0" encoding="{declared}"?>{report("é").decode()}'
    assert read(r=text.encode(codec)).tables["reports"].num_rows == 1


def test_files_on_disk_are_read_and_what_cannot_be_opened_is_set_aside(tmp_path):
    good = tmp_path / "71002_report.xml"
    good.write_bytes(report())
    imported = read_all([good, tmp_path / "gone_71003.xml", tmp_path], KEY, RECEIVED)
    assert imported.tables["reports"].num_rows == 1
    assert aside(imported) == [
        ("reports", 2, "the file cannot be opened"),
        ("reports", 3, "the file cannot be opened"),
    ]
    assert "71003" not in str(imported.set_aside.to_pylist())
    assert [source["kind"] for source in imported.sources] == ["cybertipline_report", "not_read", "not_read"]


def test_a_file_that_is_too_large_is_never_held_whole(tmp_path):
    large = tmp_path / "large.xml"
    large.write_bytes(report() * 50_000)
    imported = read_documents([Document.at(large)], KEY, RECEIVED, limits=Limits(document_bytes=10))
    assert imported.set_aside["reason"][0].as_py() == "larger than 10 bytes"
    assert "sha256" not in imported.sources[0]


# Nothing personal

_CODED = {
    *("incidentType", "incidentDateTime", "eventName", "dateTime", "age", "approximateAge", "country"),
    *("countryCode", "uploadedToEspTimestamp", "industryClassification", "idType", "fileRelevance"),
}
_CODED_ATTRIBUTES = {"type", "accountType", "reason", "fleaCountry", "disabledDate", "reenabledDate"}


def personal_values(element):
    if element.name not in _CODED:
        yield element.text.strip()
    for name, value in element.attributes.items():
        if name not in _CODED_ATTRIBUTES:
            yield value
    for children in element.children.values():
        for child in children:
            yield from personal_values(child)


def test_nothing_personal_is_in_what_is_stored():
    imported = read_all(sorted(FIXTURES.glob("*.xml")), KEY, RECEIVED)
    text, raw = everything_stored(imported)
    values = {
        value for file in FIXTURES.glob("*.xml") for value in personal_values(parse_xml(file.read_bytes()))
    }
    values = {value for value in values if len(value) > 3 and value not in {"true", "false"}}
    assert len(values) > 150
    for value in values:
        for form in {value, value.lower(), value.strip("+")}:
            assert form not in text, value
            assert form.encode() not in raw, value


def test_findings_quote_no_value():
    summary = "<incidentSummary><incidentDateTime>Jane Doe</incidentDateTime></incidentSummary>"
    ages = "<age>Jane Doe</age><dateOfBirth>Jane Doe</dateOfBirth>"
    event = "<ipCaptureEvent><ipAddress>Jane Doe</ipAddress><port>40001</port></ipCaptureEvent>"
    person = f"<personOrUserReportedPerson>{ages}</personOrUserReportedPerson>{event}"
    content = f"<report>{summary}<personOrUserReported>{person}</personOrUserReported></report>"
    imported = read(r=content.encode())
    assert len(imported.findings) == 3
    assert "Jane" not in str(imported.findings)


# Anything at all

_TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                "true",
                "false",
                "0",
                "17",
                "44",
                "2010-01-01",
                "2025-05-01T10:00:00Z",
                "2025-05-01T10:00:00",
            ),
            *(
                "203.0.113.5",
                "443",
                "ACME",
                "A1",
                "NL",
                "Online Enticement",
                "Login",
                "71002",
                "9999-12-31T23:59:59Z",
            ),
        ]
    ),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"]), max_size=12),
)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["type", "accountType", "verified", "countryCallingCode", "reenabledDate", "disabledDate", "reason"]
    ),
    st.one_of(st.sampled_from(["Parent/Guardian", "Billing", "true", "+31", "2025-01-01T00:00:00Z"]), _TEXTS),
    max_size=2,
)


@st.composite
def trees(draw, name, group, depth=0):
    """Draw an element whose children mostly are those that the mapping knows, in any number and order."""
    known = load_mapping().elements.get(group, {})
    names = st.sampled_from([*known, "strange", "report", "d\u00e9j\u00e0"]) if known else st.just("strange")
    count = draw(st.integers(0, 6)) if depth < 4 and (known or draw(st.booleans())) else 0
    inside = ""
    for child in draw(st.lists(names, min_size=count, max_size=count)):
        inside += draw(trees(child, known.get(child, ""), depth + 1))
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in draw(_ATTRIBUTES).items())
    return f"<{name}{attributes}>{escape(draw(_TEXTS))}{inside}</{name}>"


_DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(["a_report1.xml", "a_file1.xml", "x/71002.xml", "x/b.xml", "a_file2.xml", "y/c"]),
        st.one_of(
            trees("report", "report").map(str.encode),
            trees("fileDetails", "fileDetails").map(str.encode),
            trees("report", "report").map(lambda text: text.encode()[:-3]),
            st.binary(max_size=20),
        ),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_DOCUMENTS)
def test_whatever_comes_in_comes_out(documents):
    imported = read_all(documents, KEY, RECEIVED)
    count = imported.tables["reports"].num_rows + imported.tables["files"].num_rows
    records = [sum(source["records"].values()) for source in imported.sources]
    assert count + imported.set_aside.num_rows == sum(records)
    # A report may hold the details of its files.
    assert [found > 0 for found in records] == [True] * len(documents)
    for name, table in imported.tables.items():
        mended = mend_table(table, TABLES[name], name)
        assert mended.findings == []
        keys = list(zip(*(table[column].to_pylist() for column in TABLES[name].key), strict=True))
        assert len(keys) == len(set(keys))
    persons = {(row["person_id"], row["report_id"]) for row in imported.tables["persons"].to_pylist()}
    accounts = set(imported.tables["accounts"]["account_id"].to_pylist())
    assert {row["report_id"] for row in imported.tables["files"].to_pylist()} <= set(
        imported.tables["reports"]["report_id"].to_pylist()
    )
    for name in ("network_events", "communications"):
        assert set(imported.tables[name]["account_id"].to_pylist()) <= accounts
    for name in ("accounts", "prior_records"):
        assert set(imported.tables[name]["person_id"].to_pylist()) <= {person for person, _ in persons}


def test_reading_twice_gives_the_same():
    files = sorted(FIXTURES.glob("*.xml"))
    first, second = (read_all(files, KEY, RECEIVED) for _ in range(2))
    assert first.tables == second.tables
    assert first.set_aside == second.set_aside
