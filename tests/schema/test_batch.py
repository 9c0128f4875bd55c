from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.schema import batch as batch_module
from triage.schema.batch import open_batch, read_case_ids, split_part, write_batch
from triage.schema.meta import BatchMeta
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from triage.schema.part import Part


@pytest.fixture
def part(make_part: Callable[..., Part]) -> Part:
    return make_part(
        reports=[{"report_id": f"r{i}", "channels": ["chat"], "incident_type": "csam"} for i in range(5)],
        persons=[{"person_id": f"p{i // 2}", "report_id": f"r{i}", "role": "reported"} for i in range(5)],
        accounts=[{"account_id": "a0", "person_id": "p0"}],
        communications=[{"thread_id": "t0", "account_id": "a0", "message_count": 3}],
        files=[{"file_id": f"f{i}", "report_id": f"r{i % 5}", "severity_class": "A1"} for i in range(12)],
    )


@pytest.fixture
def folder(part: Part, tmp_path: Path, now: datetime) -> Path:
    write_batch(tmp_path / "batch", split_part(part, 2), BatchMeta("test", now))
    return tmp_path / "batch"


def test_batch_comes_back_as_it_was_written(folder: Path, part: Part) -> None:
    parts = list(open_batch(folder).parts())
    for name in TABLES:
        joined = pa.concat_tables([p.tables[name] for p in parts])
        assert joined.to_pylist() == part.tables[name].to_pylist()
    assert [case for p in parts for case in p.cases.to_pylist()] == part.cases.to_pylist()
    assert not any(p.findings or p.set_aside.num_rows for p in parts)


def test_a_part_of_too_many_rows_is_cut_between_cases_and_loses_none(
    part: Part, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "PART_ROWS", 12)
    meta = write_batch(tmp_path / "cut", [part], BatchMeta("test", now))
    parts = list(open_batch(tmp_path / "cut").parts())
    assert len(parts) == meta.parts > 1
    assert [case for p in parts for case in p.cases.to_pylist()] == part.cases.to_pylist()
    for name in TABLES:
        joined = pa.concat_tables([p.tables[name] for p in parts])
        assert joined.to_pylist() == part.tables[name].to_pylist()
        assert meta.rows[name] == part.tables[name].num_rows


def test_a_table_of_all_parts_is_one_frame(folder: Path, part: Part) -> None:
    batch = open_batch(folder)
    frame = batch.to_frame("files")
    assert batch.meta.parts > 1
    assert frame["file_id"].tolist() == part.tables["files"]["file_id"].to_pylist()
    assert list(frame) == TABLES["files"].arrow_schema.names
    assert batch.to_frame("transactions").empty


def test_a_table_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    with pytest.raises(InputRefusedError, match="no table 'report'; expected reports, persons"):
        open_batch(folder).to_frame("report")


def test_part_holds_whole_cases_sorted_by_case(folder: Path) -> None:
    seen: set[str] = set()
    for part in open_batch(folder).parts():
        cases = part.cases.to_pylist()
        assert cases == sorted(cases)
        assert not seen & set(cases)
        seen |= set(cases)
        for name in TABLES:
            position = part.position(name)
            assert (position[1:] >= position[:-1]).all()


def test_same_rows_in_another_order_give_the_same_bytes(
    make_part: Callable[..., Part], tmp_path: Path, now: datetime
) -> None:
    rows = [{"report_id": f"r{i}", "incident_type": "csam"} for i in range(6)]
    files = [{"file_id": f"f{i}", "report_id": f"r{i % 3}"} for i in range(9)]
    for name, step in (("a", 1), ("b", -1)):
        part = make_part(reports=[dict(row) for row in rows[::step]], files=files[::step])
        write_batch(tmp_path / name, [part], BatchMeta("same", now))
    written = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert all((tmp_path / "a" / p).read_bytes() == (tmp_path / "b" / p).read_bytes() for p in written)


def test_batch_says_what_it_holds(folder: Path) -> None:
    meta = json.loads((folder / "batch.json").read_text())
    assert meta["format_version"] == 1
    assert meta["rows"]["reports"] == 5
    assert meta["rows"]["files"] == 12
    assert meta["parts"] == 2
    assert meta["synthetic"] is False


def test_existing_batch_is_not_replaced_unless_asked(folder: Path, part: Part, now: datetime) -> None:
    with pytest.raises(OutputExistsError, match="--force"):
        write_batch(folder, [part], BatchMeta("again", now))
    assert open_batch(folder).meta.name == "test"
    write_batch(folder, [part], BatchMeta("again", now), force=True)
    assert open_batch(folder).meta.name == "again"


def test_folder_of_somebody_else_is_never_replaced(tmp_path: Path, part: Part, now: datetime) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("x")
    with pytest.raises(InputRefusedError, match="did not make"):
        write_batch(tmp_path / "home", [part], BatchMeta("x", now), force=True)
    assert (tmp_path / "home" / "thesis.txt").read_text() == "x"


