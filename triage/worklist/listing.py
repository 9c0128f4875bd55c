"""The columns of the list, in the order in which people and machines find them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.part import Why
from triage.worklist.policy import LANES, days_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TIME = pa.timestamp("s", tz="UTC")

WORKLIST_SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("lane", pa.string()),
        ("tier", pa.int64()),
        ("case_id", pa.string()),
        ("score", pa.float64()),
        ("probability", pa.float64()),
        ("probability_low", pa.float64()),
        ("probability_high", pa.float64()),
        ("due_at", _TIME),
        ("received_at", _TIME),
        ("waiting_hours", pa.float64()),
        ("reports", pa.int64()),
        ("sources", pa.string()),
        ("country", pa.string()),
        ("solvability", pa.string()),
        ("completeness", pa.float64()),
        ("reasons", pa.string()),
        ("missing", pa.string()),
        ("tied", pa.int64()),
        ("model", pa.string()),
        ("batch", pa.string()),
        # What the list tells besides; those before keep their places for whoever reads them by number.
        ("unit", pa.string()),
        ("imminence", pa.string()),
        ("preserve_until", _TIME),
        ("evidence_days", pa.float64()),
        ("check", pa.string()),
        ("lists", pa.string()),
        ("aliases", pa.string()),
        ("policy", pa.string()),
        ("fingerprints", pa.string()),
    ]
)


def to_table(columns: dict[str, Any]) -> pa.Table:
    """Return the list as a table: each column in its declared type, those that are not given empty."""
    size = len(next(iter(columns.values())))
    arrays = [
        _as_array(columns[field.name]).cast(field.type)
        if field.name in columns
        else pa.nulls(size, field.type)
        for field in WORKLIST_SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=WORKLIST_SCHEMA)


def _as_array(values: Any) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values)


class Unreadable(NamedTuple):
    """What could not be read of one document, or one row that could not: one case for a person to look at.

    Parameters
    ----------
    name : str
        By which it is decided on.
    rows : int
        How many reports it is, or was at least.
    reasons, mend : str
        Why, with the place of the first; the next steps.
    """

    name: str
    rows: int
    reasons: str
    mend: str


def gather_unreadable(aside: pa.Table) -> list[Unreadable]:
    """Return what could not be read, once for each document: broken lines of a table take one place.

    Parameters
    ----------
    aside : pyarrow.Table
        Rows set aside (columns of `triage.schema.part.SET_ASIDE_SCHEMA`).

    Examples
    --------
    >>> from triage.schema.part import SET_ASIDE_SCHEMA
    >>> line = {"why": "unreadable", "table": "reports", "where": "file:ab", "reason": "no number"}
    >>> aside = pa.Table.from_pylist([line | {"row": row} for row in (3, 9)], schema=SET_ASIDE_SCHEMA)
    >>> [(one.name, one.rows, one.reasons) for one in gather_unreadable(aside)]
    [('file:ab', 2, 'file:ab, 2 records, the first in row 3: no number')]
    """
    found: dict[str, dict[tuple[str, str], list[dict[str, Any]]]] = {}
    for row in aside.to_pylist():
        if is_unreadable(row):
            reasons = found.setdefault(name_unreadable(row), {})
            reasons.setdefault((row["reason"], row["mend"]), []).append(row)
    return [
        Unreadable(
            name,
            sum(map(len, reasons.values())),
            "; ".join(f"{_say_place(rows)}: {reason}" for (reason, _), rows in reasons.items()),
            "; ".join(dict.fromkeys(mend for _, mend in reasons if mend)),
        )
        for name, reasons in found.items()
    ]


def _say_place(rows: Sequence[dict[str, Any]]) -> str:
    first = min(row["row"] for row in rows)
    where = rows[0]["where"]
    return (
        f"{where}, row {first}"
        if len(rows) == 1
        else f"{where}, {len(rows):,} records, the first in row {first}"
    )


def list_unreadable(
    found: Sequence[Unreadable], now: datetime, policy: Policy, same: dict[str, str]
) -> pa.Table:
    """Return the reports that could not be read, as rows of the list: a person must look.

    Parameters
    ----------
    found : sequence of Unreadable
        As `gather_unreadable` returns them.
    now : datetime
        When the list is made.
    policy : Policy
        Says when they are due: with the first tier.
    same : dict of str to str
        Columns with the same value on every row.
    """
    listed = [
        {
            "rank": place,
            "lane": LANES[0],
            "tier": 1,
            "case_id": some.name,
            "due_at": now + timedelta(days=days_of(1, policy.tiers)),
            "reports": some.rows,
            "reasons": some.reasons,
            "missing": some.mend,
            "tied": 1,
            **same,
        }
        for place, some in enumerate(found, start=1)
    ]
    return pa.Table.from_pylist(listed, schema=WORKLIST_SCHEMA)


def is_unreadable(row: dict[str, Any]) -> bool:
    """Say whether a row set aside is a report that could not be read, so that a person must look."""
    return bool(row["table"] == "reports" and row["why"] == Why.UNREADABLE.value)


def keep_deadlines(table: pa.Table, since: Mapping[int, Mapping[str, datetime]], policy: Policy) -> pa.Table:
    """Return the list with deadlines as they were first given.

    Counted from each list anew, a case that nobody opens would never be overdue.

    Parameters
    ----------
    table : pyarrow.Table
        The list.
    since : mapping of int to mapping of str to datetime
        By tier, since when each case has had its deadline, list after list.
    policy : Policy
        Has the days of the tiers.
    """
    due = table["due_at"].combine_chunks()
    competes = pc.and_(pc.equal(table["lane"], "ranked"), pc.greater(table["tier"], 1))
    for tier, began in since.items():
        if tier > len(policy.tiers):
            continue
        days = timedelta(days=days_of(tier, policy.tiers))
        known = pc.is_in(table["case_id"], pa.array(list(began), pa.string()))
        here = pc.and_(pc.and_not(pc.equal(table["tier"], tier), competes), known).combine_chunks()
        rows = zip(table["case_id"].filter(here).to_pylist(), due.filter(here).to_pylist(), strict=True)
        kept = [min(at, began[case] + days) for case, at in rows]
        due = pc.replace_with_mask(due, here, pa.array(kept, _TIME))
    return put(table, "due_at", due)


def name_unreadable(row: dict[str, Any]) -> str:
    """Return the name of what could not be read: its document, whatever stands in it.

    A thousand broken lines of one file are one thing to look at. The token of a report would be the name of a
    case where two reports of one number differ: one of them is the case, and the other stands above it.

    Examples
    --------
    >>> name_unreadable({"report_id": "r1", "where": "reports.csv", "row": 7})
    'reports.csv'
    """
    return str(row["where"])


def real(values: Floats) -> pa.Array:
    """Return numbers as a column; NaN is empty."""
    return pa.array(values, mask=np.isnan(values))


def whole(values: NDArray[Any], known: NDArray[np.bool_]) -> pa.Array:
    """Return whole numbers as a column; what is not known is empty."""
    return pa.array(np.where(known, values, 0).astype(np.int64), mask=~known)


def instants(seconds: NDArray[Any], known: NDArray[np.bool_]) -> pa.Array:
    """Return seconds since 1970 as a column of times."""
    return whole(seconds, known).cast(_TIME)


def put(table: pa.Table, column: str, values: Sequence[Any] | pa.Array) -> pa.Table:
    """Return the list with other values in a column."""
    field = WORKLIST_SCHEMA.field(column)
    return table.set_column(
        WORKLIST_SCHEMA.get_field_index(column), field, _as_array(values).cast(field.type)
    )
