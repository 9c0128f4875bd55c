from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.scoring.trees import LEAF, Tree, TreesModel
from triage.scoring.trees_file import keeps_direction, parse_trees

UNIT = 2**40
# contact_record and prior_reports raise the score, days_since_upload lowers it.
COLUMNS = ("contact_record", "prior_reports", "days_since_upload")
FIRST = Tree.of(
    [0, LEAF, 2, LEAF, LEAF],
    threshold=[0.5, 0, 30.25, 0, 0],
    value=[0.5, -0.25, 1.5, 2, 1],
    unknown_lower=[True, False, True, False, False],
    cover=[80, 10.5, 9],
)
SECOND = Tree.of([1, LEAF, LEAF], threshold=[2, 0, 0], value=[0, 0.1, 0.2])
MODEL = TreesModel("test", "log-odds", COLUMNS, (FIRST, SECOND), base=-4.0, sources={"prior_reports": "x"})


def plain() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(MODEL.as_dict()))
    return content


def test_plain_values_are_as_they_are_told() -> None:
    assert plain() == {
        "name": "test",
        "unit": "log-odds",
        "features": list(COLUMNS),
        "base": -4 * UNIT,
        "feature": [0, -1, 2, -1, -1, 1, -1, -1],
        "threshold": [0.5, 30.25, 2.0],
        "unknown_lower": [1, 1, 0],
        "value": [
            UNIT // 2,
            -UNIT // 4,
            3 * UNIT // 2,
            2 * UNIT,
            UNIT,
            0,
            round(0.1 * UNIT),
            round(0.2 * UNIT),
        ],
        "cover": [80.0, 10.5, 9.0, 1.0, 1.0],
        "sources": {"prior_reports": "x"},
    }


def test_model_comes_back_as_it_was_written() -> None:
    back = parse_trees(plain(), "model.json")
    assert back.as_dict() == MODEL.as_dict()
    assert (back.name, back.unit, back.features, back.base) == ("test", "log-odds", list(COLUMNS), -4.0)
    assert back.trees[0].cover.tolist() == [99.5, 80.0, 19.5, 10.5, 9.0]
    matrix = np.array([[1, 3, np.nan], [0, 0, 4], [1, 2, 31]])
    np.testing.assert_array_equal(back.contributions(matrix), MODEL.contributions(matrix))


def with_(**changes: Any) -> dict[str, Any]:
    return plain() | changes


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        "trees",
        {key: value for key, value in plain().items() if key != "cover"},
        with_(name=""),
        with_(name=3),
        with_(unit="percent"),
        with_(sources=[]),
        with_(sources={"prior_reports": 3}),
        with_(sources={"prior_reports": ["x"]}),
        with_(sources={"prior_reports": "\x1b[2J"}),
        with_(sources={"prior_reports": "x" * 1001}),
        with_(features=[]),
        with_(features=["contact_record", "prior_reports", "prior_reports"]),
        with_(features=["contact_record", "prior_reports", "shoe_size"]),
        with_(features=["contact_record"]),
        with_(base=0.5),
        with_(base=True),
        with_(base=2**53),
        with_(feature=[]),
        with_(feature=[0, -1, 2, -1, -1, 1, -1]),
        with_(feature=[0, -1, 2, -1, -1, 1, -1, 0]),
        with_(feature=[0, -1, 3, -1, -1, 1, -1, -1]),
        with_(feature=[0, -1, -2, -1, -1, 1, -1, -1]),
        with_(feature=[0.0, -1, 2, -1, -1, 1, -1, -1]),
        with_(feature=[False, -1, 2, -1, -1, 1, -1, -1]),
        with_(feature={"0": 1}),
        with_(threshold=[0.5, 30.0]),
        with_(threshold=[0.5, 30.0, float("nan")]),
        with_(threshold=[0.5, 30.0, float("inf")]),
        with_(threshold=[0.5, 30.0, "2"]),
        with_(unknown_lower=[1, 1, 2]),
        with_(unknown_lower=[1, 1, True]),
        with_(value=[0] * 7),
        with_(value=[0] * 7 + [2**53]),
        with_(value=[0] * 7 + [10**400]),
        with_(cover=[80.0, 10.5, 9.0, 1.0, 0.0]),
        with_(cover=[80.0, 10.5, 9.0, 1.0, -1.0]),
        with_(cover=[80.0, 10.5, 9.0, 1.0, 1e300]),
        with_(cover=[80.0, 10.5, 9.0, 1.0]),
        # Each is within bounds; the sum of the ways through both is not.
        with_(value=[0, 0, 0, 2**51, 2**51, 2**51, 2**51, 2**51], base=2**51),
        with_(feature=[0] * 200 + [-1] * 201, threshold=[0.5] * 200, unknown_lower=[0] * 200),
    ],
)
def test_forged_files_are_refused(content: Any) -> None:
    with pytest.raises(InputRefusedError, match=r"model\.json"):
        parse_trees(content, "model.json")


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        ({"value": [0, UNIT, 0, 0, 0, 0, 0, 0]}, "contact_record"),  # a record lowers the score
        ({"value": [0, 0, 0, UNIT, 2 * UNIT, 0, 0, 0]}, "days_since_upload"),  # older raises the score
        ({"value": [0, 0, 0, 0, 0, 0, 1, 0]}, "prior_reports"),  # by the least there is
    ],
)
def test_tree_against_the_catalogue_is_refused(change: dict[str, Any], feature: str) -> None:
    with pytest.raises(InputRefusedError, match=f"{feature} points against the direction"):
        parse_trees(with_(**change), "model.json")


