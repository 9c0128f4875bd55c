"""Rows of reports and persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.schema.tables import TABLES
from triage.worlds.file.load import SOURCES
from triage.worlds.rows.columns import UNSEEN, build_table, code_column, time_column
from triage.worlds.rows.fields import or_unknown, value_column
from triage.worlds.rows.tokens import Tokens, draw_tokens, sort_within

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

ROLES = ("reported", "recipient")
BATCH = "batch"
REPORTED, RECIPIENT, BUNDLED = 0, 1, 2


@dataclass(frozen=True)
class Register:
    """The check of police and population registers, one a case.

    Parameters
    ----------
    at : array of int, shape (n_cases,)
        When its result was known.
    done : array of bool, shape (n_cases,)
        Whether it is ever done.
    since : array of int, shape (n_cases,)
        From when on its result is known; `NEVER` where it is never done.
    """

    at: Codes
    done: Mask
    since: Codes


def draw_register(block: Block) -> Register:
    """Draw when the registers are checked: after the earliest report, and only for a reported person."""
    first = block.reports.first
    length, happens = block.delay("register", first)
    at, done = block.reports.received[first] + length, happens & block.named
    return Register(at, done, block.since(at, done))


def draw_reports(block: Block) -> tuple[pa.Table, Codes]:
    """Draw the reports.

    Returns
    -------
    table : pyarrow.Table
        The rows.
    incident : array of int, shape (n_reports,)
        When each incident was, in seconds since 1970.
    """
    reports, count = block.reports, len(block.reports)
    case, received, everything = reports.case, reports.received, np.arange(count)
    incident = received - block.delay("incident", everything)[0]
    kept, limited = block.delay("preserve", everything)
    columns: dict[str, pa.Array] = {
        "report_id": reports.ids.arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "source_system": code_column(TABLES["reports"]["source_system"], SOURCES, block.source),
        "source_ref_hash": draw_tokens(block.rng, count).arrow(),
        "received_at": time_column(received),
        "incident_at": time_column(incident),
        "preserve_until": time_column(received + kept, ~limited),
        "known_at": time_column(received),
    }
    names = (
        "incident_type",
        "channels",
        "escalated",
        "report_annotations",
        "reporter_type",
        "source_priority",
    )
    drawn = {name: block.observe(name, everything) for name in names}
    for name, codes in drawn.items():
        columns |= value_column(block, name, codes)
    columns |= _draw_actionability(block)
    urgent = block.has("escalated", drawn["escalated"], "asserted")
    block.remember("escalated", case[urgent], received[urgent])
    luring = block.has("incident_type", drawn["incident_type"], "enticement", "molestation")
    block.remember("contact", case[luring], received[luring])
    return build_table("reports", columns | _draw_coding(block, urgent), count), incident


def _draw_actionability(block: Block) -> dict[str, pa.Array]:
    """Draw how complete the sender holds each report to be; one that names several persons is a batch."""
    bundled = block.bundled[block.reports.case] > 0
    codes = block.observe("actionability", np.arange(len(block.reports)), where=~bundled)
    values = (*block.model.signals["actionability"].values, BATCH)
    filled = np.where(bundled, len(values) - 1, codes)
    return {"actionability": code_column(TABLES["reports"]["actionability"], values, filled)}


def _draw_coding(block: Block, urgent: Mask) -> dict[str, pa.Array]:
    """Draw what a person at the agency codes some time after reception."""
    reports, everything = block.reports, np.arange(len(block.reports))
    length, coded = block.delay("report_coding", everything)
    at = reports.received + length
    since = block.since(at, coded)
    reason = block.observe("escalation_reason", everything, where=urgent & coded, since=since)
    person = block.named[reports.case].astype(np.int64)
    basis = block.observe("jurisdiction_basis", everything, given=person, where=coded, since=since)
    country = block.observe("jurisdiction_country", everything, given=basis, where=coded, since=since)
    values = (*block.model.signals["escalation_reason"].values, "none")
    calm = coded & ~urgent
    return {
        "escalation_reason": code_column(
            TABLES["reports"]["escalation_reason"], values, np.where(calm, len(values) - 1, reason)
        ),
        **value_column(block, "jurisdiction_basis", basis),
        **value_column(block, "jurisdiction_country", country),
        "enriched_at": time_column(at, ~coded),
    }


def draw_persons(block: Block, register: Register) -> tuple[pa.Table, Tokens, Mask]:
    """Draw the reported person of every report, and recipients.

    Returns
    -------
    table : pyarrow.Table
        The rows.
    recipients : Tokens
        A name for the recipient of every report.
    has_recipient : array of bool, shape (n_reports,)
        Whether there is one.
    """
    reports, everything = block.reports, np.arange(len(block.reports))
    named = block.named[reports.case]
    age_told = block.tell("age_band", everything, where=named)
    age = block.observe("age_band", everything, where=age_told)
    role_code, role_at, role_late = _draw_role(block, named, register)
    level = block.observe("identity_level", everything, where=named)
    has_recipient = block.observe("recipient", everything, where=named) == 1
    recipients = draw_tokens(block.rng, len(reports))
    told, sent = np.flatnonzero(named), np.flatnonzero(has_recipient)
    others = np.repeat(reports.first, block.bundled)
    rows = np.concatenate([told, sent, others])
    more = draw_tokens(block.rng, len(others))
    ids = Tokens(np.concatenate([block.person_ids.raw[reports.case[told]], recipients.raw[sent], more.raw]))
    # The reports are sorted already, so a stable order by person keeps them sorted within a person.
    order = sort_within(reports.case[rows], ids)
    rows, ids = rows[order], ids.take(order)
    kind = np.repeat([REPORTED, RECIPIENT, BUNDLED], [len(told), len(sent), len(others)])[order]
    own = kind == REPORTED
    values, codes = or_unknown(block, "age_band", age, everything)
    columns = {
        "person_id": ids.arrow(),
        "report_id": reports.ids.take(rows).arrow(),
        "case_id": block.case_ids.take(reports.case[rows]).arrow(),
        "role": code_column(TABLES["persons"]["role"], ROLES, np.where(kind == RECIPIENT, 1, 0)),
        "age_band": code_column(TABLES["persons"]["age_band"], values, np.where(own, codes[rows], UNSEEN)),
        **value_column(block, "identity_level", np.where(own, level[rows], UNSEEN)),
        **value_column(block, "child_facing_role", np.where(own, role_code[rows], UNSEEN)),
        "known_at": time_column(reports.received[rows]),
        "enriched_at": time_column(role_at[rows], ~(own & role_late[rows])),
    }
    return build_table("persons", columns, len(rows)), recipients, has_recipient


def _draw_role(block: Block, named: Mask, register: Register) -> tuple[Codes, Codes, Mask]:
    """Draw work with children: told with the earliest report, or found in the registers after it.

    Returns
    -------
    codes : array of int, shape (n_reports,)
        The value; -1 where it is not known.
    at : array of int, shape (n_reports,)
        When the registers told it.
    late : array of bool, shape (n_reports,)
        Whether they did.
    """
    reports, first = block.reports, block.reports.first
    told = block.tell("child_facing_role", first, where=named[first])
    since = np.where(told, reports.received[first], register.since)
    value = block.observe("child_facing_role", first, where=block.named, since=since)
    late = register.done & ~told
    working = block.has("child_facing_role", value, "asserted")
    for mask, known_at in ((told, reports.received[first]), (late, register.at)):
        cases = np.flatnonzero(mask & working)
        block.remember("access", cases, known_at[cases])
    codes, on = np.full(len(reports), UNSEEN, dtype=np.int64), np.zeros(len(reports), dtype=bool)
    codes[first], on[first] = np.where(told | late, value, UNSEEN), late
    return codes, register.at[reports.case], on
