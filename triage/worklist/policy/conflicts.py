"""Find rules that can never fire, that change nothing, or that contradict each other."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.schema.declare import EXTENSION, Column, Kind
from triage.schema.tables import TABLES
from triage.worklist.policy.rules import Condition, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

RULE_TABLES = tuple(name for name in TABLES if name != "outcomes")
# What escalates under every policy. Only a recorded person lowers a case, and only a case.
FLOOR = (
    Condition("children", "crisis_code",
              ("self_harm_or_suicide", "missing", "in_contact_now", "blackmail_active", "medical")),
    Condition("reports", "escalated_by_reporter", ("asserted",)),
    Condition("reports", "report_annotations", ("sextortion", "sadistic_online")),
)  # fmt: skip
_WITH_CODES = frozenset({Kind.CODE, Kind.CODES, Kind.TRI})
_NATIONAL = r"[A-Za-z0-9._:-]{1,64}"
_LABEL = rf"{EXTENSION}[A-Za-z0-9_]{{1,60}}"


def check_condition(condition: Condition, where: str) -> None:
    """Refuse a condition that can never hold.

    Raises
    ------
    InputRefusedError
        There is no such place, it holds no codes, or a code can never stand there.
    """
    column = _find_column(condition, where)
    codes = condition.codes
    if not codes:
        raise InputRefusedError(
            f"{condition.place} has no code, so that it can never fire", where=where, expected=column.allowed
        )
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise InputRefusedError(
            f"{condition.place} has {', '.join(twice)} twice", where=where, mend="take it out once"
        )
    never = [code for code in codes if not _can_stand(code, column)]
    if never:
        raise InputRefusedError(
            f"{condition.place} never has the code {', '.join(never)[:100]}",
            where=where,
            expected=column.allowed,
            mend="check the spelling",
        )
    if "unknown" in codes:
        raise InputRefusedError(
            f"{condition.place} = unknown is no fact: most sources leave empty what they do not know",
            where=where,
            expected="codes that state something",
            mend="take it out",
        )
    unseen = [code for code in codes if code != "reported"] if condition.place == "persons.role" else []
    if unseen:
        raise InputRefusedError(
            f"persons.role = {', '.join(unseen)} can never fire: rules see reported persons only", where=where
        )


def _find_column(condition: Condition, where: str) -> Column:
    if condition.table == "outcomes":
        raise InputRefusedError("outcomes are labels, which no rule may read", where=where)
    if condition.table not in RULE_TABLES:
        raise InputRefusedError(
            f"no such table: {condition.table[:60]}", where=where, expected=", ".join(RULE_TABLES)
        )
    table = TABLES[condition.table]
    if condition.column not in table:
        known = ", ".join(column.name for column in table.columns if column.kind in _WITH_CODES)
        raise InputRefusedError(
            f"no such column: {condition.place[:100]}", where=where, expected=known, mend="check the spelling"
        )
    column = table[condition.column]
    if column.kind is Kind.COUNTRY:
        raise InputRefusedError(
            f"{condition.place} is a country: where somebody is decides on routing only",
            where=where,
            mend="countries stand in [referral] home",
        )
    if column.kind not in _WITH_CODES:
        raise InputRefusedError(
            f"{condition.place} holds no codes", where=where, expected="a column of codes or a flag"
        )
    return column


def _can_stand(code: str, column: Column) -> bool:
    if code in column.codes:
        return True
    pattern = _LABEL if column.name.endswith("annotations") else _NATIONAL
    return column.open_codes and re.fullmatch(pattern, code) is not None


@dataclass(frozen=True)
class Cover:
    """What of a rule other rules have already.

    Parameters
    ----------
    by : tuple of Rule
        The other rules.
    codes : tuple of str
        The codes of one of its conditions that they have; empty where they have the whole rule.
    place : str
        Of that condition.
    """

    by: tuple[Rule, ...]
    codes: tuple[str, ...] = ()
    place: str = ""


def find_cover(rule: Rule, others: Sequence[Rule]) -> Cover | None:
    """Find what of a rule changes nothing, because one of the others holds wherever that part does.

    A rule is taken apart into one for each choice of a code from each of its conditions. Together these hold
    where the rule does, so a choice that implies another rule adds nothing to it.

    Parameters
    ----------
    rule : Rule
        With valid conditions.
    others : sequence of Rule
        Rules beside which it is to change something.

    Examples
    --------
    >>> crisis = Rule("crisis", "", 2, (Condition("children", "crisis_code", ("missing", "medical")),))
    >>> lost = Rule("lost", "", 1, (Condition("children", "crisis_code", ("missing",)),))
    >>> find_cover(lost, [crisis]).by == (crisis,), find_cover(crisis, [lost]).codes
    (True, ('missing',))
    """
    covering: dict[tuple[str, ...], Rule | None] = {}
    for choice in product(*(condition.codes for condition in rule.when)):
        when = tuple(replace(one, codes=(code,)) for one, code in zip(rule.when, choice, strict=True))
        narrow = replace(rule, when=when)
        covering[choice] = next((other for other in others if narrow.implies(other)), None)
    found = [other for other in covering.values() if other is not None]
    if len(found) == len(covering):
        return Cover(_once(found))
    for index, condition in enumerate(rule.when):
        by_code = {
            code: [other for choice, other in covering.items() if choice[index] == code]
            for code in condition.codes
        }
        dead = {code: some for code, some in by_code.items() if None not in some}
        if dead:
            by = [other for some in dead.values() for other in some if other is not None]
            return Cover(_once(by), tuple(dead), condition.place)
    return None


def _once(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(dict.fromkeys(rules))


def find_uncovered(floor: Sequence[Condition], rules: Sequence[Rule]) -> list[Condition]:
    """Return what of the floor no rule has on its own."""
    left = []
    for condition in floor:
        codes = tuple(
            code
            for code in condition.codes
            if find_cover(Rule("", "", 0, (replace(condition, codes=(code,)),)), rules) is None
        )
        if codes:
            left.append(replace(condition, codes=codes))
    return left
