from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.expert import Scorecard, Spread, read_scorecard
from triage.shipped import find_shipped

EXPERT = find_shipped("models", "expert.toml")
FILE = tomllib.loads(EXPERT.read_text())
MODEL = read_scorecard(EXPERT)

# Mean and standard deviation of the log odds by class, as the evidence file proposes them.
CLASSES = {
    "++": (1.6, 0.5), "+": (0.8, 0.4), "weak": (0.3, 0.3), "doubtful": (0.0, 0.4),
    "weak -": (-0.3, 0.3), "-": (-0.8, 0.4), "--": (-1.6, 0.5),
}  # fmt: skip
# At 2.5 points a unit: 1.6 * 2.5 = 4, 0.8 * 2.5 = 2, 0.3 * 2.5 = 0.75.
POINTS = {"++": 4, "+": 2, "weak": 1, "doubtful": 0, "weak -": -1, "-": -2, "--": -4}


def values(factor: dict[str, object]) -> list[int]:
    points = factor["points"]
    return list(points.values()) if isinstance(points, dict) else [p for _, p in points]  # type: ignore[attr-defined]


def test_every_factor_has_a_source_a_class_and_a_step() -> None:
    for factor in FILE["factor"]:
        assert len(factor["source"].strip()) > 10
        assert factor["class"] in CLASSES
        assert factor["step"] in {1, 2, 3, 4}


def test_factors_stand_in_the_order_of_the_four_steps() -> None:
    steps = [factor["step"] for factor in FILE["factor"]]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4}


def test_classes_are_those_of_the_evidence() -> None:
    assert {name: (row["mean"], row["sd"]) for name, row in FILE["classes"].items()} == CLASSES
    assert FILE["scale"] == 2.5


def test_the_most_points_of_a_factor_follow_from_its_class_and_no_points_are_its_own() -> None:
    for factor in FILE["factor"]:
        assert max(values(factor), key=abs) == POINTS[factor["class"]], factor["feature"]
        assert set(values(factor)) <= {0, *POINTS.values()}


def test_the_model_knows_step_and_spread_of_every_factor() -> None:
    assert list(MODEL.steps) == list(MODEL.spreads) == MODEL.features
    assert MODEL.spreads["viral"] == Spread(-1.6, 0.5, 2.5)
    assert MODEL.steps["viral"] == 4


def test_what_is_unknown_adds_nothing_but_where_no_person_is_known() -> None:
    nothing = np.array([[0.0 if FEATURES[name].is_flag else np.nan for name in MODEL.features]])
    contributions = MODEL.contributions(nothing)[0]
    told = {name: part for name, part in zip(MODEL.features, contributions, strict=True) if part}
    assert told == {"person_reported": -4}


def test_expert_counts_no_material_upward_and_nothing_personal() -> None:
    assert not {"files", "reported_age", "reported_minor"} & set(MODEL.features)
    assert not {name for name in MODEL.features if FEATURES[name].domain == "source"}


