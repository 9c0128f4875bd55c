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

import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.intake.link import attach_cases
from triage.intake.waiting import adopt
from triage.schema.batch import Batch, split_part
from triage.schema.part import SET_ASIDE_SCHEMA, Part, Rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.worklist.listing import is_unreadable, name_unreadable
from triage.worklist.origin import name_batches
from triage.worklist.same_number import find_pairs, fold_pairs
from triage.worklist.standing import DEALT_WITH
from triage.worklist.told import (
    SET_ASIDE,
    Kept,
    last_told,
    last_unreadable,
    row_texts,
    when_shown,
)
from triage.worklist.versions import join_versions, name_apart, place_apart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.record import Record
    from triage.schema.meta import BatchMeta

# Of different worlds no calibration could say whose probability it is.
_KIN = {
    "synthetic": "synthetic and real reports",
    "key_check": "tokens of two keys",
    "world": "cases of two worlds",
}
_TIMES_OF_READING = frozenset({"known_at", "enriched_at"})


@dataclass(frozen=True)
class Pool:
    """The open pool as a batch, and what became of the rest.

    Parameters
    ----------
    batch : Batch
        The undecided cases; its name is that of the new batch, its time that of the latest.
    digest : str
        SHA-256 of the rows of the new batch.
    rows : int
        Number of the last entry of the record whose rows are in it.
    told : dict of str to datetime
        When a list first showed the latest news of each case on which anything was decided; far ahead where
        none has yet.
    new : frozenset of str
        Cases with a report that the record had not held.
    arrived : frozenset of str
        Those of them of which it had held no report at all.
    reopened : frozenset of str
        Cases that a person had dealt with before something new was told of them.
    aliases : dict of str to str
        Earlier names of cases that were merged since, and the names that they have now.
    decided : int
        Cases left out because they are being investigated or closed.
    batches : dict of str to str
        The names of the batches in which the reports of each case came, the newest first.
    """

    batch: Batch
    digest: str
    rows: int
    told: dict[str, datetime]
    new: frozenset[str]
    arrived: frozenset[str]
    reopened: frozenset[str]
    aliases: dict[str, str]
    decided: int
    batches: dict[str, str]


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
    tables[SET_ASIDE] = place_apart(tables[SET_ASIDE], digest)
    _require_kin(record, batch.meta)
    record.keep_rows(digest, _say(batch.meta), tables)
    kept = _read_kept(record)
    pairs = find_pairs(kept)
    kept = fold_pairs(kept, pairs)
    # Of batches that are read in another order than they were made in, none is taken for the future.
    as_of = max(batch.meta.as_of, *(some.as_of for some in kept))
    whole = _link(kept, as_of)
    before = record.members()
    reports = whole.tables["reports"]
    now = dict(zip(reports["report_id"].to_pylist(), reports["case_id"].to_pylist(), strict=True))
    # Both names of one report lead to its case: whoever opens or forgets it must find all of it.
    now |= {pair.goes: now[pair.stands] for pair in pairs if pair.stands in now}
    # A case that lost a report keeps its name; a name that comes back into use leads nowhere else.
    names = set(now.values())
    aliases = {case: now[report] for report, case in before.items() if report in now and case not in names}
    record.keep_aliases(aliases | {name: name for name in names & set(record.aliases())})
    record.keep_members(now)
    shown = when_shown(kept, record.headers())
    decisions = record.decisions().to_pylist()
    told = last_told(kept, shown, whole.tables, {row["case_id"] for row in decisions})
    unreadable = last_unreadable(kept, shown)
    told |= {name: max(at, told.get(name, at)) for name, at in unreadable.items()}
    decided, reopened = _settle_decisions(decisions, told)
    undecided = pa.array([case for case in whole.cases.to_pylist() if case not in decided], pa.string())
    part = _only(whole, undecided, _undecided_rows(whole.set_aside, decided))
    # What the new batch has wrong is told with the pool as without one: it may decide on escalation.
    found = [finding for one in arrived for finding in one.findings]
    found += [finding for finding in part.findings if finding not in found]
    return Pool(
        batch=_as_batch(replace(part, findings=found), replace(batch.meta, as_of=as_of)),
        digest=digest,
        rows=max(some.seq for some in kept),
        told=told,
        new=frozenset(case for report, case in now.items() if report not in before),
        arrived=frozenset(names - {case for report, case in now.items() if report in before}),
        reopened=frozenset(reopened),
        aliases=record.aliases(),
        decided=len(set(whole.cases.to_pylist()) & decided),
        batches=name_batches(kept, record.batches(), now),
    )


