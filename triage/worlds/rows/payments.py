"""Rows of transactions: small, repeated, irregular payments, and ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.rows.columns import amount_column, build_table, time_column
from triage.worlds.rows.fields import value_column
from triage.worlds.rows.tokens import draw_tokens, sort_within
from triage.worlds.skeleton import BANK

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]

CENTS = 100
ROUND_TO = 10
MOST_PAYEES = 6


def draw_payments(block: Block) -> pa.Table:
    """Draw the payments that a bank or a financial intelligence unit reports."""
    reports = block.reports
    report = np.flatnonzero(block.named[reports.case] & (block.source == BANK))
    case_of = reports.case[report]
    number = block.number("payment_count", block.observe("payment_count", report))
    pattern_of = block.observe("indicators", report)
    last = reports.received[report] - block.span("last_payment", block.observe("last_payment", report))
    parent = np.repeat(np.arange(len(report)), number)
    first = np.arange(len(parent)) == np.searchsorted(parent, parent)
    told = block.since(reports.received[report[parent]], ~first)
    gap = block.observe("payment_gap", report[parent], given=pattern_of[parent], since=told)
    executed = last[parent] - _running(block.span("payment_gap", gap), parent)
    payee, payee_report = _draw_payees(block, number, parent, report)
    ids = draw_tokens(block.rng, len(parent))
    order = sort_within(case_of[parent], ids)
    parent, payee = parent[order], payee[order]
    case, pattern, on = case_of[parent], pattern_of[parent], report[parent]
    country = block.observe("counterparty_country", payee_report)[payee]
    columns = {
        "transaction_id": ids.take(order).arrow(),
        "person_id": block.person_ids.take(case).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "executed_at": time_column(executed[order]),
        "amount_eur": amount_column(-_draw_cents(block, on, pattern)),
        **value_column(block, "payment_channel", block.observe("payment_channel", on)),
        "counterparty_token": draw_tokens(block.rng, len(payee_report)).take(payee).arrow(),
        **value_column(block, "counterparty_country", country),
        **value_column(block, "indicators", pattern),
        "known_at": time_column(reports.received[on]),
    }
    return build_table("transactions", columns, len(parent))


def _draw_payees(block: Block, number: Codes, parent: Codes, report: Codes) -> tuple[Codes, Codes]:
    """Draw who is paid: one receiver a report, or several, of whom each is paid at least once.

    Returns
    -------
    payee : array of int, shape (n_payments,)
        Receiver of each payment.
    report : array of int, shape (n_payees,)
        Report of each receiver.
    """
    several = block.observe("several_payees", report, where=number > 1) == 1
    more = np.floor(block.rng.random(len(number)) * (np.minimum(number, MOST_PAYEES) - 1)).astype(np.int64)
    payees = np.where(several, 2 + more, 1)
    place = np.arange(len(parent)) - (np.cumsum(number) - number)[parent]
    anyone = np.floor(block.rng.random(len(parent)) * payees[parent]).astype(np.int64)
    within = np.where(place < payees[parent], place, anyone)
    return (np.cumsum(payees) - payees)[parent] + within, np.repeat(report, payees)


def _running(gap: Codes, parent: Codes) -> Codes:
    """Return how long before the last payment of its report each payment was; 0 for the last."""
    total = np.cumsum(gap)
    first = np.searchsorted(parent, parent)
    return np.asarray(total - total[first] if len(total) else total)


def _draw_cents(block: Block, report: Codes, pattern: Codes) -> Codes:
    """Draw amounts; those that are round stay in the band that was drawn, so that it can be read off them."""
    band = block.observe("amount", report, given=pattern)
    emission = block.model.signals["amount"]
    euro = emission.within(block.rng, band)
    low, high = emission.bands[band].T
    tens = (
        np.clip(np.round(euro / ROUND_TO), np.ceil(low / ROUND_TO), np.ceil(high / ROUND_TO) - 1) * ROUND_TO
    )
    even = block.has("indicators", pattern, "round_or_even") & (low <= tens) & (tens < high)
    cents = np.round(np.where(even, tens, euro) * CENTS)
    return np.asarray(np.clip(cents, np.ceil(low * CENTS), np.ceil(high * CENTS) - 1), dtype=np.int64)
