"""Import files in outside formats as one part: read, check, link into cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from triage.errors import InputRefusedError
from triage.intake.cybertipline import read_cybertipline
from triage.intake.link import attach_cases
from triage.schema.batch import BatchMeta
from triage.schema.part import mend_rows, settle

NOT_READ = "not_read"

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from triage.intake.tokens import TokenKey
    from triage.schema.part import Part


@dataclass(frozen=True)
class ImportedBatch:
    """What became of the files.

    Parameters
    ----------
    part : Part
        All cases; its findings and rows set aside include those of reading.
    meta : BatchMeta
        For ``batch.json``.
    refs : list of (str, str)
        Report token and the sender's report number.
    dropped, unknown : Counter
        Elements left behind on purpose, and elements that no mapping knows.
    """

    part: Part
    meta: BatchMeta
    refs: list[tuple[str, str]] = field(repr=False)
    dropped: Counter[str]
    unknown: Counter[str]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that are named, and those in the folders that are named, in order.

    Raises
    ------
    InputRefusedError
        A path does not exist, or there is no file at all.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputRefusedError("no such file or folder", where=str(path), mend="check the path")
        inside = path.rglob("*") if path.is_dir() else [path]
        files += sorted(file for file in inside if file.is_file() and not file.name.startswith("."))
    if not files:
        raise InputRefusedError("no file", where=", ".join(map(str, paths)), expected="reports to import")
    return files


def import_files(paths: Sequence[Path], key: TokenKey, received_at: datetime, name: str) -> ImportedBatch:
    """Import reports.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    key : TokenKey
        The agency's key; every identifier becomes a keyed hash of it.
    received_at : datetime
        Reception time of reports that state none.
    name : str
        Name of the batch.

    Raises
    ------
    InputRefusedError
        No report could be read from any file.
    """
    files = find_files(paths)
    imported = read_cybertipline(files, key, received_at)
    where = dict.fromkeys(imported.tables, "import")
    rows = mend_rows(imported.tables, where)
    if not rows.tables["reports"].num_rows:
        first = f"; the first: {imported.findings[0]}" if imported.findings else ""
        raise InputRefusedError(
            f"none of {len(files):,} files holds a report that can be read{first}",
            expected="CyberTipline report and fileDetails XML",
            mend="check the files; nothing was written",
        )
    rows.findings = [*imported.findings, *rows.findings]
    rows.set_aside = pa.concat_tables([imported.set_aside, rows.set_aside])
    attach_cases(rows)
    part = settle(rows, where, received_at)
    meta = BatchMeta(
        name=name, as_of=received_at, source_files=_describe(imported.sources), key_check=key.check()
    )
    return ImportedBatch(part, meta, imported.refs, imported.dropped, imported.unknown)


def _describe(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the hash of files that were not read: of an image it would be a hash of material."""
    return [
        {name: value for name, value in source.items() if name != "sha256" or source["kind"] != NOT_READ}
        for source in sources
    ]
