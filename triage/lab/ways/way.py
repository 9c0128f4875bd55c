"""A way of working: what decides which case is opened next."""

from __future__ import annotations

from dataclasses import dataclass

from triage.errors import InputRefusedError

ARRIVAL, ORACLE = "arrival", "oracle"


@dataclass(frozen=True)
class Way:
    """A way of working.

    Parameters
    ----------
    name : str
        As it was written.
    order : str
        What ranks the cases: ``arrival`` (who comes first), ``oracle`` (the exact posterior that nobody has),
        or the name under which `Versions.scores` holds the score of a model.
    escalate : bool
        Whether what escalates goes on top and may interrupt; the list does so whatever the order.
    audit_share : float
        Share of what can be opened in a week that goes to cases drawn by lot from below the cut.
    ageing_days : float
        So many days of waiting count as much as standing ten times nearer to the top (the best hundredth
        instead of the best tenth); 0 for no ageing.
    deadlines : bool
        Whether a deadline that was once given is kept before any case without one is opened, the earliest
        first. Deadlines are given in any case.
    refer_foreign : bool
        Whether cases verified to be of abroad are referred and leave the pool, unless they escalate.
    alternatives_below : float
        Identified cases whose score is in this lowest share of all seen so far leave the pool by a warning
        talk or the like; 0 for none.
    learn_weeks : int
        Every so many weeks the order is learned again from what was found in opened cases; 0 for never.
    learn_weighted : bool
        Whether learning weights each outcome by one over the chance of the case to be opened.
    change_week : int
        From the start of which week another way holds; 0 for none.
    then : Way, optional
        That way.

    Raises
    ------
    InputRefusedError
        A number lies outside of its span, or an order that has no score is to be learned.

    Examples
    --------
    >>> Way("expert", "expert").scores
    ('expert',)
    """

    name: str
    order: str
    escalate: bool = True
    audit_share: float = 0.0
    ageing_days: float = 0.0
    deadlines: bool = False
    refer_foreign: bool = False
    alternatives_below: float = 0.0
    learn_weeks: int = 0
    learn_weighted: bool = False
    change_week: int = 0
    then: Way | None = None

    def __post_init__(self) -> None:
        self._check("audit", self.audit_share, 0.5)
        self._check("alternatives", self.alternatives_below, 0.95)
        self._check("ageing", self.ageing_days, 36_500)
        self._check("learn", self.learn_weeks, 5_200)
        if (self.learn_weeks or self.alternatives_below or self.ageing_days) and self.order == ARRIVAL:
            raise InputRefusedError(
                "the order of arrival has no score to learn, to age or to take the lowest of",
                where=f"way {self.name}",
                expected="a model",
            )
        if (self.change_week > 0) != (self.then is not None):
            raise InputRefusedError(
                f"a change in week {self.change_week}", where=f"way {self.name}", expected="week 1 or later"
            )

    def _check(self, what: str, value: float, most: float) -> None:
        if not 0 <= value <= most:
            raise InputRefusedError(
                f"{what} = {value:g}", where=f"way {self.name}", expected=f"a number from 0 to {most:g}"
            )

    @property
    def scores(self) -> tuple[str, ...]:
        """The scores that a stream must have for this way, the oracle's included."""
        own = () if self.order == ARRIVAL else (self.order,)
        return own if self.then is None else tuple(dict.fromkeys((*own, *self.then.scores)))

    @property
    def models(self) -> tuple[str, ...]:
        """The models to be loaded for this way.

        Examples
        --------
        >>> from triage.lab.ways import parse_way
        >>> parse_way("arrival,26=expert+audit=0.05").models, parse_way("oracle").models
        (('expert',), ())
        """
        return tuple(name for name in self.scores if name != ORACLE)
