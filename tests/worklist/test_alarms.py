"""What is said before anybody works down the list: floods by one token, and cases that change lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from triage.intake.tokens import TokenKey
from triage.record import open_record
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.loading import load_model
from triage.worklist.alarms import find_floods, raise_alarms
from triage.worklist.build import build_worklist
from triage.worklist.keeping import keep_worklist
from triage.worklist.policy import Capacity, load_policy
from triage.worklist.policy.policy import Flood
from triage.worklist.pool import open_pool
from triage.worklist.standing import read_standing

KEY = TokenKey(bytes(16))
START = datetime(2024, 6, 1, tzinfo=UTC)
POLICY = replace(load_policy("default"), flood=Flood(3))


def person(name: str, report: str, **more: Any) -> dict[str, Any]:
    return {"person_id": name, "report_id": report, "role": "reported", **more}


@pytest.fixture
def flooded(make_part: Callable[..., Part]) -> Part:
    """Three reports with one token, three that two persons join, and two of another person."""
    return make_part(
        reports=[
            {"report_id": f"{case}{number}", "source_system": source}
            for case, size in (("a", 3), ("b", 3), ("c", 2))
            for number, source in zip(range(size), ("iccam", "goaml", None), strict=False)
        ],
        persons=[
            *(person("p", f"a{number}") for number in range(3)),
            *(person("q", f"b{number}") for number in range(2)),
            *(person("r", f"b{number}") for number in range(1, 3)),
            *(person("s", f"c{number}") for number in range(2)),
            {"person_id": "t", "report_id": "a0", "role": "recipient"},
        ],
    )


def test_alarms_count_one_case_as_one() -> None:
    lanes = {"unreadable": 0, "escalated": 1, "youth": 1, "ranked": 3, "paused": 0}
    counts = {"not_scored": 1, "overdue": {"escalated": 1, "youth": 2}}
    overdue, urgent, failed = raise_alarms(lanes, 0, [], POLICY, banners=[], **counts)
    assert overdue.startswith("3 cases are overdue (1 in lane escalated, 2 in lane youth)")
    assert urgent.startswith(
        "1 case is unreadable or escalated, and the capacity, a share of all cases, is none"
    )
    assert failed.startswith("1 case could not be scored and stands on top")


def test_flood_by_one_token_is_told_and_stays_one_case(flooded: Part) -> None:
    first, second = find_floods(flooded, POLICY)
    assert first == (
        "3 reports from 2 kinds of source are one case, a0, by one reported person: see whether it is one"
        " person; they hold one place on the list"
    )
    assert "are one case, b0, by 2 reported persons: see whether it is one matter" in second
    assert find_floods(flooded, replace(POLICY, flood=Flood(4))) == []
    batch = Batch(BatchMeta("monday", START), lambda _: flooded)
    worklist = build_worklist(batch, load_model("expert"), Capacity(count=2), policy=POLICY)
    assert [alarm for alarm in worklist.alarms if "are one case" in alarm] == find_floods(flooded, POLICY)
    assert worklist.table.num_rows == 3


def test_case_that_one_report_moves_to_lane_youth_or_out_of_it_is_told(
    make_part: Callable[..., Part], tmp_path: Path
) -> None:
    moments = iter(START + timedelta(minutes=minute) for minute in range(1000))
    record = open_record(tmp_path / "record.sqlite", KEY, clock=lambda: next(moments))

    def alarms(day: int, *persons: dict[str, Any]) -> list[str]:
        part = make_part(reports=[{"report_id": row["report_id"]} for row in persons], persons=list(persons))
        pool = open_pool(record, Batch(BatchMeta(f"{day}", START + timedelta(days=day)), lambda _: part))
        worklist = build_worklist(
            pool.batch, load_model("expert"), Capacity(count=9), key=KEY, standing=read_standing(record, pool)
        )
        keep_worklist(record, worklist, pool)
        return [alarm for alarm in worklist.alarms if "youth" in alarm]

    young = {"age_band": "13-15"}
    assert alarms(0, person("p", "a"), person("q", "b"), person("k", "c", **young)) == []
    assert alarms(1, person("p", "d"), person("x", "d", **young), person("z", "e", **young)) == [
        "1 case moved to lane youth, off the ranking, since the last list: see who is said to be under age (a)"
    ]
    record.decide("e", "4711", "opened")
    assert alarms(2, person("z", "f"), person("k", "g"), person("y", "g", age_band="40-59")) == [
        "1 case left lane youth since the last list: see who is said to be an adult (c)"
    ]
    assert alarms(3, person("m", "h")) == []
