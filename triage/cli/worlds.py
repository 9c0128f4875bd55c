"""What the commands that draw from a world share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from triage.worlds.file.world import World

# Beyond this nobody draws a world of its own size by accident.
MOST_BY_DEFAULT = 200_000

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes; the result is the same, byte for byte.",
)


def count_cases(world: World, cases: int | None) -> int:
    """Return how many cases are drawn: as many as were asked for, or the world's own size.

    Raises
    ------
    click.UsageError
        None were asked for, and the world is so large that it takes a decision.
    """
    from triage.worlds.state.model import natural_size

    if cases is not None:
        return cases
    number = natural_size(world)
    if number > MOST_BY_DEFAULT:
        raise click.UsageError(f"{world.name} stands for {number:,} cases; say how many with '--cases'.")
    return number
