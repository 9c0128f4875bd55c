"""``triage stability``: how much of the top of a list depends on weights that nobody knows exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import (
    BatchType,
    CapacityType,
    TimeType,
    force_option,
    json_option,
    progress,
    refuse_inputs,
    say_result,
)

if TYPE_CHECKING:
    from datetime import datetime

    from triage.schema.places import Place
    from triage.worklist.policy import Capacity


@click.command("stability")
@click.argument("batch", type=BatchType())
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option("--policy", default="default", show_default=True, help="Name, or TOML file: what escalates.")
@click.option(
    "--capacity",
    type=CapacityType(),
    default="2.3%",
    show_default=True,
    help="Cases that can be opened: 25, or 2.3% of the batch. They are the first.",
)
@click.option(
    "--draws", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Of the weights."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws.")
@click.option("--as-of", type=TimeType(), help="Rank as known then (UTC). Default: as the batch says.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="CSV or Parquet file with case_id and current_abuse: recall of each list.",
)
@click.option("--out", type=click.Path(path_type=Path), help="CSV file to write, one row a case.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    batch: Place,
    model: str,
    policy: str,
    capacity: Capacity,
    draws: int,
    seed: int,
    as_of: datetime | None,
    truth: Path | None,
    out: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Say how firm the first places of the list of BATCH are.

    The weights of the model are drawn anew from what the model states of their uncertainty, and each time the
    first places are given anew. Beside that: how many of them change without records of contact offences,
    which also define what is sought, and without records that our own ranking caused.

    Places are those of the score alone: audit slots, units and what a record knows do not count here.
    """
    from triage.intake.opening import open_any
    from triage.scoring.labels import read_label_file
    from triage.scoring.loading import load_model
    from triage.worklist.exports import export_csv
    from triage.worklist.policy import load_policy
    from triage.worklist.stability import measure_stability
    from triage.writing import refuse_existing

    if out:
        refuse_inputs(out, "--out", (batch, truth))
        refuse_existing(out, force=force)
    bundle, rules = load_model(model), load_policy(policy)
    labels = read_label_file(truth) if truth else None
    opened = open_any(batch)
    with progress("scoring", None) as done:
        found = measure_stability(
            opened, bundle, capacity,
            draws=draws, seed=seed, as_of=as_of, labels=labels, policy=rules, progress=done,
        )  # fmt: skip
    if out:
        export_csv(found.table, out, force=force)
    text = str(found) + (f"\n{out}: {found.table.num_rows:,} rows" if out else "")
    say_result({**found.as_dict(), "cases": str(out) if out else None, "seed": seed}, text, as_json=as_json)