def test_interrupted_writing_leaves_nothing(tmp_path: Path, part: Part, now: datetime) -> None:
    def parts():
        yield part
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_batch(tmp_path / "batch", parts(), BatchMeta("x", now))
    assert list(tmp_path.iterdir()) == []


def test_batch_of_no_cases_can_be_written_and_read(tmp_path: Path, make_part, now: datetime) -> None:
    write_batch(tmp_path / "empty", [make_part(reports=[])], BatchMeta("empty", now))
    (part,) = open_batch(tmp_path / "empty").parts()
    assert len(part.cases) == 0


def damage_truncate(folder: Path) -> None:
    file = folder / "files" / "part-00001.parquet"
    file.write_bytes(file.read_bytes()[:-20])


def damage_empty(folder: Path) -> None:
    (folder / "files" / "part-00000.parquet").write_bytes(b"")


def damage_remove_part(folder: Path) -> None:
    (folder / "persons" / "part-00000.parquet").unlink()


def damage_remove_table(folder: Path) -> None:
    shutil.rmtree(folder / "accounts")


def damage_drop_rows(folder: Path) -> None:
    file = folder / "files" / "part-00000.parquet"
    pq.write_table(pq.read_table(file).slice(1), file)


def damage_garble_json(folder: Path) -> None:
    (folder / "batch.json").write_text("{")


def damage_version(folder: Path) -> None:
    meta = json.loads((folder / "batch.json").read_text())
    (folder / "batch.json").write_text(json.dumps(meta | {"format_version": 2}))


def damage_counts(folder: Path) -> None:
    meta = json.loads((folder / "batch.json").read_text())
    (folder / "batch.json").write_text(json.dumps(meta | {"parts": -1}))


def damage_no_json(folder: Path) -> None:
    (folder / "batch.json").unlink()


def damage_other_kind(folder: Path) -> None:
    (folder / "reports" / "part-00000.parquet").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))


def damage_case_column(folder: Path) -> None:
    file = folder / "files" / "part-00000.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["case_id"]), file)


def damage_column_twice(folder: Path) -> None:
    file = folder / "files" / "part-00000.parquet"
    table = pq.read_table(file)
    pq.write_table(table.append_column("file_id", table["file_id"]), file)


@pytest.mark.parametrize(
    "damage", [value for name, value in sorted(globals().items()) if name.startswith("damage_")]
)
def test_damaged_batch_is_refused_and_the_message_says_where(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder)
    with pytest.raises(InputRefusedError) as caught:
        list(open_batch(folder).parts())
    assert str(folder) in caught.value.where
    assert caught.value.mend or caught.value.expected or "garbles" in caught.value.found


def test_ids_of_a_part_without_them_are_refused(folder: Path) -> None:
    file = folder / "reports" / "part-00000.parquet"
    assert read_case_ids(folder, 0).to_pylist() == sorted(set(pq.read_table(file)["case_id"].to_pylist()))
    pq.write_table(pq.read_table(file).drop_columns(["case_id"]), file)
    with pytest.raises(InputRefusedError, match="no column case_id"):
        read_case_ids(folder, 0)


def test_deleted_column_counts_as_unknown_and_is_told(folder: Path) -> None:
    file = folder / "reports" / "part-00000.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["incident_type"]), file)
    parts = list(open_batch(folder).parts())
    assert parts[0].tables["reports"]["incident_type"].null_count == parts[0].tables["reports"].num_rows
    assert any("incident_type" in finding.column for finding in parts[0].findings)
    assert sum(len(part.cases) for part in parts) == 3


def test_column_of_mixed_types_keeps_what_can_be_read(folder: Path) -> None:
    file = folder / "communications" / "part-00000.parquet"
    table = pq.read_table(file)
    at = table.column_names.index("message_count")
    pq.write_table(table.set_column(at, "message_count", pa.array(["many"])), file)
    part = open_batch(folder).read_part(0)
    assert part.tables["communications"]["message_count"].to_pylist() == [None]
    assert part.findings[0].found == "'many'"


def test_source_files_are_known_by_hash_not_by_name(tmp_path: Path, part: Part, now: datetime) -> None:
    meta = BatchMeta("x", now, source_files=[{"sha256": "ab", "bytes": 3, "kind": "csv"}])
    write_batch(tmp_path / "b", [part], meta)
    assert open_batch(tmp_path / "b").meta.source_files == [{"sha256": "ab", "bytes": 3, "kind": "csv"}]


def test_a_batch_without_a_part_never_reads_it(folder: Path) -> None:
    whole = open_batch(folder)

    def read(index: int) -> Part:
        assert index == 1
        return whole.read_part(index)

    left = replace(whole, read_part=read).without({0})
    assert left.meta.parts == whole.meta.parts - 1 == 1
    assert next(left.parts()).cases == whole.read_part(1).cases
