"""Open whatever a person points at: a batch, or a folder of CSV files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.intake.canonical import holds_parquet
from triage.intake.tables import read_csv_folder
from triage.schema.batch import Batch, open_batch
from triage.schema.meta import META_FILE
from triage.schema.places import Elsewhere, find_place

if TYPE_CHECKING:
    from triage.schema.places import Place


def open_any(path: Place | str, as_of: datetime | None = None) -> Batch:
    """Open a batch folder or a folder of CSV files.

    Parameters
    ----------
    path : Path, str or Elsewhere
        The folder. A text may be the URL of a batch folder, such as ``s3://bucket/batch``, of any protocol
        that fsspec knows.
    as_of : datetime, optional
        For CSV: the instant at which the data are complete. Default: now.

    Raises
    ------
    InputRefusedError
        It is neither, or cannot be read.
    """
    if isinstance(path, str):
        path = find_place(path)
    if isinstance(path, Elsewhere):
        return open_batch(path)
    left = sorted(path.parent.glob(f".{path.name}.*.old")) if path.name and not path.exists() else []
    if left:
        raise InputRefusedError(
            "not there: its replacement was interrupted",
            where=str(path),
            mend=f"the old one is {left[-1]}: give it back its name",
        )
    if not path.is_dir():
        raise InputRefusedError(
            "is a file, not a folder" if path.exists() else "no such folder",
            where=str(path),
            expected="a batch: a folder with batch.json, or with reports.csv",
            mend="outside formats go through triage import first" if path.exists() else "check the path",
        )
    if (path / META_FILE).exists():
        return open_batch(path)
    if not (path / "reports.csv").exists() and holds_parquet(path):
        raise InputRefusedError(
            "Parquet tables that are no batch yet",
            where=str(path),
            expected="a folder with batch.json",
            mend=f"triage partition {path} --out BATCH makes a batch of them",
        )
    return read_csv_folder(path, as_of or datetime.now(UTC).replace(microsecond=0))
