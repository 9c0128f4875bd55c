"""``triage score``: the worklist."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.say import (
    BatchType,
    CapacityType,
    TimeType,
    console,
    counted,
    force_option,
    json_option,
    leave,
    load_arrow_alone,
    program,
    progress,
    refuse_inputs,
    say_findings,
    say_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from triage.intake.tokens import TokenKey
    from triage.record import Record
    from triage.schema.batch import Batch
    from triage.schema.places import Place
    from triage.worklist.build import Worklist
    from triage.worklist.explain import Explanation
    from triage.worklist.policy import Capacity
    from triage.worklist.pool import Pool
    from triage.worklist.resuming import Finished
    from triage.worklist.standing import Standing

MOST_EXPLAINED = 5_000


@click.command("score")
@click.argument("batch", type=BatchType())
@click.option("--model", default="expert", show_default=True, help="Name, TOML scorecard, or bundle folder.")
@click.option(
    "--policy", default="default", show_default=True, help="Name, or TOML file: lanes, deadlines, capacity."
)
@click.option(
    "--out",
    "outs",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    help="File to write: .csv, .xlsx, .jsonl, .parquet, .html, .coop.json; may be given several times.",
)
@click.option(
    "--capacity",
    type=CapacityType(),
    help="Cases that can be opened before the last deadline: 25, or 2.3%. Default: the policy's.",
)
@click.option("--store", help="The record, a file or postgresql://...: the list is then all undecided cases.")
@click.option(
    "--lists", type=click.Path(path_type=Path), help="Folder for the lists beside it: referral, notice, ..."
)
@click.option(
    "--wishes", type=click.Path(path_type=Path), help="CSV: victims' wishes, for the notification list."
)
@click.option("--key-file", type=click.Path(path_type=Path), help="The agency's key. Default: TRIAGE_KEY.")
@click.option("--as-of", type=TimeType(), help="Rank as known then (UTC). Default: as the batch says.")
@click.option(
    "--delimiter", type=click.Choice([",", ";"]), default=",", show_default=True, help="Of a CSV file."
)
@click.option(
    "--jobs",
    type=int,
    callback=lambda _context, _option, jobs: _count_jobs(jobs),
    help="Processes that score the parts of a batch folder; -1: one for each processor. More than one also"
    " writes files while the next rows are made. Default: as many as save time, 4 at most.",
)
@click.option(
    "--scheduler", help="Dask scheduler, tcp://HOST:PORT, whose workers score the parts of a batch folder."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Folder for finished parts, personal data: a run that died goes on from it. Removed at the end.",
)
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, help="Rows to print.")
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    batch: Place,
    model: str,
    policy: str,
    outs: tuple[Path, ...],
    capacity: Capacity | None,
    store: str | None,
    lists: Path | None,
    wishes: Path | None,
    key_file: Path | None,
    as_of: datetime | None,
    delimiter: str,
    jobs: int | None,
    scheduler: str | None,
    resume: Path | None,
    top: int,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Rank the cases of BATCH and write the worklist to OUT.

    Ranked cases stand in the order of the score. Escalated cases are on top whatever the model says, a child
    in contact or in crisis first; cases of children as reported persons stand beside the list, in the lane
    youth. Both are due whatever the capacity. Nothing is dropped.

    With --store the list is the open pool: all cases that nobody has decided on yet, with the new batch. The
    list is kept in the record, and audit slots are drawn.

    BATCH is a folder, or a URL such as s3://bucket/batch, which is only read.

    Whoever scores the parts, by --jobs, --scheduler or after --resume, the list is the same. The open pool
    and a folder of CSV files are scored in this process.

    What the list will say waits in temporary files without a name, in the folder that TMPDIR names.
    """
    load_arrow_alone()
    from triage.intake.opening import open_any
    from triage.scoring.loading import load_model
    from triage.worklist.build import build_worklist
    from triage.worklist.explain import explain_cases
    from triage.worklist.keeping import keep_worklist
    from triage.worklist.policy import load_policy
    from triage.worklist.routing import read_wishes
    from triage.worklist.spreading import choose_jobs

    inputs = [batch, wishes, Path(store) if store and "://" not in store else None]
    for out in (*outs, *([lists] if lists else [])):
        refuse_inputs(out, "--out", inputs)
    _refuse_outputs(outs, lists, force=force)
    bundle, rules = load_model(model), load_policy(policy)
    register = read_wishes(wishes) if wishes else None
    key = _find_key(key_file, store)
    opened = open_any(batch)
    _refuse_in_memory(opened, store, scheduler, resume)
    finished = _open_finished(resume, [*inputs, *outs, lists]) if resume else None
    record, pool, standing = _open_pool(store, key, opened)
    whole = pool.batch if pool else opened
    if jobs is None:
        jobs = choose_jobs(whole.meta.parts) if whole.folder else 1
    with progress("scoring", None) as done:
        worklist = build_worklist(
            whole, bundle, capacity,
            policy=rules, as_of=as_of, key=key, standing=standing, wishes=register, progress=done,
            jobs=jobs, scheduler=scheduler or "", resume=finished,
        )  # fmt: skip
    # Kept before it is shown: a list that nobody knows of would leave no trace of whom it chose.
    number = keep_worklist(record, worklist, pool).seq if record and pool else None

    def explain() -> dict[str, Explanation]:
        cases = worklist.rows(0, MOST_EXPLAINED)["case_id"].to_pylist()
        # What ended those who scored it would end this process too.
        readable = whole.without(worklist.lost_parts)
        return explain_cases(readable, bundle, cases, as_of=worklist.as_of, policy=rules)

    _export(
        worklist, outs, lists, explain, record,
        number=number, delimiter=delimiter, force=force, jobs=jobs,
    )  # fmt: skip
    # A part that nobody could score is tried again; the others need not be.
    if finished and not worklist.lost_parts:
        finished.remove()
    head = str(record.head()) if record else ""
    if not as_json:
        _show(worklist, top)
        say_findings(worklist.findings)
    result: dict[str, Any] = {"worklist": [str(out) for out in outs], **worklist.as_dict()}
    if record is not None and pool is not None:
        result |= {
            "head": head,
            "decided": pool.decided,
            "reopened": len(pool.reopened),
            "new": len(pool.new),
        }
    text = _summary(worklist, batch, outs, lists, pool=pool, record=record)
    if register and register.contradictions:
        result["wishes_contradicted"] = register.contradictions
        text = (
            f"{wishes}: {register.contradictions:,} victims with two wishes; the more careful holds\n{text}"
        )
    say_result(result, text, as_json=as_json)
    leave(worklist.set_aside, worklist.findings)


