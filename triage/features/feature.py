"""What a feature is: one number per case, with what it says, in which direction it points and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.features.view import View

    Floats = NDArray[np.float64]
    Compute = Callable[[View], Floats]

FLAG = "flag"


@dataclass(frozen=True)
class Feature:
    """One number per case.

    Parameters
    ----------
    name : str
        Column name.
    domain : str
        Report, source, contact, access to children, material, history, network, money, completeness or sums.
    asserted, denied : str
        Sentences for the analyst. A number's sentence holds ``{}`` for its value; a flag that can never be
        denied has no second sentence.
    asks : str
        What to find out when it is unknown; empty where nobody can.
    unit : str
        ``flag`` (+1 asserted, 0 unknown, -1 denied) or the unit of the number (NaN where unknown).
    sign : int
        +1 or -1 where the evidence gives a direction for current abuse, 0 where it gives none.
    knowable : Knowable
        When it can be known.
    evidence : str
        What the direction rests on.
    compute : callable
        View of a part -> array of float, shape (n_cases,).
    usual : float
        The value of a flag at which it should add nothing: unknown, but where asserted is the rule, asserted.
    """

    name: str
    domain: str
    asserted: str
    denied: str
    asks: str
    unit: str
    sign: int
    knowable: Knowable
    evidence: str
    compute: Compute
    usual: float = 0.0

    @property
    def is_flag(self) -> bool:
        """Whether it is three-valued."""
        return self.unit == FLAG

    def say(self, value: float) -> str:
        """Return the sentence for a value.

        Examples
        --------
        >>> from triage.features.catalogue import FEATURES
        >>> FEATURES["prior_reports"].say(2.0)
        'earlier reports about the person: 2'
        >>> FEATURES["contact_record"].say(0.0)
        'not known: an earlier conviction for a contact offence'
        """
        if np.isnan(value) or (self.is_flag and value == 0):
            return f"not known: {self.asks or self.asserted.format('…')}"
        if self.is_flag:
            return self.asserted if value > 0 else self.denied
        return self.asserted.format(_short(value))


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"


@dataclass(frozen=True)
class Domain:
    """Makes the features of one domain, so that each stands in the catalogue in a few lines."""

    name: str

    def flag(
        self,
        name: str,
        sign: int,
        compute: Compute,
        asserted: str,
        evidence: str,
        *,
        denied: str = "",
        asks: str = "",
        knowable: Knowable = Knowable.ARRIVAL,
        usual: float = 0.0,
    ) -> Feature:
        """Return a three-valued feature."""
        return Feature(
            name, self.name, asserted, denied, asks, FLAG, sign, knowable, evidence, compute, usual
        )

    def number(
        self,
        name: str,
        sign: int,
        compute: Compute,
        asserted: str,
        evidence: str,
        *,
        unit: str,
        asks: str = "",
        knowable: Knowable = Knowable.ARRIVAL,
    ) -> Feature:
        """Return a feature that is a number; `asserted` holds ``{}`` for the value."""
        return Feature(name, self.name, asserted, "", asks, unit, sign, knowable, evidence, compute)
