"""Bring rows in any order to their cases: out of core, one range of cases after the other.

Rows are mended as they are read. A row that does not say its case waits on disk, in the bucket of its
parent's name, until the case of the parent is known. A row whose case is known waits on disk with the rows of
a range of cases. Each range is then settled in memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.batch import PART_CASES
from triage.schema.keys import find_repeats, keep_usable, set_repeats_aside
from triage.schema.knowing import forget_future_knowing, stamp_enrichment
from triage.schema.part import Part, Rows, Why, no_set_aside, set_aside
from triage.schema.settling import ORPHANED, orphan_finding, set_caseless_aside, settle
from triage.schema.source import BROKEN, Account, broken_finding
from triage.schema.spilling import Ranges, Spill, hash_tokens, pack, sortable_tokens, unpack
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from triage.schema.findings import Finding
    from triage.schema.source import Source, SourceFile

    Ints = NDArray[np.int64]
    Link = Callable[[Mapping[str, pa.Table]], tuple[pa.Array, list[Finding]]]

BUCKET_ROWS = 2**20
RANGE_ROWS = 2**21
MOST_LINKED = 20_000_000
CASE, NUMBER = "_case", "_number"
# Children before their parents, so that it is known by then who waits for a parent.
_CHILDREN = (
    "network_events", "communications", "accounts", "transactions", "prior_records",
    "files", "children", "outcomes", "persons",
)  # fmt: skip
# Through whom others find their case, and who those are.
_LEADS = {
    "persons": ("person_id", ("accounts", "transactions", "prior_records")),
    "accounts": ("account_id", ("network_events", "communications")),
}
_LINKING = {
    "reports": ("report_id", "received_at", "actionability", "source_ref_hash"),
    "persons": ("person_id", "report_id", "role"),
    "accounts": ("account_id", "person_id"),
    "network_events": ("account_id", "link_token", "event_at"),
    "prior_records": ("record_id", "person_id", "record_kind"),
}


class Routing:
    """One pass of rows from a source to ranges of cases: what waits where, and what is known so far.

    Parameters
    ----------
    source : Source
        The tables.
    scratch : Path
        A folder for what waits.
    link : callable
        Columns of mended tables that tie reports -> the case of each report, and findings.
    anew : bool
        Link the reports whatever cases they state.
    """

    def __init__(self, source: Source, scratch: Path, link: Link, *, anew: bool) -> None:
        self.source, self.scratch, self.link = source, scratch, link
        self.account = Account(source)
        self.where = source.where()
        self.linking = anew
        self.cases = 0
        self.buckets = max(1, -(-source.rows // BUCKET_ROWS))
        self.bounds: NDArray[np.bytes_] = np.zeros(0, "S1")
        self.ready: dict[str, Spill] = {}
        self.waiting: dict[str, Spill] = {}
        self.parents: dict[str, Spill] = {}
        self.narrow: dict[str, list[pa.Table]] = {}
        self.remembered = 0
        self.aside = [source.set_aside]

    def ranges(self) -> Iterator[Part]:
        """Read everything, and yield the cases, range by range."""
        reports = self._read_reports()
        self._read_children()
        self._join_reports(self._link(reports) if self.linking else self._stated(reports))
        for key, children in _LEADS.values():
            self._join_parents(key, children)
        for number in range(len(self.bounds) + 1):
            part = self._settle(number)
            self.cases += len(part.cases)
            yield part

    def _spill(self, name: str, buckets: int) -> Spill:
        return Spill(self.scratch / f"{name}.arrow", buckets)

    def _read(self, name: str) -> Iterator[pa.Table]:
        """Yield the usable rows of a table in their declared form, with their numbers, block by block."""
        declared, kept = TABLES[name], 0
        for place, file in enumerate(self.source.files):
            if file.table != name:
                continue
            for block in file.read():
                rows = Rows({})
                raw = block.table
                if not self.source.is_batch:
                    raw = stamp_enrichment(name, raw, self.source.meta.as_of)
                numbers = self.account.number(place, block.numbers)
                table, numbers = keep_usable(rows, raw, declared, numbers, where=file.where, before=kept)
                _set_broken_aside(rows, file, self.account.number(place, block.broken))
                kept += table.num_rows
                self.account.came[place] += block.table.num_rows + len(block.broken)
                self._note(rows)
                yield table.append_column(NUMBER, pa.array(numbers))

    def _note(self, rows: Rows) -> None:
        self.account.add_findings(rows.findings)
        if rows.set_aside.num_rows:
            self.aside.append(self.account.place(rows.set_aside))

    def _read_reports(self) -> Spill:
        """Read the reports, by the hash of their names, so that those of one name can be compared."""
        reports, seen = self._spill("all-reports", self.buckets), Ranges()
        for table in self._read("reports"):
            seen.see(table["case_id"])
            reports.add(pack(table, "reports"), self._bucket(table["report_id"]))
        # Where no report states a case, they must be linked.
        self.linking = self.linking or (reports.rows > 0 and not seen.total)
        if not self.linking:
            self._bound(seen)
        return reports

    def _bound(self, seen: Ranges) -> None:
        """Cut the cases into ranges, so many that one can be settled in memory."""
        self.bounds = seen.cut(max(1, -(-seen.total // PART_CASES), -(-self.source.rows // RANGE_ROWS)))

    def _bucket(self, names: pa.ChunkedArray) -> Ints:
        return (hash_tokens(names) % np.uint64(self.buckets)).astype(np.int64)

    def _unique_reports(self, reports: Spill, bucket: int) -> pa.Table | None:
        """Return the reports of a bucket, each once."""
        packed = reports.read(bucket)
        if packed is None:
            return None
        rows = Rows({})
        table = self._once(rows, "reports", _in_order(unpack(packed, "reports")))
        self._note(rows)
        return table

    def _once(self, rows: Rows, name: str, table: pa.Table) -> pa.Table:
        """Return rows without those that repeat another; what else is not declared stays beside them."""
        declared, where = TABLES[name], self.where[name]
        numbers = table[NUMBER].to_numpy()
        plain = table.select(declared.arrow_schema.names)
        repeats = find_repeats(plain, declared)
        set_repeats_aside(rows, plain, declared, repeats, numbers, where=where)
        if repeats.dropped.any():
            table = table.filter(pa.array(~repeats.dropped))
        if self.source.is_batch:
            return table
        return forget_future_knowing(rows, table, self.source.meta.as_of, where, table[NUMBER].to_numpy())

    def _read_children(self) -> None:
        """Read all other tables: a row goes to its case where it says one, else it waits for its parent."""
        for name in _CHILDREN:
            for table in self._read(name):
                self._remember(name, table)
                said = np.asarray(table["case_id"].is_valid()) & (not self.linking)
                if said.any():
                    known = table if said.all() else table.filter(pa.array(said))
                    self._send(name, known, known["case_id"])
                if not said.all():
                    rest = table.filter(pa.array(~said))
                    if name not in self.waiting:
                        self.waiting[name] = self._spill(f"waiting-{name}", self.buckets)
                    self.waiting[name].add(pack(rest, name), self._bucket(rest[TABLES[name].parent[1]]))

    def _remember(self, name: str, table: pa.Table) -> None:
        """Keep the columns by which reports are linked, if they are to be."""
        if not self.linking or name not in _LINKING:
            return
        narrow = table.select(_LINKING[name])
        self.remembered += narrow.num_rows
        if self.remembered > MOST_LINKED:
            raise InputRefusedError(
                f"more than {MOST_LINKED:,} rows of reports that state no case",
                where=self.source.meta.name,
                expected="a case_id in the reports: cases are linked in memory",
                mend="give the reports the case_id of the system that they come from, or divide them",
            )
        self.narrow.setdefault(name, []).append(narrow)

    def _link(self, reports: Spill) -> Iterator[pa.Table | None]:
        """Link the reports, and yield them, bucket by bucket, with their cases."""
        unique, counts = self._spill("unique-reports", self.buckets), []
        for bucket in range(self.buckets):
            table = self._unique_reports(reports, bucket)
            counts.append(0 if table is None else table.num_rows)
            if table is not None:
                self._remember("reports", table)
                unique.add(pack(table, "reports"), np.full(table.num_rows, bucket, np.int64))
        tables = {
            name: pa.concat_tables(
                [TABLES[name].arrow_schema.empty_table().select(columns), *self.narrow.pop(name, [])]
            )
            for name, columns in _LINKING.items()
        }
        cases, findings = self.link({name: table.unify_dictionaries() for name, table in tables.items()})
        del tables
        self.account.add_findings(findings)
        seen = Ranges()
        seen.see(pa.chunked_array([cases]))
        self._bound(seen)
        start = 0
        for bucket, count in enumerate(counts):
            packed = unique.read(bucket)
            yield (
                None
                if packed is None
                else unpack(packed, "reports").append_column(CASE, cases.slice(start, count))
            )
            start += count

    def _stated(self, reports: Spill) -> Iterator[pa.Table | None]:
        """Yield the reports, bucket by bucket, with the cases that they state."""
        for bucket in range(self.buckets):
            table = self._unique_reports(reports, bucket)
            if table is None:
                yield None
                continue
            caseless = np.asarray(table["case_id"].is_null())
            if caseless.any():
                rows = Rows({})
                set_caseless_aside(
                    rows,
                    table.select(TABLES["reports"].arrow_schema.names),
                    caseless,
                    self.where["reports"],
                    table[NUMBER].to_numpy(),
                )
                self._note(rows)
                table = table.filter(pa.array(~caseless))
            yield table.append_column(CASE, table["case_id"])

    def _join_reports(self, reports: Iterator[pa.Table | None]) -> None:
        """Send reports to their cases, and with them what waits for them."""
        nothing = pa.array([], pa.string())
        for bucket, table in enumerate(reports):
            ids, cases = nothing, nothing
            if table is not None:
                ids, cases = _flat(table["report_id"]), _flat(table[CASE])
                self._send("reports", table.drop_columns([CASE]), table[CASE])
            for name in ("persons", "files", "children", "outcomes"):
                self._place(name, bucket, "report_id", ids, cases)

    def _join_parents(self, key: str, children: tuple[str, ...]) -> None:
        """Send what waits for persons, or accounts, to their cases: a person's is where it is reported."""
        parents = self.parents.get(key)
        for bucket in range(self.buckets):
            known = None if parents is None else parents.read(bucket)
            if known is None:
                known = pa.table({name: pa.array([], pa.string()) for name in ("key", "other", CASE)})
            # `index_in` finds the first, so that the order of rows does not matter.
            known = known.sort_by([(name, "ascending") for name in ("key", "other", CASE)])
            for name in children:
                self._place(name, bucket, key, _flat(known["key"]), _flat(known[CASE]))

    def _place(self, name: str, bucket: int, key: str, ids: pa.Array, cases: pa.Array) -> None:
        """Send rows that waited to the case of their parent; others are set aside."""
        packed = self.waiting[name].read(bucket) if name in self.waiting else None
        if packed is None:
            return
        table = unpack(packed, name)
        found = pc.take(cases, pc.index_in(_flat(table[key]), ids))
        if found.null_count:
            orphan, rows = np.asarray(found.is_null()), Rows({})
            # Told once: what stands twice is set aside as such, here as where all is read at once.
            lost = self._once(rows, name, _in_order(table.filter(pa.array(orphan))))
            where = self.where[name]
            place: dict[str, Any] = {"name": name, "where": where, "why": Why.ORPHAN, "reason": ORPHANED}
            set_aside(rows, lost, np.ones(lost.num_rows, bool), numbers=lost[NUMBER].to_numpy(), **place)
            rows.findings.append(orphan_finding(where, TABLES[name].parent, lost.num_rows))
            self._note(rows)
            table, found = table.filter(pa.array(~orphan)), found.drop_null()
        self._send(name, table, pa.chunked_array([found]))

    def _send(self, name: str, table: pa.Table, case: pa.ChunkedArray) -> None:
        """Send rows to the range of their case; keep beside it through whom others find theirs."""
        if name not in self.ready:
            self.ready[name] = self._spill(f"ready-{name}", len(self.bounds) + 1)
        bucket = self.bounds.searchsorted(sortable_tokens(case), side="right")
        self.ready[name].add(pack(table, name).append_column(CASE, case), bucket)
        key, waiting = _LEADS.get(name, ("", ()))
        if any(child in self.waiting for child in waiting):
            other = (
                pc.fill_null(pc.not_equal(table["role"].cast(pa.string()), "reported"), True)
                if name == "persons"
                else pa.array(np.zeros(table.num_rows, bool))
            )
            if key not in self.parents:
                self.parents[key] = self._spill(f"parents-{key}", self.buckets)
            self.parents[key].add(
                pa.table({"key": table[key], "other": other, CASE: case}), self._bucket(table[key])
            )

    def _settle(self, number: int) -> Part:
        """Return the cases of a range, each row once, times of knowing filled, sorted by case."""
        rows, numbers = Rows({}), {}
        for name, declared in TABLES.items():
            packed = self.ready[name].read(number) if name in self.ready else None
            if packed is None:
                rows.tables[name] = declared.arrow_schema.empty_table()
                numbers[name] = np.zeros(0, np.int64)
                continue
            table = _in_order(unpack(packed, name))
            if name != "reports":
                table = self._once(rows, name, table)
            at = table.column_names.index("case_id")
            numbers[name] = table[NUMBER].to_numpy()
            rows.tables[name] = table.set_column(at, "case_id", table[CASE]).drop_columns([CASE, NUMBER])
        self._note(rows)
        rows.findings, rows.set_aside = [], no_set_aside()
        part = settle(rows, self.where, self.source.meta.as_of, numbers)
        self._note(rows)
        aside, self.aside = pa.concat_tables([no_set_aside(), *self.aside]), []
        return replace(part, set_aside=aside, findings=[])


def _in_order(table: pa.Table) -> pa.Table:
    """Return rows in the order of the source."""
    numbers = table[NUMBER].to_numpy()
    return table if (np.diff(numbers) > 0).all() else table.take(pa.array(np.argsort(numbers)))


def _flat(values: pa.ChunkedArray) -> pa.Array:
    flat = values.combine_chunks()
    return flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat


def _set_broken_aside(rows: Rows, file: SourceFile, numbers: Ints) -> None:
    """Set aside lines that are no rows."""
    if not len(numbers):
        return
    told = {"why": Why.UNREADABLE.value, "table": file.table, "where": file.where, **BROKEN}
    lines = [{**told, "row": number} for number in numbers.tolist()]
    rows.set_aside = pa.concat_tables(
        [rows.set_aside, pa.Table.from_pylist(lines, schema=rows.set_aside.schema)]
    )
    rows.findings.append(broken_finding(file.where, int(numbers[0]), len(numbers)))
