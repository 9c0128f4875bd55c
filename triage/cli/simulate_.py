"""``triage simulate``: what several ways of working do to the time until a child is reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import force_option, json_option, say_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.lab.report import Assumption, Summary
    from triage.lab.runs import Runs
    from triage.lab.staff import Staff
    from triage.worlds import World

POLICIES = ("arrival", "urgency", "expert", "oracle")
# Beyond this nobody simulates a world of its own size by accident.
MOST_BY_DEFAULT = 200_000
CONTENTS = frozenset({"report.html", "report.txt", "runs.json", "runs.csv"})


@click.command("simulate", epilog="docs/lab.md says what is assumed, and what no simulation can know.")
@click.argument("world")
@click.option(
    "--policy",
    multiple=True,
    default=POLICIES,
    show_default=True,
    help="A way of working: an order (arrival, oracle, a model or a bundle folder), then what else holds: "
    "expert+audit=0.05+ageing=90+deadlines+refer+alternatives=0.3; after a comma a change by week: "
    "rules,26=expert. May be repeated; all are compared with the first.",
)
@click.option("--staff", default="nl-2017", show_default=True, help="Name or TOML file: who works.")
@click.option(
    "--work", default="default", show_default=True, help="Name or TOML file: what work takes and finds."
)
@click.option(
    "--detectives", type=click.IntRange(min=1), help="Another number of detectives; units keep their shares."
)
@click.option(
    "--joining",
    type=click.IntRange(min=1),
    help="So many more detectives, new ones, who join in the first week.",
)
@click.option("--weeks", type=click.IntRange(min=1), help="Default: the period of the world.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many periods are simulated.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the first; the others follow.",
)
@click.option(
    "--cases",
    type=click.IntRange(min=1),
    help="In each period, with a part of the staff. Default: the world's own size.",
)
@click.option(
    "--what-if",
    default="",
    metavar="CHANGES",
    help="volume=2 (reports double), noise=0.5 (half of the noise is gone), drift=DATE (facts come to mean "
    "something else, unnoticed), or a change of the world such as platform_dark; several joined by +.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make: page, text, JSON and CSV.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes; the result is the same.",
)
@force_option
@json_option
def command(  # noqa: PLR0917 - click passes options by name
    world: str,
    policy: tuple[str, ...],
    staff: str,
    work: str,
    detectives: int | None,
    joining: int | None,
    weeks: int | None,
    seeds: int,
    seed: int,
    cases: int | None,
    what_if: str,
    out: Path | None,
    jobs: int,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Live through a period of WORLD under several ways of working, and count which children are reached.

    WORLD is the name of a shipped world or the path of a world file. Every way of working lives through
    the same reports with the same staff and the same luck. How many children are reached, how soon, at
    whose expense; what waits; what can still be learned afterwards. All of it is synthetic.
    """
    from triage.lab.asking import parse_what_if
    from triage.lab.report import summarise, write_report
    from triage.lab.runs import run
    from triage.lab.ways import parse_ways
    from triage.lab.work import load_work
    from triage.worlds import load_world
    from triage.writing import refuse_existing

    if out:
        refuse_existing(out, force=force, contents=CONTENTS)
    loaded, ways, work_done = load_world(world), parse_ways(policy), load_work(work)
    change = parse_what_if(what_if, loaded)
    number = _count_cases(loaded, cases)
    crew = _gather_staff(staff, loaded, number, detectives, joining)
    runs = run(
        loaded,
        ways,
        crew,
        cases=number,
        weeks=weeks,
        seeds=range(seed, seed + seeds),
        jobs=jobs,
        work=work_done,
        change=change,
    )
    summary = summarise(runs, cases=number, assumptions=tuple(_read_assumptions(staff, work)))
    if out:
        _write(out, summary, runs, force=force)
    written = f"\n\n{out}: {', '.join(sorted(CONTENTS))}" if out else ""
    result = {"cases": number, "detectives": crew.detectives, **runs.as_dict()} if as_json else {}
    say_result(result, f"{write_report(summary)}{written}", as_json=as_json)


def _count_cases(world: World, cases: int | None) -> int:
    from triage.worlds.state.model import natural_size

    number = natural_size(world) if cases is None else cases
    if cases is None and number > MOST_BY_DEFAULT:
        raise click.UsageError(f"{world.name} stands for {number:,} cases; say how many with '--cases'.")
    return number


def _gather_staff(name: str, world: World, cases: int, detectives: int | None, joining: int | None) -> Staff:
    """Return the staff with the changes that were asked for; a part of it for a part of the cases."""
    from triage.lab.staff import load_staff
    from triage.worlds.state.model import natural_size

    staff = load_staff(name)
    if detectives is not None:
        staff = staff.with_detectives(detectives)
    if joining is not None:
        staff = staff.with_joining(joining)
    whole = natural_size(world)
    return staff if cases >= whole else staff.scaled(cases / whole)


def _read_assumptions(staff: str, work: str) -> Iterator[Assumption]:
    from triage.lab.report import read_assumptions
    from triage.lab.report.assumptions import find_file

    for folder, name in (("staff", staff), ("work", work)):
        yield from read_assumptions(find_file(folder, name))


def _write(out: Path, summary: Summary, runs: Runs, *, force: bool) -> None:
    from triage.lab.report import save_page, write_report
    from triage.writing import write_folder

    with write_folder(out, contents=CONTENTS, force=force) as folder:
        save_page(summary, folder / "report.html")
        (folder / "report.txt").write_text(f"{write_report(summary)}\n", encoding="utf-8")
        (folder / "runs.json").write_text(f"{runs.to_json()}\n", encoding="utf-8")
        runs.to_frame().to_csv(folder / "runs.csv", index=False)
