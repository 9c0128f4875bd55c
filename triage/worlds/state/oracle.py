"""The oracle: the exact posterior probability of current abuse given all that can be seen.

Given whether abuse goes on, the person's hidden state and what is hidden of the report, all facts of a report
are independent, so its likelihood is a sum over what is hidden of it. Along the reports of a case, abuse is a
Markov chain (`triage.worlds.state.spells`), so the likelihood of a case is found by the forward recursion of
hidden Markov models (Rabiner 1989, section III A). With a known chance a later report is about somebody else,
of whom nothing else is seen; and a bundle names further persons, each as likely to abuse as the one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.worlds.state.model import MOST_STATES, refuse_too_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.state.ledger import Sheet
    from triage.worlds.state.model import Model, People

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Axes = dict[str, int]

# Small enough slices keep the matrix of states in the processor's cache.
SLICE_CASES = 250
# Rounding the log-odds keeps the last bits of a sum, which differ between processors, out of the files.
DECIMALS = 8
MOST_CERTAIN = 1e-300


@dataclass(frozen=True)
class Posterior:
    """What the oracle says of each case.

    Parameters
    ----------
    abuse : array, shape (n_cases,)
        Probability that any person of the case abuses at the end of the period.
    situation : array, shape (n_cases, n_situations)
        Probability of each situation of the person whose token the case has.
    """

    abuse: Floats
    situation: Floats


@dataclass(frozen=True)
class Sum:
    """How to sum out what is hidden of a report: some of its quantities at a time.

    Parameters
    ----------
    sheets : tuple of int
        The sheets that rest on them.
    places : tuple of array of int, shape (n_outer, n_inner)
        For each sheet, the column of each combination of what stays and what is summed out.
    axes : dict of str to int
        What stays, and how many values each has.
    """

    sheets: tuple[int, ...]
    places: tuple[Codes, ...]
    axes: Axes


def plan_sums(model: Model, sheets: Sequence[Sheet]) -> list[Sum]:
    """Group the sheets whose hidden quantities of reports must be summed out together."""
    inner = {*model.report_nuisances}
    clusters: list[tuple[set[str], list[int]]] = []
    for number, sheet in enumerate(sheets):
        own, members = {*sheet.axes} & inner, [number]
        for cluster in [cluster for cluster in clusters if cluster[0] & own]:
            clusters.remove(cluster)
            own, members = own | cluster[0], cluster[1] + members
        clusters.append((own, sorted(members)))
    sums = []
    for own, members in clusters:
        sizes = {axis: size for number in members for axis, size in sheets[number].axes.items()}
        refuse_too_many(prod(sizes.values()), MOST_STATES, "nuisances of reports", model.world)
        outer = {axis: size for axis, size in sizes.items() if axis not in own}
        codes = _combinations({**outer, **{axis: sizes[axis] for axis in sizes if axis in own}})
        shape = (prod(outer.values()), -1)
        places = tuple(_place(sheets[number].axes, codes).reshape(shape) for number in members)
        sums.append(Sum(tuple(members), places, outer))
    return sums


def _combinations(sizes: Mapping[str, int]) -> dict[str, Codes]:
    grid = np.array(list(product(*map(range, sizes.values()))), dtype=np.int64).reshape(-1, len(sizes))
    return {axis: grid[:, place] for place, axis in enumerate(sizes)}


def _place(axes: Axes, codes: Mapping[str, Codes]) -> Codes:
    place = np.zeros(len(next(iter(codes.values()))) if codes else 1, dtype=np.int64)
    for axis, size in axes.items():
        place = place * size + codes[axis]
    return place


def solve(block: Block) -> Posterior:
    """Compute the posterior of every case of a block.

    Parameters
    ----------
    block : Block
        Drawn; its ledger holds what can be seen.
    """
    model, reports, n_cases = block.model, block.reports, len(block)
    people, sheets = model.people, block.ledger.sheets
    parts, sums = block.ledger.log_likelihood(len(reports), block.as_of), plan_sums(model, sheets)
    states = list_states(people)
    order = np.lexsort((reports.ids.key(), reports.received, reports.case))
    start = np.searchsorted(reports.case[order], np.arange(n_cases + 1))
    ends = np.full(n_cases, model.as_of)
    odds, situation = np.empty(n_cases), np.empty((n_cases, len(model.world.situations)))
    of_situation = np.eye(len(model.world.situations))[people.codes["situation"]]
    for low in range(0, n_cases, SLICE_CASES):
        high = min(low + SLICE_CASES, n_cases)
        rows = order[start[low] : start[high]]
        likelihood = weigh_reports(sums, [part[rows] for part in parts], states)
        found = go_forward(
            block,
            likelihood,
            rows,
            start[low : high + 1] - start[low],
            np.arange(low, high),
            ends=ends[low:high],
        )
        odds[low:high] = log_ratio(found.anybody, found.nobody)
        share = (found.idle + found.active) @ of_situation
        situation[low:high] = share / share.sum(axis=1, keepdims=True)
    if np.isnan(odds).any():
        raise InputRefusedError(
            "a case that cannot be",
            where=str(model.world.path),
            expected="numbers that leave it a probability",
        )
    rounded = np.round(odds, DECIMALS)
    return Posterior(np.asarray(1 / (1 + np.exp(-rounded))), np.round(situation, DECIMALS))


def list_states(people: People) -> dict[str, Codes]:
    """Return the value of each hidden quantity in each state of abuse and person, (2 * n_states,) each."""
    states = {axis: np.tile(codes, 2) for axis, codes in people.codes.items()}
    return states | {"current": np.repeat([0, 1], len(people.share))}


def log_ratio(one: Floats, other: Floats) -> Floats:
    """Return the logarithm of a ratio of weights."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(one) - np.log(np.maximum(other, MOST_CERTAIN)))


