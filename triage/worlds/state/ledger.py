"""What can be seen of each report, as counts of table entries: all that the posterior needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.state.emission import Emission
    from triage.worlds.state.model import Model

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Key = tuple[str, str]


@dataclass(frozen=True)
class Sheet:
    """The emissions that rest on the same hidden quantities, one below the other.

    Parameters
    ----------
    axes : dict of str to int
        The hidden quantities -> how many values each has.
    offsets : dict of (str, str) to int
        Kind and name of an emission -> its first row in `logs`.
    logs : array, shape (n_features, n_hidden)
        Log-probabilities.
    """

    axes: dict[str, int]
    offsets: dict[Key, int]
    logs: Floats


def make_sheets(model: Model) -> list[Sheet]:
    """Lay out the tables of a model; what rests on nothing hidden tells nothing and is left out.

    A hidden quantity of reports has one row for each state of what is known: its probabilities.
    """
    by_axes: dict[tuple[tuple[str, int], ...], list[tuple[Key, Floats]]] = {}
    for kind, emissions in (("value", model.signals), ("told", model.told)):
        for name, emission in emissions.items():
            if emission.hidden:
                by_axes.setdefault(tuple(emission.hidden.items()), []).append(
                    ((kind, name), emission.log_table())
                )
    for name, emission in model.report_nuisances.items():
        axes = (*emission.hidden.items(), (name, len(emission.values)))
        n_known = len(emission.table)
        logs = emission.log_table().reshape(n_known, len(emission.values), -1).transpose(0, 2, 1)
        by_axes.setdefault(axes, []).append((("nuisance", name), logs.reshape(n_known, -1)))
    sheets = []
    for axes, members in by_axes.items():
        starts = np.cumsum([0, *(len(table) for _, table in members)])
        offsets = {key: int(start) for (key, _), start in zip(members, starts, strict=False)}
        sheets.append(Sheet(dict(axes), offsets, np.vstack([table for _, table in members])))
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

    def note(self, key: Key, emission: Emission, report: Codes, known: Codes, codes: Codes) -> None:
        """Count observed values, one a row, given the number of what is known in each."""
        self._count(key, report, known * len(emission.values) + codes)

    def note_nuisance(self, name: str, known: Codes) -> None:
        """Count what is known of each report for the probabilities of a hidden quantity."""
        self._count(("nuisance", name), np.arange(len(known)), known)

    def _count(self, key: Key, report: Codes, feature: Codes) -> None:
        for sheet, entries in zip(self.sheets, self._entries, strict=True):
            if key in sheet.offsets:
                entries.append((report, sheet.offsets[key] + feature))

    def log_likelihood(self, n_reports: int) -> list[Floats]:
        """Return, a sheet, the log-likelihood of each report in each of its hidden states."""
        found = []
        for sheet, entries in zip(self.sheets, self._entries, strict=True):
            report = np.concatenate([entry[0] for entry in entries]) if entries else np.empty(0, np.int64)
            feature = np.concatenate([entry[1] for entry in entries]) if entries else report
            shape = (n_reports, len(sheet.logs))
            counts = csr_array((np.ones(len(report)), (report, feature)), shape=shape)
            found.append(np.asarray(counts @ sheet.logs))
        return found
