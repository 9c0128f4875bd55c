"""Each way of filling a column, with values worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.intake.sheets.sheets import KEY, column, read, rows
from triage.intake.cybertipline import CYBERTIPLINE
from triage.intake.documents import Document
from triage.intake.importing import read_documents

PERSON = (
    '[sheet.a.persons]\nrole = "reported"\nperson_id = { token = { identifier = "No", service_is = "S" } }'
)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def told(imported):
    return {(finding.column, finding.found): finding.count for finding in imported.findings}


def test_words_become_codes_whatever_their_case_and_the_rest_is_unknown_and_told():
    imported = column(
        '{ code = "V", words = { "Prio A" = "P1" } }',
        ["prio  a", "PRIO A", "what", "", "n/a"],
        name="source_priority",
    )
    assert rows(imported, "reports", "source_priority") == ["P1", "P1", "unknown", "unknown", "unknown"]
    assert told(imported)["source_priority", "a word that the mapping does not know"] == 1


def test_the_rest_can_have_a_code_of_its_own():
    imported = column(
        '{ code = "V", words = { "Chat" = "csam" }, other = "other" }', ["chat", "x"], name="incident_type"
    )
    assert rows(imported, "reports", "incident_type") == ["csam", "other"]


def test_a_flag_has_three_values_and_absent_is_unknown():
    imported = column(
        '{ flag = "V", yes = ["ja"], no = ["nee"] }',
        ["Ja", "nee", "", "misschien"],
        name="escalated_by_reporter",
    )
    assert rows(imported, "reports", "escalated_by_reporter") == ["asserted", "denied", "unknown", "unknown"]


def test_presence_asserts_and_absence_denies_nothing():
    imported = column('{ present = ["V"] }', ["x", ""], name="escalated_by_reporter")
    assert rows(imported, "reports", "escalated_by_reporter") == ["asserted", "unknown"]


def test_times_in_given_formats_in_a_zone_become_utc():
    texts = [
        "1/7/2024 12:30",
        "31/2/2024 09:00",
        "2024-07-01T12:30:00+02:00",
        "01/12/2024",
        "later",
        "1/7/2024 12:30 x",
    ]
    imported = column(
        '{ time = "V", formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y"], zone = "Europe/Paris" }',
        texts,
        name="incident_at",
    )
    assert rows(imported, "reports", "incident_at") == [
        at(2024, 7, 1, 10, 30), None, at(2024, 7, 1, 10, 30), at(2024, 11, 30, 23), None, None,
    ]  # fmt: skip
    assert told(imported)["incident_at", "a time that cannot be read"] == 3


def test_a_time_without_a_zone_is_taken_as_utc_and_told_and_the_future_is_unknown():
    imported = column(
        '{ time = "V" }',
        ["2024-03-01", "2024-03-01T10:00", "2025-06-01T00:00Z", "1960-01-01"],
        name="incident_at",
    )
    assert rows(imported, "reports", "incident_at") == [at(2024, 3, 1), at(2024, 3, 1, 10), None, None]
    assert told(imported)["incident_at", "a time without a zone"] == 2
    assert told(imported)["incident_at", "a time more than 24 hours after reception"] == 1


def test_ages_are_bands_at_the_reception_that_the_line_states():
    body = """[sheet.a]
