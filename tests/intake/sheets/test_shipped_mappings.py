"""The mappings that travel with the package, on sheets as they are described."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.intake.sheets.sheets import KEY, RECEIVED, read, rows
from triage.intake.documents import Document
from triage.intake.importing import read_documents


def test_uk_priorities_are_the_senders_and_the_first_is_escalated():
    text = (
        "CSEA-IRP reference,Priority,Report received,User ID,Platform,Stated age,Child user ID,Child age,IP address,Port,"
        "Event,Event time,File number,Category,Earlier reference,Billing name,Offence type\n"
        "R1,Priority 1,01/07/2024 10:00,u1,Kik,40,k1,12,203.0.113.7,40443,Login,01/07/2024 09:00,f1,A,R0,A Name,Grooming\n"
        "R1,Priority 1,01/07/2024 10:00,u1,Kik,40,k1,12,203.0.113.8,40080,Upload,01/07/2024 08:00,f2,C,,A Name,Grooming\n"
        "R2,2,01/01/2024,u2,Kik,,,,,,,,,,,,\nR3,p3,01/01/2024,,,,,,,,,,,,,,Live streaming\n"
    )
    imported = read("", text)
    names = ("source_system", "source_priority", "escalated_by_reporter", "received_at", "incident_type")
    system = "uk_csea_irp"
    assert rows(imported, "reports", *names) == [
        (system, "P1", "asserted", datetime(2024, 7, 1, 9, tzinfo=UTC), "enticement"),
        (system, "P2", "unknown", datetime(2024, 1, 1, tzinfo=UTC), "unknown"),
        (system, "P3", "unknown", datetime(2024, 1, 1, tzinfo=UTC), "molestation"),
    ]
    assert rows(imported, "persons", "role", "age_band", "identity_level") == [
        ("reported", "40-59", "named"), ("reported", "unknown", "handle"), ("recipient", "0-12", "none"),
    ]  # fmt: skip
    assert rows(imported, "files", "severity_class") == ["IWF_A", "IWF_C"]
    assert rows(imported, "network_events", "event_name", "link_token") == [
        ("login", KEY.token("address", "203.0.113.7", "40443")),
        ("upload", KEY.token("address", "203.0.113.8", "40080")),
    ]
    assert rows(imported, "children", "age_band", "identification") == [("11-13", "handle_only")]
    assert rows(imported, "communications", "counterpart_is_minor") == ["asserted"]
    suspect = KEY.token("person", "kik", "u1")
    assert rows(imported, "prior_records", "record_id", "person_id", "record_kind") == [
        (f"{KEY.token('source-report', 'uk-csea-irp', 'R0')}:{suspect}", suspect, "prior_report")
    ]


def test_scart_gives_a_report_for_each_reference_and_a_file_for_each_address():
    text = (
        "URL;REFERER;WORKUSER-EMAIL;REFERENCE;SOURCE;TYPE\nhttp://a.example/1;;w@example.com;X1;webform;u\n"
        "http://a.example/2;;w@example.com;X1;webform;u\nhttp://b.example/1;;w@example.com;;police;u\n"
    )
    imported = read("", text)
    assert rows(imported, "reports", "source_system", "reporter_type", "channels") == [
        ("hotline_form", "public", ["web"]), ("hotline_form", "police", ["web"]),
    ]  # fmt: skip
    first, second = rows(imported, "reports", "report_id")
    assert rows(imported, "files", "report_id") == [first, first, second]
    assert [table for table, found in imported.tables.items() if found.num_rows] == ["reports", "files"]
    headless = read("", text.partition("\n")[2])
    assert {name: table.to_pylist() for name, table in headless.tables.items()} == {
        name: table.to_pylist() for name, table in imported.tables.items()
    }
    assert headless.sources[0]["lines"] == 3
    # Another table of six columns is not taken for it.
    other = read("", "http://a.example/1;;w@example.com;X1;somebody;u\n" * 2)
    assert other.set_aside["reason"].to_pylist() == ["a table with columns that no mapping knows"]


def test_a_broken_line_of_a_table_without_a_header_has_the_number_of_its_line():
    imported = read("", "http://a.example/1;;;X1;police;u\ntoo;few\nhttp://a.example/3;;;X1;police;u\n")
    assert imported.set_aside["row"].to_pylist() == [2]
    assert imported.tables["files"].num_rows == 2


def test_a_helplines_form_gives_the_child_and_the_contact_with_it():
    text = (
        "Contact number;Received;Who contacts us;Urgent;Why urgent;Child age;Relation;Contact with child;Child in danger;"
        "Name of child;Works with children;Suspect known to police;What happened\n"
        '17;01-03-2024 10:00;Parent;Yes;It goes on now;9;Father;Lives with the child;blackmail, missing;A Child;no;YES;"text\nmore"\n'
        "18;2024-03-02;Teacher;no;;;;;;;;;\n"
    )
    imported = read("", text)
    names = ("reporter_type", "escalated_by_reporter", "escalation_reason")
    assert rows(imported, "reports", *names) == [
        ("parent_or_carer", "asserted", "live_or_ongoing_abuse"), ("professional", "denied", None),
    ]  # fmt: skip
    names = ("age_band", "relation_to_suspect", "access_level", "identification", "crisis_code")
    assert rows(imported, "children", *names) == [
        ("7-10", "parent", "lives_with", "named", ["blackmail_active", "missing"])
    ]
    assert rows(imported, "persons", "child_facing_role") == ["denied"]
    assert rows(imported, "prior_records", "record_kind") == ["allegation"]
    assert rows(imported, "children", "person_id") == rows(imported, "persons", "person_id")
    assert imported.dropped == {"Name of child": 1, "What happened": 1}


def test_a_table_of_which_no_line_can_be_read_is_set_aside_line_by_line():
    """SCART's mapping gives every report the channel `web`: also of no report at all."""
    header = b"URL;REFERER;WORKUSER-EMAIL;REFERENCE;SOURCE;TYPE\n"
    imported = read_documents([Document.of("a.csv", header + b"too;few\n")], KEY, RECEIVED)
    assert imported.set_aside["reason"].to_pylist() == ["too few or too many fields"]
    assert imported.tables["reports"].num_rows == 0
