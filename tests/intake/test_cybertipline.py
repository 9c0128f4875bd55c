"""What a report and its files become; expected values are read off the fixtures by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from tests.intake.reading import read_all
from triage.errors import InputRefusedError
from triage.intake.cybertipline.mapping import load_mapping
from triage.intake.cybertipline.read import sniff_cybertipline
from triage.intake.tokens import TokenKey
from triage.intake.words import load_words
from triage.intake.xml import parse_xml
from triage.schema.keys import mend_rows
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

FIXTURES = Path(__file__).parent / "cybertipline"
KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
SERVICE = "Pebblegram Messenger"
SUSPECT = KEY.token("person", SERVICE.lower(), "kilo-id-70071")
CHILD = KEY.token("person", SERVICE.lower(), "charlie-id-1")


@pytest.fixture(scope="module")
def lantern():
    return read_all(sorted(FIXTURES.glob("Lantern_*.xml")), KEY, RECEIVED)


def read(*bodies, received_at=RECEIVED):
    documents = [
        (f"{i}/r.xml", f"<report><incidentSummary/>{body}</report>".encode()) for i, body in enumerate(bodies)
    ]
    return read_all(documents, KEY, received_at)


def read_summary(inside):
    content = f"<report><incidentSummary>{inside}</incidentSummary></report>".encode()
    return read_all([("r.xml", content)], KEY, RECEIVED)


def read_file(inside, report="<report><incidentSummary/></report>"):
    documents = [
        ("a_report.xml", report.encode()),
        ("a_file1.xml", f"<fileDetails>{inside}</fileDetails>".encode()),
    ]
    return read_all(documents, KEY, RECEIVED)


def rows(imported, table):
    return imported.tables[table].to_pylist()


def only(imported, table):
    (row,) = rows(imported, table)
    return row


def found(imported):
    return [finding.found for finding in imported.findings]


def reported(inside):
    return f"<personOrUserReported>{inside}</personOrUserReported>"


def stated(inside, name="personOrUserReported"):
    return f"<{name}><{name}Person>{inside}</{name}Person></{name}>"


# The whole report


def test_the_largest_report_holds_every_element_that_the_mapping_knows():
    elements = load_mapping().elements
    seen = {}

    def walk(element, group):
        for name, children in element.children.items():
            seen.setdefault(group, set()).add(name)
            inside = elements[group].get(name)
            for child in children:
                if inside in elements:
                    walk(child, inside)

    for file in FIXTURES.glob("*.xml"):
        root = parse_xml(file.read_bytes())
        walk(root, root.name)
    legacy_or_shared = {
        "person": {"middleName"},
        "report": {"fileDetails"},
        "incidentSummary": {"additionalIncidentTypes", "additionalIncidentType"},
    }
    for group, known in elements.items():
        assert set(known) - legacy_or_shared.get(group, set()) <= seen[group], group


VARIANT = b"""<report><incidentSummary><incidentType>Child Pornography (possession)</incidentType>
<additionalIncidentTypes><incidentType>Online Enticement of Children</incidentType></additionalIncidentTypes>
</incidentSummary><reportedPeople><reportedPerson><person><age>30</age></person><espService>S</espService>
<espIdentifier>x</espIdentifier></reportedPerson></reportedPeople><uploadedFiles>
<uploadedFile><reportId>71</reportId><fileId>f1</fileId><industryClassification>A1</industryClassification></uploadedFile>
<fileDetails><fileId>f2</fileId></fileDetails><fileDetails><fileId>f2</fileId></fileDetails></uploadedFiles></report>"""


def test_other_names_for_the_reported_person_and_files_inside_the_report_are_read():
    imported = read_all([("a.xml", VARIANT)], KEY, RECEIVED)
    assert only(imported, "reports")["incident_type"] == "enticement"
    assert only(imported, "reports")["source_ref_hash"] == KEY.token("source-report", "71")
    person = only(imported, "persons")
    assert (person["person_id"], person["age_band"]) == (KEY.token("person", "s", "x"), "25-39")
    assert sorted(row["severity_class"] for row in rows(imported, "files")) == ["A1", "unknown", "unknown"]
    assert imported.sources[0]["records"] == {"reports": 1, "files": 3}
    assert imported.unknown == {}


def test_the_report_row(lantern):
    row = only(lantern, "reports")
    digest_token = row.pop("report_id")
    assert len(digest_token) == 24
    assert row == {
        "source_system": "cybertipline_xml",
        "source_ref_hash": KEY.token("source-report", "77001122"),
        "received_at": RECEIVED,
        "incident_at": datetime(2025, 5, 4, 21, 30, tzinfo=UTC),
        "incident_type": "enticement",
        "channels": ["web", "email", "newsgroup", "chat", "gaming", "phone", "offline", "p2p"],
        "escalated_by_reporter": "asserted",
        "escalation_reason": "not_coded",
        "report_annotations": [
            "sextortion",
            "csam_solicitation",
            "sadistic_online",
            "informational",
            "aggravating_factors",
            "instrumental_use",
            "ext:brandNewFlag",
        ],
        "reporter_type": "platform",
        "source_priority": "unknown",
        "actionability": "informational",
        "jurisdiction_country": "NL",
        "jurisdiction_basis": "verified_location",
        "preserve_until": None,
        "known_at": None,
        "enriched_at": None,
    }


def test_the_persons(lantern):
    assert [
        (r["person_id"], r["role"], r["age_band"], r["identity_level"]) for r in rows(lantern, "persons")
    ] == [
        (SUSPECT, "reported", "40-59", "civil_identity"),
        (CHILD, "recipient", "13-15", "named"),
        (KEY.token("person", "screen", SERVICE.lower(), "bravo_screen"), "recipient", "25-39", "handle"),
        (KEY.token("person", SERVICE.lower(), "silent-recipient-1"), "recipient", "unknown", "handle"),
    ]


def test_the_accounts(lantern):
    columns = (
        "person_id",
        "platform_category",
        "account_opened_at",
        "account_status",
        "compromised",
        "group_member",
    )
    opened = datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC)
    third, fourth = (row["person_id"] for row in rows(lantern, "persons")[2:])
    assert [tuple(row[name] for name in columns) for row in rows(lantern, "accounts")] == [
        # banned after it had been given back
        (SUSPECT, "messaging", opened, "permanently_disabled", "denied", "asserted"),
        (SUSPECT, "payment", None, "temporarily_disabled", "asserted", "asserted"),
        (CHILD, "messaging", None, "temporarily_disabled", "asserted", "asserted"),
        (CHILD, "gaming", None, "unknown", "unknown", "unknown"),
        (third, "messaging", None, "unknown", "unknown", "unknown"),
        (fourth, "messaging", None, "unknown", "unknown", "unknown"),
    ]


def test_the_network_events(lantern):
    accounts = [row["account_id"] for row in rows(lantern, "accounts")]
    device = "d:" + KEY.token("device", "imei", "india-device-1")
    day = lambda month, number, hour=0: datetime(2025, month, number, hour, tzinfo=UTC)  # noqa: E731
    columns = ("account_id", "event_name", "event_at", "link_token", "network_type")
    assert [tuple(row[name] for name in columns) for row in rows(lantern, "network_events")] == [
        (
            accounts[0],
            "registration",
            datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC),
            KEY.token("address", "203.0.113.21", "40021"),
            "proxy_flagged",
        ),
        (accounts[0], "login", day(5, 4, 20), None, "unknown"),
        (accounts[0], "purchase", day(4, 1), device, "unknown"),
        (accounts[1], "purchase", day(4, 2), KEY.token("address", "203.0.113.23", "40023"), "unknown"),
        (accounts[1], "other", day(4, 3), device, "unknown"),
        (accounts[2], "login", day(5, 2), KEY.token("address", "2001:db8::25", "40025"), "unknown"),
        (accounts[2], "login", day(5, 2), None, "unknown"),
        (accounts[0], "upload", day(5, 3, 9), KEY.token("address", "198.51.100.77", "40077"), "unknown"),
        (accounts[0], "upload", day(5, 3, 8), KEY.token("address", "203.0.113.31", "40031"), "proxy_flagged"),
        (accounts[0], "upload", day(5, 3, 8), device, "unknown"),
    ]


def test_the_threads(lantern):
    account = rows(lantern, "accounts")[0]["account_id"]
    persons = [row["person_id"] for row in rows(lantern, "persons")]
    assert [
        (row["account_id"], row["counterpart_id"], row["counterpart_is_minor"])
        for row in rows(lantern, "communications")
    ] == [
        (account, persons[1], "asserted"),
        (account, persons[2], "denied"),
        (account, persons[3], "unknown"),
    ]


def test_the_earlier_records(lantern):
    def prior(number):
        return (f"{KEY.token('source-report', number)}:{SUSPECT}", SUSPECT, "prior_report", "other", None)

    *priors, case = [
        (r["record_id"], r["person_id"], r["record_kind"], r["origin"], r["recorded_at"])
        for r in rows(lantern, "prior_records")
    ]
    assert priors == [prior("88112233"), prior("88112244"), prior("88112255")]
    assert case[1:] == (SUSPECT, "open_case", "unknown", None)


def test_the_children(lantern):
    columns = ("person_id", "relation_to_suspect", "access_level", "age_band", "identification", "country")
    assert [tuple(row[name] for name in columns) for row in rows(lantern, "children")] == [
        (SUSPECT, "parent", "unspecified", "7-10", "named", None),
        (SUSPECT, "parent", "unspecified", "3-6", "locatable", "GB"),
        (SUSPECT, "unknown", "unknown", "14-15", "named", "SE"),
    ]


def test_the_files(lantern):
    report_id = only(lantern, "reports")["report_id"]
    fixed = {
        "report_id": report_id,
        "account_id": None,
        "legal_class": None,
        "hash_status": "not_run",
        "victim_status": None,
        "known_at": None,
        "enriched_at": None,
    }
    first, second = rows(lantern, "files")
    assert first == {
        **fixed,
        "file_id": KEY.token("file", "77001122", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        "uploaded_at": datetime(2025, 5, 3, 8, tzinfo=UTC),
        "severity_class": "B1",
        "file_annotations": [
            *("meme", "viral", "self_produced", "physical_harm", "violence", "animal"),
            *("live_streamed", "infant", "generative_ai", "ext:newerFlag"),
        ],
        "viewed_by_reporter": "asserted",
        "publicly_available": "denied",
        "youngest_age_band": "pubescent",
    }
    assert second == {
        **fixed,
        "file_id": KEY.token("file", "77001122", "second-file"),
        "uploaded_at": None,
        "severity_class": "A2",
        "file_annotations": ["meme"],
        "viewed_by_reporter": "unknown",
        "publicly_available": "unknown",
        "youngest_age_band": "prepubescent",
    }


def test_the_way_back_and_the_account_of_what_was_left(lantern):
    report_id = only(lantern, "reports")["report_id"]
    assert lantern.refs == [(report_id, "file Lantern_report1.xml"), (report_id, "77001122")]
    assert [(source["kind"], len(source["sha256"])) for source in lantern.sources] == [
        ("cybertipline_file_details", 64),
        ("cybertipline_file_details", 64),
        ("cybertipline_report", 64),
    ]
    assert {source["mapping"] for source in lantern.sources} == {f"cybertipline {load_mapping().version}"}
    assert lantern.unknown == {"brandNew-Flag": 1, "newerFlag": 1, "somethingNewer": 1}
    left = {"content": 4, "originalFileHash": 1, "schoolName": 1, "profileBio": 4, "officerContact": 1}
    assert {name: lantern.dropped[name] for name in left} == left
    # the victim's and the children's: one block each, and the earlier reports about the two children
    assert (lantern.dropped["ipCaptureEvent"], lantern.dropped["deviceId"]) == (2, 1)
    assert (lantern.dropped["priorCTReports"], lantern.dropped["priorCTReport"]) == (2, 1)
    assert lantern.set_aside.num_rows == 0


def test_every_table_passes_the_check_unchanged(lantern):
    for name, table in lantern.tables.items():
        assert mend_table(table, TABLES[name], name).findings == []
    assert mend_rows(lantern.tables, {name: name for name in lantern.tables}).set_aside.num_rows == 0


def test_every_table_passes_the_check_when_it_is_empty():
    imported = read_all([], KEY, RECEIVED)
    for name, table in imported.tables.items():
        assert table.num_rows == 0
        assert mend_table(table, TABLES[name], name).findings == []


def test_order_of_elements_does_not_matter(lantern):
    from xml.etree.ElementTree import fromstring, tostring

    root = fromstring((FIXTURES / "Lantern_report1.xml").read_bytes())  # noqa: S314 - our own file
    names = {child.tag for child in root}
    root[:] = sorted(root, key=lambda child: sorted(names, reverse=True).index(child.tag))
    turned = read_all([("r.xml", tostring(root))], KEY, RECEIVED)
    for table in ("persons", "accounts", "children", "prior_records"):
        mine = [
            {k: v for k, v in row.items() if k not in {"report_id", "child_id", "record_id"}}
            for row in rows(turned, table)
        ]
        theirs = [
            {k: v for k, v in row.items() if k not in {"report_id", "child_id", "record_id"}}
            for row in rows(lantern, table)
        ]
        assert mine == theirs


def test_a_batched_report_is_one_row_with_all_its_persons():
    imported = read_all(sorted(FIXTURES.glob("Flood_*.xml")), KEY, RECEIVED)
    assert only(imported, "reports")["actionability"] == "batch"
    assert [(row["role"], row["identity_level"]) for row in rows(imported, "persons")] == [
        ("reported", "handle")
    ] * 3
    assert [row["platform_category"] for row in rows(imported, "accounts")] == ["social"] * 3
    assert only(imported, "files")["file_annotations"] == ["viral", "meme"]
    assert rows(imported, "children") == []


def test_the_smallest_report_is_a_report():
    imported = read_all([FIXTURES / "Pebble_report1.xml"], KEY, RECEIVED)
    row = only(imported, "reports")
    assert (row["incident_type"], row["channels"], row["source_ref_hash"]) == ("travel", None, None)
    assert imported.findings == []
    assert {table.num_rows for name, table in imported.tables.items() if name != "reports"} == {0}


# Flags and codes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Child Pornography (possession, manufacture, and distribution)", "csam"),
        ("Child Sex Trafficking", "trafficking"),
        ("Child Sex Tourism", "travel"),
        ("Child Sexual Molestation", "molestation"),
        ("Misleading Domain Name", "misleading_domain"),
        ("Misleading Words or Digital Images on the Internet", "misleading_words"),
        ("Online Enticement of Children for Sexual Acts", "enticement"),
        ("Online Enticement of Children for Sexual Act", "enticement"),
        ("Unsolicited Obscene Material Sent to a Child", "unsolicited_to_child"),
        ("Something New", "other"),
        (" ", "unknown"),
    ],
)
def test_incident_type_is_matched_from_the_front(text, code):
    row = only(read_summary(f"<incidentType>{text}</incidentType>"), "reports")
    assert row["incident_type"] == code


@pytest.mark.parametrize(
    "inside", ["", "<escalateToHighPriority/>", "<escalateToHighPriority> </escalateToHighPriority>"]
)
def test_absent_or_blank_escalation_is_unknown_never_denied(inside):
    row = only(read_summary(inside), "reports")
    assert (row["escalated_by_reporter"], row["escalation_reason"]) == ("unknown", None)


def test_absent_flag_is_unknown_never_denied():
    row = only(read_file("<fileId>1</fileId>"), "files")
    assert (row["viewed_by_reporter"], row["publicly_available"]) == ("unknown", "unknown")
    account = only(read(reported("<espIdentifier>a</espIdentifier>")), "accounts")
    assert (account["compromised"], account["group_member"]) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("text", "state"),
    [("", "asserted"), ("true", "asserted"), ("1", "asserted"), ("FALSE", "denied"), (" 0 ", "denied")],
)
def test_a_flag_is_asserted_by_presence_and_denied_only_in_words(text, state):
    assert (
        only(read_file(f"<fileViewedByEsp>{text}</fileViewedByEsp>"), "files")["viewed_by_reporter"] == state
    )
    codes = only(read_file(f"<fileAnnotations><infant>{text}</infant></fileAnnotations>"), "files")[
        "file_annotations"
    ]
    assert codes == (["infant"] if state == "asserted" else None)


def test_annotations_of_unknown_names_are_kept_and_bounded():
    names = "".join(f"<n{word}/>" for word in map("".join, product("abcdefghij", repeat=3)))
    imported = read_summary(f"<reportAnnotations>{names}<sextortion/></reportAnnotations>")
    codes = only(imported, "reports")["report_annotations"]
    assert len(codes) == 21
    assert codes[0] == "ext:naaa"
    assert codes[-1] == "sextortion"
    assert imported.unknown["?"] == 800
    assert imported.unknown.total() == 1_000


def test_element_names_that_are_no_plain_names_are_counted_as_a_question_mark():
    imported = read("<Jané/>", f"<{'x' * 65}/>", "<ok.name-1/>")
    assert imported.unknown == {"?": 2, "ok.name-1": 1}


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<batchedReport reason='VIRAL_POTENTIAL_MEME'/>", "batch"),
        (
            "<internetDetails><webPageIncident thirdPartyHostedContent='true'/></internetDetails>",
            "informational",
        ),
        ("<internetDetails><webPageIncident thirdPartyHostedContent='false'/></internetDetails>", "unknown"),
        ("", "unknown"),
    ],
)
def test_actionability_says_how_complete_a_report_is(inside, expected):
    assert only(read(inside), "reports")["actionability"] == expected


def test_a_class_that_is_not_known_counts_as_unknown_and_is_told():
    imported = read_file("<industryClassification>C9</industryClassification>")
    assert only(imported, "files")["severity_class"] == "unknown"
    assert found(imported) == ["a class that is not known"]


# Times


@pytest.mark.parametrize(
    ("text", "expected", "told"),
    [
        ("2025-05-05T12:00:00Z", datetime(2025, 5, 5, 12, tzinfo=UTC), []),
        ("2025-05-05T02:00:00.1234567-07:00", datetime(2025, 5, 5, 9, tzinfo=UTC), []),
        ("2025-05-06T12:00:00Z", datetime(2025, 5, 6, 12, tzinfo=UTC), []),
        ("2025-05-06T12:00:01Z", None, ["a time more than 24 hours after reception"]),
        ("2025-05-05T10:00:00", datetime(2025, 5, 5, 10, tzinfo=UTC), ["a time without a zone"]),
        ("2025-02-30T10:00:00Z", None, ["a time that cannot be read"]),
        ("1955-01-01T00:00:00Z", None, ["a time that cannot be read"]),
        ("0001-01-01T00:00:00+14:00", None, ["a time that cannot be read"]),
        ("yesterday, at Jane's", None, ["a time that cannot be read"]),
        ("", None, []),
    ],
)
def test_a_time_is_stored_in_utc_or_told(text, expected, told):
    imported = read_summary(f"<incidentDateTime>{text}</incidentDateTime>")
    assert only(imported, "reports")["incident_at"] == expected
    assert found(imported) == told


def test_time_of_reception_needs_a_zone():
    with pytest.raises(InputRefusedError, match="zone"):
        read(received_at=datetime(2025, 5, 5))  # noqa: DTZ001 - that is the point


# Persons


@pytest.mark.parametrize(
    ("inside", "band", "told"),
    [
        ("<age>12</age>", "0-12", 0),
        ("<age>15</age>", "13-15", 0),
        ("<age>17</age>", "16-17", 0),
        ("<age>18</age>", "18-24", 0),
        ("<age>60</age>", "60+", 0),
        ("<dateOfBirth>2007-05-05</dateOfBirth>", "18-24", 0),
        ("<dateOfBirth>2007-05-06</dateOfBirth>", "16-17", 0),
        ("<age>17</age><dateOfBirth>2007-01-01</dateOfBirth>", "16-17", 0),
        ("<age>30</age><dateOfBirth>2007-01-01</dateOfBirth>", "unknown", 1),
        ("<age>151</age>", "unknown", 1),
        ("<age>-3</age>", "unknown", 1),
        (f"<age>{'0' * 5000}15</age>", "unknown", 1),
        ("<dateOfBirth>2030-01-01</dateOfBirth>", "unknown", 1),
        ("<dateOfBirth>Spring</dateOfBirth>", "unknown", 1),
        ("<age>15</age><ageAssertionDiscrepancy/>", "unknown", 1),
        ("", "unknown", 0),
    ],
)
def test_age_becomes_a_band_at_reception(inside, band, told):
    imported = read(stated(inside))
    assert only(imported, "persons")["age_band"] == band
    assert len(imported.findings) == told


@pytest.mark.parametrize(
    ("inside", "level"),
    [
        ("", "none"),
        ("<screenName>s</screenName>", "handle"),
        ("<personOrUserReportedPerson><email>a@b</email></personOrUserReportedPerson>", "handle"),
        (
            "<personOrUserReportedPerson><email verified='false'>a@b</email></personOrUserReportedPerson>",
            "handle",
        ),
        (
            "<personOrUserReportedPerson><phone verified='1'>06</phone></personOrUserReportedPerson>",
            "verified_contact",
        ),
        ("<personOrUserReportedPerson><lastName>L</lastName></personOrUserReportedPerson>", "named"),
        ("<associatedAccount type='Billing'/>", "named"),
        ("<associatedAccount type='Linked'/>", "none"),
    ],
)
def test_identity_level_is_the_highest_reached(inside, level):
    assert only(read(reported(inside)), "persons")["identity_level"] == level


def test_the_same_handle_in_two_reports_is_the_same_person_with_one_account():
    block = reported("<espService>ACME</espService><espIdentifier>7</espIdentifier>")
    imported = read(block, block + "<victim/>")
    assert {row["person_id"] for row in rows(imported, "persons")} == {KEY.token("person", "acme", "7")}
    assert len(rows(imported, "persons")) == 2
    assert len(rows(imported, "accounts")) == 1


def test_an_identifier_without_a_service_joins_no_strangers():
    block = reported("<espIdentifier>7</espIdentifier>")
    persons = rows(read(block, block + "<victim/>"), "persons")
    assert len({row["person_id"] for row in persons}) == 2


def test_an_identifier_without_a_service_belongs_to_the_sender():
    def report(domain):
        sender = f"<reporter><reportingPerson><email>x@{domain}</email></reportingPerson></reporter>"
        return sender + reported("<espIdentifier>7</espIdentifier>")

    persons = rows(
        read(report("one.invalid"), report("one.invalid") + "<victim/>", report("two.invalid")), "persons"
    )
    first, second, third = (row["person_id"] for row in persons)
    assert first == second != third


def test_without_a_handle_a_verified_contact_names_the_person():
    emails = "<email>First@x.invalid</email><email verified='true'>Second@X.invalid</email>"
    assert only(read(stated(emails)), "persons")["person_id"] == KEY.token(
        "person", "email", "second@x.invalid"
    )
    phone = "<phone countryCallingCode='+31'>06 1234</phone>"
    assert only(read(stated(phone)), "persons")["person_id"] == KEY.token("person", "phone", "3161234")


def test_two_blocks_about_one_person_are_one_row_and_reported_goes_first():
    handle = "<espService>A</espService><espIdentifier>1</espIdentifier>"
    imported = read(reported(handle) + f"<intendedRecipient>{handle}</intendedRecipient>")
    assert only(imported, "persons")["role"] == "reported"
    assert "two blocks of one report that name the same person" in found(imported)


def test_other_accounts_tell_the_age_only_where_the_person_does_not():
    other = "<associatedAccount type='Linked'><approximateAge>16</approximateAge></associatedAccount>"
    assert only(read(reported(other)), "persons")["age_band"] == "16-17"
    own = "<personOrUserReportedPerson><age>33</age></personOrUserReportedPerson>"
    assert only(read(reported(own + other)), "persons")["age_band"] == "25-39"


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        ("", "unknown"),
        ("<accountTemporarilyDisabled/>", "temporarily_disabled"),
        ("<accountTemporarilyDisabled>false</accountTemporarilyDisabled>", "unknown"),
        ("<accountTemporarilyDisabled/><accountPermanentlyDisabled/>", "permanently_disabled"),
        ("<accountTemporarilyDisabled reenabledDate='2025-01-02T00:00:00Z'/>", "reenabled"),
        (
            "<accountTemporarilyDisabled reenabledDate='2025-01-02T00:00:00Z'/><accountPermanentlyDisabled/>",
            "reenabled",
        ),
        (
            (
                "<accountTemporarilyDisabled reenabledDate='2025-01-02T00:00:00Z'/>"
                "<accountPermanentlyDisabled disabledDate='2025-01-03T00:00:00Z'/>"
            ),
            "permanently_disabled",
        ),
    ],
)
def test_account_status_is_the_last_measure(inside, status):
    row = only(read(reported(f"<espIdentifier>1</espIdentifier>{inside}")), "accounts")
    assert row["account_status"] == status


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            "<estimatedLocation verified='true'><countryCode>NL</countryCode></estimatedLocation>",
            ("NL", "verified_location"),
        ),
        ("<estimatedLocation><countryCode>NL</countryCode></estimatedLocation>", ("NL", "estimated")),
        ("<estimatedLocation><countryCode>A1</countryCode></estimatedLocation>", ("ZZ", "none")),
        ("<estimatedLocation><countryCode>AN</countryCode></estimatedLocation>", ("ZZ", "none")),
        ("<estimatedLocation><countryCode> </countryCode></estimatedLocation>", ("ZZ", "none")),
        (
            "<personOrUserReportedPerson><phone countryCallingCode='+31'/></personOrUserReportedPerson>",
            ("NL", "phone"),
        ),
        ("<personOrUserReportedPerson><phone>+31 6 1</phone></personOrUserReportedPerson>", ("NL", "phone")),
        (
            "<personOrUserReportedPerson><phone countryCallingCode='+1'/></personOrUserReportedPerson>",
            ("ZZ", "none"),
        ),
        (
            (
                "<personOrUserReportedPerson><phone countryCallingCode='+31'>6</phone>"
                "<address><country>be</country></address></personOrUserReportedPerson>"
                "<estimatedLocation verified='true'><countryCode>O1</countryCode></estimatedLocation>"
            ),
            ("BE", "address"),
        ),
    ],
)
def test_jurisdiction_rests_on_the_first_that_names_a_country(inside, expected):
    row = only(read(reported(inside)), "reports")
    assert (row["jurisdiction_country"], row["jurisdiction_basis"]) == expected


def test_jurisdiction_comes_from_reported_persons_only():
    located = "<estimatedLocation verified='true'><countryCode>SE</countryCode></estimatedLocation>"
    row = only(read(f"<intendedRecipient>{located}</intendedRecipient><victim>{located}</victim>"), "reports")
    assert row["jurisdiction_country"] == "ZZ"


# Events


@pytest.mark.parametrize(
    "inside",
    [
        "<ipAddress>203.0.113.9</ipAddress>",
        "<ipAddress>203.0.113.9</ipAddress><port>0</port>",
        "<ipAddress>203.0.113.9</ipAddress><port>65536</port>",
        "<ipAddress>192.168.1.1</ipAddress><port>443</port>",
        "<ipAddress>::ffff:10.0.0.1</ipAddress><port>443</port>",
        "<ipAddress>somewhere</ipAddress><port>443</port>",
    ],
)
def test_nothing_links_on_a_bare_or_shared_address(inside):
    imported = read(reported(f"<espIdentifier>1</espIdentifier><ipCaptureEvent>{inside}</ipCaptureEvent>"))
    assert only(imported, "network_events")["link_token"] is None


def test_events_without_a_single_reported_person_go_to_a_placeholder():
    event = "<ipCaptureEvent><ipAddress>203.0.113.9</ipAddress></ipCaptureEvent>"
    p2p = f"<internetDetails><peer2peerIncident>{event}</peer2peerIncident></internetDetails>"
    two = reported("<screenName>a</screenName>") + reported("<screenName>b</screenName>")
    for body in (p2p, p2p + two):
        imported = read(body)
        (account,) = {row["account_id"] for row in rows(imported, "network_events")}
        (owner,) = (row["person_id"] for row in rows(imported, "accounts") if row["account_id"] == account)
        (role,) = (row["role"] for row in rows(imported, "persons") if row["person_id"] == owner)
        assert role == "other"


def test_an_open_case_is_kept_for_each_reported_person_or_the_placeholder():
    law = "<lawEnforcement><agencyName>x</agencyName></lawEnforcement>"
    two = reported("<screenName>a</screenName>") + reported("<screenName>b</screenName>")
    assert [row["record_kind"] for row in rows(read(law + two), "prior_records")] == ["open_case"] * 2
    imported = read(law)
    assert only(imported, "prior_records")["person_id"] == only(imported, "persons")["person_id"]


def test_a_block_that_only_denies_that_police_know_is_no_open_case():
    law = "<lawEnforcement><agencyName>x</agencyName><reportedToLe>false</reportedToLe></lawEnforcement>"
    assert rows(read(law + reported("")), "prior_records") == []


# Children


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<victimPerson><firstName>V</firstName></victimPerson><schoolName>S</schoolName>", "named"),
        ("<victimPerson/><schoolName>S</schoolName>", "locatable"),
        ("<victimPerson><email>e</email></victimPerson>", "locatable"),
        ("<victimPerson><address><city>c</city></address></victimPerson>", "locatable"),
        (
            "<victimPerson/><associatedAccount type='Parent/Guardian'><phone>1</phone></associatedAccount>",
            "locatable",
        ),
        ("<victimPerson/><screenName>s</screenName>", "handle_only"),
        ("<victimPerson><age>5</age></victimPerson>", "unidentified"),
    ],
)
def test_a_victim_is_identified_by_what_the_block_says(inside, expected):
    assert only(read(f"<victim>{inside}</victim>"), "children")["identification"] == expected


def test_a_victim_has_no_row_among_persons_and_its_events_are_counted():
    event = "<ipCaptureEvent><ipAddress>203.0.113.9</ipAddress><port>1</port></ipCaptureEvent>"
    imported = read(f"<victim><espIdentifier>v</espIdentifier>{event}{event}</victim>")
    assert rows(imported, "persons") == rows(imported, "network_events") == []
    assert imported.dropped["ipCaptureEvent"] == 2


def test_an_adult_victim_stays_a_row_with_age_unknown():
    imported = read(stated("<age>20</age>", "victim"))
    assert only(imported, "children")["age_band"] == "unknown"
    assert found(imported) == ["a victim whose stated age is 18 or more"]


def test_a_child_is_tied_to_a_person_only_where_one_alone_is_reported():
    one, two = reported("<screenName>a</screenName>"), reported("<screenName>b</screenName>")
    tied = read(one + "<victim/>")
    assert only(tied, "children")["person_id"] == only(tied, "persons")["person_id"]
    assert only(read(one + two + "<victim/>"), "children")["person_id"] is None
    assert only(read("<victim/>"), "children")["person_id"] is None


@pytest.mark.parametrize(
    ("inside", "minor", "children"),
    [
        ("<age>17</age>", "asserted", 1),
        ("<age>18</age>", "denied", 0),
        ("", "unknown", 0),
        ("<age>30</age><ageAssertionDiscrepancy/>", "unknown", 0),
        ("<age>13</age><ageAssertionDiscrepancy/>", "asserted", 1),
    ],
)
def test_a_recipient_under_18_is_a_child_too(inside, minor, children):
    imported = read(reported("") + stated(inside, "intendedRecipient"))
    assert only(imported, "communications")["counterpart_is_minor"] == minor
    assert len(rows(imported, "children")) == children


def test_a_recipient_who_is_the_victim_is_one_child():
    handle = "<espService>A</espService><espIdentifier>v</espIdentifier>"
    recipient = "<intendedRecipientPerson><age>12</age><firstName>N</firstName></intendedRecipientPerson>"
    imported = read(f"<victim>{handle}</victim><intendedRecipient>{recipient}{handle}</intendedRecipient>")
    row = only(imported, "children")
    assert (row["age_band"], row["identification"]) == ("11-13", "named")


def test_a_thread_without_a_reported_person_is_kept():
    assert len(rows(read("<intendedRecipient/>"), "communications")) == 1


def test_an_account_of_a_parent_beside_a_child_who_is_reported_is_no_child_in_reach():
    parent = "<associatedAccount type='Parent/Guardian'>{}</associatedAccount>"
    child = "<personOrUserReportedPerson><age>15</age></personOrUserReportedPerson>"
    for inside in (child + parent.format(""), parent.format("<approximateAge>44</approximateAge>")):
        imported = read(reported(inside))
        assert rows(imported, "children") == []
        assert found(imported) == ["a parent's or guardian's account beside a reported person"]
    assert len(rows(read(reported(parent.format(""))), "children")) == 1


# The mapping and the sniffing


def test_every_code_of_the_mapping_is_legal():
    mapping, words = load_mapping(), load_words()

    def codes(table, column):
        return set(TABLES[table][column].codes)

    assert set(mapping.incident_type.values()) <= codes("reports", "incident_type")
    assert set(mapping.channel.values()) <= codes("reports", "channels")
    assert set(mapping.report_annotation.values()) == codes("reports", "report_annotations")
    assert set(mapping.file_annotation.values()) == codes("files", "file_annotations")
    assert mapping.severity <= codes("files", "severity_class")
    assert set(mapping.youngest.values()) <= codes("files", "youngest_age_band")
    assert set(mapping.event_name.values()) == codes("network_events", "event_name")
    platforms = {*words.platform.values(), *mapping.platform_by_element.values()}
    assert platforms <= codes("accounts", "platform_category")
    assert set(words.calling_code.values()) <= words.countries
    assert len(words.countries) == 249
    assert set(mapping.associated_account.values()) == {"account", "named", "child"}
    assert mapping.version >= 1


def test_sniffing_goes_by_the_elements_below_the_root():
    assert sniff_cybertipline((FIXTURES / "Lantern_report1.xml").read_bytes()) == "cybertipline_report"
    assert sniff_cybertipline((FIXTURES / "Lantern_file1.xml").read_bytes()) == "cybertipline_file_details"
    assert sniff_cybertipline((FIXTURES / "Lantern_report1.xml").read_bytes()[:400]) == "cybertipline_report"
    for other in (
        b"<report><rentity_id>3</rentity_id><transaction/></report>",
        b"<report/>",
        b"<report><title/></report>",
        b"<reportResponse><responseCode>0</responseCode><reportId>1</reportId><fileId>x</fileId></reportResponse>",
        b"\x89PNG",
        b"",
    ):
        assert sniff_cybertipline(other) == ""


@pytest.mark.parametrize("word", ["unknown", "N/A", "null", " None ", "0", "guest"])
def test_word_that_names_nobody_joins_no_strangers(word: str) -> None:
    persons = set()
    for i in range(3):
        block = (
            f"<personOrUserReported><personOrUserReportedPerson><email>{word}</email></personOrUserReportedPerson>"
            f"<espIdentifier>{word}</espIdentifier><espService>s</espService><screenName>{word}</screenName>"
            "</personOrUserReported>"
        )
        imported = read(f"<additionalInfo>{i}</additionalInfo>{block}")
        persons.add(only(imported, "persons")["person_id"])
    assert len(persons) == 3