must_have = ["No", "Age", "Born", "In"]
report = "No"
[sheet.a.reports]
received_at = { time = "In", zone = "UTC" }
[sheet.a.persons]
role = "reported"
person_id = { token = { own = "No" } }
age_band = { age = "Age", born = "Born", formats = ["%d/%m/%Y"] }
"""
    lines = [
        "1;17;;", "2;;05/05/2007;", "3;;06/05/2007;", "4;;06/05/2007;2024-05-07", "5;40;05/05/1984;", "6;40;05/05/2000;",
        "7;;1/1/1951;", "8;151;;", "9;abc;;", "10;;31/02/2000;",
    ]  # fmt: skip
    imported = read(body, "No;Age;Born;In\n" + "\n".join(lines))
    assert rows(imported, "persons", "age_band") == [
        "16-17", "18-24", "16-17", "16-17", "40-59", "unknown", "60+", "unknown", "unknown", "unknown",
    ]  # fmt: skip
    assert told(imported)["age_band", "an age and a date of birth that differ by more than a year"] == 1
    assert told(imported)["age_band", "an age or date of birth that cannot be"] == 3


def test_a_child_of_eighteen_has_no_band_and_a_minor_is_under_eighteen():
    imported = column('{ age = "V" }', ["2", "3", "13", "14", "18"], "children", "age_band")
    assert rows(imported, "children", "age_band") == ["0-2", "3-6", "11-13", "14-15", "unknown"]
    rest = (
        PERSON
        + '\n[[sheet.a.persons]]\nname = "other"\nrole = "recipient"\nperson_id = { token = { own = "V" } }'
    )
    rest = rest.replace("[sheet.a.persons]", "[[sheet.a.persons]]", 1)
    imported = column('{ minor = "V" }', ["17", "18", "x"], "communications", "counterpart_is_minor", rest)
    assert rows(imported, "communications", "counterpart_is_minor") == ["asserted", "denied", "unknown"]


def test_countries_are_codes_or_words():
    imported = column(
        '{ country = "V", words = { "Holland" = "NL" } }',
        ["nl", "HOLLAND", "XX", ""],
        name="jurisdiction_country",
    )
    assert rows(imported, "reports", "jurisdiction_country") == ["NL", "NL", "ZZ", "ZZ"]


@pytest.mark.parametrize(
    ("decimal", "texts"), [(".", ["1,234.5", "-20", "x", "1e9"]), (",", ["1.234,5", "-20", "x", "1e9"])]
)
def test_amounts_with_points_or_commas(decimal, texts):
    imported = column(
        f'{{ number = "V", decimal = "{decimal}" }}', texts, "transactions", "amount_eur", PERSON
    )
    assert rows(imported, "transactions", "amount_eur") == [Decimal("1234.50"), Decimal("-20.00"), None, None]


def test_sets_are_split_and_looked_up():
    imported = column(
        '{ set = "V", split = "/", words = { "app" = "chat", "mail" = "email" } }',
        ["App / mail/ app", "zzz", "", "mail/zzz"],
        name="channels",
    )
    assert rows(imported, "reports", "channels") == [["chat", "email"], None, None, ["email"]]
    assert told(imported)["channels", "a word that the mapping does not know"] == 2


def test_boxes_that_are_ticked_are_a_set():
    body = '[sheet.a]\nmust_have = ["A", "B"]\n[sheet.a.files]\nfile_annotations = { set = { infant = "A", violence = "B" } }\n[sheet.a.reports]\n'
    imported = read(body, "A,B\nx,x\n,yes\nno,\n")
    assert rows(imported, "files", "file_annotations") == [["infant", "violence"], ["violence"], None]


def test_platforms_are_known_by_the_words_of_all_formats():
    imported = column(
        '{ platform = "V" }', ["Facebook Messenger", "Unheard Of"], "accounts", "platform_category", PERSON
    )
    assert rows(imported, "accounts", "platform_category") == ["messaging", "other"]


def test_the_same_person_in_cybertipline_and_in_a_sheet_is_the_same_person():
    xml = (
        "<report><incidentSummary/><personOrUserReported><espIdentifier>kx71</espIdentifier><espService>Kik</espService>"
        "</personOrUserReported><personOrUserReported><screenName>zed</screenName><espService>Kik</espService></personOrUserReported>"
        "<personOrUserReported><personOrUserReportedPerson><email>A.B@Example.com</email></personOrUserReportedPerson></personOrUserReported>"
        "<personOrUserReported><personOrUserReportedPerson><phone>+31 6 1234</phone></personOrUserReportedPerson></personOrUserReported></report>"
    )
    there = read_documents([Document.of("a.xml", xml.encode())], KEY, at(2025, 5, 5), formats=[CYBERTIPLINE])
    body = """[sheet.a]
must_have = ["No", "Id"]
report = "No"
[sheet.a.persons]
role = "reported"
person_id = { token = { identifier = "Id", screen_name = "Name", email = "Mail", phone = "Tel", service_is = "Kik" } }
[sheet.a.accounts]
account_id = { token = { identifier = "Id", screen_name = "Name", service_is = "Kik" } }
"""
    here = read(
        body, "No;Id;Name;Mail;Tel\n1;kx71;zed;;\n2;;zed;;\n3;unknown;;a.b@example.COM;\n4;;;;+31-61234\n"
    )
    assert rows(here, "persons", "person_id") == rows(there, "persons", "person_id")
    assert rows(here, "accounts", "account_id")[:2] == rows(there, "accounts", "account_id")


def test_an_address_links_only_with_its_port_and_a_device_by_itself():
    body = f"""[sheet.a]
must_have = ["No", "IP"]
report = "No"
{PERSON}
[sheet.a.network_events]
when = ["IP", "Dev"]
link_token = {{ token = {{ address = "IP", port = "Port", device = "Dev", device_type_is = "IMEI" }} }}
"""
    lines = "1;203.0.113.7;40443;\n2;203.0.113.7;443;\n3;10.0.0.1;40443;\n4;somewhere;40443;\n5;;;AB\n6;;;000\n7;203.0.113.7;70000;\n"
    imported = read(body, "No;IP;Port;Dev\n" + lines)
    assert rows(imported, "network_events", "link_token") == [
        KEY.token("address", "203.0.113.7", "40443"), None, None, None, "d:" + KEY.token("device", "imei", "ab"), None, None,
    ]  # fmt: skip
    assert told(imported)["link_token", "an IP address that cannot be read"] == 1


def test_a_remark_says_in_which_row_it_first_holds():
    # Row 2 has no number, row 4 no child: what is read of a block of some lines keeps their places.
    mapping = """
[sheet.a]
must_have = ["No", "Age"]
report = "No"
[sheet.a.reports]
received_at = { time = "At", zone = "Europe/Paris" }
[sheet.a.children]
when = ["Age"]
age_band = { age = "Age" }
"""
    lines = [
        "1;2025-05-01;9",
        ";2025-05-01;9",
        "3;2025-05-01;8",
        "4;yesterday;",
        "5;2025-05-01;ten",
        "6;once;old",
    ]
    imported = read(mapping, "\n".join(["No;At;Age", *lines]))
    places = {
        finding.column: (finding.row, finding.count)
        for finding in imported.findings
        if finding.level == "field"
    }
    assert places == {"received_at": (4, 2), "age_band": (5, 2)}
