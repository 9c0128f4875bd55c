"""``triage outcomes``: what was found, from a spreadsheet into the record, and out for training."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.record_ import key_option, open_store, store_option
from triage.cli.say import REFUSED, SHOWN_FINDINGS, counted, force_option, json_option, say_result


@click.group("outcomes")
def command() -> None:
    """Import what investigations found into the record, or export it for training."""


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
@click.option("--who", required=True, help="Who brings them: a staff number. Kept as a keyed hash.")
@key_option
@json_option
def import_file(file: Path, store: str, who: str, key_file: Path | None, *, as_json: bool) -> None:
    """Record the outcomes in FILE: CSV (, or ;) or XLSX, a row a finding.

    Columns: case_id, outcome_kind, current_abuse_label (yes, no, undetermined), outcome_at; and where known
    selected_at, selected_by, label_source. All rows are recorded, or, when one is refused, none. Rows that
    are there already are not recorded again, so the same file may be given twice.
    """
    from collections import Counter
    from dataclasses import asdict

    from triage.record.spreadsheet import import_findings

    record = open_store(store, key_file)
    head, accounts = import_findings(record, who, file)
    counts = Counter(account.became for account in accounts)
    refused = [account for account in accounts if account.became == "refused"]
    if not as_json:
        for account in refused[:SHOWN_FINDINGS]:
            click.echo(f"  {file.name}, row {account.row} ({account.case_id}): {account.why}", err=True)
    result = {
        "rows": dict(counts),
        "head": str(head or record.head()),
        "accounts": [asdict(account) for account in accounts],
    }
    told = ", ".join(f"{count:,} {became}" for became, count in sorted(counts.items()))
    lines = [f"{file}: {told}"]
    if refused:
        lines.append("nothing was recorded: mend the rows that are refused and import the file again")
    else:
        lines.append(f"record: {record.name}, head {result['head']}")
    say_result(result, "\n".join(lines), as_json=as_json)
    if refused:
        click.get_current_context().exit(REFUSED)


@command.command("export")
@store_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File to write: .csv or .parquet."
)
@click.option("--all", "everything", is_flag=True, help="Every finding, in the shape of the outcomes table.")
@key_option
@force_option
@json_option
def export_file(
    store: str, out: Path, key_file: Path | None, *, everything: bool, force: bool, as_json: bool
) -> None:
    """Write what was found, a row a case, for triage train, calibrate, evaluate and monitor (--outcomes).

    Each with the probability with which the lists so far choose it. The whole record is verified first. Cases
    that were drawn and not opened yet are not named, since that would tell which they are; they are counted.
    """
    from triage.errors import InputRefusedError
    from triage.record.labels import label_cases
    from triage.worklist.exports import export_table
    from triage.writing import refuse_existing

    if out.suffix not in {".csv", ".parquet"}:
        raise click.BadParameter("ends neither with .csv nor with .parquet", param_hint="--out")
    refuse_existing(out, force=force)
    record = open_store(store, key_file)
    checked = record.verify()
    if not checked.intact:
        raise InputRefusedError(checked.breaks[0], where=record.name, mend="triage audit verify shows all")
    found = record.outcomes()
    table = found if everything else label_cases(found)
    export_table(table, out, title="Outcomes", force=force)
    unseen = record.unseen()
    lines = [f"{out}: {counted(table.num_rows, 'row')}, record at {checked.head}"]
    if unseen:
        was = "1 case that was drawn by lot was" if unseen == 1 else f"{unseen:,} cases drawn by lot were"
        lines.append(
            f"{was} never opened and cannot be in it: weighted totals fall short by what they stand for"
        )
    result = {"rows": table.num_rows, "out": str(out), "head": checked.head, "drawn_unopened": unseen}
    say_result(result, "\n".join(lines), as_json=as_json)
