"""A list as a workbook: a sheet to filter and sort, a sheet that says what it is; no formula anywhere."""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from xlsxwriter import Workbook

from triage.errors import InputRefusedError
from triage.worklist.exports.columns import COLUMNS
from triage.worklist.exports.csv_file import neutralise_text
from triage.writing import scratch_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from triage.worklist.exports.about import About
    from triage.worklist.exports.by_ending import Options

MOST_ROWS = 1_048_575  # the sheet's own limit, less the header
MOST_LETTERS = 32_767
CUT = " […]"
AT_ONCE = 10_000
_NUMBERS: dict[str, str] = {
    "score": "0.000",
    "probability": "0.0%",
    "probability_low": "0.0%",
    "probability_high": "0.0%",
    "completeness": "0%",
    "waiting_hours": "#,##0",
}
_DATE = 'yyyy-mm-dd hh:mm" UTC"'
_FONT = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
# From dark to light, so that they can be told apart in grey and by any eye; the number stands in the cell.
_TIERS: dict[int, dict[str, Any]] = {
    1: {"bg_color": "#8C2D04", "font_color": "#FFFFFF", "bold": True},
    2: {"bg_color": "#F2A33A", "font_color": "#1A1A1A", "bold": True},
    3: {"bg_color": "#BCD7EE", "font_color": "#1A1A1A"},
    4: {"bg_color": "#E9EFF5", "font_color": "#1A1A1A"},
    5: {"font_color": "#5A6570"},
}
_COLOURED = frozenset({"rank", "lane", "tier"})
_SHEET = "Worklist"


@contextmanager
def open_list(path: Path, options: Options) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows of a list to a workbook."""
    if options.rows > MOST_ROWS:
        raise InputRefusedError(
            f"{options.rows:,} rows",
            where=str(path),
            expected=f"at most {MOST_ROWS:,}, which is what a sheet holds",
            mend="write .csv or .parquet",
        )
    settings = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    with (
        write_file(path, force=options.force) as partial,
        scratch_folder(path) as scratch,
        partial.open("wb") as file,
    ):
        # Rows wait in a file of its own; where this is killed it goes with the next writing.
        book = Workbook(file, {**settings, "tmpdir": str(scratch)})
        made = options.about.as_of or datetime(1980, 1, 1, tzinfo=UTC)  # the same list gives the same bytes
        book.set_properties(
            {"title": options.about.title, "comments": _one_line(options.about), "created": made}
        )
        try:
            rows = _Rows(book, options.about)
            yield rows.add
            rows.close()
            _write_about(book, rows.names, options.about)
        finally:
            # Also where something failed: it holds what it has so far in a file of its own.
            book.close()


class _Rows:
    """The sheet of the rows, which is filled from above."""

    def __init__(self, book: Workbook, about: About) -> None:
        self._sheet = book.add_worksheet(_sheet_name(about.title))
        self._formats, self._about = _Formats(book), about
        self._line = 0
        self.names: list[str] = []

    def add(self, table: pa.Table) -> None:
        if not self.names:
            self._begin(table.column_names)
        tiers = "tier" in self.names
        for batch in table.to_batches(max_chunksize=AT_ONCE):
            for row in _harmless(batch).to_pylist():
                self._line += 1
                for column, (name, value) in enumerate(row.items()):
                    tier, dated = row["tier"] if tiers else None, isinstance(value, datetime)
                    cell = self._formats.of(name, tier, dated=dated)
                    _write_cell(self._sheet, self._line, column, value, cell)

    def _begin(self, names: list[str]) -> None:
        self.names = names
        for column, name in enumerate(names):
            self._sheet.set_column(column, column, _width(name))
        self._sheet.set_row(0, 20)
        self._sheet.write_row(0, 0, names, self._formats.header)

    def close(self) -> None:
        sheet, names = self._sheet, self.names
        pinned = names.index("case_id") + 1 if "case_id" in names[:4] else 0
        sheet.freeze_panes(1, pinned)
        if names:
            sheet.autofilter(0, 0, self._line, len(names) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        # & begins a command in a footer.
        sheet.set_footer(f"&L{_one_line(self._about).replace('&', '&&')[:200]}&R&P / &N")


def _harmless(batch: pa.RecordBatch) -> pa.Table:
    table = pa.Table.from_batches([batch])
    columns = {
        name: neutralise_text(table[name]) if pa.types.is_string(table[name].type) else table[name]
        for name in table.column_names
    }
    return pa.table(columns)


def _write_cell(sheet: Worksheet, line: int, column: int, value: Any, cell: Format) -> None:
    """Write one cell by its own type; nothing is guessed from its text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        sheet.write_blank(line, column, None, cell)
    elif isinstance(value, bool):
        sheet.write_boolean(line, column, value, cell)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, column, value, cell)
    elif isinstance(value, (int, float)) and math.isfinite(value):
        sheet.write_number(line, column, value, cell)
    else:
        sheet.write_string(line, column, shorten_cell(str(value)), cell)


