from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from triage.errors import InputRefusedError
from triage.evaluation.selection.description import check_lottery, describe_selection
from triage.evaluation.selection.outcomes import arrange_outcomes
from triage.scoring.labels import read_outcomes
from triage.worlds import load_world, simulate

STATE = ["yes", "no", "open", "not_chosen", "no", "undetermined"]
REASON = ["audit", "score", "score", "", "score", "audit"]
INCLUSION = [0.1, 0.5, 0.5, 0.0, 0.25, np.nan]


def test_each_reason_is_counted_apart_and_all_together() -> None:
    about = describe_selection(STATE, INCLUSION, reason=REASON)
    audit, score, every = about.reasons
    assert (audit.reason, audit.chosen, audit.finished, audit.yes, audit.undetermined) == (
        "audit",
        2,
        2,
        1,
        1,
    )
    assert (score.chosen, score.finished, score.open, score.no) == (3, 2, 1, 2)
    assert (every.chosen, every.open, every.yes, every.no, every.undetermined) == (5, 1, 1, 2, 1)
    assert (score.smallest, score.largest, audit.unlogged) == (0.25, 0.5, 1)
    # Weights 2 and 4: 36 / 20; 10, 2 and 4: 256 / 120.
    assert score.effective_count == pytest.approx(1.8)
    assert every.effective_count == pytest.approx(256 / 120)
    assert (about.without_chance, about.unknown_chance) == (1 / 6, 1 / 6)


def test_the_description_is_a_frame_a_dictionary_and_a_text() -> None:
    about = describe_selection(STATE, INCLUSION, reason=REASON)
    assert about.to_frame().loc["score", "no"] == 2
    assert json.loads(json.dumps(about.as_dict()))["reasons"][0]["reason"] == "audit"
    assert str(about).splitlines()[0].split() == [
        "reason", "chosen", "finished", "open", "undetermined", "yes", "no", "inclusion", "effective",
    ]  # fmt: skip


def test_without_reasons_or_log_only_the_counts_are_there() -> None:
    about = describe_selection(STATE)
    assert [row.reason for row in about.reasons] == ["all"]
    assert np.isnan(about.reasons[0].smallest)
    assert about.unknown_chance == 1
    assert "not logged" in str(about)


def test_a_state_that_is_none_and_a_choice_that_could_not_be_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="row 2"):
        describe_selection(["yes", "perhaps"])
    with pytest.raises(InputRefusedError, match="inclusion probability of 0"):
        describe_selection(["yes", "no"], [0.0, 0.5])


def test_a_lottery_is_checked_by_the_number_it_chose() -> None:
    test = check_lottery([1, 0, 0, None, None, None], [0.5] * 4 + [0.2] * 2)
    # 3 chosen of 2.4 expected; variance 4 / 4 + 2 * 0.16.
    assert test.statistic == pytest.approx(0.6**2 / 1.32)
    assert test.p_value == pytest.approx(chi2(1).sf(0.6**2 / 1.32))
    assert test.freedom == 1


def test_where_only_the_chosen_have_a_probability_the_weights_must_add_up() -> None:
    test = check_lottery([1, 0, None, None], [0.5, 0.25, None, None])
    # 2 + 4 against 4 cases; variance 2 * 1 + 4 * 3.
    assert test.statistic == pytest.approx(4 / 14)


def test_strata_are_checked_apart_and_nothing_can_be_checked_without_chance() -> None:
    assert check_lottery([1, None, 0, None], [0.5] * 4, stratum=["a", "a", "b", "b"]).freedom == 2
    sure = check_lottery([1, 0], [1.0, 1.0])
    assert sure.method == "not possible: nothing was left to chance"
    unlogged = check_lottery([1, 0], None)
    assert unlogged.method == "not possible: no logged lottery"


def test_forgotten_open_investigations_are_noticed() -> None:
    rng = np.random.default_rng(3)
    chosen = rng.random(5000) < 0.3
    finished = chosen & (rng.random(5000) < 0.7)
    outcome = np.where(finished, 0.0, np.nan)
    told = check_lottery(outcome, np.full(5000, 0.3))
    assert told.p_value < 1e-6
    right = check_lottery(outcome, np.full(5000, 0.3 * 0.7))
    assert right.p_value > 0.01


NAMES = [
    "case_id",
    "selected_at",
    "outcome_at",
    "current_abuse_label",
    "inclusion_probability",
    "selected_by",
]


def table(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=NAMES)


def test_a_case_is_told_by_its_first_opening_and_yes_stands_first() -> None:
    outcomes = table(
        ("a", "2024-01-01", "2024-02-01", "no", 0.5, "audit"),
        ("a", "2024-01-01", "2024-03-01", "yes", 0.5, "audit"),
        ("b", "2024-01-01", "2024-02-01", "no", 0.1, "score"),
        ("b", "2024-01-05", "2024-02-01", "yes", 0.9, "score"),
        ("c", "2024-01-05", "2024-01-04", "yes", 0.2, "score"),
        ("d", "2024-01-05", "2024-02-04", "undetermined", 0.3, "score"),
        ("e", None, "2024-02-04", "yes", 0.3, "score"),
        ("z", "2024-01-05", "2024-02-04", "yes", 0.3, "score"),
    )
    chosen = arrange_outcomes(list("abcdef"), outcomes)
    assert chosen.state.tolist() == ["yes", "no", "open", "undetermined", "not_chosen", "not_chosen"]
    assert chosen.inclusion[:4].tolist() == [0.5, 0.1, 0.2, 0.3]
    assert chosen.reason.tolist() == ["audit", "score", "score", "score", "", ""]
    assert np.isnat(chosen.finished_at[2])
    assert chosen.selected_at[2] == np.datetime64("2024-01-05")


def test_a_table_without_its_columns_and_a_list_with_a_case_twice_are_refused() -> None:
    with pytest.raises(InputRefusedError, match="no column outcome_at"):
        arrange_outcomes(["a"], table().drop(columns="outcome_at"))
    with pytest.raises(InputRefusedError, match="twice"):
        arrange_outcomes(["a", "a"], table())


def test_an_empty_table_leaves_every_case_unchosen() -> None:
    assert arrange_outcomes(["a", "b"], table()).state.tolist() == ["not_chosen"] * 2


def test_the_labels_of_a_world_are_those_that_training_reads() -> None:
    drawn = next(simulate(load_world("nl-2011-2016"), 3000, seed=1))
    labels = read_outcomes(drawn.part)
    chosen = arrange_outcomes(drawn.part.cases.to_pylist(), drawn.part.tables["outcomes"].to_pandas())
    assert np.flatnonzero(~np.isnan(chosen.outcome)).tolist() == labels.case.tolist()
    assert chosen.outcome[labels.case].tolist() == labels.outcome.tolist()
    assert chosen.inclusion[labels.case] == pytest.approx(labels.inclusion)
    assert (chosen.state == "open").sum() > 0
    assert np.isnat(chosen.finished_at[chosen.state == "open"]).all()
