"""What holds of the open pool whatever comes in and whatever people decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.intake.tokens import TokenKey
from triage.record import Record, open_record
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.worklist.pool import Pool, open_pool
from triage.worklist.told import EVIDENCE

KEY = TokenKey(bytes(range(16)))
START = datetime(2024, 6, 1, tzinfo=UTC)
DECISIONS = ("opened", "closed", "deferred", "referred")

Tables = dict[str, list[dict[str, Any]]]


class Desk:
    """A record in which lists follow each other without scores."""

    def __init__(self, file: Path, make_part: Callable[..., Part]) -> None:
        self.now = START
        self.record: Record = open_record(file, KEY, clock=self._tick)
        self._make_part = make_part
        self._days = 0

    def _tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def take_in(self, tables: Tables) -> Pool:
        """Open the pool with one more batch."""
        part = self._make_part(**tables)
        self._days += 1
        return open_pool(
            self.record,
            Batch(BatchMeta(f"day {self._days}", START + timedelta(days=self._days)), lambda _: part),
        )

    def show(self, tables: Tables) -> Pool:
        """Open the pool with one more batch, and show its list."""
        pool = self.take_in(tables)
        rows = [
            {"case_id": case, "rank": place, "inclusion": 1.0, "lane": "ranked", "tier": 4}
            for place, case in enumerate(listed(pool), start=1)
        ]
        header = {"as_of": pool.batch.meta.as_of, "model": "m", "policy": "p", "batch": pool.digest}
        self.record.keep_list(header | {"rows": pool.rows}, rows)
        return pool


def listed(pool: Pool) -> list[str]:
    return sorted(case for part in pool.batch.parts() for case in part.cases.to_pylist())


def report(name: str, **more: Any) -> dict[str, Any]:
    return {"report_id": name, "received_at": "2024-03-01T12:00:00Z", **more}


def everything() -> Tables:
    """A case with a row in every table of evidence."""
    return {
        "reports": [report("a")],
        "persons": [{"person_id": "p", "report_id": "a", "role": "reported"}],
        "accounts": [{"account_id": "x", "person_id": "p"}],
        "files": [{"file_id": "f", "report_id": "a"}],
        "network_events": [{"event_id": "e", "account_id": "x"}],
        "communications": [{"thread_id": "t", "account_id": "x"}],
        "transactions": [{"transaction_id": "m", "person_id": "p"}],
        "prior_records": [{"record_id": "o", "person_id": "p", "record_kind": "allegation"}],
        "children": [{"child_id": "k", "report_id": "a"}],
    }


ADDED: dict[str, dict[str, Any]] = {
    "reports": report("b"),
    "persons": {"person_id": "q", "report_id": "a", "role": "recipient"},
    "accounts": {"account_id": "y", "person_id": "p"},
    "files": {"file_id": "g", "report_id": "a", "hash_status": "no_match"},
    "network_events": {"event_id": None, "account_id": "x", "event_name": "login"},
    "communications": {"thread_id": "u", "account_id": "x"},
    "transactions": {"transaction_id": None, "person_id": "p"},
    "prior_records": {"record_id": "n", "person_id": "p", "record_kind": "contact_conviction"},
    "children": {"child_id": None, "report_id": "a", "crisis_code": ["missing"]},
}
CHANGED: dict[str, dict[str, Any]] = {
    "reports": {"incident_type": "travel"},
    "persons": {"identity_level": "named"},
    "accounts": {"account_status": "permanently_disabled"},
    "files": {"severity_class": "A1"},
    "network_events": {"event_name": "upload"},
    "communications": {"counterpart_is_minor": "asserted"},
    "transactions": {"payment_channel": "wallet"},
    "prior_records": {"record_kind": "contact_conviction"},
    "children": {"access_level": "lives_with"},
}


@pytest.fixture
def desk(tmp_path: Path, make_part: Callable[..., Part]) -> Desk:
    return Desk(tmp_path / "record.sqlite", make_part)


def test_every_table_of_evidence_is_tried() -> None:
    assert set(ADDED) == set(CHANGED) == set(EVIDENCE) == set(everything())


@pytest.mark.parametrize("name", EVIDENCE)
def test_row_that_is_added_or_changed_in_any_table_brings_a_closed_case_back(desk: Desk, name: str) -> None:
    tables = everything()
    desk.show(tables)
    desk.record.decide("a", "x", "closed", "quality")
    tables["persons"] += [{"person_id": "p", "report_id": "b", "role": "reported"}] * (name == "reports")
    for news in ({**tables[name][0], **CHANGED[name]}, ADDED[name]):
        tables[name] = [news, *tables[name][1:]] if news is not ADDED[name] else [*tables[name], news]
        pool = desk.show(tables)
        assert (listed(pool), pool.reopened) == (["a"], {"a"})
        desk.record.decide("a", "x", "closed", "quality")
        again = desk.show({**tables, "reports": [*tables["reports"], report(f"other {news is ADDED[name]}")]})
        assert "a" not in listed(again)


@given(data=st.data())
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_same_rows_in_any_order_and_under_any_numbers_bring_nothing_back(
    make_part: Callable[..., Part], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Rows that have no name of their own are numbered when they are read."""
    desk = Desk(tmp_path_factory.mktemp("desk") / "record.sqlite", make_part)
    tables = {name: [*rows, ADDED[name], ADDED[name]] for name, rows in everything().items()}
    tables["reports"] = [report("a"), report("b")]
    tables["persons"].append({"person_id": "p", "report_id": "b", "role": "reported"})
    desk.show(tables)
    desk.record.decide("a", "x", "opened")
    before = [{**ADDED[name], "report_id": "z"} for name in ("children",)]
    again = {name: data.draw(st.permutations(rows)) for name, rows in tables.items()}
    again["reports"] = [*again["reports"], report("z")]
    again["children"] = [*before, *again["children"]]
    pool = desk.show(again)
    assert (listed(pool), pool.reopened, pool.decided) == (["z"], frozenset(), 1)


