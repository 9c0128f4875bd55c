"""The list of a week: deadlines, the lottery, alternatives, and what is learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.engine.cases import ABSENT, ENDED, MAIN, TOP, WAITING
from triage.lab.engine.lottery import draw_systematic, share_chances, weigh_places
from triage.lab.staff.clock import WEEK
from triage.lab.stream import DAY
from triage.lab.trace import UNDETERMINED
from triage.lab.work.work import IDENTITIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.engine.simulate import Run

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LOTTERY = 0x1077E21
# Weeks over which an agency looks back to say what it can promise.
LATELY = 8


def settle_lots(run: Run) -> None:
    """Say which cases drawn by lot would have been opened by now without: their chance is 1.

    Those are the ones that escalate, those above the lowest that the order has opened since the last list,
    and those that would have had an earlier deadline to be kept than one that was. Only what was opened
    tells: the list's own forecast of the week may be wrong, and in a small pool many a case just below it is
    opened all the same.
    """
    cases, pool = run.cases, run.pool
    drawn = np.flatnonzero(cases.drawn)
    queue, held = run.queue[cases.version[drawn]], cases.held_due[drawn]
    sure = (queue == TOP) | ((queue == MAIN) & (cases.key[drawn] > pool.lowest))
    kept, last = pool.kept
    sure |= (held < kept) | ((held == kept) & (drawn < last))
    cases.spared[drawn[sure]] = -np.inf
    pool.begin_week()


def make_list(run: Run, week: int, at: float) -> None:
    """Make the list of a week, from what is known at its beginning.

    Parameters
    ----------
    run : Run
        Changed in place.
    week : int
        From 0.
    at : float
        Its beginning, in seconds since 1970.
    """
    here = np.flatnonzero(run.cases.state != ABSENT)
    if not len(here):
        return
    learned = _learn(run, week)
    if run.ranking.look_back(run.cases.version[here]) or learned:
        run.rank_again()
    if run.way.alternatives_below:
        _dispose(run, here, at)
    waiting = here[run.cases.state[here] == WAITING]
    queue = run.queue[run.cases.version[waiting]]
    ranked = waiting[queue == MAIN]
    ahead = int((queue == TOP).sum())
    hours = _sum_hours(run, at)
    planned = hours / _plan_hours(run, ranked)
    slots = run.way.audit_share * planned
    pace = _expect_ranked(run, week, hours, planned)
    _give_deadlines(run, ranked, ahead, pace, at)
    if slots:
        _draw_lots(run, week, ranked, ahead=ahead, pace=pace, slots=slots)
    run.fill_all(at)


def _learn(run: Run, week: int) -> bool:
    every = run.way.learn_weeks
    if not every or not week or week % every:
        return False
    cases = run.cases
    told = np.flatnonzero((cases.state == ENDED) & (cases.label < UNDETERMINED))
    inclusion = np.where(cases.drawn[told], -np.expm1(cases.spared[told]), 1.0)
    return run.ranking.learn(cases.opened_version[told], cases.label[told], inclusion)


def _sum_hours(run: Run, at: float) -> float:
    """Return the work that those who open ranked cases can do in a week, in average hours."""
    return sum(
        places * run.desk.clocks[clock].work(at, at + WEEK)
        for unit, clock, places in run.desk.groups
        if MAIN in run.desk.takes[unit]
    )


def _plan_hours(run: Run, ranked: Ints) -> float:
    """Return the mean hours planned for the opened cases; before there are any, for those that wait."""
    if run.findings.opened:
        return run.findings.expected / run.findings.opened
    levels = len(IDENTITIES)
    identity = run.stream.versions.identity[run.cases.version[ranked]] % levels
    share = np.bincount(identity, minlength=levels) / max(len(ranked), 1)
    mean = np.array(run.work.hours.mean)
    return float(share @ mean) or float(mean.mean())


def _expect_ranked(run: Run, week: int, hours: float, planned: float) -> float:
    """Return how many ranked cases will be opened this week, by what an hour brought lately.

    That counts what no plan knows: what escalates takes its share, and what was put aside goes on first.
    """
    opened = run.findings.opened - run.findings.escalated
    before = run.paces[-LATELY:]
    run.paces.append((hours, opened))
    if len(before) < LATELY:
        return max(0.0, planned - run.findings.escalated / max(week, 1))
    spent = sum(hours for hours, _ in before)
    return hours * (opened - before[0][1]) / spent if spent else planned


def find_best(key: Floats, number: int) -> Ints:
    """Return where the largest keys stand, in order; of equal ones the first.

    Examples
    --------
    >>> find_best(np.array([1.0, 3.0, 2.0, 3.0]), 3).tolist()
    [1, 3, 2]
    """
    if number <= 0:
        return np.zeros(0, dtype=np.int64)
    if number < len(key):
        edge = np.partition(key, len(key) - number)[len(key) - number]
        above = np.flatnonzero(key > edge)
        at_edge = np.flatnonzero(key == edge)[: number - len(above)]
        chosen = np.sort(np.concatenate([above, at_edge]))
    else:
        chosen = np.arange(len(key))
    return np.asarray(chosen[np.argsort(-key[chosen], kind="stable")])


def _give_deadlines(run: Run, ranked: Ints, ahead: int, pace: float, at: float) -> None:
    """Give deadlines to the cases that can be opened by the last of them, as the worklist does.

    Where deadlines are kept, those given earlier have their places already, and only what is left is given.
    """
    days = np.array(run.staff.tiers_days)
    month = pace * days[-1] / 7.0
    if run.way.deadlines:
        held = run.cases.promised[ranked]
        ahead, ranked = ahead + int(held.sum()), ranked[~held]
    best = ranked[find_best(run.cases.key[ranked], int(month) - ahead)]
    position = ahead + 1 + np.arange(len(best))
    tier = np.searchsorted(month * days / days[-1], position)
    due = at + days[np.minimum(tier, len(days) - 1)] * DAY
    earlier = due < run.cases.due_at[best]
    run.cases.due_at[best] = np.minimum(run.cases.due_at[best], due)
    if run.way.deadlines:
        run.cases.promised[best] = True
        _hold_drawn(run, best, due)
        for case, due_at in zip(best[earlier].tolist(), due[earlier].tolist(), strict=True):
            run.pool.promise(case, due_at)


def _hold_drawn(run: Run, best: Ints, due: Floats) -> None:
    """Note the deadline that cases drawn by lot would have been given, had they been passed over."""
    cases = run.cases
    drawn = np.flatnonzero(cases.drawn & np.isinf(cases.held_due))
    drawn = drawn[run.queue[cases.version[drawn]] == MAIN]
    place = np.searchsorted(-cases.key[best], -cases.key[drawn])
    above = place < len(best)
    cases.held_due[drawn[above]] = due[place[above]]


def _draw_lots(run: Run, week: int, ranked: Ints, *, ahead: int, pace: float, slots: float) -> None:
    """Draw cases from below what will be opened this week, denser near it.

    A case drawn in an earlier week keeps its place in the lottery as if it still waited, so that its chance
    goes on to add up: the chance over all weeks is what one over the chance undoes.
    """
    cases = run.cases
    earlier = np.flatnonzero(cases.drawn & np.isinf(cases.held_due))
    queue = run.queue[cases.version[earlier]]
    firm = cases.promised[ranked]
    ahead += int((firm & ~cases.drawn[ranked]).sum())
    pool = np.sort(np.concatenate([ranked[~firm], earlier[queue == MAIN]]))
    order = pool[find_best(cases.key[pool], len(pool))]
    cut = max(0, int(pace - slots) - ahead)
    below = order[cut:]
    if not len(below):
        return
    month = pace * run.staff.tiers_days[-1] / 7.0
    chance = share_chances(weigh_places(cut + np.arange(len(below)), month), slots)
    with np.errstate(divide="ignore"):
        cases.spared[below] += np.log1p(-chance)
    luck = np.random.default_rng([run.stream.seed, run.stream.draw, _LOTTERY, week]).random()
    drawn = below[draw_systematic(chance, luck)]
    fresh = drawn[~cases.drawn[drawn]]
    cases.drawn[fresh] = cases.promised[fresh] = True
    run.pool.draw(fresh.tolist())


def _dispose(run: Run, here: Ints, at: float) -> None:
    """Let identified cases of the lowest scores leave, the lowest first."""
    cases, versions, plan = run.cases, run.stream.versions, run.work.alternatives
    seen = np.sort(run.ranking.score(cases.version[here]))
    waited = (at - run.stream.arrival[here]) / DAY >= plan.after_days
    case = here[(cases.state[here] == WAITING) & waited & ~cases.drawn[here]]
    version = cases.version[case]
    known = [IDENTITIES.index(name) for name in plan.identities]
    fits = (run.queue[version] == MAIN) & np.isin(versions.identity[version] % len(IDENTITIES), known)
    fits &= run.urgency[version] < 0
    case, score = case[fits], run.ranking.score(version[fits])
    # Of equal scores, the middle of their places counts.
    place = (np.searchsorted(seen, score, "left") + np.searchsorted(seen, score, "right")) / 2
    low = place / len(seen) <= run.way.alternatives_below
    case, score = case[low], score[low]
    case = case[np.argsort(score, kind="stable")]
    for one in case[: int(min(plan.a_week, len(case)))].tolist():
        cases.disposed_at[one] = at
        cases.hours[one] += plan.hours
        run.leave(one, at)
