"""Give a model the probabilities of outcomes, and hold them against cases on which they were not fitted."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.calibration.expected import observed_over_expected
from triage.evaluation.calibration.logistic import calibration_line
from triage.given import require_kind
from triage.schema.batch import Batch
from triage.scoring.bundle import Bundle
from triage.scoring.calibration import ALL_CASES, INVESTIGATED_CASES, KINDS, NotCalibratedError, calibrate
from triage.scoring.gathering import gather_labelled
from triage.scoring.labels import take_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from triage.evaluation.figure import Figure
    from triage.scoring.calibration import Calibrated
    from triage.scoring.gathering import LabelledCases

TOP = 0.023
IN_TOP = f"observed over expected in the first {TOP:.1%}"
ANEW = "Calibrated anew:"


def calibrate_bundle(
    bundle: Bundle,
    batch: Batch,
    labels: Mapping[str, float] | pd.Series | None = None,
    *,
    kind: str = "platt",
) -> Bundle:
    """Return a model with probabilities that were fitted on the outcomes of a batch; its order stays.

    Features are as they were known when each case was selected; cases on which the model was fitted are left
    out. Where the chance of each selection was logged, the probabilities are shares of all cases, else of
    investigated cases. The curve is fitted on the earlier cases and held against the later ones; with few
    positives it is fitted on all and cross-checked (`triage.scoring.calibration.calibrate`).

    Parameters
    ----------
    bundle : Bundle
        The model.
    batch : Batch
        With outcomes, unless `labels` are given.
    labels : mapping or pandas.Series of case id to 0 or 1, optional
        Labels from outside, such as the truth of a world, for research; those of a Series by its index.
    kind : str
        One of `triage.scoring.calibration.KINDS`.

    Returns
    -------
    Bundle
        With the calibration; what it was fitted on and how it was checked stand in ``metrics["calibration"]``
        and, as lines of text, at the end of ``metrics["summary"]``.

    Raises
    ------
    InputRefusedError
        No honest probability can be given; the message says why. Or the bundle or the batch is something
        else, such as its name.
    """
    require_kind(bundle, Bundle, "bundle")
    require_kind(batch, Batch, "batch")
    if kind not in KINDS:
        raise InputRefusedError(f"kind {kind!r}", expected=", ".join(KINDS))
    if kind == "temperature" and bundle.model.unit != "log-odds":
        raise InputRefusedError(
            f"a score in {bundle.model.unit}", expected="log-odds for the kind temperature", mend="take platt"
        )
    gathered = gather_labelled(batch, bundle.model.features, take_labels(labels))
    cases, left_out = _leave_out_fitted(gathered, bundle, batch)
    try:
        found = _calibrate(kind, bundle, cases, batch.meta.population)
    except NotCalibratedError as error:
        rest = f" after the {left_out:,} cases that the model was fitted on were left out" if left_out else ""
        raise InputRefusedError(
            f"not calibrated: {error}{rest}",
            where=batch.meta.name,
            mend="wait for more outcomes; score, rank and reasons stand without a probability",
        ) from None
    figures = _measure(found, bundle, cases)
    lines = _describe(found, figures, cases, left_out)
    if found.calibration.kind != kind:
        lines.insert(0, f"asked for {kind}; the positives are enough for {found.calibration.kind} alone")
    return _make_bundle(found, bundle, cases, figures, lines)


def _leave_out_fitted(cases: LabelledCases, source: Bundle, batch: Batch) -> tuple[LabelledCases, int]:
    """Leave out cases from before the end of the period on which the model was fitted, and their persons'."""
    about = source.about
    again = about.get("fitted_again_on") or about.get("periods", {}).get("fitted on", {})
    fitted = again.get("from_to", [])
    if source.about.get("population") != batch.meta.population or not fitted:
        return cases, 0
    end = (np.datetime64(fitted[-1], "D") + 1).astype("datetime64[s]").astype(np.int64)
    keep = cases.at >= end
    if cases.person is not None:
        keep &= ~np.isin(cases.person, cases.person[~keep])
    return cases.rows(np.flatnonzero(keep)), int((~keep).sum())


