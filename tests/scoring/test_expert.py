from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.expert import read_scorecard
from triage.shipped import find_shipped

EXPERT = find_shipped("models", "expert.toml")


def test_every_weight_of_expert_has_a_source_and_a_class() -> None:
    for factor in tomllib.loads(EXPERT.read_text())["factor"]:
        assert factor["source"].strip()
        assert factor["class"].strip()


def test_expert_covers_the_catalogue_but_what_has_no_evidence() -> None:
    model = read_scorecard(EXPERT)
    left_out = set(FEATURES) - set(model.features)
    assert left_out == {
        "solicitation",
        "self_produced",
        "reports_in_case",
        "direct_sharing",
        "days_since_activity",
    }


def test_expert_agrees_with_adding_up_the_file_by_hand() -> None:
    """A second, independent scorer: plain Python over the TOML, no shared code."""
    factors = tomllib.loads(EXPERT.read_text())["factor"]
    model = read_scorecard(EXPERT)
    rng = np.random.default_rng(1)
    for _ in range(200):
        case = {
            name: float(rng.choice([-1, 0, 1] if f.denied else [0, 1]))
            if f.is_flag
            else float(rng.choice([np.nan, 0, 1, 4, 25, 90]))
            for name, f in FEATURES.items()
        }
        total = 0
        for factor in factors:
            value, points = case[factor["feature"]], factor["points"]
            if isinstance(points, dict):
                total += points.get({1: "asserted", 0: "unknown", -1: "denied"}[int(value)], 0)
            elif not np.isnan(value):
                total += [p for start, p in points if value >= start][-1]
        matrix = np.array([[case[name] for name in model.features]])
        assert model.score(model.contributions(matrix))[0] == total


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


HEAD = 'kind = "scorecard"\n[[factor]]\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind = ", "TOML"),
        ('kind = "forest"\n', "no scorecard"),
        ('kind = "scorecard"\n', "no scorecard"),
        (HEAD + 'feature = "height"\npoints = {asserted = 1}\nsource = "x"', "no such feature"),
        (HEAD + 'feature = "escalated"\npoints = {asserted = 1}', "no source"),
        (HEAD + 'feature = "escalated"\npoints = {yes = 1}\nsource = "x"', "points"),
        (HEAD + 'feature = "live_streamed"\npoints = {denied = -1}\nsource = "x"', "never be denied"),
        (HEAD + 'feature = "escalated"\npoints = {asserted = 1.5}\nsource = "x"', "points"),
        (HEAD + 'feature = "escalated"\npoints = [[0, 1]]\nsource = "x"', "points"),
        (HEAD + 'feature = "escalated"\npoints = {asserted = -1}\nsource = "x"', "against the direction"),
        (HEAD + 'feature = "viral"\npoints = {asserted = 1}\nsource = "x"', "against the direction"),
        (HEAD + 'feature = "prior_reports"\npoints = [[3, 1], [1, 2]]\nsource = "x"', "points"),
        (HEAD + 'feature = "prior_reports"\npoints = [[0, 2], [1, 1]]\nsource = "x"', "against the dir"),
        (HEAD + 'feature = "prior_reports"\npoints = {asserted = 1}\nsource = "x"', "points"),
        ((HEAD + 'feature = "viral"\npoints = {asserted = -1}\nsource = "x"\n')
         + '[[factor]]\nfeature = "viral"\npoints = {asserted = -1}\nsource = "x"', "stands twice"),
    ],
)  # fmt: skip
def test_card_that_cannot_be_right_is_refused_with_its_place(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(InputRefusedError, match=found) as caught:
        read_scorecard(write(tmp_path / "card.toml", text))
    assert "card.toml" in caught.value.where
