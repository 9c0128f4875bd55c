import numpy as np
import pyarrow.parquet as pq
import pytest

from triage.errors import InputRefusedError
from triage.evaluation.joining import evaluate_table, join_outcomes
from triage.evaluation.outcomes import gather_outcomes
from triage.schema.batch import open_batch
from triage.worlds import load_world, write_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("world") / "year"
    write_world(load_world("nl-2017"), 6000, 7, out)
    return out


@pytest.fixture(scope="module")
def told(folder):
    return gather_outcomes(open_batch(folder)).to_pandas().set_index("case_id")


@pytest.fixture(scope="module")
def rows(folder):
    return pq.read_table(folder / "outcomes").to_pandas()


def test_every_case_has_one_row(folder, told):
    cases = pq.read_table(folder / "reports", columns=["case_id"])["case_id"].to_pylist()
    assert sorted(told.index) == sorted(set(cases))


def test_what_was_found_stands_as_it_was_found(told, rows):
    found = rows[rows["current_abuse_label"].isin(["yes", "no"])].drop_duplicates("case_id")
    assert len(found) > 30
    assert (told.loc[found["case_id"], "state"].to_numpy() == found["current_abuse_label"].to_numpy()).all()
    assert told["current_abuse"].notna().sum() == len(found)


def test_an_investigation_that_goes_on_is_open_and_has_no_outcome(told, rows):
    going_on = rows[rows["outcome_kind"] == "open"]["case_id"]
    assert len(going_on) > 5
    assert (told.loc[going_on, "state"] == "open").all()
    assert told.loc[going_on, "current_abuse"].isna().all()


def test_the_chance_of_an_outcome_is_below_that_of_being_chosen(told, rows):
    first = rows.drop_duplicates("case_id").set_index("case_id")["inclusion_probability"]
    chance = told.loc[first.index, "inclusion_probability"]
    known = chance.notna()
    assert (chance[known] < first[known] + 1e-12).all()
    assert told.loc[told["state"] == "not_chosen", "inclusion_probability"].isna().all()


def test_the_chance_is_that_of_choice_times_that_of_having_ended(folder, told, rows):
    # Kaplan-Meier by hand, over all that were chosen; the longest wait has the largest chance of having ended.
    as_of = open_batch(folder).meta.as_of.timestamp()
    start = rows["selected_at"].to_numpy("datetime64[s]").astype(float)
    end = rows["outcome_at"].to_numpy("datetime64[s]")
    ended = ~np.isnat(end)
    length = np.where(ended, end.astype("int64"), as_of) - start
    going_on = 1.0
    curve = []
    for day in np.unique(length[ended]):
        at_risk, now = (length >= day).sum(), (ended & (length == day)).sum()
        going_on *= 1 - now / at_risk
        curve.append((day, 1 - going_on))
    days, share = np.array(curve).T
    reach = np.searchsorted(days, as_of - start, side="right")
    chance = np.append(0.0, share)[reach]
    determined = rows["current_abuse_label"].isin(["yes", "no"]).sum() / ended.sum()
    expected = rows["inclusion_probability"].to_numpy() * chance * determined
    got = told.loc[rows["case_id"], "inclusion_probability"].to_numpy()
    assert got[expected > 0] == pytest.approx(expected[expected > 0], rel=1e-9)


def test_the_weights_of_the_outcomes_add_up_to_about_the_list(told):
    weight = 1 / told.loc[told["current_abuse"].notna(), "inclusion_probability"]
    # A lottery of few: the sum has a standard error of its own.
    error = np.sqrt((weight * (weight - 1)).sum())
    assert abs(weight.sum() - len(told)) < 3 * error


def test_a_list_with_the_outcomes_of_its_batch_is_evaluated_as_a_whole(folder, told):
    table = gather_outcomes(open_batch(folder))
    score = np.random.default_rng(0).random(len(table))
    joined = join_outcomes(table.select(["case_id"]).append_column("score", [score]), table)
    result = evaluate_table(
        joined, outcome="current_abuse", score="score", inclusion="inclusion_probability", resamples=0
    )
    assert result.weighted
    assert result.selection.cases == len(told)
    reasons = {one.reason: one for one in result.choice.reasons}
    assert reasons["all"].chosen == (told["state"] != "not_chosen").sum()
    assert "Which outcomes exist, and why" in str(result)


def test_a_table_with_outcomes_beside_it_is_evaluated_as_one_that_holds_them(folder):
    table = gather_outcomes(open_batch(folder))
    scores = table.select(["case_id"]).append_column("score", [np.random.default_rng(0).random(len(table))])
    options = {"inclusion": "inclusion_probability", "resamples": 0}
    joined = evaluate_table(join_outcomes(scores, table), **options)
    assert evaluate_table(scores, table, **options).to_json() == joined.to_json()
    shuffled = table.to_pandas().sample(frac=1, random_state=1)
    assert evaluate_table(scores.to_pandas(), shuffled, **options).to_json() == joined.to_json()


def test_a_batch_in_which_nothing_was_chosen_is_refused(tmp_path):
    world = load_world("nl-2017")
    write_world(world, 30, 1, tmp_path / "small")
    batch = open_batch(tmp_path / "small")
    if any(part.tables["outcomes"].num_rows for part in batch.parts()):
        pytest.fail("choose another seed: this one chose a case")
    with pytest.raises(InputRefusedError, match="no case that was chosen"):
        gather_outcomes(batch)
