"""A feature as a sentence, with the facts behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.catalogue import find_feature
from triage.features.telling.facts import FACTS, INSTEAD
from triage.features.telling.texts import choose_texts, glue, number_rows

if TYPE_CHECKING:
    from triage.features.feature import Feature, Floats
    from triage.features.telling.of_rows import Ints
    from triage.features.view import View

_MARK = "\0"
_PERCENT = ", in percent: {}"


def tell_facts(name: str, view: View, cases: Ints) -> pa.Array:
    """Return the facts behind a feature of some cases; an empty text where its own sentence says all.

    Parameters
    ----------
    name : str
        The feature.
    view : View
        The part as known at the as-of time.
    cases : array of int, shape (n_told,)
        Which cases to tell of; words are made for these alone.

    Returns
    -------
    pyarrow.Array of string, shape (n_told,)
    """
    return FACTS[name](view, cases) if name in FACTS else pa.repeat("", len(cases))


def tell_each(name: str, values: Floats, facts: pa.Array) -> pa.Array:
    """Return the sentence of a feature of many cases: `tell` of each.

    Parameters
    ----------
    name : str
        The feature.
    values : array of float, shape (n_told,)
        Its values.
    facts : pyarrow.Array of string, shape (n_told,)
        From `tell_facts`.

    Examples
    --------
    >>> tell_each("small_payments", np.array([14.0, 2.0]), pa.array(["9 days apart", ""])).to_pylist()
    ['payments of under 55 euro: 14, 9 days apart', 'payments of under 55 euro: 2']
    """
    # From 10 on a sentence shows whole numbers: those that look alike are told once.
    values = np.where(values >= 10.0, np.rint(values), values)
    with_fact = np.asarray(pc.not_equal(facts, ""))
    mixed = with_fact.any() and not with_fact.all()
    which, first = number_rows(pa.array(values), *([pa.array(with_fact)] if mixed else []))
    # The fact is put in where a sentence that was made of a mark has the mark; of what is unknown, none.
    kinds = zip(values[first].tolist(), with_fact[first].tolist(), strict=True)
    said = [tell(name, value, _MARK * has_fact).partition(_MARK) for value, has_fact in kinds]
    kind = pa.array(which)
    before = pa.array([text for text, _, _ in said], pa.string()).take(kind)
    if not with_fact.any():
        return before
    told = np.array([bool(mark) for _, mark, _ in said])[which]
    facts = facts if told[with_fact].all() else choose_texts(told, facts, "")
    return glue(before, facts, pa.array([text for _, _, text in said], pa.string()).take(kind))


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
