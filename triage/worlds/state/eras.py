"""When cases come, and which: the period cut wherever a change begins or ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.file.world import World

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Eras:
    """Stretches of the period between the days on which changes begin and end.

    Parameters
    ----------
    starts : array of int, shape (n_eras,)
        Ascending, in seconds since 1970; the first is the start of the period.
    in_force : tuple of frozenset of str
        The changes of each.
    """

    starts: Codes
    in_force: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.starts)

    def of(self, moments: Codes) -> Codes:
        """Return the era of each moment; the first for earlier ones, the last for later ones."""
        return np.maximum(np.searchsorted(self.starts, moments, side="right") - 1, 0).astype(np.int64)

    def under(self, changes: tuple[str, ...]) -> list[int]:
        """Return the eras in which any of some changes is in force."""
        return [place for place, names in enumerate(self.in_force) if names & {*changes}]


def find_eras(world: World) -> Eras:
    """Cut the period wherever a change begins or ends."""
    begin, end = int(world.start.timestamp()), int(world.end.timestamp())
    spans = {
        name: (int(change.start.timestamp()), int(change.end.timestamp()))
        for name, change in world.changes.items()
    }
    cuts = {begin} | {moment for span in spans.values() for moment in span if begin < moment < end}
    starts = np.array(sorted(cuts), dtype=np.int64)
    in_force = [
        frozenset(name for name, (first, last) in spans.items() if first <= start < last)
        for start in starts.tolist()
    ]
    return Eras(starts, tuple(in_force))


@dataclass(frozen=True)
class Calendar:
    """How many cases come when, and in which situations.

    Parameters
    ----------
    edges : array of int, shape (n_cells + 1,)
        Cells of time with an even stream, in seconds since 1970.
    cumulative : array, shape (n_cells,)
        Share of the cases that come up to the end of each cell.
    shares : array, shape (n_eras, n_situations)
        Shares of the situations among the cases of each era.
    """

    edges: Codes
    cumulative: Floats
    shares: Floats


def make_calendar(world: World, eras: Eras, shares: Floats) -> Calendar:
    """Lay out the stream of cases.

    Parameters
    ----------
    world : World
        As loaded.
    eras : Eras
        Its eras.
    shares : array, shape (n_situations,)
        Shares of the situations while no change is in force.
    """
    begin, end = int(world.start.timestamp()), int(world.end.timestamp())
    parts = begin + np.floor(np.arange(len(world.months) + 1) / len(world.months) * (end - begin))
    edges = np.unique(np.concatenate([parts.astype(np.int64), eras.starts]))
    edges = edges[(edges >= begin) & (edges <= end)]
    factor = np.ones((len(eras), len(shares)))
    names = [situation.name for situation in world.situations]
    for change, one in world.changes.items():
        for situation, times in one.volume.items():
            factor[eras.under((change,)), names.index(situation)] *= times
    volume = factor * shares
    if not (volume.sum(axis=1) > 0).all():
        raise InputRefusedError(
            "a time without any case", where=f"{world.path}, changes", expected="a volume above 0 at any time"
        )
    part = np.searchsorted(parts, edges[:-1], side="right") - 1
    weight = np.diff(edges) * np.array(world.months)[part] * volume.sum(axis=1)[eras.of(edges[:-1])]
    return Calendar(edges, np.cumsum(weight) / weight.sum(), volume / volume.sum(axis=1, keepdims=True))
