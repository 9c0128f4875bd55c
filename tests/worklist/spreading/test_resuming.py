from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.schema.batch import Batch, open_batch
from triage.schema.part import Part
from triage.scoring.bundle import Bundle
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist
from triage.worklist.gathering import PartScored, score_one
from triage.worklist.policy import load_policy
from triage.worklist.resuming import Finished

from .conftest import Deadly, same

POLICY = load_policy()


class Counted:
    """Reads parts, and counts them; dies at one of them, as a run does."""

    def __init__(self, read_part: Callable[[int], Part], dies_at: int = -1) -> None:
        self.read_part, self.dies_at, self.read = read_part, dies_at, list[int]()

    def __call__(self, index: int) -> Part:
        if index == self.dies_at:
            raise KeyboardInterrupt
        self.read.append(index)
        return self.read_part(index)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def finished(tmp_path: Path, told: list[str]) -> Finished:
    return Finished(tmp_path / "finished", told.append)


@pytest.fixture
def died(untidy: Path, bundle: Bundle, finished: Finished) -> Batch:
    """A batch whose list died at its third part."""
    batch = open_batch(untidy)
    with pytest.raises(KeyboardInterrupt):
        build_worklist(replace(batch, read_part=Counted(batch.read_part, 2)), bundle, resume=finished)
    return batch


def parts_read_again(batch: Batch, bundle: Bundle, finished: Finished, **more: Any) -> list[int]:
    """Build the list once more, hold it against one built at once, and return which parts were read for it."""
    counted = Counted(batch.read_part)
    resumed = build_worklist(replace(batch, read_part=counted), bundle, resume=finished, **more)
    at_once = build_worklist(batch, bundle, **more)
    assert same(resumed, at_once)
    assert resumed.findings == at_once.findings
    return counted.read


def test_what_was_finished_is_taken_and_the_rest_is_scored(
    died: Batch, bundle: Bundle, finished: Finished, told: list[str]
) -> None:
    assert parts_read_again(died, bundle, finished) == [2, 3]
    assert parts_read_again(died, bundle, finished) == []
    assert not told


def test_processes_take_up_what_another_run_left(died: Batch, bundle: Bundle, finished: Finished) -> None:
    resumed = build_worklist(died, bundle, resume=finished, jobs=2)
    assert same(resumed, build_worklist(died, bundle))
    assert parts_read_again(died, bundle, finished) == []


def test_a_part_that_kills_is_not_taken_for_finished(
    untidy: Path, bundle: Bundle, finished: Finished
) -> None:
    batch = open_batch(untidy)
    deadly = replace(batch, read_part=Deadly(batch.read_part, 2))
    assert build_worklist(deadly, bundle, jobs=2, resume=finished).lost_parts == {2}
    assert parts_read_again(batch, bundle, finished) == [2]


