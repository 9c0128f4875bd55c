"""Children reached: how many, how soon, and how much abuse it spared.

A child stands for a reported person who abuses, as the truth of a world knows persons: at least one child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.measure import Measure
from triage.lab.measures.period import count_of, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.measures.period import Period, Persons

    Floats = NDArray[np.float64]

WITHIN = (30, 90, 180)

MEASURES = (
    Measure(
        "children_abused",
        "children",
        "",
        "Children who were abused at some time in the period and of whose abuser a report came in it.",
    ),
    Measure(
        "children_reachable",
        "children",
        "",
        "Those of them whose abuse had not ended when the first report came.",
    ),
    Measure(
        "children_reached",
        "children",
        "more",
        "Children who were being abused and were reached by an investigation.",
    ),
    Measure("share_reached", "share", "more", "Children reached, of all children abused in the period."),
    Measure(
        "share_of_reachable",
        "share",
        "more",
        "Children reached, of those whose abuse had not ended when the first report came.",
    ),
    *(
        Measure(
            f"reached_within_{days}",
            "share",
            "more",
            f"Children reached within {days} days of the first report, of the reachable ones"
            f" reported at least {days} days before the end.",
        )
        for days in WITHIN
    ),
    Measure(
        "median_days",
        "days",
        "less",
        "Days from the first report until half of the reachable children are reached; none"
        " where fewer than half are.",
    ),
    Measure(
        "p90_days",
        "days",
        "less",
        "Days from the first report until nine in ten of the reachable children are reached;"
        " none where fewer are.",
    ),
    Measure(
        "median_days_of_reached",
        "days",
        "",
        "Median days from first report to being reached, of the reached alone; short also where"
        " a way of working reaches only the easy ones.",
    ),
    Measure(
        "child_days_averted",
        "days",
        "more",
        "Days of abuse that would have followed, had the children not been reached; also beyond the period.",
    ),
    Measure("child_days_averted_in_period", "days", "more", "Those of them within the period."),
    Measure(
        "child_days_lost",
        "days",
        "less",
        "Days of abuse within the period, from the first report until the child was reached or"
        " the abuse ended.",
    ),
)


def measure_reached(period: Period, persons: Persons) -> dict[str, float]:
    """Return how many children were reached and how soon; see `MEASURES`."""
    abused, reachable = count_of(persons.abused), count_of(persons.reachable)
    reached = count_of(~np.isnan(persons.reached_at))
    took, censored = waiting_times(period, persons)
    found = took[~np.isnan(took)]
    return {
        "children_abused": abused,
        "children_reachable": reachable,
        "children_reached": reached,
        "share_reached": share_of(reached, abused),
        "share_of_reachable": share_of(reached, reachable),
        **{f"reached_within_{days}": share_within(took, censored, days) for days in WITHIN},
        "median_days": quantile_of_waiting(took, censored, 0.5),
        "p90_days": quantile_of_waiting(took, censored, 0.9),
        "median_days_of_reached": float(np.median(found)) if len(found) else float("nan"),
        **_count_child_days(period, persons),
    }


def waiting_times(period: Period, persons: Persons) -> tuple[Floats, Floats]:
    """Return of each reachable child the days until it was reached (NaN where it was not) and until the end.

    A child whose abuse ended by itself was never reached and never will be: it stays among those waiting
    until the end of the period. So the curve of `reaching_curve` is the cumulative incidence of being reached
    with the natural end as a competing event (Fine and Gray 1999, with the end of follow-up always known).
    """
    first = persons.first_report[persons.reachable]
    return persons.reached_at[persons.reachable] - first, period.end - first


def share_within(took: Floats, censored: Floats, days: float) -> float:
    """Return the share reached within some days, of the children who could be watched for as many.

    It makes no assumption on those reported later; see `waiting_times` for the arguments.

    Examples
    --------
    >>> share_within(np.array([10.0, 95.0, np.nan, 5.0]), np.array([200.0, 120.0, 90.0, 20.0]), 90)
    0.3333333333333333
    """
    watched = censored >= days
    return share_of(count_of(took[watched] <= days), count_of(watched))


def reaching_curve(took: Floats, censored: Floats) -> tuple[Floats, Floats]:
    r"""Return the share of children reached by each day, by Kaplan and Meier's estimator.

    .. math:: \hat F(t) = 1 - \prod_{t_i \le t} \left(1 - \frac{d_i}{n_i}\right)

    with :math:`d_i` children reached on day :math:`t_i` of :math:`n_i` still waiting and watched.

    Parameters
    ----------
    took, censored : array of shape (children,)
        See `waiting_times`.

    Returns
    -------
    days, share : array of shape (times,)
        The days on which children were reached, rising, and the share reached by then.

    References
    ----------
    Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. Journal of the
    American Statistical Association 53, 457-481.

    Examples
    --------
    >>> days, share = reaching_curve(np.array([2.0, np.nan, 4.0, np.nan]), np.array([9.0, 3.0, 9.0, 9.0]))
    >>> days, share
    (array([2., 4.]), array([0.25 , 0.625]))
    """
    reached = ~np.isnan(took)
    days, events = np.unique(took[reached], return_counts=True)
    watched = np.sort(np.where(reached, took, censored))
    at_risk = len(watched) - np.searchsorted(watched, days, side="left")
    return days, 1 - np.cumprod(1 - events / at_risk).astype(np.float64)


def quantile_of_waiting(took: Floats, censored: Floats, share: float) -> float:
    """Return the first day by which a share of the children is reached; infinite where it never is."""
    if not len(took):
        return float("nan")
    days, reached = reaching_curve(took, censored)
    # A product of fractions may fall short of the share by its last bits.
    place = int(np.searchsorted(reached, share - 1e-12))
    return float(days[place]) if place < len(days) else float("inf")


def _count_child_days(period: Period, persons: Persons) -> dict[str, float]:
    with_abuse = np.flatnonzero(~np.isnan(period.onset))
    # Two cases of a person tell of the same days; a person's spells count once each.
    spells = np.unique(
        np.column_stack([period.person[with_abuse], period.onset[with_abuse], period.spell_end[with_abuse]]),
        axis=0,
    )
    person, onset, end = spells[:, 0].astype(np.int64), spells[:, 1], spells[:, 2]
    reached = persons.reached_at[person]
    ended_early = (onset <= reached) & (reached < end)
    freed = np.fmin(np.fmin(end, reached), period.end)
    lost = np.maximum(freed - np.maximum(onset, persons.first_report[person]), 0.0)
    averted = (end - reached)[ended_early]
    within = (np.minimum(end, period.end) - reached)[ended_early]
    return {
        "child_days_averted": float(averted.sum()),
        "child_days_averted_in_period": float(within.sum()),
        "child_days_lost": float(lost.sum()),
    }
