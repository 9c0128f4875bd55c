from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from triage.errors import InputRefusedError
from triage.evaluation.holdout import train_bundle
from triage.features.catalogue import FEATURES
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.gathering import LabelledCases, gather_labelled
from triage.scoring.labels import parse_labels, read_label_file, read_outcomes
from triage.scoring.logistic_learning import LogisticOptions
from triage.scoring.recipe import Recipe, load_recipe, read_recipe
from triage.scoring.scorecard.learning import ScorecardOptions
from triage.scoring.training import learn, split_periods, train, weigh

NAMES = ("escalated", "contact_record", "viral", "prior_reports", "days_since_upload")
RECIPE = Recipe("test", "logistic", NAMES, LogisticOptions())
TOLD = {"population": "world w abc", "labels": "truth"}


def outcome(
    report: str, label: str | None, selected: str = "2024-04-01", found: str = "2024-05-01", **more: Any
):
    return {
        "report_id": report,
        "outcome_kind": "no_offence",
        "selected_at": selected,
        "outcome_at": found,
        "current_abuse_label": label,
        **more,
    }


def labels_of(make_part: Callable[..., Part], *outcomes: dict[str, Any]) -> list[float]:
    return read_outcomes(make_part(reports=[{"report_id": "r"}], outcomes=list(outcomes))).outcome.tolist()


def test_yes_stands_before_undetermined_before_no(make_part) -> None:
    yes, no, open_ = (outcome("r", label) for label in ("yes", "no", "undetermined"))
    assert labels_of(make_part, no) == [0.0]
    assert labels_of(make_part, no, yes, open_) == [1.0]
    assert labels_of(make_part, no, open_) == []
    assert labels_of(make_part, outcome("r", None)) == []


def test_what_was_found_before_the_case_was_selected_is_no_label(make_part) -> None:
    assert labels_of(make_part, outcome("r", "yes", found="2024-03-31")) == []
    assert labels_of(make_part, outcome("r", "yes", selected="")) == []


def test_a_case_whose_investigation_is_still_open_has_no_label(make_part) -> None:
    still_open = outcome("r", None, found="", outcome_kind="open", inclusion_probability="0.25")
    assert labels_of(make_part, still_open) == []
    assert labels_of(make_part, still_open, outcome("r", "yes", selected="2024-04-02")) == [1.0]


def test_features_are_as_of_the_selection_not_of_today(make_part, now: datetime) -> None:
    part = make_part(
        reports=[{"report_id": "r"}],
        persons=[{"person_id": "p", "report_id": "r", "role": "reported"}],
        prior_records=[
            {"record_id": "a", "person_id": "p", "record_kind": "allegation", "known_at": "2024-04-02"},
            {"record_id": "b", "person_id": "p", "record_kind": "prior_report", "known_at": "2024-03-31"},
        ],
        outcomes=[outcome("r", "yes", inclusion_probability="0.25")],
    )
    cases = gather_labelled(Batch(BatchMeta("x", now), lambda _: part), ["contact_record", "prior_reports"])
    assert cases.matrix.tolist() == [[0.0, 1.0]]
    assert cases.at.tolist() == [datetime(2024, 4, 1, tzinfo=UTC).timestamp()]
    assert cases.inclusion.tolist() == [0.25]


def test_a_file_that_says_how_cases_were_chosen_tells_what_outcomes_of_the_batch_do(
    make_part, now: datetime, tmp_path
) -> None:
    part = make_part(
        reports=[{"report_id": "r"}, {"report_id": "other"}],
        persons=[{"person_id": "p", "report_id": "r", "role": "reported"}],
        prior_records=[
            {"record_id": "a", "person_id": "p", "record_kind": "allegation", "known_at": "2024-04-02"},
            {"record_id": "b", "person_id": "p", "record_kind": "prior_report", "known_at": "2024-03-31"},
        ],
    )
    batch, features = Batch(BatchMeta("x", now), lambda _: part), ["contact_record", "prior_reports"]
    file = tmp_path / "labels.csv"
    file.write_text(
        "case_id,current_abuse,selected_at,inclusion_probability\nr,1,2024-04-01T00:00:00Z,0.25\n"
    )
    cases = gather_labelled(batch, features, read_label_file(file))
    assert cases.matrix.tolist() == [[0.0, 1.0]]
    assert cases.at.tolist() == [datetime(2024, 4, 1, tzinfo=UTC).timestamp()]
    assert cases.inclusion.tolist() == [0.25]
    # A file that does not say so is read as of the batch, and how it came about was not logged.
    plain = gather_labelled(batch, features, {"r": 1.0})
    assert plain.matrix.tolist() == [
        [-1.0, 1.0]
    ]  # the register was asked meanwhile, and knew of no conviction
    assert np.isnan(plain.inclusion).all()


