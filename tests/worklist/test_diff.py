"""What changed between two lists, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from triage.cli import main
from triage.errors import InputRefusedError
from triage.intake.tokens import load_key
from triage.record import open_record
from triage.worklist.diff import Cause, ListDiff, compare_lists, draw_diff, hold_list, read_list
from triage.worklist.exports import export_table
from triage.worklist.listing import WORKLIST_SCHEMA

PRINTS = "model:aaaa0000 policy:bbbb0000 batch:cccc0000 capacity:30"
Row = dict[str, Any]


def row(case: str, rank: int, score: float | None = 1.0, **other: Any) -> Row:
    usual = {
        "lane": "ranked", "tier": 2, "reports": 1, "sources": "iccam", "country": "NL", "solvability": "named, country known",
        "completeness": 0.5, "reasons": "+3 works with children", "fingerprints": PRINTS, "aliases": "",
    }  # fmt: skip
    return {"case_id": case, "rank": rank, "score": score} | usual | other


def compare(old: list[Row], new: list[Row], **known: Any) -> ListDiff:
    return compare_lists(hold_list(old, "old"), hold_list(new, "new"), **known)


def causes(diff: ListDiff) -> dict[str, tuple[Cause, ...]]:
    return {change.case_id: change.causes for change in diff.changes}


def test_the_same_list_has_no_changes() -> None:
    rows = [row("a", 1), row("b", 2)]
    diff = compare(rows, rows)
    assert not diff.changes
    assert diff.unchanged == 2
    assert diff.same == {"model": True, "policy": True, "batch": True, "capacity": True}


@pytest.mark.parametrize(
    ("facts", "said"),
    [({"reports": 2}, "reports 1 to 2"), ({"country": "DE NL"}, "country NL to DE NL"), ({"score": 4.5}, "score 1 to 4.5"),
     ({"reasons": "other"}, "reasons are others"), ({"completeness": 0.75}, "completeness 0.5 to 0.75"),
     ({"solvability": "handle, country known"}, "solvability named")],
)  # fmt: skip
def test_a_case_with_new_facts_moves_by_them_and_the_one_it_passes_by_others(facts: Row, said: str) -> None:
    diff = compare([row("a", 1), row("b", 2)], [row("b", 1, **{"score": 1.0} | facts), row("a", 2)])
    assert causes(diff) == {"b": (Cause.FACTS,), "a": (Cause.OTHERS,)}
    assert said in diff.changes[0].details[0]
    assert diff.groups() == {"new facts": 1, "only others moved": 1}


def test_time_that_passes_is_no_new_fact() -> None:
    old = row(
        "a", 1, solvability="named, country known, active 9 days ago", waiting_hours=10.0, due_at="2024-06-01"
    )
    new = row(
        "a",
        1,
        solvability="named, country known, active 1,010 days ago",
        waiting_hours=34.0,
        due_at="2024-06-02",
    )
    assert not compare([old], [new]).changes


def test_another_model_moves_what_it_scores_otherwise_and_its_words_are_no_facts() -> None:
    prints = PRINTS.replace("aaaa", "dddd")
    old = [row("a", 1, 3.0), row("b", 2, 2.0)]
    old.append(row("c", 3, 1.0))
    new = [row("b", 1, 9.0, reasons="others", completeness=0.1), row("a", 2, 3.0), row("c", 3, 0.5)]
    new = [one | {"fingerprints": prints} for one in new]
    diff = compare(old, new)
    assert causes(diff) == {"b": (Cause.MODEL,), "a": (Cause.OTHERS,)}
    assert diff.unchanged == 1
    assert diff.same == {"model": False, "policy": True, "batch": True, "capacity": True}


def test_new_facts_under_another_model_are_both_named() -> None:
    new = row("a", 1, 9.0, reports=2, fingerprints=PRINTS.replace("aaaa", "dddd"))
    assert causes(compare([row("a", 2)], [new])) == {"a": (Cause.FACTS, Cause.MODEL)}


@pytest.mark.parametrize("other", [{"lane": "escalated"}, {"tier": 3}, {"imminence": "crisis"}])
def test_another_policy_moves_lanes_imminence_and_tiers(other: Row) -> None:
    new = row("a", 1, **other, fingerprints=PRINTS.replace("bbbb", "eeee"))
    assert causes(compare([row("a", 1)], [new])) == {"a": (Cause.POLICY,)}


def test_another_capacity_is_told_by_itself_and_is_no_other_policy() -> None:
    old = [row("a", 1, tier=2), row("b", 2, tier=5)]
    new = [row("a", 1, tier=2), row("b", 2, tier=4)]
    new = [one | {"fingerprints": PRINTS.replace("capacity:30", "capacity:60")} for one in new]
    diff = compare(old, new)
    assert diff.same == {"model": True, "policy": True, "batch": True, "capacity": False}
    assert causes(diff) == {"b": (Cause.CAPACITY,)}
    lines = [str(part) for part in draw_diff(diff, 0)]
    assert "  capacity: another (30 → 60)" in lines
    assert "  policy: the same" in lines


def test_a_list_that_says_no_capacity_is_compared_as_before() -> None:
    bare = PRINTS.removesuffix(" capacity:30")
    diff = compare([row("a", 1, fingerprints=bare)], [row("a", 1, tier=3, fingerprints=PRINTS)])
    assert diff.same["capacity"] is None
    assert causes(diff) == {"a": (Cause.OTHERS,)}


def test_a_score_that_is_hidden_on_one_list_is_no_new_fact() -> None:
    told = "works with children (+3); lives alone (-1)"
    open_, hidden = (
        row("a", 40, 2.5, tier=5, reasons=told),
        row("a", 7, None, reasons="lives alone (-); works with children (+)"),
    )
    assert causes(compare([open_], [hidden])) == {"a": (Cause.OTHERS,)}
    assert causes(compare([hidden], [open_])) == {"a": (Cause.OTHERS,)}
    assert not compare([hidden], [hidden]).changes
    other = hidden | {"reasons": "lives alone (-)"}
    assert causes(compare([open_], [other])) == {"a": (Cause.FACTS,)}
    # A child to protect has no score, and was a ranked case before it was known to be one.
    assert causes(compare([open_], [row("a", 1, None, lane="youth")])) == {"a": (Cause.FACTS,)}


@pytest.mark.parametrize(
    ("old", "new"), [({"lane": "escalated", "tier": 1}, {"lane": "escalated", "tier": 2}), ({}, {"lane": "paused", "tier": None})]
)  # fmt: skip
def test_what_neither_facts_nor_policy_changed_was_decided_by_a_person(old: Row, new: Row) -> None:
    assert causes(compare([row("a", 1, **old)], [row("a", 2, **new)])) == {"a": (Cause.DECISION,)}


def test_a_new_fact_that_changes_the_lane_is_no_decision() -> None:
    new = row("a", 1, reports=2, lane="escalated", tier=1)
    assert causes(compare([row("a", 1)], [new])) == {"a": (Cause.FACTS,)}


def test_a_merged_case_goes_on_under_its_new_name_from_its_foremost_place() -> None:
    old = [row("a", 1), row("b", 2), row("c", 3)]
    new = [row("m", 1, reports=2, aliases="a b"), row("c", 2)]
    diff = compare(old, new)
    assert causes(diff) == {"m": (Cause.FACTS,), "c": (Cause.OTHERS,), "b": (Cause.MERGED,)}
    merged, _, gone = diff.changes
    assert merged.old == {"rank": 1, "lane": "ranked", "tier": 2}
    assert merged.details[0] == "was a"
    assert gone.details == ("now m",)


def test_new_and_gone_cases_are_told_and_the_record_says_why() -> None:
    old = [row("a", 1), row("b", 2), row("c", 3)]
    new = [row("n", 1)]
    diff = compare(old, new, decided={"a": "open", "z": "closed"}, aliases={"b": "z"})
    assert causes(diff) == {
        "n": (Cause.NEW,),
        "a": (Cause.DECIDED,),
        "b": (Cause.DECIDED,),
        "c": (Cause.GONE,),
    }
    assert [change.details for change in diff.changes[1:3]] == [("open",), ("closed",)]


def test_a_report_that_is_listed_unread_and_as_a_case_is_compared_as_the_case() -> None:
    unread = row("a", 1, None, lane="unreadable", tier=1)
    diff = compare([unread, row("a", 2)], [unread, row("a", 3)])
    assert causes(diff) == {"a": (Cause.OTHERS,)}
    with pytest.raises(InputRefusedError, match="twice"):
        compare([row("a", 1), row("a", 2)], [])


def test_a_case_with_one_report_is_told_in_the_singular() -> None:
    new = [row("a", 1), row("b", 2, reports=2)]
    assert [change.details for change in compare([], new).changes] == [("1 report",), ("2 reports",)]


def test_without_fingerprints_models_compare_by_name_and_policies_are_not_known() -> None:
    bare = {"fingerprints": ""}
    diff = compare([row("a", 1, model="expert", **bare)], [row("a", 2, 2.0, model="logistic", **bare)])
    assert diff.same == {"model": False, "policy": None, "batch": None, "capacity": None}
    assert causes(diff) == {"a": (Cause.MODEL,)}


rows_of = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(
        st.integers(1, 3), st.sampled_from(["ranked", "escalated", "youth", "paused"]), st.integers(1, 5)
    ),
)


@given(rows_of, rows_of)
def test_every_case_of_both_lists_is_accounted_for_once(old: dict[str, Any], new: dict[str, Any]) -> None:
    def listed(cases: dict[str, Any]) -> list[Row]:
        return [
            row(case, rank, reports=reports, lane=lane, tier=tier)
            for rank, (case, (reports, lane, tier)) in enumerate(cases.items(), start=1)
        ]

    diff = compare(listed(old), listed(new))
    assert diff.unchanged + len(diff.changes) == len(set(old) | set(new))
    assert sorted(change.case_id for change in diff.changes if not change.old) == sorted(set(new) - set(old))
    assert sorted(change.case_id for change in diff.changes if not change.new) == sorted(set(old) - set(new))
    assert all(change.causes for change in diff.changes)
    assert sum(diff.groups().values()) == len(diff.changes)


def write(path: Path, rows: list[Row], delimiter: str = ",") -> Path:
    known = [{name: one.get(name) for name in WORKLIST_SCHEMA.names} for one in rows]
    export_table(pa.Table.from_pylist(known, schema=WORKLIST_SCHEMA), path, delimiter=delimiter)
    return path


HOSTILE = [
    row("-a", 1, -2.5, reasons="+3 =1+1; +2 more"),
    row("b", 2, None, lane="youth", tier=1),
    row("c", 3, 1 / 3),
]


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".jsonl", ".parquet"])
def test_a_list_is_the_same_in_whatever_format_it_was_written(tmp_path: Path, ending: str) -> None:
    first = read_list(write(tmp_path / "old.parquet", HOSTILE))
    second = read_list(write(tmp_path / f"new{ending}", HOSTILE))
    assert list(second.rows) == ["-a", "b", "c"]
    assert not compare_lists(first, second).changes


def test_a_list_with_semicolons_and_decimal_commas_is_the_same(tmp_path: Path) -> None:
    first = read_list(write(tmp_path / "old.jsonl", HOSTILE))
    assert not compare_lists(first, read_list(write(tmp_path / "new.csv", HOSTILE, ";"))).changes


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "case_id,rank\na,1\n", "no column lane, tier"),
        ("a.csv", "case_id,rank,lane,tier\na,1,ranked,1\na,2,ranked,1\n", "case 'a' twice"),
        ("a.csv", "case_id,rank,lane,tier\n,1,ranked,1\n", "no case_id"),
        ("a.csv", "case_id,rank,lane,tier\na,first,ranked,1\n", "row 1: rank 'first'"),
        ("a.csv", "case_id,rank,lane,tier\na,1.5,ranked,1\n", "rank '1.5'"),
        ("a.csv", "case_id,rank,lane,tier\na,1,first,1\n", "lane 'first'"),
        ("a.jsonl", "[1]\n", "line 1: no object"),
        ("a.jsonl", "{\n", "line 1: no object"),
        ("a.jsonl", "\udcff\n", "line 1: no object"),
        ("a.xlsx", "no workbook", "cannot be read"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.docx", "", "the ending '.docx'"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content, errors="surrogateescape")
    with pytest.raises(InputRefusedError, match=said.replace(".", r"\.")):
        read_list(tmp_path / name)


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["diff", *(str(argument) for argument in arguments)])
    assert result.exit_code == code, (result.output, result.stderr, result.exception)
    assert "Traceback" not in result.output + result.stderr
    return result


def test_the_command_tells_people_and_machines(tmp_path: Path) -> None:
    old = write(tmp_path / "old.csv", [row("a", 1), row("b", 2), row("c", 3)])
    new = write(tmp_path / "new.xlsx", [row("b", 1, 5.0), row("a", 2), row("d", 3)])
    said = run(old, new).output
    for words in ("model: the same", "0 cases unchanged, 4 changed", "new facts: 1", "only others moved: 1",
                  "not on the old list: 1", "--store says which", "2 → 1", "score 1 to 5"):  # fmt: skip
        assert words in said
    found = json.loads(run(old, new, "--json").stdout)
    assert [change["case_id"] for change in found["changes"]] == ["b", "a", "d", "c"]
    assert found["changes"][0]["causes"] == ["new facts"]
    assert found["groups"]["not on the new list"] == 1
    assert "no such file" in run(tmp_path / "none.csv", new, code=4).stderr


def test_the_record_says_what_became_of_cases_that_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGE_KEY", "ab" * 32)
    store = tmp_path / "record.sqlite"
    record = open_record(store, load_key())
    header = {"as_of": "2024-06-01T00:00:00Z", "model": "m", "policy": "p", "batch": "b"}
    usual = {"inclusion": 1.0, "lane": "ranked", "tier": 1, "score": 1.0, "audit": False}
    record.keep_list(
        header, [usual | {"case_id": case, "rank": rank} for rank, case in enumerate("ab", start=1)]
    )
    record.decide("a", "someone", "opened")
    old = write(tmp_path / "old.csv", [row("a", 1), row("b", 2)])
    new = write(tmp_path / "new.csv", [row("c", 1)])
    found = json.loads(run(old, new, "--store", store, "--json").stdout)
    gone = {change["case_id"]: (change["causes"], change["details"]) for change in found["changes"][1:]}
    assert gone == {"a": (["opened, closed or referred"], ["open"]), "b": (["not on the new list"], [])}
    assert run(old, new, "--store", tmp_path / "none.sqlite", code=4).stderr


def test_nothing_in_a_list_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    old.write_text(json.dumps(row("\x1b[31ma", 1, country="[red]\x1b]0;x\x07")) + "\n")
    new = tmp_path / "new.jsonl"
    new.write_text(json.dumps(row("\x1b[31ma", 2, country="NL")) + "\n")
    said = run(old, new).output
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "[red]" in said
