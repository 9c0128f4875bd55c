from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triage.schema import times
from triage.schema.findings import Level
from triage.schema.mend import mend_column, mend_table
from triage.schema.tables import FILES, OUTCOMES, REPORTS, TABLES, TRANSACTIONS
from triage.schema.times import EARLIEST, LATEST


def mend(values: object, column: str, table: str = "reports") -> tuple[list[object], list[bool]]:
    raw = values if isinstance(values, pa.Array) else pa.array(values)
    mended, bad = mend_column(raw, TABLES[table][column])
    assert mended.type == TABLES[table][column].arrow_type
    return mended.to_pylist(), bad.tolist()


def test_unknown_code_becomes_unknown_and_is_told() -> None:
    assert mend(["csam", "murder", None, ""], "incident_type") == (
        ["csam", None, None, None],
        [False, True, False, False],
    )


def test_absent_flag_is_unknown_never_denied() -> None:
    assert mend(["asserted", "denied", "unknown", "", None], "escalated_by_reporter")[0] == [
        "asserted",
        "denied",
        "unknown",
        None,
        None,
    ]


@pytest.mark.parametrize("value", ["yes", "no", "true", "0", "assert"])
def test_nothing_but_the_three_words_is_a_flag(value: str) -> None:
    assert mend([value], "escalated_by_reporter") == ([None], [True])


def test_code_stands_in_declared_order_so_that_it_is_its_index() -> None:
    mended, _ = mend_column(pa.array(["other", "csam"]).dictionary_encode(), REPORTS["incident_type"])
    assert mended.dictionary.to_pylist() == list(REPORTS["incident_type"].codes)
    assert mended.indices.to_pylist() == [8, 0]


def test_set_keeps_its_good_codes_and_tells_of_the_bad() -> None:
    assert mend(["chat|web", "chat|fax", "", None], "channels") == (
        [["chat", "web"], ["chat"], None, None],
        [False, True, False, False],
    )


def test_set_may_come_as_an_arrow_list() -> None:
    values = pa.array([["viral"], [], None, ["viral", "bogus"]], pa.list_(pa.string()))
    assert mend(values, "file_annotations", "files") == (
        [["viral"], [], None, ["viral"]],
        [False, False, False, True],
    )


def test_extension_codes_are_kept_where_the_set_is_open() -> None:
    assert mend(["sextortion|ext:newTag"], "report_annotations")[0] == [["sextortion", "ext:newTag"]]
    assert mend(["chat|ext:newTag"], "channels") == ([["chat"]], [True])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01T10:00:00Z", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        ("2024-03-01T12:00:00+02:00", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        ("2024-03-01T10:00:00.987654321Z", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        ("2024-03-01 10:00", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        ("2024-03-01", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-02-30", None),
        ("1969-12-31T23:59:59Z", None),
        ("9999-01-01T00:00:00Z", None),
        ("01/03/2024", None),
        ("yesterday", None),
    ],
)
def test_time_is_read_as_utc_to_the_second_or_becomes_unknown(text: str, expected: datetime | None) -> None:
    good = "2020-01-01T00:00:00Z"
    for values in ([text], [good, text]):  # an impossible date must not take its neighbours with it
        mended, bad = mend(values, "received_at")
        assert mended[-1] == expected
        assert bad[-1] == (expected is None)
        assert not any(bad[:-1])


def read_in_python(text: str) -> datetime | None:
    # Of 24 o'clock some versions of Python make the next day.
    if "T24" in text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    time = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    return time if EARLIEST <= time < LATEST else None


