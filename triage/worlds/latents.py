"""The hidden states of a case: situation, current abuse and nuisances, and how likely each is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.world import CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.worlds.world import Chances, Rule, World

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Latents:
    """All hidden states that can occur.

    Parameters
    ----------
    axes : dict of str to tuple of str
        Name of each hidden quantity -> its values; situation and current first.
    codes : dict of str to array of int, shape (n_states,)
        Value of each quantity in each state.
    prior : array, shape (n_states,)
        Probability of each state; positive, sums to 1.
    """

    axes: dict[str, tuple[str, ...]]
    codes: dict[str, Codes]
    prior: Floats

    def classes(self, axes: Sequence[str]) -> tuple[Codes, Codes]:
        """Group states that agree on some axes.

        Parameters
        ----------
        axes : sequence of str
            The axes that matter.

        Returns
        -------
        group : array of int, shape (n_states,)
            Group of each state.
        example : array of int, shape (n_groups,)
            One state of each group.
        """
        key = np.zeros(len(self.prior), dtype=np.int64)
        for axis in axes:
            key = key * len(self.axes[axis]) + self.codes[axis]
        _, example, group = np.unique(key, return_index=True, return_inverse=True)
        return group.astype(np.int64), example.astype(np.int64)

    def selected(self, where: dict[str, tuple[str, ...]], states: Codes) -> NDArray[np.bool_]:
        """Say for which of some states the hidden part of a rule holds."""
        holds = np.ones(len(states), dtype=bool)
        for axis, values in where.items():
            chosen = [self.axes[axis].index(value) for value in values]
            holds &= np.isin(self.codes[axis][states], chosen)
        return holds


def enumerate_states(world: World) -> Latents:
    """List every hidden state of a world that can occur, with its probability.

    Examples
    --------
    >>> from triage.worlds.load import load_world
    >>> latents = enumerate_states(load_world("nl-2017"))
    >>> round(float(latents.prior.sum()), 9)
    1.0
    """
    names = tuple(situation.name for situation in world.situations)
    axes = {"situation": names, "current": CURRENT}
    axes |= {name: chances.values for name, chances in world.nuisances.items()}
    combinations = np.array(list(product(*(range(len(values)) for values in axes.values()))), dtype=np.int64)
    codes = {name: combinations[:, i] for i, name in enumerate(axes)}
    share = np.array([situation.share for situation in world.situations])
    current = np.array([situation.current for situation in world.situations])
    prior = share[codes["situation"]] * np.where(
        codes["current"] == 1, current[codes["situation"]], 1 - current[codes["situation"]]
    )
    everything = Latents(axes, codes, prior)
    for name, chances in world.nuisances.items():
        prior = prior * nuisance_given_state(everything, chances)[np.arange(len(prior)), codes[name]]
    kept = prior > 0
    return Latents(axes, {name: code[kept] for name, code in codes.items()}, prior[kept] / prior.sum())


def nuisance_given_state(latents: Latents, chances: Chances) -> Floats:
    """Return the probability of each value of a nuisance in each state, shape (n_states, n_values)."""
    table = np.zeros((len(latents.prior), len(chances.values)))
    for rule in chances.rules:
        table[latents.selected(dict(rule.where), np.arange(len(table)))] = rule.p
    return table


def hidden_axes(rules: Sequence[Rule], latents: Latents) -> tuple[str, ...]:
    """Return the hidden quantities that any of the rules selects by, in order."""
    named = {axis for rule in rules for axis in rule.where}
    return tuple(axis for axis in latents.axes if axis in named)
