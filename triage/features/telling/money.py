"""Payments in one breath: how many, of how much, how far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.of_money import days_between_payments, payments, small_payments
from triage.features.telling.of_rows import both, count_of, latest, tagged, when
from triage.features.telling.texts import say_each
from triage.features.telling.words import count_words

if TYPE_CHECKING:
    import pyarrow as pa

    from triage.features.kernels import Mask
    from triage.features.telling.of_rows import Facts, Ints
    from triage.features.view import Rows, View


def _rows(view: View) -> Rows:
    return view.transactions


def _out(rows: Rows) -> Mask:
    return np.asarray(rows.numbers("amount_eur") < 0)


def _noted(*codes: str) -> Facts:
    return count_of(_rows, tagged("indicator_codes", *codes), "payment")


def _small(view: View, cases: Ints) -> pa.Array:
    counts = view.remember("small_payments", small_payments)[cases]
    return say_each(lambda count: f"{count:,.0f} of under 55 euro" if count else "", counts)


def _in_all(view: View, cases: Ints) -> pa.Array:
    total = view.remember("payments", payments)[cases]
    small = view.remember("small_payments", small_payments)[cases]
    return say_each(lambda count, few: f"of {count:,.0f} in all" if count > few else "", total, small)


def _apart(view: View, cases: Ints) -> pa.Array:
    days = view.remember("days_between_payments", days_between_payments)[cases]
    return say_each(lambda gap: "" if np.isnan(gap) else f"{gap:,.{0 if gap >= 10 else 1}f} days apart", days)


def _number(view: View, cases: Ints) -> pa.Array:
    total = view.remember("payments", payments)[cases]
    return say_each(lambda count: count_words(count, "payment") if count else "", total)


_LAST = when(latest(_rows, "executed_at", _out))

MONEY_FACTS: dict[str, Facts] = {
    "payments": both(_small, _apart),
    "small_payments": both(_in_all, _apart),
    "days_between_payments": _number,
    "days_since_payment": _LAST,
    "payees": _number,
    "rising_payments": _number,
    "small_repeated": _noted("small_repeated"),
    "odd_payments": _noted("round_or_even", "night"),
    "purpose_mismatch": _noted("stated_purpose_mismatch"),
    "short_burst": _noted("short_burst_stop"),
}
