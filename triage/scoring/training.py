"""Training: from labelled cases to an additive model and its calibration, on separate, successive periods."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.scoring.additive import AdditiveModel, Line, Term, flag_steps
from triage.scoring.calibration import NotCalibratedError, PlattCalibration, fit_platt
from triage.scoring.labels import Labels, read_outcomes
from triage.scoring.logistic import SignedLogisticClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.schema.part import Part
    from triage.scoring.recipe import Recipe

    Floats = NDArray[np.float64]

FEWEST_POSITIVES = 10


@dataclass(frozen=True)
class LabelledCases:
    """Cases with a label, in order of the time at which each was selected.

    Parameters
    ----------
    matrix : array of float, shape (n, n_features)
        Features as of the selection of each case.
    outcome : array of float, shape (n,)
        1 or 0.
    at : array of int, shape (n,)
        Selection time, in seconds since 1970; with labels from outside the latest reception.
    inclusion : array of float, shape (n,)
        Probability of selection; NaN where it was not logged, 1 where every case was labelled.
    """

    matrix: Floats
    outcome: Floats
    at: NDArray[np.int64]
    inclusion: Floats

    def rows(self, rows: slice) -> LabelledCases:
        """Return some of the cases."""
        return LabelledCases(self.matrix[rows], self.outcome[rows], self.at[rows], self.inclusion[rows])


@dataclass(frozen=True)
class Trained:
    """A model, its calibration, and the latest cases, on which it was not fitted.

    Parameters
    ----------
    model : AdditiveModel
        On the scale of log-odds.
    calibration : PlattCalibration or None
        None where no honest probability can be given.
    not_calibrated : str
        Why not.
    latest : LabelledCases
        For evaluation.
    about : dict
        Counts and dates of the three periods, and a hash of the training data.
    """

    model: AdditiveModel
    calibration: PlattCalibration | None
    not_calibrated: str
    latest: LabelledCases
    about: dict[str, Any]


def gather_labelled(
    batch: Batch, names: Sequence[str], labels: Mapping[str, float] | None = None
) -> LabelledCases:
    """Compute the features of every labelled case, as of its selection.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    names : sequence of str
        Features.
    labels : mapping of case id to 0 or 1, optional
        Labels from outside, with features as of the batch's as-of time. Where they leave out cases, how
        those with a label were chosen counts as not logged. Without it the outcomes of the batch are used.

    Raises
    ------
    InputRefusedError
        No case has a label.
    """
    gathered = [_gather(part, batch, names, labels) for part in batch.parts()]
    if labels is not None and sum(len(some.outcome) for some in gathered) < _count_cases(batch):
        # Nobody says how the labelled cases were chosen among all.
        gathered = [replace(some, inclusion=np.full(len(some.outcome), np.nan)) for some in gathered]
    if not sum(len(cases.outcome) for cases in gathered):
        raise InputRefusedError(
            "no case with a label",
            where=batch.meta.name,
            expected="outcomes with selected_at, outcome_at and a label, or a file for --outcomes",
            mend="train on a batch with outcomes, or score with --model expert, which needs none",
        )
    matrix = np.concatenate([cases.matrix for cases in gathered])
    outcome, at, inclusion = (
        np.concatenate([getattr(cases, name) for cases in gathered])
        for name in ("outcome", "at", "inclusion")
    )
    order = np.argsort(at, kind="stable")
    return LabelledCases(matrix[order], outcome[order], at[order], inclusion[order])


def train(recipe: Recipe, cases: LabelledCases, *, population: str, labels: str) -> Trained:
    """Fit on the earliest cases, calibrate on later ones, keep the latest for evaluation.

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

    Raises
    ------
    InputRefusedError
        There are too few cases of either outcome to fit on.
    """
    n = len(cases.outcome)
    first, second = round(n * recipe.fit_share), round(n * (recipe.fit_share + recipe.calibrate_share))
    early, later, latest = (
        cases.rows(slice(0, first)), cases.rows(slice(first, second)), cases.rows(slice(second, n))
    )  # fmt: skip
    _require_both(early)
    model = _fit(recipe, early)
    calibration, reason = _calibrate(model, later, recipe, population)
    about = {
        "synthetic": population.startswith("world "),
        "population": population,
        "labels": labels,
        "data_sha256": _hash(cases),
        "periods": {
            name: _describe(some)
            for name, some in (("fitted on", early), ("calibrated on", later), ("evaluated on", latest))
        },
    }
    return Trained(model, calibration, reason, latest, about)


def _gather(
    part: Part, batch: Batch, names: Sequence[str], labels: Mapping[str, float] | None
) -> LabelledCases:
    now = np.full(len(part.cases), int(batch.meta.as_of.timestamp()))
    if labels is None:
        found = read_outcomes(part)
        as_of = now.copy()
        as_of[found.case] = found.as_of
        view = View(part, as_of)
        at = found.as_of
    else:
        outcome = np.array([labels.get(case, np.nan) for case in part.cases.to_pylist()], dtype=np.float64)
        case = np.flatnonzero(~np.isnan(outcome))
        view = View(part, now)
        at = np.nan_to_num(view.last_received[case], nan=0.0).astype(np.int64)
        found = Labels(case, outcome[case], at, np.ones(len(case)))
    matrix = build_features(view, names)[found.case]
    return LabelledCases(matrix, found.outcome, at, found.inclusion)


def _count_cases(batch: Batch) -> int:
    return sum(len(part.cases) for part in batch.parts())


def _require_both(cases: LabelledCases) -> None:
    positives = int(cases.outcome.sum())
    if min(positives, len(cases.outcome) - positives) < FEWEST_POSITIVES:
        raise InputRefusedError(
            f"{positives} yes among {len(cases.outcome)} labelled cases to fit on",
            expected=f"at least {FEWEST_POSITIVES} of yes and of no",
            mend="wait for more outcomes, and score with --model expert until then",
        )


def _fit(recipe: Recipe, cases: LabelledCases) -> AdditiveModel:
    columns, signs = _expand(recipe.features, cases.matrix)
    # Flags keep their scale: divided by its spread, one that is seldom known would hardly be penalised.
    scaled = [not FEATURES[name].is_flag for name in recipe.features for _ in _columns_of(name)]
    classifier = SignedLogisticClassifier(C=recipe.inverse_penalty, signs=signs, standardise=scaled)
    classifier.fit(columns, cases.outcome)
    slope = classifier.coef_ / classifier.scale_
    terms: list[Term] = []
    intercept, column = classifier.intercept_, 0
    for name in recipe.features:
        if FEATURES[name].is_flag:
            asserted, denied = slope[column], slope[column + 1]
            intercept -= float(slope[column : column + 2] @ classifier.center_[column : column + 2])
            # The score is the same whatever the zero of a term; at the usual value it adds nothing.
            usual = float(asserted) if FEATURES[name].usual > 0 else 0.0
            intercept += usual
            terms.append(flag_steps(name, float(denied) - usual, 0.0 - usual, float(asserted) - usual))
            column += 2
        else:
            center = float(classifier.center_[column])
            terms.append(Line(name, float(slope[column]) + 0.0, center, log=True))
            column += 1
    return AdditiveModel(recipe.name, "log-odds", tuple(terms), float(intercept))


def _columns_of(name: str) -> tuple[str, ...]:
    return ("asserted", "denied") if FEATURES[name].is_flag else ("value",)


def _expand(names: Sequence[str], matrix: Floats) -> tuple[Floats, list[int]]:
    """Give each flag a column for asserted and one for denied, each number the column ``log(1 + x)``."""
    columns: list[Floats] = []
    signs: list[int] = []
    for index, name in enumerate(names):
        x, sign = matrix[:, index], FEATURES[name].sign
        if FEATURES[name].is_flag:
            columns += [(x > 0).astype(np.float64), (x < 0).astype(np.float64)]
            signs += [sign, -sign]
        else:
            columns.append(np.log1p(np.fmax(x, 0.0)) + np.where(np.isnan(x), np.nan, 0.0))
            signs.append(sign)
    return np.column_stack(columns), signs


def _calibrate(
    model: AdditiveModel, cases: LabelledCases, recipe: Recipe, population: str
) -> tuple[PlattCalibration | None, str]:
    if np.isnan(cases.inclusion).any():
        return None, "how the labelled cases were chosen was not logged, so no share of all cases follows"
    everything = bool((cases.inclusion == 1.0).all())
    try:
        return fit_platt(
            model.score(model.contributions(cases.matrix)),
            cases.outcome,
            None if everything else 1.0 / cases.inclusion,
            denominator="all cases",
            population=population,
            minimum_positives=recipe.minimum_positives,
        ), ""
    except NotCalibratedError as error:
        return None, str(error)


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
