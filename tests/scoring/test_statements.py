"""A model as it is read: every value that a term can add stands in one row, in words of the catalogue."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from triage.features.catalogue import FEATURES
from triage.scoring.additive import AdditiveModel, Line, Steps
from triage.scoring.expert import Scorecard
from triage.scoring.loading import load_model


@pytest.mark.parametrize("name", ["expert", "nl-2017/scorecard", "nl-2017/additive", "nl-2017/logistic"])
def test_every_value_that_a_term_can_add_has_a_row(name: str) -> None:
    model = load_model(name).model
    assert isinstance(model, AdditiveModel)
    frame = model.to_frame()
    for term in model.terms:
        # A flag that is never denied has no value of its own for it.
        levels = (
            [-1.0, 0.0, 1.0][not FEATURES[term.feature].denied :] if FEATURES[term.feature].is_flag else None
        )
        if isinstance(term, Line):
            expected = {term.slope}
        elif levels:
            expected = set(term.contribute(np.array(levels)).tolist())
        else:
            expected = {*term.values, term.unknown}
        assert set(frame.loc[frame["feature"] == term.feature, "adds"]) | {0.0} >= expected


def test_no_statement_of_a_factor_is_told_twice() -> None:
    frame = load_model("expert").model.to_frame()
    assert frame["statement"].is_unique
    assert (frame["adds"] != 0).all()
    assert frame["source"].str.len().gt(0).all()


def test_a_card_with_classes_tells_from_what_its_points_come() -> None:
    card = load_model("expert").model
    assert isinstance(card, Scorecard)
    frame = card.to_frame()
    most = frame.groupby("feature")["adds"].agg(lambda points: max(points, key=abs))
    for feature, spread in card.spreads.items():
        if spread.points:
            assert most[feature] == spread.points
    assert set(frame["step"]) == {1, 2, 3, 4}


def test_intervals_of_a_number_follow_on_one_another_and_the_unknown_stands_last() -> None:
    term = Steps("days_since_upload", (7.0, 30.0), (3.0, 2.0, 1.0), -1.0)
    said = AdditiveModel("m", "points", (term,)).to_frame()["statement"].tolist()
    ends = [text.rpartition(": ")[2] for text in said[:3]]
    assert ends == ["below 7", "from 7 to below 30", "from 30"]
    assert said[3].startswith("not known: ")
    assert all(one != other for one, other in itertools.pairwise(said))


def test_a_bundle_shows_itself_in_a_few_lines() -> None:
    lines = repr(load_model("nl-2017/scorecard")).splitlines()
    assert lines[0] == "Bundle scorecard: 15 features, in points"
    assert [line.split(":")[0].strip() for line in lines[2:]] == [
        "fitted on",
        "calibrated on",
        "evaluated on",
    ]
