"""``triage synth``: a synthetic batch from a world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import force_option, json_option, progress, say_result
from triage.cli.worlds import count_cases, jobs_option

if TYPE_CHECKING:
    from triage.schema.meta import BatchMeta
    from triage.worlds.file.world import World

DESCRIBED_CASES = 50_000
WORLDS = (
    "nl-2017",
    "nl-2011-2016",
    "hotline",
    "clearinghouse",
    "livestream",
    "drift",
    "sparse",
    "fair",
    "null",
)


@dataclass(frozen=True)
class Run:
    """What holds for whatever is made of a world."""

    seed: int
    draw: int
    jobs: int
    force: bool
    as_json: bool


def _print_template(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        from triage.worlds.template import read_world_template

        click.echo(read_world_template(), nl=False)
        context.exit()


@click.command("synth", epilog="Shipped worlds: " + ", ".join(WORLDS) + ".")
@click.argument("world")
@click.option(
    "--cases", type=click.IntRange(min=0), help="Number of cases; without it, the world's own size."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same bytes."
)
@click.option(
    "--draw",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Another draw of the world's effects; 0 is the world as written.",
)
@jobs_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make.")
@click.option(
    "--template",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_template,
    help="Print a world file to start from, with every key explained, and do nothing else.",
)
@click.option(
    "--describe",
    is_flag=True,
    help="Print the published numbers of the world beside its own, or all that is measured; write nothing.",
)
@click.option(
    "--convicted",
    type=click.IntRange(min=2),
    help="Instead of a stream of reports, this many convicted persons, 45 % of whom ever abused a child.",
)
@force_option
@json_option
def command(
    world: str,
    *,
    cases: int | None,
    seed: int,
    draw: int,
    jobs: int,
    out: Path | None,
    convicted: int | None,
    describe: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Make a synthetic batch of WORLD: the name of a shipped world, or the path of a world file.

    The truth goes beside the batch, into OUT-truth, never into it.
    """
    from triage.worlds import load_world

    if describe and (out is not None or convicted is not None):
        raise click.UsageError("'--describe' writes nothing; leave '--out' and '--convicted' out.")
    loaded, run = load_world(world), Run(seed, draw, jobs, force, as_json)
    if describe:
        _describe(loaded, cases, run)
    elif out is None:
        raise click.UsageError("Missing option '--out': the folder to make (or '--describe').")
    elif convicted is None:
        _write(loaded, cases, out, run)
    elif cases is None:
        _write_convicted(loaded, convicted, out, run)
    else:
        raise click.UsageError("'--convicted' says how many; leave '--cases' out.")


def _describe(world: World, cases: int | None, run: Run) -> None:
    from triage.cli.describing import description_as_dict, draw_description, draw_prosecution
    from triage.cli.say import console
    from triage.worlds.describe import describe_prosecution, describe_world

    number = DESCRIBED_CASES if cases is None else cases
    with progress("simulating", number) as done:
        frame = describe_world(
            world, number, run.seed, draw=run.draw, everything=not world.published, progress=done
        )
    table = describe_prosecution(world, run.seed, draw=run.draw)
    if run.as_json:
        result = description_as_dict(frame, world=world.name, cases=number, seed=run.seed)
        result["prosecution"] = table.to_dict("records")
        say_result(result, "", as_json=True)
        return
    width = console().width
    for shown in draw_description(frame, world=world.name, cases=number, seed=run.seed, width=width):
        console().print(shown)
    if len(table):
        console().print(draw_prosecution(table))


def _write_convicted(world: World, convicted: int, out: Path, run: Run) -> None:
    from triage.worlds.convicted import write_convicted

    meta = write_convicted(world, convicted, run.seed, out, draw=run.draw, force=run.force)
    _say_written(world, out, meta, f"{convicted:,} convicted persons", run)


def _write(world: World, cases: int | None, out: Path, run: Run) -> None:
    from triage.worlds import write_world

    number = count_cases(world, cases)
    with progress("simulating", number) as done:
        meta = write_world(
            world, number, run.seed, out, draw=run.draw, jobs=run.jobs, force=run.force, progress=done
        )
    _say_written(world, out, meta, f"{number:,} cases", run)


def _say_written(world: World, out: Path, meta: BatchMeta, what: str, run: Run) -> None:
    from triage.worlds import truth_folder

    truth = truth_folder(out)
    result = {
        "world": world.name,
        "seed": run.seed,
        "draw": run.draw,
        "batch": str(out),
        "truth": str(truth),
        "rows": meta.rows,
    }
    rows = f"{meta.rows.get('reports', 0):,} reports and {sum(meta.rows.values()):,} rows"
    say_result(result, f"{out}: {what}, {rows}, all synthetic; truth in {truth}", as_json=run.as_json)