def test_expert_agrees_with_adding_up_the_file_by_hand() -> None:
    """A second, independent scorer: plain Python over the TOML, no shared code."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        case = {
            name: float(rng.choice([-1, 0, 1] if f.denied else [0, 1]))
            if f.is_flag
            else float(rng.choice([np.nan, 0, 1, 4, 25, 90]))
            for name, f in FEATURES.items()
        }
        total = 0
        for factor in FILE["factor"]:
            value, points = case[factor["feature"]], factor["points"]
            if isinstance(points, dict):
                total += points.get({1: "asserted", 0: "unknown", -1: "denied"}[int(value)], 0)
            elif not np.isnan(value):
                total += [p for start, p in points if value >= start][-1]
        matrix = np.array([[case[name] for name in MODEL.features]])
        assert MODEL.score(MODEL.contributions(matrix))[0] == total


def case_of(values_: list[float], model: Scorecard) -> list[float]:
    return [
        value if not FEATURES[name].is_flag else float(np.sign(np.nan_to_num(value)))
        for name, value in zip(model.features, values_, strict=True)
    ]


_ANY = st.sampled_from([-1.0, 0.0, 1.0, np.nan, 2.0, 30.0, 400.0])


@given(st.lists(_ANY, min_size=len(MODEL.features), max_size=len(MODEL.features)), st.data())
def test_no_evidence_for_abuse_lowers_a_score_and_none_against_it_raises_one(
    others: list[float], data: st.DataObject
) -> None:
    column = data.draw(st.integers(0, len(MODEL.features) - 1))
    feature = FEATURES[MODEL.features[column]]
    steps = [-1.0, 0.0, 1.0] if feature.is_flag else [0.0, 1.0, 4.0, 19.0, 20.0, 59.0, 61.0, 1e6]
    matrix = np.array([case_of(others, MODEL)] * len(steps))
    matrix[:, column] = steps
    score = MODEL.score(MODEL.contributions(matrix))
    assert (np.diff(score) * feature.sign >= 0).all()


@pytest.mark.parametrize(
    ("spread", "points"),
    [
        (Spread(1.6, 0.5, 2.5), 4), (Spread(0.3, 0.3, 2.5), 1), (Spread(-0.3, 0.3, 2.5), -1),
        (Spread(0.0, 0.4, 2.5), 0), (Spread(0.2, 0.1, 2.5), 1), (Spread(-0.19, 0.1, 2.5), 0),
        (Spread(0.6, 0.1, 2.5), 2),
    ],
)  # fmt: skip
def test_points_are_the_mean_times_the_scale_halves_away_from_nothing(spread: Spread, points: int) -> None:
    assert spread.points == points


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


HEAD = 'kind = "scorecard"\n[[factor]]\n'
CLASSED = 'kind = "scorecard"\nscale = 2.5\n[classes]\n"++" = { mean = 1.6, sd = 0.5 }\n[[factor]]\n'
ESCALATED = 'feature = "escalated"\nsource = "x"\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind = ", "TOML"),
        ('kind = "forest"\n', "no scorecard"),
        ('kind = "scorecard"\n', "no scorecard"),
        ('kind = "scorecard"\nmodell = "x"\n[[factor]]\n' + ESCALATED + "points = {asserted = 1}", "no such key"),
        (HEAD + 'feature = "height"\npoints = {asserted = 1}\nsource = "x"', "no such feature"),
        (HEAD + 'feature = ["escalated"]\npoints = {asserted = 1}\nsource = "x"', "no such feature"),
        (HEAD + 'feature = "escalated"\npoints = {asserted = 1}', "no source"),
        (HEAD + ESCALATED + "points = {yes = 1}", "points"),
        (HEAD + ESCALATED + "points = {asserted = 1}\nweight = 2", "no such key: weight"),
        (HEAD + 'feature = "live_streamed"\npoints = {denied = -1}\nsource = "x"', "never be denied"),
        (HEAD + ESCALATED + "points = {asserted = 1.5}", "points"),
        (HEAD + ESCALATED + "points = [[0, 1]]", "points"),
        (HEAD + ESCALATED + "slope = 1", "points"),
        (HEAD + ESCALATED + "points = {asserted = -1}", "against the direction"),
        (HEAD + 'feature = "viral"\npoints = {asserted = 1}\nsource = "x"', "against the direction"),
        (HEAD + 'feature = "prior_reports"\npoints = [[3, 1], [1, 2]]\nsource = "x"', "points"),
        (HEAD + 'feature = "prior_reports"\npoints = [[0, 0], [nan, 2]]\nsource = "x"', "points"),
        (HEAD + 'feature = "prior_reports"\npoints = [[0, 2], [1, 1]]\nsource = "x"', "against the dir"),
        (HEAD + 'feature = "prior_reports"\npoints = {asserted = 1}\nsource = "x"', "points"),
        (HEAD + 'feature = "prior_reports"\nslope = -1\nsource = "x"', "against the dir"),
        (HEAD + 'feature = "prior_reports"\nslope = inf\nsource = "x"', "points"),
        (HEAD + 'feature = "prior_reports"\nslope = 1\npoints = [[0, 0]]\nsource = "x"', "points"),
        ((HEAD + 'feature = "viral"\npoints = {asserted = -1}\nsource = "x"\n')
         + '[[factor]]\nfeature = "viral"\npoints = {asserted = -1}\nsource = "x"', "stands twice"),
        (HEAD + ESCALATED + "points = {asserted = 1}\nstep = 5", "step 5"),
        (HEAD + ESCALATED + "points = {asserted = 1}\nstep = true", "step True"),
        ((HEAD + ESCALATED + "points = {asserted = 1}\nstep = 3\n")
         + '[[factor]]\nfeature = "viral"\npoints = {asserted = -1}\nsource = "x"', "step None"),
        (CLASSED + ESCALATED + "points = {asserted = 4}", "class None"),
        (CLASSED + ESCALATED + 'class = "+++"\npoints = {asserted = 4}', "class '\\+\\+\\+'"),
        (CLASSED + ESCALATED + 'class = "++"\npoints = {asserted = 5}', "\\+5 points for class"),
        (CLASSED.replace("0.5", "0") + ESCALATED + 'class = "++"\npoints = {asserted = 4}', "class \\+\\+"),
        (CLASSED.replace("0.5", "nan") + ESCALATED + 'class = "++"\npoints = {asserted = 4}', "class \\+\\+"),
        (CLASSED.replace("scale = 2.5", "") + ESCALATED + 'class = "++"\npoints = {asserted = 4}', "scale None"),
        (HEAD.replace("[[", "scale = 2.5\n[[") + ESCALATED + "points = {asserted = 4}", "no classes"),
    ],
)  # fmt: skip
def test_card_that_cannot_be_right_is_refused_with_its_place(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(InputRefusedError, match=found) as caught:
        read_scorecard(write(tmp_path / "card.toml", text))
    assert "card.toml" in caught.value.where


def test_a_card_without_steps_and_classes_is_a_card_still(tmp_path: Path) -> None:
    card = read_scorecard(write(tmp_path / "card.toml", HEAD + ESCALATED + "points = {asserted = 7}"))
    assert (card.steps, card.spreads, card.unit) == ({}, {}, "points")


@pytest.mark.slow
@pytest.mark.parametrize("draw", [0, 1, 2])
def test_expert_finds_more_than_sixty_percent_of_what_could_be_found(draw: int, tmp_path: Path) -> None:
    """Without a single label, in worlds whose effects are drawn anew; the oracle is the exact posterior."""
    import pyarrow.parquet as pq

    from triage.features.catalogue import build_features
    from triage.features.view import View
    from triage.schema.batch import open_batch
    from triage.worlds import load_world, write_world

    write_world(load_world("nl-2017"), 30_000, 5, tmp_path / "batch", draw=draw)
    batch = open_batch(tmp_path / "batch")
    score, case = [], []
    for part in batch.parts():
        view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
        score.append(MODEL.score(MODEL.contributions(build_features(view, MODEL.features))))
        case += part.cases.to_pylist()
    truth = pq.read_table(tmp_path / "batch-truth" / "truth.parquet").to_pandas().set_index("case_id")
    oracle = truth["oracle"].reindex(case).to_numpy()
    k = round(0.023 * len(case))
    # Ties are broken by chance, as the list breaks them by waiting.
    tie = np.random.default_rng(0).random(len(case))
    chosen = np.lexsort((tie, -np.concatenate(score)))[:k]
    assert oracle[chosen].sum() / np.sort(oracle)[-k:].sum() > 0.6
