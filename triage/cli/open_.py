"""``triage open``: the sender's report numbers of a case."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import json_option, say_result

DOCUMENT = "file:"


@click.command("open")
@click.argument("batch", type=click.Path(path_type=Path))
@click.argument("case")
@json_option
def command(batch: Path, case: str, *, as_json: bool) -> None:
    """Print the sender's report numbers and file names of CASE: its id, or the first letters of it.

    A report that could not be read goes by the name that the list gives it, file:...

    They come from the file of references that triage import wrote beside BATCH, which never travels with it.
    """
    import pyarrow.compute as pc

    from triage.intake.opening import open_any
    from triage.intake.refs import read_refs
    from triage.schema.batch import find_case

    opened = open_any(batch)
    if case.startswith(DOCUMENT):
        name, tokens = case, [case]
    else:
        part, row = find_case(opened, case)
        name, reports = part.cases[row].as_py(), part.tables["reports"]
        tokens = reports.filter(pc.equal(reports["case_id"], name))["report_id"].to_pylist()
    found: dict[str, list[str]] = {token: [] for token in tokens}
    for token, number in read_refs(batch, tokens):
        found[token].append(number)
    lines = [f"{token}: {', '.join(some) or 'the sender gave no number'}" for token, some in found.items()]
    say_result({"case_id": name, "reports": found}, "\n".join([f"case {name}", *lines]), as_json=as_json)
