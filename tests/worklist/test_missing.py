"""What is missing: the questions that move a case most, and the ranks that the answers would give."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.features.catalogue import build_features
from triage.features.view import View
from triage.scoring.additive import AdditiveModel, Line, flag_steps
from triage.worklist.asking import MOST_MISSING, Missing, ask_all
from triage.worklist.missing import Ladder, place_answers, raise_by_answer, tell_missing
from triage.worklist.order import ESCALATED, PAUSED, RANKED, YOUTH, Order
from triage.worklist.policy import load_policy
from triage.worklist.questions import QUESTIONS

ASKS = {question.features[0]: index for index, question in enumerate(QUESTIONS)}
NO_RULES = np.full(len(QUESTIONS), -1)


def asked(part: Any, model: AdditiveModel) -> Missing:
    view = View(part, np.full(len(part.cases), int(datetime(2024, 6, 1, tzinfo=UTC).timestamp())))
    matrix = build_features(view, model.features)
    return ask_all(model, matrix, model.score(model.contributions(matrix)), view)[0]


def order_of(*cases: tuple[int, int, float, bool]) -> Order:
    """Make a list of (lane, imminence, score, lowered), which stand in their order."""
    lane, imminence, score, lowered = (np.array(part) for part in zip(*cases, strict=True))
    n = np.arange(len(cases))
    return Order(n, lane, score.astype(float), imminence, n, lowered)


def ladder(order: Order) -> Ladder:
    return Ladder.of(order, 0, raise_by_answer(load_policy()))


def everywhere(order: Order) -> Any:
    return np.arange(len(order.row))


def missing_of(question: int, if_no: list[float], if_yes: list[float]) -> Missing:
    def first(values: list[float], rest: float) -> Any:
        return np.column_stack([values, *[np.full(len(values), rest)] * (MOST_MISSING - 1)])

    return Missing(first([question] * len(if_no), -1).astype(int), first(if_no, 0.0), first(if_yes, 0.0))


def test_smaller_swing_is_kept_though_another_case_has_a_larger_one() -> None:
    model = AdditiveModel(
        "m", "points", (flag_steps("contact_record", 0, 0, 1), flag_steps("image_record", 0, 0, 2))
    )
    matrix = np.array([[0.0, 0.0], [1.0, 0.0]])
    found = ask_all(model, matrix, model.score(model.contributions(matrix)))[0]
    assert found.question[:, 0].tolist() == [ASKS["image_record"]] * 2
    assert found.question[:, 1].tolist() == [ASKS["contact_record"], -1]
    third = AdditiveModel("m", "points", (*model.terms, flag_steps("other_record", 0, 0, 1)))
    found = ask_all(third, np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([1.0, 1.0]))[0]
    assert found.question[:, 1].tolist() == [ASKS["other_record"], ASKS["contact_record"]]


def test_sign_that_the_model_knows_by_a_sum_alone_is_asked_for(make_part) -> None:
    model = AdditiveModel("m", "points", (Line("record_signs", 3.0),))
    found = asked(make_part(reports=[{"report_id": "x"}]), model)
    assert found.question[0, 0] == ASKS["contact_record"]
    assert (found.if_no[0, 0], found.if_yes[0, 0]) == (0.0, 3.0)


def test_unknown_person_would_be_one_reported_person(make_part) -> None:
    model = AdditiveModel("m", "points", (Line("persons_reported", 9.0),))
    found = asked(make_part(reports=[{"report_id": "x"}]), model)
    assert QUESTIONS[found.question[0, 0]].asks == "who the reported person is"
    assert found.if_yes[0, 0] == 9.0


def test_question_with_other_answers_than_yes_and_no_is_told_from_best_to_worst(make_part) -> None:
    terms = flag_steps("severest_class", -1, 0, 3), flag_steps("no_severity", 2, 0, -4)
    part = make_part(reports=[{"report_id": "x"}], files=[{"file_id": "f", "report_id": "x"}])
    found = asked(part, AdditiveModel("m", "points", terms))
    assert (found.if_no[0, 0], found.if_yes[0, 0]) == (-5.0, 5.0)
    assert found.question[0, 1] == -1  # one question, asked once
    told = tell_missing(found, ladder(order_of((RANKED, -1, 0.0, False))), np.array([0]))
    assert told.to_pylist() == ["the class of the material (rank 1 either way)"]


@pytest.mark.parametrize(
    ("feature", "tables"),
    [
        (
            "others_child_mentioned",
            {"children": [{"child_id": "c", "report_id": "x", "known_at": "2024-03-01"}]},
        ),
        ("severest_class", {"files": [{"file_id": "f", "report_id": "x"}]}),
        (
            "meeting",
            {
                "persons": [{"person_id": "p", "report_id": "x", "role": "reported"}],
                "accounts": [{"account_id": "a", "person_id": "p"}],
                "communications": [{"thread_id": "t", "account_id": "a"}],
            },
        ),
    ],
)
def test_nobody_is_asked_about_what_is_not_there(make_part, feature: str, tables: dict[str, Any]) -> None:
    model = AdditiveModel("m", "points", (flag_steps(feature, -1, 0, 3),))
    assert asked(make_part(reports=[{"report_id": "x"}]), model).question[0, 0] == -1
    assert asked(make_part(reports=[{"report_id": "x"}], **tables), model).question[0, 0] >= 0


def test_yes_to_whether_a_list_knows_it_denies_that_it_is_unknown() -> None:
    missing = missing_of(ASKS["unknown_material"], [1.0, 1.0], [9.0, 9.0])
    order = order_of((RANKED, -1, 5.0, False), (RANKED, -1, 4.0, False))
    told = tell_missing(missing, ladder(order), everywhere(order))
    assert told[1].as_py() == "whether a list knows the material (rank 1 if not, 2 if so)"


def test_answer_that_escalates_puts_the_case_among_the_escalated() -> None:
    """Places: crisis 9.0; reporter 8.0; ranked 7.0 and 1.0, under two unreadable reports."""
    policy = load_policy()
    raised = raise_by_answer(policy)
    crisis = int(raised[ASKS["contact_now"]])
    assert crisis == max(rule.imminence for rule in policy.escalation)
    order = order_of(
        (ESCALATED, crisis, 9.0, False),
        (ESCALATED, 1, 8.0, False),
        (RANKED, -1, 7.0, False),
        (RANKED, -1, 1.0, False),
    )
    told = tell_missing(
        missing_of(ASKS["contact_now"], [9.0, 8.0, 0.5, 0.5], [9.0, 8.0, 7.0, 2.0]),
        Ladder.of(order, 2, raised),
        everywhere(order),
    )
    question = "whether a child is in contact with the person now"
    assert told.to_pylist() == [
        f"{question} (rank 3 either way)",
        f"{question} (rank 4 either way)",
        f"{question} (escalated, rank 4 if so, 6 if not)",
        f"{question} (escalated, rank 4 if so, 6 if not)",
    ]


def test_denial_never_takes_a_case_out_of_the_escalated() -> None:
    order = order_of((ESCALATED, 1, -50.0, False), (RANKED, -1, 90.0, False))
    missing = missing_of(ASKS["contact_now"], [-99.0, 80.0], [-50.0, 90.0])
    _, if_no = place_answers(missing, ladder(order), everywhere(order))
    assert if_no[:, 0].tolist() == [1, 2]


def test_lowered_case_stays_last_of_the_escalated_whatever_the_answer() -> None:
    order = order_of((ESCALATED, 1, 1.0, False), (ESCALATED, 2, 50.0, True), (RANKED, -1, 60.0, False))
    missing = missing_of(ASKS["contact_now"], [1.0, 0.0, 60.0], [1.0, 99.0, 60.0])
    if_yes, if_no = place_answers(missing, ladder(order), everywhere(order))
    assert (if_yes[1, 0], if_no[1, 0]) == (2, 2)


def test_beside_the_list_no_rank_is_told_and_of_a_child_nothing() -> None:
    order = order_of((YOUTH, -1, 0.0, False), (PAUSED, -1, 0.0, False))
    missing = missing_of(ASKS["contact_record"], [0.0, 0.0], [1.0, 1.0])
    told = tell_missing(missing, ladder(order), everywhere(order))
    assert told.to_pylist() == ["", "an earlier conviction for a contact offence"]


_CASE = st.tuples(
    st.sampled_from([ESCALATED, RANKED]),
    st.integers(0, 2),
    st.integers(-3, 3),
    st.booleans(),
    st.integers(-4, 4),
)


@given(st.lists(_CASE, min_size=1, max_size=9), st.integers(0, 2), st.integers(-1, 3))
@settings(deadline=None)
def test_rank_under_an_answer_is_that_of_the_list_sorted_anew(cases: Any, before: int, lift: int) -> None:
    """Sort the list again with one case changed, and see where that case comes to stand."""
    rows = [
        SimpleNamespace(
            lane=lane,
            imminence=level if lane == ESCALATED else -1,
            score=float(score),
            lowered=low and lane == ESCALATED,
            answer=float(answer),
            seniority=at,
        )
        for at, (lane, level, score, low, answer) in enumerate(cases)
    ]

    def key(row: Any) -> tuple[Any, ...]:
        return (row.imminence < 0, row.lowered, -row.imminence, -row.score, row.seniority)

    rows.sort(key=key)
    order = Order(
        np.arange(len(rows)),
        *(
            np.array([getattr(row, name) for row in rows])
            for name in ("lane", "score", "imminence", "seniority", "lowered")
        ),
    )
    raised = NO_RULES.copy()
    raised[ASKS["contact_now"]] = lift
    answers = [row.answer for row in rows]
    missing = missing_of(ASKS["contact_now"], answers, answers)
    if_yes, if_no = place_answers(missing, Ladder.of(order, before, raised), everywhere(order))
    for place, row in enumerate(rows):
        others = [key(other) for other in rows if other is not row]
        under_no = SimpleNamespace(**{**vars(row), "score": row.answer})
        under_yes = SimpleNamespace(**{**vars(under_no), "imminence": max(lift, row.imminence)})
        for found, changed in ((if_no, under_no), (if_yes, under_yes)):
            assert found[place, 0] == before + 1 + sum(other < key(changed) for other in others)


def test_case_that_could_not_be_scored_is_asked_nothing() -> None:
    model = AdditiveModel("m", "points", (flag_steps("contact_record", -1, 0, 3),))
    missing, checks = ask_all(model, np.array([[0.0]]), np.array([np.nan]))
    assert missing.question.tolist() == [[-1] * MOST_MISSING]
    assert np.isnan(checks.if_yes).all()
