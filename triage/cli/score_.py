"""``triage score``: the worklist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import (
    CapacityType,
    TimeType,
    console,
    force_option,
    json_option,
    leave,
    program,
    progress,
    say_findings,
    say_result,
)

if TYPE_CHECKING:
    from datetime import datetime

    from triage.worklist.build import Worklist
    from triage.worklist.policy import Capacity


@click.command("score")
@click.argument("batch", type=click.Path(path_type=Path))
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV file to write.")
@click.option(
    "--capacity",
    type=CapacityType(),
    default="2.3%",
    show_default=True,
    help="Cases that can be opened in the next 30 days: 25, or 2.3% of the batch.",
)
@click.option("--as-of", type=TimeType(), help="Rank as known then (UTC). Default: as the batch says.")
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, help="Rows to print.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    batch: Path,
    model: str,
    out: Path,
    capacity: Capacity,
    as_of: datetime | None,
    top: int,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Rank the cases of BATCH and write the worklist to OUT.

    Ranked cases stand in the order of the score. Escalated cases are on top whatever the model says, a child
    in contact or in crisis first; cases of children as reported persons stand beside the list, in the lane
    youth. Both are due whatever the capacity. Nothing is dropped.
    """
    from triage.errors import InputRefusedError
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.build import build_worklist
    from triage.worklist.export import export_csv
    from triage.writing import refuse_existing

    if out.resolve().is_relative_to(batch.resolve()):
        raise InputRefusedError("inside the batch", where=str(out), mend="choose another --out")
    refuse_existing(out, force=force)
    bundle = load_model(model)
    opened = open_any(batch)
    with progress("scoring", None) as done:
        worklist = build_worklist(opened, bundle, capacity, as_of=as_of, progress=done)
    export_csv(worklist.table, out, force=force)
    if not as_json:
        _show(worklist, top)
        say_findings(worklist.findings)
    say_result({"worklist": str(out), **worklist.as_dict()}, _summary(worklist, batch, out), as_json=as_json)
    leave(worklist.set_aside, worklist.findings)


def _show(worklist: Worklist, top: int) -> None:
    from triage.worklist.terminal import draw_worklist

    if top:
        screen = console()
        for table in draw_worklist(worklist, top):
            screen.print(table)


def _summary(worklist: Worklist, batch: Path, out: Path) -> str:
    lanes = ", ".join(f"{count:,} {lane}" for lane, count in worklist.lanes.items())
    lines = [f"alarm: {alarm}" for alarm in worklist.alarms]
    lines.append(f"{out}: {worklist.table.num_rows:,} rows ({lanes}); capacity {worklist.capacity:,}")
    if worklist.tied_at_cut:
        lines.append(
            f"{worklist.tied_at_cut:,} cases are tied where the capacity ends; the longest waiting go first"
        )
    if worklist.not_yet_known:
        lines.append(
            f"{worklist.not_yet_known:,} cases of the batch were not known at that time and are not listed"
        )
    lines.append(f"probability: {worklist.probability_note}")
    lines.append(f"next: {program()} explain {batch} CASE, with a case of the list and the same --model")
    return "\n".join(lines)
