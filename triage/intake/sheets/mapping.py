"""Mapping files: which column of a sheet fills which column of the canonical tables, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from triage.intake.checking import Checking, read_mapping_file
from triage.intake.sheets.checking import read_filling
from triage.intake.sheets.headless import Headless, read_headless
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from triage.intake.sheets.checking import Filling

FORMAT = 1
_TOP = ("format", "name", "version", "scope", "zone", "sheet")
_SHEET = ("must_have", "without_header", "report", "dropped")
_BLOCK = ("name", "of", "with", "when", "each")
# Whose rows hang on whose, and the column that ties them.
PARENTS = {
    "accounts": "persons",
    "transactions": "persons",
    "prior_records": "persons",
    "children": "persons",
    "network_events": "accounts",
    "communications": "accounts",
}
_MEND = "see docs/formats/tables.md, or begin anew with: triage import --template SHEET"


class When(NamedTuple):
    """On which lines a row is made: where one of the columns is filled, or says one of the words."""

    columns: tuple[str, ...]
    words: frozenset[str] = frozenset()


class Block(NamedTuple):
    """Rows of one table that lines of a sheet make.

    Parameters
    ----------
    table, name : str
        The table, and how other blocks call these rows.
    of : str
        The rows that these hang on (a person's accounts, an account's events).
    counterpart : str
        Of a thread: the persons on the other side.
    when : When, optional
        On which lines there is a row; else where any of its columns is filled.
    each_line : bool
        Whether equal rows of one report are rows of their own.
    fillings : tuple of Filling
        The columns.
    """

    table: str
    name: str
    of: str
    counterpart: str
    when: When | None
    each_line: bool
    fillings: tuple[Filling, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the sheet that it reads."""
        read = [column for filling in self.fillings for column in filling.columns]
        return tuple(dict.fromkeys([*read, *(self.when.columns if self.when else ())]))

    @property
    def telling(self) -> tuple[str, ...]:
        """Those of its columns that say that there is a row: a service without a name on it says nothing."""
        return tuple(
            column
            for filling in self.fillings
            for part, columns in filling.parts.items()
            for column in columns
            if part not in {"service", "port", "device_type"}
        )

    def filling(self, name: str) -> Filling | None:
        """Return how a column is filled; None where it is not."""
        return next((filling for filling in self.fillings if filling.column.name == name), None)


class Sheet(NamedTuple):
    """One kind of sheet.

    Parameters
    ----------
    name : str
        Its name in the mapping.
    must_have : tuple of str
        Columns by which it is known.
    headless : Headless, optional
        How it is known without the names of its columns.
    report : tuple of str
        Columns that hold the report's number; the first that is filled counts. Where there is none, each
        line is a report.
    dropped : tuple of str
        Columns that are left behind on purpose, whether or not their presence says something.
    blocks : tuple of Block
        Reports first, then what hangs on them.
    """

    name: str
    must_have: tuple[str, ...]
    headless: Headless | None
    report: tuple[str, ...]
    dropped: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        read = [column for block in self.blocks for column in block.columns]
        return tuple(dict.fromkeys([*self.report, *read]))

    @property
    def first_table(self) -> str:
        """The table that a line of this sheet is counted in where nothing can be read of it."""
        return self.blocks[0].table


class SheetMapping(NamedTuple):
    """A mapping file.

    Parameters
    ----------
    name, version : str, int
        Stored with what was imported.
    scope : str
        Whose numbers these are: the same number of another scope is another report.
    zone : str
        Time zone of times without an offset; empty where it is not known.
    sheets : tuple of Sheet
        The most particular first: the one that must have most columns.
    """

    name: str
    version: int
    scope: str
    zone: str
    sheets: tuple[Sheet, ...]


def load_sheet_mapping(path: Path) -> SheetMapping:
    """Read a mapping file, and check it against the canonical tables.

    Parameters
    ----------
    path : Path
        A TOML file.

    Raises
    ------
    InputRefusedError
        It cannot be read, or says something that cannot be: a column or code that does not exist, a column
        filled twice, a personal column that would be kept.
    """
    return read_mapping(read_mapping_file(path, _MEND), path.name)


