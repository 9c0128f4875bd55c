"""What becomes of the lines of a sheet: rows of several tables, put together, set aside, never lost."""

from __future__ import annotations

import json
import random
import tomllib
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.intake.sheets.sheets import HEAD, KEY, RECEIVED, book, read, rows
from triage.intake.documents import Document
from triage.intake.importing import read_documents
from triage.intake.limits import Limits
from triage.intake.sheets.mapping import read_mapping
from triage.intake.sheets.read import sheet_formats
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

FORM = """zone = "UTC"
[sheet.lines]
must_have = ["Report", "Kind"]
report = "Report"
dropped = ["Story"]
[sheet.lines.reports]
source_system = "helpline"
received_at = { time = "In" }
source_priority = { code = "Prio", words = { "1" = "P1", "3" = "P3" } }
escalated_by_reporter = { flag = "Now" }
channels = { set = "Ways" }
[sheet.lines.persons]
when = { column = "Kind", words = ["suspect"] }
role = "reported"
person_id = { token = { screen_name = "Handle", service_is = "S" } }
age_band = { age = "Age" }
[sheet.lines.children]
of = "persons"
when = { column = "Kind", words = ["child"] }
age_band = { age = "Age" }
[[sheet.lines.files]]
when = { column = "Kind", words = ["file"] }
file_id = { token = { own = "Handle" } }
severity_class = { code = "Prio", words = { "1" = "A1", "3" = "B2" } }
"""
TOP = "Report;Kind;In;Prio;Now;Ways;Handle;Age;Story\n"


def aside(imported):
    return [(row["why"], row["row"], row["report_id"]) for row in imported.set_aside.to_pylist()]


def of(number):
    return KEY.token("report", "mine", number)


def test_lines_of_one_report_are_one_report_with_all_that_they_say():
    imported = read(
        FORM,
        TOP
        + "007;suspect;;3;no;chat;x;40;t\n7;child;2025-05-02;1;;web|chat;;9;t\n7;file;2025-05-01;;yes;;f;;\n",
    )
    columns = (
        "report_id",
        "source_ref_hash",
        "received_at",
        "source_priority",
        "escalated_by_reporter",
        "channels",
    )
    assert rows(imported, "reports", *columns) == [
        (of("7"), KEY.token("source-report", "mine", "7"), datetime(2025, 5, 1, tzinfo=UTC), "P1", "asserted", ["chat", "web"])
    ]  # fmt: skip
    assert rows(imported, "persons", "person_id", "age_band") == [
        (KEY.token("person", "screen", "s", "x"), "40-59")
    ]
    assert rows(imported, "children", "age_band") == ["7-10"]
    assert rows(imported, "files", "file_id", "severity_class") == [
        (KEY.token("file", of("7"), "f"), "unknown")
    ]
    assert imported.refs == [(of("7"), "7")]
    assert imported.dropped == {"Story": 2}
    assert [finding.column for finding in imported.findings if "do not agree" in finding.found] == [
        "source_priority", "escalated_by_reporter",
    ]  # fmt: skip


def test_two_ages_of_one_person_are_no_age():
    imported = read(
        FORM, TOP + "1;suspect;;;;;x;40;\n1;suspect;;;;;x;17;\n2;suspect;;;;;y;40;\n2;suspect;;1;;;y;;\n"
    )
    assert rows(imported, "persons", "age_band") == ["unknown", "40-59"]


def test_what_no_line_says_is_unknown_and_the_time_of_reception_that_of_the_import():
    imported = read(FORM, TOP + "1;suspect;;;;;;;\n")
    names = ("received_at", "source_priority", "escalated_by_reporter", "channels")
    assert rows(imported, "reports", *names) == [(RECEIVED, "unknown", "unknown", None)]
    # Whom nothing identifies is somebody of this report alone.
    assert rows(imported, "persons", "person_id") == [KEY.token("person", of("1"), "persons", "")]


