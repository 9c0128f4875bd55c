"""Link reports into cases: connected components over the tokens of reported persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.schema.part import Rows


def link_reports(reports: pa.Table, persons: pa.Table) -> pa.Array:
    """Return the case of each report.

    Reports that share a reported person are one case, and so are reports that are joined by a chain of
    such persons. A batched report names many unrelated persons and joins none. A case is named after its
    earliest report, so that its name stays when later reports join it, whatever the order of the rows.

    Parameters
    ----------
    reports : pyarrow.Table
        Mended reports.
    persons : pyarrow.Table
        Mended persons.

    Returns
    -------
    pyarrow.Array of string, shape (n_reports,)
        The case id of each report.

    Examples
    --------
    >>> reports = pa.table(
    ...     {
    ...         "report_id": ["r2", "r1", "r3"],
    ...         "received_at": pa.array([20, 10, 30], pa.timestamp("s", "UTC")),
    ...         "actionability": pa.array([None, None, None], pa.string()),
    ...     }
    ... )
    >>> persons = pa.table(
    ...     {"person_id": ["p", "p"], "report_id": ["r1", "r2"], "role": ["reported", "reported"]}
    ... )
    >>> link_reports(reports, persons).to_pylist()
    ['r1', 'r1', 'r3']
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - scipy is slow to import and seldom needed
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - ditto

    n_reports = reports.num_rows
    rows = np.asarray(
        pc.fill_null(pc.index_in(persons["report_id"], reports["report_id"].combine_chunks()), -1)
    )
    batched = _equals(reports["actionability"], "batch")
    joins = (
        _equals(persons["role"], "reported") & (rows >= 0) & ~batched[rows.clip(0)] if n_reports else rows > 0
    )
    person = np.asarray(persons["person_id"].combine_chunks().dictionary_encode().indices)[joins]
    n_persons = int(person.max()) + 1 if len(person) else 0
    size = n_reports + n_persons
    graph = coo_array((np.ones(len(person), np.int8), (rows[joins], n_reports + person)), shape=(size, size))
    component = connected_components(graph, directed=False)[1][:n_reports]
    return reports["report_id"].combine_chunks().take(pa.array(_earliest(reports, component)))


def attach_cases(rows: Rows) -> None:
    """Write the case of every row into ``case_id``, in place; a row that leads to no report gets none.

    Files, persons, children and outcomes follow their report; accounts, payments and records follow their
    person, who belongs to the case in which that person is the reported one; events and threads follow
    their account.
    """
    reports, persons = rows.tables["reports"], rows.tables["persons"]
    by_report = (reports["report_id"].combine_chunks(), link_reports(reports, persons))
    _fill(rows, "reports", "report_id", by_report)
    for name in ("persons", "files", "children", "outcomes"):
        _fill(rows, name, "report_id", by_report)
    by_person = _case_of_person(rows.tables["persons"])
    for name in ("accounts", "transactions", "prior_records"):
        _fill(rows, name, "person_id", by_person)
    accounts = rows.tables["accounts"]
    by_account = (accounts["account_id"].combine_chunks(), accounts["case_id"].combine_chunks())
    for name in ("network_events", "communications"):
        _fill(rows, name, "account_id", by_account)


def _equals(values: pa.ChunkedArray, code: str) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(pc.equal(values.cast(pa.string()), code), False))


def _earliest(reports: pa.Table, component: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return, for each report, the row of the earliest report of its component."""
    order = np.asarray(
        pc.sort_indices(
            reports.select(["received_at", "report_id"]),
            sort_keys=[("received_at", "ascending"), ("report_id", "ascending")],
        )
    ).astype(np.int64)
    _, first, inverse = np.unique(component[order], return_index=True, return_inverse=True)
    earliest = np.empty(len(component), dtype=np.int64)
    earliest[order] = order[first][inverse]
    return earliest


def _case_of_person(persons: pa.Table) -> tuple[pa.Array, pa.Array]:
    known = persons.filter(pc.is_valid(persons["case_id"]))
    ranked = pa.table(
        {
            "person_id": known["person_id"],
            "case_id": known["case_id"],
            "other": pa.array(~_equals(known["role"], "reported")),
        }
    ).sort_by([("person_id", "ascending"), ("other", "ascending"), ("case_id", "ascending")])
    # index_in returns the first match, so the case in which the person is the reported one wins.
    return ranked["person_id"].combine_chunks(), ranked["case_id"].combine_chunks()


def _fill(rows: Rows, name: str, key: str, cases: tuple[pa.Array, pa.Array]) -> None:
    table = rows.tables[name]
    found = pc.take(cases[1], pc.index_in(table[key].combine_chunks(), cases[0]))
    rows.tables[name] = table.set_column(table.column_names.index("case_id"), "case_id", found)
