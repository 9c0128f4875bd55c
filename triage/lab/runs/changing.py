"""What a change does: the same ways of working on the same seeds with it, less without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.multiplicity import adjust_holm
from triage.lab.measures import HEADLINES
from triage.lab.runs.intervals import compare_paired

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.lab.runs.result import Runs


class ChangedMeasure(NamedTuple):
    """What a change does to one measure of one way of working.

    Parameters
    ----------
    measure, way : str
        Their names.
    figure : Figure
        With the change less without, paired over the seeds.
    p_value : float
        Of the paired t test that the mean difference is 0.
    p_holm : float
        The same, corrected by Holm's method for all ways and headlines.
    """

    measure: str
    way: str
    figure: Figure
    p_value: float
    p_holm: float


def measure_change(before: Runs, after: Runs) -> list[ChangedMeasure]:
    """Return what a change does to each headline under each way of working, headline by headline.

    Parameters
    ----------
    before, after : Runs
        Without the change and with it: the same seeds and measures, and of the ways those of `after`.

    Raises
    ------
    InputRefusedError
        The seeds are others, or a way was not run without the change.
    """
    if before.seeds != after.seeds or not set(after.ways) <= set(before.ways):
        raise InputRefusedError(
            "other ways or other seeds", where="a change", expected="the same ones without it and with it"
        )
    names = [name for name in HEADLINES if name in before.values and name in after.values]
    tests = {
        (name, way): compare_paired(after.of(name, way), before.of(name, way), confidence=before.confidence)
        for name in names
        for way in after.ways
    }
    corrected = adjust_holm(np.array([one.p_value for one in tests.values()], dtype=np.float64))
    return [
        ChangedMeasure(name, way, test.figure, test.p_value, p_holm)
        for ((name, way), test), p_holm in zip(tests.items(), corrected.tolist(), strict=True)
    ]
