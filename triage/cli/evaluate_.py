"""``triage evaluate``: how good a ranking and its probabilities are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import CapacityType, force_option, json_option, say_result

if TYPE_CHECKING:
    from triage.worklist.policy import Capacity


@click.command("evaluate")
@click.argument("scores", type=click.Path(path_type=Path))
@click.option("--outcome", default="current_abuse", show_default=True, help="Column with the outcome.")
@click.option("--score", default="score", show_default=True, help="Column with the score.")
@click.option("--probability", help="Column with the probability.")
@click.option(
    "--outcomes", type=click.Path(path_type=Path), help="File with the outcomes, joined by case_id."
)
@click.option(
    "--capacity",
    type=CapacityType(),
    multiple=True,
    help="Cases that can be opened: 25, or 2.3%. May be repeated. Default: 1, 2.3, 5 and 10 %.",
)
@click.option("--plot", type=click.Path(path_type=Path), help="PNG to write: the reliability diagram.")
@click.option("--synthetic", is_flag=True, help="Say synthetic beside every number.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    scores: Path,
    outcome: str,
    score: str,
    probability: str | None,
    outcomes: Path | None,
    capacity: tuple[Capacity, ...],
    plot: Path | None,
    *,
    synthetic: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Say how good the ranking in SCORES is: a worklist, or any CSV or Parquet file with a score.

    Recall, precision and lift at capacity, AUC, and with --probability the calibration, each with its
    interval and its denominator.
    """
    from triage.errors import InputRefusedError
    from triage.evaluation.evaluate import CAPACITIES
    from triage.evaluation.joining import evaluate_table, join_outcomes
    from triage.intake.tables import read_scores
    from triage.writing import refuse_existing

    if plot:
        refuse_existing(plot, force=force)
    table = read_scores(scores, (score,))
    if outcomes:
        table = join_outcomes(table, read_scores(outcomes, ("case_id", outcome)))
    result = evaluate_table(
        table,
        outcome=outcome,
        score=score,
        probability=probability,
        capacity=[limit.count or limit.share or 0.0 for limit in capacity] or CAPACITIES,
        synthetic=synthetic,
    )
    if plot:
        from triage.evaluation import save_reliability

        if result.probability is None:
            raise InputRefusedError("no probability to draw", expected="--probability with a filled column")
        save_reliability(result.probability.curve, plot, force=force)
    say_result(result.as_dict(), str(result), as_json=as_json)
