"""Import files in outside formats as one part: read, check, link into cases."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from triage.errors import InputRefusedError
from triage.intake.cybertipline import read_cybertipline
from triage.intake.link import attach_cases
from triage.schema.batch import BatchMeta
from triage.schema.findings import Finding, Level
from triage.schema.part import mend_rows, settle

NOT_READ = "not_read"

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from datetime import datetime

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
        The way back: token, and the sender's report number or the name of the file.
    dropped, unknown : Counter
        Elements left behind on purpose, and elements that no mapping knows.
    """

    part: Part
    meta: BatchMeta
    refs: list[tuple[str, str]] = field(repr=False)
    dropped: Counter[str]
    unknown: Counter[str]


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Finding]]:
    """Return the files that are named and those in the folders that are named, in order.

    Returns
    -------
    files : list of Path
        Whatever can be opened.
    findings : list of Finding
        What cannot: folders without permission, broken links, devices and pipes. Hidden files are passed
        over, and told.

    Raises
    ------
    InputRefusedError
        A path does not exist, or there is no file at all.
    """
    files: list[Path] = []
    findings: list[Finding] = []
    for path in paths:
        if not path.exists():
            raise InputRefusedError("no such file or folder", where=str(path), mend="check the path")
        if not path.is_dir():
            files.append(path)
            continue
        for folder, names, inside in os.walk(
            path, onerror=lambda e: findings.append(_skipped(e.filename, "no permission"))
        ):
            names.sort()
            for file in sorted(Path(folder) / name for name in inside):
                if file.name.startswith("."):
                    findings.append(_skipped(str(file), "a hidden file", level=Level.NOTE))
                elif not file.is_file():
                    findings.append(_skipped(str(file), "a broken link, a device or a pipe"))
                else:
                    files.append(file)
    if not files:
        raise InputRefusedError("no file", where=", ".join(map(str, paths)), expected="reports to import")
    return files, findings


def _skipped(where: str, found: str, *, level: Level = Level.FIELD) -> Finding:
    return Finding(
        level, where, "", 0, 1, found, "a plain file", "it is not read; give it by name if it is a report"
    )


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
    files, skipped = find_files(paths)
    if all(file.suffix.lower() == ".csv" for file in files):
        raise InputRefusedError(
            "CSV tables",
            where=str(files[0].parent),
            mend="they need no import: triage check and score read them",
        )
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
    rows.findings = [*skipped, *imported.findings, *rows.findings]
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