def weigh_reports(sums: Iterable[Sum], parts: list[Floats], states: Mapping[str, Codes]) -> Floats:
    """Return the likelihood of each report, (n_reports, 2, n_states), up to a factor a report.

    Parameters
    ----------
    sums : iterable of Sum
        What is summed out (`plan_sums`).
    parts : list of array, shape (n_reports, n_hidden)
        The log-likelihood of each report, a sheet.
    states : mapping of str to array of int
        The states (`list_states`).
    """
    logs = _sum_out(sums, parts, states)
    logs -= logs.max(axis=1, keepdims=True)
    return np.asarray(np.exp(logs).reshape(len(logs), 2, -1))


def _sum_out(sums: Iterable[Sum], parts: list[Floats], states: Mapping[str, Codes]) -> Floats:
    """Return the log-likelihood of each report in each state of abuse and person: (n_reports, n_states)."""
    tables: list[tuple[Axes, Floats]] = []
    for one in sums:
        total = parts[one.sheets[0]][:, one.places[0]]
        for sheet, place in zip(one.sheets[1:], one.places[1:], strict=True):
            total += parts[sheet][:, place]
        if total.shape[2] == 1:
            tables.append((one.axes, total[:, :, 0]))
            continue
        highest = total.max(axis=2)
        np.exp(total - highest[:, :, None], out=total)
        tables.append((one.axes, highest + np.log(total.sum(axis=2))))
    return _add_up(tables, states)


def _add_up(tables: list[tuple[Axes, Floats]], states: Mapping[str, Codes]) -> Floats:
    """Add tables over different axes, the small ones first, so that few are laid out over all states."""
    waiting = sorted(tables, key=lambda one: prod(one[0].values()))
    whole: Floats | None = None
    while waiting:
        axes, table = waiting.pop(0)
        wider = next((one for one in waiting if {*axes} <= {*one[0]}), None)
        if wider is None:
            laid_out = table[:, _place(axes, states)]
            whole = laid_out if whole is None else whole + laid_out
        else:
            wider[1][...] += table[:, _place(axes, _combinations(wider[0]))]
    if whole is None:
        raise AssertionError
    return whole


