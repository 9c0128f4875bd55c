"""Training: from labelled cases to a model and its calibration, on separate, successive periods."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.scoring.calibration import NotCalibratedError, fit_calibration
from triage.scoring.calibration.carry import carry_over
from triage.scoring.labels import Labels, read_outcomes
from triage.scoring.learner import Lesson
from triage.scoring.learners import LEARNERS
from triage.scoring.missed import describe_missed, vary_missed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.schema.part import Part
    from triage.scoring.calibration import Calibration
    from triage.scoring.learner import Learned
    from triage.scoring.model import Model
    from triage.scoring.recipe import Recipe

    Floats = NDArray[np.float64]

MOST_TIMES_MEDIAN = 10.0
_AUDITED = ("from_hotline", "from_police", "from_helpline", "from_bank", "reported_minor")
_SOURCES = ["hotline", "police", "helpline", "bank"]


@dataclass(frozen=True, eq=False)
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
    person : array of int, shape (n,), optional
        A number that cases share in which the same person is reported; each case its own by default.
    group : dict of str to array of str, shape (n,)
        Attributes for the audit by group; nothing is learned from them.
    """

    matrix: Floats
    outcome: Floats
    at: NDArray[np.int64]
    inclusion: Floats
    person: NDArray[np.int64] | None = None
    group: dict[str, NDArray[Any]] = field(default_factory=dict)

    def rows(self, rows: slice | NDArray[Any]) -> LabelledCases:
        """Return some of the cases."""
        return LabelledCases(
            self.matrix[rows],
            self.outcome[rows],
            self.at[rows],
            self.inclusion[rows],
            None if self.person is None else self.person[rows],
            {name: values[rows] for name, values in self.group.items()},
        )


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


def gather_labelled(
    batch: Batch,
    names: Sequence[str],
    labels: Mapping[str, float] | None = None,
    *,
    allow_none: bool = False,
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
    allow_none : bool
        Whether a batch without any label will do.

    Raises
    ------
    InputRefusedError
        The batch holds no case, or no case has a label.
    """
    parts = [_gather(part, batch, names, labels) for part in batch.parts()]
    labelled = sum(len(part.cases.outcome) for part in parts)
    n_cases = sum(part.n_cases for part in parts)
    if not n_cases:
        raise InputRefusedError(
            "no case",
            where=batch.meta.name,
            expected="a batch with cases",
            mend="triage check says what became of its rows",
        )
    if labels and not labelled:
        raise InputRefusedError(
            f"{len(labels):,} labels, none of a case of this batch",
            where=batch.meta.name,
            expected="case_id as on the list",
            mend="give the outcomes of this batch",
        )
    if not labelled and not allow_none:
        raise InputRefusedError(
            "no case with a label",
            where=batch.meta.name,
            expected="outcomes with selected_at, outcome_at and a label, or a file for --outcomes",
            mend="train on a batch with outcomes, or score with --model expert, which needs none",
        )
    matrix, outcome, at, inclusion = (
        np.concatenate([getattr(part.cases, name) for part in parts])
        for name in ("matrix", "outcome", "at", "inclusion")
    )
    if labels is not None and labelled < n_cases:
        # Nobody says how the labelled cases were chosen among all.
        inclusion = np.full(labelled, np.nan)
    person = _number_persons([part.persons for part in parts], [len(part.cases.outcome) for part in parts])
    group = {
        name: np.concatenate([part.cases.group[name] for part in parts]) for name in parts[0].cases.group
    }
    order = np.argsort(at, kind="stable")
    return LabelledCases(matrix, outcome, at, inclusion, person, group).rows(order)


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


@dataclass(frozen=True)
class _Gathered:
    """Of one part: its labelled cases, where each of their persons stands, and how many cases it has."""

    cases: LabelledCases
    persons: list[tuple[int, str]]
    n_cases: int


def _gather(part: Part, batch: Batch, names: Sequence[str], labels: Mapping[str, float] | None) -> _Gathered:
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
    group = {name: values[found.case] for name, values in _groups(view).items()}
    cases = LabelledCases(matrix, found.outcome, at, found.inclusion, group=group)
    return _Gathered(cases, _persons(view, found), len(part.cases))


def _persons(view: View, found: Labels) -> list[tuple[int, str]]:
    """Return the place among the labelled cases and the token of every reported person."""
    place = np.full(view.n_cases, -1)
    place[found.case] = np.arange(len(found.case))
    at, tokens = place[view.persons.position], view.persons.table["person_id"].to_pylist()
    return [(int(row), token) for row, token in zip(at.tolist(), tokens, strict=True) if row >= 0 and token]


def _number_persons(parts: list[list[tuple[int, str]]], sizes: list[int]) -> NDArray[np.int64]:
    """Give cases that share a person, in however many steps, the same number."""
    n = sum(sizes)
    start = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    first: dict[str, int] = {}
    one, other = [], []
    for offset, persons in zip(start, parts, strict=False):
        for row, token in persons:
            one.append(offset + row)
            other.append(first.setdefault(token, offset + row))
    links = coo_array((np.ones(len(one)), (one, other)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


def _groups(view: View) -> dict[str, NDArray[Any]]:
    """Return the kind of source and whether the reported person states to be a minor, for the audit."""
    flags = build_features(view, _AUDITED)
    source = np.select([flags[:, column] > 0 for column in range(4)], _SOURCES, "platform or other")
    age = np.select([flags[:, 4] > 0, flags[:, 4] < 0], ["under 18", "adult"], "not stated")
    return {"source": source, "stated age": age}


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
