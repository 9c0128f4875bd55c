"""Rows of accounts, network events and communications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.schema.tables import TABLES
from triage.worlds.file.load import PLATFORMS
from triage.worlds.rows.columns import build_table, code_column, time_column
from triage.worlds.rows.fields import value_column
from triage.worlds.rows.tokens import Tokens, draw_tokens, sort_within, spread
from triage.worlds.skeleton import BANK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Accounts:
    """The accounts of a block, one a report that can name one, sorted by case and token.

    Parameters
    ----------
    report : array of int, shape (n_accounts,)
        Report of each.
    ids : Tokens
        Names.
    of_report : array of int, shape (n_reports,)
        Account of each report; -1 where there is none.
    """

    report: Codes
    ids: Tokens
    of_report: Codes


def draw_accounts(block: Block, incident: Codes) -> tuple[pa.Table, Accounts]:
    """Draw the accounts; payments come from a bank and name none."""
    reports = block.reports
    report = np.flatnonzero(block.named[reports.case] & (block.source != BANK))
    ids = draw_tokens(block.rng, len(report))
    order = sort_within(reports.case[report], ids)
    report, ids = report[order], ids.take(order)
    case = reports.case[report]
    of_report = np.full(len(reports.case), -1, dtype=np.int64)
    of_report[report] = np.arange(len(report))
    age = block.span("account_age", block.observe("account_age", report))
    columns = {
        "account_id": ids.arrow(),
        "person_id": block.person_ids.take(case).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "account_opened_at": time_column(incident[report] - age),
        "platform_category": code_column(
            TABLES["accounts"]["platform_category"], PLATFORMS, block.known["platform"][report]
        ),
        **value_column(block, "account_status", block.observe("account_status", report)),
        "known_at": time_column(reports.received[report]),
    }
    for name in ("compromised", "group_member"):
        columns |= value_column(block, name, block.observe(name, report))
    return build_table("accounts", columns, len(report)), Accounts(report, ids, of_report)


def draw_events(block: Block, accounts: Accounts, incident: Codes) -> pa.Table:
    """Draw the network events; one address an account, looked up together."""
    reports = block.reports
    case_of = reports.case[accounts.report]
    number = block.number("event_count", block.observe("event_count", accounts.report))
    length, done = block.delay("address_lookup", accounts.report)
    at = reports.received[accounts.report] + length
    done &= number > 0
    since = block.since(at, done)
    network = block.observe("network_type", accounts.report, where=done, since=since)
    country = block.observe("ip_country", accounts.report, where=done, since=since)
    devices = draw_tokens(block.rng, len(accounts.report))
    account, ids = spread(block.rng, np.arange(len(accounts.report)), number, case_of)
    case, on = case_of[account], accounts.report[account]
    age = block.span("event_age", block.observe("event_age", on))
    columns = {
        "event_id": ids.arrow(),
        "account_id": accounts.ids.take(account).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        **value_column(block, "event_name", block.observe("event_name", on)),
        "event_at": time_column(incident[on] - age),
        "link_token": devices.take(account).arrow(),
        **value_column(block, "ip_country", country[account]),
        **value_column(block, "network_type", network[account]),
        "known_at": time_column(reports.received[on]),
        "enriched_at": time_column(at[account], ~done[account]),
    }
    return build_table("network_events", columns, len(account))


def draw_threads(block: Block, accounts: Accounts, incident: Codes, counterparts: Tokens) -> pa.Table:
    """Draw the communications; the counterpart of a report's threads is its child or recipient, if any."""
    reports = block.reports
    case_of = reports.case[accounts.report]
    number = block.number("thread_count", block.observe("thread_count", accounts.report))
    account, ids = spread(block.rng, np.arange(len(accounts.report)), number, case_of)
    report = accounts.report[account]
    case, received = reports.case[report], reports.received[report]
    told = block.tell("counterpart_minor", report)
    minor = block.observe("counterpart_minor", report, where=told)
    length, coded = block.delay("thread_coding", report)
    at = received + length
    codes = block.observe("contact_codes", report, where=coded, since=block.since(at, coded))
    messages = block.number("message_count", block.observe("message_count", report))
    age = block.span("last_message", block.observe("last_message", report))
    with_child = block.has("counterpart_minor", minor, "asserted")
    block.remember("contact", case[with_child], received[with_child])
    meeting = block.has(
        "contact_codes", codes, "meeting_proposed", "meeting_arranged", "travel", "image_threat"
    )
    block.remember("contact", case[meeting], at[meeting])
    columns = {
        "thread_id": ids.arrow(),
        "account_id": accounts.ids.take(account).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "counterpart_id": counterparts.take(report).arrow(),
        "last_message_at": time_column(incident[report] - age),
        "message_count": pa.array(messages, pa.int64()),
        **value_column(block, "counterpart_minor", minor, report),
        **value_column(block, "contact_codes", codes),
        "known_at": time_column(received),
        "enriched_at": time_column(at, ~coded),
    }
    return build_table("communications", columns, len(account))
