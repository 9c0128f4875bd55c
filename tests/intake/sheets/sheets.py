"""Read sheets that a test wrote, with the mapping that it wrote."""

from __future__ import annotations

import io
import tomllib
from datetime import UTC, datetime

import openpyxl

from triage.intake.documents import Document
from triage.intake.importing import read_documents
from triage.intake.sheets.mapping import read_mapping
from triage.intake.sheets.read import sheet_formats, shipped_sheets
from triage.intake.tokens import TokenKey

KEY = TokenKey(bytes(range(32)))
RECEIVED = datetime(2025, 5, 5, 12, tzinfo=UTC)
HEAD = 'format = 1\nname = "mine"\nversion = 4\nscope = "mine"\n'


def read(mapping, *documents, limits=None):
    """Read documents (texts, bytes or named bytes) by the text of a mapping, or by the shipped ones."""
    known = (
        sheet_formats([read_mapping(tomllib.loads(HEAD + mapping), "my.toml")])
        if mapping
        else shipped_sheets()
    )
    given = []
    for place, some in enumerate(documents, 1):
        content = some.encode() if isinstance(some, str) else some
        given.append(Document.of(f"in/{place}.csv", content, place))
    return read_documents(given, KEY, RECEIVED, formats=known, limits=limits)


def rows(imported, table, *columns):
    """Return the values of some columns, row by row."""
    found = imported.tables[table].select(list(columns)).to_pylist()
    return [tuple(row.values()) if len(columns) > 1 else row[columns[0]] for row in found]


def column(reading, text, table="reports", name="value", rest=""):
    """Return what one column becomes, a line a value."""
    body = (
        f'[sheet.a]\nmust_have = ["No", "V"]\nreport = "No"\n{rest}\n[sheet.a.{table}]\n{name} = {reading}\n'
    )
    lines = "".join(f'{number};"{value}"\n' for number, value in enumerate(text, 1))
    return read(body, "No;V\n" + lines)


def book(*sheets, edit=None):
    """Return a workbook of sheets, each a list of rows."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for place, sheet in enumerate(sheets):
        page = made.create_sheet(f"s{place}")
        for row in sheet:
            page.append(row)
        if edit:
            edit(page)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()
