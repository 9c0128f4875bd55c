"""Link reports into cases: connected components over persons, devices, addresses and report numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.traces import DEVICE
from triage.schema.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.schema.part import Rows

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_DAY = 86_400
_NOBODY = -1


@dataclass(frozen=True)
class Caps:
    """How many a token may tie; one that more share names nobody in particular, and ties none of them.

    Parameters
    ----------
    person : int
        Reports that name one person. An identifier that a sender fills in for all its users would else make
        one case of thousands, and thousands of children would stand on one line of the list.
    number : int
        Reports under one report number.
    device, address : int
        Persons with one device, or with one address and port within a day.
    """

    person: int = 1_000
    number: int = 20
    device: int = 5
    address: int = 5


class Linked(NamedTuple):
    """The cases, and the tokens that tie nothing because too many share them.

    Parameters
    ----------
    cases : pyarrow.Array of string, shape (n_reports,)
        The case of each report.
    capped : dict of str to (int, int)
        For each kind of token (a name in `Caps`) how many those are, and how many share the worst of them.
    """

    cases: pa.Array
    capped: dict[str, tuple[int, int]]


class _Ties(NamedTuple):
    """Tokens and what they tie, both as numbers from 0; row by row, each pair once."""

    token: Ints
    tied: Ints


def link_reports(tables: Mapping[str, pa.Table], caps: Caps | None = None) -> Linked:
    """Return the case of each report.

    Two reports are one case when they name the same reported person, or persons with the same device, or with
    the same address and port within a day; when they carry the same number; when one says that its person
    stood in the other, which names nobody else; and when a chain of these joins them. A bare address never
    ties. A batched report names many unrelated persons and joins none. A case is named after its earliest
    report, so that its name stays when later reports join it, whatever the order of the rows.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Mended tables; of those besides ``reports`` and ``persons`` any may be absent.
    caps : Caps, optional
        How many a token may tie.

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
    >>> link_reports({"reports": reports, "persons": persons}).cases.to_pylist()
    ['r1', 'r1', 'r3']
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - scipy is slow to import and seldom needed
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - ditto

    caps, capped = caps or Caps(), {}
    reports = tables["reports"]
    n_reports = reports.num_rows
    people = pc.unique(tables["persons"]["person_id"].combine_chunks())

    def cap(kind: str, ties: _Ties) -> _Ties:
        kept, capped[kind] = _cap(ties, getattr(caps, kind))
        return kept

    named = cap("person", _named(tables, people))
    numbered = cap("number", _numbered(reports))
    seen = [cap(kind, ties) for kind, ties in _traces(tables, people, np.unique(named.token)).items()]
    earlier = _earlier(tables, people, named)
    # First the reports, then the persons, then all other tokens are the nodes; a tie is an edge.
    edges, size = [], n_reports + len(people)
    for person, report in (named, earlier):
        edges.append((n_reports + person, report))
    for ties, start in ((numbered, 0), *((found, n_reports) for found in seen)):
        edges.append((size + ties.token, start + ties.tied))
        size += int(ties.token.max(initial=_NOBODY)) + 1
    ends = tuple(np.concatenate(side) for side in zip(*edges, strict=True))
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size))
    component = connected_components(graph, directed=False)[1][:n_reports]
    cases = reports["report_id"].combine_chunks().take(pa.array(_earliest(reports, component)))
    return Linked(cases, {kind: found for kind, found in capped.items() if found[0]})


def attach_cases(rows: Rows) -> None:
    """Write the case of every row into ``case_id``, in place; a row that leads to no report gets none.

    Files, persons, children and outcomes follow their report; accounts, payments and records follow their
    person, who belongs to the case in which that person is the reported one; events and threads follow
    their account. Tokens that tie nothing because too many share them are told in the findings.
    """
    linked = link_reports(rows.tables)
    rows.findings += capped_findings(linked)
    by_report = (rows.tables["reports"]["report_id"].combine_chunks(), linked.cases)
    _fill(rows, "reports", "report_id", by_report)
    for name in ("persons", "files", "children", "outcomes"):
        _fill(rows, name, "report_id", by_report)
    by_person = _case_of_person(rows.tables["persons"])
    for name in ("accounts", "transactions", "prior_records"):
        _fill(rows, name, "person_id", by_person)
    by_account = _case_of_account(rows.tables["accounts"])
    for name in ("network_events", "communications"):
        _fill(rows, name, "account_id", by_account)


def _named(tables: Mapping[str, pa.Table], people: pa.Array) -> _Ties:
    """Tie persons to the reports in which they are reported."""
    reports, persons = tables["reports"], tables["persons"]
    report = _places(persons["report_id"], reports["report_id"])
    holds = _equals(persons["role"], "reported") & (report >= 0)
    if reports.num_rows:
        holds &= ~_equals(reports["actionability"], "batch")[report.clip(0)]
    return _once(_places(persons["person_id"], people)[holds], report[holds])


def _numbered(reports: pa.Table) -> _Ties:
    """Tie report numbers to the reports that carry them: the same report that came twice."""
    if "source_ref_hash" not in reports.column_names:
        return _once(np.zeros(0, np.int64), np.zeros(0, np.int64))
    codes = _codes(reports["source_ref_hash"])
    holds = (codes >= 0) & ~_equals(reports["actionability"], "batch")
    return _once(codes[holds], np.flatnonzero(holds))


