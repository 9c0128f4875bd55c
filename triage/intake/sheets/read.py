"""Read sheets by their mappings: every line becomes rows of canonical tables, or is set aside."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.delimited import HEADER, Lines
from triage.intake.documents import Unreadable
from triage.intake.limits import Limits
from triage.intake.notes import NO_RECEPTION, Remark
from triage.intake.reader import Format
from triage.intake.sheets.columns import Columns
from triage.intake.sheets.filling import fill_rows, report_tokens
from triage.intake.sheets.headless import columns_without_header
from triage.intake.sheets.mapping import load_sheet_mapping
from triage.intake.sheets.merging import DISAGREE, DOCUMENT, as_canonical, merge_rows
from triage.intake.sheets.names import find_columns, fold, shown_name
from triage.intake.sheets.sources import headers_of, open_tables
from triage.schema.findings import Level
from triage.schema.part import Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake
    from triage.intake.sheets.mapping import Sheet, SheetMapping
    from triage.intake.sheets.sources import Table

MAPPINGS = Path(__file__).resolve().with_name("mappings")
_LOOK = "look at the line in the source; mend it there and import again"
_AGAIN = "nothing to do: it is in the batch once"
NO_NUMBER = "a line without the number of its report"
SAME_LINE = "the same line again"
_NOTES = {
    "blank": Remark(Level.NOTE, "", "lines that hold nothing", "", "they are not counted"),
    "recoded": Remark(
        Level.NOTE, "", "a text that is no UTF-8", "CSV UTF-8",
        "its lines are read as Windows-1252; if accents decide who is who, ask for CSV UTF-8",
    ),
    "unknown": Remark(
        Level.NOTE, "", "a sheet of a workbook that the mapping does not know", "the columns of must_have",
        "it is not read; add a [sheet.NAME] for it if there are reports in it",
    ),
    "missing": Remark(
        Level.NOTE, "", "columns of the mapping that the sheet has not", "the columns of the mapping",
        "what they would tell counts as unknown",
    ),
}  # fmt: skip


class _Taken(NamedTuple):
    """What was read of a document, before it is known that all of it can be read."""

    rows: dict[str, list[pa.Table]]
    aside: list[tuple[str, str, str, Why, list[int], pa.Array | None]]
    refs: list[tuple[str, str]]
    seen: set[int]
    dropped: Counter[str]
    unknown: Counter[str]
    lines: list[int]


@dataclass
class ReadSheets:
    """One import of sheets that a mapping knows, in any order.

    Parameters
    ----------
    intake : Intake
        All rows so far.
    mapping : SheetMapping
        How they are read.
    """

    intake: Intake
    mapping: SheetMapping
    rows: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    taken: list[Document] = field(default_factory=list)

    def take(self, document: Document, kind: str) -> None:
        """Read a document; nothing of it is kept unless all of it can be read."""
        del kind
        found: list[tuple[Sheet, _Taken]] = []
        wanted = [column for sheet in self.mapping.sheets for column in sheet.columns]
        with open_tables(
            document,
            self.intake.limits,
            lambda some: self._remark(document, some),
            wanted,
            lambda fields: columns_without_header(self.mapping, fields),
        ) as tables:
            for table in tables:
                sheet = known_sheet(self.mapping, table.names)
                if sheet is None:
                    self._remark(document, _NOTES["unknown"])
                    continue
                found.append((sheet, self._read(document, sheet, table)))
        for sheet, taken in found:
            self._keep(document, sheet, taken)
        self.taken.append(document)

    def finish(self) -> None:
        """Put rows about the same thing together."""
        gathered, told = self.intake.gathered, Counter[str]()
        for name, parts in self.rows.items():
            merged = merge_rows(name, parts, told)
            counts = np.bincount(np.asarray(merged[DOCUMENT]), minlength=len(self.taken))
            for place in np.flatnonzero(counts).tolist():
                self.intake.count(self.taken[place], name, int(counts[place]))
            rows = as_canonical(name, merged.drop_columns([DOCUMENT]))
            if name == "reports":
                rows, undated = _received(rows, self.intake.received_at)
                if undated:
                    gathered.notes.add(NO_RECEPTION, self.taken[0].label, undated)
            self.intake.tables.setdefault(name, []).append(rows)
        for column, count in (+told).items():
            gathered.notes.add(DISAGREE._replace(column=column), self.taken[0].label, count)

    def _read(self, document: Document, sheet: Sheet, table: Table) -> _Taken:
        places = self._places(document, sheet, table.names)
        taken = _Taken(defaultdict(list), [], [], set(), Counter(), Counter(), [0])
        for lines in table.lines:
            taken.lines[0] += len(lines.numbers) + len(lines.broken)
            if taken.lines[0] > self.intake.limits.rows:
                raise Unreadable(
                    f"more than {self.intake.limits.rows:,} rows",
                    "ask the sender to split it, or raise the limit with --limit",
                )
            self._break(sheet, lines, taken)
            self._remark(document, _NOTES["blank"], lines.blank)
            self._remark(document, _NOTES["recoded"], lines.recoded)
            if len(lines.numbers):
                _count_left(sheet, table.names, lines, taken)
                columns = Columns(
                    lines.table, places, self.intake.key, self.mapping.scope, self.intake.received_at,
                    self.intake.gathered.notes, document.label, lines.numbers, table.serials,
                )  # fmt: skip
                self._fill(sheet, columns, lines, taken)
        return taken

    def _places(self, document: Document, sheet: Sheet, names: Sequence[str]) -> dict[str, int]:
        """Return where the columns of the mapping stand.

        Raises
        ------
        Unreadable
            One stands twice, or none of those with the report's number is there.
        """
        folded = {fold(name) for name in names}
        there = [column for column in sheet.columns if fold(column) in folded]
        places = find_columns(names, there)
        if places is None:
            raise Unreadable(
                "a column of the mapping that stands twice in the header", "give it one name each"
            )
        if sheet.report and not set(sheet.report) & set(there):
            raise Unreadable("no column with the number of the report", "look at report in the mapping")
        missing = [column for column in sheet.columns if column not in there]
        if missing:
            self._remark(document, _NOTES["missing"]._replace(column=", ".join(missing)))
        return places

    def _break(self, sheet: Sheet, lines: Lines, taken: _Taken) -> None:
        reasons = defaultdict(list)
        for number, reason in lines.broken:
            reasons[reason].append(number)
        for reason, numbers in reasons.items():
            header = reason == HEADER
            why, mend = (Why.DUPLICATE, _AGAIN) if header else (Why.UNREADABLE, _LOOK)
            taken.aside.append((sheet.first_table, reason, mend, why, numbers, None))

    def _fill(self, sheet: Sheet, columns: Columns, lines: Lines, taken: _Taken) -> None:
        reports, numbers = report_tokens(sheet, columns)
        nameless = np.asarray(reports.is_null())
        again = self._again(sheet, lines.hashes, taken) & ~nameless
        for mask, reason, mend, why in (
            (nameless, NO_NUMBER, _LOOK, Why.UNREADABLE),
            (again, SAME_LINE, _AGAIN, Why.DUPLICATE),
        ):
            if mask.any():
                chosen = reports.filter(pa.array(mask))
                taken.aside.append(
                    (sheet.first_table, reason, mend, why, lines.numbers[mask].tolist(), chosen)
                )
        keep, where = ~(nameless | again), lines.numbers
        if not keep.all():
            columns, kept, where = columns.filter(keep), pa.array(keep), where[keep]
            reports = reports.filter(kept)
            numbers = None if numbers is None else numbers.filter(kept)
        if numbers is not None:
            pairs = (
                pa.table({"report": reports, "number": numbers}).group_by(["report", "number"]).aggregate([])
            )
            taken.refs.extend(zip(pairs["report"].to_pylist(), pairs["number"].to_pylist(), strict=True))
        for name, parts in fill_rows(sheet, columns, reports, numbers, where).items():
            taken.rows[name] += parts

    def _again(self, sheet: Sheet, hashes: np.ndarray, taken: _Taken) -> np.ndarray:
        """Say which lines stood before, in this document or another."""
        new, before = set(hashes.tolist()), self.seen[sheet.name]
        again = np.zeros(len(hashes), bool)
        if len(new) < len(hashes) or not new.isdisjoint(taken.seen) or not new.isdisjoint(before):
            first = np.zeros(len(hashes), bool)
            first[np.unique(hashes, return_index=True)[1]] = True
            known = [some in taken.seen or some in before for some in hashes.tolist()]
            again = ~first | np.array(known)
        taken.seen.update(new)
        return again

    def _keep(self, document: Document, sheet: Sheet, taken: _Taken) -> None:
        """Take what was read of a document into the import."""
        for name, parts in taken.rows.items():
            place = pa.scalar(len(self.taken), pa.int32())
            self.rows[name] += [
                part.append_column(DOCUMENT, pa.repeat(place, part.num_rows)) for part in parts
            ]
        gathered: dict[tuple[str, str, str, Why], list[tuple[list[int], pa.Array | None]]] = defaultdict(list)
        for table, reason, mend, why, numbers, reports in taken.aside:
            gathered[table, reason, mend, why].append((numbers, reports))
        for (table, reason, mend, why), some in gathered.items():
            # Rows are counted below the header, as everywhere.
            rows = [number - 1 for numbers, _ in some for number in numbers]
            reports = [
                ids if ids is not None else pa.nulls(len(numbers), pa.string()) for numbers, ids in some
            ]
            self.intake.set_aside_rows(
                document, table, reason, mend, rows=rows, why=why, report_ids=pa.concat_arrays(reports)
            )
        self.intake.refs += taken.refs
        self.intake.gathered.dropped += taken.dropped
        self.intake.gathered.unknown += taken.unknown
        self.intake.accounts[document.position].lines += taken.lines[0]
        self.seen[sheet.name] |= taken.seen

    def _remark(self, document: Document, remark: Remark, count: int = 1) -> None:
        if count:
            self.intake.gathered.notes.add(remark, document.label, count)


def known_sheet(mapping: SheetMapping, names: Sequence[str]) -> Sheet | None:
    """Return the sheet of a mapping that has some columns; None where none does."""
    folded = {fold(name) for name in names}
    return next((sheet for sheet in mapping.sheets if folded.issuperset(map(fold, sheet.must_have))), None)


def sheet_formats(mappings: Sequence[SheetMapping]) -> tuple[Format, ...]:
    """Return a format for each mapping; the first that knows the columns of a document reads it."""
    looked: list[tuple[Document, list[tuple[str, ...]]]] = []

    def headers(document: Document) -> list[tuple[str, ...]]:
        if not looked or looked[0][0] is not document:
            looked[:] = [(document, headers_of(document, Limits()))]
        return looked[0][1]

    def format_of(mapping: SheetMapping) -> Format:
        return Format(
            f"sheet {mapping.name}",
            f"{mapping.name} {mapping.version}",
            lambda document: "sheet" if any(_knows(mapping, names) for names in headers(document)) else "",
            lambda intake: ReadSheets(intake, mapping),
        )

    return tuple(map(format_of, mappings))


def _knows(mapping: SheetMapping, names: Sequence[str]) -> bool:
    return bool(known_sheet(mapping, names) or columns_without_header(mapping, names))


def shipped_sheets() -> tuple[Format, ...]:
    """Return the formats of the mappings that travel with the package."""
    return sheet_formats([load_sheet_mapping(path) for path in sorted(MAPPINGS.glob("*.toml"))])


def _count_left(sheet: Sheet, names: Sequence[str], lines: Lines, taken: _Taken) -> None:
    """Count what stands in columns that are left behind."""
    read, dropped = set(map(fold, sheet.columns)), set(map(fold, sheet.dropped))
    for place, name in enumerate(names):
        if fold(name) in read - dropped:
            continue
        filled = pc.sum(pc.not_equal(lines.table.column(place), "")).as_py() or 0
        if fold(name) in dropped:
            taken.dropped[shown_name(name)] += filled
        else:
            taken.unknown[shown_name(name)] += filled


def _received(rows: pa.Table, received_at: object) -> tuple[pa.Table, int]:
    """Give reports that do not say when they were received the time of the import, and count them."""
    kind = pa.timestamp("s", "UTC")
    if "received_at" not in rows.column_names:
        rows = rows.append_column("received_at", pa.nulls(rows.num_rows, kind))
    times, at = rows["received_at"], rows.column_names.index("received_at")
    filled = pc.fill_null(times, pa.scalar(received_at, kind))
    return rows.set_column(at, "received_at", filled), times.null_count
