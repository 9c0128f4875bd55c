"""Outcomes of a record name only the cases that were chosen, and bring the probability of that with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from triage.cli import main
from triage.record.labels import LABELS_SCHEMA
from triage.worklist.exports import export_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty cases: the first ten were all opened, of the others every third was drawn."""
    cases = [f"case{row:02}" for row in range(40)]
    scores = {"case_id": cases, "score": np.linspace(1, 0, 40), "other": np.linspace(0, 1, 40)}
    export_table(pa.table(scores), tmp_path / "scores.csv")
    outcomes = [
        {
            "case_id": case,
            "current_abuse": int(row % 2 == 0),
            "state": "yes" if row % 2 == 0 else "no",
            "selected_by": "priority_score" if row < 10 else "random_audit",
            "inclusion_probability": 1.0 if row < 10 else 1 / 3,
        }
        for row, case in enumerate(cases)
        if row < 10 or row % 3 == 0
    ]
    export_table(pa.Table.from_pylist(outcomes, schema=LABELS_SCHEMA), tmp_path / "outcomes.csv")
    return tmp_path


def test_evaluation_weighs_them_and_counts_the_others_as_not_chosen(folder: Path) -> None:
    asked = ["evaluate", str(folder / "scores.csv"), "--outcomes", str(folder / "outcomes.csv")]
    told = json.loads(CliRunner().invoke(main, [*asked, "--resamples", "0", "--json"]).stdout)
    assert told["weighted"]
    # Ten certain ones, and ten drawn ones that stand for three each: five and five of them are positive.
    assert told["selection"]["prevalence"]["horvitz_thompson"]["estimate"] == pytest.approx((5 + 15) / 40)
    whole = next(row for row in told["choice"]["reasons"] if row["reason"] == "all")
    assert (told["choice"]["cases"], whole["chosen"], whole["yes"], whole["no"]) == (40, 20, 10, 10)


def test_comparison_weighs_them_too(folder: Path) -> None:
    asked = ["compare", str(folder / "scores.csv"), "--score", "score", "--score", "other"]
    told = CliRunner().invoke(main, [*asked, "--outcomes", str(folder / "outcomes.csv")])
    assert told.exit_code == 0
    assert "weighted" in told.output
