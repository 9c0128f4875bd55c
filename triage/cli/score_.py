"""``triage score``: the worklist."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import console, force_option, json_option, leave, progress, say_findings, say_result

if TYPE_CHECKING:
    from triage.worklist.build import Worklist


@click.command("score")
@click.argument("batch", type=click.Path(path_type=Path))
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV file to write.")
@click.option("--capacity", default="2.3%", show_default=True, help="Cases that can be opened: 25, or 2.3%.")
@click.option("--as-of", type=click.DateTime(), help="Rank as known then (UTC). Default: as the batch says.")
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, help="Rows to print.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    batch: Path,
    model: str,
    out: Path,
    capacity: str,
    as_of: datetime | None,
    top: int,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Rank the cases of BATCH and write the worklist to OUT.

    The order comes from the score. Escalated cases are on top whatever the model says; cases of children
    as reported persons stand beside the list, in the lane youth. Nothing is dropped.
    """
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.build import build_worklist
    from triage.worklist.export import export_csv
    from triage.worklist.policy import parse_capacity
    from triage.writing import refuse_existing

    limit = parse_capacity(capacity)
    refuse_existing(out, force=force)
    bundle = load_model(model)
    now = as_of.replace(tzinfo=UTC) if as_of else None
    opened = open_any(batch, now)
    with progress("scoring", None) as done:
        worklist = build_worklist(opened, bundle, limit, as_of=now, progress=done)
    export_csv(worklist.table, out, force=force)
    if not as_json:
        _show(worklist, top)
        say_findings(worklist.findings)
    say_result({"worklist": str(out), **worklist.as_dict()}, _summary(worklist, out), as_json=as_json)
    leave(worklist.set_aside)


def _show(worklist: Worklist, top: int) -> None:
    from triage.worklist.terminal import draw_worklist

    if top:
        screen = console()
        for table in draw_worklist(worklist, top):
            screen.print(table)


def _summary(worklist: Worklist, out: Path) -> str:
    lanes = ", ".join(f"{count:,} {lane}" for lane, count in worklist.lanes.items())
    lines = [f"alarm: {alarm}" for alarm in worklist.alarms]
    lines.append(f"{out}: {worklist.table.num_rows:,} rows ({lanes}); capacity {worklist.capacity:,}")
    if worklist.tied_at_cut:
        lines.append(
            f"{worklist.tied_at_cut:,} cases are tied where the capacity ends; the longest waiting go first"
        )
    lines.append(f"probability: {worklist.probability_note}")
    return "\n".join(lines)
