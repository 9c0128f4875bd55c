"""Where the list does not show by what a case was ranked, so that nobody can tell which were drawn by lot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from triage.worklist.order import RANKED
from triage.worklist.policy import NOT_PLANNED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worklist.policy import Policy

    Ints = NDArray[np.integer[Any]]
    Mask = NDArray[np.bool_]


def hide_places(lane: Ints, tier: Ints, policy: Policy) -> Mask:
    """Say of which cases nothing is shown that betrays their place in the order.

    All ranked cases where a drawn one may stand, from the policy's first tier to the capacity, whether or not
    any was drawn: what is left out of some would mark them, or the others.

    Parameters
    ----------
    lane, tier : array of int, shape (n_cases,)
        As `triage.worklist.order` gives them, in the order of the list.
    policy : Policy
        With ``hide_scores``; without it nothing is hidden.

    Returns
    -------
    array of bool, shape (n_cases,)
    """
    if not policy.audit.hide_scores:
        return np.zeros(len(lane), dtype=bool)
    return np.asarray((lane == RANKED) & (tier >= policy.audit.first_tier) & (tier != NOT_PLANNED))
