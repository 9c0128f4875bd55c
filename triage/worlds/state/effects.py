"""How strongly current abuse shows in each fact, in the world as written and in other draws of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.worlds.file.world import Rule, World

    Floats = NDArray[np.float64]

# Keeps a ratio finite where a value occurs under one condition alone.
LEAST_CHANCE = 1e-4


@dataclass(frozen=True)
class Sizes:
    """The effects of one draw of a world.

    Parameters
    ----------
    of : mapping of str to float
        Fact or cause -> factor on the logarithm of its effect: 1 as written, 0 none, negative turned round.
    shares : array, shape (n_situations,)
        Shares of the cases.
    current : array, shape (n_situations,)
        Shares of persons who abuse.
    """

    of: Mapping[str, float]
    shares: Floats
    current: Floats


def name_effects(world: World) -> list[str]:
    """Return what can differ with current abuse, or cause it: facts, told facts, nuisances and causes.

    Examples
    --------
    >>> from triage.worlds.file.load import load_world
    >>> "signals.prior_records" in name_effects(load_world("nl-2017"))
    True
    """

    def rests(rules: Sequence[Rule]) -> bool:
        return any("current" in rule.where for rule in rules)

    names = [f"signals.{name}" for name, one in world.signals.items() if rests(one.chances.rules)]
    names += [f"told.{name}" for name, one in world.signals.items() if rests(one.told)]
    names += [f"nuisances.{name}" for name, one in world.report_nuisances.items() if rests(one.rules)]
    return names + [f"causes.{name}" for name in world.causes]


def draw_effects(world: World, draw: int) -> Sizes:
    """Draw the sizes of all effects; draw 0 is the world as written.

    In another draw each effect keeps its shape and changes its size by a log-normal factor; a stated share of
    the effects, rounded up, vanishes and another turns round. What is hidden stays as common as a log-normal
    factor makes it.

    Parameters
    ----------
    world : World
        As loaded.
    draw : int
        Any whole number from 0 on; the same number gives the same draw.
    """
    names, effects = name_effects(world), world.effects
    shares = np.array([situation.share for situation in world.situations])
    current = np.array([situation.current for situation in world.situations])
    size = np.full(len(names), effects.strength)
    if draw:
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([draw, *world.name.encode()])))
        size *= np.exp(rng.normal(0, effects.spread, len(names)))
        order = rng.permutation(len(names))
        vanish = ceil(effects.null * len(names))
        size[order[:vanish]] = 0
        size[order[vanish : vanish + ceil(effects.turned * len(names))]] *= -1
        shares *= np.exp(rng.normal(0, effects.prevalence, len(shares)))
        odds = current / (1 - current) * np.exp(rng.normal(0, effects.prevalence, len(current)))
        current = odds / (1 + odds)
    return Sizes(dict(zip(names, size.tolist(), strict=True)), shares / shares.sum(), current)


def scale_contrast(without: Floats, with_abuse: Floats, size: float) -> Floats:
    """Scale how probabilities with current abuse differ from those without.

    ``p' ~ p0 * (p1 / p0) ** size``, normalised over the last axis.

    Parameters
    ----------
    without, with_abuse : array, shape (..., n_values)
        Probabilities p0 and p1.
    size : float
        1 gives p1 and 0 gives p0.

    Examples
    --------
    >>> scale_contrast(np.array([0.5, 0.5]), np.array([0.8, 0.2]), 2.0).round(3).tolist()
    [0.941, 0.059]
    """
    if size == 1:
        return with_abuse
    if size == 0:
        return without
    possible = (without > 0) | (with_abuse > 0)
    ratio = (with_abuse + LEAST_CHANCE) / (without + LEAST_CHANCE)
    weights = np.where(possible, (without + LEAST_CHANCE) * ratio**size, 0)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