def test_record_that_our_own_ranking_led_to_is_no_news(desk: Desk) -> None:
    desk.show(everything())
    desk.record.decide("a", "x", "opened")
    own = {"record_id": "own", "person_id": "p", "record_kind": "prior_report", "origin": "own_ranking"}
    assert listed(desk.show({**everything(), "prior_records": [own]})) == []
    assert listed(desk.show({**everything(), "prior_records": [{**own, "origin": "other"}]})) == ["a"]


def test_one_more_of_rows_that_are_alike_is_news(desk: Desk) -> None:
    desk.show({**everything(), "children": [ADDED["children"]]})
    desk.record.decide("a", "x", "opened")
    assert listed(desk.show({**everything(), "children": [ADDED["children"]], "files": []})) == []
    assert listed(desk.show({**everything(), "children": [ADDED["children"]] * 2})) == ["a"]


people = st.frozensets(st.sampled_from("pqrs"), max_size=2)
batches = st.dictionaries(
    st.sampled_from([f"r{number}" for number in range(7)]), people, min_size=1, max_size=3
)
decided = st.tuples(st.sampled_from([f"r{number}" for number in range(7)]), st.sampled_from(DECISIONS))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.tuples(batches, st.lists(decided, max_size=3)), min_size=2, max_size=5))
def test_no_undecided_report_vanishes_and_no_decided_one_comes_back_without_news(
    make_part: Callable[..., Part],
    tmp_path_factory: pytest.TempPathFactory,
    days: Sequence[tuple[dict[str, frozenset[str]], list[tuple[str, str]]]],
) -> None:
    """However cases are merged: a case is listed while one of its reports is not dealt with."""
    desk = Desk(tmp_path_factory.mktemp("desk") / "record.sqlite", make_part)
    named: dict[str, set[str]] = {}
    settled: dict[str, bool] = {}
    for batch, decisions in days:
        for name, persons in batch.items():
            if name not in named or persons - named[name]:
                settled[name] = False
            named.setdefault(name, set()).update(persons)
        pool = desk.show(
            {
                "reports": [report(name) for name in batch],
                "persons": [
                    {"person_id": person, "report_id": name, "role": "reported"}
                    for name, persons in batch.items()
                    for person in sorted(persons)
                ],
            }
        )
        case_of = desk.record.members()
        assert listed(pool) == sorted({case_of[name] for name in named if not settled[name]})
        for name, decision in decisions:
            if name not in named:
                continue
            desk.record.decide(case_of[name], "x", decision, "quality", again=True)
            for other in named:
                if case_of[other] == case_of[name] and decision != "referred":
                    settled[other] = decision != "deferred"
