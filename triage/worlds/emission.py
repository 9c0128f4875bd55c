"""Probability tables: the chance of each value of a signal in each hidden state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.catalogue import SIGNALS
from triage.worlds.latents import Latents, enumerate_states, hidden_axes
from triage.worlds.load import SOURCES
from triage.worlds.world import NEVER, Chances, Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.world import World

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

TOLD = ("untold", "told")
ALWAYS_TOLD = Rule((0.0, 1.0), {})
# Stands for the logarithm of 0: any state that it enters ends with a posterior of exactly 0.
LOG_ZERO = -1e5


@dataclass(frozen=True)
class Emission:
    """The table of one categorical quantity.

    Parameters
    ----------
    values : tuple of str
        Its categories.
    axes : tuple of str
        The hidden quantities on which it rests.
    group : array of int, shape (n_states,)
        States that agree on `axes` share a group.
    table : array, shape (n_given, n_groups, n_values)
        The probabilities.
    cumulative : array, shape (n_given * n_groups, n_values - 1)
        For drawing.
    bands : array, shape (n_values, 2)
        Range of each category, for quantities; otherwise empty.
    """

    values: tuple[str, ...]
    axes: tuple[str, ...]
    group: Codes
    table: Floats
    cumulative: Floats
    bands: Floats

    def draw(self, uniform: Floats, states: Codes, given: Codes | None = None) -> Codes:
        """Return the value of each row for uniform numbers, by inversion."""
        n_given, n_groups, _ = self.table.shape
        row = self.group[states]
        if given is not None and n_given > 1:
            row = row + n_groups * given
        if not len(self.cumulative[0]):
            return np.zeros(len(row), dtype=np.int64)
        return np.asarray((uniform[:, None] >= self.cumulative[row]).sum(axis=1), dtype=np.int64)

    def whole(self, rng: np.random.Generator, codes: Codes) -> Codes:
        """Return whole numbers, each value of a band as likely as any other; 0 where the code is -1."""
        bands = np.vstack([self.bands, [0, 0]]).astype(np.int64)
        return np.asarray(rng.integers(bands[codes, 0], bands[codes, 1], endpoint=True), dtype=np.int64)

    def within(self, rng: np.random.Generator, codes: Codes) -> Floats:
        """Return numbers inside their bands: log-uniform, or uniform in a band that starts at 0."""
        low, high = np.vstack([self.bands, [0, 0]])[codes].T
        part = rng.random(len(codes))
        ratio = np.divide(high, low, out=np.ones_like(high), where=low > 0)
        return np.asarray(np.where(low > 0, low * ratio**part, high * part), dtype=np.float64)

    def log_table(self) -> Floats:
        """Return log-probabilities, shape (n_given * n_values, n_groups)."""
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(self.table), LOG_ZERO)
        n_given, n_groups, n_values = self.table.shape
        return logs.transpose(0, 2, 1).reshape(n_given * n_values, n_groups)


@dataclass(frozen=True)
class Model:
    """A world made ready for drawing and for the posterior.

    Parameters
    ----------
    world : World
        What was read.
    latents : Latents
        Its hidden states.
    signals, told, delays : dict of str to Emission
        Values, whether the reporter fills them in, and days until they are known.
    """

    world: World
    latents: Latents
    signals: dict[str, Emission]
    told: dict[str, Emission]
    delays: dict[str, Emission]


def tabulate(
    chances: Chances, latents: Latents, given: tuple[str, ...] = (), axis: str = "given"
) -> Emission:
    """Turn rules into a table.

    Parameters
    ----------
    chances : Chances
        Values and rules.
    latents : Latents
        The hidden states.
    given : tuple of str
        Values of the known quantity that rules may select by.
    axis : str
        What the rules call it.

    Returns
    -------
    Emission
        A later rule has overridden earlier ones.
    """
    axes = hidden_axes(chances.rules, latents)
    group, example = latents.classes(axes)
    used = given if any(axis in rule.where for rule in chances.rules) else given[:1] or ("",)
    table = np.zeros((len(used), len(example), len(chances.values)))
    for rule in chances.rules:
        hidden = latents.selected({a: v for a, v in rule.where.items() if a != axis}, example)
        known = np.isin(used, rule.where.get(axis, used))
        table[np.outer(known, hidden)] = rule.p
    table /= table.sum(axis=2, keepdims=True)
    cumulative = np.cumsum(table, axis=2)[:, :, :-1].reshape(-1, len(chances.values) - 1)
    bands = np.array(chances.bands, dtype=np.float64).reshape(-1, 2)
    return Emission(chances.values, axes, group, table, cumulative, bands)


def compile_world(world: World) -> Model:
    """Make a world ready.

    Examples
    --------
    >>> from triage.worlds.load import load_world
    >>> model = compile_world(load_world("nl-2017"))
    >>> model.signals["hash_status"].axes
    ('material',)
    """
    latents = enumerate_states(world)
    signals: dict[str, Emission] = {}
    told: dict[str, Emission] = {}
    for name, signal in world.signals.items():
        rests_on = SIGNALS[name].given
        given = SOURCES if rests_on == "source" else signals[rests_on].values if rests_on else ()
        signals[name] = tabulate(signal.chances, latents, given)
        rules = tuple(Rule((1 - rule.p[0], rule.p[0]), rule.where) for rule in signal.told)
        told[name] = tabulate(Chances(TOLD, rules or (ALWAYS_TOLD,)), latents, SOURCES, "source")
    delays = {name: tabulate(chances, latents, SOURCES) for name, chances in world.delays.items()}
    return Model(world, latents, signals, told, delays)


def is_never(emission: Emission) -> NDArray[np.bool_]:
    """Say which values of a delay mean that it never happens."""
    return np.array([value == NEVER for value in emission.values])
