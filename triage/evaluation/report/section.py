"""A section of a report: title, sentences, table, picture; how it is shown is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

Cells = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Parameters
    ----------
    title : str
        What it is about.
    header : tuple of str
        Names of the columns; empty where the table needs none.
    rows : tuple of tuple of str
        Cells, row by row; rows may be shorter than the header.
    lead : tuple of str
        Sentences before the table: how to read it.
    notes : tuple of str
        Sentences after the table.
    picture : str
        Name of the drawing that belongs to it; empty where there is none.
    """

    title: str
    header: Cells = ()
    rows: tuple[Cells, ...] = ()
    lead: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    picture: str = ""
