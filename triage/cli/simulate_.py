"""``triage simulate``: what several ways of working do to the time until a child is reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli.say import force_option, json_option, say_result
from triage.cli.worlds import count_cases, jobs_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.lab.optimise import Capacity
    from triage.lab.report import Assumption, Summary
    from triage.lab.runs import Runs
    from triage.lab.staff import Staff
    from triage.worlds import World

POLICIES = ("arrival", "four-step", "expert", "oracle")
CONTENTS = frozenset({"report.html", "report.txt", "runs.json", "runs.csv", "measures.csv"})


@click.command("simulate", epilog="docs/lab.md says what is assumed, and what no simulation can know.")
@click.argument("world")
@click.option(
    "--policy",
    multiple=True,
    default=POLICIES,
    show_default=True,
    help="A way of working: an order (arrival, oracle, a model or a bundle folder), then what else holds: "
    "expert+audit=0.05+ageing=90+deadlines+refer+alternatives=0.3; after a comma a change by week: "
    "rules,26=expert. Escalated cases come first under all; expert+escalation=off is the order alone. May be "
    "repeated; all are compared with the first.",
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
    "something else, unnoticed), or a change of the world such as platform_dark; several joined by +. Or one "
    "by its name: growth-57, growth-100, noise-halved, platform-dark, generated-flood, unnoticed-drift.",
)
@click.option(
    "--reach",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Also find the smallest staff that reaches this share of the children in time, under each policy.",
)
@click.option(
    "--within",
    type=click.FloatRange(min=1),
    default=90,
    show_default=True,
    metavar="DAYS",
    help="With --reach: within so many days of the first report.",
)
@click.option(
    "--sure",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    metavar="SHARE",
    help="With --reach: how sure that has to be.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    help="With --reach: more detectives are not tried. Default: 16 times the staff.",
)
@click.option(
    "--again-days",
    type=click.FloatRange(min=1),
    default=28,
    show_default=True,
    metavar="DAYS",
    help="A case of which nothing new is heard is scored anew after so many days.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make: page, text, JSON, CSV.")
@jobs_option
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
    reach: float | None,
    within: float,
    sure: float,
    most: int | None,
    again_days: float,
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

    With --what-if, --detectives or --joining the same is lived through without them too, and the result
    says what they change: what if reports double (--what-if growth-100), what if ten new detectives join
    (--joining 10).

    With --reach 0.5 --within 90 it also says how many detectives it takes to reach half of the children
    within 90 days, or that no number of them does, and what one more detective brings.
    """
    from triage.lab.asking import parse_what_if
    from triage.lab.optimise import Goal, find_staff
    from triage.lab.report import compare_change, describe_change, summarise, write_report
    from triage.lab.runs import simulate_ways
    from triage.lab.ways import parse_ways
    from triage.lab.work import load_work
    from triage.worlds import load_world
    from triage.writing import refuse_existing

    if out:
        refuse_existing(out, force=force, contents=CONTENTS)
    loaded, ways, work_done = load_world(world), parse_ways(policy), load_work(work)
    change = parse_what_if(what_if, loaded)
    number = count_cases(loaded, cases)
    crew = _gather_staff(staff, loaded, number, detectives, joining)
    plain = _gather_staff(staff, loaded, number, None, None)
    if joining is not None and crew.joining == plain.joining:
        raise click.UsageError(f"Of so few cases '--joining {joining}' is nobody; take more of both.")
    says = describe_change(change, crew, plain)
    common: dict[str, Any] = {
        "cases": number,
        "weeks": weeks,
        "seeds": range(seed, seed + seeds),
        "jobs": jobs,
        "work": work_done,
        "change": change,
        "again_days": again_days,
    }
    capacities: tuple[Capacity, ...] = ()
    if reach is not None:
        _refuse_search(seeds, crew, most)
        capacities = find_staff(loaded, ways, crew, Goal(reach, within, sure), most=most, **common)
    runs = simulate_ways(loaded, ways, crew, **common)
    before = simulate_ways(loaded, ways, plain, **common | {"change": None}) if says else None
    summary = summarise(
        runs,
        cases=number,
        assumptions=tuple(_read_assumptions(staff, work)),
        capacities=capacities,
        detectives=crew.detectives,
        changed=compare_change(before, runs, says) if before else None,
    )
    about: dict[str, Any] = {
        "cases": number,
        "detectives": crew.detectives,
        "again_days": again_days,
        "capacity": [one.as_dict() for one in capacities],
    }
    if summary.changed and before:
        about |= {"changed": summary.changed.as_dict(), "without_the_change": before.as_dict()}
    if out:
        _write(out, summary, runs, about, force=force)
    written = f"\n\n{out}: {', '.join(sorted(CONTENTS))}" if out else ""
    result = about | runs.as_dict() if as_json else {}
    say_result(result, f"{write_report(summary)}{written}", as_json=as_json)


def _refuse_search(seeds: int, staff: Staff, most: int | None) -> None:
    if seeds < 2:
        raise click.UsageError("'--reach' asks how sure it is, which takes '--seeds 2' or more.")
    if most is not None and most < staff.detectives:
        raise click.UsageError(f"'--most {most}' is less than the staff of {staff.detectives}.")


def _gather_staff(name: str, world: World, cases: int, detectives: int | None, joining: int | None) -> Staff:
    """Return the staff with the changes that were asked for; a part of it for a part of the cases."""
    from triage.lab.staff import load_staff

    staff = load_staff(name)
    if detectives is not None:
        staff = staff.with_detectives(detectives)
    if joining is not None:
        staff = staff.with_joining(joining)
    return staff.for_cases(world, cases)


def _read_assumptions(staff: str, work: str) -> Iterator[Assumption]:
    from triage.lab.files import find_file
    from triage.lab.report import read_assumptions

    yield from read_assumptions(find_file("staff", staff))
    yield from read_assumptions(find_file("work", work))


def _write(out: Path, summary: Summary, runs: Runs, about: dict[str, Any], *, force: bool) -> None:
    from triage.lab.report import save_page, write_report
    from triage.writing import write_folder

    with write_folder(out, contents=CONTENTS, force=force) as folder:
        save_page(summary, folder / "report.html")
        (folder / "report.txt").write_text(f"{write_report(summary)}\n", encoding="utf-8")
        (folder / "runs.json").write_text(f"{runs.to_json(**about)}\n", encoding="utf-8")
        runs.to_frame().to_csv(folder / "runs.csv", index=False)
        runs.summarise().to_csv(folder / "measures.csv", index=False)
