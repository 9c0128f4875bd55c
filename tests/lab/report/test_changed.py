"""What a change of the reports or of the staff does, on the page and in words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from triage.errors import InputRefusedError
from triage.evaluation.multiplicity import adjust_holm
from triage.lab.report import compare_change, describe_change, summarise, write_page, write_report
from triage.lab.report.summary import Summary
from triage.lab.staff import load_staff
from triage.lab.whatif import WhatIf, load_what_if
from triage.worlds import load_world

from .conftest import WAYS, make_runs
from .test_page import Outline

SHIFT = np.array([10.0, 12.0, 9.0, 13.0])


@pytest.fixture(scope="module")
def summary() -> Summary:
    """Reports double: eleven more children, a tenth less of all, and all else alike."""
    before = make_runs()
    after = make_runs(
        what_if="growth-100",
        values={**before.values, "children_reached": before.values["children_reached"] + SHIFT,
                "share_reached": before.values["share_reached"] - SHIFT / 500},
    )  # fmt: skip
    return summarise(after, cases=100, changed=compare_change(before, after, "reports double"))


def test_differences_are_paired_seed_by_seed_and_corrected_over_all_that_was_asked(summary: Summary) -> None:
    assert summary.changed
    told = summary.changed.differences
    before = make_runs().values["children_reached"][1]
    known = ttest_rel(before + SHIFT, before)
    figure = told["children_reached"]["oracle"].figure
    assert (figure.estimate, figure.low) == pytest.approx((11, known.confidence_interval(0.95).low))
    asked = [known.pvalue] * 6 + [1.0] * (sum(len(by_way) for by_way in told.values()) - 6)
    assert told["children_reached"]["oracle"].p_value == pytest.approx(adjust_holm(np.array(asked))[0])


def test_the_first_sheet_says_before_and_after_of_every_way(summary: Summary) -> None:
    outline = Outline()
    outline.feed(write_page(summary))
    assert (outline.open, outline.broken) == ([], [])
    first = outline.text[: outline.text.index("Each way of working against")]
    assert "What if: reports double? " in first
    assert "World nl-2017, with a change (reports double)" in first
    rows = [row for row in outline.rows if "→" in row]
    assert [row.split()[0] for row in rows] == list(WAYS)
    assert "12.0 → 23.0 11.0 [8.1 to 13.9] more" in rows[0]
    assert "8.0 % → 5.8 % 2.2 [1.6 to 2.8] points less" in rows[0]
    assert all(row.rstrip().endswith("synthetic") for row in rows)


def test_the_text_says_it_in_words(summary: Summary) -> None:
    text = write_report(summary)
    assert (
        "oracle, with the change instead of without: 11.0 [8.1 to 13.9] more children reached; 2.2 [1.6 to 2.8] "
        "percentage points less of all children abused. Not told apart: the rest. (synthetic)" in text
    )


def test_that_questions_are_counted_is_said_only_where_it_decides(summary: Summary) -> None:
    said = "a difference may not be told apart although its own interval leaves 0 out"
    assert said not in write_report(summary)
    values = dict(make_runs().values)
    values["children_reached"] = np.array([[10.0, 12, 10, 12], [11.0, 16, 12, 15], [30.0, 32, 31, 33]])
    assert said in write_report(summarise(make_runs(values=values), cases=100))


def test_runs_give_the_same_as_a_frame() -> None:
    before = make_runs()
    after = make_runs(values={**before.values, "children_reached": before.values["children_reached"] + SHIFT})
    frame = after.compare_with(before).set_index(["measure", "way"])
    known = ttest_rel(before.values["children_reached"][2] + SHIFT, before.values["children_reached"][2])
    row = frame.loc["children_reached", "oracle"]
    assert (row["before"], row["after"], row["difference"]) == pytest.approx((75, 86, 11))
    assert (row["low"], row["p_value"]) == pytest.approx((known.confidence_interval(0.95).low, known.pvalue))
    told = compare_change(before, after, "more").differences
    assert frame["p_holm"].to_dict() == pytest.approx(
        {(name, way): one.p_value for name, ways in told.items() for way, one in ways.items()}
    )


def test_only_the_same_ways_and_seeds_are_set_against_each_other() -> None:
    with pytest.raises(InputRefusedError, match="other ways or other seeds"):
        compare_change(make_runs(), make_runs(seeds=(0, 1, 2, 9)), "another year")
    with pytest.raises(InputRefusedError, match="other ways or other seeds"):
        make_runs().compare_with(make_runs(WAYS[:2]))
    some = make_runs(WAYS[:2], curves=make_runs().curves[:2], weekly={}).compare_with(make_runs())
    assert set(some["way"]) == set(WAYS[:2])


@pytest.mark.parametrize(
    ("name", "detectives", "joining", "said"),
    [
        ("growth-100", 150, 10, "reports double; 10 new detectives join"),
        ("", 151, 0, "1 detective more"),
        ("", 140, 1, "10 detectives fewer; 1 new detective joins"),
        ("", 150, 0, ""),
    ],
)
def test_a_change_is_said_in_plain_words(name: str, detectives: int, joining: int, said: str) -> None:
    staff = load_staff("nl-2017")
    change = load_what_if(name, load_world("nl-2017")) if name else WhatIf()
    changed = staff.with_detectives(detectives)
    assert describe_change(change, changed.with_joining(joining) if joining else changed, staff) == said
