"""A list that hides the scores of planned cases is refused: what is left says nothing of what it opens."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from triage.cli import main
from triage.errors import InputRefusedError
from triage.evaluation.comparison.tables import compare_table, join_tables
from triage.evaluation.joining import evaluate_table
from triage.evaluation.monitoring.monitor import monitor_batch
from triage.evaluation.monitoring.reference import pin_reference
from triage.worklist.exports import export_table


def a_list(hidden: int = 0, rows: int = 120) -> pa.Table:
    """A child, an escalated case and ranked ones, of which the first `hidden` have no score."""
    score = [None, 3.0, *(None if row < hidden else 1.0 / (row + 1) for row in range(rows - 2))]
    return pa.table(
        {
            "case_id": [f"case{row}" for row in range(rows)],
            "rank": [1, 1, *range(2, rows)],
            "lane": ["youth", "escalated", *["ranked"] * (rows - 2)],
            "tier": [1, 1, *[4] * 20, *[5] * (rows - 22)],
            "received_at": ["2024-03-01T10:00:00Z"] * rows,
            "score": pa.array(score, pa.float64()),
            "current_abuse": [row % 4 == 0 for row in range(rows)],
        }
    )


def refused(call) -> None:
    with pytest.raises(InputRefusedError) as caught:
        call()
    assert caught.value.found.startswith("7 ranked cases without a score")
    assert "under a policy that shows scores" in caught.value.mend


def test_evaluation_comparison_and_monitoring_refuse_it() -> None:
    hidden, shown = a_list(7), a_list()
    refused(lambda: evaluate_table(hidden, outcome="current_abuse", score="score", resamples=0))
    both, _ = join_tables(shown, hidden)
    names = ("score (first)", "score (second)")
    refused(
        lambda: compare_table(both, outcome="current_abuse (first)", scores=names, names=("one", "other"))
    )
    refused(lambda: pin_reference(hidden))
    refused(lambda: monitor_batch(pin_reference(shown), hidden))


def test_children_without_a_score_and_tables_of_others_are_evaluated() -> None:
    asked = {"outcome": "current_abuse", "score": "score", "resamples": 0}
    assert "but 1 that have no score" in str(evaluate_table(a_list(), **asked))
    of_others = a_list(7).drop_columns(["tier"])
    assert "but 8 that have no score" in str(evaluate_table(of_others, **asked))
    own = a_list(7).append_column("own", pa.array([float(row) for row in range(120)]))
    evaluate_table(own, **(asked | {"score": "own"}))


def test_command_says_what_to_do(tmp_path: Path) -> None:
    export_table(a_list(7), tmp_path / "list.csv")
    told = CliRunner().invoke(main, ["evaluate", str(tmp_path / "list.csv")])
    assert told.exit_code == 4
    assert "without --store" in told.output
