"""``triage export``: a batch for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import BatchType, force_option, json_option, say_result

if TYPE_CHECKING:
    from triage.schema.places import Place


@click.command("export")
@click.argument("batch", type=BatchType())
@click.option(
    "--as",
    "form",
    type=click.Choice(["csv", "jsonl", "frictionless"]),
    required=True,
    help="CSV, JSON Lines, or CSV with a datapackage.json that describes every column.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@force_option
@json_option
def command(batch: Place, form: str, out: Path, *, force: bool, as_json: bool) -> None:
    """Write the tables of BATCH for other programs, one file a table, rows set aside among them.

    Tokens stay personal data, in any form. What is written as csv or frictionless is read again by triage
    check and triage score.
    """
    from triage.intake.opening import open_any
    from triage.schema.exporting import export_batch

    rows = export_batch(open_any(batch), out, form, force=force)
    said = ", ".join(f"{name} {count:,}" for name, count in rows.items() if count)
    say_result({"out": str(out), "form": form, "rows": rows}, f"{out}: {said or 'no rows'}", as_json=as_json)
