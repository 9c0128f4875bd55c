from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features
from triage.features.of_baselines import BASELINES
from triage.features.view import View
from triage.schema.part import Part
from triage.scoring.additive import parse_additive
from triage.scoring.bundle import save_bundle
from triage.scoring.expert import Scorecard
from triage.scoring.loading import load_model
from triage.scoring.recipe import read_recipe
from triage.shipped import find_shipped

AS_OF = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp())
NAMES = ("expert", "four-step", "rules", "arrival", "urgency", "severity", "random")


def score(name: str, part: Part) -> dict[str, float]:
    model = load_model(name).model
    matrix = build_features(View(part, np.full(len(part.cases), AS_OF)), model.features)
    contributions = model.contributions(matrix)
    found = model.score(contributions)
    total = model.intercept + contributions.sum(axis=1)
    np.testing.assert_allclose(found, total, rtol=1e-12)
    return dict(zip(part.cases.to_pylist(), found.tolist(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_model_loads_by_name_states_its_sources_and_gives_no_probability(name: str) -> None:
    bundle = load_model(name)
    assert bundle.model.name == name
    assert all(bundle.model.sources[feature].strip() for feature in bundle.model.features)
    assert bundle.calibration is None
    assert "not calibrated" in bundle.calibration_for("anything")[1]


@pytest.fixture
def part(make_part: Callable[..., Part]) -> Part:
    def person(report: str, **more: Any) -> dict[str, Any]:
        return {"person_id": f"p{report}", "report_id": report, "role": "reported", **more}

    def file(number: int, report: str, **more: Any) -> dict[str, Any]:
        return {"file_id": f"f{number}", "report_id": report, **more}

    return make_part(
        reports=[
            {"report_id": "old", "received_at": "2024-01-01"},
            {"report_id": "new", "received_at": "2024-04-30", "escalated_by_reporter": "asserted"},
            {"report_id": "calm", "received_at": "2024-03-01", "escalated_by_reporter": "denied"},
        ],
        persons=[person("old", child_facing_role="asserted"), person("new"), person("calm")],
        files=[
            *(file(i, "old", severity_class="B2") for i in range(12)),
            file(20, "new", severity_class="A1"),
        ],
        prior_records=[
            {"record_id": "k", "person_id": "pcalm", "record_kind": "prior_report", "known_at": "2024-03-02"},
            {
                "record_id": "l",
                "person_id": "pnew",
                "record_kind": "image_conviction",
                "known_at": "2024-04-30",
            },
        ],
    )


def test_rules_add_up_files_records_and_work_with_children(part: Part) -> None:
    # old: 12 files 1, works with children 2. new: an image offence 3. calm: reported before 2.
    assert score("rules", part) == {"old": 3, "new": 3, "calm": 2}


def test_arrival_is_the_days_of_waiting(part: Part) -> None:
    # 2024 is a leap year: 31 + 29 + 31 + 30 days from New Year to the first of May.
    assert score("arrival", part) == {"old": 121, "new": 1, "calm": 61}


def test_urgency_is_the_flag_of_the_reporter(part: Part) -> None:
    assert score("urgency", part) == {"old": 0, "new": 1, "calm": -1}


def test_severity_is_the_grade_of_the_material_alone(part: Part) -> None:
    assert score("severity", part) == {"old": 1, "new": 3, "calm": 0}


def test_random_is_the_same_each_time(part: Part) -> None:
    assert score("random", part) == score("random", part)


@pytest.mark.parametrize("name", BASELINES)
def test_nothing_can_be_trained_on_a_number_of_the_baselines(name: str, tmp_path: Any) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text(f'name = "r"\nkind = "logistic"\nfeatures = ["escalated", "{name}"]\n')
    with pytest.raises(InputRefusedError, match=name):
        read_recipe(recipe)
    term = {"feature": name, "slope": 1.0, "center": 0.0, "log": False}
    with pytest.raises(InputRefusedError, match=name):
        parse_additive({"name": "m", "unit": "log-odds", "intercept": 0.0, "terms": [term]}, "bundle")


def test_what_is_no_model_is_refused(tmp_path: Any) -> None:
    with pytest.raises(InputRefusedError, match="no such model"):
        load_model("nobody")
    with pytest.raises(InputRefusedError, match="no scorecard"):
        load_model("logistic")
    broken = tmp_path / "form.toml"
    broken.write_text('kind = "questions"\n')
    with pytest.raises(InputRefusedError, match="levels"):
        load_model(str(broken))


def test_a_scorecard_in_a_bundle_still_states_its_classes(tmp_path: Any) -> None:
    expert = load_model("expert")
    text = find_shipped("models", "expert.toml").read_text()
    save_bundle(tmp_path / "same", expert, text)
    assert load_model(str(tmp_path / "same")).model == expert.model
    # Numbers that are not those of the file beside them state nothing.
    changed = text.replace('name = "expert"', 'name = "another"')
    save_bundle(tmp_path / "other", expert, changed)
    assert not isinstance(load_model(str(tmp_path / "other")).model, Scorecard)