def _refuse_outputs(outs: Sequence[Path], lists: Path | None, *, force: bool) -> None:
    """Refuse before the work what would be refused after it."""
    from triage.worklist.exports import ENDINGS
    from triage.worklist.exports.replacing import refuse_foreign
    from triage.worklist.routing import LISTS
    from triage.writing import refuse_existing

    for out in outs:
        if not out.name.lower().endswith(ENDINGS):
            raise click.BadParameter(
                f"{out.name}: a name that ends in one of {', '.join(ENDINGS)}", param_hint="--out"
            )
        refuse_existing(out, force=force)
        refuse_foreign(out)
    if len({out.resolve() for out in outs}) < len(outs):
        raise click.BadParameter("the same file twice", param_hint="--out")
    if lists:
        if any(out.resolve().is_relative_to(lists.resolve()) for out in outs):
            raise click.BadParameter(
                "a file in the folder of --lists, which is replaced as a whole", param_hint="--out"
            )
        refuse_existing(lists, force=force, contents=frozenset(f"{name}.csv" for name in LISTS))


def _count_jobs(jobs: int | None) -> int | None:
    if jobs == 0:
        raise click.BadParameter("1 or more, or -1 for one process for each processor")
    return jobs


def _refuse_in_memory(batch: Batch, store: str | None, scheduler: str | None, resume: Path | None) -> None:
    """Refuse, before the record takes anything, what only a batch in files can have."""
    option = "--scheduler" if scheduler else "--resume" if resume else ""
    if option and (store or batch.folder is None):
        raise click.BadParameter(
            "for a batch folder without --store: the open pool, and a folder of CSV files, are in memory",
            param_hint=option,
        )


def _open_finished(resume: Path, others: Sequence[Place | None]) -> Finished:
    """Open the folder for finished parts, which is removed at the end: nothing else may be in it."""
    from triage.worklist.resuming import Finished

    refuse_inputs(resume, "--resume", others)
    if any(isinstance(path, Path) and path.resolve().is_relative_to(resume.resolve()) for path in others):
        raise click.BadParameter("a folder with one of the other files in it", param_hint="--resume")
    return Finished(resume, lambda text: click.echo(f"triage: {text}", err=True))


def _find_key(key_file: Path | None, store: str | None) -> TokenKey | None:
    """Return the agency's key: needed with a record, else only for how ties fall."""
    import os

    from triage.intake.tokens import KEY_VARIABLE, load_key

    if store or key_file or os.environ.get(KEY_VARIABLE):
        return load_key(key_file)
    return None


def _open_pool(
    store: str | None, key: TokenKey | None, batch: Batch
) -> tuple[Record, Pool, Standing] | tuple[None, None, None]:
    """Put the batch into the record, and return the open pool and what people decided."""
    if store is None or key is None:
        return None, None, None
    from triage.record import open_record
    from triage.worklist.pool import open_pool
    from triage.worklist.standing import read_standing

    record = open_record(store, key)
    pool = open_pool(record, batch)
    return record, pool, read_standing(record, pool)


