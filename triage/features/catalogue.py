"""The catalogue of features: what each is, in which direction it points, and what that rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.of_access import ACCESS
from triage.features.of_baselines import BASELINES
from triage.features.of_contact import CONTACT
from triage.features.of_history import HISTORY
from triage.features.of_material import MATERIAL
from triage.features.of_money import MONEY
from triage.features.of_network import NETWORK
from triage.features.of_person import COMPLETENESS
from triage.features.of_report import REPORT, SOURCE
from triage.features.of_sums import COUNTED, SUMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.features.feature import Feature
    from triage.features.view import View

_DOMAINS = (COMPLETENESS, REPORT, SOURCE, CONTACT, ACCESS, MATERIAL, HISTORY, NETWORK, MONEY, SUMS)
FEATURES: dict[str, Feature] = {feature.name: feature for domain in _DOMAINS for feature in domain}


def find_feature(name: str) -> Feature:
    """Return a feature of the catalogue, or one of the numbers that only baselines use.

    Parameters
    ----------
    name : str
        Its name.

    Raises
    ------
    KeyError
        There is none of that name.

    Examples
    --------
    >>> find_feature("escalated").unit, find_feature("days_waiting").unit, "days_waiting" in FEATURES
    ('flag', 'days', False)
    """
    return FEATURES[name] if name in FEATURES else BASELINES[name]


def build_features(view: View, names: Sequence[str]) -> NDArray[np.float64]:
    """Compute features for every case of a part.

    Parameters
    ----------
    view : View
        The part as known at the as-of time of each case.
    names : sequence of str
        Names in the catalogue, or of numbers for baselines.

    Returns
    -------
    array of float, shape (n_cases, n_names)
        Flags are +1, 0, -1; numbers are NaN where unknown. Columns are contiguous, as models read them.
    """
    matrix = np.empty((view.n_cases, len(names)), order="F")
    for column, name in enumerate(names):
        matrix[:, column] = view.remember(name, find_feature(name).compute)
    return matrix


def answer_flag(
    matrix: NDArray[np.float64], names: Sequence[str], column: int, level: float
) -> tuple[NDArray[np.float64], list[int]]:
    """Return the features if an unknown flag were asserted (+1) or denied (-1), and the columns that change.

    A sign that is asserted is counted: the sums change with it. A flag that is never denied stays unknown.

    Parameters
    ----------
    matrix : array of float, shape (n_cases, n_names)
        Features of cases in which the flag is unknown.
    names : sequence of str
        Of the columns.
    column : int
        Of the flag.
    level : float
        +1 or -1.

    Examples
    --------
    >>> answer_flag(np.array([[0.0, 2.0]]), ["meeting", "contact_signs"], 0, 1.0)
    (array([[1., 3.]]), [0, 1])
    """
    flag = names[column]
    if level < 0 and not find_feature(flag).denied:
        return matrix, []
    answered, changed = matrix.copy(), [column]
    answered[:, column] = level
    for other, name in enumerate(names):
        if level > 0 and flag in COUNTED.get(name, ()):
            answered[:, other] += 1.0
            changed.append(other)
    return answered, changed
