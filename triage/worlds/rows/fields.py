"""The columns that a signal fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.schema.declare import Kind
from triage.schema.tables import TABLES
from triage.worlds.file.catalogue import PAIR_SEPARATOR, SIGNALS
from triage.worlds.rows.columns import code_column, set_column

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]

UNKNOWN = "unknown"


def value_column(block: Block, name: str, codes: Codes, report: Codes | None = None) -> dict[str, pa.Array]:
    """Return the column of a signal, by name.

    Parameters
    ----------
    block : Block
        The cases being drawn.
    name : str
        The signal.
    codes : array of int, shape (n_rows,)
        Its value in each row; -1 for none.
    report : array of int, optional
        Report of each row: where its source could carry the signal and did not, the column says unknown.
    """
    spec = SIGNALS[name]
    column = TABLES[spec.table][spec.columns[0]]
    if column.kind is Kind.CODES:
        return {column.name: set_column(block.model.signals[name].values, codes)}
    if report is None:
        return {column.name: code_column(column, block.model.signals[name].values, codes)}
    values, filled = or_unknown(block, name, codes, report)
    return {column.name: code_column(column, values, filled)}


def pair_columns(name: str, values: tuple[str, ...], codes: Codes) -> dict[str, pa.Array]:
    """Return the two columns of a signal whose values are pairs of codes."""
    spec = SIGNALS[name]
    columns = {}
    for place, column in enumerate(spec.columns):
        words = [value.split(PAIR_SEPARATOR)[place] for value in values]
        columns[column] = code_column(TABLES[spec.table][column], words, codes)
    return columns


def or_unknown(block: Block, name: str, codes: Codes, report: Codes) -> tuple[tuple[str, ...], Codes]:
    """Return values with "unknown" at the end, and codes that say so where a source could have told."""
    values = block.model.signals[name].values
    told = block.model.told[name]
    able = (told.table[:, :, 1].max(axis=1) > 0)[told.place(told.known, block.known, report)]
    return (*values, UNKNOWN), np.where((codes < 0) & able, len(values), codes)
