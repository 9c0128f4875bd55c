"""When a probability is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.scoring.calibration.curve import Calibration


def choose_calibration(
    calibration: Calibration | None, population: str, not_calibrated: str
) -> tuple[Calibration | None, str]:
    """Return the calibration if it belongs to the population of a batch, and what to say of it.

    Parameters
    ----------
    calibration : Calibration or None
        Of the model, if it has one.
    population : str
        Where the cases to be scored come from (`triage.schema.meta.BatchMeta.population`).
    not_calibrated : str
        Why the model has none.

    Examples
    --------
    >>> choose_calibration(None, "agency 1", "points, not calibrated on outcomes")
    (None, 'not calibrated here: points, not calibrated on outcomes')
    """
    if calibration is None:
        return None, f"not calibrated here: {not_calibrated}"
    if calibration.population != population:
        there = calibration.population
        return None, f"not calibrated here: calibrated on {there}, and this batch is of {population}"
    return calibration, calibration.note
