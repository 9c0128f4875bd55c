from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from triage.schema.declare import Kind, Knowable
from triage.schema.dictionary import write_dictionary
from triage.schema.tables import TABLES

ROOT = Path(__file__).parents[2]

# The canonical model has 80 columns; beside them: the case on every table, when each row was known (10), the
# time of enrichment (7 tables), preserve_until, the child's country, the origin of a record, and of outcomes
# when the case was selected, with which probability and by which policy.
CANONICAL, ADDED = 80, 10 + 10 + 7 + 1 + 1 + 1 + 3


def test_there_are_ten_tables_with_all_columns() -> None:
    assert len(TABLES) == 10
    assert sum(len(table.columns) for table in TABLES.values()) == CANONICAL + ADDED


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_tells_its_case_and_when_each_row_was_known(table) -> None:
    assert "case_id" in table
    assert "known_at" in table
    assert all(name in table for name in table.key)
    assert not table.parent or table.parent[1] in TABLES[table.parent[0]]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_enrichment_columns_have_their_time(table) -> None:
    late = {c.name for c in table.columns if c.knowable in {Knowable.ENRICHMENT, Knowable.EITHER}} - {
        "enriched_at"
    }
    # An earlier record is an enrichment as a whole: known_at says when it was found.
    assert ("enriched_at" in table) == (bool(late) and table.name != "prior_records")


def test_flags_are_three_valued_and_sets_are_lists() -> None:
    for table in TABLES.values():
        for column in table.columns:
            if column.kind == Kind.TRI:
                assert column.codes == ("asserted", "unknown", "denied")
            if column.kind == Kind.CODES:
                assert pa.types.is_list(column.arrow_type)


def test_only_outcomes_hold_what_an_investigation_found() -> None:
    for table in TABLES.values():
        found = [c.name for c in table.columns if c.knowable == Knowable.OUTCOME]
        assert bool(found) == (table.name == "outcomes")


def test_no_column_can_hold_a_name_a_text_or_a_hash_of_material() -> None:
    names = {column.name for table in TABLES.values() for column in table.columns}
    for word in (
        "name",
        "address",
        "text",
        "bio",
        "email",
        "phone",
        "url",
        "md5",
        "sha1",
        "gender",
        "nationality",
    ):
        assert not {name for name in names if word in name.split("_")} - {"event_name"}


def test_data_dictionary_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8") == write_dictionary(), (
        "run: make docs"
    )


def test_data_dictionary_names_every_column() -> None:
    page = write_dictionary()
    for table in TABLES.values():
        assert f"## {table.name}\n" in page
        assert all(f"| `{column.name}` |" in page for column in table.columns)
    assert list(csv.reader([page.splitlines()[0]]))[0][0] == "# Data dictionary"
