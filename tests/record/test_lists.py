from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.record.conftest import KEY, header, row
from triage.errors import InputRefusedError
from triage.record import Record, open_record


def test_list_is_kept_row_by_row(any_record: Record) -> None:
    rows = [row("c1"), row("c3", 3, tier=5), row("c2", 2, score=float("nan"), lane="unreadable")]
    head = any_record.keep_list(header(note="2 tied at the cut"), rows)
    (kept,) = any_record.lists()
    assert kept["seq"] == head.seq
    assert kept["as_of"] == "2024-03-01T08:00:00.000000+00:00"
    assert (kept["cases"], kept["note"], kept["model"]) == (3, "2 tied at the cut", "expert 0a")
    found = any_record.list_rows(head.seq)
    assert [some["case_id"] for some in found] == ["c1", "c2", "c3"]
    assert found[1]["score"] is None
    assert found[2] == row("c3", 3, tier=5)


def test_inclusion_accumulates_over_lists(any_record: Record) -> None:
    for batch, share in (("b1", 0.1), ("b2", 0.2), ("b3", 0.0)):
        any_record.keep_list(
            header(batch), [row("c1", inclusion=share), row("c2", inclusion=1.0), row("c3", inclusion=0.0)]
        )
    found = any_record.inclusion()
    assert found == {"c1": pytest.approx(1 - 0.9 * 0.8), "c2": 1.0}
    assert any_record.inclusion(["c1"]) == {"c1": found["c1"]}


def test_list_made_again_draws_the_same_cases_and_counts_once(record: Record) -> None:
    for share in (0.1, 0.3, 0.2):
        record.keep_list(header("b1"), [row("c1", inclusion=share)])
    assert record.inclusion() == {"c1": pytest.approx(0.3)}
    record.keep_list(header("b1", draw="another lottery"), [row("c1", inclusion=0.5)])
    assert record.inclusion() == {"c1": pytest.approx(1 - 0.7 * 0.5)}


def test_inclusion_follows_a_merged_case(record: Record) -> None:
    record.keep_list(header("b1"), [row("old", inclusion=0.5), row("new", inclusion=0.5)])
    record.keep_aliases({"old": "new"})
    record.keep_list(header("b2"), [row("new", inclusion=0.2)])
    expected = {"new": pytest.approx(1 - 0.5 * 0.5 * 0.8)}
    assert record.inclusion() == expected
    assert record.inclusion(["new"]) == expected


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
def test_inclusion_is_one_less_the_product_of_being_passed_over(
    tmp_path_factory: pytest.TempPathFactory, shares: list[list[float]]
) -> None:
    record = open_record(tmp_path_factory.mktemp("record") / "r.sqlite", KEY)
    for number, some in enumerate(shares):
        record.keep_list(
            header(f"b{number}"), [row(f"c{case}", inclusion=share) for case, share in enumerate(some)]
        )
    found = record.inclusion()
    for case in range(3):
        expected = 1 - math.prod(1 - some[case] for some in shares)
        assert found.get(f"c{case}", 0.0) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row("c1"), row("c1", 2)], "a case twice"),
        ([row("c1", inclusion=1.5)], "no probability"),
        ([row("c1", inclusion=float("nan"))], "no probability"),
        ([{"case_id": "c1"}], "without inclusion"),
    ],
)
def test_list_that_makes_no_sense_is_refused_and_nothing_kept(
    record: Record, rows: list[dict[str, object]], says: str
) -> None:
    before = record.head()
    with pytest.raises(InputRefusedError, match=says):
        record.keep_list(header(), rows)
    with pytest.raises(InputRefusedError, match="without policy"):
        record.keep_list({"as_of": 1, "model": 1, "batch": 1}, [row("c1")])
    assert record.head() == before


def test_export_belongs_to_its_list_or_else_to_the_latest(any_record: Record) -> None:
    any_record.keep_list(header("b1"), [row("c1")])
    any_record.keep_list(header("b2"), [row("c1")])
    any_record.keep_export("csv", "a" * 64, "list.csv")
    first, second = any_record.lists()
    assert first["exports"] == []
    assert second["exports"][0]["sha256"] == "a" * 64
    any_record.keep_export("csv", "b" * 64, "list.csv", of=first["seq"])
    assert [export["sha256"] for export in any_record.lists()[0]["exports"]] == ["b" * 64]
    with pytest.raises(InputRefusedError, match="SHA-256"):
        any_record.keep_export("csv", "a", "list.csv")


def test_empty_list_is_a_list(record: Record) -> None:
    head = record.keep_list(header(), [])
    assert record.list_rows(head.seq) == []
    with pytest.raises(InputRefusedError, match="no list"):
        record.list_rows(1)


def test_drawn_cases_are_told_under_their_present_name(any_record: Record) -> None:
    drawn = row("old", audit=True, inclusion=0.1)
    any_record.keep_list(header("b1"), [drawn, row('"audit":true', 2), row("c", 3, lists="referral notice")])
    any_record.keep_aliases({"old": "new"})
    assert any_record.drawn() == {"new"}
    assert list(any_record.first_listed("referral")) == ["c"]
    assert any_record.first_listed("refer") == {}
