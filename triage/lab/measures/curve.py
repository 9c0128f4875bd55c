"""The share of children reached by each day after the first report, for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.measures.period import gather_persons, look_at
from triage.lab.measures.reached import reaching_curve, waiting_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.stream import Stream
    from triage.lab.trace import Trace

    Floats = NDArray[np.float64]

CURVE_DAYS = tuple(range(0, 366, 5))


def draw_curve(stream: Stream, trace: Trace, *, until: float | None = None) -> Floats:
    """Return the share of the reachable children reached by each of `CURVE_DAYS` after the first report.

    It is NaN beyond the longest time that any child could be watched.
    """
    period = look_at(stream, trace, until=until)
    took, censored = waiting_times(period, gather_persons(period))
    days, share = reaching_curve(took, censored)
    asked = np.asarray(CURVE_DAYS, dtype=np.float64)
    reached = np.append(0.0, share)[np.searchsorted(days, asked, side="right")]
    return np.where(asked <= censored.max(initial=-1.0), reached, np.nan)
