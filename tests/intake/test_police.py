"""What is read from the JSON that police download, statement by statement."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.intake.police_reports import LEAST, about, as_bytes, full
from tests.intake.reading import read_all
from triage.errors import InputRefusedError
from triage.intake.documents import Document
from triage.intake.importing import read_documents
from triage.intake.police.mapping import load_mapping
from triage.intake.police.read import police_format, recognise
from triage.intake.tokens import TokenKey
from triage.schema.tables import TABLES

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
REPORT = KEY.token("report", "number", "900001")
COACH = KEY.token("person", "quillchat", "uid-inventus-77")
CHILD_RECIPIENT = KEY.token("person", "quillchat", "uid-recipient-5")
ADULT_RECIPIENT = KEY.token("person", "screen", "quillchat", "adult_recipient")
ACCOUNT = KEY.token("account", COACH, "quillchat", "uid-inventus-77")


def read(*reports):
    return read_all(
        [(f"{place}.json", as_bytes(report)) for place, report in enumerate(reports)], KEY, RECEIVED
    )


def rows(imported, table, *columns):
    return [tuple(row[name] for name in columns) for row in imported.tables[table].to_pylist()]


def day(month, day, hour=0, minute=0, year=2025):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def imported():
    return read(full())


# A report that says everything


def test_the_report(imported):
    (row,) = imported.tables["reports"].to_pylist()
    assert {name: value for name, value in row.items() if value is not None} == {
        "report_id": REPORT,
        "source_system": "cybertip_le_json",
        "source_ref_hash": KEY.token("source-report", "900001"),
        "received_at": day(5, 4, 8, 30),
        "incident_at": day(5, 3, 21, 15),
        "incident_type": "enticement",
        "channels": ["chat"],
        "escalated_by_reporter": "asserted",
        "escalation_reason": "not_coded",
        "report_annotations": ["sextortion", "ext:newkindofthing"],
        "reporter_type": "platform",
        "source_priority": "P2",
        "actionability": "referral",
        "jurisdiction_country": "NL",
        "jurisdiction_basis": "address",
    }
    assert imported.refs == [(REPORT, "900001")]


def test_the_persons(imported):
    assert rows(
        imported, "persons", "person_id", "role", "age_band", "identity_level", "child_facing_role"
    ) == [
        (COACH, "reported", "40-59", "civil_identity", "asserted"),
        (CHILD_RECIPIENT, "recipient", "13-15", "handle", "unknown"),
        (ADULT_RECIPIENT, "recipient", "25-39", "handle", "unknown"),
    ]


def test_the_account_and_its_events(imported):
    account = imported.tables["accounts"].to_pylist()[0]
    assert (account["account_id"], account["person_id"], account["platform_category"]) == (
        ACCOUNT,
        COACH,
        "messaging",
    )
    assert (account["account_opened_at"], account["account_status"]) == (
        day(1, 1, year=2024),
        "temporarily_disabled",
    )
    linked = KEY.token("address", "203.0.113.7", "40001")
    device = "d:" + KEY.token("device", "imei", "350000000000017")
    columns = ("account_id", "event_name", "event_at", "link_token", "network_type", "ip_country")
    assert rows(imported, "network_events", *columns) == [
        (ACCOUNT, "login", day(5, 3, 20), linked, "proxy_flagged", "NL"),
        (ACCOUNT, "registration", day(1, 1, year=2024), None, "unknown", None),
        (ACCOUNT, "unknown", None, device, "unknown", None),
        (ACCOUNT, "upload", day(5, 3, 20, 10), linked, "unknown", "NL"),
    ]


def test_the_children(imported):
    columns = ("person_id", "relation_to_suspect", "access_level", "age_band", "identification")
    assert rows(imported, "children", *columns) == [
        (COACH, "step_or_partner", "lives_with", "7-10", "named"),
        (COACH, "unknown", "unknown", "14-15", "handle_only"),
    ]


def test_the_threads(imported):
    assert rows(imported, "communications", "account_id", "counterpart_id", "counterpart_is_minor") == [
        (ACCOUNT, CHILD_RECIPIENT, "asserted"),
        (ACCOUNT, ADULT_RECIPIENT, "denied"),
    ]


def test_the_earlier_records(imported):
    assert rows(imported, "prior_records", "record_id", "person_id", "record_kind") == [
        (f"{KEY.token('source-report', '800001')}:{COACH}", COACH, "prior_report"),
        (f"{KEY.token('source-report', '800002')}:{COACH}", COACH, "prior_report"),
        (KEY.token("registry", COACH), COACH, "registry"),
    ]


def test_the_files(imported):
    columns = (
        "severity_class",
        "file_annotations",
        "viewed_by_reporter",
        "publicly_available",
        "uploaded_at",
    )
    assert rows(imported, "files", "file_id")[0] == (KEY.token("file", "900001", "file-invented-1"),)
    assert rows(imported, "files", *columns, "youngest_age_band") == [
        ("A1", ["infant", "viral"], "asserted", "denied", day(5, 3, 20, 10), "prepubescent"),
        ("B2", None, "unknown", "unknown", None, "pubescent"),
    ]


def test_what_is_left_behind_is_counted_by_name(imported):
    assert imported.unknown == {"memberoftomorrow": 1, "ncmectags": 1}
    for name in (
        "gender",
        "races",
        "languages",
        "accessToFirearms",
        "profileBio",
        "verificationHash",
        "chatIncident",
    ):
        assert imported.dropped[name] == 1
    assert imported.findings == []


def test_a_report_that_says_nothing_leaves_everything_unknown():
    imported = read(LEAST)
    (row,) = imported.tables["reports"].to_pylist()
    assert (
        row["incident_type"],
        row["escalated_by_reporter"],
        row["source_priority"],
        row["actionability"],
    ) == (*("unknown", "unknown", "unknown", "unknown"),)
    assert (row["channels"], row["report_annotations"], row["jurisdiction_country"]) == (None, None, "ZZ")
    columns = ("role", "age_band", "identity_level", "child_facing_role")
    assert rows(imported, "persons", *columns) == [("reported", "unknown", "none", "unknown")]
    assert sum(imported.tables[name].num_rows for name in TABLES) == 2


# Children


@pytest.mark.parametrize(
    ("statement", "access"),
    [
        ("Yes", "unspecified"),
        (True, "unspecified"),
        ("No", "none"),
        (False, "none"),
        ("Yes, unsupervised at weekends", "unsupervised"),
        ("Supervised", "supervised"),
        ("lives with the child", "lives_with"),
        ({"value": "yes"}, "unspecified"),
    ],
)
def test_a_statement_about_the_child_victim_makes_a_child(statement, access):
    imported = read(about(accessToChildVictim=statement))
    ((person,),) = rows(imported, "persons", "person_id")
    assert rows(imported, "children", "person_id", "access_level", "identification") == [
        (person, access, "unidentified")
    ]


@pytest.mark.parametrize(
    "statement",
    ["Unknown", "N/A", "", None, "No information", "does not live with the child", "asked", {}, []],
)
def test_what_is_neither_yes_nor_no_makes_no_child(statement):
    assert read(about(accessToChildVictim=statement)).tables["children"].num_rows == 0


def test_access_in_unknown_words_is_told_and_not_quoted():
    (finding,) = read(about(accessToChildVictim="weekends with Childia")).findings
    assert finding.column == "access_level"
    assert "Childia" not in f"{finding.found}{finding.expected}{finding.mend}"


def test_access_to_children_alone_makes_a_child_and_its_denial_none():
    assert rows(read(about(accessToChildren="Yes")), "children", "access_level") == [("unspecified",)]
    denied = read(about(accessToChildren="No"))
    assert denied.tables["children"].num_rows == 0
    assert denied.dropped["accessToChildren"] == 1


def test_who_has_access_to_no_child_has_none_to_the_victim():
    report = about(accessToChildren="No")
    report["reportedInformation"]["childVictims"] = [{"approximateAge": 8}]
    assert rows(read(report), "children", "access_level", "age_band") == [("none", "7-10")]


def test_access_to_the_victim_is_not_taken_back_by_none_to_children():
    imported = read(about(accessToChildVictim="Yes", accessToChildren="No"))
    assert rows(imported, "children", "access_level") == [("unspecified",)]
    assert [finding.column for finding in imported.findings] == ["access_level"]


def test_access_to_other_children_is_a_child_of_its_own_where_the_victim_is_out_of_reach():
    imported = read(about(accessToChildVictim="No", accessToChildren="Yes"))
    assert rows(imported, "children", "access_level") == [("none",), ("unspecified",)]


@pytest.mark.parametrize(
    ("relation", "code"),
    [
        ("Father", "parent"),
        ("Mother's boyfriend", "step_or_partner"),
        ("grandfather", "other_family"),
        ("Soccer coach", "carer_or_teacher"),
        ("Neighbor", "neighbour_or_acquaintance"),
        ("met online", "online_only"),
        ("not the father", None),
        ("something else", None),
        ("Unknown", None),
    ],
)
def test_a_relation_is_coded_from_its_words(relation, code):
    imported = read(about(relationshipToChildVictim=relation))
    assert rows(imported, "children", "relation_to_suspect") == ([(code,)] if code else [])


def test_one_child_of_several_reported_persons_is_one_row_with_the_closest():
    report = about(accessToChildVictim="Yes")
    people = report["reportedInformation"]["reportedPeople"]["reportedPersons"]
    people += [{"espUserId": "x1", "accessToChildVictim": "lives with"}, {"accessToChildVictim": "No"}]
    assert rows(read(report), "children", "access_level") == [("lives_with",)]


def test_a_recipient_who_is_the_victim_is_one_child():
    report = full()
    handle = {"espService": "Quillchat", "espUserId": "uid-recipient-5"}
    report["reportedInformation"]["childVictims"] = {"childVictims": [handle]}
    imported = read(report)
    assert rows(imported, "children", "age_band", "identification") == [("14-15", "handle_only")]


def test_earlier_reports_about_a_victim_are_no_record():
    report = about()
    victim = {"approximateAge": 9, "priorCTReports": [5, 6]}
    report["reportedInformation"]["childVictims"] = [victim]
    imported = read(report)
    assert imported.tables["prior_records"].num_rows == 0
    assert imported.dropped["priorCTReports"] == 2


# Persons


@pytest.mark.parametrize("statement", ["No", "Unknown", None, False, "not convicted"])
def test_only_a_yes_puts_a_person_into_the_registry(statement):
    assert read(about(convictedSexOffender=statement)).tables["prior_records"].num_rows == 0


@pytest.mark.parametrize(
    ("work", "role"),
    [
        ("Primary school teacher", "asserted"),
        ("leraar", "asserted"),
        ("Retired teacher", "unknown"),
        ("Driver", "unknown"),
        ("Coachman", "unknown"),
        (None, "unknown"),
    ],
)
def test_work_with_children_is_coded_and_never_denied(work, role):
    assert rows(read(about(occupation=work)), "persons", "child_facing_role") == [(role,)]


@pytest.mark.parametrize(
    ("statements", "band"),
    [
        ({"approximateAge": "about 44 years"}, "40-59"),
        ({"approximateAge": 44}, "40-59"),
        ({"age": "13-15"}, "13-15"),
        ({"approximateAge": "16 to 19"}, "unknown"),
        ({"dateOfBirth": "1990-06-01"}, "25-39"),
        ({"dateOfBirth": "13/6/1990"}, "25-39"),
        ({"dateOfBirth": "1990-06-01", "approximateAge": 60}, "unknown"),
        ({"approximateAge": 17, "ageAssertionDiscrepancy": True}, "unknown"),
        ({"approximateAge": "nine hundred"}, "unknown"),
    ],
)
def test_an_age_becomes_a_band(statements, band):
    assert rows(read(about(**statements)), "persons", "age_band") == [(band,)]


def test_a_person_without_service_belongs_to_the_platform_that_reports():
    report = about(espUserId="u1")
    report["reportedInformation"]["reportingEsp"] = {"espName": "Quillchat", "email": "a@Quill.example.com"}
    assert rows(read(report), "persons", "person_id") == [(KEY.token("person", "@quill.example.com", "u1"),)]


def test_two_objects_about_one_person_are_one_row():
    report = about(espService="Q", espUserId="u", approximateAge=30)
    report["reportedInformation"]["reportedPeople"]["reportedPersons"] += [
        {"espService": "Q", "espUserId": "u", "occupation": "nanny", "firstName": "Inventa"}
    ]
    columns = ("age_band", "identity_level", "child_facing_role")
    assert rows(read(report), "persons", *columns) == [("25-39", "named", "asserted")]


def test_unknown_names_nobody():
    imported = read(about(espService="Q", espUserId="N/A", screenName="unknown"))
    ((person,),) = rows(imported, "persons", "person_id")
    assert person == KEY.token("person", KEY.token("report", "number", "900002"), "reported0")


# The report


@pytest.mark.parametrize(
    ("call", "flag"),
    [
        ("Child in danger", "asserted"),
        (True, "asserted"),
        ("No", "unknown"),
        (False, "unknown"),
        ("", "unknown"),
    ],
)
def test_a_call_for_attention_needs_words(call, flag):
    report = about()
    report["reportedInformation"]["incidentSummary"] = {"escalateToHighPriority": call}
    assert rows(read(report), "reports", "escalated_by_reporter") == [(flag,)]


@pytest.mark.parametrize(
    ("priority", "code"),
    [
        ({"priorityId": 1}, "P1"),
        ({"priorityId": 9, "value": "3"}, "P3"),
        ("P1", "P1"),
        ({"priorityId": 5, "value": "E"}, "unknown"),
    ],
)
def test_the_priority_of_ncmec_stands_beside_ours(priority, code):
    report = about()
    report["additionalNcmecInformation"] = {"priority": priority}
    assert rows(read(report), "reports", "source_priority") == [(code,)]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("2025-05-04T08:30:00Z", day(5, 4, 8, 30)),
        ("2025-05-04T10:30:00+02:00", day(5, 4, 8, 30)),
        ("05/04/2025 08:30:00 UTC", day(5, 4, 8, 30)),
        ("05/04/2025 08:30 AM UTC", day(5, 4, 8, 30)),
        (1746347400, day(5, 4, 8, 30)),
        (1746347400000, day(5, 4, 8, 30)),
        ("2025-05-04T08:30:00", day(5, 4, 8, 30)),
        ("2031-01-01T00:00:00Z", None),
        ("1969-01-01T00:00:00Z", None),
        ("yesterday", None),
    ],
)
def test_the_time_of_reception_is_read(written, read_as):
    imported = read({**LEAST, "dateReceived": written})
    assert rows(imported, "reports", "received_at") == [(read_as or RECEIVED,)]


def test_a_report_without_a_time_of_reception_is_told():
    report = about()
    del report["dateReceived"]
    assert [finding.column for finding in read(report).findings] == ["received_at"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {
                "espEstimatedLocations": [{"countryCode": "FR", "verified": True}],
                "addresses": [{"country": "NL"}],
            },
            "FR",
        ),
        ({"addresses": [{"country": "Germany"}], "phones": ["+31600000001"]}, "DE"),
        ({"phones": [{"value": "+31600000001"}]}, "NL"),
        ({"espEstimatedLocations": [{"countryCode": "FR"}]}, "FR"),
        ({}, "ZZ"),
    ],
)
def test_the_country_rests_on_the_best_there_is(change, expected):
    assert rows(read(about(**change)), "reports", "jurisdiction_country") == [(expected,)]


# Spellings


def test_other_spellings_of_names_are_read_alike():
    report = {
        "Report_Id": "0900003",
        "DATERECEIVED": "2025-05-04T08:30:00Z",
        "ReportedInformation": {
            "incident_summary": {"IncidentType": "Child Pornography"},
            "reportedPeople": [{"ESPUserId": "u1", "ESPService": "Q", "accessToVictim": "Yes"}],
            "uploadedFiles": [{"industry_classification": "b1 - something", "fileViewedByEsp": "Yes"}],
        },
    }
    imported = read(report)
    assert rows(imported, "reports", "source_ref_hash", "incident_type") == [
        (KEY.token("source-report", "900003"), "csam")
    ]
    assert rows(imported, "persons", "person_id") == [(KEY.token("person", "q", "u1"),)]
    assert rows(imported, "children", "access_level") == [("unspecified",)]
    assert rows(imported, "files", "severity_class", "viewed_by_reporter") == [("B1", "asserted")]
    assert imported.unknown == {}


def test_what_was_reported_may_stand_at_the_top():
    report = full()
    imported = read({"reportId": 1, "dateReceived": report["dateReceived"], **report["reportedInformation"]})
    assert rows(imported, "files", "severity_class") == [("A1",), ("B2",)]
    assert imported.tables["persons"].num_rows == 3
    assert imported.unknown == {"ncmectags": 1}


def test_a_document_is_known_by_its_members():
    assert recognise(Document.of("x", as_bytes(full()))) == "cybertip_le_json"
    assert recognise(Document.of("x", as_bytes([full()]))) == "cybertip_le_json"
    assert recognise(Document.of("x", as_bytes(full()).decode().encode("utf-16"))) == "cybertip_le_json"
    others = [
        b"",
        b"[]",
        b'{"hotlineReference": 1, "urls": []}',
        b"<report><victim/></report>",
        b"reportId,uploadedFiles",
    ]
    assert [recognise(Document.of("reportedInformation.json", other)) for other in others] == [""] * 5


# The mapping


def test_every_code_of_the_mapping_is_legal():
    mapping = load_mapping()
    for table, column, codes in (
        ("children", "relation_to_suspect", mapping.relation.values()),
        ("children", "access_level", mapping.access.values()),
        ("reports", "channels", mapping.channel.values()),
        ("reports", "source_priority", mapping.priority.values()),
        ("reports", "actionability", mapping.actionability.values()),
        ("files", "file_annotations", mapping.ncmec_tag.values()),
    ):
        assert set(codes) <= set(TABLES[table][column].codes), column
    assert set(mapping.capture.values()) == {"address", "device"}


@pytest.mark.parametrize(
    ("said", "escalated"), [("Invented Reason", "asserted"), ("No", "unknown"), (None, "unknown")]
)
def test_a_platform_calls_for_attention_under_either_name(said, escalated):
    report = full()
    summary = report["reportedInformation"]["incidentSummary"]
    del summary["escalateToHighPriority"]
    summary["espEscalation"] = said
    imported = read(report)
    assert rows(imported, "reports", "escalated_by_reporter") == [(escalated,)]
    assert "espescalation" not in imported.unknown


@pytest.mark.parametrize(("said", "actionability"), [(True, "informational"), (False, "referral")])
def test_a_report_that_is_informational_says_so_at_its_top(said, actionability):
    assert rows(read(full() | {"informational": said}), "reports", "actionability") == [(actionability,)]


def test_the_members_that_the_reader_asks_for_are_in_the_mapping():
    never = {"gender", "races", "languages", "disabilities", "nationality", "accessToFirearms", "religion"}
    person = load_mapping().members["person"]
    assert not any(person[name.lower()].kept for name in never)
    assert set(load_mapping().channel) == {
        member.name for member in load_mapping().members["details"].values() if member.kept
    }


def test_an_agency_may_give_its_own_list_of_tags():
    own = police_format({"Series Of Childia": "ext:series", "Viral": "meme"}, "agency 4")
    document = Document.of("a.json", as_bytes(full()))
    imported = read_documents([document], KEY, RECEIVED, formats=[own])
    assert rows(imported, "files", "file_annotations")[0] == (["ext:series", "meme"],)
    assert imported.sources[0]["mapping"].endswith("tags agency 4")
    with pytest.raises(InputRefusedError):
        police_format({"Viral": "Jane Doe"}, "agency 5")


# Further accounts and types


def with_accounts(*accounts, **person):
    return about(
        espUserId="x",
        espService="Quillchat",
        associatedAccounts={"associatedAccounts": list(accounts)},
        **person,
    )


def test_further_accounts_of_a_person_are_accounts_of_that_person_and_say_who_it_is():
    linked = {
        "type": "Linked", "espService": "Pixlo", "espUserId": "y", "priorCTReports": ["800009"],
        "accountPermanentlyDisabled": True,
        "sourceInformation": {"sourceCaptures": [{"captureType": "IP", "value": "203.0.113.8", "port": 40000}]},
    }  # fmt: skip
    billing = {"accountType": "Billing", "emails": ["a@mail.example.com"], "approximateAge": 33}
    imported = read(with_accounts(linked, billing))
    person = KEY.token("person", "quillchat", "x")
    assert rows(imported, "persons", "person_id", "age_band", "identity_level") == [
        (person, "25-39", "named")
    ]
    assert rows(imported, "accounts", "account_id", "person_id", "account_status") == [
        (KEY.token("account", person, "quillchat", "x"), person, "unknown"),
        (KEY.token("account", person, "pixlo", "y"), person, "permanently_disabled"),
    ]
    (event,) = rows(imported, "network_events", "account_id")
    assert event == (KEY.token("account", person, "pixlo", "y"),)
    assert rows(imported, "prior_records", "record_kind") == [("prior_report",)]
    assert imported.tables["children"].num_rows == 0
    assert imported.unknown == {}


def test_an_account_of_a_child_beside_that_of_a_parent_is_a_child_in_reach():
    child = {"type": "Parent/Guardian", "espUserId": "z", "approximateAge": 9}
    imported = read(with_accounts(child, accessToChildren="Yes"))
    assert rows(
        imported, "children", "relation_to_suspect", "access_level", "age_band", "identification"
    ) == [("parent", "unspecified", "7-10", "handle_only")]
    assert len(rows(imported, "accounts")) == 1
    for grown, age in ((40, None), (9, 15)):
        said = {"approximateAge": age} if age else {}
        imported = read(with_accounts({**child, "approximateAge": grown}, **said))
        assert imported.tables["children"].num_rows == 0
        assert imported.dropped["associatedAccounts"] == 1


def test_of_several_types_of_incident_the_nearest_to_a_child_counts():
    report = full()
    summary = report["reportedInformation"]["incidentSummary"]
    for others, code in (
        (None, "enticement"),
        (["Child Pornography"], "enticement"),
        ([{"value": "Child Sexual Molestation"}, "Child Pornography"], "molestation"),
    ):
        summary["additionalIncidentTypes"] = others
        assert rows(read(report), "reports", "incident_type") == [(code,)]
