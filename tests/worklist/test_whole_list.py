"""What only the parts of a list together show: each column is that of its case, each count that of the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from triage.intake.tokens import TokenKey
from triage.schema.batch import Batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.additive import AdditiveModel, flag_steps
from triage.scoring.bundle import Bundle
from triage.scoring.calibration import PlattCalibration
from triage.scoring.loading import load_model
from triage.worklist.build import Worklist, build_worklist
from triage.worklist.policy import Capacity, Ordering, load_policy
from triage.worklist.standing import Standing

NOW = datetime(2024, 6, 1, tzinfo=UTC)
KEY, OTHER_KEY = TokenKey(bytes(range(16))), TokenKey(bytes(range(1, 17)))
CURVE = PlattCalibration(-0.5, 0.9, 0.01, 0.001, -0.002, 5000, 120, "all cases", "world w abc")
WORLD = {"synthetic": True, "world": "w", "source_files": [{"sha256": "abc"}]}
CARD = AdditiveModel(
    "m", "points", (flag_steps("contact_record", -1, 0, 4), flag_steps("enticement", 0, 0, 3))
)
Make = Callable[..., Part]


def build(part: Part, bundle: Bundle | None = None, capacity: int | None = 10, **more: Any) -> Worklist:
    """Build the list of a part, with the capacity of the policy where none is given."""
    batch = Batch(BatchMeta("today", NOW, **more.pop("meta", {})), lambda _index: part)
    count = Capacity(count=capacity) if capacity else None
    return build_worklist(batch, bundle or load_model("expert"), count, **more)


def plain(count: int) -> list[dict[str, Any]]:
    """Return reports of one case each, the longest waiting first."""
    return [
        {"report_id": f"r{n:03}", "received_at": f"2024-03-01T{n // 60:02}:{n % 60:02}:00Z"}
        for n in range(count)
    ]


def chances(worklist: Worklist) -> dict[str, float]:
    return dict(zip(*(worklist.chances[name].to_pylist() for name in ("case_id", "inclusion")), strict=True))


def column(worklist: Worklist, name: str) -> dict[str, Any]:
    return dict(zip(*(worklist.table[one].to_pylist() for one in ("case_id", name)), strict=True))


def test_report_that_could_not_be_read_takes_a_place_of_the_capacity(make_part: Make) -> None:
    part = make_part(reports=[{"report_id": "a b"}, *plain(3)])
    worklist = build(part, capacity=3)
    assert worklist.lanes == {"unreadable": 1, "escalated": 0, "youth": 0, "ranked": 3, "paused": 0}
    assert column(worklist, "rank") == {"reports.csv": 1, "r000": 2, "r001": 3, "r002": 4}
    assert chances(worklist) == {"reports.csv": 1.0, "r000": 1.0, "r001": 1.0, "r002": 0.0}
    # Two of three tied cases can be opened; were the first row not counted, all of them could.
    assert worklist.tied_at_cut == 3
    assert build(part, capacity=4).tied_at_cut == 0
    asked = build(part, Bundle(CARD), capacity=3)
    for case in ("r000", "r001", "r002"):
        assert column(asked, "missing")[case].endswith("(rank 2 if so, 4 if not)")
    checks = column(asked, "check")
    assert [word in checks[case] for case, word in (("r001", "fall below"), ("r002", "cross"))] == [True] * 2


def test_paused_case_is_not_chosen_and_one_that_is_to_protect_is(make_part: Make) -> None:
    part = make_part(
        reports=plain(3),
        persons=[
            {"person_id": f"p{n}", "report_id": f"r00{n}", "role": "reported", "age_band": band}
            for n, band in enumerate(["13-15", "25-39"])
        ],
    )
    worklist = build(part, capacity=1, standing=Standing(paused=frozenset({"r001"})))
    assert column(worklist, "lane") == {"r000": "youth", "r002": "ranked", "r001": "paused"}
    assert chances(worklist) == {"r000": 1.0, "r001": 0.0, "r002": 1.0}


def test_order_by_an_axis_moves_the_whole_row_of_a_case(make_part: Make) -> None:
    """Within a tier the evidence that ends first goes first; what is told of a case goes with it."""
    part = make_part(
        reports=[
            {"report_id": "high", "incident_type": "enticement", "received_at": "2024-05-01T00:00:00Z"},
            {"report_id": "low", "preserve_until": "2024-06-02T12:00:00Z", "received_at": "2024-05-31T00:00:00Z"},
            {"report_id": "same", "received_at": "2024-05-31T12:00:00Z"},
        ],
        persons=[{"person_id": "p", "report_id": "high", "role": "reported"}],
        prior_records=[{"record_id": "k", "person_id": "p", "record_kind": "contact_conviction", "known_at": "2024-05-01T00:00:00Z"}],
    )  # fmt: skip
    policy = replace(load_policy(), capacity=Capacity(count=1000), order=Ordering(("evidence",), True))
    by_score = build(part, Bundle(CARD), capacity=1000)
    moved = build(part, Bundle(CARD), capacity=None, policy=policy)
    assert list(column(by_score, "case_id")) == ["high", "low", "same"]
    assert list(column(moved, "case_id")) == ["low", "high", "same"]
    for name in (
        "score",
        "reasons",
        "missing",
        "check",
        "tied",
        "received_at",
        "waiting_hours",
        "completeness",
    ):
        assert column(moved, name) == column(by_score, name), name
    assert column(moved, "tied") == {"high": 1, "low": 2, "same": 2}
    assert column(moved, "waiting_hours") == {"high": 744.0, "low": 24.0, "same": 12.0}
    # Of a hundred days' work the first tier is due in a day; the evidence of one case ends half a day later.
    due = column(moved, "due_at")
    assert due["low"] == min(NOW + timedelta(days=1), datetime(2024, 6, 2, 12, tzinfo=UTC))
    assert due["high"] == NOW + timedelta(days=1)


def test_deadline_moves_forward_to_the_end_of_the_evidence_where_the_policy_says_so(make_part: Make) -> None:
    ends = datetime(2024, 6, 1, 6, tzinfo=UTC)
    part = make_part(reports=[{"report_id": "a", "preserve_until": ends.isoformat()}])
    policy = replace(load_policy(), order=Ordering((), True))
    assert column(build(part, capacity=None, policy=policy), "due_at")["a"] == ends
    assert column(build(part), "due_at")["a"] > ends


def test_case_that_a_lottery_drew_counts_as_opened_by_its_place(make_part: Make) -> None:
    """The cut by the order lies above the slots of the lottery; who share the score there are counted."""
    part = make_part(reports=plain(300))
    with_slots = build(part, capacity=40, key=KEY, standing=Standing(digest="d"))
    assert sum(chances(with_slots).values()) == pytest.approx(40)
    assert sum(with_slots.chances["audit"].to_pylist()) == 2
    other = build(part, capacity=40, key=KEY, standing=Standing(digest="e"))
    assert other.chances["audit"].to_pylist() != with_slots.chances["audit"].to_pylist()
    none = replace(load_policy(), audit=replace(load_policy().audit, share=0.0))
    without = build(part, capacity=40, policy=none, key=KEY, standing=Standing(digest="d"))
    assert (without.audit_notes, set(chances(without).values())) == ([], {0.0, 1.0})


def test_ties_are_counted_at_the_cut_that_the_lottery_leaves(make_part: Make) -> None:
    """Two of 40 places are drawn: the order gives 38, and between the 38th and the next nothing is tied."""
    first = [row | {"incident_type": "enticement"} for row in plain(38)]
    part = make_part(reports=[*first, *plain(300)[38:]])
    drawn = build(part, Bundle(CARD), capacity=40, key=KEY, standing=Standing(digest="d"))
    assert (drawn.tied_at_cut, build(part, Bundle(CARD), capacity=40).tied_at_cut) == (0, 262)


def test_audit_says_what_to_expect_where_there_are_probabilities(make_part: Make) -> None:
    part = make_part(reports=plain(300))
    model = load_model("expert").model
    known = {"capacity": 40, "key": KEY, "standing": Standing(digest="d"), "meta": WORLD}
    assert "expected among them" in " ".join(build(part, Bundle(model, CURVE), **known).audit_notes)
    assert "is not known without calibrated" in " ".join(build(part, Bundle(model), **known).audit_notes)


def test_ties_fall_as_the_key_of_the_agency_says_and_nobody_else_can_tell(make_part: Make) -> None:
    part = make_part(reports=[{"report_id": f"r{n:03}"} for n in range(50)])
    orders = [list(column(build(part, key=key), "case_id")) for key in (None, KEY, OTHER_KEY, KEY)]
    assert orders[1] == orders[3]
    assert len({tuple(order) for order in orders}) == 3


def test_fingerprints_tell_apart_whatever_the_list_was_made_with(make_part: Make) -> None:
    """And nothing else: not the name of the policy, nor where parts end."""

    def prints(bundle: Bundle | None = None, **more: Any) -> dict[str, str]:
        (one,) = build(make_part(reports=plain(1)), bundle or Bundle(CARD), **more).table["fingerprints"]
        return dict(word.split(":") for word in one.as_py().split())

    usual = prints()
    digits = {name: len(digest) for name, digest in usual.items() if name != "capacity"}
    assert (digits, usual["capacity"]) == ({"model": 8, "policy": 8, "batch": 8}, "10")
    other = load_policy().with_capacity(Capacity(count=11))
    calibrated = Bundle(CARD, CURVE)
    for changed, found in (
        # What is given beside the policy changes no policy.
        ({"capacity"}, prints(capacity=11)),
        ({"capacity", "policy"}, prints(capacity=None, policy=other)),
        ({"model"}, prints(calibrated)),
        ({"batch"}, prints(meta={"key_check": "k"})),
        ({"batch"}, prints(standing=Standing(digest="0123456789"))),
        (set(), prints(policy=replace(load_policy(), name="ours"))),
        (set(), prints(meta={"parts": 1})),
    ):
        assert {name for name in usual if usual[name] != found[name]} == changed


def test_case_that_could_not_be_scored_is_an_alarm_and_a_report_that_could_not_be_read_is_none(
    make_part: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable = build(make_part(reports=[{"report_id": "a b"}]))
    assert not any("could not be scored" in alarm for alarm in unreadable.alarms)

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("triage.worklist.score.build_features", fail)
    failed = build(make_part(reports=plain(2)))
    assert any(alarm.startswith("2 cases could not be scored") for alarm in failed.alarms)


def test_units_share_the_places_by_what_each_can_open(make_part: Make) -> None:
    """A unit that takes a share counts with that share of the cases; what nobody can open is nobody's."""
    units = {"north": Capacity(share=0.3), "south": Capacity(count=1)}
    policy = replace(load_policy(), units=units, capacity=Capacity(parts=tuple(units.values())))
    part = make_part(reports=[{"report_id": "a b"}, *plain(10)])
    table = build(part, capacity=None, policy=policy).table
    assert sorted(table["unit"].to_pylist()) == [""] * 7 + ["north"] * 3 + ["south"]
    assert "" not in table["unit"].to_pylist()[:4]


