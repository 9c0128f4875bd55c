"""What holds of every shipped model on the golden cases: no answer moves a score against the evidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from triage.features.catalogue import FEATURES, answer_flag
from triage.scoring.loading import list_models, load_model

CASES = pd.read_csv(Path(__file__).resolve().parent / "features.csv", index_col="case")
MOST_CASES = 100
DIRECTED = [name for name, feature in FEATURES.items() if feature.is_flag and feature.sign]


def test_every_flag_with_a_direction_is_unknown_in_some_case() -> None:
    """So that each can be answered below."""
    assert not [name for name in DIRECTED if not (CASES[name] == 0).any()]


@pytest.mark.parametrize("name", list_models())
def test_denied_is_at_most_unknown_and_unknown_at_most_asserted(name: str) -> None:
    """Turned round where a flag lowers; the sums that count the flag follow its answer."""
    model = load_model(name).model
    matrix = CASES[model.features].to_numpy()
    score = model.score(model.contributions(matrix))
    for column, flag in enumerate(model.features):
        if flag not in DIRECTED:
            continue
        some = np.flatnonzero(matrix[:, column] == 0)[:MOST_CASES]
        for level in (1.0, -1.0) if FEATURES[flag].denied else (1.0,):
            answered, _ = answer_flag(matrix[some], model.features, column, level)
            moved = model.score(model.contributions(answered)) - score[some]
            assert (moved * level * FEATURES[flag].sign >= 0).all(), (flag, level)
