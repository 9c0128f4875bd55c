"""The open pool: all undecided cases of the record together with today's batch, linked anew.

A list of the morning's batch alone would forget the case that came second last week. So the rows of every
batch stay in the record; today's are put beside them, the reports are linked into cases again, and what was
decided meanwhile is left out, unless a report came since.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.intake.link import attach_cases
from triage.schema.batch import Batch, BatchMeta, split_part
from triage.schema.part import SET_ASIDE_SCHEMA, Part, Rows, Why, settle
from triage.schema.tables import TABLES
from triage.worklist.listing import name_unreadable
from triage.worklist.standing import DEALT_WITH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.record import Record

SET_ASIDE = "set_aside"
# Rows without a key of their own are numbered when read; the number names nothing outside the batch.
_NAMELESS = r"^row-(\d+)$"


@dataclass(frozen=True)
class Pool:
    """The open pool as a batch, and what became of the rest.

    Parameters
    ----------
    batch : Batch
        The undecided cases; its name and time are those of the new batch.
    digest : str
        SHA-256 of the rows of the new batch.
    told : dict of str to datetime
        When the record last got something new of each case.
    new : frozenset of str
        Cases with a report that the record had not held.
    reopened : frozenset of str
        Cases that a person had dealt with before something new was told of them.
    aliases : dict of str to str
        Earlier names of cases that were merged since, and the names that they have now.
    decided : int
        Cases left out because they are being investigated or closed.
    """

    batch: Batch
    digest: str
    told: dict[str, datetime]
    new: frozenset[str]
    reopened: frozenset[str]
    aliases: dict[str, str]
    decided: int


def open_pool(record: Record, batch: Batch) -> Pool:
    """Put a batch into the record, and return all undecided cases of the record as one batch.

    Parameters
    ----------
    record : Record
        Takes the rows of the batch; a batch that it has already is taken once.
    batch : Batch
        Today's.

    Returns
    -------
    Pool
        Reports that share a reported person are one case, whatever batch they came in. Where a report came
        again, each column holds the newest value that is known, and an escalation stays.

    Raises
    ------
    InputRefusedError
        The record holds batches of another kind: synthetic and real ones, or tokens made with another key.
    """
    arrived = list(batch.parts())
    tables = _join_parts(batch.set_aside, arrived)
    digest = digest_of(tables)
    _require_kin(record, batch.meta)
    record.keep_rows(digest, _say(batch.meta), tables)
    kept = _read_kept(record)
    whole = _link(kept, batch.meta.as_of)
    before = record.members()
    reports = whole.tables["reports"]
    now = dict(zip(reports["report_id"].to_pylist(), reports["case_id"].to_pylist(), strict=True))
    aliases = {case: now[report] for report, case in before.items() if now.get(report, case) != case}
    record.keep_aliases(aliases)
    record.keep_members(now)
    told = _by_case(_last_told(kept), now)
    decided, reopened = _settle_decisions(record, told)
    undecided = pa.array([case for case in whole.cases.to_pylist() if case not in decided], pa.string())
    part = _only(whole, undecided, _undecided_rows(whole.set_aside, decided))
    # What the new batch has wrong is told with the pool as without one: it may decide on escalation.
    found = [finding for one in arrived for finding in one.findings]
    found += [finding for finding in part.findings if finding not in found]
    parts = list(split_part(replace(part, findings=found)))
    meta = BatchMeta(**{**batch.meta.__dict__, "parts": len(parts), "set_aside": part.set_aside.num_rows})
    return Pool(
        batch=Batch(meta, lambda index: parts[index]),
        digest=digest,
        told=told,
        new=frozenset(case for report, case in now.items() if report not in before),
        reopened=frozenset(reopened),
        aliases=record.aliases(),
        decided=len(set(whole.cases.to_pylist()) & decided),
    )


def digest_of(tables: Mapping[str, pa.Table]) -> str:
    """Return the SHA-256 of rows, whatever their order and the parts they came in.

    Examples
    --------
    >>> one, two = pa.table({"a": ["x", "y"]}), pa.table({"a": ["y", "x"]})
    >>> digest_of({"t": one}) == digest_of({"t": two})
    True
    """
    whole = hashlib.sha256()
    for name in sorted(tables):
        rows = _row_texts(tables[name])
        whole.update(f"{name} {len(rows)}\n".encode())
        for row in pc.take(rows, pc.sort_indices(rows)).to_pylist():
            whole.update(row.encode() + b"\n")
    return whole.hexdigest()


def _row_texts(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*(_as_text(column) for column in table.columns), "\x1f")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, "|")
    return pc.fill_null(column.cast(pa.string()), "")


def _join_parts(set_aside: pa.Table, parts: list[Part]) -> dict[str, pa.Table]:
    """Return the tables of all parts, with the rows set aside as one table more."""
    tables = {
        name: pa.concat_tables([declared.arrow_schema.empty_table(), *(part.tables[name] for part in parts)])
        for name, declared in TABLES.items()
    }
    aside = [set_aside, *(part.set_aside for part in parts)]
    return {**tables, SET_ASIDE: pa.concat_tables(aside)}


def _say(meta: BatchMeta) -> dict[str, Any]:
    return {
        "name": meta.name,
        "as_of": meta.as_of.isoformat(),
        "synthetic": meta.synthetic,
        "world": meta.world,
        "key_check": meta.key_check,
    }


def _require_kin(record: Record, meta: BatchMeta) -> None:
    """Refuse to mix synthetic cases with real ones, or tokens of two keys, which could not be told apart."""
    for kept in record.batches():
        other = kept["meta"]
        for entry, what in (("synthetic", "synthetic and real reports"), ("key_check", "tokens of two keys")):
            if other[entry] != _say(meta)[entry]:
                raise InputRefusedError(
                    f"{what} in one record",
                    where=meta.name,
                    expected=f"batches like {other['name']}, which the record holds",
                    mend="use another --store, or import the batch with the key of the others",
                )


@dataclass(frozen=True)
class _Kept:
    """A batch as the record keeps it: since when, complete when, its digest, and its rows."""

    at: datetime
    as_of: str
    digest: str
    tables: dict[str, pa.Table]


def _read_kept(record: Record) -> list[_Kept]:
    """Return the kept batches, the oldest first."""
    empty = {name: declared.arrow_schema.empty_table() for name, declared in TABLES.items()}
    empty[SET_ASIDE] = SET_ASIDE_SCHEMA.empty_table()
    kept = [
        _Kept(
            datetime.fromisoformat(batch["at"]), batch["meta"]["as_of"], batch["batch"], {**empty, **tables}
        )
        for batch, tables in record.read_batches()
    ]
    return sorted(kept, key=lambda batch: (batch.as_of, batch.digest))


def _link(kept: list[_Kept], now: datetime) -> Part:
    """Join the rows of all batches and link them into cases anew."""
    joined = {
        name: join_versions([_name_apart(batch.tables[name], batch.digest) for batch in kept], name)
        for name in TABLES
    }
    rows = Rows(joined, _once(pa.concat_tables([batch.tables[SET_ASIDE] for batch in kept])))
    attach_cases(rows)
    return settle(rows, {name: name for name in TABLES}, now)


def _last_told(kept: list[_Kept]) -> dict[str, datetime]:
    """Return when the record last got something new of each report: itself, or a child that it mentions.

    The same report sent again tells nothing new.
    """
    told: dict[str, datetime] = {}
    seen: set[str] = set()
    for batch in sorted(kept, key=lambda batch: batch.at):
        for name in ("reports", "children"):
            table = batch.tables[name]
            rows = _row_texts(table.drop_columns(["case_id", "known_at", "enriched_at"]))
            for report, row in zip(table["report_id"].to_pylist(), rows.to_pylist(), strict=True):
                if row not in seen:
                    told[report] = max(batch.at, told.get(report, batch.at))
                    seen.add(row)
    return told


def _name_apart(table: pa.Table, digest: str) -> pa.Table:
    """Keep apart rows of two batches that had no name of their own and were numbered."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) and field.name != "case_id":
            named = pc.replace_substring_regex(table[field.name], _NAMELESS, rf"row-{digest[:8]}-\1")
            table = table.set_column(place, field.name, named)
    return table


