"""What if the stream were another one: more of it, less noise in it, or changed from a day on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.files import check_basis
from triage.scoring.written import read_toml
from triage.shipped import find_shipped, list_shipped
from triage.worlds.file.load import load_world
from triage.worlds.file.section import Section

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from triage.worlds.file.world import World


MOST_VOLUME = 100.0


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
    about : str
        The same in plain words; empty where the name says it.
    """

    name: str = "as it is"
    volume: float = 1.0
    noise_removed: float = 0.0
    noise: tuple[str, ...] = ()
    others_removed: float = 0.0
    switches: tuple[str, ...] = ()
    drift: Drift | None = None
    about: str = ""


def load_what_if(name: str, world: World) -> WhatIf:
    """Load a shipped change of the stream, as far as a world has what it is about.

    Parameters
    ----------
    name : str
        For example ``growth-57``.
    world : World
        For which it is meant: its period, its situations, its changes.

    Raises
    ------
    InputRefusedError
        There is no such change, or a number in its file cannot be meant.

    Examples
    --------
    >>> load_what_if("growth-57", load_world("nl-2017")).volume
    1.57
    >>> list_what_ifs()[:3]
    ['generated-flood', 'growth-100', 'growth-57']
    """
    if name not in list_what_ifs():
        raise InputRefusedError(
            "no such change of the stream", where=name[:200] or "what if", expected=", ".join(list_what_ifs())
        )
    path = find_shipped("models", "what-if", f"{name}.toml")
    content = read_toml(path)
    check_basis(content, str(path))
    top = Section(content, str(path))
    for told in ("class", "source"):
        top.text(told)
    noise = top.texts("noise") if "noise" in top else ()
    change = WhatIf(
        name=top.text("name"),
        about=top.text("about"),
        volume=top.positive("volume", MOST_VOLUME**-1, MOST_VOLUME) if "volume" in top else 1.0,
        noise_removed=top.share("noise_removed") if "noise_removed" in top else 0.0,
        noise=tuple(one.name for one in world.situations if one.name in noise),
        others_removed=top.share("others_removed") if "others_removed" in top else 0.0,
        switches=top.texts("switches") if "switches" in top else (),
        drift=_read_drift(top.section("drift"), world) if "drift" in top else None,
    )
    top.refuse_others()
    return change


def _read_drift(section: Section, world: World) -> Drift:
    start = world.start + section.share("after") * (world.end - world.start)
    drift = Drift(start, section.integer("draw"))
    section.refuse_others()
    return drift


def list_what_ifs() -> list[str]:
    """Return the names of the shipped changes of the stream."""
    return list_shipped("models", "what-if/*.toml")


def switch_on(world: World, names: Sequence[str]) -> World:
    """Return a world with some of the changes in its file switched on.

    Examples
    --------
    >>> [*switch_on(load_world("nl-2017"), ["platform_dark"]).changes]
    ['platform_dark']
    """
    return load_world(world.path, on=names)


def expect_volume(world: World) -> float:
    """Return how many cases come with the changes of a world that are on, for each one without them.

    A world of a stated size has that many cases whatever is on, in other shares. What a platform no longer
    reports, or a flood brings, has to change the size.

    Examples
    --------
    >>> world = load_world("nl-2017")
    >>> expect_volume(world), round(expect_volume(switch_on(world, ["generated_flood"])), 3)
    (1.0, 1.041)
    """
    begin, end = world.start.timestamp(), world.end.timestamp()
    parts = np.linspace(begin, end, len(world.months) + 1)
    turns = [one.timestamp() for change in world.changes.values() for one in (change.start, change.end)]
    edges = np.unique(np.clip([*parts, *turns], begin, end))
    lasts = np.diff(edges) * np.array(world.months)[np.searchsorted(parts, edges[:-1], side="right") - 1]
    volume = np.array([_volume_at(world, at) for at in edges[:-1].tolist()])
    return float(lasts @ volume / (lasts.sum() * sum(one.share for one in world.situations)))


def _volume_at(world: World, at: float) -> float:
    on = [one for one in world.changes.values() if one.start.timestamp() <= at < one.end.timestamp()]
    return sum(
        situation.share * math.prod(one.volume.get(situation.name, 1.0) for one in on)
        for situation in world.situations
    )
