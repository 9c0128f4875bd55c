"""What the list must know of a case besides its score: its lane, its age, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.worklist.axes import find_evidence, find_solvability
from triage.worklist.naming import name_codes
from triage.worklist.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.features.view import View
    from triage.worklist.policy import Condition, Policy, Rule

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

NOTHING_ESCALATES = -1


@dataclass(frozen=True)
class Facts:
    """One entry per case, shape (n_cases,) each.

    Parameters
    ----------
    received : array of float
        When the first report came, in seconds since 1970; NaN where unknown.
    reports : array of float
        Number of reports.
    sources, country : pyarrow.Array of string
        Source systems; countries of jurisdiction.
    solvability : pyarrow.Array of string
        How well the person is identified, whether the country is known, accounts, addresses, and how old
        the newest activity is.
    solvable : array of int
        A number by which to sort, the most solvable largest.
    imminence : array of int
        The highest of the rules of the policy that hold; -1 where nothing escalates.
    rule : pyarrow.Array of string
        The name of that rule; an empty text where nothing escalates.
    youth : array of bool
        A child to protect: the reported person is under 18, is the child itself, or both sides are minors.
    paused : array of bool
        Another investigation has the person (deconfliction).
    preserve_until : array of float
        When the first sender may delete what it holds, in seconds since 1970; NaN where unknown.
    evidence_days : array of float
        Days until then; below 0, it may be gone.
    """

    received: Floats
    reports: Floats
    sources: pa.Array
    country: pa.Array
    solvability: pa.Array
    solvable: Ints
    imminence: Ints
    rule: pa.Array
    youth: Mask
    paused: Mask
    preserve_until: Floats
    evidence_days: Floats

    @property
    def escalated(self) -> Mask:
        """Whether the case goes on top whatever the model says."""
        return self.imminence > NOTHING_ESCALATES


def gather_facts(view: View, policy: Policy | None = None) -> Facts:
    """Gather the facts of every case of a part.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    policy : Policy, optional
        Its rules say what escalates, what is youth and what pauses; the shipped ``default`` if left out.
    """
    policy = policy or load_policy()
    country = name_codes(view.reports, "jurisdiction_country")
    solvability, evidence = find_solvability(view, country), find_evidence(view)
    imminence, rule = _find_imminence(view, policy.escalation)
    return Facts(
        received=view.first_received,
        reports=view.reports.count(np.ones(len(view.reports), dtype=bool)),
        sources=name_codes(view.reports, "source_system"),
        country=country,
        solvability=solvability.tell(),
        solvable=solvability.key(),
        imminence=imminence,
        rule=rule,
        youth=_any_holds(view, policy.youth) & ~_any_holds(view, policy.adult),
        paused=_any_holds(view, policy.pause),
        preserve_until=evidence.preserve_until,
        evidence_days=evidence.days,
    )


def no_facts(n_cases: int) -> Facts:
    """Return the facts of cases of which nothing can be read: all unknown, nothing escalated.

    Examples
    --------
    >>> no_facts(1).imminence.tolist()
    [-1]
    """
    unknown, no = np.full(n_cases, np.nan), np.zeros(n_cases, dtype=bool)
    nothing = pa.repeat("", n_cases)
    return Facts(
        received=unknown,
        reports=np.zeros(n_cases),
        sources=nothing,
        country=nothing,
        solvability=nothing,
        solvable=np.zeros(n_cases, dtype=np.int64),
        imminence=np.full(n_cases, NOTHING_ESCALATES),
        rule=nothing,
        youth=no,
        paused=no,
        preserve_until=unknown,
        evidence_days=unknown,
    )


def _find_imminence(view: View, rules: Sequence[Rule]) -> tuple[Ints, pa.Array]:
    """Return the highest imminence of the rules that hold; of equal ones, the rule that is written first."""
    level = np.full(view.n_cases, NOTHING_ESCALATES)
    which = np.full(view.n_cases, -1)
    for index, rule in enumerate(rules):
        above = rule.holds(view) & (rule.imminence > level)
        level[above], which[above] = rule.imminence, index
    names = [*(rule.name for rule in rules), ""]
    return level, pa.array(names).take(pa.array(np.where(which < 0, len(rules), which)))


def _any_holds(view: View, rules: Sequence[Rule | Condition]) -> Mask:
    held = np.zeros(view.n_cases, dtype=bool)
    for rule in rules:
        held |= rule.holds(view)
    return held
