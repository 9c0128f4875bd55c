from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.drift import measure_drift
from triage.evaluation.monitoring.monitor import monitor_batch
from triage.evaluation.monitoring.reference import pin_reference
from triage.evaluation.monitoring.state import RULES, STATES, STOP, USE, WATCH, MonitorState


def draw(
    seed: int, rows: int = 2_000, *, odds: float = 1.0, moved: float = 0.0, known: float = 1.0
) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(moved, 1, rows)
    p = 1 / (1 + np.exp(3.0 - x))
    y = rng.random(rows) < odds * p / (1 - p + odds * p)
    outcome = [bool(value) if seen else None for value, seen in zip(y, rng.random(rows) < known, strict=True)]
    return pa.table({
        "case_id": [f"{seed}-{i}" for i in range(rows)],
        "score": x,
        "probability": p,
        "received_at": np.datetime64("2024-01-01T00:00:00") + np.sort(rng.integers(0, 30 * 86_400, rows)),
        "current_abuse": outcome,
        "model": ["expert"] * rows,
    })  # fmt: skip


REFERENCE = pin_reference(draw(0))
OUTCOME = {"outcome": "current_abuse"}


def test_batch_as_before_may_be_used() -> None:
    found = monitor_batch(REFERENCE, draw(1), **OUTCOME, batch="a", at="2024-02-01")
    assert (found.state.state, found.state.reasons, found.state.since) == (USE, (), "")
    assert (found.counted, found.state.drift.looks) == (2_000, 1)
    assert str(found).splitlines()[-1] == "state: USE"


def test_calibration_that_breaks_means_do_not_use() -> None:
    found = monitor_batch(REFERENCE, draw(2, odds=4), **OUTCOME, at="2024-02-01")
    assert (found.state.state, found.state.since) == (STOP, "2024-02-01")
    assert any("calibration alarm" in reason and "more frequent" in reason for reason in found.state.reasons)
    assert any("recalibrate" in step for step in found.state.next_steps)


def test_top_of_the_list_that_breaks_means_do_not_use() -> None:
    batch = draw(3, known=0.0).to_pandas()
    order = np.argsort(-batch["score"].to_numpy())
    batch["current_abuse"] = None
    batch.loc[order[:46], "current_abuse"] = "no"
    batch["probability"] = 0.9
    found = monitor_batch(pin_reference(draw(0), ["score"]), pa.Table.from_pandas(batch), **OUTCOME)
    assert found.top.high < 0.5
    assert found.top.count == 46
    assert found.state.state == STOP
    assert any("among the first of the list" in reason for reason in found.state.reasons)


def test_drift_means_watch() -> None:
    found = monitor_batch(REFERENCE, draw(4, moved=0.8), at="2024-03-01")
    assert found.state.state == WATCH
    assert "score changed much" in found.state.reasons[0]
    assert "no outcomes were given" in str(found)


def test_column_that_is_gone_means_watch() -> None:
    found = monitor_batch(REFERENCE, draw(5).drop_columns(["probability"]))
    assert found.state.state == WATCH
    assert any("not in the batch: probability" in reason for reason in found.state.reasons)


def test_state_never_gets_better_under_one_reference() -> None:
    state = monitor_batch(REFERENCE, draw(2, odds=4), **OUTCOME, batch="a", at="2024-02-01").state
    later = monitor_batch(REFERENCE, draw(6), state, **OUTCOME, batch="b", at="2024-03-01").state
    assert (later.state, later.since) == (STOP, "2024-02-01")
    assert later.reasons == state.reasons
    watched = monitor_batch(REFERENCE, draw(4, moved=0.8), later, batch="c").state
    assert watched.state == STOP


def test_batch_looked_at_twice_counts_once() -> None:
    first = monitor_batch(REFERENCE, draw(7), **OUTCOME, batch="a")
    second = monitor_batch(REFERENCE, draw(7), first.state, **OUTCOME, batch="a")
    assert second.repeated
    assert (second.counted, second.counted_before) == (0, 2_000)
    assert second.state == first.state


def test_outcomes_that_come_later_are_counted_then() -> None:
    early = draw(8, known=0.3)
    late = draw(8)
    first = monitor_batch(REFERENCE, early, **OUTCOME, batch="a")
    second = monitor_batch(REFERENCE, late, first.state, **OUTCOME, batch="b")
    assert first.counted + second.counted == 2_000
    assert second.counted_before == first.counted
    assert second.state.calibration.cases == 2_000


def test_without_ids_the_same_outcomes_count_once() -> None:
    batch = draw(9).drop_columns(["case_id"])
    first = monitor_batch(REFERENCE, batch, **OUTCOME)
    mixed = batch.take(np.random.default_rng(0).permutation(2_000))
    second = monitor_batch(REFERENCE, mixed, first.state, **OUTCOME)
    assert (first.counted, second.counted) == (2_000, 0)


def test_case_that_stands_twice_is_refused() -> None:
    batch = pa.concat_tables([draw(10, 200), draw(10, 200)])
    with pytest.raises(InputRefusedError, match="stands twice"):
        monitor_batch(REFERENCE, batch, **OUTCOME)


def test_scores_of_another_model_are_refused() -> None:
    batch = draw(11).drop_columns(["model"]).append_column("model", pa.array(["other"] * 2_000))
    with pytest.raises(InputRefusedError, match="scores of the model other"):
        monitor_batch(REFERENCE, batch)


