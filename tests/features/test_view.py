"""The as-of rule: nothing that came later may be seen; and whose rows count for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.features.catalogue import FEATURES, build_features
from triage.features.view import Rows, View
from triage.schema.declare import Knowable
from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES

AT = datetime(2024, 4, 1, tzinfo=UTC)
AS_OF = np.array([int(AT.timestamp())] * 2)
FUTURE = AT + timedelta(seconds=1)
SEEN = [name for name in TABLES if name != "outcomes"]
WITH_ENRICHMENT = [name for name in SEEN if "enriched_at" in TABLES[name]]
LATE = {Knowable.ENRICHMENT, Knowable.EITHER}
tried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


def features(part: Part, as_of: np.ndarray = AS_OF, **options: bool) -> np.ndarray:
    return build_features(View(part, as_of, **options), list(FEATURES))


def replace(part: Part, name: str, table: pa.Table) -> Part:
    return Part({**part.tables, name: table}, part.cases, part.set_aside, [])


def put(table: pa.Table, column: str, rows: list[int], value: object) -> pa.Table:
    values = table[column].to_pylist()
    for row in rows:
        values[row] = value
    kind = table[column].type
    if pa.types.is_dictionary(kind):
        # The code of a value is its index in the declared list.
        listed = table[column].combine_chunks().dictionary.to_pylist()
        codes = [None if one is None else listed.index(one) for one in values]
        changed = pa.DictionaryArray.from_arrays(pa.array(codes, kind.index_type), pa.array(listed))
    else:
        changed = pa.array(values, kind)
    return table.set_column(table.column_names.index(column), column, changed)


def blank(table: pa.Table, column: str, rows: list[int] | None = None) -> pa.Table:
    return put(table, column, list(range(table.num_rows)) if rows is None else rows, None)


def late_columns(name: str) -> list[str]:
    own = {"known_at", "enriched_at"}
    return [c.name for c in TABLES[name].columns if c.knowable in LATE and c.name not in own]


def hide_rows(table: pa.Table, rows: list[int]) -> pa.Table:
    return table.filter(pa.array([row not in rows for row in range(table.num_rows)]))


def columns_read(part: Part, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Compute all features and note which columns of which tables they ask for."""
    read: set[tuple[str, str]] = set()
    for method in ("codes", "has", "filled", "tokens", "seconds", "numbers"):
        own = getattr(Rows, method)

        def noting(self: Rows, column: str, *codes: str, own=own) -> object:
            read.add((self._declared.name, column))
            return own(self, column, *codes)

        monkeypatch.setattr(Rows, method, noting)
    features(part)
    return read


