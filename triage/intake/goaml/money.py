"""Amounts in euro and the channel of a payment."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EURO = "EUR"
CENT = Decimal("0.01")
# What the amounts of the canonical tables can hold.
LARGEST = Decimal(1_000_000_000)
# As many digits as goAML allows.
_AMOUNT = re.compile(r"[+-]?(?:[0-9]{1,16}(?:\.[0-9]{0,13})?|\.[0-9]{1,13})")
_VAGUE = ("bank", "unknown")


@dataclass(frozen=True)
class Rates:
    """What a unit of a currency is worth in euro, by the day from which it holds.

    Parameters
    ----------
    by_currency : mapping of str to tuple
        Currency -> days in order, and the rates from these days.

    Examples
    --------
    >>> from datetime import date
    >>> rates = Rates.of({"USD": {"2025-01-01": 0.96, "2025-02-01": 0.95}, "EUR": 1})
    >>> [rates.on("USD", day) for day in (date(2024, 12, 31), date(2025, 1, 31), date(2025, 2, 1))]
    [None, Decimal('0.96'), Decimal('0.95')]
    >>> rates.on("EUR", None), rates.on("XAU", date(2025, 1, 1))
    (Decimal('1'), None)
    """

    by_currency: Mapping[str, tuple[tuple[date, ...], tuple[Decimal, ...]]]

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Rates:
        """Return the rates as a mapping file writes them: a number, or numbers by day.

        Raises
        ------
        ValueError
            A day is no day, or a rate is not above 0.
        """
        by_currency = {}
        for currency, value in written.items():
            days = value if isinstance(value, dict) else {date.min.isoformat(): value}
            ordered = sorted((date.fromisoformat(str(day)), Decimal(str(rate))) for day, rate in days.items())
            if any(not rate.is_finite() or rate <= 0 for _, rate in ordered):
                raise ValueError(f"a rate of {currency} that is not above 0")
            by_currency[currency] = (
                tuple(day for day, _ in ordered),
                tuple(rate for _, rate in ordered),
            )
        return cls(by_currency)

    def on(self, currency: str, day: date | None) -> Decimal | None:
        """Return the rate that holds on a day; None where none does."""
        days, rates = self.by_currency.get(currency, ((), ()))
        at = bisect_right(days, day or date.min)
        return rates[at - 1] if at else None


def to_euro(amounts: Iterable[tuple[str, str]], day: date | None, rates: Rates) -> Decimal | None:
    """Return an amount in euro, from the first of several statements of it that can be used; euro goes first.

    Parameters
    ----------
    amounts : iterable of (str, str)
        Currency and amount, of one payment in several currencies.
    day : date or None
        When it was paid.
    rates : Rates
        What currencies are worth.

    Examples
    --------
    >>> rates = Rates.of({"EUR": 1, "USD": 0.5})
    >>> to_euro([("USD", "-30"), ("EUR", "-14.004")], None, rates), to_euro([("GBP", "7")], None, rates)
    (Decimal('-14.00'), None)
    """
    for currency, text in sorted(amounts, key=lambda amount: amount[0] != EURO):
        rate, amount = rates.on(currency, day), as_amount(text)
        if rate is not None and amount is not None and abs(amount * rate) < LARGEST:
            return (amount * rate).quantize(CENT)
    return None


def channel_of(codes: Iterable[str]) -> str:
    """Return the channel of a payment: the first code that tells more than that a bank was used.

    Examples
    --------
    >>> channel_of(["bank", "unknown", "cash"]), channel_of(["unknown", "bank"]), channel_of([])
    ('cash', 'bank', 'unknown')
    """
    found = list(codes)
    for code in found:
        if code not in _VAGUE:
            return code
    return "bank" if "bank" in found else "unknown"


def as_amount(text: str) -> Decimal | None:
    """Return a decimal number; None where the text is none or has more digits than any payment.

    Examples
    --------
    >>> as_amount("-12.50"), as_amount("1e5"), as_amount("")
    (Decimal('-12.50'), None, None)
    """
    return Decimal(text) if _AMOUNT.fullmatch(text) else None
