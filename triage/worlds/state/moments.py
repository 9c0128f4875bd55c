"""The oracle at any moment: the posterior of current abuse given what had been seen of a case by then.

The recursion is that of `triage.worlds.state.oracle`, over the reports received by the moment and the facts
known by it. One thing more is seen: how many reports have come. Of N reports of a case each later one comes
by a moment with the same chance F, so k are there with the chance ``C(N - 1, k - 1) (1 - F) ** (N - k)``,
up to what does not depend on N.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from triage.worlds.file.catalogue import MOST_REPORTS
from triage.worlds.skeleton import BURST, LAST_SECONDS
from triage.worlds.state.oracle import DECIMALS, go_forward, list_states, log_ratio, plan_sums, weigh_reports

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

REPORTS = ("value", "reports")
# Small enough slices keep the matrix of states in the processor's cache.
SLICE_MOMENTS = 400
_SPAN = 2**34


def solve_at(block: Block, case: Codes, at: Codes) -> Floats:
    """Compute the chance that the person whom a case is about abuses at a moment, as seen by then.

    Persons whose reports came under a wrong token, and further persons of a bundle, are summed out: their
    abuse is not asked for here, but what their reports show does not count for the person.

    Parameters
    ----------
    block : Block
        Drawn; its ledger holds what can be seen, and since when.
    case : array of int, shape (n_moments,)
        Ascending; a case may stand there any number of times.
    at : array of int, shape (n_moments,)
        Moments, in seconds since 1970; none before the first report of its case or after the period.

    Returns
    -------
    array, shape (n_moments,)
        Probabilities; facts that come after a moment have no part in them.
    """
    stages = _list_stages(block)
    parts = _sum_stages(block, stages)
    model = block.model
    sums, states = plan_sums(model, block.ledger.sheets), list_states(model.people)
    odds = np.empty(len(case))
    for low in range(0, len(case), SLICE_MOMENTS):
        chosen = slice(low, low + SLICE_MOMENTS)
        seen = _see(block, stages, case[chosen], at[chosen])
        used, which = np.unique(seen.stage, return_inverse=True)
        likelihood = weigh_reports(sums, [part[used] for part in parts], states)[which]
        factor = _weigh_number(block, case[chosen], at[chosen], np.diff(seen.start))
        found = go_forward(
            block, likelihood, seen.report, seen.start, case[chosen], ends=at[chosen], factor=factor
        )
        odds[chosen] = log_ratio(found.active.sum(axis=1), found.idle.sum(axis=1))
    return np.asarray(1 / (1 + np.exp(-np.round(odds, DECIMALS))))


@dataclass(frozen=True)
class _Stages:
    """What is seen of each report, from one moment at which something comes to the next.

    Parameters
    ----------
    report, since : array of int, shape (n_stages,)
        Sorted by report and time; the first of each report is its reception.
    """

    report: Codes
    since: Codes

    def find(self, report: Codes, at: Codes) -> Codes:
        """Return the stage in which each report is at a moment."""
        keys = self._key(self.report, self.since)
        return np.searchsorted(keys, self._key(report, at), side="right") - 1

    def _key(self, report: Codes, moment: Codes) -> Codes:
        return np.asarray(report * _SPAN + np.minimum(moment, _SPAN - 1))


def _list_stages(block: Block) -> _Stages:
    entries = [block.ledger.entries(sheet) for sheet in range(len(block.ledger.sheets))]
    report = np.concatenate([np.arange(len(block.reports)), *(one.report for one in entries)])
    since = np.concatenate([block.reports.received, *(one.since for one in entries)])
    seen = since <= block.as_of
    report, since = np.divmod(np.unique(report[seen] * _SPAN + since[seen]), _SPAN)
    return _Stages(report, since)


def _sum_stages(block: Block, stages: _Stages) -> list[Floats]:
    """Return, a sheet, the log-likelihood of what is seen in each stage, (n_stages, n_hidden)."""
    first = np.searchsorted(stages.report, stages.report)
    rank = np.arange(len(first)) - first
    parts = []
    for place, sheet in enumerate(block.ledger.sheets):
        one = block.ledger.entries(place)
        counts = one.since <= block.as_of
        if REPORTS in sheet.offsets:
            number = block.model.signals[REPORTS[1]]
            begin = sheet.offsets[REPORTS]
            end = begin + len(number.table) * len(number.values)
            counts &= (one.feature < begin) | (one.feature >= end)
        row = stages.find(one.report[counts], one.since[counts])
        part = sheet.add_up(row, one.feature[counts], len(rank))
        for step in range(1, int(rank.max(initial=0)) + 1):
            later = np.flatnonzero(rank == step)
            part[later] += part[later - 1]
        parts.append(part)
    return parts


@dataclass(frozen=True)
class _Seen:
    """The reports that had come by each of some moments.

    Parameters
    ----------
    report, stage : array of int, shape (n_seen,)
        By moment and time of reception.
    start : array of int, shape (n_moments + 1,)
        Where those of each moment stand.
    """

    report: Codes
    stage: Codes
    start: Codes


def _see(block: Block, stages: _Stages, case: Codes, at: Codes) -> _Seen:
    reports = block.reports
    first, last = np.searchsorted(reports.case, [case, case + 1])
    number = last - first
    moment = np.repeat(np.arange(len(case)), number)
    report = np.arange(len(moment)) + np.repeat(first - (np.cumsum(number) - number), number)
    come = reports.received[report] <= at[moment]
    moment, report = moment[come], report[come]
    order = np.lexsort((reports.ids.key()[report], reports.received[report], moment))
    moment, report = moment[order], report[order]
    start = np.searchsorted(moment, np.arange(len(case) + 1))
    return _Seen(report, stages.find(report, at[moment]), start)


def _weigh_number(block: Block, case: Codes, at: Codes, come: Codes) -> Floats:
    """Return the likelihood of how many reports have come; shape (n_moments, n_states).

    A case of nobody, or of a bundle, has one report and no more.
    """
    model, emission = block.model, block.model.signals[REPORTS[1]]
    first = block.reports.first[case]
    start = block.reports.received[first]
    left = np.maximum(model.as_of - LAST_SECONDS - start, 1)
    chance = np.clip((at - start) / left, 0, 1) ** (1 / BURST)
    number = np.arange(1, MOST_REPORTS + 1)
    with np.errstate(invalid="ignore"):
        ways = np.exp(
            gammaln(number) - gammaln(come)[:, None] - gammaln(np.maximum(number - come[:, None] + 1, 1))
        )
    still = (1 - chance)[:, None] ** np.maximum(number - come[:, None], 0)
    of_number = np.where(number >= come[:, None], ways * still, 0)
    low, high = emission.bands.T
    in_band = ((number[:, None] >= low) & (number[:, None] <= high)) / (high - low + 1)
    of_band = of_number @ in_band
    people = np.arange(len(model.people.share))
    place = emission.place(emission.hidden, model.people.codes, people)
    known = emission.place(emission.known, block.known, first)
    found = np.ones((len(case), len(people)))
    several = np.flatnonzero(block.named[case] & (block.bundled[case] == 0))
    for era in np.unique(known[several]):
        those = several[known[several] == era]
        found[those] = of_band[those] @ emission.table[era, place].T
    return np.asarray(found / found.max(axis=1, keepdims=True))
