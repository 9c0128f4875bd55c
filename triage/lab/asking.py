"""Read a what-if from a line of text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.lab.whatif import Drift, WhatIf, list_what_ifs, load_what_if

if TYPE_CHECKING:
    from triage.worlds.file.world import World

# What counts as noise, and how facts drift, stands in these files with its source.
_NOISE, _DRIFT = "noise-halved", "unnoticed-drift"
_EXPECTED = (
    "volume=FACTOR, noise=SHARE, drift=DATE, or the name of a change of the world, joined by +; or one of "
)


def parse_what_if(text: str, world: World) -> WhatIf:
    """Read a what-if: a shipped one by its name, or changes joined by plus.

    In ``volume=2+noise=0.5+platform_dark``, ``volume=2`` doubles the cases; ``noise=0.5`` takes out half of
    those that say nothing of a child (as ``noise-halved`` has them, as far as the world has);
    ``drift=2017-07-01`` lets facts mean something else from that day on, and nobody tells the models; any
    other word is a change in the file of the world, switched on.

    Parameters
    ----------
    text : str
        As written; empty for the world as it is.
    world : World
        For which it is meant.

    Raises
    ------
    InputRefusedError
        A word stands twice, or a number cannot be meant. A change that the world does not have is refused
        where the world is made.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> change = parse_what_if("volume=2+noise=0.5", load_world("nl-2017"))
    >>> change.volume, change.noise_removed, change.noise
    (2.0, 0.5, ('viral_sharer', 'not_abuse_material', 'hosting_only'))
    """
    if text.strip() in list_what_ifs():
        return load_what_if(text.strip(), world)
    words = [word.strip() for word in text.split("+")] if text.strip() else []
    keys = [word.partition("=")[0] for word in words]
    if len(set(keys)) < len(keys) or not all(keys):
        raise InputRefusedError(
            f"{text[:60]!r}", where="--what-if", expected=f"{_EXPECTED}{', '.join(list_what_ifs())}"
        )
    said = dict(zip(keys, (word.partition("=")[2] for word in words), strict=True))
    return WhatIf(
        name=text.strip() or WhatIf().name,
        volume=_number("volume", said.pop("volume", "1"), 0.01, 100),
        noise_removed=_number("noise", said.pop("noise", "0"), 0, 1),
        noise=load_what_if(_NOISE, world).noise,
        drift=_drift(said.pop("drift"), world) if "drift" in said else None,
        switches=_switches(said),
    )


def _switches(said: dict[str, str]) -> tuple[str, ...]:
    for word, value in said.items():
        if value:
            raise InputRefusedError(
                f"{word[:60]}={value[:40]}",
                where="--what-if",
                expected=f"{_EXPECTED}{', '.join(list_what_ifs())}",
            )
    return tuple(said)


def _number(word: str, value: str, low: float, high: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise InputRefusedError(
            f"{word}={value[:40]}", where="--what-if", expected=f"a number from {low:g} to {high:g}"
        )
    return number


def _drift(value: str, world: World) -> Drift:
    try:
        start = datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        start = world.end
    if not world.start <= start < world.end:
        raise InputRefusedError(
            f"drift={value[:40]}",
            where="--what-if",
            expected=f"a day of the period, from {world.start.date()} to {world.end.date()}",
        )
    shipped = load_what_if(_DRIFT, world).drift
    return Drift(start, shipped.draw if shipped else 1)
