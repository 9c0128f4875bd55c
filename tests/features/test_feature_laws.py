"""What holds of all features, whatever the rows: range, order, parts, copies, and which way a row may move one."""

from __future__ import annotations

import random
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.features.catalogue import FEATURES
from triage.schema.declare import Column, Kind
from triage.schema.part import Part
from triage.schema.tables import TABLES

Rows = dict[str, list[dict[str, Any]]]
SIGN = np.array([feature.sign for feature in FEATURES.values()])
IS_FLAG = np.array([feature.is_flag for feature in FEATURES.values()])
CAN_BE_DENIED = np.array([bool(feature.denied) for feature in FEATURES.values()])
NAMES = np.array(list(FEATURES))
LEFT_OUT = {
    "case_id",
    "known_at",
    "enriched_at",
    "received_at",
    "source_ref_hash",
    "preserve_until",
    "policy_id",
}
KEYS = {"report_id", "person_id", "account_id", "file_id", "event_id", "thread_id", "transaction_id", "record_id",
        "child_id"}  # fmt: skip
tried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)

# Cases are drawn from a seed: rows with any code in any column, a third of them empty.
SEEDS = st.integers(0, 2**32 - 1)
RANDOM = SEEDS.map(random.Random)
SEEN = [name for name in TABLES if name != "outcomes"]


def some_value(column: Column, draw: random.Random) -> Any:
    if draw.random() < 1 / 3:
        return None
    some: dict[Kind, Callable[[], Any]] = {
        Kind.CODE: lambda: draw.choice(column.codes),
        Kind.TRI: lambda: draw.choice(column.codes),
        Kind.CODES: lambda: draw.sample(column.codes, draw.randrange(3)),
        Kind.TIME: lambda: some_day(draw),
        Kind.AMOUNT: lambda: f"{draw.randint(-9999, 9999) / 100:.2f}",
        Kind.INTEGER: lambda: draw.randrange(50),
        Kind.COUNTRY: lambda: draw.choice(["NL", "BE"]),
        Kind.TOKEN: lambda: draw.choice(["p", "q", "n"]),
    }
    return some[column.kind]()


def some_day(draw: random.Random) -> str:
    return f"2023-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}T0{draw.randrange(10)}:00:00Z"


def some_row(table: str, draw: random.Random) -> dict[str, Any]:
    """Draw a row; it belongs to the first person and account unless told otherwise."""
    row = {c.name: some_value(c, draw) for c in TABLES[table].columns if c.name not in LEFT_OUT | KEYS}
    if table == "reports":
        row["received_at"] = draw.choice([None, some_day(draw)])
    if table == "children":
        row["known_at"] = draw.choice(["2023-01-01", "2024-02-01"])
    if table == "persons":
        row["role"] = row["role"] or "reported"
    return row


def some_case(draw: random.Random) -> Rows:
    """Draw up to three persons, one of them reported, an account of each, and up to three rows a table."""
    persons = [{"person_id": "p"}, *({"person_id": name} for name in draw.choice(["", "q", "o", "qo"]))]
    accounts = [{"person_id": person["person_id"]} for person in persons]
    rows: Rows = {
        "persons": [some_row("persons", draw) | person for person in persons],
        "accounts": [some_row("accounts", draw) | account for account in accounts],
    }
    rows["persons"][0]["role"] = "reported"
    for table in [name for name in SEEN if name not in rows]:
        rows[table] = [some_row(table, draw) for _ in range(draw.randint(int(table == "reports"), 3))]
        for row in rows[table]:
            whose = draw.randrange(len(persons))
            if table in {"network_events", "communications"}:
                row["account_id"] = f"a{whose}"
            if table in {"transactions", "prior_records"}:
                row["person_id"] = persons[whose]["person_id"]
    return rows


CASE = RANDOM.map(some_case)


def row_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    return RANDOM.map(lambda draw: some_row(table, draw))


DAYS = RANDOM.map(some_day)


def one(features_of: Callable[..., np.ndarray], part: Part) -> np.ndarray:
    matrix = features_of(part)
    assert len(matrix) == 1
    return matrix[0]


@pytest.fixture(scope="module")
def moved(one_case, part_of, features_of) -> Callable[[Rows, Rows], np.ndarray]:
    """Compute the features of a case before and after something was added."""

    def compute(before: Rows, after: Rows) -> np.ndarray:
        return features_of(part_of(one_case("c1", **before), one_case("c2", **after)))

    return compute


