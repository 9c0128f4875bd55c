"""The one register check: expected gain by hand, and what is said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from triage.scoring.additive import AdditiveModel, flag_steps
from triage.worklist.asking import Checks, ask_all
from triage.worklist.checks import chances, choose_checks, find_cut, gain_of_answers
from triage.worklist.order import ESCALATED, RANKED, Order
from triage.worklist.policy import load_policy
from triage.worklist.questions import QUESTIONS

ASKS = {question.features[0]: index for index, question in enumerate(QUESTIONS)}
UNKNOWN = np.nan


def checks_of(*features: str, no: Any, yes: Any, counts: Any) -> Checks:
    asked, said_yes, said_no = np.array(counts, dtype=float).T
    questions = np.array([ASKS[name] for name in features])
    return Checks(questions, np.array(no, dtype=float), np.array(yes, dtype=float), asked, said_yes, said_no)


def ranked(*score: float, lane: int = RANKED) -> Order:
    n = np.arange(len(score))
    return Order(
        n,
        np.full(len(n), lane),
        np.array(score),
        np.full(len(n), -1),
        n,
        np.zeros(len(n), bool),
    )


def choose(checks: Checks, order: Order, limit: int, **more: Any) -> list[str]:
    cut, place = find_cut(order, 0, limit), np.arange(len(order.row))
    return choose_checks(checks, order.lane, place, cut=cut, policy=load_policy(), **more).to_pylist()


def test_check_below_the_cut_is_that_which_gains_most_not_that_which_moves_most() -> None:
    """Cut 5: a record adds 5 - 5 + 4 = 3 above it in 1 of 10, an allegation 1 above it in 6 of 10."""
    features = "contact_record", "contact_allegation"
    checks = checks_of(
        *features,
        no=[[UNKNOWN] * 2, [3, 3]],
        yes=[[UNKNOWN] * 2, [8, 6]],
        counts=[[0, 0, 0], [90, 59, 31]],
    )
    no, yes = chances(checks)
    assert yes.tolist() == [0.1, 0.6]
    gain = gain_of_answers(checks.if_no[1:], checks.if_yes[1:], np.array(5.0), (no, yes))
    assert gain.round(3).tolist() == [[0.3, 0.6]]
    assert choose(checks, ranked(5.0, 4.0), 1) == [
        "",
        "ask: an earlier allegation of a contact offence (would cross the cut if so, yes in 66 % of 90 checked)",
    ]


def test_share_of_all_that_were_checked_is_told_without_an_exponent() -> None:
    checks = checks_of("contact_record", no=[[UNKNOWN], [3]], yes=[[UNKNOWN], [8]], counts=[[90, 90, 0]])
    assert choose(checks, ranked(5.0, 4.0), 1)[1].endswith("yes in 100 % of 90 checked)")


def test_check_above_the_cut_is_worth_what_a_no_would_save() -> None:
    checks = checks_of("contact_record", no=[[2.0], [UNKNOWN]], yes=[[9.0], [UNKNOWN]], counts=[[40, 10, 30]])
    assert choose(checks, ranked(5.0, 4.0), 1) == [
        "ask: an earlier conviction for a contact offence (would fall below the cut if not, no in 75 % of 40 checked)",
        "",
    ]


def test_answer_that_changes_no_decision_is_not_worth_asking() -> None:
    checks = checks_of("contact_record", no=[[4.5], [3.0]], yes=[[9.0], [4.9]], counts=[[40, 10, 30]])
    assert choose(checks, ranked(5.0, 4.0), 1) == ["", ""]


@pytest.mark.parametrize("limit", [0, 2, 99])
def test_without_a_cut_nothing_is_asked(limit: int) -> None:
    checks = checks_of("contact_record", no=[[0.0], [0.0]], yes=[[9.0], [9.0]], counts=[[40, 10, 30]])
    assert choose(checks, ranked(5.0, 4.0), limit) == ["", ""]


def test_escalated_cases_are_opened_whatever_is_asked() -> None:
    checks = checks_of("contact_record", no=[[0.0], [0.0]], yes=[[9.0], [9.0]], counts=[[40, 10, 30]])
    assert choose(checks, ranked(5.0, 4.0, lane=ESCALATED), 1) == ["", ""]


def test_value_is_the_probability_where_one_may_be_shown() -> None:
    """By the score the record gains more; the probability is flat above 6, and then the likelier one does."""
    checks = checks_of(
        "contact_record",
        "contact_allegation",
        no=[[UNKNOWN] * 2, [3, 3]],
        yes=[[UNKNOWN] * 2, [60, 6]],
        counts=[[90, 9, 81], [90, 19, 71]],
    )
    order = ranked(5.0, 4.0)
    assert "conviction" in choose(checks, order, 1)[1]
    assert "allegation" in choose(checks, order, 1, value=lambda score: np.fmin(score, 6.0) / 10)[1]


def test_yes_to_whether_a_list_knows_it_is_the_answer_that_lowers() -> None:
    checks = checks_of(
        "unknown_material", no=[[UNKNOWN], [1.0]], yes=[[UNKNOWN], [9.0]], counts=[[100, 40, 60]]
    )
    assert choose(checks, ranked(5.0, 4.0), 1)[1] == (
        "ask: whether a list knows the material (would cross the cut if not, no in 40 % of 100 checked)"
    )


def test_answer_that_escalates_is_said_to() -> None:
    checks = checks_of("contact_now", no=[[UNKNOWN], [1.0]], yes=[[UNKNOWN], [9.0]], counts=[[0, 0, 0]])
    assert choose(checks, ranked(5.0, 4.0), 1)[1] == (
        "ask: whether a child is in contact with the person now (would be escalated if so, never checked)"
    )


def test_silence_of_reporters_is_no_denial_and_no_proof_of_access() -> None:
    """One case of four tells of access: the three that are silent count as asked, and none as a no."""
    model = AdditiveModel("m", "points", (flag_steps("access_to_others_children", -1, 0, 3),))
    matrix = np.array([[1.0], [0.0], [0.0], [0.0]])
    _, checks = ask_all(model, matrix, model.score(model.contributions(matrix)))
    assert [checks.asked.tolist(), checks.yes.tolist(), checks.no.tolist()] == [[4], [1], [0]]
    no, yes = chances(checks)
    assert (no.tolist(), yes.tolist()) == ([1 / 14], [2 / 14])
