from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema.batch import Batch
from triage.scoring.loading import load_model
from triage.shipped import find_shipped
from triage.worklist.build import build_worklist
from triage.worklist.scores import score_cases

NAMES = ("expert", "four-step", "nl-2017/boosted")


@pytest.fixture(scope="module")
def sample() -> Batch:
    return open_any(find_shipped("synthetic_data", "sample"))


@pytest.fixture(scope="module")
def scores(sample: Batch) -> pd.DataFrame:
    return score_cases(sample, NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_list(sample: Batch, scores: pd.DataFrame, name: str) -> None:
    listed = build_worklist(sample, load_model(name)).table.to_pandas().set_index("case_id")["score"]
    pd.testing.assert_series_equal(
        scores.set_index("case_id")[name], listed.reindex(scores["case_id"]), check_names=False
    )


def test_every_case_stands_once_and_a_child_has_no_score(sample: Batch, scores: pd.DataFrame) -> None:
    lanes = build_worklist(sample, load_model("expert")).table.to_pandas().set_index("case_id")["lane"]
    youth = set(lanes.index[lanes == "youth"])
    assert youth
    assert sorted(scores["case_id"]) == sorted(lanes.index)
    for name in NAMES:
        assert set(scores["case_id"][np.isnan(scores[name])]) == youth


def test_models_stand_under_names_of_ones_own(sample: Batch, scores: pd.DataFrame) -> None:
    mine = score_cases(sample, {"mine": load_model("expert")})
    assert mine["mine"].to_list() == pytest.approx(scores["expert"].to_list(), nan_ok=True)
    assert list(score_cases(sample, "expert")) == ["case_id", "expert"]


@pytest.mark.parametrize("names", [[], ["expert", "expert"], ["case_id"]])
def test_names_that_would_not_make_columns_are_refused(sample: Batch, names: list[str]) -> None:
    with pytest.raises(InputRefusedError, match="each once"):
        score_cases(sample, names)
