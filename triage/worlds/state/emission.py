"""Probability tables: the chance of each value of a quantity, in each hidden state, given what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.file.world import NEVER
from triage.worlds.state.effects import scale_contrast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.worlds.file.world import Chances
    from triage.worlds.state.eras import Eras

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Axes = Mapping[str, tuple[str, ...]]

# Stands for the logarithm of 0: any state that it enters ends with a posterior of exactly 0.
LOG_ZERO = -1e5
DURING = "during"


@dataclass(frozen=True)
class Emission:
    """The table of one categorical quantity.

    Parameters
    ----------
    values : tuple of str
        Its categories.
    known, hidden : mapping of str to int
        The quantities on which it rests -> how many values each has.
    table : array, shape (n_known, n_hidden, n_values)
        The probabilities, for each combination of what is known and what is hidden.
    cumulative : array, shape (n_known * n_hidden, n_values - 1)
        For drawing.
    bands : array, shape (n_values, 2)
        Range of each category, for quantities; otherwise empty.
    """

    values: tuple[str, ...]
    known: Mapping[str, int]
    hidden: Mapping[str, int]
    table: Floats
    cumulative: Floats
    bands: Floats

    def place(self, axes: Mapping[str, int], codes: Mapping[str, Codes], rows: Codes) -> Codes:
        """Return the number of each row's combination of some axes."""
        place = np.zeros(len(rows), dtype=np.int64)
        for axis, size in axes.items():
            place = place * size + codes[axis][rows]
        return place

    def draw(self, uniform: Floats, known: Codes, hidden: Codes) -> Codes:
        """Return the value of each row for uniform numbers, by inversion."""
        if len(self.values) == 1:
            return np.zeros(len(uniform), dtype=np.int64)
        row = known * self.table.shape[1] + hidden
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
        """Return log-probabilities, shape (n_known * n_values, n_hidden)."""
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(self.table), LOG_ZERO)
        n_known, n_hidden, n_values = self.table.shape
        return logs.transpose(0, 2, 1).reshape(n_known * n_values, n_hidden)

    def never(self) -> NDArray[np.bool_]:
        """Say which values of a delay mean that it never happens."""
        return np.array([value == NEVER for value in self.values])


def tabulate(
    chances: Chances, hidden: Axes, known: Axes, eras: Eras | None = None, size: float = 1.0
) -> Emission:
    """Turn rules into a table.

    Parameters
    ----------
    chances : Chances
        Values and rules.
    hidden, known : mapping of str to tuple of str
        What the rules may select by -> its values; of the axis ``during`` the values are the eras.
    eras : Eras, optional
        In which the changes are in force.
    size : float
        Of the effect of current abuse (`triage.worlds.state.effects.scale_contrast`).

    Returns
    -------
    Emission
        It rests on the axes that any rule names, and on no other.
    """
    named = {axis for rule in chances.rules for axis in rule.where}
    axes = {axis: values for axis, values in {**known, **hidden}.items() if axis in named}
    table = np.ones((*map(len, axes.values()), len(chances.values)))
    everywhere = {axis: list(range(len(values))) for axis, values in axes.items()}
    for rule in chances.rules:
        chosen = dict(everywhere)
        for axis, values in rule.where.items():
            if axis == DURING and eras is not None:
                chosen[axis] = eras.under(values)
            else:
                chosen[axis] = [axes[axis].index(value) for value in values]
        cells = np.ix_(*chosen.values(), range(len(chances.values)))
        found = (
            table[cells] * rule.weights
            if rule.multiplies
            else np.broadcast_to(rule.weights, table[cells].shape)
        )
        table[cells] = found / np.maximum(found.sum(axis=-1, keepdims=True), 1e-300)
    if "current" in axes:
        place = list(axes).index("current")
        without, with_abuse = np.moveaxis(table, place, 0)
        np.moveaxis(table, place, 0)[1] = scale_contrast(without, with_abuse, size)
    n_known = int(np.prod([len(values) for axis, values in axes.items() if axis in known], dtype=np.int64))
    table = table.reshape(n_known, -1, len(chances.values))
    return Emission(
        chances.values,
        {axis: len(values) for axis, values in axes.items() if axis in known},
        {axis: len(values) for axis, values in axes.items() if axis in hidden},
        table,
        np.cumsum(table, axis=2)[:, :, :-1].reshape(table.shape[0] * table.shape[1], -1)
        if len(chances.values) > 1
        else np.empty((table.shape[0] * table.shape[1], 0)),
        np.array(chances.bands, dtype=np.float64).reshape(-1, 2),
    )