def join_versions(versions: list[pa.Table], name: str) -> pa.Table:
    """Return the rows of a table that came in several batches, the oldest first.

    Of a key that came in several, the rows of the newest stand, with what they leave open filled from the
    ones before; sets of codes are united, and a reporter's escalation stays. Rows that share a key inside
    one batch all stand, as they do there.

    Parameters
    ----------
    versions : list of pyarrow.Table
        The same table of each batch, in declared form.
    name : str
        Of the table.
    """
    declared = TABLES[name]
    whole = pa.concat_tables([declared.arrow_schema.empty_table(), *versions], promote_options="permissive")
    whole = whole.select(declared.arrow_schema.names).cast(declared.arrow_schema)
    if sum(version.num_rows > 0 for version in versions) < 2:
        return whole
    key = [whole[column].cast(pa.string()) for column in declared.key]
    joined = pc.binary_join_element_wise(*(pc.fill_null(column, "") for column in key), " ").combine_chunks()
    codes = np.asarray(joined.dictionary_encode().indices)
    source = np.repeat(np.arange(len(versions)), [version.num_rows for version in versions])
    newest = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(newest, codes, source)
    again = np.zeros(len(codes), dtype=bool)
    again[codes[source < newest[codes]]] = True
    rows = np.flatnonzero(again[codes])
    if not len(rows):
        return whole
    groups: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for row, content in zip(rows.tolist(), whole.take(pa.array(rows)).to_pylist(), strict=True):
        groups.setdefault(int(codes[row]), []).append((int(source[row]), content))
    merged = [content for members in groups.values() for content in _merge(members)]
    return pa.concat_tables(
        [whole.filter(pa.array(~again[codes])), pa.Table.from_pylist(merged, schema=declared.arrow_schema)]
    )


