"""A feature as a sentence, with the facts behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.catalogue import find_feature
from triage.features.telling.facts import FACTS, INSTEAD

if TYPE_CHECKING:
    from triage.features.feature import Feature
    from triage.features.telling.of_rows import Ints
    from triage.features.view import View

_PERCENT = ", in percent: {}"


def tell_facts(name: str, view: View, cases: Ints) -> list[str]:
    """Return the facts behind a feature of some cases; an empty text where its own sentence says all.

    Parameters
    ----------
    name : str
        The feature.
    view : View
        The part as known at the as-of time.
    cases : array of int, shape (n_told,)
        Which cases to tell of; words are made for these alone.
    """
    return FACTS[name](view, cases) if name in FACTS else [""] * len(cases)


def tell(name: str, value: float, fact: str = "") -> str:
    """Return the sentence of a feature with its facts: behind a flag, beside a number or in its place.

    Parameters
    ----------
    name : str
        The feature.
    value : float
        Its value.
    fact : str
        From `tell_facts`.

    Examples
    --------
    >>> tell("small_payments", 14.0, "9 days apart")
    'payments of under 55 euro: 14, 9 days apart'
    >>> tell("reported_age", 32.5, "25 to 39")
    'age that the reported person states, in years: 25 to 39'
    >>> tell("share_viral", 40.0, "2 of 5 files")
    '40 percent of the files are viral or meme, 2 of 5 files'
    >>> tell("severest_class", 1.0, "3 of 12 files")
    'material of the severest class: 3 of 12 files'
    >>> tell("group_member", 0.0)
    'not stated: member of a group around such material'
    >>> tell("days_since_opening", float("nan"))
    'not known: days since the oldest account was opened'
    """
    feature = find_feature(name)
    if np.isnan(value) or (feature.is_flag and value == 0):
        return _say_unknown(feature)
    plain = feature.say(value)
    if feature.asserted.endswith(_PERCENT):
        plain = f"{value:.0f} percent {feature.asserted.removesuffix(_PERCENT)}"
    if not fact:
        return plain
    if feature.is_flag:
        return f"{plain}: {fact}"
    return feature.asserted.format(fact) if name in INSTEAD else f"{plain}, {fact}"


def _say_unknown(feature: Feature) -> str:
    if feature.asks:
        return f"not known: {feature.asks}"
    # Nobody denies it and nobody says it: there is no question that an agency could ask.
    what = feature.asserted.removesuffix(": {}")
    if feature.asserted.endswith(_PERCENT):
        what = f"what share {feature.asserted.removesuffix(_PERCENT)}"
    return f"{'not stated' if feature.is_flag else 'not known'}: {what}"
