from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest

from triage.schema.tables import TABLES
from triage.worlds import load_world, truth_folder, write_world

if TYPE_CHECKING:
    from pathlib import Path

CASES, SEED = 60_000, 20171


@dataclass(frozen=True)
class Written:
    """A batch on disk, read back without any code of the simulator."""

    path: Path
    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("world") / "batch"
    write_world(load_world("nl-2017"), CASES, SEED, path)
    tables = {name: read_folder(path / name) for name in TABLES}
    return Written(path, tables, pq.read_table(truth_folder(path) / "truth.parquet").to_pandas())


def read_folder(folder: Path) -> pd.DataFrame:
    frames = [pq.read_table(file).to_pandas() for file in sorted(folder.glob("*.parquet"))]
    frame = pd.concat(frames, ignore_index=True)
    dictionaries = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(dictionaries, "object"))
