"""What a column and a table are: the words in which the tables are declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pyarrow as pa

TRI = ("asserted", "unknown", "denied")
EXTENSION = "ext:"


class Kind(StrEnum):
    """What a column holds."""

    TOKEN = "token"  # noqa: S105 - a kind of column, not a password
    CODE = "code"
    CODES = "set of codes"
    TRI = "three-valued"
    TIME = "time"
    COUNTRY = "country"
    INTEGER = "integer"
    AMOUNT = "amount"
    SHARE = "share"


class Knowable(StrEnum):
    """When an agency can know a value."""

    ARRIVAL = "arrival"
    ENRICHMENT = "enrichment"
    EITHER = "arrival or enrichment"
    OUTCOME = "outcome"
    LINKING = "linking"


_ARROW = {
    Kind.TOKEN: pa.string(),
    Kind.CODE: pa.dictionary(pa.int16(), pa.string()),
    Kind.CODES: pa.list_(pa.string()),
    Kind.TRI: pa.dictionary(pa.int16(), pa.string()),
    Kind.TIME: pa.timestamp("s", tz="UTC"),
    Kind.COUNTRY: pa.dictionary(pa.int16(), pa.string()),
    Kind.INTEGER: pa.int64(),
    Kind.AMOUNT: pa.decimal128(12, 2),
    Kind.SHARE: pa.float64(),
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Name in every file.
    kind : Kind
        What it holds; gives the Arrow type.
    means : str
        One plain sentence for the data dictionary.
    codes : tuple of str
        The allowed values, for codes and sets of codes.
    open_codes : bool
        Codes outside `codes` are allowed when they start with ``ext:`` (or are national codes).
    unit : str
        Unit of a number.
    knowable : Knowable
        When an agency can know it.
    core : bool
        Part of the first version of the model.
    required : bool
        A row without it cannot be used.
    source : str
        Where the value comes from in the formats of the field.
    """

    name: str
    kind: Kind
    means: str
    codes: tuple[str, ...] = ()
    open_codes: bool = False
    unit: str = ""
    knowable: Knowable = Knowable.ARRIVAL
    core: bool = True
    required: bool = False
    source: str = "own"

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of the column in memory."""
        return _ARROW[self.kind]

    @property
    def allowed(self) -> str:
        """What the column may hold, in words, for messages and the data dictionary."""
        if self.kind in {Kind.CODE, Kind.CODES, Kind.TRI}:
            listed = ", ".join(self.codes)
            return f"{listed}, or {EXTENSION}NAME" if self.open_codes and listed else listed or "any code"
        return {
            Kind.TOKEN: "a token: letters, digits and . _ : - only, at most 64, no free text",
            Kind.TIME: "a time such as 2024-03-01T10:00:00Z, from 1970 on",
            Kind.COUNTRY: "two capital letters or digits (ISO 3166-1; ZZ for unknown)",
            Kind.INTEGER: "a whole number, 0 or more",
            Kind.AMOUNT: "an amount in euro with two decimals",
            Kind.SHARE: "a number above 0, at most 1",
        }[self.kind]


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Parameters
    ----------
    name : str
        Name of its folder in a batch.
    means : str
        One plain sentence.
    key : tuple of str
        Columns that identify a row.
    parent : tuple of str
        The table and the shared column through which a row finds its case; empty for reports.
    columns : tuple of Column
        In order.
    """

    name: str
    means: str
    key: tuple[str, ...]
    parent: tuple[str, ...]
    columns: tuple[Column, ...]
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {column.name: column for column in self.columns})

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        """Say whether there is a column of that name."""
        return name in self._by_name

    @property
    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of the table, all columns in order."""
        return pa.schema([(column.name, column.arrow_type) for column in self.columns])


def token(name: str, means: str, **options: object) -> Column:
    """Declare a column of keyed hashes."""
    return Column(name, Kind.TOKEN, means, **options)  # type: ignore[arg-type] # options are Column's own


def code(name: str, means: str, codes: str, **options: object) -> Column:
    """Declare a column with one code of a list, given as words."""
    return Column(name, Kind.CODE, means, codes=tuple(codes.split()), **options)  # type: ignore[arg-type] # ditto


def code_set(name: str, means: str, codes: str, **options: object) -> Column:
    """Declare a column with a set of codes of a list, given as words."""
    return Column(name, Kind.CODES, means, codes=tuple(codes.split()), **options)  # type: ignore[arg-type] # ditto


def flag(name: str, means: str, **options: object) -> Column:
    """Declare a three-valued flag: asserted, unknown, denied."""
    return Column(name, Kind.TRI, means, codes=TRI, **options)  # type: ignore[arg-type] # ditto


def time(name: str, means: str, **options: object) -> Column:
    """Declare a column of times in UTC, to the second."""
    return Column(name, Kind.TIME, means, unit="UTC, s", **options)  # type: ignore[arg-type] # ditto


def country(name: str, means: str, **options: object) -> Column:
    """Declare a column of ISO 3166-1 country codes."""
    return Column(name, Kind.COUNTRY, means, unit="ISO 3166-1", **options)  # type: ignore[arg-type] # ditto
