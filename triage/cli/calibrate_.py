"""``triage calibrate``: probabilities for a model, from an agency's own outcomes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.say import force_option, json_option, progress, refuse_inputs, say_result

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.schema.batch import Batch
    from triage.scoring.bundle import Bundle
    from triage.scoring.calibration import Calibrated
    from triage.scoring.gathering import LabelledCases

TOP = 0.023
IN_TOP = f"observed over expected in the first {TOP:.1%}"
ANEW = "Calibrated anew:"


@click.command("calibrate")
@click.argument("model")
@click.argument("batch", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Bundle folder to make.")
@click.option(
    "--kind",
    type=click.Choice(["platt", "beta", "temperature", "isotonic", "venn-abers", "intercept"]),
    default="platt",
    show_default=True,
    help="Curve; with fewer than 100 effective positives the intercept of an earlier one, or platt.",
)
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    help="File with case_id and current_abuse. Default: the batch's outcomes.",
)
@force_option
@json_option
def command(
    model: str, batch: Path, out: Path, kind: str, outcomes: Path | None, *, force: bool, as_json: bool
) -> None:
    """Calibrate MODEL (a name, a scorecard or a bundle) on the outcomes of BATCH; write a bundle to OUT.

    The order of the list stays that of the score. Features are as they were known when each case was
    selected; cases on which the model was fitted are left out. Where the chance of each selection was logged,
    the probabilities are shares of all cases, else of investigated cases. The curve is fitted on the earlier
    cases and held against the later ones; with few positives it is fitted on all and cross-checked.
    """
    from triage.errors import InputRefusedError
    from triage.intake.opening import open_any
    from triage.scoring.bundle import CONTENT, MANIFEST, save_bundle
    from triage.scoring.calibration import NotCalibratedError
    from triage.scoring.gathering import gather_labelled
    from triage.scoring.labels import read_label_file
    from triage.scoring.loading import load_model
    from triage.writing import refuse_existing

    refuse_inputs(out, "--out", [batch, outcomes, Path(model)])
    refuse_existing(out, force=force, contents=frozenset({MANIFEST, *CONTENT}))
    source = load_model(model)
    if kind == "temperature" and source.model.unit != "log-odds":
        raise InputRefusedError(
            f"a score in {source.model.unit}", expected="log-odds for --kind temperature", mend="take platt"
        )
    opened = open_any(batch)
    labels = read_label_file(outcomes) if outcomes else None
    with progress("calibrating", None):
        gathered = gather_labelled(opened, source.model.features, labels)
        cases, left_out = _leave_out_fitted(gathered, source, opened)
        try:
            found = _calibrate(kind, source, cases, opened.meta.population)
        except NotCalibratedError as error:
            rest = (
                f" after the {left_out:,} cases that the model was fitted on were left out"
                if left_out
                else ""
            )
            raise InputRefusedError(
                f"not calibrated: {error}{rest}",
                where=str(batch),
                mend="wait for more outcomes; score, rank and reasons stand without a probability",
            ) from None
    figures = _measure(found, source, cases)
    lines = _describe(found, figures, cases, left_out)
    if found.calibration.kind != kind:
        lines.insert(0, f"asked for {kind}; the positives are enough for {found.calibration.kind} alone")
    bundle = _bundle(found, source, cases, figures, lines)
    save_bundle(out, bundle, _recipe_text(model), force=force)
    lines.append(f"{out}: {source.model.name}, calibrated for {opened.meta.population}")
    result = {"bundle": str(out), **bundle.metrics["calibration"], "calibration": found.calibration.as_dict()}
    say_result(result, "\n".join(lines), as_json=as_json)


def _leave_out_fitted(cases: LabelledCases, source: Bundle, batch: Batch) -> tuple[LabelledCases, int]:
    """Leave out cases from before the end of the period on which the model was fitted, and their persons'."""
    import numpy as np

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


def _weights(cases: LabelledCases) -> tuple[Any, str]:
    """Return what each case stands for, and of which cases a share is then known."""
    import numpy as np

    from triage.scoring.calibration import ALL_CASES, INVESTIGATED_CASES

    if np.isnan(cases.inclusion).any() or (cases.inclusion <= 0).any():
        return None, INVESTIGATED_CASES
    everything = bool((cases.inclusion == 1.0).all())
    return None if everything else 1.0 / cases.inclusion, ALL_CASES


def _calibrate(kind: str, source: Bundle, cases: LabelledCases, population: str) -> Calibrated:
    from triage.scoring.calibration import calibrate

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
    from triage.evaluation.calibration.expected import observed_over_expected
    from triage.evaluation.calibration.logistic import calibration_line

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


def _bundle(
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


def _recipe_text(model: str) -> str:
    """Return the recipe or scorecard that the model was made from, word for word."""
    from triage.shipped import find_shipped, list_shipped

    if model in list_shipped("models", "*.toml"):
        return find_shipped("models", f"{model}.toml").read_text(encoding="utf-8")
    path = Path(model)
    return (path / "recipe.toml" if path.is_dir() else path).read_text(encoding="utf-8")