def _merge(members: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the newest rows of one key, filled from the older ones."""
    last = max(index for index, _ in members)
    older = [row for index, row in sorted(members, key=lambda member: -member[0]) if index < last]
    merged = []
    for index, row in members:
        if index == last:
            whole = dict(row)
            for before in older:
                whole = {column: _combine(column, value, before[column]) for column, value in whole.items()}
            merged.append(whole)
    return merged


def _combine(column: str, newer: Any, older: Any) -> Any:
    """Return what is known of a column from two versions of a row."""
    if newer is None or older is None:
        return older if newer is None else newer
    if isinstance(newer, list):
        return sorted({*newer, *older})
    if column == "known_at":
        return min(newer, older)
    if newer == "unknown" or (column == "escalated_by_reporter" and older == "asserted"):
        return older
    return newer


def _once(aside: pa.Table) -> pa.Table:
    return aside.group_by(aside.column_names, use_threads=False).aggregate([]).select(SET_ASIDE_SCHEMA.names)


def _by_case(told: Mapping[str, datetime], cases: Mapping[str, str]) -> dict[str, datetime]:
    latest: dict[str, datetime] = {}
    for report, at in told.items():
        case = cases.get(report)
        if case:
            latest[case] = max(at, latest.get(case, at))
    return latest


def _settle_decisions(record: Record, told: Mapping[str, datetime]) -> tuple[set[str], set[str]]:
    """Return the cases that a person has dealt with, and those of them of which something was told since."""
    decided: set[str] = set()
    reopened: set[str] = set()
    for row in record.decisions().to_pylist():
        if row["state"] in DEALT_WITH:
            again = row["case_id"] in told and told[row["case_id"]] > row["at"]
            (reopened if again else decided).add(row["case_id"])
    return decided, reopened


def _undecided_rows(aside: pa.Table, decided: set[str]) -> pa.Table:
    """Leave out the unreadable reports that a person has dealt with."""
    keep = [
        row["why"] != Why.UNREADABLE.value or row["table"] != "reports" or name_unreadable(row) not in decided
        for row in aside.to_pylist()
    ]
    return aside.filter(pa.array(keep, pa.bool_()))


def _only(part: Part, cases: pa.Array, aside: pa.Table) -> Part:
    tables = {name: table.filter(pc.is_in(table["case_id"], cases)) for name, table in part.tables.items()}
    return Part(tables, cases, aside, part.findings)
