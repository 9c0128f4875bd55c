"""Training: from labelled cases to a model and its calibration, on separate, successive periods."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.scoring.calibration import NotCalibratedError, fit_calibration
from triage.scoring.calibration.carry import carry_over
from triage.scoring.learner import Lesson
from triage.scoring.learners import LEARNERS
from triage.scoring.missed import describe_missed, vary_missed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.scoring.calibration import Calibration
    from triage.scoring.gathering import LabelledCases
    from triage.scoring.learner import Learned
    from triage.scoring.model import Model
    from triage.scoring.recipe import Recipe

    Floats = NDArray[np.float64]

MOST_TIMES_MEDIAN = 10.0


@dataclass(frozen=True)
class Trained:
    """A model, its calibration, and the latest cases, on which it was not fitted.

    Parameters
    ----------
    model : Model
        What was learned.
    calibration : Calibration or None
        None where no honest probability can be given.
    not_calibrated : str
        Why not.
    judged : Model
        What is evaluated: fitted on the earliest period alone. It is `model` unless that was fitted again.
    judged_calibration : Calibration or None
        Its calibration.
    latest : LabelledCases
        For evaluation of `judged`, with its features.
    about : dict
        Counts and dates of the three periods, and a hash of the training data.
    notes : dict
        What the learner tells of how it learned.
    """

    model: Model
    calibration: Calibration | None
    not_calibrated: str
    judged: Model
    judged_calibration: Calibration | None
    latest: LabelledCases
    about: dict[str, Any]
    notes: dict[str, Any]


def train(
    recipe: Recipe,
    cases: LabelledCases,
    *,
    population: str,
    labels: str,
    missed: Sequence[float] = (),
) -> Trained:
    """Fit on the earliest cases, calibrate on later ones, keep the latest for evaluation.

    A person who is reported in an earlier period is left out of the later ones, so that nobody stands on two
    sides. Where the recipe says so, the model is then fitted again on all cases, and the curve is carried
    over to it (`triage.scoring.calibration.carry.carry_over`); what is evaluated is the model before.

    Parameters
    ----------
    recipe : Recipe
        What to fit.
    cases : LabelledCases
        In order of time.
    population : str
        Where the cases come from; a probability is shown only there.
    labels : str
        What the labels are, for the card.
    missed : sequence of float
        Shares of abuse that investigations may have missed; the notes tell how far the order would change
        (`triage.scoring.missed.vary_missed`).

    Raises
    ------
    InputRefusedError
        There are too few cases of either outcome to fit on.
    """
    early, later, latest, left_out = split_periods(cases, recipe.fit_share, recipe.calibrate_share)
    learned = learn(recipe, early)
    before = learned
    judged_calibration, reason = _calibrate(before.model, later, recipe, population)
    calibration = judged_calibration
    if recipe.refit:
        learned = learn(recipe, cases)
        calibration = _carry_over(judged_calibration, before, learned, later, recipe)
    about: dict[str, Any] = {
        "synthetic": population.startswith("world "),
        "population": population,
        "labels": labels,
        "recipe": recipe.kind,
        "weights": recipe.weights,
        "seed": recipe.seed,
        "data_sha256": _hash(cases),
        "left_out": left_out,
        "periods": {
            name: _describe(some)
            for name, some in (("fitted on", early), ("calibrated on", later), ("evaluated on", latest))
        },
    }
    if recipe.refit:
        about["fitted_again_on"] = _describe(cases)
    notes = dict(learned.notes)
    if missed:
        found = vary_missed(recipe, early, weigh(recipe.weights, early.inclusion), missed)
        notes["missed"] = [row.as_dict() for row in found]
        notes["told"] = describe_missed(found)
        notes["card"] = [*notes.get("card", []), "", *(f"- {line}" for line in notes["told"])]
    latest = replace(latest, matrix=_ask(before.model, latest, recipe))
    return Trained(learned.model, calibration, reason, before.model, judged_calibration, latest, about, notes)


def split_periods(
    cases: LabelledCases, fit_share: float, calibrate_share: float
) -> tuple[LabelledCases, LabelledCases, LabelledCases, int]:
    """Split cases in order of time into three periods, each person in the earliest of his alone.

    Parameters
    ----------
    cases : LabelledCases
        In order of time.
    fit_share, calibrate_share : float
        Shares of the cases in the first and the second period.

    Returns
    -------
    early, later, latest : LabelledCases
        The periods; cases of the same second stay on one side.
    left_out : int
        Cases left out of later periods, because the person is reported in an earlier one.
    """
    n = len(cases.outcome)
    cuts = [round(n * fit_share), round(n * (fit_share + calibrate_share))]
    # What came in the same second has no order of its own, so that a cut through it would be arbitrary.
    period = np.zeros(n, dtype=np.int64)
    for cut in cuts:
        if 0 < cut < n:
            period += cases.at >= cases.at[cut]
    keep = np.ones(n, dtype=bool)
    if cases.person is not None and n:
        earliest = np.full(cases.person.max() + 1, 3, dtype=np.int64)
        np.minimum.at(earliest, cases.person, period)
        keep = earliest[cases.person] == period
    early, later, latest = (cases.rows(np.flatnonzero(keep & (period == one))) for one in range(3))
    return early, later, latest, int((~keep).sum())


def learn(recipe: Recipe, cases: LabelledCases) -> Learned:
    """Learn a model from cases, as a recipe says.

    Raises
    ------
    InputRefusedError
        There are too few cases of either outcome.
    """
    learner = LEARNERS[recipe.kind]
    _require_both(cases, learner.fewest_positives)
    weight = weigh(recipe.weights, cases.inclusion)
    return learner.learn(
        Lesson(recipe.name, recipe.features, cases.matrix, cases.outcome, weight, recipe.seed), recipe.options
    )


def weigh(how: str, inclusion: Floats) -> Floats:
    r"""Return how many cases each labelled case counts for in learning.

    Parameters
    ----------
    how : str
        ``none``, ``inverse`` or ``capped`` (see `triage.scoring.recipe.Recipe`).
    inclusion : array of float, shape (n_cases,)
        Probability of selection, NaN where it was not logged.

    Returns
    -------
    array of float, shape (n_cases,)
        With mean 1. All 1 where a chance was not logged: there is nothing to weigh by.

    Notes
    -----
    Weights of :math:`1 / \pi` make the labelled cases stand for all (Horvitz and Thompson 1952), at the
    price of variance: where a lottery of one in hundreds gives few labels, a handful of cases decides all.
    A cap takes back some of the variance for some bias (Cole and Hernan 2008).

    Examples
    --------
    >>> weigh("inverse", np.array([1.0, 0.5, 0.25])).round(3)
    array([0.429, 0.857, 1.714])
    """
    if how == "none" or np.isnan(inclusion).any() or not len(inclusion):
        return np.ones(len(inclusion))
    weight = 1.0 / inclusion
    if how == "capped":
        weight = np.fmin(weight, MOST_TIMES_MEDIAN * np.median(weight))
    scaled: Floats = weight / weight.mean()
    return scaled


def _require_both(cases: LabelledCases, fewest: int) -> None:
    positives = int(cases.outcome.sum())
    if min(positives, len(cases.outcome) - positives) < fewest:
        raise InputRefusedError(
            f"{positives} yes among {len(cases.outcome)} labelled cases to fit on",
            expected=f"at least {fewest} of yes and of no",
            mend="train with --recipe informed, which starts from the evidence, or score with --model expert",
        )


def _calibrate(
    model: Model, cases: LabelledCases, recipe: Recipe, population: str
) -> tuple[Calibration | None, str]:
    if np.isnan(cases.inclusion).any():
        return None, "how the labelled cases were chosen was not logged, so no share of all cases follows"
    try:
        return fit_calibration(
            recipe.calibration,
            _score(model, cases, recipe),
            cases.outcome,
            _stand_for(cases),
            denominator="all cases",
            population=population,
            minimum_positives=recipe.minimum_positives,
        ), ""
    except NotCalibratedError as error:
        return None, str(error)


def _carry_over(
    calibration: Calibration | None, before: Learned, after: Learned, cases: LabelledCases, recipe: Recipe
) -> Calibration | None:
    """Return the curve of the model before, for the model fitted again."""
    if calibration is None:
        return None
    return carry_over(
        calibration,
        _score(before.model, cases, recipe),
        _score(after.model, cases, recipe),
        scale=after.log_odds_a_unit / before.log_odds_a_unit,
        weight=_stand_for(cases),
    )


def _stand_for(cases: LabelledCases) -> Floats | None:
    """Return how many cases each one stands for, None where every case was labelled."""
    return None if (cases.inclusion == 1.0).all() else 1.0 / cases.inclusion


def _score(model: Model, cases: LabelledCases, recipe: Recipe) -> Floats:
    return model.score(model.contributions(_ask(model, cases, recipe)))


def _ask(model: Model, cases: LabelledCases, recipe: Recipe) -> Floats:
    """Return the features of a model: a sparse one asks for some of the recipe's alone."""
    return cases.matrix[:, [recipe.features.index(name) for name in model.features]]


def _describe(cases: LabelledCases) -> dict[str, Any]:
    dates = (
        [str(np.datetime64(int(at), "s").astype("datetime64[D]")) for at in cases.at[[0, -1]]]
        if len(cases.at)
        else []
    )
    return {"cases": len(cases.outcome), "positives": int(cases.outcome.sum()), "from_to": dates}


def _hash(cases: LabelledCases) -> str:
    digest = hashlib.sha256()
    for array in (cases.matrix, cases.outcome, cases.at, cases.inclusion):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
