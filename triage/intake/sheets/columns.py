"""The columns of a block of lines, as the ways of filling read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.intake.words import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.intake.notes import Notes, Remark
    from triage.intake.tokens import TokenKey

TEXT = pa.string()
TIME = pa.timestamp("s", "UTC")
_NOTHING = pa.scalar(None, TEXT)


class Bad:
    """What a value that cannot be read becomes before it is counted and forgotten."""


BAD = Bad()


@dataclass
class Columns:
    """The columns of some lines.

    Parameters
    ----------
    table : pyarrow.Table
        Text.
    places : mapping of str to int
        Column of the mapping -> its place in the table.
    key : TokenKey
        The agency's key.
    scope : str
        Whose numbers these are.
    received_at : datetime
        When the documents were received.
    notes : Notes
        Takes remarks.
    label : str
        Name of the document, for remarks.
    lines : array of int, shape (n_lines,)
        Where they stand in the document, for remarks.
    serials : bool
        Whether bare numbers can be dates, as in a workbook.
    reception : pyarrow.Array of timestamp
        When each line's report was received, as far as it says so.
    """

    table: pa.Table
    places: Mapping[str, int]
    key: TokenKey
    scope: str
    received_at: datetime
    notes: Notes
    label: str
    lines: NDArray[np.int64]
    serials: bool = False
    reception: pa.Array = field(init=False)
    _texts: dict[str, pa.Array] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.reception = pa.repeat(pa.scalar(self.received_at, TIME), len(self))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def text(self, *columns: str) -> pa.Array:
        """Return the text of the first of several columns that is filled; null where none is."""
        found = pa.nulls(len(self), TEXT)
        for place, column in enumerate(columns):
            found = self._text(column) if place == 0 else pc.coalesce(found, self._text(column))
        return found

    def filled(self, *columns: str) -> NDArray[np.bool_]:
        """Say where one of several columns is filled."""
        found = np.zeros(len(self), bool)
        for column in columns:
            found |= np.asarray(self._text(column).is_valid())
        return found

    def naming(self, *columns: str) -> pa.Array:
        """Return the text of columns without words that name nobody."""
        text = self.text(*columns)
        nobody = pc.is_in(pc.utf8_lower(text), pa.array(sorted(load_words().nobody)))
        return pc.if_else(nobody, _NOTHING, text)

    def tokens(self, messages: pa.Array) -> pa.Array:
        """Return the tokens of identifiers, each kind and parts in one text; equal ones are hashed once."""
        encoded = messages.dictionary_encode()
        return self.key.tokens(encoded.dictionary).take(encoded.indices)

    def remark(self, remark: Remark, where: NDArray[np.bool_]) -> None:
        """Count the lines to which a remark applies, and say where the first of them stands."""
        if where.any():
            # Rows are counted below the header, as everywhere.
            row = int(self.lines[where].min()) - 1
            self.notes.add(remark, self.label, int(where.sum()), row=row)

    def filter(self, mask: NDArray[np.bool_]) -> Columns:
        """Return some of the lines."""
        kept = pa.array(mask)
        part = Columns(
            self.table.filter(kept), self.places, self.key, self.scope, self.received_at, self.notes,
            self.label, self.lines[mask], self.serials,
        )  # fmt: skip
        part.reception = self.reception.filter(kept)
        part._texts = {name: text.filter(kept) for name, text in self._texts.items()}
        return part

    def _text(self, column: str) -> pa.Array:
        if column not in self._texts:
            if column in self.places:
                raw = self.table.column(self.places[column]).combine_chunks()
                trimmed = pc.utf8_trim_whitespace(raw)
                self._texts[column] = pc.if_else(pc.equal(trimmed, ""), _NOTHING, trimmed)
            else:
                self._texts[column] = pa.nulls(len(self), TEXT)
        return self._texts[column]


def join(*parts: pa.Array | str) -> pa.Array:
    """Return the message of a token from its kind and parts; null where a part is missing."""
    return pc.binary_join_element_wise(*parts, "\x1f")


def by_word(
    text: pa.Array, read: Callable[[str], object], kind: pa.DataType
) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Read each distinct text once.

    Parameters
    ----------
    text : pyarrow.Array of string
        With nulls.
    read : callable
        Returns the value of a text; None where it says nothing, `BAD` where it cannot be read.
    kind : pyarrow.DataType
        Of the values.

    Returns
    -------
    values : pyarrow.Array
        Null where nothing is known.
    bad : array of bool
        Where something cannot be read.
    """
    encoded = text.dictionary_encode()
    values = [read(word) for word in encoded.dictionary.to_pylist()]
    found = pa.array([None if value is BAD else value for value in values], kind)
    indices = np.asarray(pc.fill_null(encoded.indices, -1))
    bad = np.append([value is BAD for value in values], False).astype(bool)[indices]
    return found.take(encoded.indices), bad


def sentence(text: str) -> str:
    """Return a text as words are compared: small letters, single blanks."""
    return " ".join(text.lower().split())


def words_of(known: Iterable[str] | Mapping[str, object], given: Sequence[str]) -> list[str]:
    """Return the known words among some."""
    return [word for word in map(sentence, given) if word in known]