@pytest.mark.parametrize("row", ["r,1,yesterday,0.5", "r,1,2024-03-10,1.5", "r,1,2024-03-10,often", "r,1,,0"])
def test_a_choice_that_cannot_be_read_is_refused_with_its_row(tmp_path, row: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(f"case_id,current_abuse,selected_at,inclusion_probability\n{row}\n")
    with pytest.raises(InputRefusedError, match="row 1"):
        read_label_file(file)


def test_batch_without_labels_is_refused_with_the_next_step(make_part, now: datetime) -> None:
    part = make_part(reports=[{"report_id": "r"}])
    with pytest.raises(InputRefusedError, match="expert"):
        gather_labelled(Batch(BatchMeta("x", now), lambda _: part), NAMES)


def test_labels_that_name_no_case_of_the_batch_are_refused(make_part, now: datetime) -> None:
    """Those of another batch, say: for the recipe that needs no label too."""
    batch = Batch(BatchMeta("year", now), lambda _: make_part(reports=[{"report_id": "r"}]))
    for allow_none in (False, True):
        with pytest.raises(InputRefusedError, match="2 labels, none of a case of this batch") as caught:
            gather_labelled(batch, NAMES, {"x": 1.0, "y": 0.0}, allow_none=allow_none)
        assert caught.value.where == "year"
        assert "the outcomes of this batch" in caught.value.mend


@pytest.mark.parametrize("parts", [0, 1])
def test_training_on_a_batch_without_cases_is_refused_though_informed_needs_no_label(
    make_part, now: datetime, parts: int
) -> None:
    nobody = Batch(BatchMeta("nobody", now, parts=parts), lambda _: make_part())
    with pytest.raises(InputRefusedError, match="no case;") as caught:
        train_bundle(nobody, "informed")
    assert caught.value.where == "nobody"
    assert caught.value.expected == "a batch with cases"


def test_informed_learns_from_the_evidence_alone_where_no_case_has_a_label(make_part, now: datetime) -> None:
    batch = Batch(BatchMeta("first", now), lambda _: make_part(reports=[{"report_id": "r"}]))
    bundle = train_bundle(batch, "informed")
    assert bundle.calibration is None
    assert [period["cases"] for period in bundle.about["periods"].values()] == [0, 0, 0]


def simulate(n: int, inclusion: float = 1.0, seed: int = 0, slope: float = 1.0) -> LabelledCases:
    rng = np.random.default_rng(seed)
    flags = rng.choice([-1.0, 0.0, 1.0], size=(n, 3))
    matrix = np.column_stack([flags, rng.poisson(1.0, n), rng.exponential(20, n)])
    matrix[rng.random(n) < 0.2, 4] = np.nan
    logit = slope * (1.5 * (flags[:, 0] > 0) + 0.7 * flags[:, 1] - 1.0 * (flags[:, 2] > 0)) - 1.5
    y = (rng.random(n) < expit(logit)).astype(float)
    return LabelledCases(matrix, y, np.arange(n) * 3600, np.full(n, inclusion))


def test_model_scores_are_those_of_its_terms_and_keep_the_signs_of_the_catalogue() -> None:
    trained = train(RECIPE, simulate(4000), **TOLD)
    matrix = np.array(
        [[s, c, v, 1.0, 3.0] for s in (-1, 0, 1) for c in (-1, 0, 1) for v in (-1, 0, 1)], float
    )
    score = trained.model.score(trained.model.contributions(matrix)).reshape(3, 3, 3)
    # The log-odds that made the data rise by 2.9 from both denied to both asserted.
    assert score[2, 2, 1] - score[0, 0, 1] == pytest.approx(2.9, abs=0.8)
    for axis, name in enumerate(NAMES[:3]):
        assert (np.diff(score, axis=axis) * FEATURES[name].sign >= 0).all()


def test_unknown_flag_adds_nothing() -> None:
    trained = train(RECIPE, simulate(2000), **TOLD)
    contributions = trained.model.contributions(np.array([[0.0, 0.0, 0.0, np.nan, np.nan]]))
    assert not contributions.any()


def test_model_finds_the_effects_that_made_the_data() -> None:
    trained = train(RECIPE, simulate(60_000), **TOLD)
    one = {"escalated": 1.5, "contact_record": 0.7}
    for name, effect in one.items():
        at = NAMES.index(name)
        row = np.zeros((2, 5))
        row[0, at] = 1.0
        difference = trained.model.contributions(row)[:, at]
        assert difference[0] - difference[1] == pytest.approx(effect, abs=0.12)


def test_periods_follow_each_other_and_do_not_overlap() -> None:
    trained = train(RECIPE, simulate(1000), **TOLD)
    periods = list(trained.about["periods"].values())
    assert [period["cases"] for period in periods] == [600, 200, 200]
    assert len(trained.latest.outcome) == 200
    assert trained.latest.at.min() > 799 * 3600 - 1


def test_nobody_stands_on_two_sides() -> None:
    cases = simulate(1000)
    person = np.arange(1000)
    person[[10, 700, 900]] = 0  # one person in all three periods
    person[[650, 950]] = 1  # another in the second and the third, and first of all in the first
    early, later, latest, left_out = split_periods(replace(cases, person=person), 0.6, 0.2)
    assert left_out == 4
    assert [len(some.outcome) for some in (early, later, latest)] == [600, 198, 198]
    assert not set(early.person) & set(later.person)
    assert not set(latest.person) & (set(early.person) | set(later.person))


def test_cases_of_the_same_second_stay_on_one_side() -> None:
    cases = simulate(100)
    early, later, latest, _ = split_periods(replace(cases, at=np.repeat([1, 2, 3, 4, 5], 20)), 0.5, 0.2)
    assert [sorted(set(some.at)) for some in (early, later, latest)] == [[1, 2], [3], [4, 5]]


def test_persons_are_gathered_over_cases_and_parts(make_part, now: datetime) -> None:
    """Case r and s share a person, s and t another: all three stand on one side."""

    def part(report: str, *persons: str) -> Part:
        named = [{"person_id": p, "report_id": report, "role": "reported"} for p in persons]
        return make_part(
            reports=[{"report_id": report, "case_id": report}],
            persons=named,
            outcomes=[outcome(report, "no", inclusion_probability="1")],
        )

    parts = [part("r", "a"), part("s", "a", "b"), part("t", "b"), part("u", "c"), part("v")]
    batch = Batch(BatchMeta("x", now, parts=len(parts)), parts.__getitem__)
    person = gather_labelled(batch, NAMES).person.tolist()
    assert len(set(person[:3])) == 1
    assert len(set(person)) == 3


def test_weights_make_the_labelled_stand_for_all() -> None:
    chance = np.array([1.0, 0.5, 0.25])
    np.testing.assert_allclose(weigh("inverse", chance), np.array([1, 2, 4]) / (7 / 3))
    assert weigh("none", chance).tolist() == [1, 1, 1]
    assert weigh("inverse", np.array([0.5, np.nan])).tolist() == [1, 1]


def test_capped_weights_are_at_most_ten_times_the_median() -> None:
    chance = np.r_[np.ones(9), 0.001]
    weight = weigh("capped", chance)
    assert weight.max() / np.median(weight) == pytest.approx(10)


def test_weighted_learning_finds_what_the_choice_hid() -> None:
    """Among cases chosen by a fact that is no feature, only the weighted model has the odds ratio of all cases.

    By hand: x and u are independent coins, the outcome is x or u with chance 0.8, else 0.2; cases with u are
    always chosen, others one in ten.
    """
    rng = np.random.default_rng(2)
    n = 400_000
    x, u = rng.random(n) < 0.5, rng.random(n) < 0.5
    y = (rng.random(n) < np.where(x | u, 0.8, 0.2)).astype(float)
    chance = np.where(u, 1.0, 0.1)
    seen = rng.random(n) < chance
    cases = LabelledCases(x[seen, None].astype(float), y[seen], np.arange(seen.sum()), chance[seen])

    def effect(weights: str) -> float:
        recipe = Recipe("t", "logistic", ("escalated",), LogisticOptions(1e6), weights=weights)
        model = learn(recipe, cases).model
        one, other = model.contributions(np.array([[1.0], [0.0]]))
        return float(one[0] - other[0])

    truth = np.log(0.8 / 0.2) - np.log(0.5 / 0.5)  # of all: 0.8 where x, (0.8 + 0.2) / 2 where not
    assert effect("inverse") == pytest.approx(truth, abs=0.05)
    assert abs(effect("none") - truth) > 0.3


def test_choice_that_was_not_logged_gives_no_probability() -> None:
    trained = train(RECIPE, simulate(3000, inclusion=np.nan), **TOLD)
    assert trained.calibration is None
    assert "not logged" in trained.not_calibrated


def test_logged_lottery_gives_a_share_of_all_cases() -> None:
    trained = train(RECIPE, simulate(3000, inclusion=0.1), **TOLD)
    curve = trained.calibration
    assert (curve.denominator, curve.population) == ("all cases", "world w abc")
    score = trained.model.score(trained.model.contributions(trained.latest.matrix))
    # Equal weights change no rate: the mean probability is the share of positives, within 4.5 standard errors.
    rate = trained.latest.outcome.mean()
    assert abs(curve.probability(score).mean() - rate) < 4.5 * np.sqrt(2 * rate * (1 - rate) / len(score))


def test_no_signal_gives_no_probability_that_tells_cases_apart() -> None:
    """Over ten draws without any signal: either no curve at all, or one that is nearly flat."""
    for seed in range(10):
        trained = train(RECIPE, simulate(6000, slope=0.0, seed=seed), **TOLD)
        if trained.calibration is None:
            assert "does not rise" in trained.not_calibrated
            continue
        score = trained.model.score(trained.model.contributions(trained.latest.matrix))
        assert trained.calibration.probability(score).std() < 0.04


def test_labels_of_some_cases_from_outside_are_no_share_of_all(make_part, now: datetime) -> None:
    part = make_part(reports=[{"report_id": f"r{i}"} for i in range(4)])
    batch = Batch(BatchMeta("x", now), lambda _: part)
    assert np.isnan(gather_labelled(batch, NAMES, {"r0": 1.0, "r1": 0.0}).inclusion).all()
    assert (gather_labelled(batch, NAMES, {f"r{i}": 0.0 for i in range(4)}).inclusion == 1.0).all()


def test_case_that_was_opened_twice_is_labelled_by_its_first_opening(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "r"}],
        outcomes=[
            outcome("r", "no", "2024-03-10", "2024-03-20", inclusion_probability="0.01"),
            outcome(
                "r",
                "yes",
                "2024-04-10",
                "2024-04-20",
                inclusion_probability="0.9",
                outcome_kind="child_safeguarded",
            ),
        ],
    )
    labels = read_outcomes(part)
    assert (labels.outcome.tolist(), labels.inclusion.tolist()) == ([0.0], [0.01])
    assert labels.as_of.tolist() == [datetime(2024, 3, 10, tzinfo=UTC).timestamp()]


