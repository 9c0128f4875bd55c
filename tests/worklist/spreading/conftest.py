from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pyarrow as pa
import pytest

from triage.schema.batch import Batch, open_batch, split_part, write_batch
from triage.scoring.bundle import Bundle
from triage.scoring.loading import load_model
from triage.worlds import load_world
from triage.worlds.write import write_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from triage.schema.part import Part
    from triage.worklist.build import Worklist


@dataclass
class Deadly:
    """Reads parts as a batch does, and ends the process that reads one of them: always, or the first time."""

    read_part: Callable[[int], Part]
    index: int
    once: Path | None = None
    home: int = field(default_factory=os.getpid)

    def __call__(self, index: int) -> Part:
        assert os.getpid() != self.home, "read in the first process, which would end"
        if index == self.index and (self.once is None or not self.once.exists()):
            if self.once:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.read_part(index)


@pytest.fixture(scope="session", autouse=True)
def pickled_whole() -> None:
    """Others cannot import the modules of the tests."""
    for module in (__name__, __name__.replace("conftest", "test_processes")):
        if module in sys.modules:
            cloudpickle.register_pickle_by_value(sys.modules[module])


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(load_world("nl-2017"), 600, 3, folder / "batch")
    return folder / "batch"


@pytest.fixture(scope="session")
def folder(whole: Path) -> Path:
    """The same in eight parts."""
    return cut(whole, 80, whole.parent / "cut")


@pytest.fixture
def batch(folder: Path) -> Batch:
    return open_batch(folder)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return load_model("expert")


@pytest.fixture
def untidy(whole: Path, tmp_path: Path) -> Path:
    """Its first cases in four parts, and in each a row that stands twice."""
    return cut(whole, 30, tmp_path / "untidy", most=4, twice=True)


def cut(whole: Path, cases: int, out: Path, *, most: int | None = None, twice: bool = False) -> Path:
    def pieces() -> Iterator[Part]:
        for part in batch.parts():
            for piece in islice(split_part(part, cases), most):
                files = piece.tables["files"]
                more = pa.concat_tables([files, files.slice(7, 1)]) if twice else files
                yield replace(piece, tables={**piece.tables, "files": more})

    batch = open_batch(whole)
    write_batch(out, pieces(), batch.meta, force=True)
    return out


def check_lost(worklist: Worklist, good: Worklist, lost: list[str]) -> None:
    told = [alarm for alarm in worklist.alarms if alarm.startswith("part 3 of 8 of the batch ended")]
    assert len(told) == 1
    assert f"its {len(lost)} cases stand on top, unscored" in told[0]
    assert not any("could not be scored" in alarm for alarm in worklist.alarms)
    top = worklist.table.slice(0, len(lost))
    assert set(top["case_id"].to_pylist()) == set(lost)
    assert set(top["lane"].to_pylist()) == {"unreadable"}
    assert top["score"].null_count == len(lost)
    assert all(
        "what scored its part of the batch was ended" in reasons for reasons in top["reasons"].to_pylist()
    )
    assert sorted(worklist.table["case_id"].to_pylist()) == sorted(good.table["case_id"].to_pylist())
    others = [
        [
            (row["case_id"], row["lane"], row["score"], row["reasons"])
            for row in table.to_pylist()
            if row["case_id"] not in lost
        ]
        for table in (worklist.table, good.table)
    ]
    assert sorted(others[0], key=str) == sorted(others[1], key=str)


def same(worklist: Worklist, other: Worklist) -> bool:
    """Say whether two lists are the same to the bit, with the lists beside them and the chances behind them."""
    tables = [(worklist.table, other.table), (worklist.chances, other.chances)]
    tables += [(worklist.lists[name], other.lists[name]) for name in other.lists]
    said, others = ({**one.as_dict(), "findings": []} for one in (worklist, other))
    return said == others and all(same_bits(one, another) for one, another in tables)


def same_bits(table: pa.Table, other: pa.Table) -> bool:
    def bits(column: pa.ChunkedArray) -> list[Any]:
        told: list[Any] = column.to_pylist()
        return (
            [value.hex() for value in told]
            if pa.types.is_floating(column.type) and None not in told
            else told
        )

    return table.schema.equals(other.schema) and all(
        bits(table[name]) == bits(other[name]) for name in table.column_names
    )
