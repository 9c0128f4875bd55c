"""The prosecution: a queue behind the investigations, emptied month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.stream import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.staff import Prosecution

    Floats = NDArray[np.float64]

MONTH = 365.25 / 12 * DAY


def prosecute(sent_at: Floats, prosecution: Prosecution | None, start: float, end: float) -> Floats:
    """Return when the prosecution takes each case; NaN where it does not by the end of the period.

    Each month it takes as many of those that waited when the month began as it can, the longest waiting
    first, evenly over the month. What is left of a whole number goes over to the next month.

    Parameters
    ----------
    sent_at : array of float, shape (n_cases,)
        When a case was sent there; NaN where it was not.
    prosecution : Prosecution or None
        Its capacity; without one every case is taken when it is sent.
    start, end : float
        The period, in seconds since 1970.

    Examples
    --------
    >>> from triage.lab.staff import Prosecution
    >>> taken = prosecute(np.array([0.0, 1.0, np.nan]), Prosecution(a_month=1.0), 0.0, 4 * MONTH)
    >>> (taken / MONTH).tolist()
    [0.5, 1.5, nan]
    """
    if prosecution is None:
        return sent_at.copy()
    taken = np.full(len(sent_at), np.nan)
    queue = np.flatnonzero(~np.isnan(sent_at))
    queue = queue[np.argsort(sent_at[queue], kind="stable")]
    sent, served, ahead, credit = sent_at[queue], 0, prosecution.waiting, 0.0
    for month in np.arange(start, end, MONTH):
        credit += prosecution.a_month
        earlier = min(int(credit), ahead)
        number = min(int(credit) - earlier, int(np.searchsorted(sent, month, side="right")) - served)
        when = month + (earlier + np.arange(number) + 0.5) / max(earlier + number, 1) * MONTH
        taken[queue[served : served + number]] = when
        # Capacity that nobody waits for is lost; only the part of a case goes over.
        credit -= int(credit)
        served, ahead = served + number, ahead - earlier
    taken[taken > end] = np.nan
    return taken
