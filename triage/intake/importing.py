"""Import files in outside formats as one part: read, check, link into cases."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.intake.cybertipline import CYBERTIPLINE
from triage.intake.documents import Document, Unreadable, find_documents
from triage.intake.gathering import Intake
from triage.intake.goaml import GOAML
from triage.intake.iccam import ICCAM
from triage.intake.imported import Imported
from triage.intake.limits import Limits
from triage.intake.link import attach_cases
from triage.intake.mapping_files import with_own
from triage.intake.police import POLICE
from triage.intake.rekeying import bridge_imported
from triage.intake.sheets.read import shipped_sheets
from triage.intake.sheets.sources import headers_of, looks_like_table
from triage.intake.waiting import adopt, awaited
from triage.schema.keys import mend_rows
from triage.schema.meta import META_FILE, BatchMeta
from triage.schema.part import Why
from triage.schema.settling import settle
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from triage.intake.reader import Format
    from triage.intake.tokens import TokenKey
    from triage.schema.findings import Finding
    from triage.schema.part import Part

# The first that recognises a document reads it; tables come late, as they may have any columns. They finish
# in this order: a police download that is the same report as a submission is folded into it, and the payments
# of goAML go to the persons of all others.
FORMATS: tuple[Format, ...] = (CYBERTIPLINE, POLICE, ICCAM, *shipped_sheets(), GOAML)
# Endings and beginnings of what may well be a report in a format that is not read.
_REPORTS = (".xml", ".json", ".jsonl", ".csv", ".xlsx")
_BEGINNINGS = b"<{["
_OBJECTS_BETWEEN = 100_000


@dataclass(frozen=True)
class ImportedBatch:
    """What became of the files.

    Parameters
    ----------
    part : Part
        All cases; its findings and rows set aside include those of reading.
    meta : BatchMeta
        For ``batch.json``; its source files say how many records each held and how many were set aside.
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


def read_documents(
    documents: Iterable[Document],
    key: TokenKey,
    received_at: datetime,
    *,
    limits: Limits | None = None,
    formats: Sequence[Format] = FORMATS,
    awaited_tokens: frozenset[str] = frozenset(),
) -> Imported:
    """Read documents into canonical tables, not yet linked into cases.

    Every record comes out: as a row, or set aside with the reason. A document that cannot be read stops
    nothing else.

    Parameters
    ----------
    documents : iterable of Document
        In any order.
    key : TokenKey
        Makes identifiers into tokens.
    received_at : datetime
        When the agency received what states no time of reception, with a time zone.
    limits : Limits, optional
        What may pass.
    formats : sequence of Format
        The readers; the first that recognises a document takes it.
    awaited_tokens : frozenset of str
        Tokens of report numbers and persons that rows of earlier batches wait for.

    Raises
    ------
    InputRefusedError
        `received_at` has no time zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from triage.intake.documents import Document
    >>> from triage.intake.tokens import TokenKey
    >>> summary = b"<incidentSummary><incidentType>Online Enticement</incidentType></incidentSummary>"
    >>> report = Document.of("a.xml", b"<report>" + summary + b"</report>")
    >>> read = read_documents([report], TokenKey(bytes(16)), datetime(2024, 3, 1, tzinfo=UTC))
    >>> read.tables["reports"]["incident_type"].to_pylist()
    ['enticement']
    """
    if received_at.tzinfo is None:
        raise InputRefusedError(
            "a time of reception without a zone", expected="a time with a zone, such as 2024-03-01T10:00:00Z"
        )
    intake = Intake(
        key.first,
        received_at.astimezone(UTC).replace(microsecond=0),
        limits or Limits(),
        lambda token: key.bridge_from_first(token) in awaited_tokens,
    )
    with _collecting_seldom():
        return bridge_imported(_read(documents, formats, intake), key)