def test_urgent_child_to_protect_is_told_as_urgent_whatever_the_rule(make_part: Make) -> None:
    """A label has the lowest imminence of all; it is urgent all the same."""
    part = make_part(
        reports=[{"report_id": "x", "report_annotations": ["sextortion"]}, {"report_id": "y"}],
        persons=[
            {"person_id": name, "report_id": name, "role": "reported", "age_band": "13-15"} for name in "xy"
        ],
    )
    assert column(build(part), "reasons") == {"x": "a child to protect, urgent", "y": "a child to protect"}


def test_check_is_worth_what_the_probability_says_where_there_is_one(make_part: Make) -> None:
    """A rare answer may move the score far: where the curve is flat that is worth less than a likely one."""
    convicted = range(5)
    part = make_part(
        reports=plain(15),
        persons=[{"person_id": f"p{n}", "report_id": f"r{n:03}", "role": "reported"} for n in range(15)],
        prior_records=[
            {"record_id": f"k{n}", "person_id": f"p{n}", "record_kind": "contact_conviction", "known_at": "2024-05-01T00:00:00Z"}
            for n in convicted
        ],
    )  # fmt: skip
    card = AdditiveModel(
        "m", "points", (flag_steps("contact_record", 0, 0, 3), flag_steps("register_entry", 0, 0, 20))
    )
    steep = PlattCalibration(-3.0, 2.0, 0.01, 0.001, -0.002, 5000, 120, "all cases", "world w abc")
    by_score = column(build(part, Bundle(card), capacity=7, meta=WORLD), "check")["r014"]
    by_value = column(build(part, Bundle(card, steep), capacity=7, meta=WORLD), "check")["r014"]
    assert "register" in by_score
    assert "contact offence" in by_value
