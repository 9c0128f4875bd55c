from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.record.conftest import KEY, START, Clock, header, row
from triage.errors import InputRefusedError
from triage.record import Record, open_record
from triage.record.codes import DECISIONS


@pytest.fixture
def listed(any_record: Record) -> Record:
    """One escalated case, one planned, one not planned."""
    rows = [row("e", 1, lane="escalated"), row("p", 2, tier=4), row("n", 3, tier=5)]
    any_record.keep_list(header(), rows)
    return any_record


def states(record: Record) -> dict[str, str]:
    return {state.case_id: state.state for state in record.states()}


def test_case_stands_where_the_latest_decision_put_it(listed: Record) -> None:
    assert states(listed) == {}
    listed.decide("e", "a", "opened")
    listed.decide("p", "a", "opened")
    listed.decide("e", "a", "closed")
    assert states(listed) == {"e": "closed", "p": "open"}
    listed.decide("p", "a", "deferred", "capacity")
    listed.decide("e", "a", "opened")
    assert states(listed) == {"e": "open", "p": "undecided"}
    table = listed.decisions()
    assert table["case_id"].to_pylist() == ["e", "p"]
    assert table["opened_at"].to_pylist()[0] == START + timedelta(minutes=4)


def test_open_case_is_opened_again_only_when_asked(listed: Record) -> None:
    listed.decide("e", "a", "opened")
    with pytest.raises(InputRefusedError, match="opened already"):
        listed.decide("e", "b", "opened")
    listed.decide("e", "b", "opened", again=True)


def test_departing_from_the_list_needs_a_reason(listed: Record) -> None:
    for case, decision in (("n", "opened"), ("p", "deferred"), ("p", "closed"), ("e", "lowered")):
        with pytest.raises(InputRefusedError, match="departs from the list"):
            listed.decide(case, "a", decision)
        listed.decide(case, "a", decision, "quality")
    with pytest.raises(InputRefusedError, match="known_elsewhere"):
        listed.decide("p", "a", "opened", "because")


def test_audit_is_opened_as_any_planned_case(record: Record) -> None:
    record.keep_list(header(), [row("a", tier=3, audit=True, inclusion=0.05)])
    record.decide("a", "x", "opened")


def test_only_an_escalated_case_can_be_lowered(listed: Record) -> None:
    with pytest.raises(InputRefusedError, match="not escalated"):
        listed.decide("p", "a", "lowered", "quality")
    listed.decide("e", "a", "lowered", "quality")
    assert [(some.case_id, some.lowered) for some in listed.states()] == [("e", True)]
    listed.decide("e", "a", "raised", "new_information")
    assert [(some.case_id, some.lowered) for some in listed.states()] == [("e", False)]
    with pytest.raises(InputRefusedError, match="not lowered"):
        listed.decide("e", "a", "raised", "new_information")


def test_pause_leaves_the_state_as_it_is(listed: Record) -> None:
    with pytest.raises(InputRefusedError, match="not paused"):
        listed.decide("p", "a", "resumed")
    listed.decide("p", "a", "opened")
    listed.decide("p", "a", "paused")
    assert [(some.state, some.paused) for some in listed.states()] == [("open", True)]
    listed.decide("p", "a", "resumed")
    assert [(some.state, some.paused) for some in listed.states()] == [("open", False)]


def test_referral_waits_until_it_is_acknowledged(listed: Record, clock: Clock) -> None:
    with pytest.raises(InputRefusedError, match="never referred"):
        listed.decide("e", "a", "acknowledged")
    listed.decide("e", "a", "referred", country="BE")
    referred = clock.now
    (waiting,) = listed.states()
    assert (waiting.country, waiting.referred_at, waiting.acknowledged_at) == ("BE", referred, None)
    listed.decide("e", "a", "acknowledged")
    (answered,) = listed.states()
    assert (answered.referred_at, answered.acknowledged_at) == (referred, clock.now)
    with pytest.raises(InputRefusedError, match="acknowledged already"):
        listed.decide("e", "a", "acknowledged")


@pytest.mark.parametrize(
    ("country", "decision"), [("Belgium", "referred"), ("be", "referred"), ("BE", "opened")]
)
def test_country_is_a_code_and_belongs_to_a_referral(record: Record, country: str, decision: str) -> None:
    record.keep_list(header(), [row("c")])
    with pytest.raises(InputRefusedError, match="country"):
        record.decide("c", "a", decision, country=country)


def test_case_that_no_list_had_is_refused(listed: Record) -> None:
    with pytest.raises(InputRefusedError, match="no case 'nobody'"):
        listed.decide("nobody", "a", "opened")


def test_decision_follows_a_merged_case(listed: Record) -> None:
    listed.decide("p", "a", "opened")
    listed.keep_aliases({"p": "e"})
    assert states(listed) == {"e": "open"}
    with pytest.raises(InputRefusedError, match="opened already"):
        listed.decide("p", "b", "opened")
    listed.decide("p", "b", "closed")
    assert states(listed) == {"e": "closed"}


def test_who_decided_is_a_token_and_nowhere_a_name(record: Record, file: Path) -> None:
    record.keep_list(header(), [row("c")])
    record.first_view("c", "Officer Zwartepiet", "likely")
    record.decide("c", "Officer Zwartepiet ", "opened")
    assert record.states()[0].who == KEY.token("who", "Officer Zwartepiet")
    everything = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"Zwartepiet" not in everything
    with pytest.raises(InputRefusedError, match="who"):
        record.decide("c", " ", "closed")


def test_first_view_comes_first_and_once(listed: Record) -> None:
    listed.first_view("e", "a", "likely")
    with pytest.raises(InputRefusedError, match="first view is kept already"):
        listed.first_view("e", "a", "unlikely")
    listed.first_view("e", "b", "unsure")
    listed.decide("p", "a", "opened")
    with pytest.raises(InputRefusedError, match="decision is kept already"):
        listed.first_view("p", "a", "likely")
    with pytest.raises(InputRefusedError, match="likely, unlikely, unsure"):
        listed.first_view("e", "c", "maybe")


def test_refused_decision_leaves_no_trace(listed: Record) -> None:
    before = listed.head()
    for decision in ("shrugged", "acknowledged", "resumed"):
        with pytest.raises(InputRefusedError):
            listed.decide("p", "a", decision)
    assert listed.head() == before
    assert "shrugged" not in DECISIONS


def test_forgotten_name_does_not_come_back_as_a_decision(file: Path) -> None:
    record = open_record(file, KEY)
    record.keep_list(header(), [row("c")])
    record.decide("c", "a", "opened")
    record.forget("c")
    assert record.states() == []
