"""``triage check``: is a batch valid; what is wrong, where, how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from triage.cli.say import (
    BatchType,
    counted,
    json_option,
    leave,
    load_arrow_alone,
    program,
    progress,
    say_result,
)

if TYPE_CHECKING:
    from triage.schema.places import Place


@click.command("check")
@click.argument("batch", type=BatchType())
@json_option
def command(batch: Place, *, as_json: bool) -> None:
    """Say what is wrong with BATCH, where, what was expected, and how to mend it.

    BATCH is a folder with batch.json, or a folder of CSV files (reports.csv, persons.csv, ...); or the URL of
    a batch, such as s3://bucket/batch. Rows are counted below the header: row 1 of a CSV file is its line 2.
    """
    load_arrow_alone()
    from triage.intake.opening import open_any
    from triage.schema.findings import printable

    opened = open_any(batch)
    findings, cases, aside = [], 0, opened.set_aside.to_pylist()
    rows = dict.fromkeys(opened.meta.rows, 0)
    with progress("checking", None) as done:
        for part in opened.parts():
            findings += part.findings
            cases += len(part.cases)
            aside += part.set_aside.to_pylist()
            for name, table in part.tables.items():
                rows[name] = rows.get(name, 0) + table.num_rows
            done(len(part.cases))
    result = {
        "batch": opened.meta.name,
        "synthetic": opened.meta.synthetic,
        "cases": cases,
        "rows": rows,
        "set_aside": len(aside),
        "set_aside_rows": aside,
        "findings": [finding.as_dict() for finding in findings],
    }
    lines = [str(finding) for finding in findings]
    lines += [
        printable(f"set aside: {row['where']}, row {row['row']}: {row['reason']}; {row['mend']}")
        for row in aside
    ]
    lines = lines or ["nothing wrong"]
    kind = "synthetic" if opened.meta.synthetic else "not marked synthetic"
    lines.append(
        f"{opened.meta.name} ({kind}): {counted(cases, 'case')}, {counted(rows.get('reports', 0), 'report')},"
        f" {counted(sum(rows.values()), 'row')} in all, {len(aside):,} set aside"
    )
    lines.append(f"next: {program()} score {batch} --out LIST.csv")
    say_result(result, "\n".join(lines), as_json=as_json)
    leave(len(aside), findings)
