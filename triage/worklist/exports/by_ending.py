"""Write a list to a file whose ending says what it is."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.worklist.exports.about import About, describe, describe_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from triage.worklist.build import Worklist
    from triage.worklist.explain import Explanation

# Each file with its own libraries, which are imported only when such a file is written.
_TABLES = {".csv": "csv_file", ".xlsx": "workbook", ".jsonl": "lines", ".parquet": "parquet_file"}
_LISTS = {".coop.json": "coop", ".html": "page"}
ENDINGS = (*_TABLES, *_LISTS)


@dataclass(frozen=True)
class Options:
    """How a file is to be written.

    Parameters
    ----------
    about : About
        What is said of the list.
    delimiter : str
        Of a CSV file.
    details : mapping of str to Explanation
        Explanations by case, for the page.
    force : bool
        Replace a file that is there.
    rows : int
        How many rows it will have.
    """

    about: About
    delimiter: str
    details: Mapping[str, Explanation]
    force: bool
    rows: int


def export(
    worklist: Worklist,
    path: Path | str,
    *,
    details: Mapping[str, Explanation] | None = None,
    force: bool = False,
    delimiter: str = ",",
) -> None:
    """Write a worklist to a file, whole or not at all; the ending of its name says what kind.

    Parameters
    ----------
    worklist : Worklist
        The list.
    path : Path
        Ends in ``.csv``, ``.xlsx``, ``.jsonl``, ``.parquet``, ``.html`` or ``.coop.json``.
    details : mapping of str to Explanation, optional
        Explanations by case (`triage.worklist.explain`); the page shows them where a case is opened, but of
        no case of which the list hides the score.
    force : bool
        Replace a file that is there.
    delimiter : str
        Of a CSV file: ``,``, or ``;``, which goes with a decimal comma.

    Raises
    ------
    InputRefusedError
        The ending is none of these, the delimiter neither of the two, or the file cannot hold as many rows.
    OutputExistsError
        The file exists and `force` is false.
    """
    export_all(worklist, [Path(path)], details=details, force=force, delimiter=delimiter)


def export_all(
    worklist: Worklist,
    paths: Sequence[Path],
    *,
    details: Mapping[str, Explanation] | None = None,
    force: bool = False,
    delimiter: str = ",",
    written: Callable[[Path], None] | None = None,
    jobs: int = 1,
) -> None:
    """Write a worklist to several files in one go through its rows, each whole or not at all.

    Parameters
    ----------
    worklist : Worklist
        The list.
    paths : sequence of Path
        As `path` of `export`.
    details, force, delimiter
        As of `export`.
    written : callable, optional
        Hears of each file once it is there, in the order of `paths`.
    jobs : int
        With more than one, rows are written while the next ones are made.

    Raises
    ------
    InputRefusedError, OutputExistsError
        As of `export`.
    """
    # What adds up to a score tells it.
    shown = {case: told for case, told in (details or {}).items() if case not in worklist.hidden}
    options = Options(describe(worklist), delimiter, shown, force, len(worklist))
    with ExitStack() as stack:
        # The first is entered last, and so is finished first.
        adds = [stack.enter_context(_open(path, options, written)) for path in reversed(paths)]
        if jobs == 1:
            for rows in worklist.blocks():
                for add in adds:
                    add(rows)
            return
        with ThreadPoolExecutor(len(adds)) as writers:
            under_way: list[Future[None]] = []
            for rows in worklist.blocks():
                for one in under_way:
                    one.result()
                under_way = [writers.submit(add, rows) for add in adds]
            for one in under_way:
                one.result()


@contextmanager
def _open(
    path: Path, options: Options, written: Callable[[Path], None] | None
) -> Iterator[Callable[[pa.Table], None]]:
    with _writer(path, {**_TABLES, **_LISTS}).open_list(path, options) as add:
        yield add
    if written:
        written(path)


def export_table(
    table: pa.Table,
    path: Path,
    *,
    title: str = "List",
    synthetic: bool = False,
    force: bool = False,
    delimiter: str = ",",
) -> None:
    """Write any table of plain columns as CSV, XLSX, JSON Lines or Parquet, as a worklist is written.

    Parameters
    ----------
    table : pyarrow.Table
        Text, numbers, times and booleans.
    path : Path
        Ends in ``.csv``, ``.xlsx``, ``.jsonl`` or ``.parquet``.
    title : str
        What kind of list it is: the name of the sheet.
    synthetic : bool
        Whether no real report is behind it.
    force : bool
        Replace a file that is there.
    delimiter : str
        Of a CSV file: ``,``, or ``;``, which goes with a decimal comma.

    Raises
    ------
    InputRefusedError
        The ending is none of these, the delimiter neither of the two, or the file cannot hold as many rows.
    OutputExistsError
        The file exists and `force` is false.
    """
    options = Options(describe_table(table, title, synthetic=synthetic), delimiter, {}, force, table.num_rows)
    with _writer(path, _TABLES).open_list(path, options) as add:
        add(table)


def _writer(path: Path, known: dict[str, str]) -> Any:
    name = path.name.lower()
    for ending, module in known.items():
        if name.endswith(ending):
            return import_module(f"triage.worklist.exports.{module}")
    raise InputRefusedError(
        f"the ending '{path.suffix}'",
        where=str(path),
        expected=f"a name that ends in {', '.join(known)}",
        mend="choose another --out",
    )
