"""The as-of rule: nothing that came later may be seen."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.schema.declare import Knowable
from triage.schema.part import Part
from triage.schema.tables import TABLES

AS_OF = np.array([int(datetime(2024, 4, 1, tzinfo=UTC).timestamp())] * 2)
FUTURE = datetime(2024, 4, 1, 0, 0, 1, tzinfo=UTC)
SEEN = [name for name in TABLES if name != "outcomes"]
WITH_ENRICHMENT = [name for name in SEEN if "enriched_at" in TABLES[name]]


def features(part: Part, as_of: np.ndarray = AS_OF) -> np.ndarray:
    return build_features(View(part, as_of), list(FEATURES))


def replace(part: Part, name: str, table: pa.Table) -> Part:
    return Part({**part.tables, name: table}, part.cases, part.set_aside, [])


def stamp(table: pa.Table, column: str, rows: list[int], at: datetime) -> pa.Table:
    values = table[column].to_pylist()
    for row in rows:
        values[row] = at
    index = table.column_names.index(column)
    return table.set_column(index, column, pa.array(values, table[column].type))


def hide_rows(table: pa.Table, rows: list[int]) -> pa.Table:
    return table.filter(pa.array([row not in rows for row in range(table.num_rows)]))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_row_that_is_known_later_changes_nothing(rich_part: Part, data: st.DataObject) -> None:
    """Whatever stands in a row that is not yet known: the features are those without the row."""
    name = data.draw(st.sampled_from(SEEN))
    table = rich_part.tables[name]
    rows = data.draw(st.lists(st.integers(0, table.num_rows - 1), min_size=1, unique=True))
    later = replace(rich_part, name, stamp(table, "known_at", rows, FUTURE))
    absent = replace(rich_part, name, hide_rows(table, rows))
    np.testing.assert_array_equal(features(later), features(absent))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_column_that_is_filled_later_changes_nothing(rich_part: Part, data: st.DataObject) -> None:
    """Whatever stands in enrichment columns that are not yet filled: the features are those without them."""
    name = data.draw(st.sampled_from(WITH_ENRICHMENT))
    table = rich_part.tables[name]
    later = replace(rich_part, name, stamp(table, "enriched_at", list(range(table.num_rows)), FUTURE))
    for column in TABLES[name].columns:
        if column.knowable in {Knowable.ENRICHMENT, Knowable.EITHER}:
            index = table.column_names.index(column.name)
            table = table.set_column(index, column.name, pa.nulls(table.num_rows, column.arrow_type))
    np.testing.assert_array_equal(features(later), features(replace(rich_part, name, table)))


@pytest.mark.parametrize("name", SEEN)
def test_row_counts_from_the_very_second_at_which_it_is_known(rich_part: Part, name: str) -> None:
    table = rich_part.tables[name]
    rows = list(range(table.num_rows))
    on_time = replace(rich_part, name, stamp(table, "known_at", rows, datetime(2024, 4, 1, tzinfo=UTC)))
    np.testing.assert_array_equal(features(on_time), features(rich_part))


@pytest.mark.parametrize("name", SEEN)
def test_hiding_a_table_shows_in_the_features(rich_part: Part, name: str) -> None:
    """Without this the two properties above could hold of features that read nothing."""
    table = rich_part.tables[name]
    hidden = replace(rich_part, name, stamp(table, "known_at", list(range(table.num_rows)), FUTURE))
    assert not np.array_equal(features(hidden), features(rich_part), equal_nan=True)


@pytest.mark.parametrize("name", ["files", "communications", "children", "persons"])
def test_hiding_an_enrichment_shows_in_the_features(rich_part: Part, name: str) -> None:
    table = rich_part.tables[name]
    hidden = replace(rich_part, name, stamp(table, "enriched_at", list(range(table.num_rows)), FUTURE))
    assert not np.array_equal(features(hidden), features(rich_part), equal_nan=True)


def test_each_case_has_its_own_as_of_time(rich_part: Part) -> None:
    early, late = 0, AS_OF[0]
    both = features(rich_part, np.array([early, late]))
    np.testing.assert_array_equal(both[0], features(rich_part, np.array([early, early]))[0])
    np.testing.assert_array_equal(both[1], features(rich_part)[1])


def test_outcomes_are_never_read(rich_part: Part) -> None:
    without = replace(rich_part, "outcomes", rich_part.tables["outcomes"].slice(0, 0))
    np.testing.assert_array_equal(features(without), features(rich_part))
    assert not hasattr(View(rich_part, AS_OF), "outcomes")