def test_lines_that_cannot_be_read_are_set_aside_with_their_place():
    lines = [
        "1;suspect;;;;;x;40;",
        ";child;;;;;;9;",
        "2;child",
        "unknown;file;;;;;;;",
        '3;"child;;;;;;9;',
        "1;suspect;;;;;x;40;",
    ]
    imported = read(FORM, TOP + "\n".join(lines))
    assert sorted(aside(imported), key=lambda row: row[1]) == [
        ("unreadable", 2, None), ("unreadable", 3, None), ("unreadable", 4, None), ("unreadable", 5, None),
        ("duplicate", 6, of("1")),
    ]  # fmt: skip
    source = imported.sources[0]
    assert (source["lines"], source["records"], source["set_aside"]) == (
        6,
        {"reports": 6, "persons": 1},
        {"reports": 5},
    )
    assert (source["kind"], source["mapping"]) == ("sheet", "mine 4")


def test_the_same_file_again_adds_nothing():
    text = TOP + "1;suspect;;;;;x;40;\n2;child;;;;;;9;\n"
    imported = read(FORM, text, text)
    assert imported.tables["reports"].num_rows == 2
    assert [why for why, *_ in aside(imported)] == ["duplicate", "duplicate"]
    assert [source["records"].get("reports") for source in imported.sources] == [2, 2]


def test_a_report_in_two_files_is_one_report():
    imported = read(FORM, TOP + "1;suspect;;;;;x;40;\n", TOP + "1;child;;1;;;;9;\n")
    assert rows(imported, "reports", "source_priority") == ["P1"]
    assert imported.tables["children"].num_rows == 1
    assert aside(imported) == []


def test_lines_without_a_number_are_reports_of_their_own():
    body = '[sheet.a]\nmust_have = ["A", "B"]\n[sheet.a.reports]\nsource_system = "other"\n'
    first, again = (
        rows(read(body, text), "reports", "report_id") for text in ("A,B\n1,2\n3,4\n", "A,B\n3,4\n5,6\n")
    )
    assert len(set(first)) == 2
    assert first[1] == again[0]


def test_each_line_can_be_a_row_of_its_own():
    text = "No,Age\n1,9\n1,9 \n1,9\n"
    body = '[sheet.a]\nmust_have = ["No", "Age"]\nreport = "No"\n[sheet.a.children]\nage_band = { age = "Age" }\n'
    assert read(body, text).tables["children"].num_rows == 1
    imported = read(body + 'each = "line"\n', text)
    assert rows(imported, "children", "child_id") == [f"{of('1')}:c0", f"{of('1')}:c1"]
    assert [why for why, *_ in aside(imported)] == ["duplicate"]


def test_columns_that_the_mapping_does_not_know_are_counted_by_a_name_without_numbers():
    imported = read(
        FORM, TOP.replace("\n", ";Officer 12;0612345678\n") + "1;file;;;;;f;;;x;y\n2;file;;;;;g;;;;y\n"
    )
    assert imported.unknown == {"Officer": 1, "a column": 2}


@pytest.mark.parametrize("form", ["xlsx", "jsonl"])
def test_workbooks_and_json_lines_give_the_rows_that_csv_gives(form):
    values = [
        ("7", "suspect", "2025-05-01T10:00:00Z", 1, True, "chat", "x", 40),
        (8, "child", None, None, None, None, None, 9.0),
    ]
    text = TOP.replace(";Story", "") + "7;suspect;2025-05-01T10:00:00Z;1;true;chat;x;40\n8;child;;;;;;9\n"
    names = TOP.strip().split(";")[:8]
    if form == "xlsx":
        content = book([names, *values], [["unheard", "of"], [1, 2]])
    else:
        content = "".join(
            json.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}) + "\n"
            for row in values
        ).encode()
    csv, other = read(FORM, text), read(FORM, content)
    for table in TABLES:
        assert other.tables[table].equals(csv.tables[table]), table


def test_dates_of_a_workbook_are_dates_or_numbers():
    body = '[sheet.a]\nmust_have = ["No", "At"]\nreport = "No"\n[sheet.a.reports]\nincident_at = { time = "At", zone = "UTC" }\n'
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)
    content = book(
        [["No", "At"], [1, noon.replace(tzinfo=None)], [2, 45352.5], ["00", "=1+1"], [71002.0, "2024-03-01"]]
    )
    imported = read(body, content)
    assert rows(imported, "reports", "incident_at") == [noon, noon, None, datetime(2024, 3, 1, tzinfo=UTC)]
    assert sorted(number for _, number in imported.refs) == ["0", "1", "2", "71002"]