def test_table_without_any_column_of_the_reference_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="no column of the reference"):
        monitor_batch(REFERENCE, pa.table({"x": [1]}))
    with pytest.raises(InputRefusedError, match="no column found"):
        monitor_batch(REFERENCE, draw(12), outcome="found")


def test_what_is_not_known_is_said() -> None:
    batch = draw(13, known=0.0)
    assert "no outcome is known" in monitor_batch(REFERENCE, batch, **OUTCOME).note
    bare = draw(13).drop_columns(["probability"])
    assert "no case has a probability" in monitor_batch(REFERENCE, bare, **OUTCOME).note


def test_probability_outside_0_and_1_is_refused() -> None:
    batch = draw(14, 200).drop_columns(["probability"]).append_column("probability", pa.array([1.5] * 200))
    with pytest.raises(InputRefusedError, match="probability"):
        monitor_batch(REFERENCE, batch, **OUTCOME)


def test_state_is_saved_and_continued(tmp_path: Path) -> None:
    state = monitor_batch(REFERENCE, draw(15), **OUTCOME, batch="a").state
    state.save(tmp_path / "s.json")
    again = MonitorState.load(tmp_path / "s.json", REFERENCE)
    assert again == state
    after = monitor_batch(REFERENCE, draw(16), again, **OUTCOME, batch="b").state
    after.save(tmp_path / "s.json")
    assert MonitorState.load(tmp_path / "s.json", REFERENCE).calibration.cases == 4_000
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


@pytest.mark.parametrize(
    "change",
    [{"reference": "x"}, {"state": "fine"}, {"counted": "%%%"}, {"counted": "AAAA"}, {"calibration": None},
     {"drift": {"alpha": 5, "looks": 0, "sounded_at": 0}}, {"batches": [1]}, {"version": 0}, {"reasons": ["\u001b"]}],
)  # fmt: skip
def test_changed_state_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    MonitorState.start(REFERENCE).save(tmp_path / "s.json")
    content = json.loads((tmp_path / "s.json").read_text())
    (tmp_path / "s.json").write_text(json.dumps(content | change))
    with pytest.raises(InputRefusedError):
        MonitorState.load(tmp_path / "s.json", REFERENCE)


def test_state_that_forgets_its_alarm_is_refused(tmp_path: Path) -> None:
    state = monitor_batch(REFERENCE, draw(2, odds=4), **OUTCOME).state
    assert state.calibration.sounded
    state.save(tmp_path / "s.json")
    assert MonitorState.load(tmp_path / "s.json", REFERENCE) == state
    content = json.loads((tmp_path / "s.json").read_text())
    (tmp_path / "s.json").write_text(json.dumps(content | {"state": USE}))
    with pytest.raises(InputRefusedError, match="an alarm has sounded"):
        MonitorState.load(tmp_path / "s.json", REFERENCE)


def test_every_rule_leads_to_a_state_and_a_next_step() -> None:
    assert all(rule.state in STATES[1:] and rule.when and rule.then for rule in RULES)
    for rule in RULES:
        state = MonitorState("r").apply([(rule, "found")], "today")
        assert (state.state, state.since, state.next_steps) == (rule.state, "today", (rule.then,))


def test_operator_page_names_every_rule_and_state() -> None:
    page = " ".join((Path(__file__).parents[3] / "docs" / "monitoring.md").read_text().split())
    for rule in RULES:
        assert rule.when in page
        assert rule.then in page
    assert all(f"**{state}**" in page for state in STATES)


def test_few_cases_are_too_few_to_tell_and_keep_the_state() -> None:
    few = monitor_batch(REFERENCE, draw(4, 29, moved=3), batch="a")
    assert (few.too_few, few.state) == (True, MonitorState.start(REFERENCE))
    assert str(few).splitlines()[-1] == "state: USE; drift: too few to tell"
    assert "too few to tell, 29 cases" in few.as_dict()["remarks"][0]
    assert not monitor_batch(REFERENCE, draw(4, 30)).too_few


def test_few_cases_still_show_that_a_column_is_gone() -> None:
    assert monitor_batch(REFERENCE, draw(5, 20).drop_columns(["probability"])).state.state == WATCH


def test_impossible_probability_is_refused_with_its_row_also_without_outcomes() -> None:
    p = pa.array([None, 0.5, 1.5] + [0.5] * 197)
    batch = draw(14, 200).drop_columns(["probability"]).append_column("probability", p)
    with pytest.raises(InputRefusedError, match="column probability, row 3"):
        monitor_batch(REFERENCE, batch)
    with pytest.raises(InputRefusedError, match="column probability, row 3"):
        pin_reference(batch)


def test_pandas_frame_is_as_good_as_a_table() -> None:
    frame = draw(0).to_pandas()
    frame.index = frame.index + 7
    assert pin_reference(frame, ["score", "probability"]) == pin_reference(draw(0), ["score", "probability"])
    assert str(measure_drift(REFERENCE, draw(1).to_pandas())) == str(measure_drift(REFERENCE, draw(1)))
    assert monitor_batch(REFERENCE, draw(1).to_pandas()).state == monitor_batch(REFERENCE, draw(1)).state
    with pytest.raises(InputRefusedError, match="list"):
        pin_reference([1, 2])  # type: ignore[arg-type]
