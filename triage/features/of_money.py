"""Payments of the reported person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.view import DAY
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Floats
    from triage.features.view import View


SMALL_PAYMENT_EUR = 55.0
FEWEST_FOR_TREND = 4


def payments(view: View) -> Floats:
    """Count the outgoing payments."""
    rows = view.transactions
    return rows.count(rows.numbers("amount_eur") < 0)


def small_payments(view: View) -> Floats:
    """Count outgoing payments of under 55 euro."""
    rows = view.transactions
    amount = rows.numbers("amount_eur")
    return rows.count((amount < 0) & (amount > -SMALL_PAYMENT_EUR))


def days_between_payments(view: View) -> Floats:
    """Return the mean days between outgoing payments, NaN with fewer than two."""
    rows = view.transactions
    out = np.where(rows.numbers("amount_eur") < 0, rows.seconds("executed_at"), np.nan)
    gaps = rows.count(~np.isnan(out)) - 1
    span = (rows.largest(out) - rows.smallest(out)) / DAY
    return np.where(gaps > 0, span / np.fmax(gaps, 1.0), np.nan)


def days_since_payment(view: View) -> Floats:
    """Return the days from the last outgoing payment to the latest report."""
    rows = view.transactions
    out = np.where(rows.numbers("amount_eur") < 0, rows.seconds("executed_at"), np.nan)
    return view.days_before_report(rows.largest(out))


def payees(view: View) -> Floats:
    """Count the receivers of outgoing payments."""
    rows = view.transactions
    return rows.count_distinct(
        np.where(rows.numbers("amount_eur") < 0, rows.tokens("counterparty_token"), -1)
    )


def rising_payments(view: View) -> Floats:
    """Whether later payments are larger than earlier ones: the sign of the covariance of amount and time."""
    rows = view.transactions
    amount = -rows.numbers("amount_eur")
    when = rows.seconds("executed_at") / DAY
    used = (amount > 0) & ~np.isnan(when)
    count = rows.count(used)
    safe = np.fmax(count, 1.0)
    mean_amount = rows.sum(np.where(used, amount, 0.0)) / safe
    mean_time = rows.sum(np.where(used, when, 0.0)) / safe
    apart = (amount - mean_amount[rows.position]) * (when - mean_time[rows.position])
    together = rows.sum(np.where(used, apart, 0.0))
    told = rows.largest(np.where(used, when, np.nan)) > rows.smallest(np.where(used, when, np.nan))
    return np.where((count >= FEWEST_FOR_TREND) & told, np.where(np.round(together, 6) > 0, 1.0, -1.0), 0.0)


def _indicator(*codes: str) -> Compute:
    return lambda view: view.transactions.flag(view.transactions.has("indicator_codes", *codes))


_money = Domain("money")

MONEY = (
    _money.number(
        "payments",
        +1,
        payments,
        "outgoing payments: {}",
        "AIC 2020: few buyers make most payments",
        unit="payments",
    ),
    _money.number(
        "small_payments",
        +1,
        small_payments,
        "payments of under 55 euro: {}",
        "AIC 2021: under AUD 55 every 20 days; FATF 2025",
        unit="payments",
    ),
    _money.number(
        "days_between_payments",
        -1,
        days_between_payments,
        "days between payments: {}",
        "AIC 2021: under AUD 55 every 20 days",
        unit="days",
    ),
    _money.number(
        "days_since_payment",
        -1,
        days_since_payment,
        "days from the last payment to the report: {}",
        "AIC 2020: who buys now has paid lately",
        unit="days",
    ),
    _money.number(
        "payees", +1, payees, "receivers of payments: {}", "AMLC 2020: many receivers", unit="receivers"
    ),
    _money.flag(
        "rising_payments",
        +1,
        rising_payments,
        "payments grow over time",
        "AIC 2020: amounts and frequency rise",
        denied="payments do not grow over time",
    ),
    _money.flag(
        "small_repeated",
        +1,
        _indicator("small_repeated"),
        "the bank notes small, repeated payments",
        "AUSTRAC; FATF 2025",
        knowable=Knowable.EITHER,
    ),
    _money.flag(
        "odd_payments",
        +1,
        _indicator("round_or_even", "night"),
        "the bank notes round amounts or payments at night",
        "AUSTRAC; FATF 2025",
        knowable=Knowable.EITHER,
    ),
    _money.flag(
        "purpose_mismatch",
        +1,
        _indicator("stated_purpose_mismatch"),
        "the bank notes a stated purpose that does not fit",
        "AUSTRAC; FATF 2025",
        knowable=Knowable.EITHER,
    ),
    _money.flag(
        "short_burst",
        0,
        _indicator("short_burst_stop"),
        "the bank notes a short series that stops",
        "FATF 2025: the payments of who is blackmailed",
        knowable=Knowable.EITHER,
    ),
)