def _weights(cases: LabelledCases) -> tuple[NDArray[np.float64] | None, str]:
    """Return what each case stands for, and of which cases a share is then known."""
    if np.isnan(cases.inclusion).any() or (cases.inclusion <= 0).any():
        return None, INVESTIGATED_CASES
    everything = bool((cases.inclusion == 1.0).all())
    return None if everything else 1.0 / cases.inclusion, ALL_CASES


def _calibrate(kind: str, source: Bundle, cases: LabelledCases, population: str) -> Calibrated:
    weight, denominator = _weights(cases)
    return calibrate(
        kind,
        source.model.score(source.model.contributions(cases.matrix)),
        cases.outcome,
        weight,
        denominator=denominator,
        population=population,
        earlier=source.calibration,
    )


def _measure(found: Calibrated, source: Bundle, cases: LabelledCases) -> dict[str, Figure]:
    """Hold the probabilities of the cases that were held out against their outcomes."""
    if not len(found.probability):
        return {}
    outcome = cases.outcome[found.held]
    if not 0 < outcome.sum() < len(outcome):
        return {}
    weight, of = _weights(cases)
    w, p = None if weight is None else weight[found.held], found.probability
    score = source.model.score(source.model.contributions(cases.matrix[found.held]))
    line = calibration_line(outcome, p, weight=w, denominator=of)
    return {
        "observed over expected": observed_over_expected(outcome, p, weight=w, denominator=of),
        IN_TOP: observed_over_expected(outcome, p, score=score, capacity=TOP, weight=w, denominator=of),
        "calibration slope": line.slope,
        "calibration intercept": line.intercept,
    }


def _describe(
    found: Calibrated, figures: dict[str, Figure], cases: LabelledCases, left_out: int
) -> list[str]:
    curve = found.calibration
    kind = "synthetic cases" if curve.synthetic else "cases"
    effective = f"{curve.effective_positives or 0:,.0f} effective"
    held = found.how if found.how.startswith("held out") else "none held out"
    lines = [
        f"outcomes: {len(cases.outcome):,} {kind}, {int(cases.outcome.sum()):,} positive",
        f"fitted on: {curve.cases:,}, {curve.positives:,} positive, {effective} ({curve.guard}; {held})",
    ]
    if left_out:
        lines.insert(1, f"left out: {left_out:,} {kind} on which the model was fitted, or as early")
    lines.append(f"{curve.kind}: {curve.formula}")
    for name, (estimate, low, high) in getattr(curve, "estimates", {}).items():
        lines.append(f"  {name} {estimate:.3f} [{low:.3f}, {high:.3f}]")
    lines.append(found.how)
    lines += [f"  {name} {figure.brief(3)}" for name, figure in figures.items()]
    top = figures.get(IN_TOP)
    if top is not None and not top.low <= 1 <= top.high:
        lines.append("  the curve does not fit the top of the list: try another --kind")
    lines.append(f"probability: {curve.note}")
    return lines


def _make_bundle(
    found: Calibrated, source: Bundle, cases: LabelledCases, figures: dict[str, Figure], lines: list[str]
) -> Bundle:
    curve = found.calibration
    metrics = dict(source.metrics)
    metrics["calibration"] = {
        "note": curve.note,
        "guard": curve.guard,
        "how": found.how,
        "cases": len(cases.outcome),
        "positives": int(cases.outcome.sum()),
        "effective_positives": curve.effective_positives,
        "estimates": {name: list(values) for name, values in getattr(curve, "estimates", {}).items()},
        "figures": {name: figure.as_dict() for name, figure in figures.items()},
    }
    trained = list(itertools.takewhile(lambda line: line != ANEW, metrics.get("summary", [])))
    metrics["summary"] = [*trained, ANEW, *lines]
    about = {"labels": "none, written by hand", **source.about, "calibrated for": curve.population}
    return replace(source, calibration=curve, not_calibrated="", about=about, metrics=metrics)
