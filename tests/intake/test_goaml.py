"""What a bank's report becomes; expected values are read off the documents by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.intake.reading import read_all
from triage.errors import InputRefusedError
from triage.intake.checking import Checking
from triage.intake.documents import Document
from triage.intake.goaml import GOAML
from triage.intake.goaml.mapping import lay_over, load_mapping
from triage.intake.goaml.money import Rates, to_euro
from triage.intake.goaml.read import sniff_goaml
from triage.intake.importing import read_documents
from triage.intake.mapping_files import with_own
from triage.intake.tokens import TokenKey
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
CHILD = "CSAM1"
SUSPECT = KEY.token("person", "document", "NL", "NX71002XX")
PAYEE = KEY.token("person", "born", "quebec", "papa", "1999-09-09")
PAYEE_ACCOUNT = KEY.token("person", "account", "GB00EXAM00000000000071")


def bank(inside, *, indicator=CHILD, number="REF-1", rentity="7", submitted="2025-05-02T09:00:00"):
    indicators = "".join(f"<indicator>{code}</indicator>" for code in indicator.split())
    return (
        f"<report><rentity_id>{rentity}</rentity_id><entity_reference>{number}</entity_reference>"
        f"<submission_date>{submitted}</submission_date><currency_code_local>EUR</currency_code_local>"
        f"{inside}<report_indicators>{indicators}</report_indicators></report>"
    )


def person(first="Kilo", last="Lima", born="1980-03-01", more=""):
    return (
        f"<first_name>{first}</first_name><last_name>{last}</last_name><birthdate>{born}T00:00:00</birthdate>"
        f"{more}"
    )


def paper(number="NX-71.002-XX", country="NL"):
    return (
        f"<identification><number>{number}</number><issue_country>{country}</issue_country></identification>"
    )


def payment(inside, number="T1", amount="25.00", at="2025-04-30T23:15:00", more=""):
    return (
        f"<transaction><transactionnumber>{number}</transactionnumber><date_transaction>{at}</date_transaction>"
        f"<transmode_code>ONBNK</transmode_code><amount_local>{amount}</amount_local>{inside}{more}</transaction>"
    )


def paid(by=None, to=None, funds="CRPTC"):
    by = by or person(more=paper())
    to = to or person("Papa", "Quebec", "1999-09-09")
    return (
        f"<t_from_my_client><from_funds_code>{funds}</from_funds_code><from_person>{by}</from_person>"
        "<from_country>NL</from_country></t_from_my_client>"
        f"<t_to><to_funds_code>ELCFT</to_funds_code><to_person>{to}</to_person><to_country>PH</to_country></t_to>"
    )


def read(*bodies, formats=None):
    documents = [
        Document.of(f"{i}/b.xml", body.encode() if isinstance(body, str) else body, position=i)
        for i, body in enumerate(bodies, start=1)
    ]
    more = {"formats": formats} if formats else {}
    return read_documents(documents, KEY, RECEIVED, **more)


def rows(imported, table):
    return imported.tables[table].to_pylist()


def only(imported, table):
    (row,) = rows(imported, table)
    return row


def found(imported):
    return [finding.found for finding in imported.findings]


def amounts(imported):
    return [row["amount_eur"] for row in rows(imported, "transactions")]


# A report about children

PLATFORM = (
    "<report><incidentSummary/><personOrUserReported><personOrUserReportedPerson>{}"
    "</personOrUserReportedPerson></personOrUserReported></report>"
)
WHOLE = bank(
    payment(
        "<t_from_my_client><from_funds_code>FRACC</from_funds_code>"
        "<from_transaction_additional_info><network_device><device_number>IM-4711</device_number>"
        "<ip_address><ipv4>203.0.113.9</ipv4><cgn_port>4711</cgn_port></ip_address></network_device>"
        "</from_transaction_additional_info>"
        "<t_conductor>" + person("Mike", "November", "1990-01-01") + "</t_conductor>"
        "<from_account><swift>EXAMNL2A</swift><account>NL00EXAM0000000071</account>"
        "<signatory><t_person>" + person("Oscar", "Lima", "1985-01-01") + "</t_person></signatory>"
        "<signatory><is_primary>1</is_primary><t_person>"
        + person(
            more=paper()
            + "<phones><phone><tph_country_prefix>31</tph_country_prefix><tph_number>0612345678</tph_number>"
            "</phone></phones><addresses><address><address>Invented Street 1</address>"
            "<country_code>BE</country_code></address></addresses>"
        )
        + "</t_person></signatory><opened>2020-01-01T00:00:00</opened><status_code>BLK</status_code>"
        "</from_account><from_country>NL</from_country></t_from_my_client>"
        "<t_to><to_funds_code>CASH</to_funds_code><to_person>"
        + person("Papa", "Quebec", "1999-09-09")
        + "</to_person><to_country>PH</to_country></t_to>"
    ),
    indicator=f"{CHILD} SMALL - ",
)


@pytest.mark.parametrize("root", ["report", "reportdata"])
def test_a_report_folded_as_some_countries_do_says_the_same(root):
    plain = read(bank(payment(paid())))
    one = payment(paid()).replace("transactionnumber>", "transaction_number>")
    one = f"<transactions>{one.replace('date_transaction>', 'transaction_date>')}</transactions>"
    folded = bank(f"<reportdata>{one}</reportdata>" if root == "report" else one)
    folded = read(folded.replace("report>", f"{root}>"))
    assert rows(folded, "transactions") == rows(plain, "transactions")
    assert rows(folded, "transactions")
    assert rows(folded, "reports") == rows(plain, "reports")
    assert folded.unknown == plain.unknown == {}


@pytest.fixture(scope="module")
def whole():
    return read(WHOLE)


def test_the_report_row(whole):
    row = only(whole, "reports")
    assert row == {
        "report_id": KEY.token("report", "goaml", "7", "REF-1"),
        "source_system": "goaml",
        "source_ref_hash": KEY.token("source-report", "goaml", "7", "REF-1"),
        # Local time of the Netherlands in May.
        "received_at": datetime(2025, 5, 2, 7, tzinfo=UTC),
        "incident_at": datetime(2025, 4, 30, 21, 15, tzinfo=UTC),
        "incident_type": "csam",
        "channels": ["payment"],
        "escalated_by_reporter": "unknown",
        "escalation_reason": None,
        "report_annotations": None,
        "reporter_type": "fiu",
        "source_priority": "unknown",
        "actionability": "unknown",
        "jurisdiction_country": "BE",
        "jurisdiction_basis": "address",
        "preserve_until": None,
        "known_at": None,
        "enriched_at": None,
    }
    assert whole.refs == [(row["report_id"], "REF-1")]


def test_the_persons(whole):
    held = {r["person_id"]: (r["role"], r["age_band"], r["identity_level"]) for r in rows(whole, "persons")}
    assert held == {
        SUSPECT: ("reported", "40-59", "civil_identity"),
        KEY.token("person", "born", "lima", "oscar", "1985-01-01"): ("account_holder", "40-59", "named"),
        KEY.token("person", "born", "november", "mike", "1990-01-01"): ("conductor", "25-39", "named"),
        PAYEE: ("third_party", "25-39", "named"),
    }


def test_the_account_and_its_events(whole):
    account = only(whole, "accounts")
    del account["known_at"]
    bank_account = KEY.token("account", "bank", "NL00EXAM0000000071")
    account_id = KEY.token("account", SUSPECT, bank_account)
    assert account == {
        "account_id": account_id,
        "person_id": SUSPECT,
        "platform_category": "payment",
        "account_opened_at": datetime(2019, 12, 31, 23, tzinfo=UTC),
        "account_status": "temporarily_disabled",
        "compromised": "unknown",
        "group_member": "unknown",
    }
    assert [
        (e["account_id"], e["event_name"], e["event_at"], e["link_token"])
        for e in rows(whole, "network_events")
    ] == [
        (account_id, "purchase", datetime(2025, 4, 30, 21, 15, tzinfo=UTC), token)
        for token in (
            "d:" + KEY.token("device", "device_number", "im-4711"),
            KEY.token("address", "203.0.113.9", "4711"),
        )
    ]


def test_the_payment(whole):
    assert only(whole, "transactions") == {
        "transaction_id": KEY.token("transaction", "7", "T1", SUSPECT, "out"),
        "person_id": SUSPECT,
        "executed_at": datetime(2025, 4, 30, 21, 15, tzinfo=UTC),
        "amount_eur": Decimal("-25.00"),
        "payment_channel": "cash",
        "counterparty_token": PAYEE,
        "counterparty_country": "PH",
        "indicator_codes": [CHILD, "SMALL"],
        "known_at": datetime(2025, 5, 2, 7, tzinfo=UTC),
        "enriched_at": None,
    }


def test_every_table_passes_the_check_unchanged(whole):
    for name, table in whole.tables.items():
        assert mend_table(table, TABLES[name], name).findings == [], name
    assert [(s["kind"], s["records"], s["set_aside"]) for s in whole.sources] == [
        ("goaml_report", {"reports": 1, "transactions": 1}, {})
    ]
    assert whole.unknown == {}


def test_a_report_without_a_reference_is_known_by_its_content():
    imported = read(bank(payment(paid()), number="-"), bank(payment(paid(), number="T2"), number=""))
    assert len({row["report_id"] for row in rows(imported, "reports")}) == 2
    assert {row["source_ref_hash"] for row in rows(imported, "reports")} == {None}


def test_a_report_about_children_may_hold_no_payments():
    activity = (
        "<activity><report_parties><report_party><person_my_client>"
        + person(more=paper())
        + "</person_my_client><significance>8</significance></report_party></report_parties></activity>"
    )
    imported = read(bank(activity))
    assert (only(imported, "persons")["person_id"], only(imported, "persons")["role"]) == (
        SUSPECT,
        "reported",
    )
    assert rows(imported, "transactions") == []


def test_whom_the_bank_suspects_is_reported_and_its_customer_is_not():
    suspected = paid().replace("<t_to>", "<t_to><to_is_suspected>true</to_is_suspected>")
    roles = {r["person_id"]: r["role"] for r in rows(read(bank(payment(suspected))), "persons")}
    assert roles == {SUSPECT: "account_holder", PAYEE: "reported"}


def test_whom_the_bank_does_not_suspect_in_so_many_words_is_not_reported():
    cleared = paid().replace(
        "<t_from_my_client>", "<t_from_my_client><from_is_suspected>0</from_is_suspected>"
    )
    roles = {r["person_id"]: r["role"] for r in rows(read(bank(payment(cleared))), "persons")}
    assert roles == {SUSPECT: "account_holder", PAYEE: "third_party"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", ("NL", "payment")),
        ("<addresses><address><country_code>-</country_code></address></addresses>", ("NL", "payment")),
        (
            "<phones><phone><tph_country_prefix>+32</tph_country_prefix><tph_number>71002</tph_number></phone></phones>",
            ("BE", "phone"),
        ),
    ],
)
def test_jurisdiction_is_that_of_the_reported_person(more, expected):
    row = only(read(bank(payment(paid(person(more=more))))), "reports")
    assert (row["jurisdiction_country"], row["jurisdiction_basis"]) == expected


# Signs and sides


def test_money_that_comes_in_is_positive():
    incoming = (
        "<t_from><from_account><iban>GB00EXAM00000000000071</iban></from_account>"
        "<from_country>GB</from_country></t_from>"
        f"<t_to_my_client><to_person>{person(more=paper())}</to_person></t_to_my_client>"
    )
    row = only(read(bank(payment(incoming))), "transactions")
    assert (row["person_id"], row["amount_eur"]) == (SUSPECT, Decimal("25.00"))
    assert (row["counterparty_token"], row["counterparty_country"]) == (PAYEE_ACCOUNT, "GB")


def test_between_two_customers_there_are_two_rows_of_opposite_sign():
    both = paid().replace("t_to>", "t_to_my_client>")
    held = {r["person_id"]: r for r in rows(read(bank(payment(both))), "transactions")}
    assert held.keys() == {SUSPECT, PAYEE}
    assert (held[SUSPECT]["amount_eur"], held[SUSPECT]["counterparty_token"]) == (Decimal("-25.00"), PAYEE)
    assert (held[PAYEE]["amount_eur"], held[PAYEE]["counterparty_token"]) == (Decimal("25.00"), SUSPECT)


def test_a_reversal_has_the_opposite_sign():
    assert amounts(read(bank(payment(paid(), amount="-25.00")))) == [Decimal("25.00")]


def test_where_nobody_is_a_customer_the_one_who_pays_has_the_row():
    row = only(read(bank(payment(paid().replace("_my_client", "")))), "transactions")
    assert (row["person_id"], row["amount_eur"]) == (SUSPECT, Decimal("-25.00"))


def party(role, inside, kind="person", country="NL"):
    return (
        f"<party><role>{role}</role><{kind}>{inside}</{kind}><funds_code>MNYOR</funds_code>"
        f"<country>{country}</country></party>"
    )


def many(*parties):
    return payment(f"<involved_parties>{''.join(parties)}</involved_parties>")


def test_of_several_parties_the_roles_say_who_paid():
    imported = read(
        bank(
            many(
                party("WITN", person("Victor", "Whiskey", "1970-02-02")),
                party("BNFCR", person("Papa", "Quebec", "1999-09-09"), country="PH"),
                party("RMITR", person(more=paper()), "person_my_client"),
            )
        )
    )
    row = only(imported, "transactions")
    assert (row["person_id"], row["amount_eur"], row["payment_channel"]) == (
        SUSPECT,
        Decimal("-25.00"),
        "remittance",
    )
    assert (row["counterparty_token"], row["counterparty_country"]) == (PAYEE, "PH")
    roles = [row["role"] for row in rows(imported, "persons")]
    assert sorted(roles) == ["reported", "third_party", "third_party"]


def test_where_no_role_says_who_paid_the_amount_is_unknown_and_told():
    imported = read(bank(many(party("X1", person(more=paper()), "person_my_client"))))
    assert amounts(imported) == [None]
    assert "a payment of several parties that does not say who paid" in found(imported)
    assert imported.unknown == {"role:X1": 1}


def test_a_payment_that_names_nobody_is_set_aside():
    imported = read(bank(payment(paid()) + payment("", number="T2")))
    assert imported.tables["transactions"].num_rows == 1
    assert [(r["table"], r["row"], r["reason"]) for r in imported.set_aside.to_pylist()] == [
        ("transactions", 2, "a payment that names nobody")
    ]


# Payments of others


def test_a_report_that_is_not_about_children_is_no_report_and_its_payments_go_to_known_persons():
    mail = "<email>K.Lima@Example.com</email>"
    imported = read(
        bank(payment(paid(person(more=paper() + mail))), indicator="STRUC"),
        PLATFORM.format("<email>k.lima@example.com</email>"),
    )
    known = KEY.token("person", "email", "k.lima@example.com")
    assert only(imported, "persons")["person_id"] == known
    assert only(imported, "reports")["source_system"] == "cybertipline_xml"
    row = only(imported, "transactions")
    assert (row["person_id"], row["indicator_codes"]) == (known, ["STRUC"])
    assert row["known_at"] == datetime(2025, 5, 2, 7, tzinfo=UTC)


def test_payments_of_nobody_who_is_known_wait_for_the_person():
    names = f"{SUSPECT} {KEY.token('person', 'born', 'lima', 'kilo', '1980-03-01')}"
    imported = read(bank(payment(paid()) + payment(paid(), number="T2"), indicator="STRUC"))
    assert {name for name, table in imported.tables.items() if table.num_rows} == set()
    aside = imported.set_aside.to_pylist()
    assert [(r["why"], r["table"], r["row"], r["waits_for"]) for r in aside] == [
        ("orphan", "transactions", 1, names),
        ("orphan", "transactions", 2, names),
    ]
    (held,) = json.loads(aside[0]["held"])["transactions"]
    assert (held["amount_eur"], held["person_id"]) == ("-25.00", SUSPECT)
    assert [(f.count, f.found) for f in imported.findings if f.level == "row"] == [
        (2, "a payment of a person whom no report of this import names")
    ]


def test_a_report_without_payments_that_is_not_about_children_is_set_aside():
    imported = read(bank("<activity/>", indicator="STRUC"))
    (row,) = imported.set_aside.to_pylist()
    assert (row["why"], row["table"]) == ("orphan", "reports")


def test_a_contact_that_two_persons_share_finds_nobody():
    mail = "<email>home@example.com</email>"
    imported = read(
        bank(
            payment(paid(person(more=mail)))
            + payment(paid(person("Romeo", "Lima", "1981-01-01", mail)), number="T2"),
            indicator="STRUC",
        ),
        PLATFORM.format("<email>home@example.com</email>"),
    )
    assert rows(imported, "transactions") == []
    assert imported.set_aside.num_rows == 2


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (person(more=paper()), person("K.", "L.", "-", paper("nx71002xx")), True),
        (person(more=paper()), person("KÍLO", "lima", more=paper("OTHER-71", "BE")), True),
        (person(more=paper()), person("Kilo", "Lima", "1981-03-01"), False),
        (person("Kilo", "Lima", "-"), person("Kilo", "Lima", "-"), False),
        (person("Kilo", "Lima", "1900-01-01"), person("Kilo", "Lima", "1900-01-01"), False),
        (person("-", "-", "-", paper("--")), person("-", "-", "-", paper("--")), False),
        (person("-", "-", "-", paper("0000000")), person("-", "-", "-", paper("0000000")), False),
    ],
)
def test_a_person_is_the_same_by_a_document_or_by_name_and_birth(first, second, same):
    imported = read(
        bank(payment(paid(first)), number="A", rentity="7"),
        bank(payment(paid(second), number="T2"), number="B", rentity="8"),
    )
    reported = {r["person_id"] for r in rows(imported, "persons") if r["role"] == "reported"}
    assert len(reported) == (1 if same else 2)


def test_the_same_person_twice_in_a_report_with_two_ages_has_none():
    two = payment(paid(person(more=paper()))) + payment(
        paid(person("Kilo", "Lima", "2000-03-01", paper())), number="T2"
    )
    imported = read(bank(two))
    held = {r["person_id"]: r["age_band"] for r in rows(imported, "persons")}
    assert held[SUSPECT] == "unknown"
    assert "two ages of one person" in found(imported)


# The same again


def test_the_same_report_and_its_payments_count_once():
    imported = read(bank(payment(paid())), bank(payment(paid())))
    assert imported.tables["reports"].num_rows == imported.tables["transactions"].num_rows == 1
    assert [(r["why"], r["table"]) for r in imported.set_aside.to_pylist()] == [
        ("duplicate", "reports"),
        ("duplicate", "transactions"),
    ]
    assert [s["set_aside"] for s in imported.sources] in (
        [{}, {"reports": 1, "transactions": 1}],
        [{"reports": 1, "transactions": 1}, {}],
    )


def test_a_payment_that_stands_in_two_reports_counts_once_for_the_one_about_children():
    other = bank(payment(paid()), indicator="STRUC", number="REF-0", submitted="2025-05-01T09:00:00")
    imported = read(other, bank(payment(paid())))
    assert only(imported, "transactions")["indicator_codes"] == [CHILD]
    assert [r["why"] for r in imported.set_aside.to_pylist()] == ["duplicate"]


def test_one_number_for_two_payments_gives_two_rows():
    imported = read(bank(payment(paid()) + payment(paid(), amount="30.00")))
    assert sorted(amounts(imported)) == [Decimal("-30.00"), Decimal("-25.00")]
    assert "two payments of one bank with the same number and different contents" in found(imported)


def test_one_reference_for_two_reports_gives_two_rows_that_link():
    imported = read(bank(payment(paid())), bank(payment(paid(), number="T2")))
    assert len({r["report_id"] for r in rows(imported, "reports")}) == 2
    assert len({r["source_ref_hash"] for r in rows(imported, "reports")}) == 1
    assert imported.set_aside.num_rows == 0


def test_the_order_of_documents_does_not_matter():
    documents = [
        bank(payment(paid()), number="A"),
        bank(payment(paid(), number="T2"), indicator="STRUC", number="B", submitted="2025-05-01T09:00:00"),
        PLATFORM.format("<phone>+31612345678</phone>"),
    ]
    first, second = read(*documents), read(*reversed(documents))
    for name in ("reports", "persons", "transactions"):
        assert sorted(map(str, rows(first, name))) == sorted(map(str, rows(second, name)))


# Element sets


def test_older_and_newer_element_sets_say_the_same():
    old = (
        "<account>NL00EXAM0000000071</account><signatory><is_primary>1</is_primary><t_person>"
        + person(more=paper() + "<email>k@example.com</email>")
        + "</t_person></signatory>"
    )
    new = (
        "<iban>NL00EXAM0000000071</iban><related_persons><account_related_person><is_primary>true</is_primary>"
        "<t_person>"
        + person(
            more=f"<emails><email>k@example.com</email></emails><identifications>{paper()}</identifications>"
        )
        + "</t_person></account_related_person></related_persons>"
    )
    read_both = [
        read(bank(payment(f"<t_from_my_client><from_account>{a}</from_account></t_from_my_client>")))
        for a in (old, new)
    ]
    for name in ("persons", "accounts", "transactions"):
        assert rows(read_both[0], name) == rows(read_both[1], name) != []


@pytest.mark.parametrize("root", ["goAML", "goAMLReport", "reports"])
def test_several_reports_may_stand_in_one_document(root):
    inner = bank(payment(paid()), number="A") + bank(payment(paid(), number="T2"), number="B")
    content = f'<?xml version="1.0"?><{root} xmlns="urn:example">{inner}</{root}>'.encode()
    assert sniff_goaml(content) == "goaml_report"
    assert read(content).tables["reports"].num_rows == 2


def test_recognised_by_what_stands_below_the_root():
    assert sniff_goaml(b"<Report><Report_Indicators/><rentity_id>1</rentity_id></Report>") == "goaml_report"
    assert sniff_goaml(b"<report><incidentSummary/><activity/></report>") == ""
    assert sniff_goaml(b"<order><report><rentity_id>1</rentity_id></report></order>") == ""
    assert sniff_goaml(b'{"rentity_id": 1}') == ""


def test_an_account_that_names_nobody_is_known_by_its_number():
    account = "<t_from_my_client><from_account><swift>EXAMNL2A</swift><account>{}</account></from_account></t_from_my_client>"
    imported = read(
        bank(payment(account.format("00-71.002")) + payment(account.format("0071002"), number="T2"))
    )
    assert only(imported, "persons")["person_id"] == KEY.token("person", "account", "EXAMNL2A 0071002")
    assert only(imported, "persons")["identity_level"] == "handle"


def test_a_firm_is_known_by_its_number_and_has_no_age():
    firm = (
        "<t_from_my_client><from_entity><name>Example Trading</name>"
        "<incorporation_number>KX-7100</incorporation_number></from_entity></t_from_my_client>"
    )
    row = only(read(bank(payment(firm))), "persons")
    assert row["person_id"] == KEY.token("person", "firm", "", "KX7100")
    assert (row["identity_level"], row["age_band"]) == ("named", "unknown")


def test_an_address_without_a_port_links_nothing():
    device = (
        "<network_devices><network_device><device_number>0000</device_number><ip_address>"
        "<ipv4>203.0.113.9</ipv4></ip_address></network_device></network_devices>"
    )
    imported = read(bank(payment(paid(person(more=device)))))
    assert rows(imported, "network_events") == []


# Codes


@pytest.mark.parametrize(
    ("funds", "transmode", "channel"),
    [
        ("CRPTC", "ONBNK", "crypto"),
        ("ELCFT", "CCD", "card"),
        ("ELCFT", "-", "bank"),
        ("-", "OCT", "unknown"),
        ("MNYOR", "BO", "remittance"),
        ("NLX", "ATM", "cash"),
    ],
)
def test_the_channel_is_the_first_code_that_tells_more_than_that_a_bank_was_used(funds, transmode, channel):
    side = f"<t_from_my_client><from_funds_code>{funds}</from_funds_code><from_person>{person()}</from_person></t_from_my_client>"
    imported = read(bank(payment(side).replace("ONBNK", transmode)))
    assert only(imported, "transactions")["payment_channel"] == channel
    assert imported.unknown == ({"funds_code:NLX": 1} if funds == "NLX" else {})


def test_an_indicator_that_is_no_code_is_left_behind():
    imported = read(bank(payment(paid()), indicator=f"{CHILD} AB_1-x.2 31612345678 Kilo.Lima@example.com"))
    assert only(imported, "transactions")["indicator_codes"] == [CHILD, "AB_1-x.2"]
    assert "an indicator that does not look like a code" in found(imported)


# Money


def test_amounts_in_other_currencies_are_euro_by_the_rate_of_the_day():
    rates = Rates.of({"EUR": 1, "SEK": {"2025-01-01": "0.1", "2025-02-01": 0.2}})
    assert to_euro([("SEK", "50")], date(2025, 1, 31), rates) == Decimal("5.00")
    assert to_euro([("SEK", "50")], date(2025, 2, 1), rates) == Decimal("10.00")
    assert to_euro([("SEK", "50"), ("EUR", "9.99")], date(2025, 2, 1), rates) == Decimal("9.99")
    for amounts_ in ([("SEK", "1e3")], [("EUR", "")], [("USD", "5")], [("EUR", "9" * 16)], [("EUR", "NaN")]):
        assert to_euro(amounts_, date(2025, 2, 1), rates) is None
    assert to_euro([("SEK", "50")], None, rates) is None


def test_an_amount_without_a_rate_is_unknown_and_told():
    content = bank(payment(paid())).replace("EUR", "AED")
    imported = read(content)
    assert amounts(imported) == [None]
    assert "an amount in a currency without a rate, or no amount" in found(imported)


def test_an_amount_that_is_stated_in_euro_too_needs_no_rate():
    foreign = (
        "<from_foreign_currency><foreign_currency_code>EUR</foreign_currency_code>"
        "<foreign_amount>24.50</foreign_amount></from_foreign_currency>"
    )
    side = paid().replace("<from_person>", foreign + "<from_person>", 1)
    content = bank(payment(side)).replace("<currency_code_local>EUR", "<currency_code_local>AED")
    assert amounts(read(content)) == [Decimal("-24.50")]


# The mapping of an agency


def test_an_agency_lays_its_own_codes_over_the_mapping(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'format = "goaml"\nversion = 3\n[national]\nzone = "Asia/Dubai"\n[rates]\nAED = { 2025-01-01 = 0.25 }\n'
        '[indicator.child]\nNL-77 = "trafficking"\n[transmode]\nremittance = ["NLX"]\n',
        encoding="utf-8",
    )
    (national,) = with_own([GOAML], [own])
    assert national.mapping == "goaml 2+3"
    content = bank(payment(paid(funds="-")), indicator="NL-77").replace("ONBNK", "NLX").replace("EUR", "AED")
    imported = read(content, formats=(national,))
    assert only(imported, "reports")["incident_type"] == "trafficking"
    row = only(imported, "transactions")
    assert (row["amount_eur"], row["payment_channel"]) == (Decimal("-6.25"), "remittance")
    assert row["executed_at"] == datetime(2025, 4, 30, 19, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        '[transmode]\nbarter = ["X"]',
        '[transmode]\nbank = "X"',
        '[indicator.child]\nX = "no such kind"',
        '[indicators.child]\nX = "csam"',
        '[national]\nzone = "Nowhere/Land"',
        "[rates]\nUSD = 0",
        '[rates]\nUSD = "much"',
        "[rates]\nUSD = { yesterday = 1 }",
        "[no_date]\ndays = ['never']",
        '[elements.report]\nkept = ["reason"]',
        "transmode = 3",
    ],
)
def test_a_mapping_with_a_mistake_is_refused_and_says_where(tmp_path, text):
    own = tmp_path / "own.toml"
    own.write_text(f'format = "goaml"\nversion = 1\n{text}', encoding="utf-8")
    with pytest.raises(InputRefusedError, match=r"own\.toml.*expected"):
        with_own([GOAML], [own])


def test_a_code_of_the_agency_goes_before_the_shipped_meaning():
    """Shipped, B is an account of which nothing is known: a country may mean another thing by it."""
    own = {"version": 1, "account_status": {"active": ["B"]}}
    mapping = lay_over(own, Checking("own.toml", ""))
    assert (load_mapping().account_status["B"], mapping.account_status["B"]) == ("unknown", "active")
    assert mapping.account_status["CLS"] == "permanently_disabled"


def test_the_shipped_mapping_counts_every_element_of_the_schema_once():
    for name, group in load_mapping().elements.items():
        for action in group.values():
            assert action in {"kept", "dropped"} or action in load_mapping().elements, name


@pytest.mark.parametrize(
    "content",
    [
        bank(payment(paid())).encode()[:-12],
        b"<report><rentity_id>7</rentity_id>" + b"<activity>" * 100_000,
        b'<!DOCTYPE r [<!ENTITY a "ha">]><report><rentity_id>&a;</rentity_id></report>',
        bank("<reason>data:image/png;base64,iVBORw0KGgo</reason>").encode(),
    ],
)
def test_what_cannot_be_read_is_set_aside_and_stops_nothing(content):
    imported = read(content, bank(payment(paid())))
    assert imported.tables["reports"].num_rows == 1
    assert imported.set_aside.num_rows == 1


def test_times_without_a_zone_are_local_and_told():
    imported = read(bank(payment(paid(), at="2025-01-15T10:00:00"), submitted="2025-05-02T09:00:00Z"))
    assert only(imported, "transactions")["executed_at"] == datetime(2025, 1, 15, 9, tzinfo=UTC)
    assert only(imported, "reports")["received_at"] == datetime(2025, 5, 2, 9, tzinfo=UTC)
    assert "a time without a zone" in found(imported)


def test_reading_twice_gives_the_same():
    first, second = read(WHOLE), read(WHOLE)
    assert first.tables == second.tables
    assert read_all([("b.xml", WHOLE.encode())], KEY, RECEIVED).tables == first.tables
