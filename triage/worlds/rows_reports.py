"""Rows of reports and persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.schema.tables import TABLES
from triage.worlds.columns import UNSEEN, build_table, code_column, time_column
from triage.worlds.fields import or_unknown, value_column
from triage.worlds.load import SOURCES
from triage.worlds.tokens import Tokens, draw_tokens, sort_within

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

ROLES = ("reported", "recipient")


@dataclass(frozen=True)
class Register:
    """The check of police and population registers, one a case.

    Parameters
    ----------
    at : array of int, shape (n_cases,)
        When its result was known.
    done : array of bool, shape (n_cases,)
        Whether it is ever done.
    seen : array of bool, shape (n_cases,)
        Whether its result is known at the as-of time.
    """

    at: Codes
    done: Mask
    seen: Mask


def draw_register(block: Block) -> Register:
    """Draw when the registers are checked: after the earliest report, and only for a reported person."""
    first = block.reports.first
    length, happens = block.delay("register", block.reports.source[first])
    at, done = block.reports.received[first] + length, happens & block.person
    return Register(at, done, block.seen(at, done))


def draw_reports(block: Block) -> tuple[pa.Table, Codes]:
    """Draw the reports.

    Returns
    -------
    table : pyarrow.Table
        The rows.
    incident : array of int, shape (n_reports,)
        When each incident was, in seconds since 1970.
    """
    reports, count = block.reports, len(block.reports.case)
    case, source, received = reports.case, reports.source, reports.received
    incident = received - block.delay("incident", source)[0]
    kept, limited = block.delay("preserve", source)
    columns: dict[str, pa.Array] = {
        "report_id": reports.ids.arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "source_system": code_column(TABLES["reports"]["source_system"], SOURCES, source),
        "source_ref_hash": draw_tokens(block.rng, count).arrow(),
        "received_at": time_column(received),
        "incident_at": time_column(incident),
        "preserve_until": time_column(received + kept, ~limited),
        "known_at": time_column(received),
    }
    drawn = {}
    for name in ("incident_type", "channels", "escalated", "report_annotations", "reporter_type"):
        drawn[name] = block.observe(name, case, given=source)
    for name in ("source_priority", "actionability"):
        drawn[name] = block.observe(name, case, given=source)
    for name, codes in drawn.items():
        columns |= value_column(block, name, codes)
    urgent = block.has("escalated", drawn["escalated"], "asserted")
    block.remember("escalated", case[urgent], received[urgent])
    luring = block.has("incident_type", drawn["incident_type"], "enticement", "molestation")
    block.remember("contact", case[luring], received[luring])
    return build_table("reports", columns | _draw_coding(block, urgent), count), incident


def _draw_coding(block: Block, urgent: Mask) -> dict[str, pa.Array]:
    """Draw what a person at the agency codes some time after reception."""
    reports = block.reports
    length, coded = block.delay("report_coding", reports.source)
    at = reports.received + length
    seen = block.seen(at, coded)
    reason = block.observe("escalation_reason", reports.case, where=urgent & coded, visible=seen)
    person = block.person[reports.case].astype(np.int64)
    basis = block.observe("jurisdiction_basis", reports.case, given=person, where=coded, visible=seen)
    country = block.observe("jurisdiction_country", reports.case, given=basis, where=coded)
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
    reports = block.reports
    named = block.person[reports.case]
    age, age_told = _draw_age(block, named)
    role_code, role_at, role_late = _draw_role(block, named, register)
    level = block.observe("identity_level", reports.case, given=reports.source, where=named)
    has_recipient = block.observe("recipient", reports.case, given=reports.source, where=named) == 1
    recipients = draw_tokens(block.rng, len(reports.case))
    told, sent = np.flatnonzero(named), np.flatnonzero(has_recipient)
    rows = np.concatenate([told, sent])
    ids = Tokens(np.concatenate([block.person_ids.raw[reports.case[told]], recipients.raw[sent]]))
    # The reports are sorted already, so a stable order by person keeps them sorted within a person.
    order = sort_within(reports.case[rows], ids)
    rows, ids = rows[order], ids.take(order)
    role = np.repeat([0, 1], [len(told), len(sent)])[order]
    own = role == 0
    values, codes = or_unknown(block, "age_band", np.where(age_told, age, UNSEEN), reports.source)
    columns = {
        "person_id": ids.arrow(),
        "report_id": reports.ids.take(rows).arrow(),
        "case_id": block.case_ids.take(reports.case[rows]).arrow(),
        "role": code_column(TABLES["persons"]["role"], ROLES, role),
        "age_band": code_column(TABLES["persons"]["age_band"], values, np.where(own, codes[rows], UNSEEN)),
        **value_column(block, "identity_level", np.where(own, level[rows], UNSEEN)),
        **value_column(block, "child_facing_role", np.where(own, role_code[rows], UNSEEN)),
        "known_at": time_column(reports.received[rows]),
        "enriched_at": time_column(role_at[rows], ~(own & role_late[rows])),
    }
    return build_table("persons", columns, len(rows)), recipients, has_recipient


def _draw_age(block: Block, named: Mask) -> tuple[Codes, Mask]:
    """Draw the age that the person states, the same in every report, and who passes it on."""
    case = block.reports.case
    told = block.tell("age_band", case, block.reports.source, where=named)
    seen = np.zeros(len(block), dtype=bool)
    seen[case[told]] = True
    value = block.observe("age_band", np.arange(len(block)), where=block.person, visible=seen)
    return value[case], told


def _draw_role(block: Block, named: Mask, register: Register) -> tuple[Codes, Codes, Mask]:
    """Draw work with children: told on arrival, or found in the registers after the earliest report."""
    reports = block.reports
    told = block.tell("child_facing_role", reports.case, reports.source, where=named)
    seen = register.seen.copy()
    seen[reports.case[told]] = True
    value = block.observe("child_facing_role", np.arange(len(block)), where=block.person, visible=seen)
    late = np.zeros(len(reports.case), dtype=bool)
    late[reports.first] = register.done
    late &= ~told
    at = register.at[reports.case]
    working = block.has("child_facing_role", value[reports.case], "asserted")
    for mask, known_at in ((told, reports.received), (late, at)):
        rows = mask & working
        block.remember("access", reports.case[rows], known_at[rows])
    return np.where(told | late, value[reports.case], UNSEEN), at, late