@dataclass(frozen=True)
class Forward:
    """Where the recursion ends; weights of one case share a factor.

    Parameters
    ----------
    anybody, nobody : array, shape (n_cases,)
        Weight of the event that anybody of the case abuses at the end, and of its opposite.
    idle, active : array, shape (n_cases, n_states)
        Weight of each state of the person whom the case is about, without and with abuse at the end.
    """

    anybody: Floats
    nobody: Floats
    idle: Floats
    active: Floats


def go_forward(
    block: Block,
    likelihood: Floats,
    rows: Codes,
    start: Codes,
    cases: Codes,
    *,
    ends: Codes,
    factor: Floats | None = None,
) -> Forward:
    """Run the forward recursion over some cases.

    Parameters
    ----------
    block : Block
        The cases.
    likelihood : array, shape (n_reports, 2, n_states)
        Of each report, without and with abuse going on.
    rows : array of int, shape (n_reports,)
        The reports, by case and time.
    start : array of int, shape (n_cases + 1,)
        Where the reports of each case stand.
    cases : array of int, shape (n_cases,)
        The cases; one may stand there more than once.
    ends : array of int, shape (n_cases,)
        When to look, not before the last report, in seconds since 1970.
    factor : array, shape (n_cases, n_states), optional
        The likelihood of what is seen of a case as a whole, where it stands in no report.
    """
    model, reports = block.model, block.reports
    people, wrong = model.people, model.world.linking.wrong
    era, received = block.known["during"][rows], reports.received[rows]
    number, first = np.diff(start), start[:-1]
    idle, active = _weigh(people, people.prior, era[first], likelihood[first])
    if factor is not None:
        idle, active = idle * factor, active * factor
    # Two recursions: over everything, and over what is compatible with no stranger abusing at the end.
    calm_idle, calm_active = idle.copy(), active.copy()
    for step in range(1, int(number.max(initial=1))):
        going = np.flatnonzero(number > step)
        now = first[going] + step
        seconds = received[now] - received[now - 1]
        strange_idle, strange_active = _weigh(people, people.strangers, era[now], likelihood[now])
        strange = wrong * (strange_idle + strange_active).sum(axis=1)[:, None]
        calm = (
            wrong
            * _move(people, strange_idle, strange_active, ends[going] - received[now])[0].sum(axis=1)[:, None]
        )
        own_idle, own_active = (1 - wrong) * likelihood[now].transpose(1, 0, 2)
        before, going_on = _move(people, idle[going], active[going], seconds)
        calm_before, calm_on = _move(people, calm_idle[going], calm_active[going], seconds)
        before, going_on = before * (own_idle + strange), going_on * (own_active + strange)
        scale = (before + going_on).sum(axis=1, keepdims=True)
        idle[going], active[going] = before / scale, going_on / scale
        calm_idle[going] = calm_before * (own_idle + calm) / scale
        calm_active[going] = calm_on * (own_active + calm) / scale
    left = ends - received[first + number - 1]
    idle, active = _move(people, idle, active, left)
    weight = idle + active
    none, any_abuse = idle.sum(axis=1), active.sum(axis=1)
    among = np.flatnonzero((number > 1) | (block.bundled[cases] > 0))
    quiet = _move(people, calm_idle[among], calm_active[among], left[among])[0]
    others = (1 - people.share) ** block.bundled[cases[among]][:, None]
    none[among] = (quiet * others).sum(axis=1)
    any_abuse[among] = np.maximum(weight[among].sum(axis=1) - none[among], 0)
    return Forward(any_abuse, none, idle, active)


def _weigh(people: People, prior: Floats, era: Codes, likelihood: Floats) -> tuple[Floats, Floats]:
    """Return the weight of each state of a person without and with abuse, (n_reports, n_states) each."""
    before = prior[era] if len(prior) > 1 else prior
    return before * (1 - people.share) * likelihood[:, 0], before * people.share * likelihood[:, 1]


def _move(people: People, idle: Floats, active: Floats, seconds: Codes) -> tuple[Floats, Floats]:
    """Let time pass: return the weights without and with abuse some seconds later."""
    settled = -np.expm1(-people.rate * seconds[:, None])
    begun = settled * (people.share * idle - (1 - people.share) * active)
    return idle - begun, active + begun
