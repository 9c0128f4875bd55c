"""Turn lines of a sheet into rows of canonical tables, a column at a time."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.notes import Notes
from triage.intake.sheets.columns import TEXT, by_word, join, sentence
from triage.intake.sheets.identifiers import (
    account_messages,
    line_messages,
    link_tokens,
    number_messages,
    person_messages,
    report_numbers,
)
from triage.intake.sheets.merging import LINE, TIE
from triage.intake.sheets.values import fill

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.intake.sheets.columns import Columns
    from triage.intake.sheets.mapping import Block, Sheet

    Mask = NDArray[np.bool_]

_NOTHING = pa.scalar(None, TEXT)


class _Row:
    """Names of the columns that tie rows together."""

    REPORT, PERSON, ACCOUNT = "report_id", "person_id", "account_id"


def report_tokens(sheet: Sheet, columns: Columns) -> tuple[pa.Array, pa.Array | None]:
    """Return the token of each line's report, and the sender's number; null where a line names none."""
    if not sheet.report:
        return columns.tokens(line_messages(columns)), None
    numbers = report_numbers(columns, sheet.report)
    return columns.tokens(join("report", columns.scope, numbers)), numbers


def fill_rows(
    sheet: Sheet, columns: Columns, reports: pa.Array, numbers: pa.Array | None, lines: NDArray[np.int64]
) -> dict[str, list[pa.Table]]:
    """Return the rows that lines make, with codes as places among the declared codes.

    Parameters
    ----------
    sheet : Sheet
        How the lines are read.
    columns : Columns
        The lines.
    reports, numbers : pyarrow.Array of string, shape (n_lines,)
        Token of each line's report, and the sender's number where there is one.
    lines : array of int, shape (n_lines,)
        Where the lines stand in the document.

    Returns
    -------
    dict of str to list of pyarrow.Table
        Rows of canonical tables; rows of several lines can be about the same thing.
    """
    filling = _Filling(sheet, columns, reports, lines)
    filling.decide()
    for block in sheet.blocks:
        filling.add(block, numbers)
    return filling.rows


@dataclass
class _Filling:
    sheet: Sheet
    columns: Columns
    reports: pa.Array
    lines: NDArray[np.int64]
    masks: dict[str, Mask] = field(default_factory=dict)
    persons: dict[str, pa.Array] = field(default_factory=dict)
    accounts: dict[str, pa.Array] = field(default_factory=dict)
    rows: dict[str, list[pa.Table]] = field(default_factory=dict)

    def decide(self) -> None:
        """Say on which lines each block makes a row; what something hangs on is there with it."""
        for block in self.sheet.blocks:
            self.masks[block.name] = self._said(block)
        for block in reversed(self.sheet.blocks):
            if block.counterpart and not block.when and not block.telling:
                self.masks[block.name] = self.masks[block.counterpart].copy()
            if block.of and block.table != "children":
                self.masks[block.of] = self.masks[block.of] | self.masks[block.name]

    def add(self, block: Block, numbers: pa.Array | None) -> None:
        """Add the rows of a block."""
        mask = self.masks[block.name]
        part = self.columns if mask.all() else self.columns.filter(mask)
        kept = pa.array(mask)
        made = _MAKERS[block.table](self, block, part, kept)
        if block.table == "reports":
            made |= self._report(part, numbers)
        for filling in block.fillings:
            if filling.way != "token":
                made[filling.column.name] = fill(filling, part, block.table)
        if block.table == "reports" and "received_at" in made:
            received = pc.coalesce(made["received_at"], self.columns.reception)
            self.columns.reception = received
        self.rows.setdefault(block.table, []).append(pa.table(made))

    def _said(self, block: Block) -> Mask:
        """Return where a block's own columns say that there is a row."""
        if block.table == "reports":
            return np.ones(len(self.columns), bool)
        when = block.when
        if when and when.words:
            word, _ = by_word(
                self.columns.text(*when.columns), lambda text: sentence(text) in when.words, pa.bool_()
            )
            return np.asarray(pc.fill_null(word, False))
        return self.columns.filled(*(when.columns if when else block.telling))

    def _report(self, part: Columns, numbers: pa.Array | None) -> dict[str, pa.Array]:
        tokens = (
            {} if numbers is None else {"source_ref_hash": part.tokens(number_messages(part.scope, numbers))}
        )
        made: dict[str, pa.Array] = {_Row.REPORT: self.reports, **tokens}
        return made

    def make_reports(self, _block: Block, _part: Columns, _kept: pa.Array) -> dict[str, pa.Array]:
        return {}

    def make_persons(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        reports = self.reports.filter(kept)
        made = person_messages(block.filling("person_id"), part)
        mark = pa.array(self.lines).filter(kept).cast(TEXT) if block.each_line else ""
        # Whom nothing identifies is a person of this report alone.
        nobody = join("person", reports, block.name, mark)
        if made.null_count and not block.each_line:
            nobody = pc.binary_join_element_wise(nobody, _stated(block, part, reports), "")
        tokens = part.tokens(pc.coalesce(made, nobody))
        self.persons[block.name] = self._spread(tokens, kept)
        return {_Row.PERSON: tokens, _Row.REPORT: reports}

    def make_accounts(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        person = self.persons[block.of].filter(kept)
        tokens = part.tokens(account_messages(block.filling("account_id"), part, person))
        self.accounts[block.name] = self._spread(tokens, kept)
        return {_Row.ACCOUNT: tokens, _Row.PERSON: person}

    def make_files(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        reports = self.reports.filter(kept)
        return self._named(block, part, kept, "file_id", reports) | {_Row.REPORT: reports}

    def make_children(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        reports = self.reports.filter(kept)
        person = self.persons[block.of].filter(kept) if block.of else pa.nulls(len(part), TEXT)
        named = self._named(block, part, kept, "child_id", reports)
        return named | {_Row.REPORT: reports, _Row.PERSON: person}

    def make_network_events(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        account = self._account_of(block, part, kept)
        made = self._named(block, part, kept, "event_id", account) | {_Row.ACCOUNT: account}
        link = block.filling("link_token")
        return made | ({"link_token": link_tokens(link, part)} if link else {})

    def make_communications(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        account = self._account_of(block, part, kept)
        if block.counterpart:
            counterpart = self.persons[block.counterpart].filter(kept)
        else:
            counterpart = part.tokens(person_messages(block.filling("counterpart_id"), part))
        made = self._named(block, part, kept, "thread_id", account)
        pair = part.tokens(join("thread", self.reports.filter(kept), account, counterpart))
        made["thread_id"] = pc.coalesce(made["thread_id"], pair)
        return made | {_Row.ACCOUNT: account, "counterpart_id": counterpart}

    def make_transactions(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        made = self._named(block, part, kept, "transaction_id", part.scope)
        made[_Row.PERSON] = self.persons[block.of].filter(kept)
        other = block.filling("counterparty_token")
        if other:
            names = part.naming(*other.parts["own"])
            made["counterparty_token"] = part.tokens(join("counterparty", part.scope, names))
        return made

    def make_prior_records(self, block: Block, part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        person = self.persons[block.of].filter(kept)
        made = self._named(block, part, kept, "record_id", part.scope) | {_Row.PERSON: person}
        filling = block.filling("record_id")
        if filling and "report_number" in filling.parts:
            number = part.tokens(
                number_messages(part.scope, report_numbers(part, filling.parts["report_number"]))
            )
            # Begins with the token of the earlier report, by which that report can be found.
            made["record_id"] = pc.binary_join_element_wise(number, person, ":")
        return made

    def make_outcomes(self, _block: Block, _part: Columns, kept: pa.Array) -> dict[str, pa.Array]:
        return {_Row.REPORT: self.reports.filter(kept)}

    def _named(
        self, block: Block, part: Columns, kept: pa.Array, column: str, *scope: pa.Array | str
    ) -> dict[str, pa.Array]:
        """Return the tokens of rows that have a number of their own, and what the others are named after."""
        filling = block.filling(column)
        own = part.naming(*filling.parts.get("own", ())) if filling else pa.nulls(len(part), TEXT)
        kind = column.removesuffix("_id")
        made = {column: part.tokens(join(kind, *scope, own)), TIE: self.reports.filter(kept)}
        return made | ({LINE: pa.array(self.lines).filter(kept)} if block.each_line else {})

    def _account_of(self, block: Block, part: Columns, kept: pa.Array) -> pa.Array:
        """Return the account that events and threads hang on; a person without one gets a bare one."""
        if block.of in self.accounts:
            return self.accounts[block.of].filter(kept)
        person = self.persons[block.of].filter(kept)
        account = part.tokens(account_messages(None, part, person))
        self.rows.setdefault("accounts", []).append(pa.table({_Row.ACCOUNT: account, _Row.PERSON: person}))
        return account

    def _spread(self, tokens: pa.Array, kept: pa.Array) -> pa.Array:
        """Return tokens of some lines in the places of all."""
        mask = np.asarray(kept)
        if mask.all():
            return tokens
        at = np.where(mask, np.cumsum(mask) - 1, 0)
        if not len(tokens):
            return pa.nulls(len(mask), TEXT)
        return pc.if_else(kept, tokens.take(pa.array(at)), _NOTHING)


def _stated(block: Block, part: Columns, reports: pa.Array) -> pa.Array:
    """Return what tells nameless persons of one report apart: another role or age than the first.

    Lines that say the same, or nothing, are about one person: two who cannot be told apart count as one. Who
    states another role or age is somebody else, since a child must not vanish in an adult.
    """
    quiet = copy(part)
    quiet.notes = Notes()
    codes = np.asarray(reports.dictionary_encode().indices)
    told = pa.repeat(pa.scalar("", TEXT), len(part))
    for name in ("role", "age_band"):
        filling = block.filling(name)
        if filling is None or filling.way == "constant":
            continue
        values = fill(filling, quiet, block.table)
        said = np.asarray(values.is_valid())
        places = np.asarray(pc.fill_null(values, 0)).astype(np.int64)
        least = np.full(int(codes.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(least, codes[said], places[said])
        other = pa.array(said & (places != least[codes]))
        mark = pc.binary_join_element_wise("", name, pa.array(places).cast(TEXT), "\x1f")
        told = pc.binary_join_element_wise(told, pc.if_else(other, mark, ""), "")
    return told


_MAKERS = {
    "reports": _Filling.make_reports,
    "persons": _Filling.make_persons,
    "accounts": _Filling.make_accounts,
    "files": _Filling.make_files,
    "network_events": _Filling.make_network_events,
    "communications": _Filling.make_communications,
    "transactions": _Filling.make_transactions,
    "prior_records": _Filling.make_prior_records,
    "children": _Filling.make_children,
    "outcomes": _Filling.make_outcomes,
}
