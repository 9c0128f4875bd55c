"""One report that came as a submission in one batch and as a police download in another is one report.

In one import the two meet by their number (`triage.intake.same_report`); here they meet in the same way over
batches that were imported apart: the later one takes the name of the earlier, and counts as a version of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.worklist.told import Kept

SUBMISSION, DOWNLOAD = "cybertipline_xml", "cybertip_le_json"
_LEFT = {"files": "file_id", "network_events": "event_id"}
_EVENT = ("account_id", "event_name", "event_at", "link_token")


class Pair(NamedTuple):
    """The two names of one report: that which stands, that which goes, and which is the submission."""

    stands: str
    goes: str
    submission: str

    @property
    def download(self) -> str:
        """The name of the police download."""
        return self.goes if self.submission == self.stands else self.stands


def find_pairs(kept: Sequence[Kept]) -> list[Pair]:
    """Return the reports that one batch holds as a submission and another as a download, by their number.

    A number under which more than one submission or download came names none of them for certain: these stay
    reports of their own, in one case.

    Parameters
    ----------
    kept : sequence of Kept
        The batches, the oldest first.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for batch in kept:
        reports = batch.tables["reports"].select(["source_ref_hash", "source_system", "report_id"])
        for number, system, name in zip(*(column.to_pylist() for column in reports.columns), strict=True):
            if number:
                found[number].setdefault(name, system)
    pairs = []
    for names in found.values():
        if sorted(names.values(), key=str) == [DOWNLOAD, SUBMISSION]:
            stands, goes = names
            pairs.append(Pair(stands, goes, stands if names[stands] == SUBMISSION else goes))
    return pairs


def fold_pairs(kept: Sequence[Kept], pairs: Sequence[Pair]) -> list[Kept]:
    """Return the batches in which each pair is one report.

    Persons, accounts and earlier records have the same tokens in both. Of files, which have none, the longer
    list stands; the children of both lists are the same, in their order. Events and threads that both tell of
    count once.

    Parameters
    ----------
    kept : sequence of Kept
        The batches, the oldest first.
    pairs : sequence of Pair
        As `find_pairs` returns them.
    """
    if not pairs:
        return list(kept)
    left = _shorter(kept, pairs) | _told_twice(kept, pairs)
    names = {pair.goes: pair.stands for pair in pairs}
    names |= _same_children(kept, pairs) | _same_threads(kept, pairs)
    return [batch._replace(tables=_renamed(batch.tables, names, left, pairs)) for batch in kept]


def _renamed(
    tables: Mapping[str, pa.Table], names: Mapping[str, str], left: set[str], pairs: Sequence[Pair]
) -> dict[str, pa.Table]:
    one = pa.array([pair.stands for pair in pairs], pa.string())
    made = {}
    for name, table in tables.items():
        whole = table
        if key := _LEFT.get(name):
            whole = whole.filter(pc.invert(pc.is_in(whole[key], pa.array(sorted(left), pa.string()))))
        for column in ("report_id", "child_id", "thread_id"):
            if column in whole.column_names:
                whole = _put(whole, column, _replaced(whole[column], names))
        if name == "reports":
            # It decides which fields can be present: those of both.
            system = whole["source_system"].cast(pa.string())
            both = pc.is_in(whole["report_id"], one)
            known = pc.if_else(both, DOWNLOAD, system)
            whole = _put(whole, "source_system", known.cast(table.schema.field("source_system").type))
        made[name] = whole
    return made


def _put(table: pa.Table, column: str, values: pa.ChunkedArray) -> pa.Table:
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(place), values)


def _replaced(values: pa.ChunkedArray, names: Mapping[str, str]) -> pa.ChunkedArray:
    at = pc.index_in(values, pa.array(list(names), pa.string()))
    return pc.coalesce(pc.take(pa.array(list(names.values()), pa.string()), at), values)


