"""Check a policy: rules, deadlines, capacity, audit slots and the rest, each alone and with the others."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.worklist.policy.rule_checks import check_rules
from triage.worklist.policy.tiers import NOT_PLANNED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.worklist.policy.capacity import Capacity
    from triage.worklist.policy.policy import Policy

AXES = ("evidence", "solvability")
LONGEST_DAYS = 365
MOST_AUDITED = 0.5


def check_policy(policy: Policy) -> None:
    """Refuse a policy of which a part can never count, two parts contradict, or something must not be.

    Raises
    ------
    InputRefusedError
        With the place, the reason and the way out.
    """
    where = policy.origin or f"policy '{policy.name}'"
    check_rules(policy, where)
    _check_tiers(policy, f"{where}: [tiers]")
    _check_capacity(policy, where)
    _check_audit(policy, f"{where}: [audit]")
    _check_referral(policy, f"{where}: [referral]")
    _check_order(policy, f"{where}: [order]")
    _check_blanket(policy, f"{where}: [blanket]")
    if not (_is_whole(policy.flood.reports) and policy.flood.reports > 1):
        raise InputRefusedError(
            f"reports = {policy.flood.reports}",
            where=f"{where}: [flood]",
            expected="a whole number of 2 or more",
        )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_tiers(policy: Policy, where: str) -> None:
    tiers = policy.tiers
    days = [tier.days for tier in tiers]
    # Escalated cases take the first tier, lowered ones and youth the second.
    if not 2 <= len(tiers) < NOT_PLANNED or [t.number for t in tiers] != list(range(1, len(tiers) + 1)):
        raise InputRefusedError(
            f"days = {days}", where=where, expected=f"from 2 to {NOT_PLANNED - 1} tiers, numbered from 1"
        )
    if not all(_is_whole(day) for day in days) or days[-1] > LONGEST_DAYS:
        raise InputRefusedError(f"days = {days}", where=where, expected=f"whole days, at most {LONGEST_DAYS}")
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise InputRefusedError(
            f"days = {days} do not grow, so that a tier can never be given",
            where=where,
            expected="each more than the one before, such as [1, 7, 14, 30]",
        )
    if days[0] != 1:
        raise InputRefusedError(
            f"tier 1 is due in {days[0]} days, and with it every escalated case",
            where=where,
            expected="1: no policy can give them more than 24 hours",
        )


def _check_capacity(policy: Policy, where: str) -> None:
    capacity, units = policy.capacity, policy.units
    if capacity.parts != tuple(units.values()):
        raise InputRefusedError(
            "the capacity is not the sum of that of the units", where=f"{where}: [capacity]"
        )
    last = policy.tiers[-1].days
    for one in _each(capacity):
        if one.per_day is not None and one.days != last:
            raise InputRefusedError(
                f"{one} counts {one.days} days, but the last deadline is after {last}",
                where=f"{where}: [capacity]",
                mend=f"give Capacity days={last}",
            )
    # As the numbers are written: in binary, shares that add up to 1 may be a little more.
    shared = sum(Fraction(str(unit.share or 0)) for unit in units.values())
    if shared > 1:
        raise InputRefusedError(
            f"the units together open {float(shared):.0%} of the cases",
            where=f"{where}: [capacity.units]",
            expected="shares that add up to at most 1",
        )


def _each(capacity: Capacity) -> Iterator[Capacity]:
    yield from capacity.parts or (capacity,)


def _check_audit(policy: Policy, where: str) -> None:
    audit, tiers = policy.audit, policy.tiers
    if not 0 <= audit.share <= MOST_AUDITED:
        raise InputRefusedError(
            f"share = {audit.share:g}",
            where=where,
            expected=f"from 0 to {MOST_AUDITED}: most of the capacity goes to the first of the list",
        )
    if audit.hide_scores and not audit.share:
        raise InputRefusedError(
            "hide_scores = true without audit slots: there is nobody to hide",
            where=where,
            mend="give share more than 0, or show the scores",
        )
    if not (_is_whole(audit.first_tier) and 1 <= audit.first_tier <= len(tiers)):
        raise InputRefusedError(
            f"first_tier = {audit.first_tier}", where=where, expected=f"a tier from 1 to {len(tiers)}"
        )
    before = tiers[audit.first_tier - 2].days if audit.first_tier > 1 else 0
    room = 1 - before / tiers[-1].days
    if audit.share > room:
        raise InputRefusedError(
            f"share = {audit.share:g} contradicts first_tier = {audit.first_tier}: the tiers from there on"
            f" hold {room:.0%} of the capacity",
            where=where,
            mend="lower one of the two",
        )
    _check_strata(audit.strata, where)


def _check_strata(strata: tuple[tuple[float, float], ...], where: str) -> None:
    if not strata or strata[-1][0] != math.inf:
        raise InputRefusedError(
            f"strata reach to {strata[-1][0]:g} times the capacity" if strata else "no strata",
            where=where,
            expected="a last one up to inf: what can never be drawn can never be estimated",
        )
    reach = [1.0, *(up_to for up_to, _ in strata)]
    # Not the negation, which NaN would pass.
    if not all(later > earlier for earlier, later in pairwise(reach)):
        raise InputRefusedError(
            f"strata up to {', '.join(f'{up_to:g}' for up_to in reach[1:])} do not grow: one is always empty",
            where=where,
            expected="each more than the one before, and the first more than 1, where the capacity ends",
        )
    weights = [weight for _, weight in strata]
    if not all(0 < weight < math.inf for weight in weights):
        raise InputRefusedError(
            f"weights {', '.join(f'{weight:g}' for weight in weights)}",
            where=where,
            expected="numbers above 0: what can never be drawn can never be estimated",
        )
    if any(later > earlier for earlier, later in pairwise(weights)):
        raise InputRefusedError(
            f"weights {', '.join(f'{weight:g}' for weight in weights)} grow with the distance from the cut",
            where=where,
            expected="weights that fall or stay: slots teach most near the cut",
        )


def _check_referral(policy: Policy, where: str) -> None:
    home, days = policy.referral.home, policy.referral.days
    if not home:
        raise InputRefusedError(
            "no home country, so that every country would be abroad",
            where=where,
            expected='the countries whose cases are your own, such as ["NL"]',
        )
    wrong = [code for code in home if not re.fullmatch(r"[A-Z][A-Z0-9]", code) or code == "ZZ"]
    if wrong:
        raise InputRefusedError(
            f"home = {', '.join(wrong)[:60]}",
            where=where,
            expected="two capital letters (ISO 3166-1); ZZ is unknown, and so no home",
        )
    if len(set(home)) < len(home):
        raise InputRefusedError(
            f"home = {', '.join(home)} has a country twice", where=where, mend="take it out once"
        )
    if not (_is_whole(days) and 1 <= days <= LONGEST_DAYS):
        raise InputRefusedError(
            f"days = {days}", where=where, expected=f"whole days from 1 to {LONGEST_DAYS}"
        )


def _check_order(policy: Policy, where: str) -> None:
    axes = policy.order.within_tier
    if "imminence" in axes:
        raise InputRefusedError(
            "within_tier = imminence changes nothing: a ranked case has none, and escalated cases are in its"
            " order already",
            where=where,
            expected=", ".join(AXES),
            mend="take it out",
        )
    wrong = [axis for axis in axes if axis not in AXES]
    if wrong:
        raise InputRefusedError(
            f"within_tier has no axis {', '.join(wrong)[:60]}", where=where, expected=", ".join(AXES)
        )
    if len(set(axes)) < len(axes):
        raise InputRefusedError(
            f"within_tier = {', '.join(axes)}: the second mention of an axis changes nothing",
            where=where,
            mend="take it out",
        )


def _check_blanket(policy: Policy, where: str) -> None:
    share, least = policy.blanket.share, policy.blanket.least
    if not 0 < share <= 1:
        raise InputRefusedError(f"share = {share:g}", where=where, expected="a share above 0, at most 1")
    if not (_is_whole(least) and least >= 1):
        raise InputRefusedError(f"least = {least}", where=where, expected="a whole number of 1 or more")
