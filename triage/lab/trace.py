"""The trace: what happened to every case of a stream under one way of working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

NO, YES, UNDETERMINED, OPEN, NEVER_OPENED = range(5)
LABELS = ("no", "yes", "undetermined", "open", "never opened")


@dataclass(frozen=True)
class Trace:
    """One entry a case, shape (n_cases,) each; times in seconds since 1970, NaN where it did not happen.

    Parameters
    ----------
    way, staff : str
        The way of working and the staff, by name.
    opened_at : array of float
        When the investigation began.
    ended_at : array of float
        When it ended.
    label : array of int
        What the agency then believes: index into `LABELS`.
    reached_at : array of float
        When a child that was being abused was reached.
    hours : array of float
        Hours of work that went into the case so far.
    unit : array of int
        Which unit had it; -1 for none.
    interruptions : array of int
        How often its investigation was put aside for an escalated case.
    audit : array of bool
        Whether it was drawn by lot.
    inclusion : array of float
        With which probability it is opened by the end of the period, over the lotteries: 1 for what the order
        opened; for a case drawn by lot, its chances of all weeks together, those after the draw included. So
        the sum of one over it is right on average.
    due_at : array of float
        The earliest deadline that it ever had.
    referred_at, disposed_at : array of float
        When it was referred abroad; when it left by an alternative disposal.
    prosecuted_at : array of float
        When the prosecution took it from its queue.
    pool_at, pool_size : array of float and of int, shape (n_moments,)
        How many cases waited, from each moment until the next.
    """

    way: str
    staff: str
    opened_at: Floats
    ended_at: Floats
    label: Ints
    reached_at: Floats
    hours: Floats
    unit: Ints
    interruptions: Ints
    audit: Mask
    inclusion: Floats
    due_at: Floats
    referred_at: Floats
    disposed_at: Floats
    prosecuted_at: Floats
    pool_at: Floats
    pool_size: Ints
