"""Which cases were opened: a lottery a case, by what was known on the day of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from triage.worlds.file.world import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.file.world import Policy
    from triage.worlds.state.model import Model

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

REASONS = ("reporter_escalation", "priority_score", "random_audit")
ESCALATION, SCORE, AUDIT = 0, 1, 2
# Odds beyond which everything that can be opened is.
MOST = 1e12
DECIMALS = 10


@dataclass(frozen=True)
class Grading:
    """The decision on every case, before it is taken.

    Parameters
    ----------
    at : array of int, shape (n_cases,)
        When it is taken, in seconds since 1970.
    report : array of int, shape (n_cases,)
        The last report then known.
    level : array of int, shape (n_cases,)
        Index into the levels of a policy.
    policy : array of int, shape (n_cases,)
        Index into the world's policies: the one in force.
    """

    at: Codes
    report: Codes
    level: Codes
    policy: Codes


@dataclass(frozen=True)
class Selection:
    """The choice of every case.

    Parameters
    ----------
    at, report, policy : array of int, shape (n_cases,)
        As in `Grading`.
    policies : tuple of str
        Names of the policies.
    probability : array, shape (n_cases,)
        With which it was chosen; above 0 for every case.
    chosen : array of bool, shape (n_cases,)
        Whether it was.
    reason : array of int, shape (n_cases,)
        Index into `REASONS`.
    """

    at: Codes
    report: Codes
    policy: Codes
    policies: tuple[str, ...]
    probability: Floats
    chosen: Mask
    reason: Codes


def grade_cases(block: Block) -> Grading:
    """Grade every case once, some days after one of its reports, in four steps.

    Urgent is what a reporter escalates. Very high: an earlier contact offence or allegation, or contact with
    a child by somebody who has access to children. High: contact, or access with an earlier sexual offence.
    Medium: access or an earlier sexual offence. Low is the rest.
    """
    reports, n_cases = block.reports, len(block)
    start = np.searchsorted(reports.case, np.arange(n_cases))
    number = np.bincount(reports.case, minlength=n_cases)
    trigger = start + np.floor(block.rng.random(n_cases) * number).astype(np.int64)
    at = reports.received[trigger] + block.delay("decision", trigger)[0]
    access, contact, sexual = (block.knew(fact, at) for fact in ("access", "contact", "prior_sexual"))
    level = np.select(
        [
            block.knew("escalated", at),
            block.knew("prior_contact", at) | (contact & access),
            contact | (access & sexual),
            access | sexual,
        ],
        range(len(LEVELS) - 1),
        len(LEVELS) - 1,
    ).astype(np.int64)
    return Grading(at, _last_known(block, at), level, _policy_in_force(block.model, at))


def _policy_in_force(model: Model, at: Codes) -> Codes:
    """Return the place of the policy of each decision: that of the change that began last."""
    names, changes = list(model.world.policies), model.world.changes
    of_era = np.zeros(len(model.eras), dtype=np.int64)
    for era, in_force in enumerate(model.eras.in_force):
        begun = [(changes[name].start, name) for name in in_force if changes[name].policy]
        of_era[era] = names.index(max(begun)[1]) if begun else 0
    return of_era[model.eras.of(at)]


def _last_known(block: Block, at: Codes) -> Codes:
    """Return the latest report received by the time of the decision."""
    reports = block.reports
    known = np.flatnonzero(reports.received <= at[reports.case])
    order = known[np.lexsort((reports.received[known], reports.case[known]))]
    last = np.searchsorted(reports.case[order], np.arange(len(block)), side="right") - 1
    return np.asarray(order[last])


def fill_capacity(policy: Policy, levels: Codes) -> Floats:
    """Return the chance of each level that fills the capacity.

    The odds of a level are its weight times one factor for all, such that as many of some sample of cases are
    opened as the capacity holds, without the part that goes to chance.

    Parameters
    ----------
    policy : Policy
        Capacity and weights.
    levels : array of int, shape (n_cases,)
        Level of each case of the sample.

    Examples
    --------
    >>> from triage.worlds.file.world import Policy
    >>> weights = {"urgent": 1.0, "very_high": 1.0, "high": 1.0, "medium": 1.0, "low": 1.0}
    >>> fill_capacity(Policy("p", 0.5, 0.2, weights), np.array([0, 4])).round(3).tolist()
    [0.4, 0.4, 0.4, 0.4, 0.4]
    """
    weights = np.array([policy.weights[level] for level in LEVELS])
    share = np.bincount(levels, minlength=len(LEVELS)) / max(len(levels), 1)
    wanted = policy.capacity * (1 - policy.chance)
    if wanted <= 0 or not len(levels):
        return np.zeros(len(LEVELS))

    def chances(log_factor: float) -> Floats:
        odds = np.minimum(weights * np.exp(log_factor), MOST)
        # The last bits differ between processors.
        return np.asarray(np.round(odds / (1 + odds), DECIMALS))

    def miss(log_factor: float) -> float:
        return float(share @ chances(log_factor)) - wanted

    low, high = -60.0, 60.0
    if miss(high) <= 0:
        return chances(high)
    return chances(float(brentq(miss, low, high, xtol=1e-12)))


def select_cases(block: Block, grading: Grading, chances: Sequence[Floats]) -> Selection:
    """Open cases: by their level, and by chance.

    Parameters
    ----------
    block : Block
        The cases.
    grading : Grading
        Their levels.
    chances : sequence of array, shape (n_levels,)
        For each policy of the world, the chance of each level (`fill_capacity`).

    Returns
    -------
    Selection
        With ``p = 1 - (1 - p_level) * (1 - p_chance)``, exact: the two lotteries are drawn apart.
    """
    policies = list(block.model.world.policies.values())
    by_level = np.stack(list(chances))[grading.policy, grading.level]
    by_chance = np.array([one.capacity * one.chance for one in policies])[grading.policy]
    won = block.rng.random((2, len(block))) < np.stack([by_level, by_chance])
    probability = 1 - (1 - by_level) * (1 - by_chance)
    reason = np.where(won[0], np.where(grading.level == 0, ESCALATION, SCORE), AUDIT)
    return Selection(
        grading.at,
        grading.report,
        grading.policy,
        tuple(policy.name for policy in policies),
        np.asarray(probability),
        np.asarray(won.any(axis=0)),
        reason,
    )
