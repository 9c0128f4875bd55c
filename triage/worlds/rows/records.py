"""Rows of prior records: what a reporter adds, and what the registers give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.schema.tables import TABLES
from triage.worlds.file.catalogue import SET_SEPARATOR
from triage.worlds.rows.columns import build_table, code_column, time_column
from triage.worlds.rows.tokens import draw_tokens, sort_within
from triage.worlds.state.model import DAY

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.rows.reports import Register

    Codes = NDArray[np.int64]

KINDS = TABLES["prior_records"]["record_kind"].codes
PRIOR_REPORT, NONE_FOUND = KINDS.index("prior_report"), KINDS.index("none_found")
CONTACT = [KINDS.index("contact_conviction"), KINDS.index("allegation")]
SEXUAL = [*CONTACT, KINDS.index("image_conviction"), KINDS.index("registry")]
ORIGINS = ("other",)
LONGEST_AGO_DAYS = 15 * 365


def draw_records(block: Block, register: Register) -> pa.Table:
    """Draw prior records; a check without result leaves one row that says so."""
    reports = block.reports
    added = block.observe("prior_report", np.arange(len(reports)), where=block.named[reports.case])
    found = block.observe("prior_records", reports.first, where=register.done, since=register.since)
    checked, kind_found = _explode(block.model.signals["prior_records"].values, found)
    told = np.flatnonzero(added == 1)
    case = np.concatenate([reports.case[told], checked])
    kind = np.concatenate([np.full(len(told), PRIOR_REPORT), kind_found])
    known = np.concatenate([reports.received[told], register.at[checked]])
    ids = draw_tokens(block.rng, len(case))
    order = sort_within(case, ids)
    case, kind, known, ids = case[order], kind[order], known[order], ids.take(order)
    ago = block.rng.integers(30, LONGEST_AGO_DAYS, size=len(case)) * DAY
    serious = np.isin(kind, CONTACT)
    block.remember("prior_contact", case[serious], known[serious])
    sexual = np.isin(kind, SEXUAL)
    block.remember("prior_sexual", case[sexual], known[sexual])
    empty = kind == NONE_FOUND
    columns = {
        "record_id": ids.arrow(),
        "person_id": block.person_ids.take(case).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "record_kind": code_column(TABLES["prior_records"]["record_kind"], KINDS, kind),
        "recorded_at": time_column(
            reports.received[reports.first[case]] - ago, empty | (kind == PRIOR_REPORT)
        ),
        "origin": code_column(TABLES["prior_records"]["origin"], ORIGINS, np.where(empty, -1, 0)),
        "known_at": time_column(known),
    }
    return build_table("prior_records", columns, len(case))


def _explode(values: tuple[str, ...], codes: Codes) -> tuple[Codes, Codes]:
    """Turn one set a case into one row a code."""
    sets = [[KINDS.index(word) for word in value.split(SET_SEPARATOR)] for value in values]
    number = np.array([*map(len, sets), 0])[codes]
    case = np.repeat(np.arange(len(codes)), number)
    within = np.arange(len(case)) - np.repeat(np.cumsum(number) - number, number)
    padded = np.zeros((len(sets), max(map(len, sets))), dtype=np.int64)
    for row, one in enumerate(sets):
        padded[row, : len(one)] = one
    return case, padded[codes[case], within]