def _export(
    worklist: Worklist,
    outs: Sequence[Path],
    lists: Path | None,
    details: Callable[[], dict[str, Explanation]],
    record: Record | None,
    *,
    number: int | None,
    delimiter: str,
    force: bool,
    jobs: int,
) -> None:
    """Write every file, and keep in the record that it was written."""
    import hashlib

    from triage.worklist.exports import export_all

    def keep(file: Path, name: str) -> None:
        if record is not None:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            record.keep_export(file.suffix[1:], digest, name, number)

    def note(out: Path) -> None:
        keep(out, out.name)
        written.append(out)

    written: list[Path] = []
    pages = any(out.suffix.lower() == ".html" for out in outs)
    with _telling([*outs, *([lists] if lists else [])], written, number):
        told = details() if pages else None
        export_all(worklist, outs, details=told, delimiter=delimiter, force=force, written=note, jobs=jobs)
        if lists is not None:
            _write_lists(worklist, lists, delimiter=delimiter, force=force)
            for name, table in worklist.lists.items():
                if table.num_rows:
                    keep(lists / f"{name}.csv", f"{lists.name}/{name}.csv")


@contextmanager
def _telling(asked: Sequence[Path], written: Sequence[Path], number: int | None) -> Iterator[None]:
    """Say what is there already where a disk is full, or a file cannot be written for another reason."""
    from triage.errors import TriageError

    try:
        yield
    except OSError as error:
        kept = [f"the list is in the record (entry {number})"] if number else []
        kept += [f"{', '.join(map(str, written))} was written"] if written else []
        left = [str(out) for out in asked if out not in written]
        raise TriageError(
            f"{error.strerror or error}",
            where=str(error.filename or ""),
            mend=(
                f"not written: {', '.join(left)}{''.join(f'; {what}' for what in kept)}; check permissions"
                " and free space and score again: the same list comes of it"
            ),
        ) from error


def _write_lists(worklist: Worklist, lists: Path, *, delimiter: str, force: bool) -> None:
    from triage.worklist.exports import export_table
    from triage.writing import write_folder

    contents = frozenset(f"{name}.csv" for name in worklist.lists)
    with write_folder(lists, contents=contents, force=force) as folder:
        for name, table in worklist.lists.items():
            export_table(table, folder / f"{name}.csv", delimiter=delimiter)


def _show(worklist: Worklist, top: int) -> None:
    from triage.worklist.terminal import draw_worklist

    if top:
        screen = console()
        for table in draw_worklist(worklist, top):
            screen.print(table)


def _summary(
    worklist: Worklist,
    batch: Place,
    outs: Sequence[Path],
    folder: Path | None,
    *,
    pool: Pool | None,
    record: Record | None,
) -> str:
    lanes = ", ".join(f"{count:,} {lane}" for lane, count in worklist.lanes.items())
    lines = [f"alarm: {alarm}" for alarm in worklist.alarms]
    names = ", ".join(str(out) for out in outs)
    lines.append(f"{names}: {counted(len(worklist), 'row')} ({lanes}); capacity {worklist.capacity:,}")
    if worklist.tied_at_cut:
        lines.append(
            f"{worklist.tied_at_cut:,} cases are tied where the capacity ends; the longest waiting go first"
        )
    if worklist.not_yet_known:
        lines.append(
            f"of the batch not known at that time and not listed: {counted(worklist.not_yet_known, 'case')}"
        )
    lines.append(f"probability: {worklist.probability_note}")
    lines += [f"audit: {note}" for note in worklist.audit_notes]
    beside = ", ".join(f"{rows:,} {name}" for name, rows in worklist.listed.items() if rows)
    if beside:
        lines.append(f"beside it: {beside} ({f'in {folder}' if folder else '--lists FOLDER writes them'})")
    if pool and record:
        lines.append(
            f"open pool: {counted(len(pool.new), 'case')} with new reports, {len(pool.reopened):,} reopened,"
            f" {pool.decided:,} decided and not listed, {len(pool.aliases):,} merged"
        )
        begun = "begun just now; " if record.begun else ""
        lines.append(
            f"record: {begun}head {record.head()}; keep it elsewhere: {program()} audit verify asks for it"
        )
    same = "--model, --policy and --store" if record else "--model and --policy"
    lines.append(f"next: {program()} explain {batch} CASE, with a case of the list and the same {same}")
    if worklist.hidden:
        lines.append(
            f"but of none of the {len(worklist.hidden):,} planned cases whose score the list hides: explain"
            " shows it"
        )
    return "\n".join(lines)
