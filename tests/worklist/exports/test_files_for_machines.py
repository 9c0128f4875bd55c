import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from triage.worklist.exports import export, export_table
from triage.worklist.exports.coop import MOST_URGENT, priority_of


def test_lines_hold_the_very_values_with_times_as_text(worklist, tmp_path):
    export(worklist, tmp_path / "list.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text(encoding="ascii").splitlines()]
    assert [row["score"] for row in rows] == worklist.table["score"].to_pylist()
    assert rows[0]["due_at"] == "2024-06-02T00:00:00Z"
    assert rows[-1]["due_at"] is None
    assert list(rows[0]) == worklist.table.column_names


def test_hostile_text_comes_back_to_the_letter_and_one_row_is_one_line(hostile, texts, tmp_path):
    export(hostile, tmp_path / "list.jsonl")
    content = (tmp_path / "list.jsonl").read_bytes()
    assert [json.loads(line)["reasons"] for line in content.splitlines()] == texts
    assert content.isascii()
    assert not [byte for byte in set(content) if byte < 32 and byte != 10]


def test_what_is_not_a_number_is_null(tmp_path):
    export_table(pa.table({"score": [math.nan, math.inf, 1.0]}), tmp_path / "list.jsonl")
    values = [json.loads(line)["score"] for line in (tmp_path / "list.jsonl").read_text().splitlines()]
    assert values == [None, None, 1.0]


def test_parquet_keeps_the_table_and_says_what_it_was_made_with(worklist, tmp_path):
    export(worklist, tmp_path / "list.parquet")
    back = pq.read_table(tmp_path / "list.parquet")
    assert back.cast(worklist.table.schema).equals(worklist.table)
    said = {name.decode(): line.decode() for name, line in back.schema.metadata.items()}
    assert {name: said[name] for name in ("model", "policy", "batch", "as_of", "capacity")} == {
        "model": "expert",
        "policy": "default",
        "batch": "spring",
        "as_of": "2024-06-01T00:00:00Z",
        "capacity": "6",
    }


def items_of(path):
    return json.loads(path.read_text(encoding="ascii"))["items"]


def test_coop_gets_items_with_an_id_a_type_and_fields(worklist, tmp_path):
    export(worklist, tmp_path / "list.coop.json")
    first = items_of(tmp_path / "list.coop.json")[0]
    assert {name: type(first[name]) for name in first} == {"id": str, "typeId": str, "data": dict}
    # Coop fetches whatever stands under this name.
    assert not [item for item in items_of(tmp_path / "list.coop.json") if "images" in item["data"]]


def test_coop_gets_a_larger_priority_for_what_stands_higher(worklist, tmp_path):
    export(worklist, tmp_path / "list.coop.json")
    main = [item["data"] for item in items_of(tmp_path / "list.coop.json") if item["data"]["queue"] == "main"]
    priorities = [data["priority"] for data in main]
    assert priorities == sorted(priorities, reverse=True)
    assert len(set(priorities)) == len(main) == 13


def test_coop_gets_children_in_a_queue_of_their_own_without_a_score(worklist, tmp_path):
    export(worklist, tmp_path / "list.coop.json")
    youth = [
        item["data"] for item in items_of(tmp_path / "list.coop.json") if item["data"]["lane"] == "youth"
    ]
    assert {data["queue"] for data in youth} == {"youth"}
    assert not [data for data in youth if "score" in data]


@given(st.integers(1, 10**9))
def test_a_priority_stays_within_what_coop_keeps(rank):
    assert 0 <= priority_of(rank + 1) <= priority_of(rank) <= MOST_URGENT
