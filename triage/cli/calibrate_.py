"""``triage calibrate``: probabilities for a model, from an agency's own outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import BatchType, force_option, json_option, progress, refuse_inputs, say_result

if TYPE_CHECKING:
    from triage.schema.places import Place


@click.command("calibrate")
@click.argument("model")
@click.argument("batch", type=BatchType())
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
    model: str, batch: Place, out: Path, kind: str, outcomes: Path | None, *, force: bool, as_json: bool
) -> None:
    """Calibrate MODEL (a name, a scorecard or a bundle) on the outcomes of BATCH; write a bundle to OUT.

    The order of the list stays that of the score. Features are as they were known when each case was
    selected; cases on which the model was fitted are left out. Where the chance of each selection was logged,
    the probabilities are shares of all cases, else of investigated cases. The curve is fitted on the earlier
    cases and held against the later ones; with few positives it is fitted on all and cross-checked.
    """
    from triage.evaluation.calibrating import ANEW, calibrate_bundle
    from triage.intake.opening import open_any
    from triage.scoring.bundle import CONTENT, MANIFEST, save_bundle
    from triage.scoring.labels import read_label_file
    from triage.scoring.loading import load_model
    from triage.writing import refuse_existing

    refuse_inputs(out, "--out", [batch, outcomes, Path(model)])
    refuse_existing(out, force=force, contents=frozenset({MANIFEST, *CONTENT}))
    source, opened = load_model(model), open_any(batch)
    labels = read_label_file(outcomes) if outcomes else None
    with progress("calibrating", None):
        bundle = calibrate_bundle(source, opened, labels, kind=kind)
    save_bundle(out, bundle, _recipe_text(model), force=force)
    summary = bundle.metrics["summary"]
    lines = summary[summary.index(ANEW) + 1 :]
    lines.append(f"{out}: {source.model.name}, calibrated for {opened.meta.population}")
    told = bundle.calibration.as_dict() if bundle.calibration else None
    result = {"bundle": str(out), **bundle.metrics["calibration"], "calibration": told}
    say_result(result, "\n".join(lines), as_json=as_json)


def _recipe_text(model: str) -> str:
    """Return the recipe or scorecard that the model was made from, word for word."""
    from triage.shipped import find_shipped, list_shipped

    if model in list_shipped("models", "*.toml"):
        return find_shipped("models", f"{model}.toml").read_text(encoding="utf-8")
    path = Path(model)
    return (path / "recipe.toml" if path.is_dir() else path).read_text(encoding="utf-8")