def score_up(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Mark the features that moved towards current abuse by the sign of the catalogue; from unknown is free."""
    return (SIGN * (after - before)) > 0


def score_down(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (SIGN * (after - before)) < 0


def lost(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return ~np.isnan(before) & np.isnan(after)


@given(rows=CASE)
@tried
def test_flags_are_three_valued_and_numbers_finite_or_unknown(rows, one_case, part_of, features_of) -> None:
    values = one(features_of, part_of(one_case(**rows)))
    assert np.isin(values[IS_FLAG], [-1, 0, 1]).all()
    assert (values[IS_FLAG & ~CAN_BE_DENIED] >= 0).all(), "denied without a sentence for it"
    numbers = values[~IS_FLAG]
    assert not np.isinf(numbers).any()
    assert (numbers[~np.isnan(numbers)] >= 0).all()
    assert not np.signbit(values[values == 0]).any(), "a minus zero would be printed as such"


def test_flags_are_three_valued_and_numbers_finite_or_unknown_in_the_sample(sample, features_of) -> None:
    values = features_of(sample)
    assert np.isin(values[:, IS_FLAG], [-1, 0, 1]).all()
    assert (values[:, IS_FLAG & ~CAN_BE_DENIED] >= 0).all()
    assert not np.isinf(values).any()
    assert not (values < 0)[:, ~IS_FLAG].any()


@given(rows=CASE, data=st.data())
@tried
def test_order_of_rows_changes_nothing(rows, data, one_case, part_of, features_of) -> None:
    """Neither the order in which rows come, nor the order within a case."""
    cases = [one_case("c1", **rows), one_case("c2"), one_case("c3", **rows)]
    whole = features_of(part_of(*cases))
    shuffled: Rows = {}
    for name in TABLES:
        every = [row for case in cases for row in case.get(name, ())]
        shuffled[name] = data.draw(st.permutations(every))
    np.testing.assert_array_equal(features_of(part_of(shuffled)), whole)
    part = part_of(*cases)
    backwards = {
        name: table.take(np.lexsort((-np.arange(table.num_rows), part.position(name))))
        for name, table in part.tables.items()
    }
    np.testing.assert_array_equal(features_of(Part(backwards, part.cases, part.set_aside, [])), whole)


@given(data=st.data())
@tried
def test_where_parts_end_changes_nothing(data, sample, features_of) -> None:
    """Cases may be split over parts in any way: nothing of a case depends on the others."""
    chosen = np.sort(
        data.draw(st.lists(st.integers(0, len(sample.cases) - 1), min_size=1, unique=True, max_size=60))
    )
    np.testing.assert_array_equal(features_of(some_cases(sample, chosen)), features_of(sample)[chosen])


@given(rows=st.lists(CASE, min_size=2, max_size=3), apart=st.booleans())
@tried
def test_cases_that_share_persons_do_not_see_each_other(rows, apart, one_case, part_of, features_of) -> None:
    """The same tokens in several cases of a part: each case is what it would be alone."""
    cases = [one_case(f"c{i}", **row) for i, row in enumerate(rows)]
    for case in cases:
        for found in case.values():
            for row in found:
                for key in {"person_id", "account_id", "counterpart_id"} & set(row):
                    if row[key] is not None and not (apart and key == "account_id"):
                        row[key] = row[key].split("-")[-1]
    whole = features_of(part_of(*cases))
    for i, case in enumerate(cases):
        np.testing.assert_array_equal(whole[i], one(features_of, part_of(case)), err_msg=str(i))


def test_parts_of_the_sample_give_the_rows_of_the_whole(sample, features_of) -> None:
    from triage.schema.batch import split_part

    whole = features_of(sample)
    for size in (1, 7, 64):
        pieces = [features_of(piece) for piece in split_part(sample, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)


@given(
    rows=CASE, copies=st.integers(1, 5), viral=row_of("files"), others=st.lists(row_of("files"), max_size=5)
)
@tried
def test_more_viral_files_never_raise_a_case(rows, copies, viral, others, moved) -> None:
    """Copies of a viral file, as it is or uploaded at another time, move nothing towards current abuse."""
    viral = viral | {"file_annotations": [*(viral["file_annotations"] or []), "viral"]}
    again = [
        viral | {"uploaded_at": (others[i] if i < len(others) else viral)["uploaded_at"]}
        for i in range(copies)
    ]

    few, many = dict(rows), dict(rows)
    few["files"] = [*rows["files"], viral]
    many["files"] = [*rows["files"], viral, *again]
    before, after = moved(few, many)
    assert not NAMES[score_up(before, after) | lost(before, after)].tolist()
    changed = NAMES[~((before == after) | (np.isnan(before) & np.isnan(after)))]
    assert set(changed) <= {"share_viral"}


@given(
    rows=CASE,
    copies=st.integers(1, 4),
    bundle=row_of("reports"),
    times=st.lists(DAYS, min_size=4, max_size=4),
)
@tried
def test_more_reports_of_a_viral_bundle_never_raise_a_case(rows, copies, bundle, times, moved) -> None:
    bundle = bundle | {"actionability": "batch", "received_at": "2023-01-01T00:00:00Z"}
    again = [bundle | {"received_at": at} for at in times[:copies]]

    few, many = dict(rows), dict(rows)
    few["reports"] = [*rows["reports"], bundle]
    many["reports"] = [*rows["reports"], bundle, *again]
    before, after = moved(few, many)
    np.testing.assert_array_equal(after, before)


# Which way a row may move a feature. What stands here may fall although more is known, and why.
CLEARED_BY_MORE = {
    "rising_payments": "a trend of all payments: a later small one can end it",
    "payment_signs": "counts rising payments",
    "all_signs": "counts rising payments",
    "share_unknown": "a share of the files looked up: a known one lowers it",
}
LESS_BY_A_REPORT = {
    "days_since_opening": "counted to the first report of a bundle alone: an earlier one moves that back",
}
GROWS_WITH_MORE = {
    "days_between_payments": "the mean gap: a payment long after the others makes it longer",
    "signs_against": "counts what speaks against it",
    "files": "how many there are, which is never upward",
    "share_viral": "a share of the files: a viral one raises it",
    "share_artificial": "a share of the files: a generated one raises it",
}


@given(rows=CASE, table=st.sampled_from(SEEN), data=st.data())
@tried
def test_nothing_that_is_added_takes_back_what_was_asserted(rows, table, data, moved) -> None:
    """A case cannot be cleared by telling more of it: a raising flag stays, a raising number never falls."""
    added = data.draw(row_of(table))
    if table == "persons":
        # Another role says whose rows these are, not what is in them.
        added = added | {"role": "reported"}
    keyed = dict(rows)
    keyed[table] = [*keyed[table], added]
    if table == "persons":
        keyed[table][-1] |= {"person_id": "last"}
    before, after = moved(rows, keyed)
    fell = (SIGN > 0) & ((after < before) | lost(before, after)) & ((before > 0) | ~IS_FLAG)
    allowed = {*CLEARED_BY_MORE, *(LESS_BY_A_REPORT if table == "reports" else ())}
    assert set(NAMES[fell]) <= allowed


@given(
    rows=CASE,
    table=st.sampled_from([name for name in SEEN if name not in {"reports", "persons"}]),
    data=st.data(),
)
@tried
def test_recency_is_never_lost_by_a_row_that_is_added(rows, table, data, moved) -> None:
    """A lowering number falls or stays when more is known; only a later report puts everything further back."""
    keyed = dict(rows)
    keyed[table] = [*keyed[table], data.draw(row_of(table))]
    before, after = moved(rows, keyed)
    rose = (SIGN < 0) & ~IS_FLAG & ((after > before) | lost(before, after))
    assert set(NAMES[rose]) <= set(GROWS_WITH_MORE)


def asserting_rows() -> list[tuple[str, dict[str, Any]]]:
    """Return, for each raising flag, the rows that assert it by hand: those of a single table."""
    files = sorted(Path(__file__).parent.glob("test_*_features.py"))
    cases = [case for file in files for case in runpy.run_path(str(file))["CASES"]]
    return [
        (name, tables)
        for name, tables, value in cases
        if FEATURES[name].is_flag and FEATURES[name].sign > 0 and value == 1 and len(tables) == 1
        if name not in CLEARED_BY_MORE
    ]


ASSERTING = asserting_rows()


def test_every_raising_flag_has_a_row_that_asserts_it() -> None:
    raising = {name for name, f in FEATURES.items() if f.is_flag and f.sign > 0} - set(CLEARED_BY_MORE)
    assert raising - {name for name, _ in ASSERTING} == {"person_reported"}  # by any case at all


@given(rows=CASE, chosen=st.sampled_from(ASSERTING))
@settings(parent=tried, max_examples=40)
def test_row_that_asserts_does_so_whatever_else_is_known(
    rows, chosen, one_case, part_of, features_of
) -> None:
    name, tables = chosen
    keyed = dict(rows)
    for table, asserting in tables.items():
        # The reported person's, and known before the first report: so it repeats no row that was drawn.
        known = {"known_at": "2023-01-01"}
        of_case = {"persons": {"person_id": "p", "role": "reported"} | known, "children": known}
        keyed[table] = [*keyed[table], *(row | of_case.get(table, {}) for row in asserting)]
    values = one(features_of, part_of(one_case(**keyed)))
    assert values[list(FEATURES).index(name)] == 1


@pytest.fixture(scope="module")
def sample() -> Part:
    from triage.schema.batch import open_batch

    return next(open_batch(Path(__file__).parents[2] / "synthetic_data" / "sample").parts())


def some_cases(part: Part, chosen: np.ndarray) -> Part:
    tables = {name: table.filter(np.isin(part.position(name), chosen)) for name, table in part.tables.items()}
    return Part(tables, part.cases.take(chosen), part.set_aside, [])