def read_cases(record: Record, batch: Batch) -> Batch:
    """Return every case of the record, decided or not, as one batch; nothing is kept.

    Parameters
    ----------
    record : Record
        Has the rows of the batch, once that was scored with it.
    batch : Batch
        Gives name and time.
    """
    kept = _read_kept(record)
    return _as_batch(_link(fold_pairs(kept, find_pairs(kept)), batch.meta.as_of), batch.meta)


def _as_batch(whole: Part, meta: BatchMeta) -> Batch:
    parts = list(split_part(whole))
    rows = {name: table.num_rows for name, table in whole.tables.items()}
    told = replace(meta, rows=rows, parts=len(parts), set_aside=whole.set_aside.num_rows)
    return Batch(told, lambda index: parts[index])


def digest_of(tables: Mapping[str, pa.Table]) -> str:
    """Return the SHA-256 of rows, whatever their order, the parts they came in, and when they were read.

    Examples
    --------
    >>> one, two = pa.table({"a": ["x", "y"]}), pa.table({"a": ["y", "x"]})
    >>> digest_of({"t": one}) == digest_of({"t": two})
    True
    """
    whole = hashlib.sha256()
    for name in sorted(tables):
        # Read again, a CSV file gives the same rows with the time of the reading.
        kept = [column for column in tables[name].column_names if column not in _TIMES_OF_READING]
        rows = row_texts(tables[name].select(kept))
        whole.update(f"{name} {len(rows)}\n".encode())
        for row in pc.take(rows, pc.sort_indices(rows)).to_pylist():
            whole.update(row.encode() + b"\n")
    return whole.hexdigest()


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
        for entry, what in _KIN.items():
            if other[entry] != _say(meta)[entry]:
                raise InputRefusedError(
                    f"{what} in one record",
                    where=meta.name,
                    expected=f"batches like {other['name']}, which the record holds",
                    mend="use another --store, or import the batch with the key of the others",
                )


def _read_kept(record: Record) -> list[Kept]:
    """Return the kept batches, the oldest first."""
    empty = {name: declared.arrow_schema.empty_table() for name, declared in TABLES.items()}
    empty[SET_ASIDE] = SET_ASIDE_SCHEMA.empty_table()
    kept = [
        Kept(
            batch["seq"],
            datetime.fromisoformat(batch["meta"]["as_of"]),
            batch["batch"],
            {**empty, **tables},
        )
        for batch, tables in record.read_batches()
    ]
    return sorted(kept, key=lambda batch: (batch.as_of, batch.digest))


def _link(kept: list[Kept], now: datetime) -> Part:
    """Join the rows of all batches and link them into cases anew."""
    joined = {
        name: join_versions([name_apart(batch.tables[name], batch.digest) for batch in kept], name)
        for name in TABLES
    }
    rows = Rows(joined, _once(pa.concat_tables([batch.tables[SET_ASIDE] for batch in kept])))
    adopt(rows)
    attach_cases(rows)
    return settle(rows, {name: name for name in TABLES}, now)


def _once(aside: pa.Table) -> pa.Table:
    return aside.group_by(aside.column_names, use_threads=False).aggregate([]).select(SET_ASIDE_SCHEMA.names)


def _settle_decisions(
    decisions: Sequence[Mapping[str, Any]], told: Mapping[str, datetime]
) -> tuple[set[str], set[str]]:
    """Return the cases that a person has dealt with, and those of them of which something was told since."""
    decided: set[str] = set()
    reopened: set[str] = set()
    for row in decisions:
        if row["state"] in DEALT_WITH:
            again = row["case_id"] in told and told[row["case_id"]] > row["at"]
            (reopened if again else decided).add(row["case_id"])
    return decided, reopened


def _undecided_rows(aside: pa.Table, decided: set[str]) -> pa.Table:
    """Leave out the unreadable reports that a person has dealt with."""
    keep = [not is_unreadable(row) or name_unreadable(row) not in decided for row in aside.to_pylist()]
    return aside.filter(pa.array(keep, pa.bool_()))


def _only(part: Part, cases: pa.Array, aside: pa.Table) -> Part:
    tables = {name: table.filter(pc.is_in(table["case_id"], cases)) for name, table in part.tables.items()}
    return Part(tables, cases, aside, part.findings)
