"""What a world file says, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from triage.worlds.file.prosecution_plan import Plan
    from triage.worlds.file.published import Published

EVIDENCE_CLASSES = ("found", "derived", "assumed")
NEVER = "never"
CURRENT = ("no", "yes")
# The chances of an investigation, from a person in urgent need to nothing known.
LEVELS = ("urgent", "very_high", "high", "medium", "low")


@dataclass(frozen=True)
class Rule:
    """Probabilities, and for whom they hold.

    Parameters
    ----------
    weights : tuple of float
        One number a value: probabilities, or odds that multiply the probabilities of earlier rules.
    where : mapping of str to tuple of str
        Axis -> the values for which the rule holds; an axis that is not named does not matter.
    multiplies : bool
        Whether the numbers are odds.
    """

    weights: tuple[float, ...]
    where: Mapping[str, tuple[str, ...]]
    multiplies: bool = False


@dataclass(frozen=True)
class Chances:
    """A categorical quantity: its values and the rules that give their probabilities.

    Parameters
    ----------
    values : tuple of str
        The categories.
    rules : tuple of Rule
        Read from first to last; the first gives probabilities for all.
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
        The probabilities that the reporter leaves it out and fills it in; empty where it always is.
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
        Share of the cases while no change is in force.
    current : float
        Share of its persons who abuse at any one time.
    lasts : float
        Mean length of a spell of abuse, in days.
    past : float
        Share of those without abuse in the period in which there was abuse before it.
    """

    name: str
    share: float
    current: float
    lasts: float
    past: float


@dataclass(frozen=True)
class Change:
    """Something that changes the stream of reports from one day on.

    Parameters
    ----------
    start, end : datetime
        While it is in force.
    volume : mapping of str to float
        Situation -> factor on how many cases of it come in.
    policy : str
        The policy by which cases are opened; empty when it stays.
    """

    start: datetime
    end: datetime
    volume: Mapping[str, float]
    policy: str


@dataclass(frozen=True)
class Linking:
    """How reports come to be one case.

    Parameters
    ----------
    wrong : float
        Chance that a later report of a case is about somebody else.
    split : float
        Chance that a case is about the person of another case.
    duplicate : float
        Chance that a report comes in twice.
    """

    wrong: float
    split: float
    duplicate: float


@dataclass(frozen=True)
class Effects:
    """How strongly current abuse shows, and how this differs between draws of the world.

    Parameters
    ----------
    strength : float
        1 for the probabilities as they stand; 0 when abuse shows in nothing.
    spread : float
        Standard deviation of the logarithm of an effect's size in another draw.
    null, turned : float
        Shares of the effects that vanish, and that turn round, in another draw.
    prevalence : float
        Standard deviation of the logarithm of shares and of odds of current abuse in another draw.
    """

    strength: float
    spread: float
    null: float
    turned: float
    prevalence: float


@dataclass(frozen=True)
class Policy:
    """How cases were chosen to be opened: a lottery a case, all probabilities published.

    Parameters
    ----------
    name : str
        Goes to ``outcomes.policy_id``.
    capacity : float
        Share of the cases that are opened, in expectation.
    chance : float
        Share of the capacity that goes to cases drawn from all.
    weights : mapping of str to float
        Level -> chance to be opened relative to the other levels.
    """

    name: str
    capacity: float
    chance: float
    weights: Mapping[str, float]


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
        Of that file and of those that it is like.
    size : int
        Of these files, in bytes.
    start, end : datetime
        The period in which reports arrive; its end is the as-of time.
    months : tuple of float
        Shares of the equal parts of the period.
    reports_a_year : int
        The volume that the world stands for, on average over the period.
    changes : mapping of str to Change
        Those that are switched on.
    situations : tuple of Situation
        The stories; shares sum to 1.
    nuisances : mapping of str to Chances
        Hidden quantities of persons, groups among them, in the order in which they rest on each other.
    groups : tuple of str
        Those of the nuisances that are known to audits.
    report_nuisances : mapping of str to Chances
        Hidden quantities of reports.
    causes : mapping of str to mapping of str to float
        Nuisance of persons -> value -> odds ratio of abuse.
    past : mapping of str to mapping of str to float
        Nuisance of persons -> value -> least chance that there was abuse before.
    signals : mapping of str to Signal
        All facts of `triage.worlds.file.catalogue`.
    delays : mapping of str to Chances
        Days until something happens; rest on what is known of a report alone.
    linking : Linking
        How reports come to be one case.
    effects : Effects
        How strongly abuse shows.
    policies : mapping of str to Policy
        How cases were chosen: under the empty name from the start, else from a change on.
    outcomes : Outcomes
        What was found.
    spells : mapping of str to Chances
        Times of abuse that has ended, in days.
    published : mapping of str to Published
        The numbers that it is tuned to.
    prosecution : Plan, optional
        What becomes of opened cases at the prosecution.
    """

    name: str
    path: Path
    sha256: str
    size: int
    start: datetime
    end: datetime
    months: tuple[float, ...]
    reports_a_year: int
    changes: Mapping[str, Change]
    situations: tuple[Situation, ...]
    nuisances: Mapping[str, Chances]
    groups: tuple[str, ...]
    report_nuisances: Mapping[str, Chances]
    causes: Mapping[str, Mapping[str, float]]
    past: Mapping[str, Mapping[str, float]]
    signals: Mapping[str, Signal]
    delays: Mapping[str, Chances]
    linking: Linking
    effects: Effects
    policies: Mapping[str, Policy]
    outcomes: Outcomes
    spells: Mapping[str, Chances]
    published: Mapping[str, Published] = field(default_factory=dict)
    prosecution: Plan | None = None

    def __repr__(self) -> str:
        """Return what it is in a line: all of it is a long file."""
        return (
            f"World {self.name} (synthetic): {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}, "
            f"{self.reports_a_year:,} reports a year, {len(self.situations)} situations"
        )
