"""``triage train``: a bundle from cases with outcomes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import BatchType, force_option, json_option, progress, say_result

if TYPE_CHECKING:
    from triage.schema.places import Place


@click.command("train")
@click.argument("batch", type=BatchType())
@click.option("--recipe", default="logistic", show_default=True, help="Name or path of a recipe.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Bundle folder to make.")
@click.option(
    "--outcomes",
    type=click.Path(path_type=Path),
    help="File with case_id and current_abuse, such as a world's truth. Default: the batch's outcomes.",
)
@click.option(
    "--missed",
    type=click.FloatRange(0, 1, max_open=True),
    multiple=True,
    help="If investigations missed this share of the abuse: how far would the order change? Repeatable.",
)
@force_option
@json_option
def command(
    batch: Place,
    recipe: str,
    out: Path,
    outcomes: Path | None,
    missed: tuple[float, ...],
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Train on the cases of BATCH that have outcomes and write a bundle to OUT.

    The earliest cases fit the model, later ones calibrate it, the latest evaluate it; a person stands in one
    of the three alone. Then the model is fitted again on all, if the recipe says so. Features are as they
    were known when each case was selected.
    """
    from triage.evaluation.holdout import train_bundle
    from triage.intake.opening import open_any
    from triage.scoring.bundle import CONTENT, MANIFEST, save_bundle
    from triage.scoring.labels import read_label_file
    from triage.scoring.recipe import load_recipe
    from triage.writing import refuse_existing

    if any(math.isnan(share) for share in missed):
        raise click.BadParameter("not a number", param_hint="--missed")
    refuse_existing(out, force=force, contents=frozenset({MANIFEST, *CONTENT}))
    plan = load_recipe(recipe)
    opened = open_any(batch)
    labels = read_label_file(outcomes) if outcomes else None
    with progress("training", None):
        bundle = train_bundle(opened, plan, labels, missed=missed)
    save_bundle(out, bundle, plan.text, force=force)
    lines = []
    for name, period in bundle.about["periods"].items():
        dates = " to ".join(period["from_to"])
        kind = "synthetic cases" if opened.meta.synthetic else "cases"
        lines.append(f"{name}: {period['cases']:,} {kind}, {period['positives']:,} positive, {dates}")
    if again := bundle.about.get("fitted_again_on"):
        lines.append(
            f"fitted again on all {again['cases']:,}; the figures below are of the model before that"
        )
    if bundle.about["left_out"]:
        lines.append(
            f"left out: {bundle.about['left_out']:,} later cases about a person of an earlier period"
        )
    lines += bundle.metrics["learned"].get("told", [])
    if "nothing" in bundle.metrics:
        lines.append(bundle.metrics["nothing"])
    calibrated = "calibrated" if bundle.calibration else f"not calibrated: {bundle.not_calibrated}"
    lines += [*bundle.metrics["summary"], f"{out}: {bundle.model.name}, {calibrated}"]
    result = {"bundle": str(out), "calibrated": calibrated, **bundle.about, **bundle.metrics}
    say_result(result, "\n".join(lines), as_json=as_json)