def test_rich_part_fills_every_column_that_a_feature_reads(
    rich_part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without this the properties below could hold of columns that are empty anyway."""
    read = columns_read(rich_part, monkeypatch)
    empty = [(name, column) for name, column in read if rich_part.tables[name][column].null_count]
    assert not empty
    assert {name for name, _ in read} == set(SEEN)


def test_every_column_that_is_read_matters(rich_part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features(rich_part)
    for name, column in sorted(columns_read(rich_part, monkeypatch)):
        table = blank(rich_part.tables[name], column)
        less = features(replace(rich_part, name, table))
        assert not np.array_equal(less, whole, equal_nan=True), (name, column)


@given(data=st.data())
@tried
def test_row_that_is_known_later_changes_nothing(rich_part: Part, data: st.DataObject) -> None:
    """Whatever stands in a row that is not yet known: the features are those without the row."""
    name = data.draw(st.sampled_from(SEEN))
    table = rich_part.tables[name]
    rows = data.draw(st.lists(st.integers(0, table.num_rows - 1), min_size=1, unique=True))
    later = replace(rich_part, name, put(table, "known_at", rows, FUTURE))
    absent = replace(rich_part, name, hide_rows(table, rows))
    np.testing.assert_array_equal(features(later), features(absent))


@given(data=st.data())
@tried
def test_column_that_is_filled_later_changes_nothing(rich_part: Part, data: st.DataObject) -> None:
    """Whatever stands in enrichment columns that are not yet filled: the features are those without them."""
    name = data.draw(st.sampled_from(WITH_ENRICHMENT))
    table = rich_part.tables[name]
    rows = data.draw(st.lists(st.integers(0, table.num_rows - 1), min_size=1, unique=True))
    later = replace(rich_part, name, put(table, "enriched_at", rows, FUTURE))
    for column in late_columns(name):
        table = blank(table, column, rows)
    np.testing.assert_array_equal(features(later), features(replace(rich_part, name, table)))


@pytest.mark.parametrize("name", SEEN)
def test_row_counts_from_the_very_second_at_which_it_is_known(rich_part: Part, name: str) -> None:
    table, at = rich_part.tables[name], AT
    if name == "children":
        # Later than the report that mentions them, they would be children of a register.
        at = datetime(2024, 3, 1, 12, tzinfo=UTC)
    rows = [row for row, known in enumerate(table["known_at"].to_pylist()) if known <= at]
    on_time = replace(rich_part, name, put(table, "known_at", rows, at))
    if name == "reports":
        # Children that were known with their report still are.
        on_time = replace(on_time, "children", rich_part.tables["children"])
        later_reports = list(FEATURES).index("child_mentioned")
        assert features(on_time)[0, later_reports] == 1
    np.testing.assert_array_equal(
        np.delete(features(on_time), _of_mentioned_children(), axis=1),
        np.delete(features(rich_part), _of_mentioned_children(), axis=1),
    )


def _of_mentioned_children() -> list[int]:
    return [
        column
        for column, name in enumerate(FEATURES)
        if "child_mentioned" in name or "mentioned_child" in name
    ]


@pytest.mark.parametrize("name", WITH_ENRICHMENT)
def test_column_counts_from_the_very_second_at_which_it_is_filled(rich_part: Part, name: str) -> None:
    table = rich_part.tables[name]
    on_time = replace(rich_part, name, put(table, "enriched_at", list(range(table.num_rows)), AT))
    np.testing.assert_array_equal(features(on_time), features(rich_part))


@pytest.mark.parametrize("name", SEEN)
def test_hiding_a_table_shows_in_the_features(rich_part: Part, name: str) -> None:
    """Without this the properties above could hold of features that read nothing."""
    table = rich_part.tables[name]
    hidden = replace(rich_part, name, put(table, "known_at", list(range(table.num_rows)), FUTURE))
    assert not np.array_equal(features(hidden), features(rich_part), equal_nan=True)


@pytest.mark.parametrize("name", WITH_ENRICHMENT)
def test_hiding_an_enrichment_shows_in_the_features(rich_part: Part, name: str) -> None:
    table = rich_part.tables[name]
    hidden = replace(rich_part, name, put(table, "enriched_at", list(range(table.num_rows)), FUTURE))
    assert not np.array_equal(features(hidden), features(rich_part), equal_nan=True)


def test_each_case_has_its_own_as_of_time(rich_part: Part) -> None:
    early, late = 0, AS_OF[0]
    both = features(rich_part, np.array([early, late]))
    np.testing.assert_array_equal(both[0], features(rich_part, np.array([early, early]))[0])
    np.testing.assert_array_equal(both[1], features(rich_part)[1])


def test_what_can_be_known_on_arrival_needs_no_enrichment(rich_part: Part) -> None:
    """The catalogue says when a feature can be known; so say the columns that it reads."""
    whole, part = features(rich_part)[0], rich_part
    for name in SEEN:
        table = part.tables[name]
        for column in late_columns(name):
            table = blank(table, column)
        part = replace(part, name, table)
    on_arrival = features(part)[0]
    for feature, full, early in zip(FEATURES.values(), whole, on_arrival, strict=True):
        same = np.array_equal(full, early, equal_nan=True)
        unknown = early == 0 if feature.is_flag else np.isnan(early)
        if feature.knowable == Knowable.ARRIVAL:
            assert same, feature.name
        elif feature.knowable == Knowable.ENRICHMENT:
            assert unknown, feature.name
        else:
            assert unknown or same or not feature.is_flag, feature.name


def test_outcomes_are_never_read(rich_part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = rich_part.tables["outcomes"]
    without = replace(rich_part, "outcomes", outcomes.slice(0, 0))
    np.testing.assert_array_equal(features(without), features(rich_part))
    for column in outcomes.column_names[2:]:
        other = replace(rich_part, "outcomes", blank(outcomes, column))
        np.testing.assert_array_equal(features(other), features(rich_part))
    assert not hasattr(View(rich_part, AS_OF), "outcomes")
    assert not [read for read in columns_read(rich_part, monkeypatch) if read[0] == "outcomes"]


@pytest.mark.parametrize(
    ("known", "mentioned"), [(-86400, 1), (0, 1), (1, 0), (86400, 0)], ids=["before", "with", "just after", "a day later"]
)  # fmt: skip
def test_child_is_mentioned_by_the_report_with_which_it_came(
    one_case, part_of, known: int, mentioned: int
) -> None:
    """A child that turns up later was found by somebody who looked; it counts as access, not as mentioned."""
    came = datetime(2024, 3, 1, 12, tzinfo=UTC)
    row = {"known_at": (came + timedelta(seconds=known)).isoformat(), "relation_to_suspect": "other_family"}
    view = View(part_of(one_case(children=[row])), AS_OF[:1])
    names = ["child_mentioned", "others_child_mentioned", "access_to_others_children"]
    assert build_features(view, names).tolist() == [[mentioned, mentioned, 1]]


def test_child_counts_by_its_own_report_not_by_a_later_one(one_case, part_of) -> None:
    rows = one_case(
        reports=[{}, {"received_at": "2024-03-20"}],
        children=[{"known_at": "2024-03-10", "report_id": "r0"}],
    )
    assert build_features(View(part_of(rows), AS_OF[:1]), ["child_mentioned"])[0, 0] == 0
    rows["children"][0]["report_id"] = "c-r1"
    assert build_features(View(part_of(rows), AS_OF[:1]), ["child_mentioned"])[0, 0] == 1


def test_records_that_our_own_ranking_led_to_can_be_left_out(one_case, part_of) -> None:
    origins = ["own_ranking", "other", "unknown", None]
    pairs = [(kind, origin) for kind in TABLES["prior_records"]["record_kind"].codes for origin in origins]
    record = {"recorded_at": "2020-01-01", "known_at": "2024-03-02"}
    part = part_of(
        *(
            one_case(f"c{i:03}", prior_records=[record | {"record_kind": kind, "origin": origin}])
            for i, (kind, origin) in enumerate(pairs)
        )
    )
    as_of = np.repeat(AS_OF[0], len(pairs))
    whole, hidden = features(part, as_of), features(part, as_of, own_records=False)
    nothing = features(part_of(one_case()), AS_OF[:1])[0]
    for (kind, origin), with_it, without in zip(pairs, whole, hidden, strict=True):
        np.testing.assert_array_equal(without, nothing if origin == "own_ranking" else with_it)
        # An open case pauses a case on the list; it is no feature.
        assert np.array_equal(with_it, nothing, equal_nan=True) == (kind == "open_case")


def test_leaving_our_own_records_out_hides_nothing_else(rich_part: Part) -> None:
    records = rich_part.tables["prior_records"]
    own = [row for row, origin in enumerate(records["origin"].to_pylist()) if origin == "own_ranking"]
    without = replace(rich_part, "prior_records", hide_rows(records, own))
    hidden = features(rich_part, own_records=False)
    np.testing.assert_array_equal(hidden, features(without))
    assert not np.array_equal(hidden, features(rich_part), equal_nan=True)


def test_what_is_known_of_others_is_not_held_against_the_reported_person(one_case, part_of) -> None:
    alone = {"reports": [{}], "accounts": [], "persons": [{}]}
    for role in ("recipient", "third_party", "conductor"):
        o = {"person_id": "o"}
        others = {
            "persons": [{}, {**o, "role": role, "child_facing_role": "asserted", "age_band": "0-12"}],
            "accounts": [{**o, "group_member": "asserted", "compromised": "asserted", "platform_category": "p2p",
                          "account_opened_at": "2020-01-01"}],
            "network_events": [{"event_at": "2024-02-28", "network_type": "tor"}],
            "communications": [{"last_message_at": "2024-02-28", "counterpart_is_minor": "asserted",
                                "contact_codes": ["live_request", "gifts", "travel"]}],
            "prior_records": [{**o, "record_kind": kind, "known_at": "2024-03-02"} for kind in ("allegation", "prior_report")],
            "transactions": [{**o, "executed_at": f"2024-02-0{day}", "amount_eur": f"-{day}",
                              "indicator_codes": ["night"]} for day in range(1, 6)],
        }  # fmt: skip
        with_others = features(part_of(one_case(**{**alone, **others})), AS_OF[:1])[0]
        differ = with_others != features(part_of(one_case(**alone)), AS_OF[:1])[0]
        differ &= ~np.isnan(with_others)
        # That there is a recipient is told; it points nowhere.
        expected = ["passed_on"] if role == "recipient" else []
        assert [name for name, other in zip(FEATURES, differ, strict=True) if other] == expected
        assert FEATURES["passed_on"].sign == 0


def test_who_received_once_and_is_reported_too_is_the_reported_person(one_case, part_of) -> None:
    rows = one_case(
        persons=[{"role": "recipient"}, {"role": "reported"}],
        communications=[{"contact_codes": ["gifts"], "counterpart_is_minor": "asserted"}],
        prior_records=[{"record_kind": "allegation", "known_at": "2024-03-02"}],
    )
    rows["persons"][1]["report_id"] = "c-r1"
    rows["reports"].append(rows["reports"][0] | {"report_id": "c-r1"})
    names = ["secrecy_or_gifts", "minor_counterpart", "contact_allegation", "passed_on"]
    assert build_features(View(part_of(rows), AS_OF[:1]), names).tolist() == [[1, 1, 1, 1]]


def test_person_counts_in_the_case_that_reports_the_person_and_in_no_other(one_case, part_of) -> None:
    """The same token may stand in two cases of a part; it is held against nobody where it only received."""
    reported = one_case("c1", persons=[{"person_id": "p"}])
    received = one_case(
        "c2",
        persons=[{"person_id": "p", "role": "recipient"}],
        prior_records=[{"record_kind": "allegation", "known_at": "2024-03-02"}],
        transactions=[{"amount_eur": "-20", "executed_at": "2024-02-01"}],
        accounts=[{"group_member": "asserted"}],
        network_events=[{"network_type": "tor"}],
        communications=[{"contact_codes": ["gifts"]}],
    )
    for rows in received.values():
        for row in rows:
            row.update({key: "c1-p" for key in ("person_id",) if key in row})
    together = features(part_of(reported, received))
    np.testing.assert_array_equal(together[0], features(part_of(reported), AS_OF[:1])[0])
    np.testing.assert_array_equal(together[1], features(part_of(received), AS_OF[:1])[0])
    names = list(FEATURES)
    assert together[1, names.index("contact_allegation")] == 0
    assert together[1, names.index("payments")] == 0
    assert together[1, names.index("secrecy_or_gifts")] == 0


rows_of_two_cases = st.lists(
    st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.sampled_from("xyz")), st.booleans()), max_size=6
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(rows_of_two_cases, rows_of_two_cases)
@settings(deadline=None)
def test_rows_refer_to_rows_of_their_own_case(
    reports: list[tuple[str, str | None, bool]], children: list[tuple[str, str | None, bool]]
) -> None:
    """Names may stand in several cases, and twice in one; only chosen rows are looked at."""
    tables = {name: table.arrow_schema.empty_table() for name, table in TABLES.items()}
    for name, rows in (("reports", reports), ("children", children)):
        plain = [{"case_id": case, "report_id": token, "known_at": AT} for case, token, _ in rows]
        tables[name] = pa.Table.from_pylist(plain, TABLES[name].arrow_schema)
    view = View(Part(tables, pa.array(["a", "b"]), no_set_aside(), []), AS_OF)
    some, others = (
        rows.only(np.array([chosen for _, _, chosen in drawn], dtype=bool))
        for rows, drawn in ((view.children, children), (view.reports, reports))
    )
    ours, theirs = ([row[:2] for row in drawn if row[2]] for drawn in (children, reports))
    assert some.refer("report_id", others, "report_id").tolist() == [
        row[1] is not None and row in theirs for row in ours
    ]
    names = [token for _, token in theirs]
    assert some.find("report_id", others, "report_id").tolist() == [
        names.index(token) if token is not None and token in names else -1 for _, token in ours
    ]
    assert some.table["report_id"].to_pylist() == [token for _, token in ours]