@pytest.mark.parametrize("positives", [0, 9])
def test_too_few_cases_of_either_outcome_are_refused(positives: int) -> None:
    cases = simulate(200)
    outcomes = np.zeros(200)
    outcomes[:positives] = 1
    with pytest.raises(InputRefusedError, match="informed"):
        train(RECIPE, LabelledCases(cases.matrix, outcomes, cases.at, cases.inclusion), **TOLD)


def test_same_cases_give_the_same_model() -> None:
    assert train(RECIPE, simulate(2000), **TOLD).model == train(RECIPE, simulate(2000), **TOLD).model


def test_label_file_may_be_csv_in_words(tmp_path) -> None:
    (tmp_path / "o.csv").write_text("case_id,current_abuse\na,yes\nb,no\nc,\nd,1\ne,undetermined\n")
    assert read_label_file(tmp_path / "o.csv") == {"a": 1.0, "b": 0.0, "d": 1.0}


def test_case_id_is_text_even_where_it_looks_like_a_number(tmp_path) -> None:
    (tmp_path / "o.csv").write_text("case_id;current_abuse\n007;1\n7;0\n")
    assert read_label_file(tmp_path / "o.csv") == {"007": 1.0, "7": 0.0}


def test_label_file_without_a_row_is_refused_with_what_it_lacks(tmp_path) -> None:
    (tmp_path / "o.csv").write_text("case_id,current_abuse\n")
    nothing = pa.table({"case_id": pa.array([], pa.string()), "current_abuse": pa.array([], pa.bool_())})
    pq.write_table(nothing, tmp_path / "o.parquet")
    for file in (tmp_path / "o.csv", tmp_path / "o.parquet"):
        with pytest.raises(InputRefusedError, match="no row beneath the header") as caught:
            read_label_file(file)
        assert caught.value.where == str(file)
        assert caught.value.expected == "a row a case, with case_id and current_abuse"


