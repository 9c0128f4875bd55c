"""``triage compare``: two scores on the same cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import BatchType, CapacityType, force_option, json_option, refuse_inputs, say_result

if TYPE_CHECKING:
    import pyarrow as pa

    from triage.schema.places import Place
    from triage.worklist.policy import Capacity


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", required=False, type=click.Path(path_type=Path))
@click.option(
    "--score",
    multiple=True,
    help="Column with a score: twice for one file; for two files once (in both) or twice. [default: score]",
)
@click.option("--outcome", default="current_abuse", show_default=True, help="Column with the outcome.")
@click.option(
    "--outcomes",
    type=BatchType(),
    help="The outcomes, joined by case_id: a file, or a batch with what its investigations found.",
)
@click.option("--probability", multiple=True, help="Column with a probability, as often as for the scores.")
@click.option("--weight", help="Column with how many cases a row stands for.")
@click.option(
    "--capacity",
    type=CapacityType(),
    multiple=True,
    help="Cases that can be opened: 25, or 2.3%. May be repeated. Default: 1, 2.3, 5 and 10 %.",
)
@click.option(
    "--entering",
    type=click.Path(path_type=Path),
    help="CSV to write: the cases that enter the second list and those that leave it, at each capacity.",
)
@click.option("--synthetic", is_flag=True, help="Say synthetic beside every number.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    first: Path,
    second: Path | None,
    score: tuple[str, ...],
    outcome: str,
    outcomes: Place | None,
    probability: tuple[str, ...],
    weight: str | None,
    capacity: tuple[Capacity, ...],
    entering: Path | None,
    *,
    synthetic: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Compare two scores on the same cases: paired differences with intervals.

    FIRST alone is a table with both scores: --score A --score B. FIRST and SECOND are two lists of the same
    cases, joined by case_id: --score then names the column of both, or one each.

    At each capacity: what each finds and misses, what only one of them finds, and whether that can
    be told from chance. Then AUC, average precision, and with --probability the Brier score. Every
    difference is the first less the second. With a batch as --outcomes, the cases with an outcome are
    weighted by one over its logged probability, so that the figures speak of the whole list.
    """
    from triage.evaluation.comparison.tables import (
        compare_table,
        join_tables,
        joined_name,
        tabulate_changes,
    )
    from triage.evaluation.joining import join_outcomes
    from triage.evaluation.order.capacity import CAPACITIES
    from triage.evaluation.outcomes import INCLUSION, STATE, gather_outcomes
    from triage.intake.opening import open_any
    from triage.intake.tables import read_scores
    from triage.schema.places import Elsewhere
    from triage.worklist.exports import export_csv
    from triage.writing import refuse_existing

    files = 1 if second is None else 2
    scores = _two(score or ("score",) * (files - 1), "--score", files)
    readings = _two(probability, "--probability", files) if probability else None
    if entering:
        refuse_inputs(entering, "--entering", (first, second, outcomes))
        refuse_existing(entering, force=force)
    names, note = scores, ""
    if second is None:
        table = read_scores(first, scores)
    else:
        names = _name_files(first, second)
        table, note = join_tables(read_scores(first, scores[:1]), read_scores(second, scores[1:]))
        scores = _joined(table, scores)
        readings = _joined(table, readings) if readings else None
        outcome = outcome if outcomes else joined_name(table, outcome, second=False)
        weight = weight and joined_name(table, weight, second=False)
    inclusion = None
    if outcomes and (isinstance(outcomes, Elsewhere) or outcomes.is_dir()):
        batch = open_any(outcomes)
        table, inclusion = join_outcomes(table, gather_outcomes(batch)), INCLUSION
        synthetic = synthetic or batch.meta.population.startswith("world ")
    elif isinstance(outcomes, Path):
        found = read_scores(outcomes, ("case_id", outcome))
        inclusion = INCLUSION if set(found.column_names) >= {INCLUSION, STATE} else None
        table = join_outcomes(table, found)
    result = compare_table(
        table,
        outcome=outcome,
        scores=scores,
        names=names,
        probabilities=readings,
        weight=weight,
        inclusion=inclusion,
        capacity=[limit.count or limit.share or 0.0 for limit in capacity] or CAPACITIES,
        synthetic=synthetic,
        note=note,
    )
    if entering:
        export_csv(tabulate_changes(result), entering, force=force)
    say_result(result.as_dict(), str(result), as_json=as_json)


def _two(given: tuple[str, ...], option: str, files: int) -> tuple[str, str]:
    if len(given) == 2 and (files == 2 or given[0] != given[1]):
        return given[0], given[1]
    if len(given) == 1 and files == 2:
        return given[0], given[0]
    expected = "once or twice for two files" if files == 2 else "twice, with two columns of one file"
    raise click.UsageError(f"{option} has to be given {expected}")


def _name_files(first: Path, second: Path) -> tuple[str, str]:
    from triage.writing import shown

    if first.stem != second.stem:
        return shown(first.stem), shown(second.stem)
    return shown(str(first)), shown(str(second))


def _joined(table: pa.Table, names: tuple[str, str]) -> tuple[str, str]:
    from triage.evaluation.comparison.tables import joined_name

    return joined_name(table, names[0], second=False), joined_name(table, names[1], second=True)
