"""``triage simulate``: what several ways of working do to the time until a child is reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from triage.cli.say import force_option, json_option, progress, refuse_inputs, say_result

if TYPE_CHECKING:
    from triage.lab.report.assumptions import Assumption

POLICIES = ("arrival", "urgency", "expert", "oracle")
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
@click.option("--detectives", type=click.IntRange(min=1), help="Another number of detectives; units keep their shares.")
@click.option(
    "--joining", type=click.IntRange(min=1), help="So many more detectives, new ones, who join in the first week."
)
@click.option("--weeks", type=click.IntRange(min=1), help="Default: the period of the world.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=10, show_default=True, help="How many periods are simulated."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the first; the others follow."
)
@click.option(
    "--cases", type=click.IntRange(min=1), help="In each period, with a part of the staff. Default: the world's own size."
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
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes; the result is the same."
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
