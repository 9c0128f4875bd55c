from __future__ import annotations

import json
from dataclasses import replace
from math import isnan
from typing import Any

import pandas as pd
import pytest
from rich.table import Table

from triage.cli.describing import description_as_dict, draw_description, draw_prosecution
from triage.cli.say import console
from triage.errors import InputRefusedError
from triage.worlds import load_world
from triage.worlds.describe import (
    COLUMNS,
    NOT_TUNED,
    _lies_outside,
    compare,
    describe_prosecution,
    describe_world,
    draw_sample,
)
from triage.worlds.file.published import Published, read_published
from triage.worlds.file.section import Section
from triage.worlds.measures import MEASURES
from triage.worlds.sample import Measured, measure_count

FILES = Published(2.9, 2.0, 3.4, "files a report", "derived", "NCMEC 2025")
URGENT = Published(0.9, 0.8, 1.0, "share of reports", "found", "nobody")
FULL = {
    "value": 2.9,
    "low": 2.0,
    "high": 3.4,
    "unit": "files a report",
    "class": "derived",
    "source": "NCMEC 2025",
}


def read(**entries: dict[str, Any]) -> dict[str, Published]:
    return read_published(Section(entries, "w.toml", "published"))


def test_a_published_number_is_read_with_its_range() -> None:
    assert read(files_per_report=FULL) == {"files_per_report": FILES}


def test_a_range_may_be_open_or_missing() -> None:
    entry = {key: FULL[key] for key in ("value", "unit", "class", "source")}
    one = read(files_per_report=entry)["files_per_report"]
    assert (one.low, one.high) == (None, None)
    assert read(files_per_report=entry | {"low": 1})["files_per_report"].low == 1


