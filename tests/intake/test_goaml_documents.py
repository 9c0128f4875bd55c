"""Whatever banks send comes out: kept or set aside, and nothing personal with it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake.reading import everything_stored, read_all
from triage.intake.goaml.mapping import load_mapping
from triage.intake.tokens import TokenKey
from triage.schema.mend import mend_table
from triage.schema.tables import TABLES

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
ELEMENTS = load_mapping().elements
# What is taken over as a code, a time or an amount; all else is a text that must not be found again.
_CODED = {
    "indicator": "CSAM1",
    "currency_code_local": "EUR",
    "submission_date": "2025-05-02T09:00:00",
    "date_transaction": "2025-04-30T10:00:00",
    "amount_local": "25.00",
    "transmode_code": "ONBNK",
    "from_funds_code": "CASH",
    "to_funds_code": "CASH",
    "funds_code": "CASH",
    "from_country": "NL",
    "to_country": "PH",
    "country": "PH",
    "country_code": "NL",
    "status_code": "A",
    "role": "RMITR",
    "is_suspected": "true",
    "is_primary": "1",
    "opened": "2020-01-01T00:00:00",
    "birthdate": "1980-03-01T00:00:00",
    "tph_country_prefix": "31",
    "foreign_currency_code": "AED",
    "foreign_amount": "100",
}


def write_whole(name, group, numbers, values):
    """Write an element with every element inside that the mapping knows, and texts that stand nowhere else."""
    inside = ""
    for child, action in ELEMENTS[group].items():
        if action in ELEMENTS:
            inside += write_whole(child, action, numbers, values)
        elif child in _CODED:
            inside += f"<{child}>{_CODED[child]}</{child}>"
        else:
            value = f"zq{next(numbers)}x@invented.example"
            values.append(value)
            inside += f"<{child}>{value}</{child}>"
    return f"<{name}>{inside}</{name}>"


def test_nothing_personal_is_in_what_is_stored():
    values = []
    whole = write_whole("report", "report", count(10_000), values)
    # A text may stand where only a code is expected.
    texts = [whole, whole.replace("CSAM1", "STRUC")]
    for code in ("CASH", "RMITR", "ONBNK", "EUR", "25.00", "2025-04-30T10:00:00"):
        value = f"Kilo Lima {len(texts)}@invented.example"
        values.append(value)
        texts.append(whole.replace(code, value))
    assert len(values) > 1_000
    for place, text in enumerate(texts):
        imported = read_all([(f"{place}.xml", text.encode())], KEY, RECEIVED)
        assert sum(imported.dropped.values()) > 500
        stored, raw = everything_stored(imported)
        lowered = stored.lower()
        for value in values:
            assert value.lower() not in lowered, value
        assert b"invented" not in raw.lower()
        assert "invented" not in lowered


def test_the_whole_schema_is_known():
    imported = read_all(
        [("a.xml", write_whole("report", "report", count(10_000), []).encode())], KEY, RECEIVED
    )
    assert imported.unknown == {}
    assert imported.tables["reports"].num_rows == 1
    assert imported.tables["transactions"].num_rows > 1


# Anything at all

_TEXTS = st.one_of(
    st.sampled_from(
        [
            *("", "-", "N/A", "true", "0", "1", "CSAM1", "STRUC", "EUR", "AED", "25.00", "-3", "1e9", "NaN"),
            *(
                "9" * 20,
                "2025-04-30T10:00:00",
                "2025-04-30T10:00:00+05:00",
                "1900-01-01T00:00:00",
                "9999-12-31",
            ),
            *(
                "0001-01-01",
                "1980-03-01",
                "NL",
                "A1",
                "CASH",
                "RMITR",
                "BNFCR",
                "WITN",
                "203.0.113.9",
                "4711",
            ),
            *(
                "NL00EXAM0000000071",
                "NX71002",
                "k@example.com",
                "31",
                "0612345678",
                "A",
                "Kilo",
                "1969-12-31",
            ),
        ]
    ),
    st.text(
        st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="<&>"),
        max_size=12,
    ),
)
_LIKELY = {
    "report": [
        "rentity_id",
        "entity_reference",
        "transaction",
        "transaction",
        "report_indicators",
        "activity",
    ],
    "transaction": [
        "transactionnumber",
        "t_from_my_client",
        "t_to",
        "t_to_my_client",
        "amount_local",
        "involved_parties",
    ],
    "side": ["from_person", "to_person", "from_account", "to_account", "t_conductor", "from_entity"],
    "party": ["role", "person_my_client", "person", "account"],
    "person": ["first_name", "last_name", "birthdate", "identification", "id_number", "email", "phones"],
}


@st.composite
def trees(draw, name, group, depth=0):
    """Draw an element whose children mostly are those that the mapping knows, in any number and order."""
    known = ELEMENTS.get(group, {})
    names = st.sampled_from([*known, *_LIKELY.get(group, []) * 4, "strange"]) if known else st.just("strange")
    most = 5 if known and depth < 5 else 0
    inside = ""
    for child in draw(st.lists(names, min_size=min(most, 2), max_size=most)):
        inside += draw(trees(child, known.get(child, ""), depth + 1))
    return f"<{name}>{draw(_TEXTS) if not inside else ''}{inside}</{name}>"


@st.composite
def payments(draw):
    """Draw a payment of which at least one side is likely to name somebody."""
    kind = draw(st.sampled_from(["person", "account", "entity"]))
    party = draw(trees(f"from_{kind}", kind, 2))
    number = draw(st.sampled_from(["T1", "T2", "-", ""]))
    outer = draw(st.sampled_from(["t_from_my_client", "t_from"]))
    rest = draw(trees("transaction", "transaction", 2)).partition(">")[2]
    return (
        f"<transaction><transactionnumber>{number}</transactionnumber>"
        f"<amount_local>{draw(_TEXTS)}</amount_local><{outer}>{party}</{outer}>{rest}"
    )


@st.composite
def bank_reports(draw):
    """Draw a report of a bank, most with a payment, about children or not."""
    tree = draw(trees("report", "report", 2)).removesuffix("</report>")
    indicator = draw(st.sampled_from(["CSAM1", "STRUC", "-"]))
    return (
        tree.replace("<report>", "<report><rentity_id>7</rentity_id>", 1)
        + "".join(draw(st.lists(payments(), max_size=2)))
        + f"<report_indicators><indicator>{indicator}</indicator></report_indicators></report>"
    )


_PLATFORM = (
    "<report><incidentSummary/><personOrUserReported><personOrUserReportedPerson><email>k@example.com</email>"
    "</personOrUserReportedPerson></personOrUserReported></report>"
)
_DOCUMENTS = st.lists(
    st.one_of(
        bank_reports().map(str.encode),
        bank_reports().map(lambda text: text.encode()[:-9]),
        bank_reports().map(lambda text: f"<reports>{text}{text}</reports>".encode()),
        st.just(_PLATFORM.encode()),
    ),
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_DOCUMENTS)
def test_whatever_comes_in_comes_out(contents):
    documents = [(f"{place}.xml", content) for place, content in enumerate(contents)]
    imported = read_all(documents, KEY, RECEIVED)
    for table in ("reports", "transactions"):
        met = sum(source["records"].get(table, 0) for source in imported.sources)
        aside = sum(source["set_aside"].get(table, 0) for source in imported.sources)
        assert met == imported.tables[table].num_rows + aside
    assert all(source["records"] for source in imported.sources)
    assert imported.set_aside.num_rows == sum(sum(s["set_aside"].values()) for s in imported.sources)
    for name, table in imported.tables.items():
        mended = mend_table(table, TABLES[name], name)
        assert mended.findings == []
        keys = list(zip(*(table[column].to_pylist() for column in TABLES[name].key), strict=True))
        assert len(keys) == len(set(keys))
    persons = {row["person_id"] for row in imported.tables["persons"].to_pylist()}
    accounts = set(imported.tables["accounts"]["account_id"].to_pylist())
    for name in ("accounts", "transactions"):
        assert set(imported.tables[name]["person_id"].to_pylist()) <= persons
    assert set(imported.tables["network_events"]["account_id"].to_pylist()) <= accounts