def _by_report(kept: Iterable[Kept], name: str, key: str) -> dict[str, dict[str, None]]:
    """Return the rows of a table by report, each once, in order."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for batch in kept:
        table = batch.tables[name]
        for report, row in zip(table["report_id"].to_pylist(), table[key].to_pylist(), strict=True):
            found[report][row] = None
    return found


def _shorter(kept: Sequence[Kept], pairs: Sequence[Pair]) -> set[str]:
    """Return the files of the shorter list that the other has not; of equal lists those of the download."""
    rows, left = _by_report(kept, "files", "file_id"), set[str]()
    for pair in pairs:
        first, second = rows.get(pair.submission, {}), rows.get(pair.download, {})
        gone = second if len(first) >= len(second) else first
        left |= gone.keys() - (first.keys() & second.keys())
    return left


def _same_children(kept: Sequence[Kept], pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the one name of the children of two lists, in their order."""
    rows, names = _by_report(kept, "children", "child_id"), dict[str, str]()
    for pair in pairs:
        stands, goes = (
            sorted(rows.get(name, {}), key=lambda child: (len(child), child)) for name in pair[:2]
        )
        names |= dict(zip(goes, stands, strict=False))
    return names


def _same_threads(kept: Sequence[Kept], pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the one name of two threads between the same ends, of persons whom both name."""
    persons = _by_report(kept, "persons", "person_id")
    both = [persons.get(pair.stands, {}).keys() & persons.get(pair.goes, {}).keys() for pair in pairs]
    wanted = pa.array(sorted(set().union(*both)), pa.string())
    holder: dict[str, str] = {}
    ends: list[dict[tuple[str, str], list[str]]] = []
    for batch in kept:
        accounts = batch.tables["accounts"].select(["account_id", "person_id"])
        accounts = accounts.filter(pc.is_in(accounts["person_id"], wanted))
        holder.update(zip(*(column.to_pylist() for column in accounts.columns), strict=True))
        threads = batch.tables["communications"].select(["account_id", "counterpart_id", "thread_id"])
        threads = threads.filter(pc.is_in(threads["counterpart_id"], wanted))
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for account, other, thread in zip(*(column.to_pylist() for column in threads.columns), strict=True):
            found[account, other].append(thread)
        ends.append(found)
    reports = [frozenset(batch.tables["reports"]["report_id"].to_pylist()) for batch in kept]
    names: dict[str, str] = {}
    for pair, shared in zip(pairs, both, strict=True):
        first = next(place for place, known in enumerate(reports) if pair.stands in known)
        for place in (place for place, known in enumerate(reports) if pair.goes in known):
            for end in ends[first].keys() & ends[place].keys():
                one, other = ends[first][end], ends[place][end]
                # Of several threads between the same ends it is not known which is whose.
                if {holder.get(end[0]), end[1]} <= shared and len(one) == len(other) == 1 and one != other:
                    names[other[0]] = one[0]
    return names


def _told_twice(kept: Sequence[Kept], pairs: Sequence[Pair]) -> set[str]:
    """Return the events of persons of a pair that a batch before told of."""
    reports = {name for pair in pairs for name in pair[:2]}
    persons, accounts = set[str](), set[str]()
    for batch in kept:
        table = batch.tables["persons"]
        ours = table.filter(pc.is_in(table["report_id"], pa.array(sorted(reports), pa.string())))
        persons.update(ours["person_id"].to_pylist())
    for batch in kept:
        table = batch.tables["accounts"]
        ours = table.filter(pc.is_in(table["person_id"], pa.array(sorted(persons), pa.string())))
        accounts.update(ours["account_id"].to_pylist())
    before: dict[tuple[object, ...], str] = {}
    left = set[str]()
    for batch in kept:
        table = batch.tables["network_events"]
        ours = table.filter(pc.is_in(table["account_id"], pa.array(sorted(accounts), pa.string())))
        new: dict[tuple[object, ...], str] = {}
        columns = (ours[column].to_pylist() for column in ("event_id", *_EVENT))
        for event, *said in zip(*columns, strict=True):
            held = before.get(tuple(said))
            if held is None:
                new[tuple(said)] = event
            elif held != event:
                left.add(event)
        before |= new
    return left
