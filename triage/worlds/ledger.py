"""What can be seen of each case, as counts of table entries: all that the posterior needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.emission import Emission, Model

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """The emissions that rest on the same hidden quantities, one below the other.

    Parameters
    ----------
    axes : tuple of str
        The hidden quantities.
    offsets : dict of (str, str) to int
        Kind and name of an emission -> its first row in `logs`.
    logs : array, shape (n_features, n_groups)
        Log-probabilities.
    group : array of int, shape (n_states,)
        Group of each hidden state.
    """

    axes: tuple[str, ...]
    offsets: dict[tuple[str, str], int]
    logs: Floats
    group: Codes


def make_sheets(model: Model) -> list[Sheet]:
    """Lay out the tables of a model; what rests on nothing hidden tells nothing and is left out."""
    by_axes: dict[tuple[str, ...], list[tuple[tuple[str, str], Emission]]] = {}
    for kind, emissions in (("value", model.signals), ("told", model.told)):
        for name, emission in emissions.items():
            if emission.axes:
                by_axes.setdefault(emission.axes, []).append(((kind, name), emission))
    sheets = []
    for axes, members in by_axes.items():
        tables = [emission.log_table() for _, emission in members]
        starts = np.cumsum([0, *(len(table) for table in tables)])
        offsets = {key: int(start) for (key, _), start in zip(members, starts, strict=False)}
        sheets.append(Sheet(axes, offsets, np.vstack(tables), members[0][1].group))
    return sheets


@dataclass
class Ledger:
    """The observations of a block of cases.

    Parameters
    ----------
    sheets : list of Sheet
        Where each observation counts.
    """

    sheets: list[Sheet]
    _entries: list[list[tuple[Codes, Codes]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._entries = [[] for _ in self.sheets]

    def note(
        self, key: tuple[str, str], emission: Emission, case: Codes, codes: Codes, given: Codes | None = None
    ) -> None:
        """Count observed values, one a row."""
        for sheet, entries in zip(self.sheets, self._entries, strict=True):
            if key in sheet.offsets:
                feature = sheet.offsets[key] + codes
                if given is not None and len(emission.table) > 1:
                    feature = feature + len(emission.values) * given
                entries.append((case, feature))

    def log_likelihood(self, n_cases: int) -> list[Floats]:
        """Return, a sheet, the log-likelihood of each case in each group of states."""
        found = []
        for sheet, entries in zip(self.sheets, self._entries, strict=True):
            case = np.concatenate([entry[0] for entry in entries]) if entries else np.empty(0, dtype=np.int64)
            feature = np.concatenate([entry[1] for entry in entries]) if entries else case
            shape = (n_cases, len(sheet.logs))
            counts = csr_array((np.ones(len(case)), (case, feature)), shape=shape)
            found.append(np.asarray(counts @ sheet.logs))
        return found
