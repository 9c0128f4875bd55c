"""``triage open``: the sender's report numbers of a case."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import json_option, say_result


@click.command("open")
@click.argument("batch", type=click.Path(path_type=Path))
@click.argument("case")
@json_option
def command(batch: Path, case: str, *, as_json: bool) -> None:
    """Print the sender's report numbers of CASE: its id, or the first letters of it.

    They come from the file of references that triage import wrote beside BATCH, which never travels with it.
    """
    from triage.intake.opening import open_any
    from triage.intake.refs import read_refs
    from triage.schema.batch import find_case

    part, row = find_case(open_any(batch), case)
    name = part.cases[row].as_py()
    reports = part.tables["reports"]
    tokens = [
        r
        for r, c in zip(reports["report_id"].to_pylist(), reports["case_id"].to_pylist(), strict=True)
        if c == name
    ]
    numbers: dict[str, list[str]] = {token: [] for token in tokens}
    for token, number in read_refs(batch, tokens):
        numbers[token].append(number)
    lines = [f"{token}: {', '.join(some) or 'the sender gave no number'}" for token, some in numbers.items()]
    say_result({"case_id": name, "reports": numbers}, "\n".join([f"case {name}", *lines]), as_json=as_json)
