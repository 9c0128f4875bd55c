"""Outcomes of the record, one row a case, for training, calibration, evaluation and monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from datetime import datetime

LABELS_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("current_abuse", pa.int8()),
        ("state", pa.string()),
        ("selected_at", pa.timestamp("s", "UTC")),
        ("outcome_at", pa.timestamp("s", "UTC")),
        ("selected_by", pa.string()),
        ("inclusion_probability", pa.float64()),
        ("policy_id", pa.string()),
    ]
)
_RANK = {"no": 1, "undetermined": 2, "yes": 3}
_VALUE = {"no": 0, "yes": 1}


def label_cases(outcomes: pa.Table) -> pa.Table:
    """Bring outcomes to one row a case: yes before undetermined before no.

    As in training, what was found before the case was chosen does not count, and a case that was opened
    twice is told by its first opening.

    Parameters
    ----------
    outcomes : pyarrow.Table
        In the shape of the outcomes table.

    Returns
    -------
    pyarrow.Table
        ``current_abuse`` is 1, 0, or null where it is open or undetermined; ``state`` says which.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from triage.schema.tables import OUTCOMES
    >>> row = {"report_id": "r", "case_id": "c", "selected_at": datetime(2024, 1, 1, tzinfo=UTC)}
    >>> rows = [
    ...     {**row, "current_abuse_label": label, "outcome_at": datetime(2024, 1, day, tzinfo=UTC)}
    ...     for label, day in (("yes", 9), ("no", 5))
    ... ]
    >>> label_cases(pa.Table.from_pylist(rows, OUTCOMES.arrow_schema)).column("state").to_pylist()
    ['yes']
    """
    cases: dict[str, list[dict[str, Any]]] = {}
    for row in outcomes.to_pylist():
        cases.setdefault(row["case_id"], []).append(row)
    return pa.Table.from_pylist([_label(case, cases[case]) for case in sorted(cases)], schema=LABELS_SCHEMA)


def _label(case: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    chosen = [row["selected_at"] for row in rows if row["selected_at"]]
    first: datetime | None = min(chosen, default=None)
    counted = [
        row
        for row in rows
        if row["outcome_at"]
        and (first is None or (row["selected_at"] == first and row["outcome_at"] > first))
    ]
    state = max(
        (row["current_abuse_label"] for row in counted), key=lambda label: _RANK[label], default="open"
    )
    about = next((row for row in rows if row["selected_at"] == first), rows[0])
    return {
        "case_id": case,
        "current_abuse": _VALUE.get(state),
        "state": state,
        "selected_at": first,
        "outcome_at": max((row["outcome_at"] for row in counted), default=None),
        "selected_by": about["selected_by"],
        "inclusion_probability": about["inclusion_probability"],
        "policy_id": about["policy_id"],
    }
