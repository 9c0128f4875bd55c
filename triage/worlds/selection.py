"""Which cases were opened: three lotteries over facts that were known, with their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.catalogue import POLICY_FACTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.block import Block

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

REASONS = ("reporter_escalation", "priority_score", "random_audit")


@dataclass(frozen=True)
class Selection:
    """The choice of every case.

    Parameters
    ----------
    at : array of int, shape (n_cases,)
        When it was decided whether to open the case, in seconds since 1970.
    report : array of int, shape (n_cases,)
        The last report then known.
    probability : array, shape (n_cases,)
        With which it was chosen; above 0 for every case.
    chosen : array of bool, shape (n_cases,)
        Whether it was.
    reason : array of int, shape (n_cases,)
        Index into `REASONS`: the first lottery that chose it.
    """

    at: Codes
    report: Codes
    probability: Floats
    chosen: Mask
    reason: Codes


def select_cases(block: Block) -> Selection:
    """Decide on every case once, some days after one of its reports.

    Each lottery is drawn on its own: one over urgency, one over known facts, one over all cases, so that
    ``p = 1 - (1 - p_urgent) * (1 - p_facts) * (1 - p_audit)`` is exact.
    """
    reports, policy, n_cases = block.reports, block.model.world.policy, len(block)
    start = np.searchsorted(reports.case, np.arange(n_cases))
    number = np.bincount(reports.case, minlength=n_cases)
    trigger = start + np.floor(block.rng.random(n_cases) * number).astype(np.int64)
    at = reports.received[trigger] + block.delay("decision", reports.source[trigger])[0]
    urgent = policy.escalated * _known(block, "escalated", at)
    missed = np.ones(n_cases)
    for fact in POLICY_FACTS:
        missed *= 1 - policy.facts[fact] * _known(block, fact, at)
    chances = np.stack([urgent, 1 - missed, np.full(n_cases, policy.audit)])
    won = block.rng.random(chances.shape) < chances
    probability = np.asarray(1 - np.prod(1 - chances, axis=0))
    return Selection(
        at, _last_known(block, at), probability, np.asarray(won.any(axis=0)), np.argmax(won, axis=0)
    )


def _known(block: Block, fact: str, at: Codes) -> Mask:
    """Say for which cases a fact was known at the time of the decision."""
    known = np.zeros(len(block), dtype=bool)
    for case, known_at in block.facts.get(fact, []):
        known[case[known_at <= at[case]]] = True
    return known


def _last_known(block: Block, at: Codes) -> Codes:
    """Return the latest report received by the time of the decision."""
    reports = block.reports
    known = np.flatnonzero(reports.received <= at[reports.case])
    order = known[np.lexsort((reports.received[known], reports.case[known]))]
    last = np.searchsorted(reports.case[order], np.arange(len(block)), side="right") - 1
    return np.asarray(order[last])
