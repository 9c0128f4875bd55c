from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from triage.features.catalogue import FEATURES, build_features, find_feature
from triage.features.of_baselines import BASELINES
from triage.features.view import View
from triage.schema.part import Part

AS_OF = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp())


def value_of(name: str, part: Part) -> float:
    (value,) = build_features(View(part, np.full(len(part.cases), AS_OF)), [name])[:, 0]
    return float(value)


def files(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"file_id": f"f{i}", "report_id": "r"} | row for i, row in enumerate(rows)]


def test_numbers_of_baselines_stand_apart_from_the_catalogue() -> None:
    assert not set(BASELINES) & set(FEATURES)
    assert find_feature("days_waiting") is BASELINES["days_waiting"]
    assert find_feature("escalated") is FEATURES["escalated"]
    with pytest.raises(KeyError):
        find_feature("height")


def test_every_file_counts_viral_or_not(make_part: Callable[..., Part]) -> None:
    part = make_part(reports=[{"report_id": "r"}], files=files({}, {"file_annotations": ["viral"]}, {}))
    assert value_of("all_files", part) == 3
    assert value_of("all_files", make_part(reports=[{"report_id": "r"}])) == 0


def test_a_case_waits_from_its_first_report_to_the_as_of_time(make_part: Callable[..., Part]) -> None:
    part = make_part(
        reports=[
            {"report_id": "r", "received_at": "2024-04-21"},
            {"report_id": "s", "received_at": "2024-04-11T12:00:00Z"},
        ],
        persons=[{"person_id": "p", "report_id": report, "role": "reported"} for report in "rs"],
    )
    assert value_of("days_waiting", part) == 19.5


@pytest.mark.parametrize(
    ("classes", "grade"),
    [
        (["B2", "A1"], 3), (["IWF_A"], 3), (["A2"], 2), (["B1", "B2"], 2), (["IWF_B"], 2), (["B2"], 1),
        (["IWF_C", "none"], 1), (["none"], 0), ([None], np.nan),
    ],
)  # fmt: skip
def test_severity_is_the_grade_of_the_severest_file(
    make_part: Callable[..., Part], classes: list[str | None], grade: float
) -> None:
    part = make_part(reports=[{"report_id": "r"}], files=files(*({"severity_class": c} for c in classes)))
    np.testing.assert_equal(value_of("severity_grade", part), grade)


def lottery(part: Part) -> dict[str, float]:
    numbers = build_features(View(part, np.full(len(part.cases), AS_OF)), ["lottery_number"])[:, 0]
    return dict(zip(part.cases.to_pylist(), numbers.tolist(), strict=True))


def test_the_lottery_falls_the_same_for_the_same_case_whatever_stands_beside_it(
    make_part: Callable[..., Part],
) -> None:
    alone = lottery(make_part(reports=[{"report_id": "r7"}]))
    many = lottery(make_part(reports=[{"report_id": f"r{i}"} for i in range(2_000)]))
    assert many["r7"] == alone["r7"]
    assert len(set(many.values())) == 2_000


def test_the_lottery_is_uniform(make_part: Callable[..., Part]) -> None:
    numbers = np.array(
        list(lottery(make_part(reports=[{"report_id": f"r{i}"} for i in range(2_000)])).values())
    )
    share = np.histogram(numbers / 2**40, bins=10, range=(0, 1))[0]
    # Chi squared with 9 degrees of freedom exceeds 27.9 once in a thousand.
    assert ((share - 200) ** 2 / 200).sum() < 27.9
    # No order of the identifiers remains: the correlation of 2,000 pairs has a standard error of 0.022.
    assert abs(np.corrcoef(np.arange(2_000), numbers)[0, 1]) < 0.08
