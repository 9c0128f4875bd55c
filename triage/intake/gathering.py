"""What an import has gathered so far: rows, rows set aside, and the account of every document."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from triage.intake.documents import Unreadable
from triage.intake.imagery import INSIDE, REFUSED, names_imagery
from triage.intake.limits import Limits
from triage.intake.rows import Gathered
from triage.schema.findings import printable
from triage.schema.part import SET_ASIDE_SCHEMA, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from triage.intake.documents import Document
    from triage.intake.tokens import TokenKey

NOT_READ = "not_read"
_TOKEN_DIGITS = 16


@dataclass
class Account:
    """Of one document: how many records it holds, and how many of them were set aside, a table.

    Every record that a reader meets is counted as it is met, and again where it is set aside; what is left is
    in the batch. Of a sheet, whose lines fill several tables, the lines are counted besides.
    """

    kind: str = NOT_READ
    mapping: str = ""
    lines: int = 0
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    set_aside: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Intake:
    """All documents so far.

    Parameters
    ----------
    key : TokenKey
        The agency's oldest key: what is made with it is brought to the newest one at the end.
    received_at : datetime
        When the agency received what states no time of reception.
    limits : Limits
        What may pass.
    is_awaited : callable
        Says whether rows of earlier batches wait for a report number, given as a token.
    gathered : Gathered
        Rows that readers made one by one.
    tables : dict of str to list of pyarrow.Table
        Rows that readers made a table at a time, in the columns of the canonical tables.
    aside, aside_tables : list
        Columns of `SET_ASIDE_SCHEMA`: rows one by one, and many at a time.
    refs : list of (str, str)
        The way back.
    accounts : dict of int to Account
        By the position of the document.
    documents, unread : list of Document
        All in order, and those of which nothing could be read.
    """

    key: TokenKey
    received_at: datetime
    limits: Limits = field(default_factory=Limits)
    is_awaited: Callable[[str], bool] = lambda _token: False
    gathered: Gathered = field(init=False)
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)
    aside: list[dict[str, Any]] = field(default_factory=list)
    aside_tables: list[pa.Table] = field(default_factory=list)
    refs: list[tuple[str, str]] = field(default_factory=list)
    accounts: dict[int, Account] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    unread: list[Document] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gathered = Gathered(self.key, self.received_at)

    def begin(self, document: Document) -> None:
        """Open the account of a document."""
        self.documents.append(document)
        self.accounts[document.position] = Account()

    def is_of(self, document: Document, kind: str, mapping: str) -> None:
        """Write down what a document is, and by which version of a mapping it is read."""
        account = self.accounts[document.position]
        account.kind, account.mapping = kind, mapping

    def count(self, document: Document, table: str, records: int = 1) -> None:
        """Count records of a document, a report or a row of a table each."""
        self.accounts[document.position].records[table] += records

    def read_text(self, document: Document) -> bytes:
        """Return the whole of a document that is XML or JSON.

        Raises
        ------
        Unreadable
            It is too large, or carries an image written as letters.
        """
        content = document.read(self.limits.document_bytes)
        if names_imagery(content):
            raise Unreadable(INSIDE, REFUSED)
        return content

    def where(self, document: Document) -> str:
        """Say which document it is, by a keyed hash: its name may hold a number, its hash be an image's."""
        return f"file:{self.key.token('document', document.digest or document.label)[:_TOKEN_DIGITS]}"

    def set_aside(
        self,
        document: Document,
        table: str,
        reason: str,
        mend: str,
        *,
        why: Why = Why.UNREADABLE,
        report_id: str | None = None,
        row: int = 0,
        waits_for: Sequence[str] = (),
        held: Mapping[str, Any] | None = None,
    ) -> None:
        """Set a record aside; one that was not counted before is counted.

        Parameters
        ----------
        document : Document
            Where it stood.
        table : str
            What it would have been.
        reason, mend : str
            Why, and what to do; never a text from the document.
        why : Why
            The code of the reason.
        report_id : str, optional
            Token of the report that it belongs to or repeats.
        row : int
            Its place in the document, from 1; 0 where the document is one record.
        waits_for : str, optional
            Token of the report number, or of the person, that it waits for.
        held : mapping, optional
            Its row in codes, which becomes a row of the batch when the report comes.
        """
        where = self.where(document)
        account = self.accounts[document.position]
        account.set_aside[table] += 1
        account.records[table] = max(account.records[table], account.set_aside[table])
        self.aside.append(
            {
                "why": why.value,
                "table": table,
                "where": where,
                "row": row or document.position,
                "report_id": report_id,
                "reason": reason,
                "mend": mend,
                "waits_for": " ".join(waits_for) or None,
                "held": json.dumps(held, default=str, sort_keys=True) if held is not None else None,
            }
        )
        self.gathered.notes.set_aside(document.label, reason, mend, row=row)
        self.refs.append((where, file_name(document)))

    def set_aside_rows(
        self,
        document: Document,
        table: str,
        reason: str,
        mend: str,
        *,
        rows: Sequence[int],
        why: Why = Why.UNREADABLE,
        report_ids: pa.Array | None = None,
    ) -> None:
        """Set many rows of a document aside for one reason; they are counted, and told as one finding."""
        if not len(rows):
            return
        where, account = self.where(document), self.accounts[document.position]
        account.records[table] += len(rows)
        account.set_aside[table] += len(rows)
        same = {"why": why.value, "table": table, "where": where, "reason": reason, "mend": mend}
        columns = {name: pa.repeat(pa.scalar(text), len(rows)) for name, text in same.items()}
        columns["row"] = pa.array(rows, pa.int64())
        columns["report_id"] = pa.nulls(len(rows), pa.string()) if report_ids is None else report_ids
        self.aside_tables.append(
            pa.table(
                [columns.get(field.name, pa.nulls(len(rows), field.type)) for field in SET_ASIDE_SCHEMA],
                schema=SET_ASIDE_SCHEMA,
            )
        )
        self.gathered.notes.set_aside(document.label, reason, mend, row=int(rows[0]), count=len(rows))
        self.refs.append((where, file_name(document)))

    def all_tables(self) -> dict[str, pa.Table]:
        """Return all rows as canonical tables; a column that nobody gave is left out."""
        tables = self.gathered.tables()
        for name, found in self.tables.items():
            tables[name] = pa.concat_tables([tables[name], *found], promote_options="permissive")
        return tables

    def all_set_aside(self) -> pa.Table:
        """Return what was set aside as a table."""
        single = pa.Table.from_pylist(self.aside, schema=SET_ASIDE_SCHEMA)
        return pa.concat_tables([single, *self.aside_tables])

    def sources(self) -> list[dict[str, Any]]:
        """Return the account of each document, without its name.

        The hash of a file that was not read is left out: of an image it would be a hash of material.
        """
        return [self._source(document) for document in self.documents]

    def _source(self, document: Document) -> dict[str, Any]:
        account = self.accounts[document.position]
        digest = {"sha256": document.digest} if account.kind != NOT_READ else {}
        # By this name the rows set aside tell it from others.
        named = {"document": self.where(document)} if account.set_aside else {}
        return {
            **named,
            **digest,
            "bytes": document.size,
            "kind": account.kind,
            "mapping": account.mapping,
            **({"lines": account.lines} if account.lines else {}),
            "records": {table: count for table, count in account.records.items() if count},
            "set_aside": dict(account.set_aside),
        }


def file_name(document: Document) -> str:
    """Return how the way back names a document."""
    return f"file {printable(document.name)}"