def read_mapping(content: Mapping[str, Any], where: str) -> SheetMapping:
    """Return a mapping from the content of its file.

    Parameters
    ----------
    content : mapping
        As TOML gives it.
    where : str
        Name of the file, for messages.

    Raises
    ------
    InputRefusedError
        As for the file.
    """
    check = Checking(where, _MEND)
    check.settings(content, _TOP)
    if content.get("format") != FORMAT:
        raise check.refused(f"format {content.get('format')!r}", expected=f"format = {FORMAT}")
    name, version = check.name(content.get("name")), check.version(content.get("version"))
    zone = check.zone(content["zone"]) if "zone" in content else ""
    sheets = content.get("sheet")
    if not isinstance(sheets, dict) or not sheets:
        raise check.refused("no sheet", expected="a [sheet.NAME] for each kind of sheet")
    scope = check.text(content.get("scope", name), "scope")
    found = [_read_sheet(check.inside(f"[sheet.{key}]"), key, given, zone) for key, given in sheets.items()]
    return SheetMapping(
        name, version, scope, zone, tuple(sorted(found, key=lambda sheet: -len(sheet.must_have)))
    )


def _read_sheet(check: Checking, name: str, given: Any, zone: str) -> Sheet:
    check.settings(given, (*_SHEET, *TABLES))
    must_have = check.columns(given.get("must_have", []), "must_have")
    if not must_have:
        raise check.refused("no must_have", expected="the columns by which the sheet is known")
    blocks: list[Block] = []
    for table in TABLES:
        written = given.get(table, [])
        for place, block in enumerate(written if isinstance(written, list) else [written]):
            inner = check.inside(f"{table}" if not isinstance(written, list) else f"{table} {place + 1}")
            blocks.append(_read_block(inner, table, block, blocks, zone))
    if sum(block.table == "reports" for block in blocks) > 1:
        raise check.refused("two blocks for the reports", expected="one report a line at most")
    if not blocks:
        raise check.refused("no table", expected="a table such as [sheet.NAME.reports]")
    report = check.columns(given.get("report", []), "report")
    if not report and blocks[0].table != "reports":
        raise check.refused(
            "rows of no report", expected='report = "COLUMN" with the number of the report that a line is of'
        )
    headless = read_headless(check.inside("without_header"), given.get("without_header"), must_have)
    dropped = check.columns(given.get("dropped", []), "dropped")
    return Sheet(name, must_have, headless, report, dropped, tuple(blocks))


def _read_block(check: Checking, table: str, given: Any, blocks: list[Block], zone: str) -> Block:
    declared = TABLES[table]
    check.settings(given, (*_BLOCK, *(column.name for column in declared.columns)), of=f"the table {table}")
    fillings = tuple(
        read_filling(check.inside(key), table, declared[key], value, zone)
        for key, value in given.items()
        if key not in _BLOCK
    )
    name = check.text(given.get("name", table), "name")
    if any(block.name == name for block in blocks):
        raise check.refused(f"two blocks named {name!r}", expected="a name of its own for each block")
    if table == "persons" and not any(filling.column.name == "role" for filling in fillings):
        raise check.refused("a person without a role", expected='role = "reported", or another role')
    each = given.get("each", "report")
    if each not in {"report", "line"}:
        raise check.refused(f"each = {each!r}", expected='"report" or "line"')
    of = _parent(check, table, given.get("of"), blocks)
    counterpart = given.get("with", "")
    if counterpart and not any((b.name, b.table) == (counterpart, "persons") for b in blocks):
        raise check.refused(f"with = {counterpart!r}", expected="the name of a block of persons")
    return Block(table, name, of, counterpart, _read_when(check, given.get("when")), each == "line", fillings)


def _parent(check: Checking, table: str, of: Any, blocks: list[Block]) -> str:
    """Return the name of the block that rows hang on: the one that is named, else the first there is."""
    wanted = PARENTS.get(table)
    if not wanted:
        if of is not None:
            raise check.refused(f"of = {of!r}", expected="nothing: these rows hang on the report")
        return ""
    # What hangs on an account may name the person instead.
    fit = [block for block in blocks if block.table in {wanted, "persons"}]
    if of is None and table == "children":
        reported = [
            b for b in fit if (role := b.filling("role")) and role.options.get("constant") == "reported"
        ]
        return reported[0].name if len(reported) == 1 else ""
    # An account of the person goes before the bare person.
    found = [block for block in fit if of in {None, block.name} or of == block.of]
    if not found:
        raise check.refused(
            f"no {wanted} that the {table} are of",
            expected=f'a block of {wanted} in the same sheet, and of = "ITS NAME" where there are several',
        )
    return min(found, key=lambda block: block.table != wanted).name


def _read_when(check: Checking, given: Any) -> When | None:
    if given is None:
        return None
    if isinstance(given, dict):
        inner = check.inside("when")
        inner.settings(given, ("column", "words"))
        words = inner.words(given.get("words", []), "words")
        return When(inner.columns(given.get("column"), "column"), frozenset(words))
    return When(check.columns(given, "when"))
