"""Rows of children: those that a report mentions, and those that the registers show around the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.schema.tables import TABLES
from triage.worlds.rows.columns import UNSEEN, build_table, code_column, time_column
from triage.worlds.rows.fields import or_unknown, pair_columns, value_column
from triage.worlds.rows.tokens import Tokens, draw_tokens, sort_within

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.rows.reports import Register

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]


MENTIONED, OWN, OTHERS = 0, 1, 2
OWN_LINK = "parent:lives_with"
UNKNOWN_LINK = "unknown:unknown"
_ACCESS = (":unsupervised", "carer_or_teacher:", "neighbour_or_acquaintance:", "step_or_partner:")


@dataclass(frozen=True)
class Frame:
    """The rows of children before their columns are drawn.

    Parameters
    ----------
    case, report, kind : array of int, shape (n_children,)
        Case, report, and how the child came to be known.
    readable : array of int, shape (n_children,)
        From when on what is told of the child counts, in seconds since 1970.
    """

    case: Codes
    report: Codes
    kind: Codes
    readable: Codes

    @property
    def mentioned(self) -> Mask:
        """Whether a report mentions the child."""
        return np.asarray(self.kind == MENTIONED)


def draw_children(block: Block, register: Register) -> tuple[pa.Table, Codes, Codes, Codes, Tokens]:
    """Draw the children.

    Returns
    -------
    table : pyarrow.Table
        The rows.
    case : array of int, shape (n_children,)
        Case of each.
    age : array of int, shape (n_children,)
        Age band, as an index into the declared bands; -1 where it is not told.
    of_report : array of int, shape (n_reports,)
        The child that each report mentions; -1 for none.
    ids : Tokens
        Their names.
    """
    reports = block.reports
    report, kind = _draw_frame(block, register)
    ids = draw_tokens(block.rng, len(report))
    order = sort_within(reports.case[report], ids)
    report, kind, ids = report[order], kind[order], ids.take(order)
    case = reports.case[report]
    mentioned = kind == MENTIONED
    length, coded = block.delay("child_coding", report)
    coded &= mentioned
    at = np.where(mentioned, reports.received[report] + length, register.at[case])
    # All columns of a row count only from its last enrichment on, those that were told on arrival too.
    readable = np.where(coded, at, reports.received[report])
    crisis = block.observe("crisis", report, where=coded, since=block.since(at, coded))
    frame = Frame(case, report, kind, readable)
    link, link_values = _draw_links(block, register, frame)
    age = _draw_ages(block, register, frame)
    known = np.where(mentioned, reports.received[report], at)
    close = np.array([any(part in value for part in _ACCESS) for value in link_values])[link] & (link >= 0)
    block.remember("access", case[close], np.where(coded, at, known)[close])
    found = block.observe("child_identification", report, where=mentioned)
    found_values = block.model.signals["child_identification"].values
    columns = {
        "child_id": ids.arrow(),
        "report_id": reports.ids.take(report).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "person_id": block.person_ids.take(case).arrow(),
        **pair_columns("child_link", link_values, link),
        "age_band": code_column(TABLES["children"]["age_band"], TABLES["children"]["age_band"].codes, age),
        "identification": code_column(
            TABLES["children"]["identification"],
            (*found_values, "named"),
            np.where(mentioned, found, len(found_values)),
        ),
        **value_column(block, "crisis", crisis),
        "known_at": time_column(known),
        "enriched_at": time_column(at, ~(coded | ~mentioned)),
    }
    of_report = np.full(len(reports), UNSEEN, dtype=np.int64)
    of_report[report[mentioned]] = np.flatnonzero(mentioned)
    return build_table("children", columns, len(report)), case, age, of_report, ids


def _draw_frame(block: Block, register: Register) -> tuple[Codes, Codes]:
    """Draw which children there are: at most one a report, two kinds a case from the registers."""
    reports, first = block.reports, block.reports.first
    child = block.observe("child", np.arange(len(reports)), where=block.named[reports.case])
    own = block.observe("own_children", first, where=register.done, since=register.since)
    others = block.observe("others_children", first, where=register.done, since=register.since)
    groups = [np.flatnonzero(child == 1), reports.first[own == 1], reports.first[others == 1]]
    return np.concatenate(groups), np.repeat([MENTIONED, OWN, OTHERS], [len(group) for group in groups])


def _draw_links(block: Block, register: Register, frame: Frame) -> tuple[Codes, tuple[str, ...]]:
    """Draw relation and access; those from the registers stand behind those that reports mention."""
    report, readable, other = frame.report, frame.readable, frame.kind == OTHERS
    told = block.tell("child_link", report, where=frame.mentioned, since=readable)
    link = block.observe("child_link", report, where=told, since=readable)
    others = block.observe("others_link", report, where=other, since=register.since[frame.case])
    values, filled = or_unknown(block, "child_link", link, report)
    filled = np.where(frame.kind == OWN, len(values), filled)
    filled = np.where(other, len(values) + 1 + others, filled)
    return filled, (*values[:-1], UNKNOWN_LINK, OWN_LINK, *block.model.signals["others_link"].values)


def _draw_ages(block: Block, register: Register, frame: Frame) -> Codes:
    """Draw age bands, as an index into the declared ones."""
    report, readable = frame.report, frame.readable
    told = block.tell("child_age", report, where=frame.mentioned, since=readable)
    reported = block.observe("child_age", report, where=told, since=readable)
    registered = block.observe(
        "register_child_age", report, where=~frame.mentioned, since=register.since[frame.case]
    )
    declared = TABLES["children"]["age_band"].codes
    age = np.full(len(report), UNSEEN, dtype=np.int64)
    for name, codes in (("child_age", reported), ("register_child_age", registered)):
        place = np.array([declared.index(value) for value in block.model.signals[name].values])
        age = np.where(codes >= 0, place[codes], age)
    return age
