"""What a hotline's report becomes; expected values are read off the documents by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.reading import everything_stored
from triage.intake.documents import Document
from triage.intake.iccam.mapping import load_mapping
from triage.intake.iccam.read import sniff_iccam
from triage.intake.importing import read_documents
from triage.intake.limits import Limits
from triage.intake.tokens import TokenKey
from triage.schema.mend import mend_table
from triage.schema.tables import FILES, OUTCOMES, TABLES

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
REFERENCE = "E2025-0071"
REPORT = KEY.token("report", "iccam", REFERENCE)

VERSION_3 = {
    "reportingAnalystName": "kilo.lima",
    "hotlineReceivedDate": "2025-05-01T10:00:00Z",
    "hotlineReference": REFERENCE,
    "memo": "an invented note",
    "sourceUrlReferrer": "https://elsewhere.example/",
    "sourceUrlSiteType": 2,
    "sourceUrlCommerciality": 2,
    "sourceUrlPaymentMethods": [5],
    "urls": [
        {
            "urlString": "https://thumbs.example/7100/a",
            "hostingCountryCode": "FR",
            "isSourceUrl": False,
            "assessment": {"classification": 2, "ageCategorization": 2, "virtualContentCategorization": 1},
            "actions": [],
        },
        {
            "urlString": "https://page.example/7100",
            "hostingCountryCode": "NL",
            "hostingIpAddress": "203.0.113.71",
            "hostingIsp": "Invented Hosting",
            "hostingOrganization": {
                "organizationName": "Invented Hosting",
                "autonomousSystemNumber": "64500",
            },
            "isSourceUrl": True,
            "assessment": {
                "assessingAnalystName": "kilo.lima",
                "classification": 1,
                "ageCategorization": 3,
                "genderCategorization": 2,
                "virtualContentCategorization": 0,
                "userGeneratedContentCategorization": 1,
                "childModelingCategorization": 1,
            },
            "actions": [
                {"actionType": 1, "actionDate": "2025-05-02T10:00:00Z", "actioningAnalystName": "kilo.lima"},
                {"actionType": 3, "actionDate": "2025-05-03T10:00:00Z"},
            ],
        },
    ],
}


def read(*contents, limits=None):
    documents = [
        Document.of(f"{i}.json", some if isinstance(some, bytes) else json.dumps(some).encode(), position=i)
        for i, some in enumerate(contents, start=1)
    ]
    return read_documents(documents, KEY, RECEIVED, limits=limits)


def rows(imported, table):
    return imported.tables[table].to_pylist()


def only(imported, table):
    (row,) = rows(imported, table)
    return row


def found(imported):
    return [finding.found for finding in imported.findings]


def one(assessment=None, number=1, **more):
    """Return a report with one address."""
    item = {"urlString": f"https://page.example/{number}", "assessment": assessment or {}, **more}
    return {"hotlineReceivedDate": "2025-05-01T10:00:00Z", "hotlineReference": f"E-{number}", "urls": [item]}


# Version 3


def test_the_report_row():
    imported = read(VERSION_3)
    row = only(imported, "reports")
    assert row == {
        "report_id": REPORT,
        "source_system": "iccam",
        "source_ref_hash": KEY.token("source-report", REFERENCE),
        "received_at": datetime(2025, 5, 1, 10, tzinfo=UTC),
        "incident_at": None,
        "incident_type": "csam",
        "channels": ["web"],
        "escalated_by_reporter": "unknown",
        "escalation_reason": None,
        "report_annotations": ["ext:commercial"],
        "reporter_type": "hotline",
        "source_priority": "unknown",
        "actionability": "unknown",
        # Of the address that was reported, not of the first in the list.
        "jurisdiction_country": "NL",
        "jurisdiction_basis": "hosting",
        "preserve_until": None,
        "known_at": None,
        "enriched_at": None,
    }
    assert imported.refs == [(REPORT, REFERENCE)]


def test_each_address_is_a_row_of_files():
    held = [
        (r["file_id"], r["legal_class"], r["youngest_age_band"], r["file_annotations"])
        for r in rows(read(VERSION_3), "files")
    ]
    assert held == [
        (
            KEY.token("file", "iccam", REPORT, "https://thumbs.example/7100/a"),
            "national",
            "0-2",
            ["drawn_or_virtual"],
        ),
        (
            KEY.token("file", "iccam", REPORT, "https://page.example/7100"),
            "baseline",
            "prepubescent",
            ["self_produced", "ext:childModeling"],
        ),
    ]


def test_what_is_not_said_of_a_file_is_unknown():
    row = only(read(one()), "files")
    assert (row["legal_class"], row["youngest_age_band"], row["file_annotations"]) == (
        "unknown",
        "unknown",
        None,
    )
    assert (row["severity_class"], row["viewed_by_reporter"], row["publicly_available"]) == ("unknown",) * 3
    assert row["hash_status"] == "not_run"
    assert only(read(one()), "reports")["incident_type"] == "unknown"


def test_an_action_is_an_outcome_and_removal_is_none():
    assert [
        (r["report_id"], r["outcome_kind"], r["outcome_at"], r["current_abuse_label"])
        for r in rows(read(VERSION_3), "outcomes")
    ] == [(REPORT, "forwarded", datetime(2025, 5, 2, 10, tzinfo=UTC), "undetermined")]


def test_a_hotline_report_names_nobody():
    imported = read(VERSION_3)
    for name in ("persons", "accounts", "network_events", "communications", "transactions", "children"):
        assert rows(imported, name) == [], name


def test_every_table_passes_the_check_unchanged():
    imported = read(VERSION_3, VERSION_2)
    for name, table in imported.tables.items():
        assert mend_table(table, TABLES[name], name).findings == [], name
    assert [s["kind"] for s in imported.sources] == ["iccam_report", "iccam_report"]
    assert imported.unknown == {}
    assert imported.set_aside.num_rows == 0


# Version 2, and what lies between

VERSION_2 = [
    {
        "ReportID": 711,
        "Analyst": "kilo.lima",
        "Url": "https://page.example/711",
        "HostingCountry": "DE",
        "HostingIP": "203.0.113.71",
        "HostingNetName": "Invented Hosting",
        "Received": "2025-05-01T10:00:00Z",
        "ReportingHotlineReference": "F711",
        "Memo": "an invented note",
        "Country": "DE",
        "ClassifiedBy": "kilo.lima",
        "ClassificationDate": "2025-05-02T10:00:00Z",
        "ClassificationID": 1,
        "AgeGroupID": 4,
        "GenderID": 2,
        "CommercialityID": 1,
        "PaymentMethodID": 1,
        "IsVirtual": False,
        "IsChildModeling": False,
        "IsUserGC": True,
        "SiteTypeID": 2,
    },
    {
        "ReportID": 712,
        "Received": "2025-05-03T10:00:00Z",
        "HotlineID": 7,
        "RefererUrl": "",
        "Items": [
            {
                "ID": 5,
                "Url": "https://page.example/712",
                "Memo": "",
                "Assessments": [{"ClassificationID": 4, "AgeGroupID": 1}],
                "Actions": [{"ActionID": 7, "Date": "2025-05-04T10:00:00Z", "Country": "NL"}],
            }
        ],
    },
]


def test_a_flat_report_is_its_own_address():
    imported = read(VERSION_2[:1])
    report, file = only(imported, "reports"), only(imported, "files")
    assert (report["report_id"], report["jurisdiction_country"]) == (
        KEY.token("report", "iccam", "F711"),
        "DE",
    )
    assert (file["legal_class"], file["youngest_age_band"], file["file_annotations"]) == (
        "baseline",
        "pubescent",
        ["self_produced"],
    )
    assert imported.unknown == {}


def test_a_report_with_items():
    imported = read(VERSION_2[1:])
    file = only(imported, "files")
    assert (file["file_id"], file["legal_class"]) == (
        KEY.token("file", "iccam", KEY.token("report", "iccam", "712"), "5"),
        "not_illegal",
    )
    assert only(imported, "outcomes")["outcome_kind"] == "no_offence"
    # A bare number is one of the hotline, and links to no other sender's.
    assert only(imported, "reports")["source_ref_hash"] == KEY.token("source-report", "iccam", "7", "712")


@pytest.mark.parametrize(
    "spelling",
    [lambda n: n, str.lower, str.upper, lambda n: "".join(f"_{c.lower()}" if c.isupper() else c for c in n)],
)
@pytest.mark.parametrize(
    "wrap", [lambda r: r, lambda r: [r], lambda r: {"reports": [r]}, lambda r: {"value": [r]}]
)
def test_spelling_and_wrapping_do_not_matter(spelling, wrap):
    def respell(value):
        if isinstance(value, dict):
            return {spelling(name): respell(inner) for name, inner in value.items()}
        return [respell(inner) for inner in value] if isinstance(value, list) else value

    imported, plain = read(wrap(respell(VERSION_3))), read(VERSION_3)
    for name in ("reports", "files", "outcomes"):
        assert imported.tables[name] == plain.tables[name]


@pytest.mark.parametrize(
    ("said", "legal_class"),
    [
        *[
            (said, "baseline")
            for said in (1, "1", 1.0, "Baseline CSAM", "BA", {"id": 1, "name": "Baseline CSAM"}, [1])
        ],
        *[(said, "national") for said in (2, "National", "NA", {"id": 2})],
        *[(said, "doubtful") for said in (3, "Doubtful", "DO")],
        *[(said, "not_illegal") for said in (4, "Ignore", "IG", "Not illegal")],
        *[(said, "unknown") for said in (None, "", 0, "unset", 17, "something", [], {}, True)],
    ],
)
def test_a_class_may_be_a_number_a_word_or_an_object(said, legal_class):
    imported = read(one({"classification": said}))
    # True is written as a word, and no class.
    assert only(imported, "files")["legal_class"] == legal_class
    told = "a word or number that the mapping does not know" in found(imported)
    assert told == (said in (17, "something") or said is True)


@pytest.mark.parametrize(
    ("said", "band"),
    [
        (2, "0-2"),
        ("Infant", "0-2"),
        (3, "prepubescent"),
        ("Pre-pubescent", "prepubescent"),
        ("PU", "pubescent"),
        (1, "unknown"),
        ([4, 3], "prepubescent"),
    ],
)
def test_of_several_ages_the_youngest_counts(said, band):
    assert only(read(one({"ageCategorization": said})), "files")["youngest_age_band"] == band


@pytest.mark.parametrize(
    ("said", "kept"), [(1, True), (True, True), ("Yes", True), (0, False), ("No", False), (None, False)]
)
def test_a_flag_is_kept_where_it_is_asserted(said, kept):
    annotations = only(read(one({"userGeneratedContent": said})), "files")["file_annotations"]
    assert annotations == (["self_produced"] if kept else None)


def test_of_several_assessments_the_latest_counts_and_dates_the_row():
    early = {"classification": 1, "assessmentDate": "2025-05-02T10:00:00Z"}
    late = {"classification": 4, "assessmentDate": "2025-05-03T10:00:00Z"}
    for listed in ([early, late], [late, early]):
        row = only(read(one(listed)), "files")
        assert (row["legal_class"], row["enriched_at"]) == (
            "not_illegal",
            datetime(2025, 5, 3, 10, tzinfo=UTC),
        )
    assert (
        only(read(one([{"classification": 1}, {"classification": 2}])), "files")["legal_class"] == "national"
    )


# Addresses that stand alone

ALONE = {
    "contentId": 99,
    "reportId": 712,
    "url": {"urlString": "https://page.example/99", "isSourceUrl": False, "hostingCountryCode": "FR"},
    "assessments": [{"classification": 1}],
    "assignedCountryCode": "FR",
    "countryAssignmentDate": "2025-05-03T09:00:00Z",
}


def test_an_address_alone_joins_its_report():
    for contents in ((ALONE, VERSION_2[1]), (VERSION_2[1], ALONE)):
        imported = read(*contents)
        report = only(imported, "reports")
        assert report["report_id"] == KEY.token("report", "iccam", "712")
        assert {r["report_id"] for r in rows(imported, "files")} == {report["report_id"]}
        assert imported.tables["files"].num_rows == 2
        assert sum(s["records"].get("reports", 0) for s in imported.sources) == 1
        assert sum(s["records"]["files"] for s in imported.sources) == 2


def test_addresses_alone_of_one_report_make_one():
    imported = read([ALONE, {**ALONE, "contentId": 100}])
    assert only(imported, "reports")["received_at"] == datetime(2025, 5, 3, 9, tzinfo=UTC)
    assert imported.sources[0]["records"] == {"reports": 1, "files": 2}
    assert only(imported, "reports")["jurisdiction_country"] == "FR"


# The same again


def test_the_same_report_counts_once():
    imported = read(VERSION_3, VERSION_3)
    assert imported.tables["reports"].num_rows == 1
    assert imported.tables["files"].num_rows == 2
    assert sorted((r["table"], r["why"], r["report_id"]) for r in imported.set_aside.to_pylist()) == [
        ("files", "duplicate", REPORT),
        ("files", "duplicate", REPORT),
        ("reports", "duplicate", REPORT),
    ]


def test_a_later_state_of_a_report_adds_what_is_new():
    later = json.loads(json.dumps(VERSION_3))
    later["urls"].append({"urlString": "https://new.example/", "assessment": {"classification": 3}})
    later["urls"][0]["actions"] = [{"actionType": 4, "actionDate": "2025-05-04T10:00:00Z"}]
    imported = read(VERSION_3, later)
    assert imported.tables["files"].num_rows == 3
    assert {r["outcome_kind"] for r in rows(imported, "outcomes")} == {"forwarded", "not_actionable"}
    assert [r["reason"] for r in imported.set_aside.to_pylist() if r["table"] == "reports"] == [
        "another state of a report that is there"
    ]


def test_of_two_states_of_an_address_the_one_assessed_last_counts():
    early = one({"classification": 1, "assessmentDate": "2025-05-02T10:00:00Z"})
    late = one({"classification": 4, "assessmentDate": "2025-05-03T10:00:00Z"})
    for contents in ((early, late), (late, early)):
        assert only(read(*contents), "files")["legal_class"] == "not_illegal"


def test_reports_without_a_reference_are_two_where_they_differ():
    bare = {"hotlineReceivedDate": "2025-05-01T10:00:00Z", "urls": []}
    imported = read([bare, {**bare, "hotlineReceivedDate": "2025-05-02T10:00:00Z"}])
    assert imported.tables["reports"].num_rows == 2
    assert {row["source_ref_hash"] for row in rows(imported, "reports")} == {None}


# What cannot be read


@pytest.mark.parametrize("item", [None, 3, [], "", True])
def test_an_address_that_is_no_object_is_set_aside(item):
    report = one()
    report["urls"].append(item)
    imported = read(report)
    assert imported.tables["files"].num_rows == 1
    assert [(r["table"], r["reason"]) for r in imported.set_aside.to_pylist()] == [
        ("files", "an address that is no JSON object")
    ]


def test_an_address_may_be_the_bare_text():
    report = one()
    bare, report["urls"] = "https://page.example/bare", []
    objects = read({**report, "urls": [{"urlString": bare}]})
    assert only(objects, "files")["file_id"] == only(read({**report, "urls": bare}), "files")["file_id"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(VERSION_3).encode()[:-9],
        b'{"hotlineReceivedDate": ' + b"[" * 100_000,
        b'{"hotlineReceivedDate": 1, "memo": "data:image/png;base64,iVBORw0KGgo"}',
    ],
)
def test_what_cannot_be_read_is_set_aside_and_stops_nothing(content):
    imported = read(content, VERSION_3)
    assert only(imported, "reports")["report_id"] == REPORT
    assert imported.set_aside.num_rows == 1


def test_the_limits_hold():
    many = one()
    many["urls"] *= 2_000
    imported = read(many, VERSION_3, limits=Limits(nodes=1_000))
    assert imported.tables["reports"].num_rows == 1
    assert imported.set_aside.num_rows == 1


def test_recognised_by_the_names_of_members():
    def sniff(content):
        return sniff_iccam(Document.of("x.json", content))

    assert sniff(json.dumps(VERSION_3).encode()) == sniff(json.dumps(ALONE).encode()) == "iccam_report"
    assert sniff(json.dumps(VERSION_2).encode("utf-16")) == "iccam_report"
    assert (
        sniff(b'{"reportId": 1, "incidentSummary": {"additionalInfo": "\\"urlString\\": isSourceUrl"}}') == ""
    )
    assert sniff(b"<report><urlString/></report>") == ""


# Nothing personal


def test_every_code_of_the_mapping_is_legal():
    mapping = load_mapping()
    assert set(mapping.classification.values()) <= set(FILES["legal_class"].codes)
    assert set(mapping.age.values()) <= set(FILES["youngest_age_band"].codes)
    assert set(mapping.action.values()) <= {*OUTCOMES["outcome_kind"].codes, "none"}
    assert all(
        code in FILES["file_annotations"].codes or code.startswith("ext:")
        for code in mapping.annotation.values()
    )


def test_nothing_personal_is_in_what_is_stored():
    numbers, values = count(1000), []

    def personal():
        values.append(f"zq{next(numbers)}x@invented.example")
        return values[-1]

    def whole(kind, **inside):
        return {**{name: personal() for name in load_mapping().names[kind]}, **inside}

    coded = {"classification": 1, "agecategorization": 3, "assessmentdate": "2025-05-02T10:00:00Z"}
    action = whole("action", actiontype=1, actiondate="2025-05-02T10:00:00Z")
    item = whole(
        "item", assessments=[whole("assessment", **coded)], actions=[action], hostingcountrycode="NL"
    )
    del item["assessment"], item["action"]
    texts = [
        whole("report", urls=[item], hotlinereceiveddate="2025-05-01T10:00:00Z"),
        whole("report", urls=[personal(), whole("item")]),
        {**whole("item"), **whole("assessment"), **whole("report"), "contentid": personal()},
    ]
    # A text may stand where a list of objects is expected, and under a name that nobody knows.
    texts[2].update({name: personal() for name in ("urls", "newThing", "items")})
    assert len(values) > 100
    for text in texts:
        imported = read(text)
        stored, raw = everything_stored(imported)
        for value in values:
            assert value not in stored, value
        assert b"invented" not in raw
        assert "invented" not in stored
        assert imported.tables["reports"].num_rows == 1


# Anything at all

_NAMES = sorted({name for known in load_mapping().names.values() for name in known} | {"strange", "reports"})
_SINGLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 30),
    st.integers(10**18, 10**25),
    st.floats(),
    st.sampled_from(
        ["", "NL", "Infant", "BA", "2025-05-01T10:00:00Z", "9999-12-31", "E-1", "712", "\x00", "\ud800"]
    ),
    st.text(max_size=8),
)
_VALUES = st.recursive(
    _SINGLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)
_REPORTS = st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=8).flatmap(
    lambda some: st.sampled_from([{**VERSION_3, **some}, {**VERSION_2[0], **some}, {**ALONE, **some}, some])
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(_REPORTS, st.lists(st.one_of(_REPORTS, _SINGLE), max_size=3)), max_size=3))
def test_whatever_comes_in_comes_out(contents):
    imported = read(
        *(
            {"hotlineReceivedDate": "", "reports": some} if isinstance(some, list) else some
            for some in contents
        )
    )
    for table in ("reports", "files"):
        met = sum(source["records"].get(table, 0) for source in imported.sources)
        aside = sum(source["set_aside"].get(table, 0) for source in imported.sources)
        assert met == imported.tables[table].num_rows + aside
    for name, table in imported.tables.items():
        assert mend_table(table, TABLES[name], name).findings == []
        keys = list(zip(*(table[column].to_pylist() for column in TABLES[name].key), strict=True))
        assert len(keys) == len(set(keys))
    reports = {row["report_id"] for row in rows(imported, "reports")}
    for name in ("files", "outcomes"):
        assert {row["report_id"] for row in rows(imported, name)} <= reports