def test_several_sheets_of_a_workbook_are_known_by_their_headers():
    body = (
        FORM
        + '[sheet.people]\nmust_have = ["Report", "Nick", "Years"]\nreport = "Report"\n[sheet.people.persons]\nrole = "other"\nage_band = { age = "Years" }\nperson_id = { token = { own = "Nick" } }\n'
    )
    content = book([["Report", "Kind"], [1, "x"]], [["Report", "Nick", "Years"], [1, "q", 30], [9, "z", 40]])
    imported = read(body, content)
    assert rows(imported, "persons", "report_id", "age_band") == [(of("1"), "25-39"), (of("9"), "40-59")]
    assert imported.sources[0]["lines"] == 3


# Hostile


def packed(content, **members):
    """Return a workbook with members added or replaced."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in members:
                new.writestr(name, old.read(name))
        for name, some in members.items():
            new.writestr(name, some)
    return made.getvalue()


BOOK = book([["Report", "Kind"], [1, "x"]])
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccccccc">]><worksheet>&b;</worksheet>'


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (packed(BOOK, **{"xl/media/image1.png": b"\x89PNG\r\n\x1a\n"}), "pictures"),
        (packed(BOOK, **{"xl/sharedStrings.xml": b" " * 70_000_000}), "when unpacked"),
        (packed(BOOK, **{"xl/worksheets/sheet1.xml": BOMB}), "cannot be read"),
        (packed(BOOK, **{"xl/workbook.xml": b"<x"}), "cannot be read"),
        (BOOK[:-40], "cannot be read"),
    ],
    ids=["pictures", "bomb", "entities", "broken", "cut off"],
)
def test_a_hostile_workbook_is_set_aside_whole(content, found):
    imported = read(FORM, content, TOP + "1;child;;;;;;9;\n")
    assert found in imported.set_aside["reason"].to_pylist()[0]
    assert imported.tables["reports"].num_rows == 1


def test_a_row_number_beyond_all_rows_ends_the_sheet():
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Report</t></is></c><c r="B1" t="inlineStr"><is><t>Kind</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row><row r="999999999"><c r="A999999999"><v>2</v></c></row></sheetData></worksheet>'
    imported = read(FORM, packed(BOOK, **{"xl/worksheets/sheet1.xml": sheet}))
    assert [number for _, number in imported.refs] == ["1"]


def test_links_to_other_files_are_not_followed():
    content = packed(
        BOOK,
        **{
            "xl/externalLinks/externalLink1.xml": b"<x",
            "xl/externalLinks/_rels/externalLink1.xml.rels": b"<y",
        },
    )
    assert read(FORM, content).tables["reports"].num_rows == 1


@pytest.mark.parametrize(
    ("limits", "found"), [({"rows": 1}, "more than 1 rows"), ({"table_bytes": 60}, "larger than 60 bytes")]
)
def test_a_table_beyond_the_limits_is_set_aside_whole(limits, found):
    imported = read(FORM, TOP + "1;child;;;;;;9;\n2;child;;;;;;9;\n", limits=Limits(**limits))
    assert imported.tables["reports"].num_rows == 0
    assert imported.set_aside["reason"].to_pylist() == [found]


def test_lines_of_a_table_that_was_refused_are_not_known_when_they_come_again():
    text = TOP + "1;child;;;;;;9;\n2;child;;;;;;9;\n"
    imported = read(FORM, text + "3;child;;;;;;9;\n", text, limits=Limits(rows=2))
    assert imported.tables["reports"].num_rows == 2


def test_hostile_json_lines_take_themselves_and_no_other():
    lines = [
        '{"Report": 1, "Kind": "child", "Age": 9}', '{"Report": ' + "[" * 5000 + "]" * 5000 + "}", "{", "[1]", "NaN",
        '{"Report": 2, "Kind": "child", "Age": ' + "9" * 5000 + "}", '{"Report": 3, "Kind": {"a": {"b": "child"}}}',
    ]  # fmt: skip
    imported = read(FORM, "\n".join(lines))
    assert [number for _, number in imported.refs if number.isdigit()] == ["1", "2", "3"]
    assert [row for _, row, _ in sorted(aside(imported), key=lambda row: row[1])] == [1, 2, 3, 4]


def test_a_column_that_stands_twice_is_refused_where_the_mapping_reads_it():
    imported = read(FORM, "Report;Kind;kind\n1;child;x\n", "Report;Kind;x;x\n2;child;;\n")
    assert "stands twice" in imported.set_aside["reason"].to_pylist()[0]
    assert [number for _, number in imported.refs if number == "2"] == ["2"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("a;" * 10_000, "more than 4,096 columns"), ("\n\n", "no header"), ('a;"b\n1;2', "not closed")],
)
def test_a_table_without_a_header_that_can_be_read_says_so(text, found):
    assert found in read(FORM, text).set_aside["reason"].to_pylist()[0]


def test_a_table_that_no_mapping_knows_is_set_aside_with_the_mend():
    imported = read(FORM, "Foo;Bar\n1;2\n")
    assert "triage import --template" in imported.set_aside["mend"].to_pylist()[0]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.txt", "Dear colleagues, please find\nattached what we spoke of.\n", "foreign"),
        ("a.txt", "Foo;Bar\n1;2\n3;4\n", "unreadable"),
        ("a.csv", "Foo;Bar\n", "unreadable"),
    ],
)
def test_a_letter_is_no_table_and_a_table_is_one_by_any_name(name, text, why):
    imported = read_documents([Document.of(name, text.encode())], KEY, RECEIVED)
    assert imported.set_aside["why"].to_pylist() == [why]


SECRETS = [
    "Jan van Invented",
    "jan@example.com",
    "+31612345678",
    "203.0.113.77",
    "1 Made-up Street",
    "=cmd|' /C calc'!A1",
    "kx71secret",
    "told us everything",
]


def test_no_personal_text_is_in_anything_that_is_kept():
    body = """[sheet.a]
