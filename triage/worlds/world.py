"""What a world file says, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

EVIDENCE_CLASSES = ("found", "derived", "assumed")
NEVER = "never"
CURRENT = ("no", "yes")


@dataclass(frozen=True)
class Rule:
    """Probabilities, and for whom they hold.

    Parameters
    ----------
    p : tuple of float
        One probability a value.
    where : mapping of str to tuple of str
        Axis -> the values for which the rule holds; an axis that is not named does not matter.
    """

    p: tuple[float, ...]
    where: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Chances:
    """A categorical quantity: its values and the rules that give their probabilities.

    Parameters
    ----------
    values : tuple of str
        The categories.
    rules : tuple of Rule
        The first holds for all; a later rule overrides an earlier one.
    bands : tuple of (float, float)
        For quantities: the range of each category; empty for codes.
    """

    values: tuple[str, ...]
    rules: tuple[Rule, ...]
    bands: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Signal:
    """A fact that shows in the tables.

    Parameters
    ----------
    chances : Chances
        How likely each value is.
    told : tuple of Rule
        The probability that the reporter fills it in; empty where it always is.
    """

    chances: Chances
    told: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Situation:
    """One kind of story behind a report.

    Parameters
    ----------
    name : str
        Short name.
    share : float
        Share of the cases.
    current : float
        Share of these in which a child is being abused now.
    past : float
        Share of those without current abuse in which there was abuse that has ended.
    """

    name: str
    share: float
    current: float
    past: float


@dataclass(frozen=True)
class Policy:
    """How cases were chosen to be opened: three lotteries, all probabilities published.

    Parameters
    ----------
    name : str
        Goes to ``outcomes.policy_id``.
    audit, escalated : float
        Probability for any case, and for a case with an escalated report.
    facts : mapping of str to float
        Probability that each known fact alone gets a case opened.
    """

    name: str
    audit: float
    escalated: float
    facts: Mapping[str, float]


@dataclass(frozen=True)
class Outcomes:
    """What an investigation finds.

    Parameters
    ----------
    labels : mapping of str to Chances
        "yes" and "no" (is there current abuse?) -> chances of the label.
    kinds : mapping of str to Chances
        Label -> chances of the kind of outcome.
    label_source : Chances
        Who says so.
    """

    labels: Mapping[str, Chances]
    kinds: Mapping[str, Chances]
    label_source: Chances


@dataclass(frozen=True)
class World:
    """A synthetic population.

    Parameters
    ----------
    name : str
        Name of the world.
    path : Path
        The file it was read from.
    sha256 : str
        Of that file.
    size : int
        Of that file, in bytes.
    start, end : datetime
        The period in which reports arrive; its end is the as-of time.
    months : tuple of float
        Shares of the equal parts of the period.
    reports_a_year : int
        The volume that the world stands for.
    situations : tuple of Situation
        The stories; shares sum to 1.
    nuisances : mapping of str to Chances
        Hidden quantities that matter for the signals but not for the child.
    signals : mapping of str to Signal
        All facts of `triage.worlds.catalogue`.
    delays : mapping of str to Chances
        Days until something happens; depend on the source of a report alone.
    policy : Policy
        How cases were chosen.
    outcomes : Outcomes
        What was found.
    spells : mapping of str to Chances
        Bands for onset and end of abuse, in days.
    regions : Chances
        For audits by group.
    """

    name: str
    path: Path
    sha256: str
    size: int
    start: datetime
    end: datetime
    months: tuple[float, ...]
    reports_a_year: int
    situations: tuple[Situation, ...]
    nuisances: Mapping[str, Chances]
    signals: Mapping[str, Signal]
    delays: Mapping[str, Chances]
    policy: Policy
    outcomes: Outcomes
    spells: Mapping[str, Chances]
    regions: Chances
