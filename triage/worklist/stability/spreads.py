"""How unsure the weight of each feature is, as far as a model itself states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.expert import Spread

if TYPE_CHECKING:
    from triage.scoring.bundle import Bundle

_NORMAL_95 = 1.959963984540054


def stated_spreads(bundle: Bundle) -> dict[str, Spread]:
    """Return how unsure the weight of each feature is, as far as the model itself states it.

    Parameters
    ----------
    bundle : Bundle
        A scorecard states the class of each factor; a model learned from evidence, its coefficients with
        their 95 % intervals.

    Examples
    --------
    >>> from triage.scoring.loading import load_model
    >>> stated_spreads(load_model("expert"))["escalated"]
    Spread(mean=1.6, sd=0.5, scale=2.5)
    >>> stated_spreads(load_model("four-step"))
    {}
    """
    stated: dict[str, Spread] = dict(getattr(bundle.model, "spreads", {}))
    learned = bundle.metrics.get("learned")
    rows = learned.get("coefficients", []) if isinstance(learned, dict) else []
    for row in rows if isinstance(rows, list) else []:
        try:
            name = str(row["of"]).split(":")[0]
            mean, low, high = (float(value) for value in row["after"])
        except (KeyError, TypeError, ValueError):
            continue
        # Of a flag the first coefficient is that of asserted, of a number that of its value.
        if name in bundle.model.features and name not in stated and np.isfinite(mean) and low < high:
            stated[name] = Spread(mean, (high - low) / (2 * _NORMAL_95), 1.0)
    return stated
