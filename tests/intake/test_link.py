from __future__ import annotations

import random
from collections.abc import Callable

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.link import attach_cases, link_reports
from triage.schema.keys import mend_rows
from triage.schema.part import Part


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
    return dict(
        zip(
            table["report_id"].to_pylist(),
            link_reports({"reports": table, "persons": persons}).cases.to_pylist(),
            strict=True,
        )
    )


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


# What ties besides the person


def linked(make_part: Callable[..., Part], **rows: list[dict[str, object]]) -> dict[str, str]:
    reports = make_part(**rows).tables["reports"]
    return dict(zip(reports["report_id"].to_pylist(), reports["case_id"].to_pylist(), strict=True))


def apart(*names: str) -> dict[str, list[dict[str, object]]]:
    """Return reports a day apart, each with a person and an account of its own."""
    return {
        "reports": [{"report_id": n, "received_at": f"2024-01-0{i}"} for i, n in enumerate(names, 1)],
        "persons": [{"person_id": f"p-{n}", "report_id": n, "role": "reported"} for n in names],
        "accounts": [{"account_id": f"x-{n}", "person_id": f"p-{n}"} for n in names],
    }


def seen(token: str, **at: str) -> dict[str, list[dict[str, object]]]:
    """Return one event a report, all with one token."""
    events = [
        {"event_id": f"e-{n}", "account_id": f"x-{n}", "link_token": token, "event_at": time}
        for n, time in at.items()
    ]
    return {"network_events": events}


def test_one_device_ties_two_persons_however_long_after(make_part) -> None:
    events = seen("d:1", a="2023-01-01", b="2023-12-31")
    assert set(linked(make_part, **apart("a", "b", "c"), **events).values()) == {"a", "c"}


def test_one_address_with_port_ties_within_a_day_and_no_longer(make_part) -> None:
    near = seen("1", a="2023-01-01T00:00:00", b="2023-01-01T23:59:59")
    far = seen("1", a="2023-01-01T00:00:00", b="2023-01-02T00:00:01")
    assert set(linked(make_part, **apart("a", "b"), **near).values()) == {"a"}
    assert set(linked(make_part, **apart("a", "b"), **far).values()) == {"a", "b"}


def test_an_address_without_a_time_ties_nobody(make_part) -> None:
    events = {
        "network_events": [{**row, "event_at": None} for row in seen("1", a="", b="")["network_events"]]
    }
    assert set(linked(make_part, **apart("a", "b"), **events).values()) == {"a", "b"}


def test_a_device_that_more_than_five_persons_share_ties_none_and_is_told(make_part) -> None:
    six = apart(*"abcdef")
    events = seen("d:1", **dict.fromkeys("abcdef", "2023-01-01"))
    part = make_part(**six, **events)
    assert len(part.cases) == 6
    assert [(f.found, f.count) for f in part.findings if f.column == "case_id"] == [
        ("one device that 6 persons share", 1)
    ]
    assert len(make_part(**apart(*"abcde"), **seen("d:1", **dict.fromkeys("abcde", "2023-01-01"))).cases) == 1


def test_a_person_whom_more_than_a_thousand_reports_name_ties_none_of_them() -> None:
    few = [(f"r{i:04}", i) for i in range(1_000)]
    assert len(set(cases_of(few, [("p", name) for name, _ in few]).values())) == 1
    many = [*few, ("one too many", 1_000)]
    assert len(set(cases_of(many, [("p", name) for name, _ in many]).values())) == 1_001


def test_the_same_report_number_is_one_case_without_any_person(make_part) -> None:
    reports = [{"report_id": n, "source_ref_hash": "n"} for n in "ab"] + [
        {"report_id": "c"},
        {"report_id": "d"},
    ]
    assert linked(make_part, reports=reports) == {"a": "a", "b": "a", "c": "c", "d": "d"}


def test_an_earlier_report_that_a_sender_names_is_joined_if_it_names_one_person(make_part) -> None:
    rows = apart("a", "b")
    rows["reports"][0]["source_ref_hash"] = "n"
    record = {"record_id": "n:p-b", "person_id": "p-b", "record_kind": "prior_report"}
    assert set(linked(make_part, **rows, prior_records=[record]).values()) == {"a"}
    rows["persons"].append({"person_id": "q", "report_id": "a", "role": "reported"})
    assert set(linked(make_part, **rows, prior_records=[record]).values()) == {"a", "b"}


def test_the_device_of_a_recipient_ties_nobody(make_part) -> None:
    rows = apart("a", "b")
    rows["persons"][1]["role"] = "recipient"
    events = seen("d:1", a="2023-01-01", b="2023-01-01")
    assert set(linked(make_part, **rows, **events).values()) == {"a", "b"}
