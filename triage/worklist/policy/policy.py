"""A policy: everything about the list that people decide, and no model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from triage.worklist.policy.capacity import Capacity, share_places
from triage.worklist.policy.checking import check_policy

if TYPE_CHECKING:
    from triage.worklist.policy.rules import Condition, Rule
    from triage.worklist.policy.tiers import Tier


@dataclass(frozen=True)
class Audit:
    """Audit slots: cases from below the cut that a lottery puts on the list.

    Parameters
    ----------
    share : float
        Share of the capacity that goes to them, rounded up to whole cases; 0 for none.
    first_tier : int
        They are placed among the ranked cases from this tier on.
    strata : tuple of (float, float)
        Up to which multiple of the capacity each stratum reaches, and the weight of a case in it. The last
        reaches to infinity, so that every case can be drawn.
    hide_scores : bool
        Whether nothing that betrays its place in the order is shown of a planned case where a drawn one may
        stand, so that who works on the list cannot tell the drawn from the others by their scores.
    """

    share: float
    first_tier: int
    strata: tuple[tuple[float, float], ...]
    hide_scores: bool = False


@dataclass(frozen=True)
class Referral:
    """Where home is, and when cases of abroad are to be referred.

    Parameters
    ----------
    home : tuple of str
        Countries whose cases the agency itself takes (ISO 3166-1); without any, no case is foreign.
    days : int
        Days in which a foreign case that does not escalate is referred; one that does, within 24 hours.
    """

    home: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Ordering:
    """How the axes beside the score count.

    Parameters
    ----------
    within_tier : tuple of str
        Axes that order the ranked cases of one tier, before the score: ``evidence``, ``solvability``. No
        case crosses the edge of a tier.
    due_before_evidence_ends : bool
        Whether a deadline moves forward to the moment at which the evidence ends; never back.
    """

    within_tier: tuple[str, ...]
    due_before_evidence_ends: bool


@dataclass(frozen=True)
class Blanket:
    """When a source is said to escalate everything: a banner, never a demotion.

    Parameters
    ----------
    share : float
        It escalates at least this share of its cases.
    least : int
        It has at least so many.
    """

    share: float
    least: int


@dataclass(frozen=True)
class Flood:
    """When a case is said to hold so many reports that they may not be of one person: an alarm, no more.

    Parameters
    ----------
    reports : int
        It has at least so many.
    """

    reports: int


@dataclass(frozen=True)
class Policy:
    """What people decide of the list; checked when it is made.

    Parameters
    ----------
    name : str
        For columns and titles.
    escalation : tuple of Rule
        What puts a case on top, whatever the model says.
    youth : tuple of Rule
        What makes the reported person a child to protect.
    adult : tuple of Condition
        Any of them, and the case is none of youth.
    pause : tuple of Rule
        What pauses a case, unless it is escalated.
    tiers : tuple of Tier
        The deadlines.
    capacity : Capacity
        Cases that can be opened before the last of them.
    units : dict of str to Capacity
        The same of each unit, where there are units; the capacity is their sum.
    audit : Audit
        Audit slots.
    referral : Referral
        Cases of abroad.
    order : Ordering
        The axes beside the score.
    blanket : Blanket
        The banner for a source that escalates everything.
    flood : Flood
        The alarm for a case of very many reports.
    origin : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A rule can never fire or changes nothing, two contradict, or something that must escalate does not.
    """

    name: str
    escalation: tuple[Rule, ...]
    youth: tuple[Rule, ...]
    adult: tuple[Condition, ...]
    pause: tuple[Rule, ...]
    tiers: tuple[Tier, ...]
    capacity: Capacity
    units: dict[str, Capacity]
    audit: Audit
    referral: Referral
    order: Ordering
    blanket: Blanket
    flood: Flood
    origin: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_policy(self)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is decided; comments, the name and the layout of the file do not count."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return what is decided, as plain values."""
        content = asdict(self)
        del content["name"], content["origin"]
        if not self.audit.hide_scores:
            # A policy that does not speak of it decides the same, and has the same digest.
            del content["audit"]["hide_scores"]
        return content

    def say(self, rule: str) -> str:
        """Return what a rule means, for people; an empty text for no rule.

        Examples
        --------
        >>> from triage.worklist.policy import load_policy
        >>> load_policy("default").say("crisis")
        'a child in contact or in crisis'
        """
        rules = (*self.escalation, *self.youth, *self.pause)
        return next((one.says for one in rules if one.name == rule), "")

    def with_capacity(self, capacity: Capacity) -> Policy:
        """Return the same policy with another capacity, of no units."""
        return replace(self, capacity=capacity, units={})

    def assign_units(self, places: int, n_cases: int) -> list[str]:
        """Give each place of the list, from the first on, to a unit, even in quality.

        Parameters
        ----------
        places : int
            Places to give.
        n_cases : int
            Cases on the list, of which a share may be a capacity.

        Returns
        -------
        list of str, length places
            Empty texts where the policy knows no units.
        """
        return share_places({name: unit.of(n_cases) for name, unit in self.units.items()}, places)