@pytest.mark.parametrize(
    ("name", "change", "key"),
    [
        ("files_per_rapport", {}, "published.files_per_rapport"),
        ("files_per_report", {"low": 3.0}, "published.files_per_report.low"),
        ("files_per_report", {"high": 2.0}, "published.files_per_report.high"),
        ("files_per_report", {"value": "2.9"}, "published.files_per_report.value"),
        ("files_per_report", {"value": True}, "published.files_per_report.value"),
        ("files_per_report", {"class": "rumour"}, "published.files_per_report.class"),
        ("files_per_report", {"unit": ""}, "published.files_per_report.unit"),
        ("files_per_report", {"hihg": 4.0}, "published.files_per_report.hihg"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_key(name: str, change: dict[str, Any], key: str) -> None:
    with pytest.raises(InputRefusedError) as error:
        read(**{name: FULL | change})
    assert error.value.where == f"w.toml, {key}"


def test_a_mistyped_measure_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputRefusedError, match="such as files_per_report,"):
        read(files_per_raport=FULL)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    world = replace(load_world("nl-2017"), published={"urgent_reports": URGENT, "files_per_report": FILES})
    return describe_world(world, 2_000, 3, everything=True)


def test_published_numbers_come_first_in_the_order_of_the_file(frame: pd.DataFrame) -> None:
    assert tuple(frame.columns) == COLUMNS
    assert frame["quantity"].tolist()[:2] == ["urgent_reports", "files_per_report"]
    assert sorted(frame["quantity"]) == sorted(MEASURES)
    assert set(frame["class"][2:]) == {NOT_TUNED}
    assert frame["published"].notna().tolist() == [True, True, *[False] * (len(MEASURES) - 2)]


def test_the_world_is_measured_on_the_sample_that_the_seed_draws(frame: pd.DataFrame) -> None:
    sample = draw_sample(load_world("nl-2017"), 2_000, 3)
    assert len(sample) == 2_000
    row = frame.iloc[1]
    expected = sample.tables["files"].num_rows / sample.tables["reports"].num_rows
    assert row["world"] == pytest.approx(expected)
    assert row["difference"] == pytest.approx(expected - 2.9)
    assert row["world_low"] < expected < row["world_high"]
    assert row["rows"] == sample.tables["reports"].num_rows


@pytest.mark.parametrize(
    ("low", "high", "outside"),
    [(0.3, 0.5, False), (0.49, None, False), (0.65, None, True), (None, 0.15, True), (None, None, False)],
)
def test_a_world_is_outside_when_its_whole_interval_is(
    low: float | None, high: float | None, outside: bool
) -> None:
    share = measure_count(40, 100)  # 0.31 to 0.50
    assert _lies_outside(share, Published(0.4, low, high, "share", "found", "nobody")) is outside


def test_a_number_without_an_interval_is_outside_as_it_stands() -> None:
    assert _lies_outside(Measured(2.0), Published(1.0, 0.5, 1.5, "each", "found", "nobody"))
    assert not _lies_outside(Measured(float("nan")), Published(1.0, 0.5, 1.5, "each", "found", "nobody"))


def test_without_published_numbers_only_everything_gives_rows() -> None:
    sample = draw_sample(load_world("nl-2017"), 50, 3)
    assert compare(sample, {}).empty
    assert len(compare(sample, {}, everything=True)) == len(MEASURES)


def test_of_no_cases_nothing_can_be_measured() -> None:
    with pytest.raises(InputRefusedError, match="cases"):
        draw_sample(load_world("nl-2017"), 0, 3)


def test_progress_is_told_in_cases() -> None:
    told: list[int] = []
    draw_sample(load_world("nl-2017"), 10_500, 3, progress=told.append)
    assert sum(told) == 10_500


def test_a_machine_gets_valid_json_with_null_for_what_is_not_a_number(frame: pd.DataFrame) -> None:
    told = json.loads(json.dumps(description_as_dict(frame, world="w", cases=2_000, seed=3), allow_nan=False))
    assert told["synthetic"] is True
    rows = {row["quantity"]: row for row in told["quantities"]}
    assert rows["files_per_report"]["published"] == 2.9
    assert rows["yearly_growth"]["world"] is None
    assert isnan(frame.set_index("quantity").loc["yearly_growth", "world"])


def test_the_terminal_shows_range_and_world_and_says_what_lies_outside(
    frame: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    for shown in draw_description(frame, world="nl-2017", cases=2_000, seed=3):
        console().print(shown)
    text = capsys.readouterr().out
    assert "synthetic: 2,000 cases, seed 3" in text
    assert "80.0% to 100.0%" in text
    assert "2 to 3.4" in text
    assert "meant to lie: urgent_reports" in text
    assert "files_per_report" not in text.split("meant to lie: ")[1]


def test_a_world_without_published_numbers_is_shown_as_not_tuned(frame: pd.DataFrame) -> None:
    _title, note, others = draw_description(frame.iloc[2:], world="w", cases=1, seed=0)
    assert "no published numbers" in str(note)
    assert isinstance(others, Table)
    assert others.title == "Not tuned"


def test_the_table_of_prosecutions_stands_beside_the_published_one() -> None:
    frame = describe_prosecution(load_world("nl-2011-2016"), seeds=2)
    cells = frame.set_index(["period", "row"])
    assert len(cells) == 6 * 11
    assert cells.loc[("2014", "conditional_withdrawal"), "published"] == 142
    window = cells.loc["October 2015 to September 2016"]
    assert window["published"].drop("inflow").sum() == 432
    assert cells["world"].corr(cells["published"]) > 0.99
    assert (cells["difference"] == cells["world"] - cells["published"]).all()
    assert draw_prosecution(frame).row_count == 11


def test_a_world_without_a_prosecution_has_no_such_table() -> None:
    assert describe_prosecution(load_world("nl-2017")).empty


def test_a_narrow_terminal_leaves_the_sources_out_and_says_so(frame: pd.DataFrame) -> None:
    tables = [list(draw_description(frame, world="w", cases=1, seed=0, width=width)) for width in (80, 120)]
    narrow, wide = (next(one for one in shown if isinstance(one, Table)) for shown in tables)
    assert len(narrow.columns) == len(wide.columns) - 1
    assert any("--json" in str(one) for one in tables[0])
