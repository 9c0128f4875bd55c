from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.evaluation.monitoring.columns import choose_columns
from triage.evaluation.monitoring.reference import ColumnReference, Reference, pin_reference


def table(rows: int = 1_000, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({
        "case_id": [f"c{seed}-{i}" for i in range(rows)],
        "score": rng.normal(size=rows),
        "probability": rng.uniform(0, 0.1, rows),
        "lane": rng.choice(["ranked", "youth", "escalated"], rows, p=[0.9, 0.06, 0.04]),
        "age": np.where(rng.random(rows) < 0.2, np.nan, rng.integers(18, 80, rows)),
        "source": rng.choice(["platform", "police", "hotline"], rows),
        "received_at": np.datetime64("2024-01-01T00:00:00") + rng.integers(0, 90 * 86_400, rows),
        "model": ["expert"] * rows,
    })  # fmt: skip


def by_name(reference: Reference) -> dict[str, ColumnReference]:
    return {column.name: column for column in reference.columns}


def test_numbers_fall_in_bins_between_quantiles_of_the_reference() -> None:
    (column,) = pin_reference(pa.table({"x": np.arange(1, 101)}), bins=4).columns
    assert column.edges == (25, 50, 75)
    assert column.counts == (25, 25, 25, 25, 0)
    assert column.labels == ("to 25", "above 25 to 50", "above 50 to 75", "above 75", "missing")


def test_value_on_an_edge_belongs_to_the_bin_below() -> None:
    (column,) = pin_reference(pa.table({"x": np.arange(1, 101)}), bins=4).columns
    later = pa.chunked_array([pa.array([25.0, 25.5, -np.inf, np.inf, np.nan, None])])
    assert list(column.place(later)) == [0, 1, 0, 3, 4, 4]


def test_few_different_numbers_have_a_bin_each() -> None:
    (column,) = pin_reference(pa.table({"x": np.repeat([0, 1, 2], [60, 25, 15])})).columns
    assert (column.edges, column.counts) == ((0, 1), (60, 25, 15, 0))


def test_rare_end_of_many_ties_keeps_a_bin() -> None:
    values = np.concatenate([np.zeros(940), np.full(30, 1.0), np.linspace(2, 3, 30)])
    (column,) = pin_reference(pa.table({"x": values})).columns
    assert (column.edges, column.counts) == ((0,), (940, 60, 0))
    (column,) = pin_reference(pa.table({"x": -values})).columns
    assert column.counts == (60, 940, 0)


def test_no_bin_and_no_category_holds_fewer_than_ten() -> None:
    rng = np.random.default_rng(1)
    codes = ["a"] * 80 + ["b"] * 12 + ["c"] * 5 + ["d"] * 3 + [""] * 4
    numbers = np.where(np.arange(104) < 70, np.nan, rng.normal(size=104))
    reference = by_name(pin_reference(pa.table({"code": codes, "x": numbers})))
    assert (reference["code"].categories, reference["code"].counts) == (("a", "b"), (80, 12, 8, 4))
    assert min(reference["x"].counts[:-1]) >= 10
    assert sum(reference["x"].counts) == 104


def test_text_of_numbers_counts_as_numbers() -> None:
    values = np.arange(200)
    text = [str(value) if value % 4 else "" for value in values]
    (column,) = pin_reference(pa.table({"x": text}), bins=2).columns
    (same,) = pin_reference(pa.table({"x": np.where(values % 4, values, np.nan)}), bins=2).columns
    assert column == same
    assert column.missing == 50


def test_reference_remembers_model_dates_and_probability() -> None:
    reference = pin_reference(table())
    assert reference.model == "expert"
    assert reference.first == "2024-01-01"
    assert "2024-03-2" <= reference.last <= "2024-03-31"
    assert reference.probability == pytest.approx(0.05, abs=0.003)


def test_columns_are_chosen_and_the_others_named() -> None:
    chosen, left_out = choose_columns(table())
    assert chosen == ["score", "probability", "lane", "age", "source"]
    assert set(left_out) == {"case_id", "received_at", "model"}
    words = pa.table({"why": [f"because {i}" for i in range(200)], "current_abuse": [0] * 200, "list": [[1]] * 200,
                      "none": [None] * 200, "day": ["2024-01-01"] * 200})  # fmt: skip
    assert choose_columns(words)[0] == []
    with pytest.raises(InputRefusedError):
        pin_reference(words)


def test_what_every_list_has_of_its_own_is_not_watched() -> None:
    chosen, left_out = choose_columns(
        table()
        .append_column("fingerprints", pa.array(["model:1 policy:2 batch:3 capacity:4"] * 1_000))
        .append_column(
            "check", pa.array(["ask: an earlier allegation (yes in 4.2 % of 914 checked)", ""] * 500)
        )
    )
    assert not {"fingerprints", "check"} & set(chosen)
    assert left_out["check"] == left_out["fingerprints"] == "depends on the list, not on the cases"


def test_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    reference = pin_reference(table(), source="source", synthetic=True)
    reference.save(tmp_path / "reference")
    assert Reference.load(tmp_path / "reference") == reference
    assert Reference.load(tmp_path / "reference").id == reference.id
    with pytest.raises(OutputExistsError):
        reference.save(tmp_path / "reference")


def test_file_holds_no_row(tmp_path: Path) -> None:
    names = ["somebody"] * 3 + ["common"] * 997
    cases = table().append_column("name", pa.array(names))
    pin_reference(cases, source="source").save(tmp_path / "reference")
    text = (tmp_path / "reference").read_text()
    assert "somebody" not in text
    assert "c0-1" not in text


def test_reference_of_few_cases_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="99 cases"):
        pin_reference(table(99))


