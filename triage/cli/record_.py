"""``triage record``: what was decided on a case, and what was found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.say import TimeType, json_option, say_result
from triage.record.codes import DECISIONS, VIEWS, WHYS

if TYPE_CHECKING:
    from triage.record import Head, Record

store_option = click.option(
    "--store", required=True, help="The record: a file, or postgresql://user@host/database."
)
key_option = click.option(
    "--key-file", type=click.Path(path_type=Path), help="File with the key. Default: TRIAGE_KEY."
)


def open_store(store: str, key_file: Path | None) -> Record:
    """Open a record that is there."""
    from triage.intake.tokens import load_key
    from triage.record import open_record

    return open_record(store, load_key(key_file), create=False)


@click.command("record")
@click.argument("case")
@store_option
@click.option("--who", required=True, help="Who decides: a staff number. Kept as a keyed hash.")
@click.option("--first-view", type=click.Choice(VIEWS), help="Your own judgement, before you see the score.")
@click.option("--decision", type=click.Choice(DECISIONS), help="What was decided.")
@click.option("--why", type=click.Choice(WHYS), help="Why it departs from the list.")
@click.option("--country", help="To where the case is referred: two letters.")
@click.option("--victim", help="Who was notified, as the list names them; left out where it names nobody.")
@click.option("--again", is_flag=True, help="Open a case that is open.")
@click.option("--found", help="How it ended: an outcome_kind, such as child_safeguarded or no_offence.")
@click.option("--current-abuse", type=click.Choice(["yes", "no", "undetermined"]), help="With --found.")
@click.option("--at", type=TimeType(), help="When it was found (UTC). Default: now.")
@click.option(
    "--selected-at",
    type=TimeType(),
    help="When the case was chosen (UTC). Default: when it was recorded as opened.",
)
@click.option("--source", default="investigation", show_default=True, help="Who says so: a label_source.")
@click.option("--selected-by", help="Why the case was chosen. Default: as the list says.")
@key_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    case: str,
    store: str,
    who: str,
    first_view: str | None,
    decision: str | None,
    why: str | None,
    country: str | None,
    victim: str | None,
    found: str | None,
    current_abuse: str | None,
    at: datetime | None,
    selected_at: datetime | None,
    source: str,
    selected_by: str | None,
    key_file: Path | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    """Record what was decided on CASE (its id, or the first letters of it), or what was found.

    --first-view keeps your own judgement and then shows where the case stands. Codes only: no text is kept.
    Every command prints the head of the record; who keeps one can prove later that nothing before it changed.
    """
    from dataclasses import replace

    from triage.errors import InputRefusedError
    from triage.record import Finding

    if not (first_view or decision or found):
        raise click.UsageError("give --first-view, --decision or --found")
    if bool(found) != bool(current_abuse):
        raise click.UsageError("--found and --current-abuse belong together")
    if decision == "opened" and at and not selected_at:
        raise click.UsageError("--at lies before the opening that is recorded now: give --selected-at too")
    record = open_store(store, key_file)
    name = record.find_case(case)
    finding = None
    if found and current_abuse:
        when = at or datetime.now(UTC)
        finding = Finding(name, found, current_abuse, when, source, selected_at, selected_by)
        # Looked at before anything is kept, so that a slip in one part does not leave the others behind.
        if refused := record.check_findings([finding])[0]:
            raise InputRefusedError(refused)
    head: Head | None = None
    lines = [f"case {name}"]
    result: dict[str, Any] = {"case_id": name, "first_view": first_view, "decision": decision}
    if first_view:
        head = record.first_view(name, who, first_view)
        standing = _shown(record.standing(name))
        result["standing"] = standing
        known = ((what, value) for what, value in standing.items() if value is not None)
        told = ", ".join(
            f"{what} {value:.6g}" if what == "score" else f"{what} {value}" for what, value in known
        )
        told = told or "not there"
        lines.append(f"first view: {first_view}; on the list: {told}")
    if decision:
        head = record.decide(name, who, decision, why, country, victim=victim, again=again)
        lines.append(f"decision: {decision}{f' ({why})' if why else ''}")
    if finding:
        if not at:
            finding = replace(finding, outcome_at=datetime.now(UTC))
        kept, _ = record.found(who, [finding])
        head = kept or head
        lines.append(f"found: {found}, current abuse {current_abuse}{'' if kept else '; was there already'}")
    head = head or record.head()
    lines.append(f"record: {record.name}, head {head}")
    say_result({**result, "found": found, "head": str(head)}, "\n".join(lines), as_json=as_json)


def _shown(row: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the list shows of a row; whether it is an audit is not shown."""
    names = ("rank", "lane", "tier", *(() if row and row.get("hidden") else ("score",)))
    return {name: row.get(name) for name in names} if row else {}