@pytest.mark.parametrize(
    ("text", "found", "place"),
    [
        ("case_id\na\n", "no column current_abuse", ""),
        ("case_id,current_abuse\na,perhaps\n", "'perhaps'", ", column current_abuse, row 1"),
        ("\x00\x01", "UTF-16 text", ""),
        ("case_id,current_abuse\na,1\na,0\n", "case a twice", ", row 2"),
    ],
)
def test_label_file_that_cannot_be_right_is_refused(tmp_path, text: str, found: str, place: str) -> None:
    (tmp_path / "o.csv").write_text(text)
    with pytest.raises(InputRefusedError) as caught:
        read_label_file(tmp_path / "o.csv")
    assert (caught.value.found, caught.value.where) == (found, f"{tmp_path / 'o.csv'}{place}")


def test_shipped_recipe_can_be_read() -> None:
    assert load_recipe("logistic").features == tuple(FEATURES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('', "no kind"),
        ('kind = "forest"', "kind = 'forest'"),
        ('kind = "scorecard"', "kind = 'scorecard'"),
        ('kind = "logistic"\n[options]\ninverse_penalty = "x"', "inverse_penalty = 'x'"),
        ('kind = "logistic"\n[options]\ninverse_penalty = -1', "inverse_penalty = -1"),
        ('kind = "logistic"\n[options]\npenalty = 1.0', "no such key: penalty"),
        ('kind = "logistic"\noptions = 3', "options = 3"),
        ('kind = "logistic"\nfeatures = ["height"]', "features height"),
        ('kind = "logistic"\nfit_share = 0.6\ncalibrate_share = 0.4', "fit_share + calibrate_share = 1"),
        ('kind = "logistic"\nweights = "heavy"', "weights = 'heavy'"),
        ('kind = "logistic"\ncalibration = "guess"', "calibration = 'guess'"),
        ('kind = "logistic"\nseed = -1', "seed = -1"),
        ('kind = "logistic"\nspeed = 1', "no such key: speed"),
        ('kind = "logistic"\ncalibration = ["platt"]', "calibration = ['platt']"),
        ('kind = "logistic"\nfeatures = []', "features"),
        ('kind = "logistic"\nfeatures = {escalated = 1}', "features"),
        ('kind = ', "cannot be read as TOML"),
    ],
)  # fmt: skip
def test_recipe_that_cannot_be_right_is_refused(tmp_path, text: str, found: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(InputRefusedError) as caught:
        read_recipe(tmp_path / "r.toml")
    assert caught.value.found.startswith(found)
    assert "r.toml" in caught.value.where


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ('kind = ["a"]', "kind = ['a']", "logistic or "),
        ('kind = {logistic = 1}', "kind = {'logistic': 1}", "logistic or "),
        ('kind = "logistic"\nfeatures = [["escalated"], "meeting"]', "features ['escalated']", "names of the catalogue"),
        ('kind = "logistic"\nfeatures = ["meeting", 3]', "features 3", "names of the catalogue"),
        ('kind = "logistic"\nfeatures = ["meeting", "meeting"]', "features", "each once"),
        ('kind = "logistic"\nfeatures = [["a"], ["a"]]', "features", "each once"),
    ],
)  # fmt: skip
def test_recipe_of_another_shape_is_refused_by_what_was_written(
    tmp_path, text: str, found: str, expected: str
) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(InputRefusedError) as caught:
        read_recipe(tmp_path / "r.toml")
    assert caught.value.found == found
    assert expected in caught.value.expected


