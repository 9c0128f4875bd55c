import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.evaluation import brier_score, recall_at, roc_auc
from triage.evaluation.inputs import check_outcome, check_score


@pytest.mark.parametrize(
    "outcome",
    [
        [0, 1, 1],
        [False, True, True],
        [0.0, 1.0, 1.0],
        np.array([0, 1, 1], dtype=object),
        pd.Series([False, True, True], dtype="boolean"),
        pd.Series([0, 1, 1], index=[9, 8, 7], dtype="Int64"),
        pa.array([False, True, True]),
    ],
)
def test_every_kind_of_zero_and_one_is_read(outcome):
    assert check_outcome(outcome).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "outcome",
    [[0, 1, None], [0.0, 1.0, np.nan], pd.Series([0, 1, None], dtype="Int64"), pa.array([False, True, None])],
)
def test_missing_outcomes_are_read_as_missing_only_where_they_may_be(outcome):
    assert np.isnan(check_outcome(outcome, missing=True)[2])
    with pytest.raises(InputRefusedError, match="outcome, row 3"):
        check_outcome(outcome)


@pytest.mark.parametrize("outcome", [["no", "yes"], [0, 2], [0.5, 1], [0, -1], [0, 1j], ["0", "1"], [[0, 1]]])
def test_other_outcomes_are_refused(outcome):
    with pytest.raises(InputRefusedError, match="outcome"):
        check_outcome(outcome, missing=True)


def test_text_among_numbers_is_refused_with_its_row():
    with pytest.raises(InputRefusedError, match=r"outcome, row 2: found '1' \(once\)"):
        check_outcome(np.array([0, "1", None], dtype=object), missing=True)


def test_nan_scores_are_refused_with_their_number_and_first_row():
    with pytest.raises(InputRefusedError, match=r"score, row 2: found nan \(2 times, there first\)"):
        recall_at([1, 0, 1, 0], [0.5, np.nan, 0.1, np.nan], 1)


def test_infinite_scores_have_their_place_in_the_order():
    assert roc_auc([1, 0, 0], [np.inf, 1.0, -np.inf]).estimate == 1


def test_whole_scores_stay_apart_beyond_what_a_float_can_tell():
    score = np.array([2**60, 2**60 + 1])
    assert check_score(score).dtype == np.int64
    assert recall_at([0, 1], score, 1).estimate == 1


@pytest.mark.parametrize(
    "score", [["a", "b"], np.array(["2024-01-01", "2024-01-02"], dtype="M8[D]"), [1j, 2]]
)
def test_scores_that_are_no_numbers_are_refused(score):
    with pytest.raises(InputRefusedError, match="score"):
        check_score(score)


@pytest.mark.parametrize("probability", [[0.5, 1.1], [0.5, -0.1], [0.5, np.nan]])
def test_probabilities_outside_zero_and_one_are_refused(probability):
    with pytest.raises(InputRefusedError, match="probability, row 2"):
        brier_score([0, 1], probability)


@pytest.mark.parametrize("weight", [[1, -1], [1, np.nan], [1, np.inf]])
def test_weights_that_are_negative_or_not_finite_are_refused(weight):
    with pytest.raises(InputRefusedError, match="weight, row 2"):
        roc_auc([0, 1], [1, 2], weight=weight)


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(InputRefusedError, match="all weights are 0"):
        roc_auc([0, 1], [1, 2], weight=[0, 0])


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputRefusedError, match="outcome 2, score 3"):
        roc_auc([0, 1], [1, 2, 3])


def test_no_cases_at_all_are_refused():
    with pytest.raises(InputRefusedError, match="no cases"):
        roc_auc([], [])