@pytest.mark.parametrize("columns", [["scores"], ["score", "nothing"]])
def test_column_that_is_not_there_is_refused(columns: list[str]) -> None:
    with pytest.raises(InputRefusedError, match="no column"):
        pin_reference(table(), columns)


CHANGES: list[tuple[str, object]] = [
    ("kind", "other"), ("version", 99), ("cases", -5), ("cases", 10), ("cases", 1.5), ("columns", []), ("columns", {}),
    ("columns", [7]), ("probability", 3), ("probability", "x"), ("model", "a\u001b[31m"), ("source_counts", [1]),
    ("sources", [["a"]]), ("synthetic", 1), ("first", None),
]  # fmt: skip
COLUMN_CHANGES: list[tuple[str, object]] = [
    ("edges", [3, 2, 1]), ("edges", [None]), ("counts", [1, 2]), ("counts", [-1] * 11), ("kind", "text"),
    ("categories", ["a"]), ("name", 5), ("missing_by_source", [1]), ("counts", "x" * 11),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_changed_file_is_refused(tmp_path: Path, name: str, value: object) -> None:
    pin_reference(table()).save(tmp_path / "reference")
    content = json.loads((tmp_path / "reference").read_text())
    (tmp_path / "reference").write_text(json.dumps(content | {name: value}))
    with pytest.raises(InputRefusedError, match="reference"):
        Reference.load(tmp_path / "reference")


@pytest.mark.parametrize(("name", "value"), COLUMN_CHANGES)
def test_changed_column_is_refused(tmp_path: Path, name: str, value: object) -> None:
    pin_reference(table(), ["score"]).save(tmp_path / "reference")
    content = json.loads((tmp_path / "reference").read_text())
    content["columns"][0][name] = value
    (tmp_path / "reference").write_text(json.dumps(content))
    with pytest.raises(InputRefusedError, match="reference"):
        Reference.load(tmp_path / "reference")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"cases": NaN}',
        "\x00",
        '{"cases": ' + "9" * 10_000 + "}",
        "\ud800",
    ],
    ids=range(9),
)
def test_what_is_no_reference_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "reference").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputRefusedError, match="reference"):
        Reference.load(tmp_path / "reference")


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputRefusedError):
            Reference.load(path)
