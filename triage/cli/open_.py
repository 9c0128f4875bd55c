"""``triage open``: the sender's report numbers of a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.record_ import key_option, open_store
from triage.cli.say import BESIDE, BatchType, json_option, say_result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from triage.schema.batch import Batch

DOCUMENT = "file:"


@click.command("open")
@click.argument("names", nargs=-1, required=True, metavar="[BATCH] CASE")
@click.option("--store", help="The record: the case is then looked for in all batches that it has.")
@click.option(
    "--batch",
    "folders",
    type=BatchType(BESIDE),
    multiple=True,
    help="With --store: a batch folder, or a folder of them; may be given several times."
    " Default: where the record lies, and here.",
)
@key_option
@json_option
def command(
    names: tuple[str, ...],
    store: str | None,
    folders: tuple[Path, ...],
    key_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print the sender's report numbers and file names of CASE: its id, or the first letters of it.

    A report that could not be read goes by the name that the list gives it, file:...

    They come from the file of references that triage import wrote beside BATCH, which never travels with it.

    Cases of a list that was made with --store may have come with several batches. With the same --store, CASE
    alone suffices, also by a name that it had earlier: the references of every batch that is at hand are
    read, and where none is, the batch is named.
    """
    most = 2 if store is None or not folders else 1
    if len(names) > most:
        raise click.UsageError(f"give {'BATCH and CASE' if most == 2 else 'CASE alone'}")
    if store is None:
        if len(names) < 2 or folders:
            raise click.UsageError("give BATCH and CASE, or CASE and --store")
        _open_in_batch(_read_path(names[0]), names[1], as_json=as_json)
        return
    given = folders or tuple(map(_read_path, names[:-1]))
    _open_in_store(store, key_file, names[-1], given, as_json=as_json)


def _read_path(name: str) -> Path:
    path = BatchType(BESIDE).convert(name, None, None)
    assert isinstance(path, Path)  # noqa: S101 - with a reason why, it gives nothing else
    return path


def _open_in_batch(batch: Path, case: str, *, as_json: bool) -> None:
    import pyarrow.compute as pc

    from triage.intake.opening import open_any
    from triage.schema.batch import find_case

    opened = open_any(batch)
    if case.startswith(DOCUMENT):
        name = _find_document(opened, case)
        tokens = [name]
    else:
        part, row = find_case(opened, case)
        name, reports = part.cases[row].as_py(), part.tables["reports"]
        tokens = reports.filter(pc.equal(reports["case_id"], name))["report_id"].to_pylist()
    found = _read_numbers([batch], tokens)
    lines = [f"{token}: {', '.join(some) or 'the sender gave no number'}" for token, some in found.items()]
    say_result({"case_id": name, "reports": found}, "\n".join([f"case {name}", *lines]), as_json=as_json)


def _find_document(batch: Batch, case: str) -> str:
    """Return the name of the document that could not be read, or of which a record could not."""
    from triage.errors import InputRefusedError

    found = {place for place in batch.set_aside["where"].to_pylist() if place.startswith(case)}
    if len(found) == 1:
        return str(found.pop())
    raise InputRefusedError(
        f"{len(found)} documents that begin like that" if found else "no such document",
        where=case,
        expected=f"the name of a row of lane unreadable in {batch.meta.name}, or the first letters of it",
    )


def _open_in_store(
    store: str, key_file: Path | None, case: str, folders: Collection[Path], *, as_json: bool
) -> None:
    from triage.worklist.origin import trace_case

    origin = trace_case(open_store(store, key_file), case)
    if folders:
        batches = [batch for folder in folders for batch in _find_batches(folder)]
    else:
        beside = () if "://" in store else (Path(store).parent,)
        batches = [batch for folder in (*beside, Path()) for batch in _look_into(folder)]
    batches = list(dict.fromkeys(batches))
    at_hand = {_describe(batch) for batch in batches}
    found = _read_numbers(batches, origin.reports)
    lines, away = [], {}
    for token, came in origin.reports.items():
        # A folder of which nobody says when it was complete is told by its name alone.
        missing = [one.name for one in came if not at_hand & {(one.name, one.as_of), (one.name, None)}]
        told = ", ".join(found[token])
        if not told and missing:
            away[token] = missing
            told = f"came with {', '.join(missing)}, which is not at hand: give --batch"
        lines.append(f"{token}: {told or 'the sender gave no number'}")
    named = {token: [one.name for one in came] for token, came in origin.reports.items()}
    result = {"case_id": origin.case_id, "reports": found, "batches": named, "not_at_hand": away}
    say_result(result, "\n".join([f"case {origin.case_id}", *lines]), as_json=as_json)


def _read_numbers(batches: Iterable[Path], tokens: Collection[str]) -> dict[str, list[str]]:
    from triage.intake.refs import read_refs

    found: dict[str, list[str]] = {token: [] for token in tokens}
    for batch in batches:
        for token, number in read_refs(batch, found):
            if number not in found[token]:
                found[token].append(number)
    return found


def _find_batches(folder: Path) -> list[Path]:
    """Return the batches with references that a folder is, or holds."""
    from triage.errors import InputRefusedError

    if found := _look_into(folder):
        return found
    raise InputRefusedError(
        "no references" if folder.is_dir() else "no such folder",
        where=str(folder),
        expected="a batch that triage import made, its file of references beside it, or a folder of such",
        mend="run this where the reports were imported; the file never travels with the batch",
    )


def _look_into(folder: Path) -> list[Path]:
    from triage.intake.refs import refs_file

    whole = folder.resolve()
    if whole.name and refs_file(whole).is_file():
        return [whole]
    pattern = refs_file(Path("*")).name
    return [file.with_name(file.name.removesuffix(pattern[1:])) for file in sorted(whole.glob(pattern))]


def _describe(batch: Path) -> tuple[str, object]:
    """Return the name of a batch and when it was complete, as far as its folder says so."""
    from triage.errors import InputRefusedError
    from triage.schema.batch import open_batch

    try:
        meta = open_batch(batch).meta
    except InputRefusedError:
        return batch.name, None
    return meta.name, meta.as_of
