"""What a reader of outside files gives back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.schema.part import no_set_aside

if TYPE_CHECKING:
    import pyarrow as pa

    from triage.schema.findings import Finding


@dataclass
class Imported:
    """Rows in canonical tables, not yet linked into cases, and the account of what happened to the source.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        Canonical tables; a table may be absent.
    set_aside : pyarrow.Table
        What could not be read (columns of `triage.schema.part.SET_ASIDE_SCHEMA`).
    findings : list of Finding
        Fields that became unknown, and notes.
    sources : list of dict
        ``sha256``, ``bytes`` and ``kind`` of each file; no names.
    refs : list of (str, str)
        The way back, kept apart from the batch: the token of a report (or of a document that was set aside)
        and the sender's own report number, or ``file`` and the name of the file.
    dropped : Counter
        Names of elements that were read and left behind (free text, names, hashes), with counts.
    unknown : Counter
        Names of elements that the mapping does not know, with counts.
    """

    tables: dict[str, pa.Table]
    set_aside: pa.Table = field(default_factory=no_set_aside)
    findings: list[Finding] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)
    refs: list[tuple[str, str]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