@given(
    st.lists(
        st.builds(
            "{:04}-{:02}-{:02}{}".format,
            st.sampled_from([0, 1, 1900, 1969, 1970, 2000, 2023, 2024, 2100, 2199, 2200, 2262, 2263, 9999]),
            st.integers(0, 13),
            st.sampled_from([0, 1, 28, 29, 30, 31, 32]),
            st.one_of(
                st.just(""),
                st.builds(
                    "T{:02}:{:02}:{:02}{}".format,
                    st.sampled_from([0, 23, 24]),
                    st.sampled_from([0, 59, 60]),
                    st.sampled_from([0, 59, 60]),
                    st.sampled_from(["", "Z", "+02:00", "-23:59", "+99:00"]),
                ),
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(deadline=None)
@example(["2024-02-29", "2023-02-29", "2000-02-29", "2100-02-29"])
def test_times_are_those_that_python_reads(texts: list[str]) -> None:
    assert mend(texts, "received_at")[0] == [read_in_python(text) for text in texts]


def test_one_time_that_there_is_not_leaves_the_others_to_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "_parse_time", None)
    texts = ["2024-02-30", "9999-12-31T00:00:00Z", "2024-01-01T24:00", "2024-01-01T10:61Z", "2024-03-01"]
    assert mend(texts, "received_at")[0] == [None] * 4 + [datetime(2024, 3, 1, tzinfo=UTC)]


_LIKE_A_TIME = st.tuples(st.integers(0, 18), st.sampled_from("0123456789T :-.+Z")).map(
    lambda change: "2024-03-01T10:00:00Z"[: change[0]] + change[1] + "2024-03-01T10:00:00Z"[change[0] + 1 :]
)


@given(st.lists(_LIKE_A_TIME, min_size=1, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_a_time_is_does_not_depend_on_the_times_beside_it(values: list[str]) -> None:
    """Times of one shape are read at once; the bare date in the second column takes that way out."""
    column = REPORTS["received_at"]
    alone, _ = mend_column(pa.array(values), column)
    beside, _ = mend_column(pa.array([*values, "2024-01-01"]), column)
    assert alone.to_pylist() == beside.to_pylist()[:-1]


def test_time_may_come_as_a_date_or_in_microseconds() -> None:
    assert mend([date(2024, 3, 1)], "received_at")[0] == [datetime(2024, 3, 1, tzinfo=UTC)]
    assert mend(pa.array([1_500_000], pa.timestamp("us")), "received_at")[0] == [
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    ]


def test_amount_keeps_its_cents_and_its_sign() -> None:
    assert mend(["-12.5", "3", "1e5", "12,50"], "amount_eur", "transactions") == (
        [Decimal("-12.50"), Decimal("3.00"), None, None],
        [False, False, True, True],
    )


def test_count_is_a_whole_number_from_zero() -> None:
    assert mend(["3", "-1", "2.5", "7.0"], "message_count", "communications") == (
        [3, None, None, 7],
        [False, True, True, False],
    )


def test_share_lies_above_zero_and_at_most_one() -> None:
    assert mend(["0.5", "1", "0", "1.5"], "inclusion_probability", "outcomes") == (
        [0.5, 1.0, None, None],
        [False, False, True, True],
    )


def test_number_of_another_type_is_read_all_the_same() -> None:
    assert mend(pa.array([0.25]), "inclusion_probability", "outcomes") == ([0.25], [False])
    assert mend(pa.array([5], pa.int8()), "message_count", "communications") == ([5], [False])


@pytest.mark.parametrize("value", ["Jan Jansen", "jan@example.org", "a" * 65, "x;y", "é"])
def test_token_cannot_be_a_name_an_address_or_a_text(value: str) -> None:
    assert mend([value], "report_id") == ([None], [True])


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=66), max_size=8),
    st.lists(st.text("azAZ09._:-", min_size=1, max_size=64), max_size=8),
)
@example([chr(letter) for letter in range(1, 128)], [])
def test_token_is_letters_digits_and_four_signs_wherever_it_stands(
    some: list[str], tokens: list[str]
) -> None:
    allowed = re.compile(r"[A-Za-z0-9._:\-]{1,64}")
    for texts in ([*some, *tokens], tokens, *([text] for text in some)):
        # Blanks around a token are not part of it, and an empty text is no mistake.
        stripped = [text.strip() for text in texts]
        found, bad = mend(pa.array(texts, pa.string()), "report_id")
        assert found == [text if allowed.fullmatch(text) else None for text in stripped]
        assert bad == [bool(text) and not allowed.fullmatch(text) for text in stripped]


def test_country_is_two_capitals() -> None:
    assert mend(["NL", "zz", "A1", "Netherlands", "n"], "jurisdiction_country") == (
        ["NL", "ZZ", "A1", None, None],
        [False, False, False, True, True],
    )


def test_capitals_and_the_separator_of_a_set_do_not_matter() -> None:
    assert mend(["CSAM", "Enticement"], "incident_type")[0] == ["csam", "enticement"]
    assert mend(["a1", "iwf_B"], "severity_class", "files")[0] == ["A1", "IWF_B"]
    assert mend(["Sextortion;spam", "spam, sadistic_online"], "report_annotations")[0] == [
        ["sextortion", "spam"],
        ["spam", "sadistic_online"],
    ]


def test_column_of_a_type_that_makes_no_sense_becomes_unknown() -> None:
    assert mend(pa.array([{"a": 1}, None]), "incident_type") == ([None, None], [True, False])
    assert mend(pa.array([b"\xff\xfe"]), "report_id") == ([None], [True])
    assert mend(pa.array([True, False]), "escalated_by_reporter") == ([None, None], [True, True])


def test_missing_column_counts_as_unknown_and_is_told_once() -> None:
    mended = mend_table(pa.table({"report_id": ["r1"]}), REPORTS, "reports.csv")
    assert mended.table.schema == REPORTS.arrow_schema
    (finding,) = mended.findings
    assert finding.level == Level.COLUMN
    assert "received_at" in finding.column
    assert mended.usable.tolist() == [True]


def test_finding_names_file_row_column_what_was_found_and_what_was_expected() -> None:
    table = pa.table({"file_id": ["f1", "f2"], "report_id": ["r1", "r1"], "severity_class": ["A1", "A9"]})
    finding = next(f for f in mend_table(table, FILES, "files.csv").findings if f.level == Level.FIELD)
    assert (finding.where, finding.row, finding.column, finding.found) == (
        "files.csv",
        2,
        "severity_class",
        "'A9'",
    )
    assert finding.expected.startswith("A1, A2, B1, B2")
    assert "files.csv, row 2 (line 3), column severity_class: found 'A9'; expected A1" in str(finding)


def test_many_bad_values_are_counted_not_listed() -> None:
    table = pa.table(
        {"report_id": [f"r{i}" for i in range(100)], "incident_type": [f"x{i}" for i in range(100)]}
    )
    found = [f for f in mend_table(table, REPORTS, "r").findings if f.level == Level.FIELD]
    assert len(found) == 6
    assert sum(f.count for f in found) == 100


def test_message_cannot_carry_control_characters() -> None:
    table = pa.table({"report_id": ["r1"], "incident_type": ["\x1b[2J\n" + "x" * 500]})
    (finding,) = [f for f in mend_table(table, REPORTS, "r").findings if f.level == Level.FIELD]
    assert finding.found.isprintable()
    assert len(finding.found) < 50


def test_row_without_its_key_is_unusable() -> None:
    mended = mend_table(pa.table({"report_id": ["r1", None, "a b"]}), REPORTS, "reports.csv")
    assert mended.usable.tolist() == [True, False, False]


_ANY = st.one_of(
    st.none(), st.text(max_size=30), st.sampled_from(["csam", "asserted", "2024-01-01", "3", "NL"])
)


@given(st.lists(_ANY, min_size=1, max_size=20), st.data())
def test_any_text_in_any_column_gives_the_declared_type_and_keeps_every_row(
    values: list[str | None], data: st.DataObject
) -> None:
    table = data.draw(st.sampled_from([REPORTS, FILES, TRANSACTIONS, OUTCOMES]))
    column = data.draw(st.sampled_from(table.columns))
    mended, bad = mend_column(pa.array(values, pa.string()), column)
    assert mended.type == column.arrow_type
    assert len(mended) == len(bad) == len(values)
    is_set = pa.types.is_list(column.arrow_type)
    for value, kept, wrong in zip(values, mended.to_pylist(), bad.tolist(), strict=True):
        if wrong and not is_set:
            assert kept is None
        if value is None:
            assert kept is None
            assert not wrong


@given(st.lists(st.sampled_from(["csam", "enticement", None, "x", ""]), min_size=1, max_size=30))
def test_mending_what_is_mended_changes_nothing(values: list[str | None]) -> None:
    once, _ = mend_column(pa.array(values, pa.string()), REPORTS["incident_type"])
    twice, bad = mend_column(once, REPORTS["incident_type"])
    assert twice.equals(once)
    assert not bad.any()


def test_set_that_loses_all_its_codes_is_unknown_not_empty() -> None:
    """An empty set of codes says that somebody looked and found none; what cannot be read says nothing."""
    values = pa.array([["nonsense"], ["nonsense", "gifts"], []], pa.list_(pa.string()))
    assert mend(values, "contact_codes", "communications") == ([None, ["gifts"], []], [True, True, False])


@given(data=st.data())
@settings(deadline=None)
@pytest.mark.parametrize("column", ["incident_type", "jurisdiction_country", "channels", "received_at"])
def test_what_is_as_declared_comes_out_as_its_words_would(data: st.DataObject, column: str) -> None:
    """Columns of a batch are looked at as wholes; a look at each value must find the same."""
    declared = REPORTS[column]
    codes = declared.codes or ("NL", "ZZ", "nl", "N", "B1")
    if column == "channels":
        values = st.lists(st.sampled_from([*codes, "fax", "Web"]), max_size=3)
    elif column == "received_at":
        edges = [EARLIEST, LATEST, LATEST - timedelta(seconds=1), EARLIEST - timedelta(seconds=1)]
        values = st.sampled_from([datetime(2024, 1, 1, tzinfo=UTC), *edges])
    else:
        values = st.sampled_from(codes)
    plain = data.draw(st.lists(st.one_of(st.none(), values), max_size=6))
    raw = pa.array(plain, pa.string() if pa.types.is_dictionary(declared.arrow_type) else declared.arrow_type)
    if pa.types.is_dictionary(declared.arrow_type):
        listed = pa.array(data.draw(st.permutations(codes)))
        raw = pa.DictionaryArray.from_arrays(pc.index_in(raw, listed).cast(pa.int16()), listed)
    words = [None if one is None else _as_words(one) for one in plain]
    mended, bad = mend_column(raw, declared)
    of_words, bad_words = mend_column(pa.array(words, pa.string()), declared)
    empty = np.array([one == [] for one in plain], dtype=bool)
    assert bad.tolist() == bad_words.tolist()
    # Words tell no empty set from an unknown one.
    assert mended.type == of_words.type == declared.arrow_type
    told = [None if none else one for one, none in zip(mended.to_pylist(), empty, strict=True)]
    assert told == of_words.to_pylist()
    if pa.types.is_dictionary(mended.type):
        assert mended.dictionary.equals(of_words.dictionary)


def _as_words(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "|".join(value) if isinstance(value, list) else str(value)


def test_values_below_an_unknown_set_stay_unseen() -> None:
    raw = pa.ListArray.from_arrays(
        pa.array([0, 2, 3], pa.int32()), pa.array(["chat", "web", "phone"]), mask=pa.array([True, False])
    )
    mended, bad = mend_column(raw, REPORTS["channels"])
    assert mended.to_pylist() == [None, ["phone"]]
    assert pc.list_parent_indices(mended).to_pylist() == [1]
    assert not bad.any()
