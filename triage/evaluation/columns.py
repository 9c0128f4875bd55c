"""The columns that an evaluation rests on, checked at the door."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.groups.attributes import read_attributes
from triage.evaluation.inputs import (
    FloatArray,
    NumberArray,
    check_lengths,
    check_outcome,
    check_probability,
    check_score,
    check_weight,
)
from triage.evaluation.selection.cases import check_inclusion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

MODEL = "model"
ORACLE = "oracle"


@dataclass(frozen=True, eq=False)
class Columns:
    """All that an evaluation rests on, row by row; None or empty where it was not given.

    Parameters
    ----------
    outcome : array of shape (cases,)
        0, 1, or NaN where unknown.
    scores : dict of str to array of shape (cases,)
        The model's first, then the oracle's, then the baselines.
    probability, weight, oracle, inclusion, time : array of shape (cases,) or None
        As given.
    groups : dict of str to Categorical of length cases
        Attributes.
    """

    outcome: FloatArray
    scores: dict[str, NumberArray]
    probability: FloatArray | None
    weight: FloatArray | None
    oracle: FloatArray | None
    groups: dict[str, Any]
    inclusion: FloatArray | None
    time: NumberArray | None

    def only(self, kept: NumberArray) -> Columns:
        """Return the kept rows of every column."""
        chosen: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, dict):
                chosen[field.name] = {name: column[kept] for name, column in value.items()}
            else:
                chosen[field.name] = None if value is None else value[kept]
        return replace(self, **chosen)

    @property
    def baselines(self) -> dict[str, NumberArray]:
        """The orders that are neither the model's nor the oracle's."""
        return {name: score for name, score in self.scores.items() if name not in {MODEL, ORACLE}}


def check_columns(
    outcome: ArrayLike,
    *,
    score: ArrayLike,
    probability: ArrayLike | None,
    weight: ArrayLike | None,
    group: Any,
    oracle: ArrayLike | None,
    baselines: Mapping[str, ArrayLike],
    inclusion: ArrayLike | None,
    time: ArrayLike | None,
) -> Columns:
    """Check all columns of an evaluation; the arguments are those of `triage.evaluation.evaluate`.

    Raises
    ------
    InputRefusedError
        A column is not as described, columns differ in length, or a baseline has a name that is taken.
    """
    scores = {MODEL: check_score(score)}
    exact = None if oracle is None else check_probability(oracle, ORACLE)
    if exact is not None:
        scores[ORACLE] = exact
    taken = sorted(scores.keys() & baselines.keys())
    if taken:
        raise InputRefusedError(
            f"a baseline called {taken[0]!r}", where="baselines", expected="a name of its own"
        )
    scores |= {name: check_score(values, name) for name, values in baselines.items()}
    columns = Columns(
        outcome=check_outcome(outcome, missing=True),
        scores=scores,
        probability=None if probability is None else check_probability(probability),
        weight=check_weight(weight),
        oracle=exact,
        groups={} if group is None else _read_groups(group),
        inclusion=None if inclusion is None else check_inclusion(inclusion, len(scores[MODEL])),
        time=None if time is None else np.asarray(time),
    )
    check_lengths(
        {
            "outcome": columns.outcome,
            **{("score" if name == MODEL else name): values for name, values in scores.items()},
            "probability": columns.probability,
            "weight": columns.weight,
            **columns.groups,
            "inclusion": columns.inclusion,
            "time": columns.time,
        }
    )
    return columns


def weigh_by_inclusion(columns: Columns, cases: int) -> Columns:
    """Return columns whose rows weigh one over their inclusion probability, where all of these are known.

    The weights add up to the number of cases on the list, so that a capacity means the same on both.
    """
    inclusion = columns.inclusion
    if columns.weight is not None or inclusion is None or not np.all(inclusion > 0):
        return columns
    weight = 1 / inclusion
    return replace(columns, weight=weight * (cases / weight.sum()))


def _read_groups(group: Any) -> dict[str, Any]:
    import pandas as pd  # noqa: PLC0415 - slow to import, and most callers give no attributes

    attributes = read_attributes(group)
    return {one.name: pd.Categorical.from_codes(one.codes, pd.Index(one.labels)) for one in attributes}
