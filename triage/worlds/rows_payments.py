"""Rows of transactions: small, repeated, irregular payments, and ordinary ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.columns import amount_column, build_table, time_column
from triage.worlds.fields import value_column
from triage.worlds.rows_accounts import BANK
from triage.worlds.tokens import draw_tokens, sort_within

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
    report = np.flatnonzero(block.person[reports.case] & (reports.source == BANK))
    case_of = reports.case[report]
    number = block.number("payment_count", block.observe("payment_count", case_of))
    pattern_of = block.observe("indicators", case_of)
    last = reports.received[report] - block.span("last_payment", block.observe("last_payment", case_of))
    parent = np.repeat(np.arange(len(report)), number)
    gap = block.observe("payment_gap", case_of[parent], given=pattern_of[parent])
    executed = last[parent] - _running(block.span("payment_gap", gap), parent)
    payee, payee_case = _draw_payees(block, number, parent, case_of)
    ids = draw_tokens(block.rng, len(parent))
    order = sort_within(case_of[parent], ids)
    parent, payee = parent[order], payee[order]
    case, pattern = case_of[parent], pattern_of[parent]
    country = block.observe("counterparty_country", payee_case)[payee]
    columns = {
        "transaction_id": ids.take(order).arrow(),
        "person_id": block.person_ids.take(case).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "executed_at": time_column(executed[order]),
        "amount_eur": amount_column(-_draw_cents(block, case, pattern)),
        **value_column(block, "payment_channel", block.observe("payment_channel", case)),
        "counterparty_token": draw_tokens(block.rng, len(payee_case)).take(payee).arrow(),
        **value_column(block, "counterparty_country", country),
        **value_column(block, "indicators", pattern),
        "known_at": time_column(reports.received[report[parent]]),
    }
    return build_table("transactions", columns, len(parent))


def _draw_payees(block: Block, number: Codes, parent: Codes, case_of: Codes) -> tuple[Codes, Codes]:
    """Draw who is paid: one receiver a report, or several, of whom each is paid at least once.

    Returns
    -------
    payee : array of int, shape (n_payments,)
        Receiver of each payment.
    case : array of int, shape (n_payees,)
        Case of each receiver.
    """
    several = block.observe("several_payees", case_of, where=number > 1) == 1
    more = np.floor(block.rng.random(len(number)) * (np.minimum(number, MOST_PAYEES) - 1)).astype(np.int64)
    payees = np.where(several, 2 + more, 1)
    place = np.arange(len(parent)) - (np.cumsum(number) - number)[parent]
    anyone = np.floor(block.rng.random(len(parent)) * payees[parent]).astype(np.int64)
    within = np.where(place < payees[parent], place, anyone)
    return (np.cumsum(payees) - payees)[parent] + within, np.repeat(case_of, payees)


def _running(gap: Codes, parent: Codes) -> Codes:
    """Return how long before the last payment of its report each payment was; 0 for the last."""
    total = np.cumsum(gap)
    first = np.searchsorted(parent, parent)
    return np.asarray(total - total[first] if len(total) else total)


def _draw_cents(block: Block, case: Codes, pattern: Codes) -> Codes:
    band = block.observe("amount", case, given=pattern)
    euro = block.model.signals["amount"].within(block.rng, band)
    rounded = np.maximum(np.round(euro / ROUND_TO) * ROUND_TO, ROUND_TO)
    even = block.has("indicators", pattern, "round_or_even")
    return np.asarray(np.round(np.where(even, rounded, euro) * CENTS), dtype=np.int64)
