"""``triage partition``: canonical tables in any order become a batch of parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from triage.cli.say import (
    BatchType,
    TimeType,
    counted,
    force_option,
    json_option,
    leave,
    load_arrow_alone,
    program,
    refuse_inputs,
    say_findings,
    say_result,
)


@click.command("partition")
@click.argument("source", type=BatchType("what is to be sorted is copied here first"))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Batch folder to make.")
@click.option(
    "--cases",
    type=click.IntRange(min=1),
    default=50_000,
    show_default=True,
    help="Cases a part, fewer where that is more than 750,000 rows: what is read at once.",
)
@click.option(
    "--as-of",
    type=TimeType(),
    help="When the data were complete (UTC). Default: now, or what the batch.json of SOURCE says.",
)
@click.option("--link", is_flag=True, help="Link the reports into cases, whatever case_id they state.")
@force_option
@json_option
def command(
    source: Path,
    *,
    out: Path,
    cases: int,
    as_of: datetime | None,
    link: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make a batch of SOURCE: canonical tables in Parquet or CSV, in any order, larger than memory.

    SOURCE is a folder that holds of each table TABLE.parquet, TABLE.csv, or a folder TABLE of such files
    (docs/data-dictionary.md has the tables); a batch too, to cut it anew. Case_ids that reports state are
    kept; where no report states one, the reports are linked. Other rows without a case_id belong to the case
    of their report, person or account.

    Rows wait on disk beside the batch, and are gone from there when it is finished.
    """
    load_arrow_alone()
    from triage.intake.canonical import partition_folder
    from triage.schema.batch import BATCH_CONTENTS
    from triage.writing import refuse_existing

    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_inputs(out, "--out", [source])
    if as_of and as_of > datetime.now(UTC) + timedelta(days=1):
        raise click.BadParameter("lies in the future", param_hint="--as-of")
    made = partition_folder(source, out, as_of, cases=cases, anew=link, force=force)
    if not as_json:
        say_findings(made.findings)
    result = {
        "batch": str(out),
        "cases": made.cases,
        "parts": made.meta.parts,
        "rows_in": made.came,
        "rows": made.meta.rows,
        "set_aside": made.meta.set_aside,
        "findings": [finding.as_dict() for finding in made.findings],
    }
    lines = [
        f"{out}: {counted(made.cases, 'case')} in {counted(made.meta.parts, 'part')}",
        *(
            f"{name}: {count:,} in, {made.meta.rows[name]:,} in the batch, {made.aside[name]:,} set aside"
            for name, count in made.came.items()
        ),
        f"next: {program()} score {out} --out LIST.csv",
    ]
    say_result(result, "\n".join(lines), as_json=as_json)
    leave(made.meta.set_aside, made.findings)
