"""Outcomes from a spreadsheet: every row accounted for, all of them kept or none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.intake.tables import read_scores
from triage.intake.workbook import read_workbook
from triage.record.outcomes import Finding
from triage.writing import require_plain, shown

if TYPE_CHECKING:
    from pathlib import Path

    from triage.record.chain import Head
    from triage.record.record import Record

NEEDED = ("case_id", "outcome_kind", "current_abuse_label", "outcome_at")
OTHERS = ("selected_at", "selected_by", "label_source")
_NAMES = {"current_abuse": "current_abuse_label"}
_TIMES = ("outcome_at", "selected_at")
_LABELS = {"1": "yes", "0": "no", "true": "yes", "false": "no"}
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class RowAccount:
    """What became of one row.

    Parameters
    ----------
    row : int
        From 1, below the header.
    case_id : str
        As it stands there.
    became : str
        recorded, already there, refused, or waiting: fit to be recorded, were it not for others.
    why : str
        Why it was refused.
    """

    row: int
    case_id: str
    became: str
    why: str = ""


def import_findings(record: Record, who: str, path: Path) -> tuple[Head | None, list[RowAccount]]:
    """Keep the outcomes of a spreadsheet, unless one of its rows is refused: then none.

    Parameters
    ----------
    record : Record
        Knows the cases.
    who : str
        Who brings them.
    path : Path
        CSV (``,`` or ``;``) or XLSX (first sheet) with the columns of `NEEDED`, and those of `OTHERS` where
        they are known.

    Returns
    -------
    head : Head or None
        None where nothing was kept.
    accounts : list of RowAccount
        One a row, in order.
    """
    rows = read_rows(path)
    parsed = [_try(row) for _, row in rows]
    findings = [finding for finding in parsed if isinstance(finding, Finding)]
    checked = iter(record.check_findings(findings))
    whys = [next(checked) if isinstance(some, Finding) else some for some in parsed]
    head, new = None, [False] * len(rows)
    if not any(whys):
        head, new = record.found(who, findings)
    accounts = []
    for (number, row), why, fresh in zip(rows, whys, new, strict=True):
        became = "waiting" if any(whys) else "recorded" if fresh else "already there"
        accounts.append(RowAccount(number, shown(_text(row["case_id"])), "refused" if why else became, why))
    return head, accounts


def read_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Read the rows of a spreadsheet, numbered from 1, by the names of its columns; empty ones are left out.

    Raises
    ------
    InputRefusedError
        It cannot be read, or a column is not there.
    """
    require_plain(path)
    if path.is_file() and path.stat().st_size > _MOST_BYTES:
        raise InputRefusedError(f"more than {_MOST_BYTES:,} bytes", where=str(path), mend="split it")
    book = path.suffix.lower() == ".xlsx"
    lines = read_workbook(path, 10 * _MOST_BYTES) if book else read_scores(path, ()).to_pylist()
    rows = [
        (number, {_NAMES.get(name.strip().lower(), name.strip().lower()): line[name] for name in line})
        for number, line in enumerate(lines, start=1)
    ]
    # Columns of a Parquet file may hold lists.
    rows = [(number, row) for number, row in rows if any(value not in (None, "") for value in row.values())]
    missing = [name for name in NEEDED if rows and name not in rows[0][1]]
    if missing or not rows:
        raise InputRefusedError(
            f"no column {', '.join(missing)}" if missing else "no rows",
            where=str(path),
            expected=f"columns {', '.join(NEEDED)}, and {', '.join(OTHERS)} where known",
        )
    return rows


def _try(row: dict[str, Any]) -> Finding | str:
    """Return the finding, or why there is none."""
    try:
        return _parse(row)
    except InputRefusedError as error:
        return str(error)


def _parse(row: dict[str, Any]) -> Finding:
    values = {name: _text(row.get(name)) for name in (*NEEDED, *OTHERS) if name not in _TIMES}
    times = {name: _time(name, row.get(name)) for name in _TIMES}
    for name in NEEDED:
        if not (values.get(name) or times.get(name)):
            raise InputRefusedError("nothing", where=name, expected="a value")
    label = values["current_abuse_label"].lower()
    outcome_at = times["outcome_at"]
    assert outcome_at is not None  # noqa: S101 - for the type checker: it is among the needed
    return Finding(
        values["case_id"],
        values["outcome_kind"],
        _LABELS.get(label, label),
        outcome_at,
        values["label_source"] or "investigation",
        times["selected_at"],
        values["selected_by"] or None,
    )


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _time(name: str, value: Any) -> datetime | None:
    """Read a time as UTC; a day that could be read in two ways is refused."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = _text(value)
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InputRefusedError(
            f"'{shown(text)}'", where=name, expected="a time such as 2024-03-01 or 2024-03-01T10:00:00Z"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