def _read(documents: Iterable[Document], formats: Sequence[Format], intake: Intake) -> Imported:
    readings = {known.name: known.begin(intake) for known in formats}
    for document in documents:
        intake.begin(document)
        try:
            known, kind = _recognise(document, formats)
            readings[known.name].take(document, kind)
            intake.is_of(document, kind, known.mapping)
        except Unreadable as error:
            intake.set_aside(document, error.table, error.found, error.mend, why=error.why)
            intake.unread.append(document)
    for reading in readings.values():
        reading.finish()
    gathered = intake.gathered
    return Imported(
        tables=intake.all_tables(),
        set_aside=intake.all_set_aside(),
        findings=gathered.notes.findings(),
        sources=intake.sources(),
        refs=intake.refs,
        dropped=+gathered.dropped,
        unknown=+gathered.unknown,
    )


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Let Python look for cycles of garbage seldom: documents make none, and many rows to look through."""
    before = gc.get_threshold()
    if before[0]:
        gc.set_threshold(max(before[0], _OBJECTS_BETWEEN), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _recognise(document: Document, formats: Sequence[Format]) -> tuple[Format, str]:
    """Return the format of a document and its kind in it.

    Raises
    ------
    Unreadable
        No format knows it. What neither by name nor by content claims to be a report is told and not listed.
    """
    for known in formats:
        if kind := known.recognise(document):
            return known, kind
    if looks_like_table(document):
        raise Unreadable(
            "a table with columns that no mapping knows",
            "write a mapping: triage import --template; then import it with --mapping",
        )
    start = document.beginning().lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if document.suffix in _REPORTS or (start and start in _BEGINNINGS):
        raise Unreadable("no format that is known", "ask the sender what it is")
    raise Unreadable(
        "neither XML nor JSON nor a table", "look whether it belongs there; it is not read", Why.FOREIGN
    )


def _refuse_canonical(path: Path) -> None:
    """Say of a folder that is a batch, or canonical tables, that it needs no import."""
    reports = path / "reports.csv"
    columns = TABLES["reports"].arrow_schema.names
    if (path / META_FILE).is_file() or (reports.is_file() and _has_column(reports, columns)):
        raise InputRefusedError(
            "canonical tables already",
            where=str(path),
            expected="reports in a format of docs/formats",
            mend="it needs no import: give the folder to triage check or triage score",
        )


def _has_column(path: Path, columns: Sequence[str]) -> bool:
    try:
        names = headers_of(Document.at(path), Limits())
    except Unreadable:
        return False
    return any("report_id" in row and len({*row} & {*columns}) > 1 for row in names)


def import_files(
    paths: Sequence[Path],
    key: TokenKey,
    received_at: datetime,
    name: str,
    *,
    limits: Limits | None = None,
    mappings: Sequence[Path] = (),
    waiting: pa.Table | None = None,
) -> ImportedBatch:
    """Import reports.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and archives; ``-`` is the standard input.
    key : TokenKey
        The agency's key; every identifier becomes a keyed hash of it.
    received_at : datetime
        Reception time of reports that state none.
    name : str
        Name of the batch.
    limits : Limits, optional
        What may pass.
    mappings : sequence of Path
        Mapping files: for tables, which go before every other format, for goAML, for NCMEC's tags.
    waiting : pyarrow.Table, optional
        Rows that earlier batches set aside: what waits among them for a report of these files joins it.

    Raises
    ------
    InputRefusedError
        No file is or may be a report, a folder holds canonical tables, or a mapping cannot be used. A report
        that cannot be read is no reason, nor what waits for its report: they make a batch without cases, so
        that the one stands on a list and the other is there when its report comes.
    """
    for path in paths:
        _refuse_canonical(path)
    formats = with_own(FORMATS, mappings)
    skipped: list[Finding] = []
    documents = find_documents(paths, limits or Limits(), skipped.append)
    imported = read_documents(
        documents,
        key,
        received_at,
        limits=limits,
        formats=formats,
        awaited_tokens=awaited(waiting) if waiting is not None else frozenset(),
    )
    where = dict.fromkeys(imported.tables, "import")
    rows = mend_rows(imported.tables, where)
    rows.set_aside = pa.concat_tables([imported.set_aside, rows.set_aside])
    if not rows.tables["reports"].num_rows and not _must_be_kept(rows.set_aside):
        first = f"; the first: {imported.findings[0]}" if imported.findings else ""
        raise InputRefusedError(
            f"none of {len(imported.sources):,} files holds a report{first}",
            where=", ".join(map(str, paths[:3])),
            expected="reports in a format of docs/formats",
            mend="check the files; nothing was written",
        )
    rows.findings = [*skipped, *imported.findings, *rows.findings]
    for joined in adopt(rows, waiting):
        _count_joined(imported.sources, joined)
    attach_cases(rows)
    part = settle(rows, where, received_at)
    meta = BatchMeta(name=name, as_of=received_at, source_files=imported.sources, key_check=key.check())
    return ImportedBatch(part, meta, imported.refs, imported.dropped, imported.unknown)


def _must_be_kept(aside: pa.Table) -> bool:
    """Say whether a row set aside is a report that a person must see, or waits for one that may come."""
    unreadable = pc.and_(pc.equal(aside["table"], "reports"), pc.equal(aside["why"], Why.UNREADABLE.value))
    return bool(pc.any(pc.or_(unreadable, pc.is_valid(aside["waits_for"]))).as_py())


def _count_joined(sources: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Take a row out of the account of what was set aside: its report came with another document."""
    for source in sources:
        if source.get("document") == row["where"] and source["set_aside"].get(row["table"]):
            source["set_aside"][row["table"]] -= 1
            return