def _traces(tables: Mapping[str, pa.Table], people: pa.Array, reported: Ints) -> dict[str, _Ties]:
    """Tie devices, and addresses within a day, to the reported persons at whose accounts they were seen."""
    if "network_events" not in tables or "accounts" not in tables:
        return {}
    events, accounts = tables["network_events"], tables["accounts"]
    account = _places(events["account_id"], accounts["account_id"])
    holders = np.append(_places(accounts["person_id"], people), _NOBODY)
    person, token = holders[account], _codes(events["link_token"])
    holds = np.isin(person, reported) & (token >= 0)
    device = np.asarray(pc.fill_null(pc.starts_with(events["link_token"], DEVICE), False))
    at = np.asarray(pc.fill_null(events["event_at"].cast(pa.int64()), _NOBODY))
    by_device, by_address = holds & device, holds & ~device & (at >= 0)
    return {
        "device": _once(token[by_device], person[by_device]),
        "address": _once(_spells(token[by_address], at[by_address]), person[by_address]),
    }


def _spells(token: Ints, at: Ints) -> Ints:
    """Return the spell of each row: its token seen again and again with no more than a day between."""
    order = np.lexsort((at, token))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (np.diff(token[order]) != 0) | (np.diff(at[order]) > _DAY)
    spell = np.empty(len(order), dtype=np.int64)
    spell[order] = np.cumsum(begins) - 1
    return spell


def _earlier(tables: Mapping[str, pa.Table], people: pa.Array, named: _Ties) -> _Ties:
    """Tie persons to the earlier reports that a sender says they stood in, where those name nobody else."""
    nothing = _once(np.zeros(0, np.int64), np.zeros(0, np.int64))
    reports, records = tables["reports"], tables.get("prior_records")
    if records is None or not records.num_rows or "source_ref_hash" not in reports.column_names:
        return nothing
    # Such a record is named after the number of the report, and the person.
    number = pc.list_element(pc.split_pattern(records["record_id"], ":"), 0)
    report = _places(number, reports["source_ref_hash"])
    person = _places(records["person_id"], people)
    alone = np.bincount(named.tied, minlength=reports.num_rows) == 1
    holds = _equals(records["record_kind"], "prior_report") & (report >= 0) & (person >= 0)
    holds[holds] &= alone[report[holds]] & np.isin(person[holds], named.token)
    return _once(person[holds], report[holds])


def _cap(ties: _Ties, most: int) -> tuple[_Ties, tuple[int, int]]:
    """Leave out tokens that tie more than so many; say how many those are, and what the worst would tie."""
    count = np.bincount(ties.token)
    over = count > most
    kept = ~over[ties.token] if len(over) else np.zeros(0, dtype=bool)
    return _Ties(ties.token[kept], ties.tied[kept]), (int(over.sum()), int(count.max(initial=0)))


def capped_findings(linked: Linked) -> list[Finding]:
    """Tell of the tokens that tie nothing because too many share them."""
    return [_capped_finding(kind, *found) for kind, found in linked.capped.items()]


def _capped_finding(kind: str, tokens: int, worst: int) -> Finding:
    what = {"person": "reports", "number": "reports"}.get(kind, "persons")
    return Finding(
        Level.FIELD, "reports", "case_id", 0, tokens, f"one {kind} that {worst:,} {what} share",
        f"at most {getattr(Caps(), kind):,}", "it joins none of them; ask the sender what stands there",
    )  # fmt: skip


def _once(token: Ints, tied: Ints) -> _Ties:
    """Return each pair once."""
    if not len(token):
        return _Ties(token, tied)
    width = int(tied.max()) + 1
    pair = np.unique(token * width + tied)
    return _Ties(pair // width, pair % width)


def _places(values: pa.ChunkedArray | pa.Array, among: pa.ChunkedArray | pa.Array) -> Ints:
    """Return where each value first stands among others; -1 where it does not, or is null."""
    known = among.combine_chunks() if isinstance(among, pa.ChunkedArray) else among
    found = pc.index_in(values, known, skip_nulls=True)
    return np.asarray(pc.fill_null(found, _NOBODY)).astype(np.int64)


def _codes(values: pa.ChunkedArray) -> Ints:
    """Return a number for each value, equal for equal ones; -1 where there is none."""
    encoded = values.combine_chunks().dictionary_encode()
    return np.asarray(pc.fill_null(encoded.indices, _NOBODY)).astype(np.int64)


def _equals(values: pa.ChunkedArray, code: str) -> Mask:
    return np.asarray(pc.fill_null(pc.equal(values.cast(pa.string()), code), False))


def _earliest(reports: pa.Table, component: NDArray[np.int32]) -> Ints:
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


def _case_of_account(accounts: pa.Table) -> tuple[pa.Array, pa.Array]:
    known = accounts.filter(pc.is_valid(accounts["case_id"])).select(["account_id", "case_id"])
    if len(pc.unique(known["account_id"])) < known.num_rows:
        # An account of two persons is of the case that comes first, whatever the order of the rows.
        known = known.sort_by([("account_id", "ascending"), ("case_id", "ascending")])
    return known["account_id"].combine_chunks(), known["case_id"].combine_chunks()


def _fill(rows: Rows, name: str, key: str, cases: tuple[pa.Array, pa.Array]) -> None:
    table = rows.tables[name]
    found = pc.take(cases[1], pc.index_in(table[key].combine_chunks(), cases[0]))
    rows.tables[name] = table.set_column(table.column_names.index("case_id"), "case_id", found)