OTHERS: dict[str, Callable[[Batch], dict[str, Any]]] = {
    "time": lambda batch: {"as_of": batch.meta.as_of - timedelta(days=30)},
    "capacity of the policy": lambda _: {"capacity": 3},
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_time_or_policy_takes_nothing(
    died: Batch, bundle: Bundle, finished: Finished, told: list[str], what: str
) -> None:
    assert parts_read_again(died, bundle, finished, **OTHERS[what](died)) == [0, 1, 2, 3]
    assert len(told) == 2
    assert all(
        "another model, policy, time, version or batch; the part is scored again" in text for text in told
    )


def test_another_model_takes_nothing(died: Batch, finished: Finished) -> None:
    assert parts_read_again(died, load_model("nl-2017/scorecard"), finished) == [0, 1, 2, 3]


def test_other_rows_of_a_part_are_scored_again(died: Batch, bundle: Bundle, finished: Finished) -> None:
    import pyarrow.parquet as pq

    assert died.folder
    file = died.folder / "persons" / "part-00001.parquet"
    rows = pq.read_table(file)
    pq.write_table(rows.take(pa.array(np.arange(rows.num_rows)[::-1])), file)
    assert parts_read_again(died, bundle, finished) == [1, 2, 3]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda folder: cut_short(folder / "part-00001.arrow"),
    "one byte changed": lambda folder: change_byte(folder / "part-00001.arrow"),
    "empty": lambda folder: (folder / "part-00001.arrow").write_bytes(b""),
    "of another part": lambda folder: (folder / "part-00000.arrow").replace(folder / "part-00001.arrow"),
    "gone": lambda folder: (folder / "part-00001.arrow").unlink(),
    "no JSON": lambda folder: (folder / "part-00001.json").write_text("{"),
    "another JSON": lambda folder: (folder / "part-00001.json").write_text("[1]"),
    "deep JSON": lambda folder: (folder / "part-00001.json").write_text("[" * 100_000),
}


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def change_byte(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_part_is_told_and_scored_again(
    died: Batch, bundle: Bundle, finished: Finished, told: list[str], damage: str
) -> None:
    DAMAGES[damage](finished.folder)
    again = parts_read_again(died, bundle, finished)
    assert 1 in again
    assert {2, 3} <= set(again)
    assert any("part-00001" in text and text.endswith("the part is scored again") for text in told)


def test_a_part_comes_back_as_it_was(untidy: Path, bundle: Bundle, finished: Finished) -> None:
    batch = open_batch(untidy)
    part = score_one(batch.read_part, Fails(bundle.model), POLICY, batch.meta.as_of, 0)
    assert len(part) == 30
    assert np.isnan(part.score).sum() == 1
    finished.keep(0, "print", part)
    back = finished.find(0, "print")
    assert back
    assert_same(back, part)


class Fails:
    """A model that cannot score the one case whose first feature is largest."""

    def __init__(self, model: Any) -> None:
        self.model, self.largest = model, -np.inf

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def contributions(self, matrix: Any) -> Any:
        found = self.model.contributions(matrix)
        if len(matrix) == 30:
            self.largest = found.sum(axis=1).max()
        if (found.sum(axis=1) >= self.largest).any():
            raise ValueError
        return found


def assert_same(value: Any, other: Any) -> None:
    assert type(value) is type(other)
    if is_dataclass(value):
        for field in fields(value):
            assert_same(getattr(value, field.name), getattr(other, field.name))
    elif isinstance(value, np.ndarray):
        assert (value.dtype, value.shape) == (other.dtype, other.shape)
        assert value.tobytes() == other.tobytes()
    elif isinstance(value, list):
        assert len(value) == len(other)
        for one, another in zip(value, other, strict=True):
            assert_same(one, another)
    elif isinstance(value, dict):
        assert list(value) == list(other)
        for name, one in value.items():
            assert_same(one, other[name])
    elif isinstance(value, (pa.Array, pa.Buffer, pa.Table)):
        assert value.equals(other)
    else:
        assert value == other


def test_an_empty_part_comes_back(batch: Batch, bundle: Bundle, finished: Finished) -> None:
    long_ago = batch.meta.as_of - timedelta(days=4000)
    part: PartScored = score_one(batch.read_part, bundle.model, POLICY, long_ago, 0)
    assert len(part) == 0
    finished.keep(0, "print", part)
    back = finished.find(0, "print")
    assert back is not None
    assert_same(back, part)


@pytest.mark.usefixtures("died")
def test_only_the_owner_can_read_it(finished: Finished, told: list[str]) -> None:
    def modes() -> set[int]:
        return {stat.S_IMODE(file.stat().st_mode) for file in finished.folder.iterdir()}

    assert stat.S_IMODE(finished.folder.stat().st_mode) == 0o700
    assert modes() == {0o600}
    finished.folder.chmod(0o755)
    Finished(finished.folder, told.append)
    assert stat.S_IMODE(finished.folder.stat().st_mode) == 0o700


@pytest.mark.usefixtures("died")
def test_it_holds_no_code(finished: Finished) -> None:
    """Nothing in it is run when it is read: Arrow files and JSON only."""
    assert {file.suffix for file in finished.folder.iterdir()} == {".arrow", ".json"}
    for file in finished.folder.glob("*.json"):
        assert set(json.loads(file.read_text(encoding="utf-8"))) == {"made_of", "sha256"}


@pytest.mark.usefixtures("died")
def test_it_goes_when_the_list_is_there(finished: Finished) -> None:
    finished.remove()
    assert not finished.folder.exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputRefusedError, match=r"did not make: it holds notes\.txt"):
        Finished(tmp_path, told.append)
    with pytest.raises(InputRefusedError, match="not a folder"):
        Finished(tmp_path / "notes.txt", told.append)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(InputRefusedError, match="not a folder"):
        Finished(tmp_path / "link", told.append)


def test_a_batch_in_memory_is_refused(batch: Batch, bundle: Bundle, finished: Finished) -> None:
    with pytest.raises(InputRefusedError, match="a batch in memory"):
        build_worklist(Batch(batch.meta, batch.read_part), bundle, resume=finished)
