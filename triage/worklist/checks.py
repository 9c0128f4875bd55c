r"""The one register check that is worth most: what an answer would change about opening a case or not.

A case is opened where its value reaches that of the cut. Knowing the answer :math:`a` to a question before
that is decided is worth what a better decision gains:

.. math:: G = \sum_a P(a) \max(0,\ v_a - c) \quad\text{below the cut,} \qquad
          G = \sum_a P(a) \max(0,\ c - v_a) \quad\text{above it,}

with :math:`v_a` the value of the case under the answer and :math:`c` that of the case at the cut whose place
it would take, or that would take its place (expected value of perfect information about one question). The
value is the calibrated probability where one may be shown, else the score: then G has the unit of the score,
and only its order means something.

:math:`P(\text{yes}) = (y + 1) / (n + 10)` with :math:`y` yes among the :math:`n` cases of this list that were
checked: the mean of a Beta(1, 9) prior, which counts as ten checked cases with one yes, and those; and
:math:`P(\text{no})` is the rest. What reporters may tell, they tell where it is so, and are silent where it
is not; so there n is all cases, a check may also leave the question open, and with :math:`z` known no
:math:`P(\text{no}) = (z + 1) / (n + 10)` (a Dirichlet prior of 1, 1 and 8 for yes, no and open).

It has four limits. Cases that were checked are not like those that were not. It is the same for every case,
whatever else is known of it. Questions are taken one by one, though one check may answer several. And what a
check costs does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from triage.features.telling.texts import say_each
from triage.worklist.facts import NOTHING_ESCALATES
from triage.worklist.missing import raise_by_answer
from triage.worklist.order import ESCALATED, RANKED, UNREADABLE
from triage.worklist.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.worklist.asking import Checks
    from triage.worklist.order import Order
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]

PRIOR_YES, PRIOR_CASES = 1.0, 10.0


def chances(checks: Checks) -> tuple[Floats, Floats]:
    """Return the probabilities of a no and of a yes to each check.

    Examples
    --------
    >>> whether_contact = [
    ...     index for index, one in enumerate(QUESTIONS) if one.features == ("contact_record",)
    ... ]
    >>> from triage.worklist.asking import Checks
    >>> counts = (np.array([990.0]), np.array([49.0]), np.array([941.0]))
    >>> no, yes = chances(Checks(np.array(whether_contact), *np.zeros((2, 1, 1)), *counts))
    >>> no.round(3).tolist(), yes.round(3).tolist()
    ([0.95], [0.05])
    """
    told = np.array([QUESTIONS[index].is_told for index in checks.question], dtype=bool)
    yes, no = ((count + PRIOR_YES) / (checks.asked + PRIOR_CASES) for count in (checks.yes, checks.no))
    return np.where(told, no, 1.0 - yes), yes


def gain_of_answers(if_no: Floats, if_yes: Floats, cut: Floats, chance: tuple[Floats, Floats]) -> Floats:
    """Return what is gained by knowing the answer before a case below the cut is opened or not.

    Above the cut the same holds with all values negated.

    Parameters
    ----------
    if_no, if_yes : array of float, shape (n_cases, n_checks)
        The value under each answer; NaN where the answer is known, and then nothing is gained.
    cut : array of float that broadcasts
        The value at the cut.
    chance : tuple of two arrays of float, shape (n_checks,)
        Probabilities of a no and of a yes.

    Examples
    --------
    >>> chance = np.array([0.75]), np.array([0.25])
    >>> gain_of_answers(np.array([[0.1]]), np.array([[0.5]]), np.array(0.3), chance).round(3)
    array([[0.05]])
    """
    of_no, of_yes = (p * np.fmax(value - cut, 0.0) for value, p in zip((if_no, if_yes), chance, strict=True))
    return np.asarray(of_no + of_yes)


class Cut(NamedTuple):
    """Where the capacity ends among the ranked cases.

    Parameters
    ----------
    last_in, first_out : float
        The scores on both sides.
    first : int
        The place of the first ranked case that is not opened.
    """

    last_in: float
    first_out: float
    first: int


def find_cut(order: Order, before: int, limit: int) -> Cut | None:
    """Find where the capacity ends; None where it ends among other cases or not at all.

    Parameters
    ----------
    order : Order
        The list by the score alone.
    before : int
        Rows above all cases: reports that could not be read.
    limit : int
        Cases that can be opened.
    """
    ranked = np.flatnonzero(order.lane == RANKED)
    inside = limit - before - int(((order.lane == UNREADABLE) | (order.lane == ESCALATED)).sum())
    if not 0 < inside < len(ranked):
        return None
    last_in, first_out = order.score[ranked[inside - 1 : inside + 1]].tolist()
    return Cut(last_in, first_out, int(ranked[inside]))


def choose_checks(
    checks: Checks,
    lane: Ints,
    place: Ints,
    *,
    cut: Cut | None,
    policy: Policy,
    value: Callable[[Floats], Floats] | None = None,
) -> pa.Array:
    """Return, for each case of a list, the register check with the highest expected gain, as a sentence.

    Parameters
    ----------
    checks : Checks
        Of the cases; what is known is counted over the whole batch.
    lane : array of int, shape (n_cases,)
        Their lanes.
    place : array of int, shape (n_cases,)
        Where each of them stands on the list by the score alone.
    cut : Cut, optional
        Of the list (`find_cut`).
    policy : Policy
        Its rules say which answers escalate.
    value : callable, optional
        Scores -> calibrated probabilities, where they may be shown; without it the score is the value.

    Returns
    -------
    pyarrow.Array of string, shape (n_cases,)
        Empty where no answer would change whether the case is opened, and for cases that are not ranked.
    """
    asked, up = np.full(len(lane), -1), np.zeros(len(lane), dtype=bool)
    if cut is None or not len(checks.question):
        return pa.repeat("", len(asked))
    chance, raised = chances(checks), raise_by_answer(policy)
    outside = place >= cut.first
    for inside, at, sign in ((~outside, cut.first_out, -1.0), (outside, cut.last_in, 1.0)):
        cases = np.flatnonzero((lane == RANKED) & inside)
        under = sign * np.stack([checks.if_no[cases], checks.if_yes[cases]])
        could = (np.fmax(*under) > sign * at).any(axis=1)
        # Negated above the cut, so that there too what crosses it is the larger.
        no, yes, here = (
            sign * _value(sign * part, value) for part in (*under[:, could], np.array(sign * at))
        )
        gain = gain_of_answers(no, yes, here, chance)
        most = gain.max(axis=1, initial=0.0)
        gaining = cases[could][most > 0.0]
        asked[gaining], up[gaining] = gain[most > 0.0].argmax(axis=1), sign > 0.0
    return say_each(
        lambda check, over: _say_check(checks, check, crosses_up=over, raised=raised) if check >= 0 else "",
        asked,
        up,
    )


def _value(score: Floats, value: Callable[[Floats], Floats] | None) -> Floats:
    """Return the values of scores of any shape; NaN stays."""
    if value is None:
        return score
    known = ~np.isnan(score)
    found = np.full(score.shape, np.nan)
    found[known] = value(score[known])
    return found


def _say_check(checks: Checks, check: int, *, crosses_up: bool, raised: Ints) -> str:
    index = int(checks.question[check])
    question, asked = QUESTIONS[index], checks.asked[check]
    change = "fall below the cut"
    if crosses_up:
        change = "be escalated" if raised[index] > NOTHING_ESCALATES else "cross the cut"
    so = crosses_up != question.is_other_way
    share = "never checked"
    if asked:
        count = (checks.yes if crosses_up else checks.no)[check]
        cases = "cases" if question.is_told else "checked"
        share = f"{'yes' if so else 'no'} in {_percent(count / asked)} % of {asked:,.0f} {cases}"
    return f"ask: {question.asks} (would {change} if {'so' if so else 'not'}, {share})"


def _percent(share: float) -> str:
    """Return a share in percent, with two digits and never with an exponent."""
    return f"{float(f'{100.0 * share:.2g}'):g}"