def test_reported_person_is_the_rule_and_adds_nothing_its_absence_lowers() -> None:
    rng = np.random.default_rng(3)
    person = (rng.random(8000) < 0.5).astype(float)
    y = (rng.random(8000) < expit(2.0 * person - 2.0)).astype(float)
    cases = LabelledCases(person[:, None], y, np.arange(8000), np.ones(8000))
    recipe = Recipe("p", "logistic", ("person_reported",), LogisticOptions())
    model = train(recipe, cases, **TOLD).model
    contributions = model.contributions(np.array([[1.0], [0.0]]))
    assert contributions[0, 0] == 0.0
    assert contributions[1, 0] == pytest.approx(-2.0, abs=0.15)
    np.testing.assert_allclose(model.score(contributions), [0.0, -2.0], atol=0.15)


def test_labels_are_read_whatever_their_type():
    column = pa.chunked_array([pa.array(["Yes", "no", "1", "0.0", "", None, "undetermined", "TRUE"])])
    assert parse_labels(column, "y") == pytest.approx([1, 0, 1, 0, np.nan, np.nan, np.nan, 1], nan_ok=True)
    assert list(parse_labels(pa.chunked_array([pa.array([True, False])]), "y")) == [1, 0]
    assert list(parse_labels(pa.chunked_array([pa.array([1.0, 0.0])]), "y")) == [1, 0]
    with pytest.raises(InputRefusedError, match="row 2"):
        parse_labels(pa.chunked_array([pa.array(["yes", "perhaps"])]), "y")


