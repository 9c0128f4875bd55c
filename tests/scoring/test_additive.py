from __future__ import annotations

import bisect
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.scoring.additive import AdditiveModel, Line, Steps, flag_steps, parse_additive
from triage.scoring.model import Asked

CARD = AdditiveModel(
    "test",
    "log-odds",
    (
        flag_steps("contact_record", -1.0, 0.0, 3.0),
        Steps("prior_reports", (1.0, 3.0), (0.0, 1.0, 2.0)),
        Line("days_since_upload", -0.5, 2.0, log=True),
    ),
    intercept=-4.0,
)


def test_score_is_the_sum_by_hand() -> None:
    matrix = np.array([[1.0, 2.0, math.e**3 - 1], [-1.0, 0.0, np.nan], [0.0, 7.0, 0.0]])
    contributions = CARD.contributions(matrix)
    np.testing.assert_allclose(contributions, [[3, 1, -0.5], [-1, 0, 0], [0, 2, 1]])
    np.testing.assert_allclose(CARD.score(contributions), [-0.5, -5, -1])


@given(
    st.lists(st.integers(-9, 30), unique=True, max_size=24).map(sorted),
    st.lists(st.one_of(st.sampled_from([math.nan, math.inf, -math.inf]), st.integers(-10, 31)), max_size=5),
)
def test_step_is_the_interval_that_a_search_finds_however_many_edges(
    edges: list[int], values: list[float]
) -> None:
    term = Steps("files", tuple(map(float, edges)), tuple(map(float, range(len(edges) + 1))), -1.0)
    expected = [-1 if math.isnan(x) else bisect.bisect_right(edges, x) for x in values]
    assert term.contribute(np.array(values, dtype=np.float64)).tolist() == expected


def test_rescored_case_has_the_score_of_the_changed_one() -> None:
    matrix = np.array([[0.0, 2.0, np.nan], [1.0, 0.0, 3.0]])[:, : len(CARD.terms)]
    score = CARD.score(CARD.contributions(matrix))
    changed = np.array([[1.0, 0.0, np.nan], [1.0, 5.0, 3.0]])
    answer = {column: changed[:, column] for column in (0, 1)}
    ((rescored,),) = CARD.rescore(matrix, [Asked(np.arange(2), [answer])], score)
    np.testing.assert_allclose(rescored, CARD.score(CARD.contributions(changed)))


def test_model_comes_back_as_it_was_written() -> None:
    assert parse_additive(json.loads(json.dumps(CARD.as_dict())), "x") == CARD


def change(path: list[Any], value: Any) -> dict[str, Any]:
    content: Any = json.loads(json.dumps(CARD.as_dict()))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        "model",
        change(["terms"], []),
        change(["terms"], None),
        change(["terms", 0, "feature"], "os.system"),
        change(["terms", 0, "feature"], ["contact_record"]),
        change(["terms", 0, "values"], [0.0, 1.0]),
        change(["terms", 0, "values"], [3.0, 0.0, -1.0]),  # against the direction of the evidence
        change(["terms", 0, "values", 1], float("nan")),
        change(["terms", 0, "values", 1], "1"),
        change(["terms", 0, "values", 1], True),
        change(["terms", 0, "edges"], [0.5, -0.5]),
        change(["terms", 0, "edges"], list(range(2000))),
        change(["terms", 2, "slope"], 0.5),  # against the direction of the evidence
        change(["terms", 1, "feature"], "contact_record"),
        change(["intercept"], float("inf")),
        change(["unit"], "dollars"),
        change(["name"], "\x1b[2J"),
        change(["name"], "a\nb"),
        change(["sources"], ["x"]),
        change(["sources"], {"contact_record": 3}),
        change(["sources"], {"contact_record": ["x"]}),
        change(["sources"], {"contact_record": "\x1b[2J"}),
        change(["sources"], {"contact_record": "x" * 1001}),
        change(["name"], "x" * 1000),
    ],
)
def test_what_is_not_exactly_a_model_is_refused(content: Any) -> None:
    with pytest.raises(InputRefusedError):
        parse_additive(content, "model.json")
