from __future__ import annotations

import random
from collections.abc import Callable

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.link import attach_cases, link_reports
from triage.schema.part import Part, mend_rows


def tables(
    reports: list[tuple[str, int]], named: list[tuple[str, str]], batched: frozenset[str] = frozenset()
) -> tuple[pa.Table, pa.Table]:
    return (
        pa.table(
            {
                "report_id": pa.array([r for r, _ in reports], pa.string()),
                "received_at": pa.array([at for _, at in reports], pa.timestamp("s", "UTC")),
                "actionability": pa.array(
                    ["batch" if r in batched else None for r, _ in reports], pa.string()
                ),
            }
        ),
        pa.table(
            {
                "person_id": pa.array([p for p, _ in named], pa.string()),
                "report_id": pa.array([r for _, r in named], pa.string()),
                "role": pa.array(["reported"] * len(named), pa.string()),
            }
        ),
    )


def cases_of(
    reports: list[tuple[str, int]], named: list[tuple[str, str]], **more: frozenset[str]
) -> dict[str, str]:
    table, persons = tables(reports, named, **more)
    return dict(zip(table["report_id"].to_pylist(), link_reports(table, persons).to_pylist(), strict=True))


def test_reports_of_one_person_are_one_case_named_after_the_earliest() -> None:
    assert cases_of([("a", 30), ("b", 10), ("c", 20)], [("p", "a"), ("p", "b")]) == {
        "a": "b",
        "b": "b",
        "c": "c",
    }


def test_a_chain_of_persons_joins_reports_that_share_nobody() -> None:
    named = [("p", "a"), ("p", "b"), ("q", "b"), ("q", "c")]
    assert set(cases_of([("a", 1), ("b", 2), ("c", 3)], named).values()) == {"a"}


def test_report_without_a_person_is_a_case_of_its_own() -> None:
    assert cases_of([("a", 1), ("b", 1)], []) == {"a": "a", "b": "b"}


def test_bundle_of_viral_reports_joins_nobody() -> None:
    named = [("p", "v"), ("q", "v"), ("p", "a"), ("q", "b")]
    linked = cases_of([("v", 1), ("a", 2), ("b", 3)], named, batched=frozenset({"v"}))
    assert linked == {"v": "v", "a": "a", "b": "b"}


def test_recipients_do_not_join_reports(make_part: Callable[..., Part]) -> None:
    part = make_part(
        reports=[{"report_id": "a"}, {"report_id": "b"}],
        persons=[{"person_id": "p", "report_id": r, "role": "recipient"} for r in "ab"],
    )
    assert part.cases.to_pylist() == ["a", "b"]


def test_no_report_at_all_gives_no_case() -> None:
    assert cases_of([], []) == {}


def test_account_follows_its_person_into_the_case_where_that_person_is_reported(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "a"}, {"report_id": "b"}],
        persons=[
            {"person_id": "p", "report_id": "a", "role": "recipient"},
            {"person_id": "p", "report_id": "b", "role": "reported"},
        ],
        accounts=[{"account_id": "x", "person_id": "p"}],
        network_events=[{"event_id": "e", "account_id": "x"}],
    )
    assert part.tables["accounts"]["case_id"].to_pylist() == ["b"]
    assert part.tables["network_events"]["case_id"].to_pylist() == ["b"]


_REPORTS = st.integers(1, 12)
_NAMED = st.lists(st.tuples(st.sampled_from("pqrstu"), st.integers(0, 11)), max_size=25)


@given(_REPORTS, _NAMED, st.randoms(use_true_random=False))
def test_cases_are_the_connected_components_whatever_the_order_of_rows(
    n: int, links: list[tuple[str, int]], shuffler: random.Random
) -> None:
    reports = [(f"r{i:02}", 100 - i) for i in range(n)]
    named = sorted({(p, f"r{i:02}") for p, i in links if i < n})
    linked = cases_of(reports, named)

    group = {r: {r} for r, _ in reports}  # the plainest way: merge until nothing changes
    for _ in reports:
        for p, r in named:
            for q, s in named:
                if p == q:
                    merged = group[r] | group[s]
                    for member in merged:
                        group[member] = merged
    for r, _ in reports:
        assert linked[r] == max(group[r])  # the higher the number, the earlier it came

    shuffled, mixed = reports[:], named[:]
    shuffler.shuffle(shuffled)
    shuffler.shuffle(mixed)
    assert cases_of(shuffled, mixed) == linked


@given(_NAMED)
def test_name_of_a_case_stays_when_a_later_report_joins_it(links: list[tuple[str, int]]) -> None:
    reports = [(f"r{i:02}", i) for i in range(12)]
    named = sorted({(p, f"r{i:02}") for p, i in links})
    before = cases_of(reports, named)
    after = cases_of([*reports, ("new", 99)], [*named, ("p", "new")])
    joined = {case for report, case in before.items() if any(p == "p" and r == report for p, r in named)}
    for report, case in before.items():
        assert after[report] == (min(joined) if case in joined else case)


def test_rows_that_lead_to_no_report_get_no_case() -> None:
    raw = {
        "reports": pa.table({"report_id": ["a"]}),
        "communications": pa.table({"thread_id": ["t"], "account_id": ["nowhere"]}),
    }
    rows = mend_rows(raw, {name: name for name in raw})
    attach_cases(rows)
    assert rows.tables["communications"]["case_id"].to_pylist() == [None]
