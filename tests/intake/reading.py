"""Read documents that a test made, as an import does."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