def shorten_cell(text: str) -> str:
    """Return text that a cell can hold; what is cut off is marked.

    Examples
    --------
    >>> len(shorten_cell("a" * 40_000)), shorten_cell("a")
    (32767, 'a')
    """
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - len(CUT)]}{CUT}"


class _Formats:
    """The formats of a book, each made once: a book holds only some thousands."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[str, int | None], Format] = {}
        self.header = book.add_format(
            {**_FONT, "bold": True, "bg_color": "#1B3A57", "font_color": "#FFFFFF", "valign": "vcenter"}
        )

    def of(self, column: str, tier: int | None, *, dated: bool) -> Format:
        number = _DATE if dated else _NUMBERS.get(column, "")
        colour = tier if column in _COLOURED else None
        key = (number, colour)
        if key not in self._made:
            numbered = {"num_format": number} if number else {}
            self._made[key] = self._book.add_format({**_FONT, **numbered, **_TIERS.get(colour or 0, {})})
        return self._made[key]


def _write_about(book: Workbook, names: list[str], about: About) -> None:
    """Write the sheet that says what the list is and what each column means."""
    sheet = book.add_worksheet("About")
    bold = book.add_format({**_FONT, "bold": True})
    alarm = book.add_format({**_FONT, "bold": True, "font_color": "#8C2D04", "text_wrap": True})
    plain = book.add_format({**_FONT, "text_wrap": True})
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 110)
    sheet.hide_gridlines(2)
    lines = [
        *(("alarm", text, alarm) for text in about.alarms),
        *((name, text, plain) for name, text in about.as_lines().items()),
        *(("note", text, plain) for text in about.notes),
        *((name, COLUMNS.get(name, ""), plain) for name in names if name in COLUMNS),
    ]
    for line, (name, text, form) in enumerate(lines):
        sheet.write_string(line, 0, shorten_cell(name), bold)
        safe = neutralise_text(pa.chunked_array([[text]]))[0].as_py()
        sheet.write_string(line, 1, shorten_cell(safe), form)


def _one_line(about: About) -> str:
    mark = "synthetic, " if about.synthetic else ""
    told = ", ".join(
        f"{name} {line}" for name, line in about.as_lines().items() if name in {"as_of", "model", "policy"}
    )
    return f"{mark}{told}"


def _sheet_name(title: str) -> str:
    """Return a title that a sheet can have: at most 31 letters, none that addresses a cell or a file."""
    kept = "".join(" " if letter in "[]:*?/\\'" or not letter.isprintable() else letter for letter in title)
    name = kept.strip()[:31]
    return name if name and name.lower() not in {"about", "history"} else _SHEET


def _width(name: str) -> float:
    wide = {"reasons": 80, "missing": 60, "check": 40, "case_id": 26, "model": 14, "batch": 26, "sources": 22}
    narrow = {"rank": 7, "tier": 6, "tied": 6, "reports": 9, "score": 9, "lane": 12, "country": 10}
    return {**wide, **narrow}.get(name, 21 if name.endswith(("_at", "_until")) else max(12, len(name) + 4))
