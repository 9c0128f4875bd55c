"""What if the stream were another one: more of it, less noise in it, or changed from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.worlds.file.load import load_world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from triage.worlds.file.world import World


@dataclass(frozen=True)
class Drift:
    """Abuse shows in other facts from a day on, and nobody tells the models.

    Parameters
    ----------
    start : datetime
        The first day.
    draw : int
        Which draw of the world's effects holds from then on (`triage.worlds.state.effects.draw_effects`).
    """

    start: datetime
    draw: int


@dataclass(frozen=True)
class WhatIf:
    """A change of the stream.

    Parameters
    ----------
    name : str
        How results are headed.
    volume : float
        Factor on the number of cases. The cases of the unchanged stream stay, and others come to them.
    noise_removed : float
        Share of the cases of `noise` that never arrive.
    noise : tuple of str
        Situations that are noise.
    others_removed : float
        Share of all other cases that are removed with them by mistake.
    switches : tuple of str
        Changes of the world's own file that are switched on.
    drift : Drift, optional
        A change of what facts tell.
    """

    name: str = "as it is"
    volume: float = 1.0
    noise_removed: float = 0.0
    noise: tuple[str, ...] = ()
    others_removed: float = 0.0
    switches: tuple[str, ...] = ()
    drift: Drift | None = None


def switch_on(world: World, names: Sequence[str]) -> World:
    """Return a world with some of the changes in its file switched on.

    Examples
    --------
    >>> [*switch_on(load_world("nl-2017"), ["platform_dark"]).changes]
    ['platform_dark']
    """
    return load_world(world.path, on=names)
