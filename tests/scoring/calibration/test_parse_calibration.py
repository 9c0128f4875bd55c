from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.scoring.calibration import KINDS, Calibration, fit_calibration, parse_calibration


def _fit() -> dict[str, Calibration]:
    rng = np.random.default_rng(0)
    score = rng.normal(0, 1.5, 800).round(1)
    outcome = (rng.random(800) < 1 / (1 + np.exp(-score))).astype(float)
    shared: dict[str, Any] = {"denominator": "all cases", "population": "world w 1"}
    earlier = fit_calibration("beta", score, outcome, **shared)
    return {kind: fit_calibration(kind, score, outcome, earlier=earlier, **shared) for kind in KINDS}


FITTED = _fit()


def content_of(kind: str) -> dict[str, Any]:
    content = json.loads(json.dumps(FITTED[kind].as_dict(), allow_nan=False))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_comes_back_from_json_as_it_was(kind: str) -> None:
    assert parse_calibration(content_of(kind), "model.json") == FITTED[kind]


def test_none_is_none() -> None:
    assert parse_calibration(None, "model.json") is None


def refuse(content: Any) -> None:
    with pytest.raises(InputRefusedError) as caught:
        parse_calibration(content, "bundle/model.json")
    assert caught.value.where == "bundle/model.json"
    assert caught.value.mend


BAD_NUMBERS = (float("nan"), float("inf"), 1e300, 10**400, "1", None, True, [1.0], {"a": 1})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=str)
def test_every_number_is_looked_at(kind: str, bad: Any) -> None:
    for key, value in content_of(kind).items():
        if key in {"cases", "positives"} or (isinstance(value, float) and bad is not None):
            refuse(content_of(kind) | {key: bad})
        if isinstance(value, list):
            for place in (0, -1):
                changed = list(value)
                changed[place] = bad
                refuse(content_of(kind) | {key: changed})


@pytest.mark.parametrize("kind", KINDS)
def test_missing_and_superfluous_keys_are_refused(kind: str) -> None:
    for key in content_of(kind):
        refuse({name: value for name, value in content_of(kind).items() if name != key})
    refuse(content_of(kind) | {"__class__": "os"})


def change(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: content | values


def swap(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: content | {key: content[key][::-1]}


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("platt", change(b=0.0)),
        ("platt", change(b=-1.0)),
        ("platt", change(variance_a=-0.1)),
        ("platt", change(variance_b=-1e-12)),
        ("platt", change(covariance=1.0)),
        ("platt", change(slope_from="world w")),
        ("platt", change(positives=801)),
        ("platt", change(positives=0)),
        ("platt", change(positives=3.5)),
        ("platt", change(effective_positives=1000.0)),
        ("platt", change(effective_positives=0.0)),
        ("platt", change(population="")),
        ("platt", change(population="a\nb")),
        ("platt", change(population="x" * 200)),
        ("platt", change(denominator=["all"])),
        ("platt", change(weighted=1)),
        ("platt", change(kind="pickle")),
        ("platt", change(kind=["platt"])),
        ("platt", change(kind="beta")),
        ("beta", change(a=-0.1)),
        ("beta", change(a=0.0, b=0.0)),
        ("beta", change(scale=0.0)),
        ("beta", change(scale=1e-300)),
        ("temperature", change(temperature=1e-300)),
        ("beta", change(covariance=[[1.0, 0.0], [0.0, 1.0]])),
        ("beta", change(covariance=[[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])),
        ("beta", change(covariance=[[1.0, 0.1, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]])),
        ("beta", change(covariance=[[0.0, 0.1, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 1.0]])),
        ("temperature", change(temperature=0.0)),
        ("temperature", change(temperature=-1.0)),
        ("temperature", change(variance=-1.0)),
        ("intercept", change(slope_from="")),
        ("intercept", change(population="agency 1")),
        ("intercept", change(curve="isotonic")),
        ("intercept", change(curve="intercept")),
        ("isotonic", change(at=[], value=[])),
        ("isotonic", change(value=[0.1])),
        ("isotonic", swap("at")),
        ("isotonic", swap("value")),
        ("isotonic", change(at=[0.0, 0.0], value=[0.1, 0.2])),
        ("isotonic", change(at=[0.0, 1.0], value=[0.1, 1.2])),
        ("isotonic", change(at=[0.0, 1.0], value=[-0.1, 1.0])),
        ("isotonic", change(grid={"at": [], "low": [], "high": []})),
        ("isotonic", change(grid={"at": [0.0], "low": [0.5], "high": [0.4]})),
        ("isotonic", change(grid={"at": [1.0, 0.0], "low": [0.1, 0.1], "high": [0.4, 0.4]})),
        ("isotonic", change(grid={"at": [1.0], "low": [0.1]})),
        ("isotonic", change(grid=[1.0])),
        ("isotonic", change(at=list(range(50_000)), value=[0.5] * 50_000)),
        ("venn-abers", swap("p0")),
        ("venn-abers", swap("low")),
        ("venn-abers", swap("high")),
        ("venn-abers", change(low=[], high=[], p0=[], p1=[])),
        ("venn-abers", change(low=[0.0], high=[0.0], p0=[0.6], p1=[0.5])),
        ("venn-abers", change(low=[0.0], high=[0.0], p0=[0.1, 0.2], p1=[0.5])),
        ("venn-abers", change(low=[1.0], high=[0.0], p0=[0.1], p1=[0.5])),
    ],
)
def test_what_is_no_rising_curve_is_refused(kind: str, damage: Callable[..., dict[str, Any]]) -> None:
    refuse(damage(content_of(kind)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(KINDS), st.data())
def test_anything_in_any_place_is_refused_or_is_a_curve_that_never_falls(kind: str, data: Any) -> None:
    content = content_of(kind)
    content[data.draw(st.sampled_from(sorted(content)))] = data.draw(json_values)
    try:
        curve = parse_calibration(content, "model.json")
    except InputRefusedError:
        return
    assert curve.kind == content["kind"]
    p = curve.probability(np.linspace(-50, 50, 41))
    low, high = curve.band(np.linspace(-50, 50, 41))
    assert (np.diff(p) >= 0).all()
    assert ((low >= 0) & (low <= p) & (p <= high) & (high <= 1)).all()
    assert curve.note


@given(json_values.filter(lambda content: content is not None))
def test_what_is_no_calibration_at_all_is_refused(content: Any) -> None:
    refuse(content)
