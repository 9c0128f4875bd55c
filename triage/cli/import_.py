"""``triage import``: outside formats become a batch."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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
    progress,
    say_findings,
    say_result,
)

if TYPE_CHECKING:
    from triage.schema.meta import BatchMeta
    from triage.schema.places import Place

SHOWN_NAMES = 8


@click.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Batch folder to make.")
@click.option("--key-file", type=click.Path(path_type=Path), help="File with the key. Default: TRIAGE_KEY.")
@click.option(
    "--received-at", type=TimeType(), help="When reports came that do not say so (UTC). Default: now."
)
@click.option(
    "--waiting",
    multiple=True,
    type=BatchType(),
    help="An earlier batch: what waits in it for a report of these files joins it. Repeatable.",
)
@click.option(
    "--mapping",
    "mappings",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Mapping file: tables (CSV, XLSX, JSON Lines) of your own, goAML codes, NCMEC's tags. Repeatable.",
)
@click.option("--template", is_flag=True, help="Print a mapping to start from, for a table if you give one.")
@click.option("--limit", "limits", multiple=True, help="NAME=NUMBER: let more, or less, pass than usual.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    files: tuple[Path, ...],
    out: Path | None,
    key_file: Path | None,
    received_at: datetime | None,
    waiting: tuple[Place, ...],
    limits: tuple[str, ...],
    *,
    mappings: tuple[Path, ...],
    template: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Turn reports into a batch: files, folders and ZIP archives; - reads the standard input.

    The format is found by looking into each file; docs/formats has a page on each. Tables with columns of
    your own go in with a mapping that you write: triage import --template SHEET.csv > MINE.toml, then
    triage import SHEET.csv --mapping MINE.toml.

    Names, addresses, texts and hashes of material are left behind; identifiers become keyed hashes. The key
    is hexadecimal digits in the variable TRIAGE_KEY or in a file; the same key links old and new reports. The
    way back to the senders' report numbers is OUT-refs.sqlite, for the owner's eyes only (triage open).
    """
    if template:
        _print_template(files)
        return
    if not files or out is None:
        raise click.UsageError("Missing " + ("option '--out'." if files else "argument 'FILES...'."))
    load_arrow_alone()
    from triage.intake.importing import import_files
    from triage.intake.limits import set_limits
    from triage.intake.refs import refs_file, write_refs
    from triage.intake.tokens import load_key
    from triage.intake.waiting import read_waiting
    from triage.schema.batch import BATCH_CONTENTS, open_batch, split_part, write_batch
    from triage.writing import refuse_existing

    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_existing(refs_file(out), force=force)
    key = load_key(key_file)
    now = datetime.now(UTC).replace(microsecond=0)
    if received_at and received_at > now + timedelta(days=1):
        raise click.BadParameter("lies in the future", param_hint="--received-at")
    with progress("importing", None):
        imported = import_files(
            files,
            key,
            received_at or now,
            out.name,
            limits=set_limits(limits),
            waiting=read_waiting([open_batch(batch) for batch in waiting], key),
            mappings=mappings,
        )
        # The way back first: a batch without it would be of no use.
        write_refs(out, imported.refs, force=force)
        try:
            meta = write_batch(out, split_part(imported.part), imported.meta, force=force)
        except BaseException:
            if not force:
                refs_file(out).unlink()
            raise
    if not as_json:
        say_findings(imported.part.findings)
    result = {
        "batch": str(out),
        "files": len(meta.source_files),
        "cases": len(imported.part.cases),
        "rows": meta.rows,
        "set_aside": meta.set_aside,
        "dropped": dict(imported.dropped),
        "unknown": dict(imported.unknown),
        "findings": [finding.as_dict() for finding in imported.part.findings],
    }
    lines = [
        f"{out}: {counted(len(imported.part.cases), 'case')} from {counted(len(meta.source_files), 'file')}",
        *_account(meta),
        f"left behind on purpose: {_listed(imported.dropped)}",
        f"elements that the mapping does not know: {_listed(imported.unknown)}",
        _say_next(out, len(imported.part.cases)),
    ]
    say_result(result, "\n".join(lines), as_json=as_json)
    leave(meta.set_aside, imported.part.findings)


def _say_next(out: Path, cases: int) -> str:
    score = f"{program()} score {out} --out LIST.csv"
    if cases:
        return f"next: {score}"
    return (
        f"next: mend what is said above and import again with --force; as it is, {score} lists what a person"
        f" must look at, and what waits joins its report later: --store there, or --waiting {out} here"
    )


def _account(meta: BatchMeta) -> list[str]:
    """Say of each kind of record how many came in, and what became of them."""
    came, aside = Counter[str](), Counter[str]()
    for source in meta.source_files:
        came.update(source["records"])
        aside.update(source["set_aside"])
    from triage.schema.tables import TABLES

    return [
        f"{name}: {count:,} in, {count - aside[name]:,} read, {aside[name]:,} set aside"
        for name, count in sorted(came.items(), key=lambda item: list(TABLES).index(item[0]))
    ]


def _print_template(files: tuple[Path, ...]) -> None:
    from triage.intake.sheets.template import write_template

    if len(files) > 1:
        raise click.UsageError("--template takes one table at most.")
    click.echo(write_template(files[0] if files else None), nl=False)


def _listed(names: Counter[str]) -> str:
    if not names:
        return "none"
    listed = ", ".join(f"{name} ({count:,})" for name, count in names.most_common(SHOWN_NAMES))
    more = len(names) - SHOWN_NAMES
    return f"{listed} and {counted(more, 'more name')}" if more > 0 else listed
