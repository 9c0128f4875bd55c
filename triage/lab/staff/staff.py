"""Units of detectives, and what stands behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worlds import World

MAIN = ("escalated", "ranked")
# Investigations in hand at once: far beyond any agency, and what a machine can still hold.
MOST_PLACES = 1_000_000


@dataclass(frozen=True)
class Joining:
    """Detectives who join a unit in the course of the period and have to learn.

    Parameters
    ----------
    detectives : int
        How many.
    week : int
        In which week of the period, from 0.
    """

    detectives: int
    week: int


@dataclass(frozen=True)
class Unit:
    """A unit: detectives who take cases from the same lanes.

    Parameters
    ----------
    name : str
        Of the unit.
    detectives : int
        Experienced ones, there from the start.
    lanes : tuple of str
        Whose cases it takes: ``escalated`` before ``ranked``, and ``youth``.
    hours_a_week : float
        Hours that one detective has for investigations, in a week without holidays.
    caseload : int
        Investigations that one detective has in hand at once; the hours are shared evenly over so many.
    speed : float
        Work done in an hour, as a multiple of that of an average detective.
    success : float
        Factor on the odds that an investigation succeeds.
    joining : tuple of Joining
        Who joins later.
    """

    name: str
    detectives: int
    lanes: tuple[str, ...] = MAIN
    hours_a_week: float = 40.0
    caseload: int = 1
    speed: float = 1.0
    success: float = 1.0
    joining: tuple[Joining, ...] = ()

    @property
    def places(self) -> int:
        """Investigations that those who are there from the start can have in hand at once."""
        return self.detectives * self.caseload


@dataclass(frozen=True)
class Prosecution:
    """What the prosecution can take.

    Parameters
    ----------
    a_month : float
        Cases taken from its queue in a month, the longest waiting first.
    waiting : int
        Cases that wait there already when the period begins.
    """

    a_month: float
    waiting: int = 0


@dataclass(frozen=True)
class Staff:
    """Everybody who works on cases.

    Parameters
    ----------
    name : str
        For tables and titles.
    units : tuple of Unit
        At least one.
    interrupt : bool
        Whether an escalated case for which nobody is free puts aside the investigation of a ranked case, and
        a child in crisis the work on another of lane youth. What was done is kept, and it goes on before any
        new ranked case of the unit.
    holidays : mapping of int to float
        ISO week -> share of the hours that are left in it.
    starter_speed : float
        Share of the speed of an experienced detective with which a new one begins.
    starter_weeks : float
        After which a new one is experienced; the speed grows evenly.
    busy_at_start : bool
        Whether every place is taken by an earlier case when the period begins; they become free one by one
        over a mean duration.
    tiers_days : tuple of int
        Days to the deadlines of the tiers of the list, which is made anew every week.
    prosecution : Prosecution, optional
        The prosecution; without it every case is taken at once.
    reports_a_year : float
        The inflow that this staff is meant for, in reports; 0 where not stated.

    Raises
    ------
    InputRefusedError
        There is nobody, or there are more than anybody could simulate.
    """

    name: str
    units: tuple[Unit, ...]
    interrupt: bool = False
    holidays: Mapping[int, float] | None = None
    starter_speed: float = 1.0
    starter_weeks: float = 0.0
    busy_at_start: bool = False
    tiers_days: tuple[int, ...] = (1, 7, 14, 30)
    prosecution: Prosecution | None = None
    reports_a_year: float = 0.0

    def __post_init__(self) -> None:
        if not sum(unit.detectives for unit in self.units):
            raise InputRefusedError(
                "nobody works", where=f"staff {self.name}", expected="at least one detective at the start"
            )
        joining = sum(one.detectives * unit.caseload for unit in self.units for one in unit.joining)
        places = joining + sum(unit.places for unit in self.units)
        if places > MOST_PLACES:
            raise InputRefusedError(
                f"{places:,} investigations in hand at once",
                where=f"staff {self.name}, detectives times caseload",
                expected=f"at most {MOST_PLACES:,}",
            )

    @property
    def detectives(self) -> int:
        """All who are there from the start."""
        return sum(unit.detectives for unit in self.units)

    @property
    def joining(self) -> int:
        """All who join later."""
        return sum(one.detectives for unit in self.units for one in unit.joining)

    def with_detectives(self, detectives: int) -> Staff:
        """Return the same staff with another number of experienced detectives.

        The units keep their shares, rounded by the largest remainders, so that one detective more never takes
        one from the whole.

        Parameters
        ----------
        detectives : int
            Of all units together, at least 1.

        Examples
        --------
        >>> staff = Staff("two", (Unit("north", 6), Unit("south", 3)))
        >>> [unit.detectives for unit in staff.with_detectives(4).units]
        [3, 1]
        """
        exact = [detectives * unit.detectives / self.detectives for unit in self.units]
        given = [int(share) for share in exact]
        by_rest = sorted(range(len(exact)), key=lambda unit: (given[unit] - exact[unit], unit))
        for unit in by_rest[: detectives - sum(given)]:
            given[unit] += 1
        units = [replace(unit, detectives=number) for unit, number in zip(self.units, given, strict=True)]
        return replace(self, units=tuple(units))

    def with_joining(self, detectives: int, week: int = 0) -> Staff:
        """Return the same staff with new detectives in its largest unit, who begin in a week and learn.

        Examples
        --------
        >>> staff = Staff("two", (Unit("north", 6), Unit("south", 3)))
        >>> staff.with_joining(10, week=4).units[0].joining
        (Joining(detectives=10, week=4),)
        """
        largest = max(range(len(self.units)), key=lambda index: (self.units[index].detectives, -index))
        units = list(self.units)
        joining = (*units[largest].joining, Joining(detectives, week))
        units[largest] = replace(units[largest], joining=joining)
        return replace(self, units=tuple(units))

    def for_cases(self, world: World, cases: int) -> Staff:
        """Return the part of the staff that meets a part of the cases of a world, or all of it.

        Parameters
        ----------
        world : World
            Whose cases the staff is meant for.
        cases : int
            How many of them there are; as many as the world stands for, or more, are met by all.

        Examples
        --------
        >>> from triage.lab.staff import load_staff
        >>> from triage.worlds import load_world
        >>> staff, world = load_staff("nl-2017"), load_world("nl-2017")
        >>> (
        ...     staff.detectives,
        ...     staff.for_cases(world, 3_000).detectives,
        ...     staff.for_cases(world, 90_000).detectives,
        ... )
        (150, 27, 150)
        """
        from triage.worlds.state.model import natural_size  # noqa: PLC0415 - slow to import

        whole = natural_size(world)
        return self if cases >= whole else self.scaled(cases / whole)

    def scaled(self, share: float) -> Staff:
        """Return the staff for a part of the inflow: detectives and prosecution in proportion.

        Numbers of detectives are rounded, and one is always left: a small part of a small staff is a rough
        picture of it.

        Parameters
        ----------
        share : float
            Of the inflow that the staff is meant for.

        Examples
        --------
        >>> staff = Staff("two", (Unit("north", 60), Unit("south", 30)))
        >>> [unit.detectives for unit in staff.scaled(0.1).units]
        [6, 3]
        """
        staff = self.with_detectives(max(1, round(self.detectives * share)))
        units = tuple(
            replace(
                unit,
                joining=tuple(replace(one, detectives=round(one.detectives * share)) for one in unit.joining),
            )
            for unit in staff.units
        )
        down = self.prosecution
        if down is not None:
            down = Prosecution(down.a_month * share, round(down.waiting * share))
        return replace(staff, units=units, prosecution=down, reports_a_year=self.reports_a_year * share)
