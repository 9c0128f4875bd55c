"""The way back: which report number of the sender stands behind a token.

The file lies beside the batch, can be read by its owner only, and is never exported: with it a token leads to
a report, and a report to persons.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

OWNER_ONLY = 0o600
_MOST_AT_ONCE = 500
# What is longer is no number and no name of a file, and may be anything.
_LONGEST = 300
_TOO_LONG = "a text that is too long for a number"


def refs_file(batch: Path) -> Path:
    """Return where the references of a batch are.

    Examples
    --------
    >>> from pathlib import Path
    >>> refs_file(Path("in/today")).name
    'today-refs.sqlite'
    """
    return batch.with_name(f"{batch.name}-refs.sqlite")


def write_refs(batch: Path, refs: Iterable[tuple[str, str]], *, force: bool = False) -> None:
    """Write the references of a batch, whole or not at all, for the owner's eyes only.

    Parameters
    ----------
    batch : Path
        The batch folder.
    refs : iterable of (str, str)
        Report token and the sender's report number.
    force : bool
        Replace a file that is there.

    Raises
    ------
    OutputExistsError
        The file exists and `force` is false.
    """
    with (
        write_file(refs_file(batch), force=force, mode=OWNER_ONLY) as partial,
        closing(sqlite3.connect(partial)) as database,
        database,
    ):
        database.execute("create table refs (report_id text not null, number text not null) strict")
        told = {(token, number if len(number) <= _LONGEST else _TOO_LONG) for token, number in refs}
        database.executemany("insert into refs values (?, ?)", sorted(told))
        database.execute("create index by_report on refs (report_id)")


def read_refs(batch: Path, reports: Collection[str]) -> list[tuple[str, str]]:
    """Return the report numbers behind report tokens.

    Parameters
    ----------
    batch : Path
        The batch folder.
    reports : collection of str
        Report tokens.

    Returns
    -------
    list of (str, str)
        Token and number, in order; a report whose sender gave no number is not in it.

    Raises
    ------
    InputRefusedError
        The file is not there or is no file of references.
    """
    file = refs_file(batch)
    if not file.is_file():
        raise InputRefusedError(
            "no such file",
            where=str(file),
            expected="the references that triage import wrote beside the batch",
            mend="run this where the reports were imported; the file never travels with the batch",
        )
    wanted, found = sorted(reports), []
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            for start in range(0, len(wanted), _MOST_AT_ONCE):
                some = wanted[start : start + _MOST_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"select report_id, number from refs where report_id in ({marks}) order by 1, 2"  # noqa: S608 - only question marks are put in
                found += database.execute(query, some).fetchall()
    except sqlite3.DatabaseError as error:
        raise InputRefusedError(
            f"cannot be read ({error})", where=str(file), mend="import the reports again"
        ) from None
    return found
