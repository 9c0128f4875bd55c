"""The certificate: a lower estimate that is a sum over columns, minimised exactly over the cards of a box."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.scorecard.bounding_cards import Box, Cards

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Spread:
    """A separable lower estimate of the loss, minimised exactly over the cards of a box."""

    def __init__(
        self, cards: Cards, box: Box, columns: NDArray[np.intp], *, slope: Floats, bend: Floats, point: Floats
    ) -> None:
        self.cards, self.box, self.columns, self.group = cards, box, columns, cards.groups[columns]
        low, high = box.low[columns, None], box.high[columns, None]
        self.below, self.above = np.maximum(cards.below, low), np.minimum(cards.above, high)
        allowed = self.below <= self.above
        slope, bend, point = slope[:, None], bend[:, None], point[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(bend > 0, point - slope / bend, np.where(slope > 0, low, high))
        best = np.nan_to_num(best, nan=0.0, posinf=1e300, neginf=-1e300)
        self.values = np.clip(best, self.below, np.maximum(self.above, self.below))
        away = np.where(allowed, self.values - point, 0.0)
        self.cost = np.where(allowed, slope * away + 0.5 * bend * away**2, np.inf)
        self.zero = (cards.below == 0) & (cards.above == 0)
        alone = np.bincount(self.group, minlength=cards.n_groups) == 1
        must = (alone & box.required)[self.group]
        self.cost[np.ix_(must, self.zero)] = np.inf
        self.bound = -np.inf

    def cut(self, base: float, target: float, free: Flags, quota: int) -> Box | None:
        """Set the bound and return the box without the values that cost at least the target."""
        n_groups, group = self.cards.n_groups, self.group
        best = self.cost.min(axis=1, initial=np.inf)
        if not np.isfinite(best).all():
            return None
        none = self.cost[:, self.zero].min(axis=1, initial=np.inf)
        some = self.cost[:, ~self.zero].min(axis=1, initial=np.inf)
        inside = np.bincount(group, best, n_groups)
        extra = np.full(n_groups, np.inf)
        np.minimum.at(extra, group, some - best)
        # A required factor has at least one column that is not 0, whatever that costs.
        extra = np.where(self.box.required & np.isfinite(extra), extra, 0.0)
        forced = np.where(self.box.required, inside + extra, 0.0)
        outside = np.where(free, np.bincount(group, none, n_groups), 0.0)
        gain = np.where(free, outside - inside, 0.0)
        ranked = np.argsort(-gain, kind="stable")
        taken = np.zeros(n_groups, dtype=bool)
        taken[ranked[:quota]] = True
        self.bound = base + float(forced.sum() + outside.sum() - gain[taken].sum())
        if self.bound >= target:
            return None
        last = gain[ranked[quota - 1]] if 0 < quota <= n_groups else np.inf if quota == 0 else 0.0
        spare = gain[ranked[quota]] if quota < n_groups else 0.0
        with_it = self.bound - extra + np.where(free & ~taken, np.maximum(last - gain, 0.0), 0.0)
        without = self.bound + np.where(free & taken, np.maximum(gain - spare, 0.0), 0.0)
        least = with_it[group, None] + (self.cost - best[:, None])
        left_out = np.where(free, without, np.inf)[group, None]
        least[:, self.zero] = np.minimum(least[:, self.zero], left_out)
        required = self.box.required | (free & (without >= target))
        return self._keep(least < target, required, taken | self.box.required)

    def _keep(self, alive: Flags, required: Flags, chosen: Flags) -> Box | None:
        """Return the box with the values that are alive, and the card of least estimate."""
        box, group = self.box, self.group
        if not alive.any(axis=1).all():
            return None
        low, high = box.low.copy(), box.high.copy()
        low[self.columns] = np.where(alive, self.below, np.inf).min(axis=1, initial=np.inf)
        high[self.columns] = np.where(alive, self.above, -np.inf).max(axis=1, initial=-np.inf)
        required[group[~alive[:, self.zero].any(axis=1)]] = True
        pick = np.argmin(self.cost, axis=1)
        values = np.zeros(len(box.low))
        values[self.columns] = self.values[np.arange(len(pick)), pick]
        values[~chosen[self.cards.groups]] = 0.0
        return replace(box, low=low, high=high, required=required, values=values)
