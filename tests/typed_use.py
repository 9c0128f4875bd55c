"""What a program outside writes against the installed package: `mypy --strict` finds nothing in it."""

from pathlib import Path

import triage


def find_first(batch: Path, count: int) -> list[str]:
    """Return the first cases of a batch under the default model."""
    worklist = triage.build_worklist(
        triage.open_batch(batch), triage.load_model("expert"), triage.Capacity(count=count)
    )
    cases: list[str] = worklist.table["case_id"].to_pylist()[:count]
    return cases


def find_share(found: list[int], points: list[float]) -> float | None:
    """Return the recall at ten cases."""
    result: triage.Evaluation = triage.evaluate(found, points, capacity=10)
    return result.model.at[0].recall.estimate


policy = triage.load_policy("default")
name: str = policy.name
