"""``triage evaluate``: how good a ranking and its probabilities are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import BatchType, CapacityType, force_option, json_option, refuse_inputs, say_result

if TYPE_CHECKING:
    from triage.schema.places import Place
    from triage.worklist.policy import Capacity


@click.command("evaluate")
@click.argument("scores", type=click.Path(path_type=Path))
@click.option("--outcome", default="current_abuse", show_default=True, help="Column with the outcome.")
@click.option("--score", default="score", show_default=True, help="Column with the score.")
@click.option("--probability", help="Column with the probability.")
@click.option(
    "--outcomes",
    type=BatchType(),
    help="The outcomes, joined by case_id: a file, or a batch with what its investigations found.",
)
@click.option(
    "--baseline", multiple=True, help="Column with another score, to stand beside. May be repeated."
)
@click.option("--group", multiple=True, help="Column with an attribute to audit by. May be repeated.")
@click.option(
    "--group-file",
    type=click.Path(path_type=Path),
    help="File with attributes, joined by case_id; all its columns unless --group names some.",
)
@click.option("--weight", help="Column with how many cases a row stands for.")
@click.option(
    "--inclusion",
    help="Column with the probability with which a case came to have an outcome; a batch, and a file of"
    " triage outcomes export, bring their own.",
)
@click.option(
    "--time", help="Column with the time of each case, for figures by period and a test for a break."
)
@click.option(
    "--period",
    type=click.Choice(["week", "month", "quarter", "year"]),
    default="month",
    show_default=True,
    help="Of --time.",
)
@click.option(
    "--capacity",
    type=CapacityType(),
    multiple=True,
    help="Cases that can be opened: 25, or 2.3%. May be repeated. Default: 1, 2.3, 5 and 10 %.",
)
@click.option("--reports", is_flag=True, help="A row is a report, not a case.")
@click.option("--html", type=click.Path(path_type=Path), help="Page to write: one file, needs no network.")
@click.option("--plot", type=click.Path(path_type=Path), help="PNG to write: the reliability diagram.")
@click.option(
    "--resamples",
    type=click.IntRange(min=0),
    default=199,
    show_default=True,
    help="Draws for what has no closed form; 0 is quick.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of these draws.")
@click.option("--synthetic", is_flag=True, help="Say synthetic beside every number.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    scores: Path,
    outcome: str,
    score: str,
    probability: str | None,
    outcomes: Place | None,
    baseline: tuple[str, ...],
    group: tuple[str, ...],
    group_file: Path | None,
    weight: str | None,
    inclusion: str | None,
    time: str | None,
    period: str,
    capacity: tuple[Capacity, ...],
    html: Path | None,
    plot: Path | None,
    resamples: int,
    seed: int,
    *,
    reports: bool,
    synthetic: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Say how good the ranking in SCORES is: a worklist, or any CSV or Parquet file with a score.

    What is found and missed when only so many cases can be opened, AUC, average precision; with --probability
    the calibration and the decision curve; with --group or --group-file whose children are missed; each with
    its interval and its denominator. With a batch as --outcomes also what the figures are for the whole
    list, of which only the chosen cases have outcomes.
    """
    from triage.errors import InputRefusedError
    from triage.evaluation.joining import evaluate_table, join_outcomes
    from triage.evaluation.order.capacity import CAPACITIES
    from triage.evaluation.outcomes import INCLUSION, STATE, gather_outcomes
    from triage.intake.opening import open_any
    from triage.intake.tables import read_scores
    from triage.schema.places import Elsewhere
    from triage.writing import refuse_existing

    if html and plot and html.resolve() == plot.resolve():
        raise click.UsageError("--html and --plot are the same file")
    for option, target in (("--html", html), ("--plot", plot)):
        if target:
            refuse_inputs(target, option, (scores, outcomes, group_file))
            refuse_existing(target, force=force)
    table = read_scores(scores, (score,))
    if outcomes:
        if isinstance(outcomes, Elsewhere) or outcomes.is_dir():
            batch = open_any(outcomes)
            found, inclusion = gather_outcomes(batch), inclusion or INCLUSION
            synthetic = synthetic or batch.meta.population.startswith("world ")
        else:
            found = read_scores(outcomes, ("case_id", outcome))
            # So does a file of triage outcomes export; a table of anybody else's must say so.
            inclusion = inclusion or (INCLUSION if set(found.column_names) >= {INCLUSION, STATE} else None)
        table = join_outcomes(table, found)
    if group_file:
        attributes = read_scores(group_file, ("case_id", *group))
        group = group or tuple(name for name in attributes.column_names if name != "case_id")
        table = join_outcomes(table, attributes.select(["case_id", *group]), "attributes")
    result = evaluate_table(
        table,
        outcome=outcome,
        score=score,
        probability=probability,
        weight=weight,
        groups=group,
        baselines=baseline,
        inclusion=inclusion,
        time=time,
        period=period,
        capacity=[limit.count or limit.share or 0.0 for limit in capacity] or CAPACITIES,
        unit="reports" if reports else "cases",
        synthetic=synthetic,
        resamples=resamples,
        seed=seed,
    )
    if plot:
        from triage.evaluation.displays.reliability import save_reliability

        if result.probability is None:
            raise InputRefusedError("no probability to draw", expected="--probability with a filled column")
        save_reliability(result.probability.curve, result.probability.band, plot, force=force)
    if html:
        result.save_html(html, force=force)
    say_result(result.as_dict(), str(result), as_json=as_json)