must_have = ["No", "Name"]
report = "No"
dropped = ["Story"]
[sheet.a.reports]
source_priority = { code = "Prio", words = { "1" = "P1" } }
channels = { set = "Ways" }
jurisdiction_country = { country = "Street" }
incident_at = { time = "Story" }
[sheet.a.persons]
role = "reported"
person_id = { token = { identifier = "Handle", email = "Mail", phone = "Tel", service = "Street" } }
identity_level = { present = { named = "Name" } }
age_band = { age = "Mail", born = "Tel" }
[sheet.a.accounts]
account_id = { token = { identifier = "Handle", service = "Street" } }
platform_category = { platform = "Street" }
[sheet.a.network_events]
link_token = { token = { address = "IP", port = "Port" } }
[sheet.a.files]
file_id = { token = { own = "Story" } }
severity_class = { code = "Handle" }
file_annotations = { set = "Story", split = " " }
"""
    name, mail, phone, ip, street, formula, handle, story = SECRETS
    text = f"No;Name;Mail;Tel;IP;Port;Street;Prio;Handle;Story;Ways;{name}\n4711secret;{name};{mail};{phone};{ip};443;{street};{formula};{handle};{story};{formula};x\n"
    imported = read(body, text, text + f"4711secret;{name}\n")
    kept = "\n".join(str(table.to_pylist()) for table in imported.tables.values())
    kept += (
        str(imported.set_aside.to_pylist()) + str(imported.sources) + "\n".join(map(str, imported.findings))
    )
    for secret in [*SECRETS, "4711secret", "kx71", "invented"]:
        assert secret.lower() not in kept.lower()


_CELL = st.sampled_from(
    [
        "",
        "1",
        "7",
        "suspect",
        "child",
        "file",
        "x",
        "yes",
        "31/02/2024",
        "2024-01-01",
        '"',
        "'",
        "\x00",
        "é",
        "=A1",
        "9" * 30,
        "chat|web",
        ";",
        "\n",
        "💥",
    ]
)


@given(
    st.lists(st.lists(_CELL, min_size=7, max_size=10), max_size=14),
    st.integers(0, 3),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=120)
def test_whatever_stands_there_every_line_is_read_or_set_aside_and_every_table_is_in_order(
    lines, damage, luck: random.Random
):
    content = bytearray((TOP + "\n".join(";".join(line) for line in lines)).encode())
    for _ in range(damage):
        content[luck.randrange(len(content))] = luck.randrange(256)
    imported = read(FORM, bytes(content))
    (source,) = imported.sources
    lost = imported.set_aside.num_rows
    for table, found in imported.tables.items():
        assert source["records"].get(table, 0) == found.num_rows + source["set_aside"].get(table, 0)
        mended = mend_table(found, TABLES[table], table)
        assert mended.usable.all()
        assert [str(f) for f in mended.findings if f.level.name == "FIELD"] == []
    assert lost == sum(source["set_aside"].values())
    if "lines" in source:
        assert imported.tables["reports"].num_rows <= source["lines"] - lost


def test_number_seven_of_a_sheet_is_not_number_seven_of_another_sender_unless_both_are_ncmecs():
    body = (
        '[sheet.a]\nmust_have = ["No", "A"]\nreport = "No"\n[sheet.a.reports]\nsource_system = "helpline"\n'
    )
    for scope, token in (
        ("mine", KEY.token("source-report", "mine", "7")),
        ("ncmec", KEY.token("source-report", "7")),
    ):
        mapping = read_mapping(
            tomllib.loads(HEAD.replace('scope = "mine"', f'scope = "{scope}"') + body), "my.toml"
        )
        imported = read_documents(
            [Document.of("a.csv", b"No;A\n7;x\n")], KEY, RECEIVED, formats=sheet_formats([mapping])
        )
        assert imported.tables["reports"]["source_ref_hash"].to_pylist() == [token]


PEOPLE = """
[sheet.a]
must_have = ["No", "Role"]
report = "No"
[sheet.a.persons]
role = { code = "Role" }
age_band = { age = "Age" }
person_id = { token = { screen_name = "Nick", service_is = "x" } }
"""


@pytest.mark.parametrize(
    ("lines", "persons"),
    [
        ("reported;30;;a reported;30;;b reported;;;c", [("reported", "25-39")]),
        ("reported;30;;a recipient;30;;b", [("recipient", "25-39"), ("reported", "25-39")]),
        ("recipient;30;;a recipient;12;;b recipient;12;;c", [("recipient", "0-12"), ("recipient", "25-39")]),
        ("reported;30;nick;a reported;30;;b", [("reported", "25-39"), ("reported", "25-39")]),
    ],
    ids=["the same, or less", "another role", "another age", "named once"],
)
def test_a_person_whom_nothing_identifies_is_one_in_a_report_unless_role_or_age_differ(lines, persons):
    """Nobody who could be a child, or a second reported person, vanishes in another."""
    for order in (1, -1):
        text = "".join(f"7;{line}\n" for line in lines.split()[::order])
        imported = read(PEOPLE, "No;Role;Age;Nick;V\n" + text)
        assert sorted(rows(imported, "persons", "role", "age_band")) == persons
        assert len(set(rows(imported, "persons", "person_id"))) == len(persons)


def test_a_cell_that_the_reader_of_workbooks_would_quote_in_a_warning_is_read_in_silence():
    """Every warning is an error in these tests; to a person it would show the cell."""

    def date_out_of_range(page):
        page["B2"].value, page["B2"].number_format = 1e12, "yyyy-mm-dd"

    imported = read(FORM, book([["Report", "Kind"], [1, 5]], edit=date_out_of_range))
    assert imported.tables["reports"].num_rows == 1


def test_reports_that_do_not_say_when_they_came_are_told():
    imported = read(FORM, TOP + "1;suspect;;3;no;chat;x;40;t\n2;suspect;2025-05-02;3;no;chat;y;40;t\n")
    assert len(rows(imported, "reports", "report_id")) == 2
    (told,) = [finding for finding in imported.findings if "do not say when they came" in finding.found]
    assert (told.column, told.count, str(told.level)) == ("received_at", 1, "note")


@pytest.mark.parametrize(("other", "persons"), [("cloud", 1), ("CLOUD", 1), ("cloud two", 2)])
def test_capitals_in_the_name_of_a_service_make_no_other_person(other, persons):
    form = """
[sheet.a]
must_have = ["No", "Where"]
report = "No"
[sheet.a.persons]
role = "reported"
person_id = { token = { screen_name = "Who", service = "Where" } }
"""
    imported = read(form, f"No;Where;Who\n1;Cloud;zed\n2;{other};zed\n")
    assert len(set(rows(imported, "persons", "person_id"))) == persons
