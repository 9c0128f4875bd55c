"""Check the rules of a policy: each can fire and changes something, no two contradict, the floor holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.scoring.written import LONGEST_NAME, read_name
from triage.worklist.policy.conflicts import FLOOR, Cover, check_condition, find_cover, find_uncovered
from triage.worklist.policy.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.worklist.policy.policy import Policy

HIGHEST_IMMINENCE = 9


def check_rules(policy: Policy, where: str) -> None:
    """Check the rules one by one, and then against each other.

    Raises
    ------
    InputRefusedError
        With the rule, the reason and the way out.
    """
    sections = {"escalation": policy.escalation, "youth": policy.youth, "pause": policy.pause}
    seen: dict[str, str] = {}
    for section, rules in sections.items():
        for rule in rules:
            at = f"{where}: [[{section}]] {rule.name}"
            if rule.name in seen:
                raise InputRefusedError(
                    f"a rule of that name stands under [[{seen[rule.name]}]] already",
                    where=at,
                    mend="give it another name",
                )
            seen[rule.name] = section
            _check_rule(rule, at, escalates=section == "escalation")
    for condition in policy.adult:
        check_condition(condition, f"{where}: [adult]")
    _check_escalation(policy.escalation, where)
    _check_youth(policy, where)
    _check_pause(policy, where)


def _check_rule(rule: Rule, where: str, *, escalates: bool) -> None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", rule.name):
        raise InputRefusedError(
            f"name = {rule.name[:60]!r}", where=where, expected="one word of letters, digits, _ and -"
        )
    try:
        read_name(rule.says, where)
    except InputRefusedError as error:
        raise InputRefusedError(
            f"says = {str(rule.says)[:60]!r}",
            where=where,
            expected=f"a printable text of at most {LONGEST_NAME} characters",
        ) from error
    if escalates and not 1 <= rule.imminence <= HIGHEST_IMMINENCE:
        raise InputRefusedError(
            f"imminence = {rule.imminence!r}",
            where=where,
            expected=f"a whole number from 1 to {HIGHEST_IMMINENCE}, the highest for the most urgent",
        )
    if not rule.when:
        raise InputRefusedError(
            "no condition, so that it says nothing of a case",
            where=where,
            expected='when."children.crisis_code" = ["missing"], for example',
        )
    for condition in rule.when:
        check_condition(condition, where)
    for one in rule.when:
        wider = [other for other in rule.when if other is not one and one.implies(other)]
        if wider:
            raise InputRefusedError(
                f"{one.place} stands in it twice, and the wider condition changes nothing", where=where
            )


def _check_escalation(rules: Sequence[Rule], where: str) -> None:
    # From the last to the first, so that of two that say the same the later one is named.
    for index, rule in reversed(list(enumerate(rules))):
        at = f"{where}: [[escalation]] {rule.name}"
        for other in rules[:index]:
            if rule.imminence != other.imminence and rule.implies(other) and other.implies(rule):
                raise InputRefusedError(
                    f"contradicts '{other.name}': the same conditions with imminence {other.imminence} there"
                    f" and {rule.imminence} here",
                    where=at,
                    mend="take one of the two out",
                )
        stronger = [one for one in rules if one is not rule and one.imminence >= rule.imminence]
        cover = find_cover(rule, stronger)
        if cover:
            highest = max(one.imminence for one in cover.by)
            raise _changes_nothing(cover, at, f", with imminence {highest}")
    left = find_uncovered(FLOOR, rules)
    if left:
        told = ", ".join(f"{one.place} = {code}" for one in left for code in one.codes)
        raise InputRefusedError(
            f"{told} would not escalate",
            where=f"{where}: [[escalation]]",
            expected="a rule for it with no further condition: no policy can take it out",
            mend="take the rule from models/policies/default.toml",
        )


def _changes_nothing(cover: Cover, where: str, how: str = "") -> InputRefusedError:
    names = ", ".join(f"'{rule.name}'" for rule in cover.by)
    holds = "hold" if len(cover.by) > 1 else "holds"
    if not cover.codes:
        return InputRefusedError(
            f"changes nothing: {names} {holds} wherever it does{how}", where=where, mend="take it out"
        )
    return InputRefusedError(
        f"{cover.place} = {', '.join(cover.codes)} changes nothing: {names} {holds} there already{how}",
        where=where,
        mend="take it out here or there",
    )


def _check_among(rules: Sequence[Rule], where: str, section: str) -> None:
    for rule in reversed(rules):
        cover = find_cover(rule, [one for one in rules if one is not rule])
        if cover:
            raise _changes_nothing(cover, f"{where}: [[{section}]] {rule.name}")


def _check_youth(policy: Policy, where: str) -> None:
    _check_among(policy.youth, where, "youth")
    adult = [Rule(condition.place, "", 0, (condition,)) for condition in policy.adult]
    if adult and not policy.youth:
        raise InputRefusedError(
            "excepts from nothing: there is no rule under [[youth]]",
            where=f"{where}: [adult]",
            mend="take its lines out, or take the rules from models/policies/default.toml",
        )
    for rule in reversed(adult):
        cover = find_cover(rule, [one for one in adult if one is not rule])
        if cover:
            raise InputRefusedError(f"{rule.name} stands in it twice", where=f"{where}: [adult]")
    for rule in policy.youth:
        cover = find_cover(rule, adult)
        if cover:
            told = (
                f"{cover.place} = {', '.join(cover.codes)} contradicts [adult]"
                if cover.codes
                else "can never fire: [adult] excepts every case of which it holds"
            )
            raise InputRefusedError(
                told, where=f"{where}: [[youth]] {rule.name}", mend="take the codes out here or there"
            )


def _check_pause(policy: Policy, where: str) -> None:
    _check_among(policy.pause, where, "pause")
    # Where an adult makes an exception, a case of which a rule of youth holds may be paused.
    youth = () if policy.adult else policy.youth
    for rules, never in ((policy.escalation, "is escalated"), (youth, "is in lane youth")):
        for rule in policy.pause:
            cover = find_cover(rule, rules)
            if cover:
                names = ", ".join(f"'{one.name}'" for one in cover.by)
                part = f"{cover.place} = {', '.join(cover.codes)}" if cover.codes else "it"
                raise InputRefusedError(
                    f"{part} can never pause a case: by {names} it {never}, which is never paused",
                    where=f"{where}: [[pause]] {rule.name}",
                    mend="take it out here or there",
                )
