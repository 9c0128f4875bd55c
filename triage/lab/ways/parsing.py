"""Read a way of working from a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.lab.ways.way import Way

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERS = {
    "audit": "audit_share",
    "ageing": "ageing_days",
    "alternatives": "alternatives_below",
    "learn": "learn_weeks",
    "learn-weighted": "learn_weeks",
}
_WORDS: dict[str, dict[str, Any]] = {
    "deadlines": {"deadlines": True},
    "refer": {"refer_foreign": True},
    "escalation=off": {"escalate": False},
}
_EXPECTED = (
    "audit=SHARE, ageing=DAYS, deadlines, refer, alternatives=SHARE, learn=WEEKS, learn-weighted=WEEKS,"
    " escalation=off"
)


def parse_way(text: str) -> Way:
    """Read a way of working.

    An order, then what else holds, each after a plus: ``expert+audit=0.05+ageing=90+deadlines+refer``. A
    change in the course of the period stands after a comma, with the week: ``rules,26=expert``.
    What escalates stands first under every order, as the list's own law has it; ``escalation=off`` leaves
    the order alone, for a comparison of pure orders.

    Parameters
    ----------
    text : str
        As written.

    Raises
    ------
    InputRefusedError
        A word is unknown or stands twice, or a number cannot be meant.

    Examples
    --------
    >>> way = parse_way("expert+audit=0.05+ageing=90")
    >>> way.order, way.audit_share, way.ageing_days, way.escalate
    ('expert', 0.05, 90.0, True)
    >>> parse_way("arrival").escalate, parse_way("arrival+escalation=off").escalate
    (True, False)
    """
    first, *changes = [part.strip() for part in text.split(",")]
    then, week = None, 0
    if changes:
        week_text, equals, rest = changes[0].partition("=")
        if not equals or not week_text.strip().isdigit():
            raise InputRefusedError(
                f"no change: {changes[0][:60]!r}",
                where=f"way {text[:100]}",
                expected="WEEK=WAY after the comma, such as 26=expert",
            )
        week, then = int(week_text), parse_way(",".join([rest, *changes[1:]]))
        if then.change_week and then.change_week <= week:
            raise InputRefusedError(
                f"week {then.change_week} after week {week}",
                where=f"way {text[:100]}",
                expected="later weeks",
            )
    order, *words = [word.strip() for word in first.split("+")]
    if not order:
        raise InputRefusedError(
            "no order", where=f"way {text[:100]!r}", expected="arrival, oracle or a model"
        )
    options: dict[str, Any] = {}
    seen: set[str] = set()
    for word in words:
        options |= _read_word(word, text, seen)
    return Way(name=text.strip(), order=order, change_week=week, then=then, **options)


def _read_word(word: str, text: str, seen: set[str]) -> dict[str, Any]:
    key, equals, value = word.partition("=")
    meant = _WORDS.get(word)
    if meant is None and equals and key in _NUMBERS:
        meant = {_NUMBERS[key]: _read_number(key, value, text)}
        if key == "learn-weighted":
            meant["learn_weighted"] = True
    if meant is None or seen & set(meant):
        raise InputRefusedError(
            f"{word[:60]!r} {'stands twice' if meant else 'is unknown'}",
            where=f"way {text[:100]}",
            expected=_EXPECTED,
        )
    seen |= set(meant)
    return meant


def _read_number(key: str, value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    whole = key.startswith("learn")
    if not number > 0 or (whole and not number.is_integer()):
        raise InputRefusedError(
            f"{key} = {value[:40]!r}",
            where=f"way {text[:100]}",
            expected=f"a {'whole ' if whole else ''}number above 0",
        )
    return int(number) if whole else number


def parse_ways(texts: Iterable[str]) -> list[Way]:
    """Read several ways; each may stand once.

    Raises
    ------
    InputRefusedError
        One cannot be read, or stands twice.

    Examples
    --------
    >>> [way.name for way in parse_ways(["arrival", "expert"])]
    ['arrival', 'expert']
    """
    ways = [parse_way(text) for text in texts]
    names = [way.name for way in ways]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputRefusedError(f"{', '.join(twice)[:100]} stands twice", where="ways", mend="take one out")
    return ways
