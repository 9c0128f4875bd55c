"""Reports that come in twice: the same incident under the same number of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES
from triage.worlds.rows.columns import time_column
from triage.worlds.rows.tokens import Tokens, draw_tokens
from triage.worlds.state.model import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]

LATEST_DAYS = 7
# What hangs on a report, and which of its rows have a name of their own.
OWN_KEY = {"reports": "report_id", "persons": "", "files": "file_id", "children": "child_id"}


def add_duplicates(block: Block, tables: dict[str, pa.Table]) -> tuple[dict[str, pa.Table], Codes, Tokens]:
    """Add the rows of reports that come in again some days later.

    Everything is as in the first, but for names and times of reception. Who does not know them again counts
    them twice; the oracle counts them once. Accounts, payments and checks come in once.

    Parameters
    ----------
    block : Block
        The cases.
    tables : dict of str to pyarrow.Table
        Drawn; sorted by case and key.

    Returns
    -------
    tables : dict of str to pyarrow.Table
        With the rows added, sorted again.
    report : array of int, shape (n_added,)
        The reports that came twice.
    ids : Tokens
        Names of the second ones.
    """
    rng, reports = block.rng, block.reports
    twice = rng.random(len(reports)) < block.model.world.linking.duplicate
    later = np.ceil(rng.random(len(reports)) * LATEST_DAYS * DAY).astype(np.int64)
    report = np.flatnonzero(twice & (reports.received + later <= block.as_of))
    ids = draw_tokens(rng, len(report))
    if not len(report):
        return tables, report, ids
    names = reports.ids.take(report).arrow()
    cases = block.case_ids.arrow()
    again = {**tables}
    for name, key in OWN_KEY.items():
        table = tables[name]
        place = np.asarray(pc.fill_null(pc.index_in(table["report_id"].combine_chunks(), names), -1))
        rows = np.flatnonzero(place >= 0)
        if name == "children":
            # What the registers found is no part of the report.
            told = np.asarray(table["known_at"].cast(pa.int64())) == reports.received[report][place]
            rows = np.flatnonzero((place >= 0) & told)
        copy = table.take(pa.array(rows))
        copy = _set(copy, "report_id", ids.take(place[rows]).arrow())
        if key and key != "report_id":
            copy = _set(copy, key, draw_tokens(rng, len(rows)).arrow())
        received = reports.received[report] + later[report]
        for column in ("received_at", "known_at"):
            if column in copy.column_names:
                copy = _set(copy, column, time_column(received[place[rows]]))
        if "enriched_at" in copy.column_names:
            early = pc.less(copy["enriched_at"], copy["known_at"])
            copy = _set(copy, "enriched_at", pc.if_else(early, copy["known_at"], copy["enriched_at"]))
        again[name] = _sort_in(table, copy, cases, TABLES[name].key)
    return again, report, ids


def _set(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(place), values)


def _sort_in(table: pa.Table, copy: pa.Table, cases: pa.Array, key: tuple[str, ...]) -> pa.Table:
    """Put rows among those of their cases; only cases that get any are sorted."""
    touched = pc.unique(copy["case_id"].combine_chunks())
    calm = table.filter(pc.invert(pc.is_in(table["case_id"], touched)))
    busy = pa.concat_tables([table.filter(pc.is_in(table["case_id"], touched)), copy])
    busy = busy.sort_by([("case_id", "ascending"), *((column, "ascending") for column in key)])
    joined = pa.concat_tables([calm, busy]).combine_chunks()
    place = np.asarray(pc.index_in(joined["case_id"].combine_chunks(), cases))
    return joined.take(pa.array(np.argsort(place, kind="stable"))).combine_chunks()
