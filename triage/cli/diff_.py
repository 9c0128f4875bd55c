"""``triage diff``: what changed between two lists, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.record_ import key_option, open_store
from triage.cli.say import console, json_option, say_result

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--store", help="The record: says what was decided about cases that are gone.")
@key_option
@click.option(
    "--top", type=click.IntRange(min=0), default=10, show_default=True, help="Cases a cause to print."
)
@json_option
def command(
    old: Path, new: Path, store: str | None, key_file: Path | None, top: int, *, as_json: bool
) -> None:
    """Say what changed between two lists, OLD and NEW, and why.

    Both are lists as triage score wrote them: CSV, XLSX, JSON Lines or Parquet. Cases are grouped by what
    made them move: new facts, another model, another policy, a recorded decision, or only others that
    moved; then those that are new, and those that are gone: merged, decided, or neither.
    """
    from triage.worklist.diff import compare_lists, draw_diff, read_list

    first, second = read_list(old), read_list(new)
    decided, aliases = _read_store(store, key_file) if store else ({}, {})
    diff = compare_lists(first, second, decided=decided, aliases=aliases)
    if as_json:
        say_result(diff.as_dict(), "", as_json=True)
        return
    screen = console()
    for part in draw_diff(diff, top):
        screen.print(part)


def _read_store(store: str, key_file: Path | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the states of the cases that were dealt with, and the earlier names of cases."""
    record = open_store(store, key_file)
    states = record.decisions().select(["case_id", "state"]).to_pylist()
    decided = {row["case_id"]: row["state"] for row in states if row["state"] != "undecided"}
    return decided, record.aliases()
