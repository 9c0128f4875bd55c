from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.drift import measure_drift
from triage.evaluation.monitoring.drift_result import ColumnDrift, Drift
from triage.evaluation.monitoring.reference import pin_reference


def draw(rows: int, seed: int, **shares: float) -> pa.Table:
    rng = np.random.default_rng(seed)
    source = rng.choice(["platform", "police"], rows, p=[0.8, 0.2])
    missing = np.where(source == "police", shares.get("police_missing", 0.3), 0.05)
    lanes = np.array(["ranked", "youth", "new"])
    youth, new = shares.get("youth", 0.1), shares.get("new", 0.0)
    return pa.table({
        "score": rng.normal(shares.get("moved", 0.0), 1, rows),
        "lane": lanes[rng.choice(3, rows, p=[1 - youth - new, youth, new])],
        "age": np.where(rng.random(rows) < missing, np.nan, rng.integers(18, 80, rows)),
        "source": source,
    })  # fmt: skip


REFERENCE = pin_reference(draw(5_000, 1), source="source")


def columns(drift: Drift) -> dict[str, ColumnDrift]:
    return {column.name: column for column in drift.columns}


def test_batch_like_the_reference_has_not_changed() -> None:
    drift = measure_drift(REFERENCE, draw(2_000, 2))
    assert drift.p_value == 1
    assert {column.verdict for column in drift.columns} == {"no more than chance"}


def test_counts_are_those_of_the_bins() -> None:
    batch = draw(500, 3)
    column = columns(measure_drift(REFERENCE, batch))["lane"]
    values = batch["lane"].to_pylist()
    assert column.current == (values.count("ranked"), values.count("youth"), 0, 0)


def test_new_category_falls_among_the_others() -> None:
    column = columns(measure_drift(REFERENCE, draw(2_000, 4, new=0.3)))["lane"]
    assert column.verdict.startswith("changed much: ")
    assert column.labels[2] == "other or new"
    assert column.current[2] == pytest.approx(600, abs=80)


def test_missing_values_that_rise_in_one_source_are_seen_there() -> None:
    drift = measure_drift(REFERENCE, draw(2_000, 5, police_missing=0.9))
    age = columns(drift)["age"]
    found = {change.source: change for change in age.missing_by_source}
    assert set(found) == {"platform", "police"}
    assert found["police"].difference.low > 0.5
    assert found["police"].p_adjusted < 0.001
    assert found["platform"].p_adjusted > 0.05
    assert any("from police missing" in text for text in drift.changed(0.05))


def test_smallest_p_value_is_of_changes_that_matter() -> None:
    # A shift of 0.03 standard deviations in a million cases is certain, and of no consequence.
    reference = pin_reference(pa.table({"x": np.random.default_rng(0).normal(size=200_000)}))
    drift = measure_drift(reference, pa.table({"x": np.random.default_rng(1).normal(0.03, 1, 200_000)}))
    assert drift.columns[0].p_adjusted < 0.001
    assert drift.columns[0].verdict.startswith("changed a little")
    assert drift.p_value == 1


def test_change_of_missing_values_has_the_interval_of_newcombe() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10, example (a): 56/70 less 48/80.
    before, now = (
        pa.table({
            "age": np.repeat([np.nan, 30.0, 40.0], [missing, cases - missing, 60]),
            "source": np.repeat(["platform", "police"], [cases, 60]),
        })
        for missing, cases in ((48, 80), (56, 70))
    )  # fmt: skip
    age = columns(measure_drift(pin_reference(before, source="source"), now))["age"]
    (figure,) = (one.difference for one in age.missing_by_source if one.source == "platform")
    assert figure.estimate == pytest.approx(0.2)
    assert (figure.low, figure.high) == pytest.approx((0.0524, 0.3339), abs=6e-5)


def test_column_that_is_gone_counts_as_missing() -> None:
    drift = measure_drift(REFERENCE, draw(300, 6).drop_columns(["age"]))
    age = columns(drift)["age"]
    assert (age.absent, age.missing.now, age.verdict) == (True, 1.0, "the column is not there")
    assert "age the column is not there" in drift.changed(0.05)


def test_column_that_is_no_number_any_more_is_refused() -> None:
    batch = draw(300, 7).drop_columns(["score"]).append_column("score", pa.array(["high"] * 300))
    with pytest.raises(InputRefusedError, match="column score"):
        measure_drift(REFERENCE, batch)


def test_empty_batch_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="no cases"):
        measure_drift(REFERENCE, draw(300, 7).slice(0, 0))


def test_column_of_one_value_is_told_as_such() -> None:
    reference = pin_reference(pa.table({"x": ["a"] * 200}))
    drift = measure_drift(reference, pa.table({"x": ["a"] * 50}))
    assert "one bin" in drift.columns[0].verdict
    changed = measure_drift(reference, pa.table({"x": ["b"] * 50}))
    assert changed.p_value < 1e-6


def test_drift_turns_into_a_frame_json_and_text() -> None:
    drift = measure_drift(REFERENCE, draw(2_000, 8, moved=0.5))
    assert list(drift.to_frame()["column"]) == ["score", "lane", "age", "source"]
    assert json.loads(json.dumps(drift.as_dict(), allow_nan=False))["columns"][0]["verdict"].startswith(
        "changed"
    )
    assert len(str(drift).splitlines()) == 5


def test_order_of_rows_does_not_matter() -> None:
    batch = draw(400, 9)
    mixed = batch.take(np.random.default_rng(0).permutation(400))
    assert str(measure_drift(REFERENCE, batch)) == str(measure_drift(REFERENCE, mixed))


@pytest.mark.slow
def test_drift_alarm_of_many_columns_is_rarely_false() -> None:
    rng = np.random.default_rng(31)

    def batch(rows: int) -> pa.Table:
        numbers = {f"x{i}": rng.normal(size=rows) for i in range(5)}
        codes = {
            f"c{i}": rng.choice(list("abcdefgh"), rows, p=[0.6, 0.2, 0.1, 0.05, 0.02, 0.01, 0.01, 0.01])
            for i in range(5)
        }
        return pa.table(numbers | codes)

    sounded, draws = 0, 200
    for _ in range(draws):
        drift = measure_drift(pin_reference(batch(2_000)), batch(150), resamples=199)
        tests = [column.p_adjusted for column in drift.columns] + [
            column.missing.p_adjusted for column in drift.columns
        ]
        sounded += np.nanmin(tests) <= 0.05
    assert sounded / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
