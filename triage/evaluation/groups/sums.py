"""Sums over the cases of each group: before the cut, tied at it, and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.evaluation.groups.attributes import Atoms, Partition
    from triage.evaluation.inputs import Cases, FloatArray
    from triage.evaluation.ranking import Cut

ROWS, WEIGHT, SQUARED = 0, 1, 2
BEFORE, TIED, AFTER = 0, 1, 2


@dataclass(frozen=True, eq=False)
class AtomSums:
    """Sums over the cases of each atom, by where their score lies and by outcome.

    Parameters
    ----------
    level : array of shape (levels,)
        The scores at which some capacity cuts, rising.
    counted : array of shape (atoms, zones, 2, 3)
        Rows, weights and squared weights, by outcome. Zone 2i + 1 is the i-th level itself; even zones lie
        between two levels.
    expected : array of shape (atoms,)
        Sum of weight times probability; empty where no probability was given.
    """

    level: NDArray[np.generic]
    counted: FloatArray
    expected: FloatArray

    def at(self, cut: Cut) -> FloatArray:
        """Return the sums before, at and after a cut, of shape (atoms, 3, 2, 3)."""
        zone = 2 * int(np.searchsorted(self.level, cut.score)) + 1
        after, tied, before = (
            self.counted[:, place].sum(axis=1)
            for place in (slice(0, zone), slice(zone, zone + 1), slice(zone + 1, None))
        )
        return np.stack([before, tied, after], axis=1)


def sum_atoms(cases: Cases, atoms: Atoms, cuts: tuple[Cut, ...]) -> AtomSums:
    """Sum cases over atoms in one pass, whatever the number of groups and capacities."""
    score = np.asarray(cases.score)
    level = np.unique([cut.score for cut in cuts])
    # Each comparison moves a case up one zone: below, at, or above a level.
    zone = np.zeros(len(score), dtype=np.int64)
    for one in level.tolist():
        zone += (score >= one).view(np.int8)
        zone += (score > one).view(np.int8)
    shape = (len(atoms.codes), 2 * len(level) + 1, 2)
    key = (atoms.case * shape[1] + zone) * 2 + cases.outcome.astype(np.int64)
    size = int(np.prod(shape))
    rows = np.bincount(key, minlength=size).astype(np.float64)
    columns = [rows, rows, rows]
    if cases.weighted:
        columns[1:] = [add_up(key, cases.weight**power, size) for power in (1, 2)]
    expected = np.empty(0)
    if cases.probability is not None:
        expected = add_up(atoms.case, cases.weight * cases.probability, shape[0])
    return AtomSums(level, np.stack(columns, axis=-1).reshape(*shape, 3), expected)


def add_up(codes: NDArray[np.int64], values: FloatArray, size: int) -> FloatArray:
    """Sum values over cases of the same code."""
    total: FloatArray = np.bincount(codes, weights=values, minlength=size).astype(np.float64)
    return total


def membership(partitions: tuple[Partition, ...]) -> csr_array:
    """Return which atoms belong to which group, of shape (groups, atoms), partition after partition."""
    sizes = [len(one.labels) for one in partitions]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    atoms = len(partitions[0].codes)
    group = np.concatenate([start + one.codes for start, one in zip(starts, partitions, strict=True)])
    atom = np.tile(np.arange(atoms), len(partitions))
    return csr_array((np.ones(len(group)), (group, atom)), shape=(sum(sizes), atoms))


def sum_groups(members: csr_array, values: FloatArray) -> FloatArray:
    """Sum the values of atoms over the groups they belong to."""
    flat = values.reshape(len(values), -1)
    total: FloatArray = (members @ flat).reshape(-1, *values.shape[1:])
    return total
