"""A batch written for others says the same as the batch."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.intake.opening import open_any
from triage.schema.batch import Batch
from triage.schema.exporting import FORMS, export_batch
from triage.schema.meta import BatchMeta
from triage.schema.tables import TABLES

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def batch(make_part) -> Batch:
    part = make_part(
        reports=[
            {"report_id": "a", "channels": ["chat", "web"], "report_annotations": ["ext:newer", "spam"]},
            {"report_id": "b", "escalated_by_reporter": "asserted", "known_at": "2024-03-01T12:00:00Z"},
            {"report_id": None},
        ],
        persons=[{"person_id": "p", "report_id": "a", "role": "reported", "age_band": "25-39"}],
        transactions=[{"transaction_id": "t", "person_id": "p", "amount_eur": "-35.10"}],
        files=[{"file_id": "f", "report_id": "gone"}],
    )
    return Batch(BatchMeta("monday", AS_OF), lambda _index: part)


@pytest.mark.parametrize("form", ["csv", "frictionless"])
def test_what_is_written_as_csv_is_read_again_as_the_same_batch(batch, tmp_path, form):
    export_batch(batch, tmp_path / "out", form)
    (part,), (again,) = batch.parts(), open_any(tmp_path / "out", AS_OF).parts()
    for name in TABLES:
        # Who reads CSV cannot know when a column was filled in; "now" is taken.
        columns = [column for column in TABLES[name].arrow_schema.names if column != "enriched_at"]
        assert again.set_aside.to_pylist() == part.set_aside.to_pylist()
        assert again.tables[name].select(columns).to_pylist() == part.tables[name].select(columns).to_pylist()


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_are_rows_out_with_those_set_aside(batch, tmp_path, form):
    rows = export_batch(batch, tmp_path / "out", form)
    assert (rows["reports"], rows["persons"], rows["transactions"], rows["set-aside"]) == (2, 1, 1, 2)
    for name, count in rows.items():
        lines = next((tmp_path / "out").glob(f"{name}.*")).read_text(encoding="utf-8").splitlines()
        assert len(lines) == count + (form != "jsonl")


def test_lines_hold_what_is_known_and_nothing_else(batch, tmp_path):
    export_batch(batch, tmp_path / "out", "jsonl")
    lines = (tmp_path / "out" / "transactions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"transaction_id": "t", "person_id": "p", "case_id": "a", "amount_eur": -35.1, "known_at": "2024-03-01T12:00:00Z"}
    ]  # fmt: skip


def test_the_package_describes_each_column_of_each_file_and_every_value_is_as_it_says(batch, tmp_path):
    export_batch(batch, tmp_path / "out", "frictionless")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"] for resource in package["resources"]}
    assert described == {path.name for path in (tmp_path / "out").glob("*.csv")}
    for resource in package["resources"]:
        with (tmp_path / "out" / resource["path"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert bool(rows) == (resource["name"] in {"reports", "persons", "transactions", "set-aside"})
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        for row in rows:
            assert list(row) == list(fields)
            for name, value in row.items():
                rules = fields[name].get("constraints", {})
                assert value or not rules.get("required")
                if value:
                    assert value in rules.get("enum", [value])
                    assert re.match(rules.get("pattern", ""), value)


def test_every_code_that_a_column_may_hold_passes_its_pattern(batch, tmp_path):
    export_batch(batch, tmp_path / "out", "frictionless")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    tables = [resource for resource in package["resources"] if resource["name"] in TABLES]
    for resource in tables:
        for field in resource["schema"]["fields"]:
            pattern = field.get("constraints", {}).get("pattern")
            codes = TABLES[resource["name"]][field["name"]].codes
            if pattern and codes:
                assert re.fullmatch(pattern, "|".join(codes))
                assert not re.fullmatch(pattern, "no such code")


def test_another_form_and_a_folder_that_is_there_are_refused(batch, tmp_path):
    with pytest.raises(InputRefusedError, match="csv, jsonl, frictionless"):
        export_batch(batch, tmp_path / "out", "xml")
    export_batch(batch, tmp_path / "out", "csv")
    with pytest.raises(OutputExistsError):
        export_batch(batch, tmp_path / "out", "csv")
    assert export_batch(batch, Path(tmp_path / "out"), "csv", force=True)["reports"] == 2
