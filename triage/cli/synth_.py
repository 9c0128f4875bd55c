"""``triage synth``: a synthetic batch from a world."""

from __future__ import annotations

from pathlib import Path

import click

from triage.cli.say import force_option, json_option, progress, say_result


@click.command("synth")
@click.argument("world")
@click.option("--cases", type=click.IntRange(min=0), required=True, help="Number of cases.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same bytes."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@force_option
@json_option
def command(world: str, cases: int, seed: int, out: Path, *, force: bool, as_json: bool) -> None:
    """Make a synthetic batch of WORLD: the name of a shipped world, or the path of a world file.

    The truth goes beside the batch, into OUT-truth, never into it.
    """
    from triage.worlds import load_world, write_world

    with progress("simulating", cases) as done:
        meta = write_world(load_world(world), cases, seed, out, force=force, progress=done)
    truth = out.with_name(out.name + "-truth")
    result = {"batch": str(out), "truth": str(truth), "cases": cases, "rows": meta.rows, "seed": seed}
    rows = f"{meta.rows.get('reports', 0):,} reports and {sum(meta.rows.values()):,} rows"
    say_result(result, f"{out}: {cases:,} cases, {rows}, all synthetic; truth in {truth}", as_json=as_json)
