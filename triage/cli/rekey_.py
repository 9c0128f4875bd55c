"""``triage rekey``: the next key of an agency."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import BESIDE, BatchType, counted, force_option, json_option, say_result


@click.command("rekey")
@click.argument("batch", type=BatchType(BESIDE))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Batch folder to make.")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="The old key and, on the line below, the new one."
)
@force_option
@json_option
def command(batch: Path, out: Path, key_file: Path | None, *, force: bool, as_json: bool) -> None:
    """Bring BATCH to the next key, so that its reports link with what is imported from now on.

    Only who holds both keys can do it. Import with the same file of keys from now on. A record keeps the key
    with which it was begun: begin another one with the new batch.
    """
    from triage.intake.refs import read_refs, refs_file, write_refs
    from triage.intake.rekeying import rekey_batch
    from triage.intake.tokens import load_key
    from triage.schema.batch import BATCH_CONTENTS, open_batch, write_batch
    from triage.writing import refuse_existing

    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_existing(refs_file(out), force=force)
    key, old = load_key(key_file), open_batch(batch)
    new = rekey_batch(old, key)
    refs: list[tuple[str, str]] = []
    if refs_file(batch).is_file():
        names = [row["where"] for row in old.set_aside.to_pylist()]
        for part in old.parts():
            names += part.tables["reports"]["report_id"].to_pylist()
        refs = [(key.bridge(token), number) for token, number in read_refs(batch, set(names))]
        write_refs(out, refs, force=force)
    meta = write_batch(out, new.parts(), new.meta, force=force)
    text = f"{out}: {counted(meta.rows['reports'], 'report')} under the new key" + (
        "" if refs else "; no way back to the senders' numbers was found beside the old batch"
    )
    say_result({"batch": str(out), "rows": meta.rows, "refs": len(refs)}, text, as_json=as_json)
