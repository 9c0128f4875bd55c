"""``triage audit``: prove that the record is as it was written, and look at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from triage.cli.record_ import key_option, open_store, store_option
from triage.cli.say import REFUSED, SHOWN_FINDINGS, force_option, json_option, say_result

SHOWN_LETTERS = 200


@click.group("audit")
def command() -> None:
    """Prove that the record is as it was written: verify, head, show."""


@command.command("verify")
@click.argument("head", required=False)
@store_option
@key_option
@json_option
def verify(head: str | None, store: str, key_file: Path | None, *, as_json: bool) -> None:
    """Hold the whole record against itself and against HEAD: a head that was kept, or a file with one.

    Finds every change, removal, insertion, reordering and rebuild. Only HEAD proves that nothing was cut off
    at the end: keep one each day where nobody who can write to the record can write. Ends with exit code 4
    where anything is not as it was written.
    """
    record = open_store(store, key_file)
    kept = _read_head(head) if head else None
    checked = record.verify(kept)
    lines = [f"record: {record.name}, head {checked.head}"]
    lines.append(
        f"{checked.entries:,} entries, {checked.leaves:,} payloads, {checked.erased:,} forgotten on request"
    )
    lines += [f"  {found}" for found in checked.breaks[:SHOWN_FINDINGS]]
    if len(checked.breaks) > SHOWN_FINDINGS:
        lines.append(f"  … and {len(checked.breaks) - SHOWN_FINDINGS:,} more: --json gives all")
    if checked.intact:
        lines.append(f"as it was written{f', and {kept} is part of it' if kept else ''}")
        lines += [] if kept else ["the end is not proved: give a head that was kept elsewhere"]
    else:
        lines.append("NOT as it was written: keep this database as evidence and go on with a copy")
    result = {
        "intact": checked.intact,
        "head": checked.head,
        "against": checked.against,
        "entries": checked.entries,
        "leaves": checked.leaves,
        "erased": checked.erased,
        "breaks": checked.breaks,
    }
    say_result(result, "\n".join(lines), as_json=as_json)
    if not checked.intact:
        click.get_current_context().exit(REFUSED)


@command.command("head")
@store_option
@click.option("--out", type=click.Path(path_type=Path), help="File to write it to, with every digit.")
@key_option
@force_option
@json_option
def head(store: str, out: Path | None, key_file: Path | None, *, force: bool, as_json: bool) -> None:
    """Print the head of the record, to be kept elsewhere; best each day, by a scheduled job."""
    from triage.writing import write_file

    record = open_store(store, key_file)
    end = record.head()
    if out:
        with write_file(out, force=force) as partial:
            partial.write_text(f"{end.full}\n", encoding="ascii")
    say_result({"head": str(end), "full": end.full, "seq": end.seq}, str(end), as_json=as_json)


@command.command("show")
@store_option
@click.option("--case", help="Only what is about this case.")
@click.option("--last", type=click.IntRange(min=1), default=20, show_default=True, help="So many entries.")
@key_option
@json_option
def show(store: str, case: str | None, last: int, key_file: Path | None, *, as_json: bool) -> None:
    """Print the last entries, and what they say. People are tokens; what was forgotten is gone."""
    record = open_store(store, key_file)
    name = record.find_case(case) if case else None
    entries = record.entries(last=last, case=name)
    lines = [_line(entry) for entry in entries]
    say_result({"case_id": name, "entries": entries}, "\n".join(lines), as_json=as_json)


def _line(entry: dict[str, Any]) -> str:
    said = json.dumps(entry["says"], separators=(", ", ": "))[1:-1]
    said = said if len(said) <= SHOWN_LETTERS else f"{said[: SHOWN_LETTERS - 1]}…"
    more = f"  [{entry['erased']} of {entry['leaves']} forgotten]" if entry["erased"] else ""
    return f"{entry['seq']:>6}  {entry['at'][:19]}Z  {entry['kind']:<11} {said}{more}"


def _read_head(text: str) -> str:
    """Return a head that was given, or that stands in a file."""
    path = Path(text)
    return path.read_text(encoding="utf-8", errors="replace").strip()[:200] if path.is_file() else text
