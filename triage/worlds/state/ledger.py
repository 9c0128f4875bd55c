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

# Later than any moment.
NEVER = np.iinfo(np.int64).max


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

    def add_up(self, row: Codes, feature: Codes, n_rows: int) -> Floats:
        """Return the sum of the log-probabilities of some features in each of some rows."""
        counts = csr_array((np.ones(len(row)), (row, feature)), shape=(n_rows, len(self.logs)))
        return np.asarray(counts @ self.logs)


@dataclass(frozen=True)
class Entries:
    """Observations, one entry each.

    Parameters
    ----------
    report, feature : array of int, shape (n_entries,)
        The report, and the row of the sheet.
    since : array of int, shape (n_entries,)
        From when on it can be seen, in seconds since 1970; `NEVER` where it cannot.
    """

    report: Codes
    feature: Codes
    since: Codes


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
    _entries: list[list[tuple[Codes, Codes, Codes]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._entries = [[] for _ in self.sheets]

    def note(
        self, key: Key, emission: Emission, report: Codes, known: Codes, codes: Codes, *, since: Codes
    ) -> None:
        """Count observed values, one a row, given the number of what is known in each, from a time on."""
        self._count(key, report, known * len(emission.values) + codes, since)

    def note_nuisance(self, name: str, known: Codes, since: Codes) -> None:
        """Count what is known of each report for the probabilities of a hidden quantity."""
        self._count(("nuisance", name), np.arange(len(known)), known, since)

    def _count(self, key: Key, report: Codes, feature: Codes, since: Codes) -> None:
        for sheet, entries in zip(self.sheets, self._entries, strict=True):
            if key in sheet.offsets:
                entries.append((report, sheet.offsets[key] + feature, since))

    def entries(self, sheet: int) -> Entries:
        """Return what was observed on a sheet, one entry a row."""
        entries = self._entries[sheet]
        if not entries:
            return Entries(*(np.empty(0, np.int64) for _ in range(3)))
        return Entries(*(np.concatenate(column) for column in zip(*entries, strict=True)))

    def log_likelihood(self, n_reports: int, by: int) -> list[Floats]:
        """Return, a sheet, the log-likelihood of what is seen of each report by a time."""
        found = []
        for place, sheet in enumerate(self.sheets):
            one = self.entries(place)
            seen = one.since <= by
            found.append(sheet.add_up(one.report[seen], one.feature[seen], n_reports))
        return found
