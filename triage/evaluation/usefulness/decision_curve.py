"""What a decision curve holds, as values and as a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from triage.evaluation.figure import Figure, as_plain
from triage.evaluation.order.capacity import NO_POSITIVES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.inputs import FloatArray

Measure = Literal["net_benefit", "standardised", "avoided"]
MODEL, ALL, NONE = "model", "open all", "open none"
_REASONS = {"standardised": NO_POSITIVES, "avoided": "a threshold of 0"}


@dataclass(frozen=True, eq=False)
class PolicyCurve:
    """What one policy is worth at each threshold.

    Parameters
    ----------
    name : str
        ``model``, ``open all``, ``open none``, or the name that was given.
    opened, found, in_vain : array of shape (thresholds,)
        Shares of all cases: opened; opened, with current abuse; opened, without.
    net_benefit, net_benefit_low, net_benefit_high : array of shape (thresholds,)
        Found cases a case, less those opened in vain at the exchange rate of the threshold.
    standardised, standardised_low, standardised_high : array of shape (thresholds,)
        Net benefit over the share with current abuse: 1 is what a perfect ranking has. NaN without any.
    avoided, avoided_low, avoided_high : array of shape (thresholds,)
        Net interventions avoided a case, against opening all. NaN at a threshold of 0.
    gain, gain_low, gain_high : array of shape (thresholds,)
        Net benefit of the model less that of this policy, on the same cases. NaN for the model itself.
    """

    name: str
    opened: FloatArray
    found: FloatArray
    in_vain: FloatArray
    net_benefit: FloatArray
    net_benefit_low: FloatArray
    net_benefit_high: FloatArray
    standardised: FloatArray
    standardised_low: FloatArray
    standardised_high: FloatArray
    avoided: FloatArray
    avoided_low: FloatArray
    avoided_high: FloatArray
    gain: FloatArray
    gain_low: FloatArray
    gain_high: FloatArray


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """Net benefit of a model and of other policies over thresholds.

    Parameters
    ----------
    threshold : array of shape (thresholds,)
        Probability from which on a case is opened, rising.
    exchange : array of shape (thresholds,)
        The odds of the threshold: how many found cases one case opened in vain costs.
    prevalence : float
        Share of cases with current abuse: observed, or as given.
    policies : tuple of PolicyCurve
        The model first, then opening all and opening none, then the others.
    cases, positives : int
        Rows, and rows with current abuse.
    method : str
        How estimates and intervals were made.
    denominator : str
        Of which cases it speaks.
    """

    threshold: FloatArray
    exchange: FloatArray
    prevalence: float
    policies: tuple[PolicyCurve, ...]
    cases: int
    positives: int
    method: str
    denominator: str

    def __getitem__(self, name: str) -> PolicyCurve:
        """Return the curve of a policy by its name."""
        for policy in self.policies:
            if policy.name == name:
                return policy
        raise KeyError(name)

    def figure(self, index: int, measure: Measure = "net_benefit", policy: str = MODEL) -> Figure:
        """Return one measure of one policy at the threshold with this index."""
        curve = self[policy]
        value, low, high = (float(getattr(curve, f"{measure}{end}")[index]) for end in ("", "_low", "_high"))
        where = f"{self.denominator}, threshold {self.threshold[index]:.4g}"
        if np.isnan(value):
            return Figure.not_estimable(_REASONS.get(measure, NO_POSITIVES), self.cases, where)
        return Figure(value, low, high, self.cases, self.method, where)

    @property
    def useful(self) -> NDArray[np.bool_]:
        """At which thresholds the model is better than opening all and than opening none, intervals apart."""
        return np.asarray((self[ALL].gain_low > 0) & (self[NONE].gain_low > 0))

    def as_dict(self) -> dict[str, Any]:
        """Return the curve as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a policy and threshold."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        frames = []
        for policy in self.policies:
            columns = vars(policy).copy()
            name = columns.pop("name")
            frame = pd.DataFrame({"threshold": self.threshold, "exchange": self.exchange, **columns})
            frame.insert(0, "policy", name)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)
