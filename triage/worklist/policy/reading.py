"""Read a policy file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import CapacityError, InputRefusedError
from triage.scoring.written import read_name, read_toml, refuse_unknown_keys
from triage.shipped import find_shipped
from triage.worklist.policy.capacity import Capacity
from triage.worklist.policy.policy import Audit, Blanket, Flood, Ordering, Policy, Referral
from triage.worklist.policy.rules import Condition, Rule
from triage.worklist.policy.tiers import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTIONS = (
    "name",
    "escalation",
    "youth",
    "adult",
    "pause",
    "tiers",
    "capacity",
    "audit",
    "referral",
    "order",
    "blanket",
    "flood",
)
_BY = ("count", "share", "per_day")
# Beyond every count of cases, and within what a number with a point holds.
_LARGEST = 10**12
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "text": (str, "a text"),
    "number": ((int, float), "a number"),
    "whole": (int, "a whole number"),
    "yes_or_no": (bool, "true or false"),
    "list": (list, "a list, in [ ]"),
    "table": (dict, "a table, in { } or under a heading in [ ]"),
}


def load_policy(name: str | Path = "default") -> Policy:
    """Load a policy by the name of a shipped one, or by the path of a file.

    Parameters
    ----------
    name : str or Path
        For example ``default`` or ``our-unit.toml``. A name that is shipped is the shipped policy, whatever
        lies in the folder of work.

    Raises
    ------
    InputRefusedError
        There is no such policy, it cannot be read, a rule of it can never fire or changes nothing, two
        contradict, or something that must escalate does not.

    Examples
    --------
    >>> policy = load_policy("default")
    >>> [rule.name for rule in policy.escalation], [tier.days for tier in policy.tiers]
    (['crisis', 'reporter', 'label'], [1, 7, 14, 30])
    """
    text = str(name)
    if text in list_policies():
        return _load_shipped(text)
    if text and Path(name).is_file():
        return parse_policy(read_toml(Path(name)), text)
    raise InputRefusedError(
        "no such policy",
        where=text[:200] or "--policy",
        expected=", ".join(list_policies()) + "; or the path of a policy file (.toml)",
        mend="check the spelling or the path",
    )


def list_policies() -> list[str]:
    """Return the names of the shipped policies.

    Examples
    --------
    >>> "default" in list_policies()
    True
    """
    return sorted(path.stem for path in find_shipped("models", "policies").glob("*.toml"))


@lru_cache
def _load_shipped(name: str) -> Policy:
    path = find_shipped("models", "policies", f"{name}.toml")
    return parse_policy(read_toml(path), str(path))


def parse_policy(content: Mapping[str, Any], origin: str) -> Policy:
    """Make a policy of what stands in a file.

    Parameters
    ----------
    content : mapping
        As TOML reads it.
    origin : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A part is not there, is unknown, or cannot be meant.
    """
    refuse_unknown_keys(content, _SECTIONS, origin)
    name = read_name(_take(content, "name", "text", origin), origin)
    tiers = _read_tiers(_section(content, "tiers", ("days",), origin), f"{origin}: [tiers]")
    capacity, units = _read_capacity(_take(content, "capacity", "table", origin), tiers, origin)
    return Policy(
        name=name,
        escalation=_read_rules(content, "escalation", origin),
        youth=_read_rules(content, "youth", origin),
        adult=_read_conditions(_take(content, "adult", "table", origin), f"{origin}: [adult]"),
        pause=_read_rules(content, "pause", origin),
        tiers=tiers,
        capacity=capacity,
        units=units,
        audit=_read_audit(content, origin),
        referral=_read_referral(content, origin),
        order=_read_order(content, origin),
        blanket=_read_blanket(content, origin),
        flood=_read_flood(content, origin),
        origin=origin,
    )


def _take(table: Mapping[str, Any], key: str, kind: str, where: str) -> Any:
    """Return what stands under a key, of the kind that is expected."""
    kinds, words = _KINDS[kind]
    if key not in table:
        raise InputRefusedError(
            f"no {key}", where=where, expected=words, mend="take it from models/policies/default.toml"
        )
    value = table[key]
    too_large = isinstance(value, int) and abs(value) > _LARGEST
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind != "yes_or_no") or too_large:
        raise InputRefusedError(f"{key} = {repr(value)[:60]}", where=where, expected=words)
    return value


def _section(content: Mapping[str, Any], name: str, known: tuple[str, ...], origin: str) -> dict[str, Any]:
    section: dict[str, Any] = _take(content, name, "table", origin)
    refuse_unknown_keys(section, known, f"{origin}: [{name}]")
    return section


def _texts(values: list[Any], key: str, where: str) -> tuple[str, ...]:
    wrong = next((value for value in values if not isinstance(value, str)), None)
    if wrong is not None:
        raise InputRefusedError(f"{key} holds {repr(wrong)[:60]}", where=where, expected='texts, in " "')
    return tuple(values)


def _read_rules(content: Mapping[str, Any], section: str, origin: str) -> tuple[Rule, ...]:
    """Read rules, which may be none."""
    escalates = section == "escalation"
    known = ("name", "says", "when", *(("imminence",) if escalates else ()))
    rules, tables = [], content.get(section, [])
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise InputRefusedError(
            f"{section} is no list of rules", where=origin, expected=f"each rule under [[{section}]]"
        )
    for number, table in enumerate(tables, start=1):
        where = f"{origin}: [[{section}]] no. {number}"
        name = read_name(_take(table, "name", "text", where), where)
        where = f"{origin}: [[{section}]] {name}"
        refuse_unknown_keys(table, known, where)
        rules.append(
            Rule(
                name,
                _take(table, "says", "text", where),
                _take(table, "imminence", "whole", where) if escalates else 0,
                _read_conditions(_take(table, "when", "table", where), where),
            )
        )
    return tuple(rules)


def _read_conditions(table: Mapping[str, Any], where: str) -> tuple[Condition, ...]:
    conditions = []
    for place in table:
        name, dot, column = place.partition(".")
        if not (name and dot and column):
            raise InputRefusedError(
                f"{place[:60]!r} is no table and column",
                where=where,
                expected='a condition such as "children.crisis_code" = ["missing"], the place in " "',
            )
        codes = _take(table, place, "list", where)
        conditions.append(Condition(name, column, _texts(codes, place, where)))
    return tuple(conditions)


def _read_tiers(table: Mapping[str, Any], where: str) -> tuple[Tier, ...]:
    days = _take(table, "days", "list", where)
    for day in days:
        if not isinstance(day, int) or isinstance(day, bool):
            raise InputRefusedError(f"days holds {repr(day)[:60]}", where=where, expected="whole days")
    return tuple(Tier(number, day) for number, day in enumerate(days, start=1))


def _read_capacity(
    table: Mapping[str, Any], tiers: tuple[Tier, ...], origin: str
) -> tuple[Capacity, dict[str, Capacity]]:
    where = f"{origin}: [capacity]"
    refuse_unknown_keys(table, (*_BY, "units"), where)
    if "units" not in table:
        return _one_capacity(table, tiers, where), {}
    if set(table) != {"units"}:
        raise InputRefusedError(
            f"{', '.join(sorted(set(table) - {'units'}))} and units contradict",
            where=where,
            expected="either one capacity or that of each unit; the whole is their sum",
            mend="take one out",
        )
    units = {}
    for name, unit in _take(table, "units", "table", where).items():
        at = f"{origin}: [capacity.units] {read_name(name, where)}"
        if not isinstance(unit, dict):
            raise InputRefusedError(
                f"{repr(unit)[:60]} is no capacity", where=at, expected="such as { per_day = 2 }"
            )
        refuse_unknown_keys(unit, _BY, at)
        units[name] = _one_capacity(unit, tiers, at)
    return _make_capacity({"parts": tuple(units.values())}, f"{origin}: [capacity.units]"), units


def _one_capacity(table: Mapping[str, Any], tiers: tuple[Tier, ...], where: str) -> Capacity:
    values = {key: _take(table, key, "whole" if key == "count" else "number", where) for key in table}
    return _make_capacity({**values, **({"days": tiers[-1].days} if tiers else {})}, where)


def _make_capacity(values: Mapping[str, Any], where: str) -> Capacity:
    try:
        return Capacity(**values)
    except CapacityError as error:
        raise InputRefusedError(error.found, where=where, expected=error.expected) from error


def _read_audit(content: Mapping[str, Any], origin: str) -> Audit:
    where = f"{origin}: [audit]"
    table = _section(content, "audit", ("share", "first_tier", "strata", "hide_scores"), origin)
    strata = []
    for number, stratum in enumerate(_take(table, "strata", "list", where), start=1):
        at = f"{where} stratum {number}"
        if not isinstance(stratum, dict):
            raise InputRefusedError(
                f"{repr(stratum)[:60]} is no stratum", where=at, expected="such as { up_to = 2, weight = 4 }"
            )
        refuse_unknown_keys(stratum, ("up_to", "weight"), at)
        up_to, weight = (_take(stratum, key, "number", at) for key in ("up_to", "weight"))
        strata.append((float(up_to), float(weight)))
    share, tier = _take(table, "share", "number", where), _take(table, "first_tier", "whole", where)
    hides = "hide_scores" in table and _take(table, "hide_scores", "yes_or_no", where)
    return Audit(float(share), tier, tuple(strata), hides)


def _read_referral(content: Mapping[str, Any], origin: str) -> Referral:
    where = f"{origin}: [referral]"
    table = _section(content, "referral", ("home", "days"), origin)
    home = _texts(_take(table, "home", "list", where), "home", where)
    return Referral(home, _take(table, "days", "whole", where))


def _read_order(content: Mapping[str, Any], origin: str) -> Ordering:
    where = f"{origin}: [order]"
    table = _section(content, "order", ("within_tier", "due_before_evidence_ends"), origin)
    axes = _texts(_take(table, "within_tier", "list", where), "within_tier", where)
    return Ordering(axes, _take(table, "due_before_evidence_ends", "yes_or_no", where))


def _read_blanket(content: Mapping[str, Any], origin: str) -> Blanket:
    where = f"{origin}: [blanket]"
    table = _section(content, "blanket", ("share", "least"), origin)
    return Blanket(float(_take(table, "share", "number", where)), _take(table, "least", "whole", where))


def _read_flood(content: Mapping[str, Any], origin: str) -> Flood:
    where = f"{origin}: [flood]"
    table = _section(content, "flood", ("reports",), origin)
    return Flood(_take(table, "reports", "whole", where))
