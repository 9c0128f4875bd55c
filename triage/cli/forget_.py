"""``triage forget``: erase a case from the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from triage.cli.record_ import key_option, open_store, store_option
from triage.cli.say import BESIDE, BatchType, json_option, say_result

if TYPE_CHECKING:
    from pathlib import Path

BYTES_STAY = (
    "bytes of it may still lie in the database: in a file until the last program that reads it ends, on a"
    " server until the owner of the tables runs VACUUM FULL leaves"
)


@click.command("forget")
@click.argument("case")
@store_option
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=BatchType(BESIDE),
    help="Batch whose references are erased too. May be repeated.",
)
@click.option("--who", help="Who asks for it: a staff number. Kept as a keyed hash.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@key_option
@json_option
def command(
    case: str,
    store: str,
    batches: tuple[Path, ...],
    who: str | None,
    key_file: Path | None,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase all that the record holds about CASE (its whole id), for good.

    Payloads, salts, rows, links and names go; the chain stays valid and says that something was forgotten,
    not what. Lists that were exported before are named: this program cannot reach them, nor the batch
    folders and backups.
    """
    record = open_store(store, key_file)
    name = record.aliases().get(case, case)
    state = next((one.state for one in record.states() if one.case_id == name), "undecided")
    if not yes:
        if as_json:
            raise click.UsageError("--json needs --yes")
        click.confirm(f"case {case}, {state}: erase everything about it, for good?", abort=True, err=True)
    gone = record.forget(case, batches, who)
    out_of_reach = [f"  {export['at'][:10]}  {export['name']}, {export['kind']}" for export in gone.exports]
    lines = [
        f"forgotten: {gone.leaves:,} payloads, {gone.rows:,} rows, {gone.references:,} references",
        "exported before, out of reach:" if out_of_reach else "no export of a list with it was recorded",
        *out_of_reach,
        *([] if batches else ["references beside batches were not touched: name the batches with --batch"]),
        *([] if gone.bytes_gone else [BYTES_STAY]),
        f"record: {record.name}, head {gone.head}",
    ]
    result = {
        "head": str(gone.head),
        "leaves": gone.leaves,
        "rows": gone.rows,
        "references": gone.references,
        "exports": gone.exports,
        "bytes_gone": gone.bytes_gone,
    }
    say_result(result, "\n".join(lines), as_json=as_json)
