from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.ranking import cut_at, opened_part, rank_cases
from triage.evaluation.selection.cases import check_selected, encode, split_list, whole_list, why_not_weighted


def test_an_outcome_that_could_not_have_come_about_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="inclusion probability of 0"):
        check_selected([1, None], [2, 1], [0.0, 0.5])


@pytest.mark.parametrize("inclusion", [[0.5, 1.1], [0.5, -0.1], ["a", "b"]])
def test_an_inclusion_probability_outside_0_to_1_is_refused(inclusion: list[object]) -> None:
    with pytest.raises(InputRefusedError, match="inclusion"):
        check_selected([1, None], [2, 1], inclusion)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="different length"):
        check_selected([1, None], [2, 1, 0], [0.5, 0.5])


def test_an_unscored_case_is_refused_and_an_unlabelled_one_is_not() -> None:
    with pytest.raises(InputRefusedError, match="score"):
        check_selected([1, None], [np.nan, 1], [0.5, 0.5])
    assert check_selected([1, None], [2, 1], [0.5, None]).labelled.tolist() == [0]


def test_strata_are_any_labels_but_none_is_missing() -> None:
    assert encode(["b", "a", "b"], "stratum").tolist() == [1, 0, 1]
    assert encode(pd.Categorical(["b", "a"]), "stratum").tolist() == [1, 0]
    with pytest.raises(InputRefusedError, match="without a stratum"):
        encode(["b", None], "stratum")
    with pytest.raises(InputRefusedError, match="without a stratum"):
        encode([0.5, np.nan], "stratum")


def test_the_first_k_are_those_of_the_whole_list_not_of_the_labelled() -> None:
    cases = check_selected([None, None, 1, 0], [4, 3, 2, 1], [0.5] * 4)
    split = split_list(cases, (0.5,))[0]
    assert split.opened.part.tolist() == [1, 1, 0, 0]
    assert split.opened.size == 2


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 45))
def test_the_list_is_cut_as_a_ranking_is(score: list[int], k: int) -> None:
    cases = check_selected([None] * len(score), score)
    split = split_list(cases, (k,))[0]
    cut = cut_at(rank_cases(np.zeros(len(score)), score), k)
    assert np.allclose(split.opened.part, opened_part(cut, np.array(score)))
    assert np.allclose(split.opened.part + split.rest.part, 1)
    assert split.opened.size == min(k, len(score)) == pytest.approx(split.opened.part.sum())
    assert split.tied_at_cut == (np.count_nonzero(np.array(score) == cut.score) if cut.splits else 0)


def test_weights_carry_a_side_only_where_every_case_had_a_chance_that_is_known() -> None:
    def why(outcome: list[object], inclusion: list[object], least: float = 1.0) -> str:
        cases = check_selected(outcome, np.arange(len(outcome)), inclusion)
        return why_not_weighted(cases, whole_list(cases), least)

    assert why([1, 0, None], [0.5, 0.5, 0.5]) == ""
    assert why([1, 0, None], [0.5, 0.5, None]) == ""
    assert why([1, 0, None], [0.5, None, 0.5]).startswith("no logged lottery")
    assert "had no chance" in why([1, 0, None], [0.5, 0.5, 0.0])
    assert why([None, None], [0.5, 0.5]).startswith("no case with an outcome")
    # Kish of weights 1 and 9: 100 / 82.
    assert "effective count of 1.22" in why([1, 0], [1.0, 1 / 9], least=2.0)
    assert why([1, 0], [0.3, 0.3], least=2.0) == ""
