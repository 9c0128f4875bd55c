"""Every model's score of 500 fixed cases, part by part, against a file and a second implementation."""

from __future__ import annotations

import importlib.util
import math
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from triage.features.catalogue import FEATURES
from triage.features.of_baselines import BASELINES
from triage.scoring.loading import list_models, load_model
from triage.shipped import find_shipped

HERE = Path(__file__).resolve().parent


def _plain_scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("plain_scorer", HERE / "plain_scorer.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLAIN = _plain_scorer()
CASES = pd.read_csv(HERE / "features.csv", index_col="case")
GOLDEN = pd.read_parquet(HERE / "contributions.parquet")


def test_there_are_500_cases_with_every_feature() -> None:
    assert len(CASES) == 500
    assert list(CASES.columns) == [*FEATURES, *BASELINES]


def test_every_shipped_model_has_golden_scores() -> None:
    assert set(GOLDEN["model"]) == set(list_models())


@pytest.mark.parametrize("name", list_models())
def test_contributions_and_scores_are_those_of_the_file(name: str) -> None:
    model = load_model(name).model
    added = model.contributions(CASES[model.features].to_numpy())
    fixed = GOLDEN[GOLDEN["model"] == name].set_index(["case", "part"])["adds"].unstack()  # noqa: PD010 -- one value each
    fixed = fixed.reindex(index=CASES.index, columns=[*model.features, "score"]).fillna(0.0)
    np.testing.assert_allclose(added, fixed[model.features], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.score(added), fixed["score"], rtol=1e-12, atol=1e-12)


def plain_scorer_of(name: str) -> tuple[Callable[[dict[str, float]], dict[str, float]], float]:
    """Return the plain scorer of a shipped model, and the score from which it starts."""
    if "/" in name:
        folder = find_shipped("models", *name.split("/"))
        return partial(PLAIN.score_bundle, folder), PLAIN.start_of_bundle(folder)
    path = find_shipped("models", f"{name}.toml")
    if tomllib.loads(path.read_text())["kind"] == "questions":
        return partial(PLAIN.score_questions, path), PLAIN.start_of_questions(path)
    return partial(PLAIN.score_scorecard, path), 0.0


@pytest.mark.parametrize("name", list_models())
def test_second_implementation_agrees_on_every_part_of_every_score(name: str) -> None:
    score, start = plain_scorer_of(name)
    fixed = GOLDEN[GOLDEN["model"] == name].set_index(["case", "part"])["adds"].to_dict()
    parts = {part for _, part in fixed} - {"score"}
    for case, row in CASES.iterrows():
        values = {str(key): float(value) for key, value in row.items()}
        added = score(values)
        for part in {*added, *(part for part in parts if (case, part) in fixed)}:
            expected = fixed.get((case, part), 0.0)
            assert added.get(part, 0.0) == pytest.approx(expected, abs=1e-11), (case, part)
        assert start + math.fsum(added.values()) == pytest.approx(fixed.get((case, "score"), 0.0), abs=1e-9)
