"""Read documents that a test made, as an import does."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from triage.intake.documents import Document
from triage.intake.importing import read_documents

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from triage.intake.imported import Imported
    from triage.intake.tokens import TokenKey


def read_all(given: Iterable[Path | tuple[str, bytes]], key: TokenKey, received_at: datetime) -> Imported:
    """Read files, or names with contents."""
    documents = [
        Document.of(*some, position=place) if isinstance(some, tuple) else Document.at(some, place)
        for place, some in enumerate(given, start=1)
    ]
    return read_documents(documents, key, received_at)


def everything_stored(imported: Imported) -> tuple[str, bytes]:
    """Return all that an import may write, decoded, and as the bytes of the files."""
    stored = [imported.set_aside.to_pylist(), imported.sources, imported.dropped, imported.unknown]
    stored += [table.to_pylist() for table in imported.tables.values()]
    stored += [
        (finding.column, finding.found, finding.expected, finding.mend) for finding in imported.findings
    ]
    raw = b""
    for table in [*imported.tables.values(), imported.set_aside]:
        part = io.BytesIO()
        pq.write_table(table, part, compression="none")
        raw += part.getvalue()
    return str(stored), raw
