"""What is not known of a case, and the ranks that the answers would give it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.features.telling.texts import choose_texts, enumerate_texts, glue, number_rows, with_commas
from triage.worklist.facts import NOTHING_ESCALATES
from triage.worklist.order import ESCALATED, RANKED, YOUTH
from triage.worklist.policy import LANES
from triage.worklist.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from triage.worklist.asking import Missing
    from triage.worklist.order import Order
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.integer[Any]]

SEPARATOR = "; "
# What an answer writes into the tables, where a policy may look for it.
_WRITES = {
    "contact_now": ("children", "crisis_code", ("in_contact_now",)),
    "blackmailed": ("children", "crisis_code", ("blackmail_active",)),
    "in_distress": ("children", "crisis_code", ("self_harm_or_suicide", "missing", "medical")),
    "minor_counterpart": ("communications", "counterpart_is_minor", ("asserted",)),
    "secrecy_or_gifts": ("communications", "contact_codes", ("secrecy", "gifts")),
    "off_platform_move": ("communications", "contact_codes", ("off_platform_move",)),
    "meeting": ("communications", "contact_codes", ("meeting_proposed", "meeting_arranged", "travel")),
    "image_threat": ("communications", "contact_codes", ("image_threat", "payment_demand")),
    "directs_abuse": ("communications", "contact_codes", ("live_request", "direct_to_order")),
    "claims_access": ("communications", "contact_codes", ("claims_access",)),
    "unsupervised_access": ("children", "access_level", ("unsupervised",)),
    "works_with_children": ("persons", "child_facing_role", ("asserted",)),
    "unknown_material": ("files", "hash_status", ("no_match",)),
    "unidentified_victim": ("files", "victim_status", ("unidentified",)),
    "contact_record": ("prior_records", "record_kind", ("contact_conviction",)),
    "contact_allegation": ("prior_records", "record_kind", ("allegation",)),
    "image_record": ("prior_records", "record_kind", ("image_conviction",)),
    "register_entry": ("prior_records", "record_kind", ("registry",)),
    "other_record": ("prior_records", "record_kind", ("other_conviction",)),
    "supervision_breach": ("prior_records", "record_kind", ("supervision_breach",)),
}


def raise_by_answer(policy: Policy) -> Ints:
    """Return, for each of `QUESTIONS`, the imminence to which a yes lifts a case by the policy's rules.

    Only rules of a single condition count: whether the others of several hold is not tried. Where a yes
    escalates nothing it is `NOTHING_ESCALATES`.
    """
    return np.array([_raised_by(question.features[0], policy) for question in QUESTIONS], dtype=np.int64)


def _raised_by(flag: str, policy: Policy) -> int:
    if flag not in _WRITES:
        return NOTHING_ESCALATES
    table, column, codes = _WRITES[flag]
    levels = [
        rule.imminence
        for rule in policy.escalation
        for condition in rule.when
        if len(rule.when) == 1
        and (condition.table, condition.column) == (table, column)
        and set(codes) & set(condition.codes)
    ]
    return max(levels, default=NOTHING_ESCALATES)


@dataclass(frozen=True)
class Ladder:
    """The main list by the score alone, so that it can be seen where a case would come to stand.

    Cases of one group (`_group`) and one score form a step. On it they stand by seniority.

    Parameters
    ----------
    order : Order
        The list by the score alone.
    above : int
        Rows above all cases that compete: what could not be read or scored.
    starts : array of int, shape (n_lanes + 1,)
        Where in `order` each lane begins: lane stands after lane.
    levels : int
        How many levels of imminence there are, with that of what does not escalate.
    raised : array of int, shape (n_questions,)
        From `raise_by_answer`.
    begins : array of int, shape (n_groups + 1,)
        The first step of each group.
    score : array of float, shape (n_steps,)
        Of each step, negated: ascending within a group.
    first : array of int, shape (n_steps + 1,)
        Where each step begins among what is escalated or ranked.
    """

    order: Order
    above: int
    starts: Ints
    levels: int
    raised: Ints
    begins: Ints
    score: Floats
    first: Ints

    @classmethod
    def of(cls, order: Order, before: int, raised: Ints) -> Ladder:
        """Return the ladder of a list.

        Parameters
        ----------
        order : Order
            By the score alone.
        before : int
            Rows above all cases: reports that could not be read.
        raised : array of int, shape (n_questions,)
            From `raise_by_answer`.
        """
        starts = np.searchsorted(order.lane, np.arange(len(LANES) + 1))
        lanes = [slice(*starts[lane : lane + 2]) for lane in (ESCALATED, RANKED)]
        imminence, lowered, score = (
            np.concatenate([values[lane] for lane in lanes])
            for values in (order.imminence, order.lowered, order.score)
        )
        levels = int(max(raised.max(), order.imminence.max(initial=NOTHING_ESCALATES))) + 2
        group = _group(imminence, lowered, levels).astype(np.int16)
        np.negative(score, out=score)
        new = np.ones(len(score), dtype=bool)
        new[1:] = (group[1:] != group[:-1]) | (score[1:] != score[:-1])
        first = np.flatnonzero(new)
        return cls(
            order=order,
            above=before + int(starts[ESCALATED]),
            starts=starts,
            levels=levels,
            raised=raised,
            begins=np.searchsorted(group[first], np.arange(3 * levels + 1)),
            score=score[first],
            first=np.append(first, len(score)),
        )

    def count_tied(self, place: Ints) -> Ints:
        """Count the ranked cases that share the score of each case; one that is not ranked shares none.

        Parameters
        ----------
        place : array of int, shape (n_cases,)
            Where they stand in the order.
        """
        ranked = self.order.lane[place] == RANKED
        step = np.searchsorted(self.first, self._main(place)[ranked], side="right") - 1
        tied = np.ones(len(place), dtype=np.int64)
        tied[ranked] = self.first[step + 1] - self.first[step]
        return tied

    def _main(self, place: Ints) -> Ints:
        """Return the place of escalated and ranked cases among these alone."""
        before = np.zeros(len(LANES), dtype=np.int64)
        before[ESCALATED] = self.starts[ESCALATED]
        before[RANKED] = self.starts[RANKED] - (self.starts[ESCALATED + 1] - self.starts[ESCALATED])
        return np.asarray(place - before[self.order.lane[place]])

    def _find_on_step(self, step: Ints, seniority: Ints) -> Ints:
        """Return before which of what is escalated or ranked cases would stand on a step, by halving it."""
        low, high = self.first[step], self.first[step + 1]
        last_escalated = self.starts[ESCALATED + 1] - self.starts[ESCALATED]
        between = self.starts[RANKED] - self.starts[ESCALATED + 1]
        left = np.flatnonzero(low < high)
        while len(left):
            middle = (low[left] + high[left]) // 2
            held = middle + self.starts[ESCALATED] + np.where(middle < last_escalated, 0, between)
            below = self.order.seniority[held] < seniority[left]
            low[left] = np.where(below, middle + 1, low[left])
            high[left] = np.where(below, high[left], middle)
            left = left[low[left] < high[left]]
        return low

    def rank(self, place: Ints, group: Ints, score: Floats) -> Ints:
        """Return the ranks that cases would take in a group with a score, from 1.

        Parameters
        ----------
        place : array of int, shape (n,)
            Where they stand in the order.
        group, score : array, shape (n,)
            Of each, as they would be.
        """
        step = np.empty(len(place), dtype=np.int64)
        for one in np.unique(group).tolist():
            here = group == one
            low, high = self.begins[one : one + 2].tolist()
            step[here] = low + np.searchsorted(self.score[low:high], -score[here])
        ahead = self.first[step]
        inside = step < self.begins[group + 1]
        inside[inside] = self.score[step[inside]] == -score[inside]
        ahead[inside] = self._find_on_step(step[inside], self.order.seniority[place[inside]])
        # Who would move down does not stand ahead of itself.
        return self.above + 1 + ahead - (self._main(place) < ahead)


def _group(imminence: Ints, lowered: NDArray[np.bool_], levels: int) -> Ints:
    """Return the number of the group in which the score decides, of the first on the list 0."""
    step = np.select([lowered, imminence > NOTHING_ESCALATES], [1, 0], 2)
    return np.asarray(step * levels + (levels - 2 - imminence))


def place_answers(missing: Missing, ladder: Ladder, place: Ints) -> tuple[Ints, Ints]:
    """Return the ranks that cases would take on the main list under each answer.

    Everything else stays as it is: the lane, unless a yes escalates; a lowered case, which stays last among
    the escalated; the waiting and the keyed hash, which decide among equal scores. An order within tiers
    by other axes is not tried.

    Parameters
    ----------
    missing : Missing
        Of the cases.
    ladder : Ladder
        The list.
    place : array of int, shape (n_cases,)
        Where each of the cases stands in the order of the ladder.

    Returns
    -------
    if_yes, if_no : array of int, shape (n_cases, MOST_MISSING)
        Ranks from 1; 0 where there is no question, and for cases that are not in lanes escalated and ranked.
    """
    lane, lowered = ladder.order.lane[place], ladder.order.lowered[place]
    imminence = ladder.order.imminence[place].astype(np.int64)
    competes = (lane == ESCALATED) | (lane == RANKED)
    case, which = np.nonzero((missing.question >= 0) & competes[:, None])
    lifted = np.maximum(ladder.raised[missing.question[case, which]], imminence[case])
    ranks = []
    for level, score in ((lifted, missing.if_yes), (imminence[case], missing.if_no)):
        rank = np.zeros(missing.question.shape, dtype=np.int64)
        group = _group(level, lowered[case], ladder.levels)
        rank[case, which] = ladder.rank(place[case], group, score[case, which])
        ranks.append(rank)
    return ranks[0], ranks[1]


def tell_missing(
    missing: Missing, ladder: Ladder, place: Ints, hidden: NDArray[np.bool_] | None = None
) -> pa.Array:
    """Return what is missing of cases of a list, with the ranks that each answer would give.

    Parameters
    ----------
    missing : Missing
        Of the cases.
    ladder : Ladder
        The list; its policy says which answers escalate.
    place : array of int, shape (n_cases,)
        Where each of the cases stands in the order of the ladder.
    hidden : array of bool, shape (n_cases,), optional
        Cases whose place in the order is not shown.

    Returns
    -------
    pyarrow.Array of string, shape (n_cases,)
        Without ranks in lanes beside the main list, and where the place is hidden: there the questions stand
        in the order of their letters, as the largest first would say something of the score. Empty for
        children to protect and where nothing is missing.
    """
    order, raised = ladder.order.at(place), ladder.raised
    if_yes, if_no = place_answers(missing, ladder, place)
    question = np.where((order.lane == YOUTH)[:, None], -1, missing.question)
    lifts = (raised[question] > order.imminence[:, None]) & (order.lane == RANKED)[:, None]
    if hidden is not None and hidden.any():
        if_yes[hidden] = if_no[hidden] = 0
        by_letters = _sort_by_letters(question[hidden], lifts[hidden])
        question[hidden] = np.take_along_axis(question[hidden], by_letters, axis=1)
        lifts[hidden] = np.take_along_axis(lifts[hidden], by_letters, axis=1)
    asked = question >= 0
    texts = _tell_answers(question[asked], if_yes[asked], if_no[asked], lifts[asked])
    return enumerate_texts(texts, asked.sum(axis=1), SEPARATOR)


def _sort_by_letters(question: Ints, lifts: NDArray[np.bool_]) -> Ints:
    """Return the order of the questions of each case by the letters of what is said of them; none is last."""
    told = [[_say_bare(index, lifted) for lifted in (False, True)] for index in range(len(QUESTIONS))]
    texts = sorted({text for both in told for text in both})
    letters = np.array([[texts.index(text) for text in both] for both in told])
    key = np.where(question >= 0, letters[question, lifts.astype(np.int64)], len(texts))
    return np.argsort(key, axis=1, kind="stable")


def _tell_answers(question: Ints, up: Ints, down: Ints, lifts: NDArray[np.bool_]) -> pa.Array:
    """Return what is said of open questions, one each: the ranks under a yes and a no, 0 where not shown."""
    kinds = np.select([up == 0, (up == down) & ~lifts], [_BARE, _EITHER_WAY], _BOTH_WAYS)
    which, first_of = number_rows(pa.array(question), pa.array(lifts), pa.array(kinds))
    said = [_PIECES[kinds[row]](int(question[row]), bool(lifts[row])) for row in first_of.tolist()]
    pieces = [pa.array(piece, pa.string()).take(pa.array(which)) for piece in zip(*said, strict=True)]
    if not pieces:
        return pa.array([], pa.string())
    first = choose_texts(kinds == _BARE, "", with_commas(up))
    second = choose_texts(kinds == _BOTH_WAYS, with_commas(down), "")
    return glue(pieces[0], first, pieces[1], second, pieces[2])


def _say_bare(index: int, lifted: bool) -> str:
    question = QUESTIONS[index]
    so = "if not" if question.is_other_way else "if so"
    return f"{question.asks} (escalated {so})" if lifted else question.asks


def _say_both_ways(index: int, lifted: bool) -> tuple[str, str, str]:
    """Return what stands before, between and behind the two ranks."""
    question = QUESTIONS[index]
    if not question.is_yes_or_no:
        return f"{question.asks} (rank ", " at best, ", " at worst)"
    so, otherwise = ("if not", "if so") if question.is_other_way else ("if so", "if not")
    return f"{question.asks} ({'escalated, ' if lifted else ''}rank ", f" {so}, ", f" {otherwise})"


_BARE, _EITHER_WAY, _BOTH_WAYS = range(3)
_PIECES: tuple[Callable[[int, bool], tuple[str, str, str]], ...] = (
    lambda index, lifted: (_say_bare(index, lifted), "", ""),
    lambda index, _lifted: (f"{QUESTIONS[index].asks} (rank ", " either way)", ""),
    _say_both_ways,
)