def test_same_training_gives_the_same_bytes_whatever_the_number_of_threads(tmp_path) -> None:
    """Bundles of a small world, trained by one thread and by two."""
    from threadpoolctl import threadpool_limits

    import triage

    triage.write_world(triage.load_world("nl-2017"), 6000, 4, tmp_path / "w")
    batch = triage.open_batch(tmp_path / "w")
    labels = read_label_file(tmp_path / "w-truth" / "truth.parquet")
    for name in ("logistic", "additive"):
        for threads in (1, 2):
            with threadpool_limits(limits=threads):
                bundle = triage.train_bundle(batch, load_recipe(name), labels)
            triage.save_bundle(tmp_path / f"{name}-{threads}", bundle, "")
        for file in (tmp_path / f"{name}-1").iterdir():
            assert file.read_bytes() == (tmp_path / f"{name}-2" / file.name).read_bytes()


def test_model_fitted_again_learns_from_all_cases_and_is_judged_by_the_fit_before() -> None:
    cases = simulate(3000)
    again, once = (train(replace(RECIPE, refit=refit), cases, **TOLD) for refit in (True, False))
    matrix = cases.matrix[:50]
    assert (again.model.contributions(matrix) == learn(RECIPE, cases).model.contributions(matrix)).all()
    assert (again.judged.contributions(matrix) == once.model.contributions(matrix)).all()
    assert again.judged_calibration == once.calibration == once.judged_calibration
    assert again.about["fitted_again_on"]["cases"] == 3000
    assert "fitted_again_on" not in once.about


def test_probabilities_of_the_model_fitted_again_are_true_of_new_cases() -> None:
    trained = train(replace(RECIPE, refit=True), simulate(20_000), **TOLD)
    new = simulate(20_000, seed=1)
    p = trained.calibration.probability(trained.model.score(trained.model.contributions(new.matrix)))
    # Three standard errors of the sum of as many outcomes.
    assert new.outcome.sum() == pytest.approx(p.sum(), abs=3 * np.sqrt((p * (1 - p)).sum()) + 0.03 * p.sum())


def test_curve_of_a_card_fitted_again_is_in_the_points_of_the_new_card() -> None:
    recipe = replace(RECIPE, kind="scorecard-learned", options=ScorecardOptions(max_points=10), refit=True)
    trained, new = train(recipe, simulate(6000), **TOLD), simulate(6000, seed=1)
    asked = new.matrix[:, [NAMES.index(name) for name in trained.model.features]]
    p = trained.calibration.probability(trained.model.score(trained.model.contributions(asked)))
    assert p.sum() == pytest.approx(new.outcome.sum(), rel=0.1)


def test_refit_that_is_neither_true_nor_false_is_refused(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('kind = "logistic"\nrefit = "yes"\n', encoding="utf-8")
    with pytest.raises(InputRefusedError, match="refit"):
        read_recipe(path)
