from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from triage.schema.tables import TABLES
from triage.worlds import load_world, truth_folder, write_world

# Tests are imported file by file; this lets them find what they share in reference.py.
sys.path.append(str(Path(__file__).parent))

CASES, SEED = 60_000, 20171


@dataclass(frozen=True)
class Written:
    """A batch on disk, read back without any code of the simulator."""

    path: Path
    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    reports: pd.DataFrame


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    path = tmp_path_factory.mktemp("world") / "batch"
    write_world(load_world("nl-2017"), CASES, SEED, path)
    return read_back(path)


def read_back(path: Path) -> Written:
    tables = {name: read_folder(path / name) for name in TABLES}
    truth, reports = (
        pq.read_table(truth_folder(path) / f"{name}.parquet").to_pandas() for name in ("truth", "reports")
    )
    return Written(path, tables, truth, reports)


def read_folder(folder: Path) -> pd.DataFrame:
    frames = [pq.read_table(file).to_pandas() for file in sorted(folder.glob("*.parquet"))]
    frame = pd.concat(frames, ignore_index=True)
    dictionaries = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(dictionaries, "object"))