def test_interaction_that_crosses_leaves_but_keeps_direction_is_taken() -> None:
    """With many reports the lower branch reaches above the least of the upper one; no case falls."""
    tree = Tree.of(
        [0, 1, LEAF, LEAF, 1, LEAF, LEAF],
        threshold=[0.5, 2, 0, 0, 2, 0, 0],
        value=[0, 0, 1, 3, 0, 2, 4],
    )
    model = TreesModel("x", "level", COLUMNS[:2], (tree,))
    assert parse_trees(model.as_dict(), "x").as_dict() == model.as_dict()


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    feature, threshold, value, lower = [], [], [], []

    def grow(depth: int) -> None:
        split = depth < 4 and draw(st.integers(0, 3)) > 0
        feature.append(draw(st.integers(0, 1)) if split else LEAF)
        threshold.append(draw(st.sampled_from([-0.5, 0.5, 1.5])) if split else 0.0)
        lower.append(draw(st.booleans()) if split else False)
        value.append(draw(st.integers(0, 2)))
        if split:
            grow(depth + 1)
            grow(depth + 1)

    grow(0)
    return Tree.of(feature, threshold=threshold, value=value, unknown_lower=lower)


@given(trees(), st.sampled_from([-1, 1]))
@settings(max_examples=100, deadline=None)
def test_direction_is_proved_exactly_when_no_two_cases_refute_it(tree: Tree, sign: int) -> None:
    model = TreesModel("x", "points", COLUMNS[:2], (tree,))
    grid = [-1.0, 0.0, 1.0, 2.0]
    rising = True
    for other in [*grid, np.nan]:
        score = model.score(model.contributions(np.array([[x, other] for x in grid])))
        rising &= bool((np.diff(score) * sign >= 0).all())
    if 0 in tree.used:
        assert keeps_direction(tree, 0, sign) == rising


junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(-2, 9))
)


@given(
    st.sampled_from(sorted(plain())),
    st.integers(0, 7),
    junk,
    st.booleans(),
    st.lists(st.floats(-9, 9), min_size=3, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_altered_file_is_refused_or_scores(
    key: str, at: int, value: Any, whole: bool, case: list[float]
) -> None:
    content = plain()
    if whole or not isinstance(content[key], list):
        content[key] = value
    else:
        content[key][at % len(content[key])] = value
    try:
        model = parse_trees(content, "model.json")
    except InputRefusedError:
        return
    parts = model.contributions(np.array([case])[:, : len(model.columns)])
    assert np.isfinite(model.score(parts)).all()


def test_deep_chain_is_refused_quickly() -> None:
    n = 49_999
    content = with_(feature=[0] * n + [-1] * (n + 1), threshold=[0.5] * n, unknown_lower=[0] * n)
    with pytest.raises(InputRefusedError):
        parse_trees(content | {"value": [0] * (2 * n + 1), "cover": [1.0] * (n + 1)}, "model.json")
