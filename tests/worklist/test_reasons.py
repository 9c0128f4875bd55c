"""Reasons: the largest contributions, each fact once, with what it adds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.features.catalogue import build_features
from triage.features.of_sums import COUNTED
from triage.features.view import View
from triage.scoring.additive import AdditiveModel, Line, flag_steps
from triage.scoring.loading import load_model
from triage.worklist.reasons import give_reasons
from triage.worklist.restating import ALIKE, join_alike

CHILD = {"child_id": "c", "report_id": "x", "known_at": "2024-03-01"}


def model_of(**terms: Any) -> AdditiveModel:
    made = [
        Line(name, points) if isinstance(points, float) else flag_steps(name, *points)
        for name, points in terms.items()
    ]
    return AdditiveModel("m", "points", tuple(made))


def reasons_of(part: Any, model: AdditiveModel) -> list[str]:
    view = View(part, np.full(len(part.cases), int(datetime(2024, 6, 1, tzinfo=UTC).timestamp())))
    matrix = build_features(view, model.features)
    return give_reasons(model, matrix, model.contributions(matrix), view).to_pylist()


def test_flag_and_sums_of_that_flag_alone_are_one_reason(make_part) -> None:
    model = model_of(escalated=(0, 0, 4), danger_signs=2.0, child_signs=1.0)
    part = make_part(reports=[{"report_id": "x", "escalated_by_reporter": "asserted"}])
    assert reasons_of(part, model) == ["the reporter asks for immediate attention (+7)"]


def test_sum_names_the_signs_that_no_other_reason_tells(make_part) -> None:
    model = model_of(escalated=(0, 0, 4), danger_signs=2.0, child_signs=1.0)
    part = make_part(
        reports=[
            {
                "report_id": "x",
                "escalated_by_reporter": "asserted",
                "incident_type": "travel",
                "report_annotations": ["sextortion"],
            }
        ]
    )
    (reasons,) = reasons_of(part, model)
    assert reasons.split("; ") == [
        "the reporter asks for immediate attention (+4)",
        "signs of danger to a child now: 2, among them reported as trafficking or travel (+4)",
        "signs of contact, danger and access together: 3, among them labelled sextortion (+3)",
    ]


def test_sum_of_a_sign_that_the_model_has_not_names_it(make_part) -> None:
    part = make_part(reports=[{"report_id": "x", "incident_type": "enticement"}])
    assert reasons_of(part, model_of(child_signs=1.0)) == [
        "signs of contact, danger and access together: 1, namely reported as enticement (+1)"
    ]


def test_count_of_payments_and_their_distance_are_one_reason(make_part) -> None:
    model = model_of(small_payments=1.0, days_between_payments=-0.5)
    part = make_part(
        reports=[{"report_id": "x"}],
        persons=[{"person_id": "p", "report_id": "x", "role": "reported"}],
        transactions=[
            {"transaction_id": f"t{i}", "person_id": "p", "amount_eur": "-20", "executed_at": f"2024-02-0{i}"}
            for i in (1, 3, 5)
        ],
    )
    assert reasons_of(part, model) == ["payments of under 55 euro: 3, 2.0 days apart (+2)"]


def test_child_that_is_mentioned_is_told_once(make_part) -> None:
    model = model_of(child_mentioned=(0, 0, 2), others_child_mentioned=(-1, 0, 3))
    part = make_part(
        reports=[{"report_id": "x"}], children=[{**CHILD, "relation_to_suspect": "other_family"}]
    )
    assert reasons_of(part, model) == ["the report mentions a particular child: another relative (+5)"]


def test_at_most_five_reasons_the_largest_of_either_sign_and_none_that_adds_nothing(make_part) -> None:
    names = ["sextortion", "sadism", "solicitation", "aggravating_factors", "among_minors", "spam"]
    points = dict(zip(names, [1, 5, 2, 4, 0, -3], strict=True))
    model = model_of(**{name: (0, 0, at) for name, at in points.items()}, told_by_child=(0, 6, 6))
    labels = [
        "sextortion",
        "sadistic_online",
        "csam_solicitation",
        "aggravating_factors",
        "minor_to_minor",
        "spam",
    ]
    part = make_part(reports=[{"report_id": "x", "report_annotations": labels}])
    (reasons,) = reasons_of(part, model)
    assert [reason[-3:-1] for reason in reasons.split("; ")] == ["+6", "+5", "+4", "-3", "+2"]
    assert reasons_of(part, model_of(among_minors=(0, 0, 0))) == [""]


def test_case_that_could_not_be_scored_has_no_reasons() -> None:
    model = model_of(sextortion=(0, 0, 1))
    assert give_reasons(model, np.array([[1.0]]), np.array([[np.nan]])).to_pylist() == [""]


FLAGS = sorted({flag for flags in COUNTED.values() for flag in flags})
NUMBERS = ("persons_reported", "share_viral", "share_unknown", "payments", "small_payments", "minor_threads")


@given(
    st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=len(FLAGS), max_size=len(FLAGS)),
    st.lists(st.sampled_from([0.0, 1.0, 7.0, np.nan]), min_size=len(NUMBERS), max_size=len(NUMBERS)),
    st.integers(0, 2**32 - 1),
)
def test_joining_keeps_the_sum_and_joins_only_what_states_the_same(
    flags: list[float], numbers: list[float], seed: int
) -> None:
    asserted = {flag for flag, value in zip(FLAGS, flags, strict=True) if value > 0}
    names = [*FLAGS, *NUMBERS, *COUNTED]
    sums = [float(len(asserted & set(counted))) for counted in COUNTED.values()]
    matrix = np.array([[*flags, *numbers, *sums]])
    # Whole numbers, so that sums are exact whatever their order.
    contributions = np.random.default_rng(seed).integers(1, 1000, matrix.shape).astype(float)
    joined = join_alike(names, matrix, contributions)
    assert joined.sum() == contributions.sum()
    alike = {name for group in ALIKE for name in group}
    for name, before, after in zip(names, contributions[0], joined[0], strict=True):
        signs = asserted & set(COUNTED.get(name, ()))
        if name not in alike and name not in COUNTED and name not in asserted:
            assert after == before
        if len(signs) > 1 and all(
            signs != asserted & set(other) for key, other in COUNTED.items() if key != name
        ):
            assert after == before
        if len(signs) == 1:
            assert after == 0.0


@pytest.mark.parametrize("name", ["expert", "scorecard", "additive", "boosted"])
def test_reasons_are_told_of_every_shipped_model(make_part, name: str) -> None:
    """The same reasons whether a case is told alone or among others."""
    model = load_model(name if name == "expert" else f"models/nl-2017/{name}").model
    rows = [{"report_id": f"r{i}", "incident_type": "csam" if i else "travel"} for i in range(3)]
    alone = [reasons_of(make_part(reports=[dict(row)]), model)[0] for row in rows]
    assert reasons_of(make_part(reports=[dict(row) for row in rows]), model) == alone
    assert alone[0] != alone[1]
