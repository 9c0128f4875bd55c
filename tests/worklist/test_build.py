from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.errors import CapacityError
from triage.schema.batch import Batch, split_part
from triage.schema.meta import BatchMeta
from triage.schema.part import SET_ASIDE_SCHEMA, Part
from triage.scoring.additive import AdditiveModel, flag_steps
from triage.scoring.bundle import Bundle
from triage.scoring.calibration import PlattCalibration
from triage.scoring.calibration.fit import fit_calibration
from triage.scoring.loading import load_model
from triage.worklist import order, score
from triage.worklist.build import WORKLIST_SCHEMA, Worklist, build_worklist
from triage.worklist.policy import Capacity, load_policy

CURVE = PlattCalibration(-0.5, 0.9, 0.01, 0.001, -0.002, 5000, 120, "all cases", "world w abc")
PROBABILITIES = ("probability", "probability_low", "probability_high")
WORLD = {"synthetic": True, "world": "w", "source_files": [{"sha256": "abc"}]}
EVIL = AdditiveModel("evil", "points", (flag_steps("escalated", -900.0, -900.0, -900.0),))


def batch_of(*parts: Part, **meta: Any) -> Batch:
    now = datetime(2024, 6, 1, tzinfo=UTC)
    return Batch(BatchMeta("today", now, parts=len(parts), **meta), lambda index: parts[index])


def build(*parts: Part, bundle: Bundle | None = None, capacity: int = 10, **more: Any) -> Worklist:
    return build_worklist(batch_of(*parts, **more), bundle or load_model("expert"), Capacity(count=capacity))


def lanes(worklist: Worklist) -> dict[str, str]:
    return dict(zip(worklist.table["case_id"].to_pylist(), worklist.table["lane"].to_pylist(), strict=True))


def reported(report: str, **more: Any) -> dict[str, Any]:
    return {"person_id": f"p{report}", "report_id": report, "role": "reported", **more}


ESCALATING: dict[str, dict[str, list[dict[str, Any]]]] = {
    "reporter": {"reports": [{"report_id": "x", "escalated_by_reporter": "asserted"}]},
    "sextortion": {"reports": [{"report_id": "x", "report_annotations": ["sextortion"]}]},
    "sadism": {"reports": [{"report_id": "x", "report_annotations": ["sadistic_online", "spam"]}]},
    **{
        crisis: {"reports": [{"report_id": "x"}], "children": [{"child_id": "c", "report_id": "x", "crisis_code": [crisis]}]}
        for crisis in ("self_harm_or_suicide", "missing", "in_contact_now", "blackmail_active", "medical")
    },
}  # fmt: skip


@pytest.mark.parametrize("why", ESCALATING)
def test_what_escalates_is_on_top_whatever_the_model_says(make_part: Callable[..., Part], why: str) -> None:
    others = [
        {"report_id": f"a{i}", "escalated_by_reporter": "denied", "incident_type": "travel"} for i in range(3)
    ]
    tables = {name: [dict(row) for row in rows] for name, rows in ESCALATING[why].items()}
    tables["reports"] = [*others, *tables["reports"]]
    table = build(make_part(**tables), bundle=Bundle(EVIL), capacity=1).table
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["case_id"], first["lane"], first["tier"], first["rank"]) == ("x", "escalated", 1, 1)
    assert first["due_at"] == datetime(2024, 6, 2, tzinfo=UTC)


def test_no_crisis_coded_does_not_escalate(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x"}], children=[{"child_id": "c", "report_id": "x", "crisis_code": ["none"]}]
    )
    assert lanes(build(part)) == {"x": "ranked"}


def test_child_in_crisis_stands_before_a_reporters_flag_before_a_label(make_part) -> None:
    part = make_part(
        reports=[
            {"report_id": "label", "report_annotations": ["sextortion"], "incident_type": "travel"},
            {"report_id": "flag", "escalated_by_reporter": "asserted"},
            {"report_id": "crisis"},
        ],
        children=[{"child_id": "c", "report_id": "crisis", "crisis_code": ["missing"]}],
    )
    assert list(lanes(build(part))) == ["crisis", "flag", "label"]


@pytest.mark.parametrize(
    ("tables", "lane"),
    [
        ({"persons": [reported("x", age_band="13-15")]}, "youth"),
        ({"persons": [reported("x", age_band="16-17"), {**reported("x", age_band="25-39"), "person_id": "q"}]}, "ranked"),
        ({"persons": [reported("x")], "children": [{"child_id": "c", "report_id": "x", "relation_to_suspect": "self"}]},
         "youth"),
        ({"reports": [{"report_id": "x", "report_annotations": ["minor_to_minor"]}]}, "youth"),
        ({"reports": [{"report_id": "x", "report_annotations": ["minor_to_minor"]}],
          "persons": [reported("x", age_band="40-59")]}, "ranked"),
        ({"persons": [reported("x")], "files": [{"file_id": "f", "report_id": "x", "file_annotations": ["self_produced"]}]},
         "ranked"),
        ({"persons": [reported("x"), {**reported("x", age_band="13-15"), "role": "recipient", "person_id": "q"}]}, "ranked"),
    ],
    ids=["minor", "an adult too", "the child itself", "both minors", "says minors but adult",
         "unknown age with self-produced material", "only the recipient is a minor"],
)  # fmt: skip
def test_a_child_as_reported_person_is_a_child_to_protect(
    make_part, tables: dict[str, Any], lane: str
) -> None:
    part = make_part(**{"reports": [{"report_id": "x"}], **tables})
    assert lanes(build(part)) == {"x": lane}


def test_youth_shows_no_score_and_no_suspicion(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x", "escalated_by_reporter": "asserted"}, {"report_id": "y"}],
        persons=[reported("x", age_band="13-15"), reported("y", age_band="13-15")],
    )
    bundle = Bundle(load_model("expert").model, CURVE)
    rows = build(part, bundle=bundle, **WORLD).table.to_pylist()
    assert [(row["case_id"], row["tier"], row["rank"]) for row in rows] == [("x", 1, 1), ("y", 2, 2)]
    for row in rows:
        assert row["score"] is row["probability"] is None
        assert row["reasons"].startswith("a child to protect")
        assert row["missing"] == ""


def test_open_case_elsewhere_pauses_but_never_hides_an_escalated_case(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x"}, {"report_id": "y", "escalated_by_reporter": "asserted"}],
        persons=[reported("x"), reported("y")],
        prior_records=[
            {"record_id": f"k{r}", "person_id": f"p{r}", "record_kind": "open_case"} for r in "xy"
        ],
    )
    assert lanes(build(part)) == {"y": "escalated", "x": "paused"}


def test_unreadable_report_stands_first_due_in_24_hours(make_part) -> None:
    part = make_part(reports=[{"report_id": "a b"}, {"report_id": "x", "escalated_by_reporter": "asserted"}])
    worklist = build(part)
    first = worklist.table.slice(0, 1).to_pylist()[0]
    assert (first["lane"], first["tier"], first["rank"]) == ("unreadable", 1, 1)
    assert first["due_at"] == datetime(2024, 6, 2, tzinfo=UTC)
    assert worklist.table["rank"].to_pylist() == [1, 2]


def test_broken_lines_of_one_document_take_one_place_and_are_counted(make_part) -> None:
    line = {"why": "unreadable", "table": "reports", "where": "file:ab", "mend": "look at the line"}
    reasons = [(7, "no number"), (5, "no number"), (9, "a quotation mark that is not closed")]
    aside = [line | {"row": row, "reason": reason} for row, reason in reasons]
    part = make_part(reports=[{"report_id": "x", "escalated_by_reporter": "asserted"}])
    part = replace(part, set_aside=pa.Table.from_pylist(aside, schema=SET_ASIDE_SCHEMA))
    worklist = build(part)
    assert worklist.table["rank"].to_pylist() == [1, 2]
    assert worklist.lanes["unreadable"] == 1
    assert worklist.set_aside == 3
    first = worklist.table.slice(0, 1).to_pylist()[0]
    assert (first["case_id"], first["reports"], first["missing"]) == ("file:ab", 3, "look at the line")
    assert first["reasons"] == (
        "file:ab, 2 records, the first in row 5: no number; file:ab, row 9: a quotation mark that is not closed"
    )


def scored_batch(make_part: Callable[..., Part], n: int) -> Part:
    return make_part(
        reports=[{"report_id": f"r{i:03}", "received_at": f"2024-03-{1 + i % 28:02}"} for i in range(n)],
        persons=[reported(f"r{i:03}") for i in range(n)],
        prior_records=[
            {"record_id": f"k{i}{j}", "person_id": f"pr{i:03}", "record_kind": "prior_report"}
            for i in range(n)
            for j in range(i % 5)
        ],
        accounts=[
            {"account_id": f"a{i}", "person_id": f"pr{i:03}", "group_member": "asserted"}
            for i in range(0, n, 7)
        ],
    )


def test_order_is_score_then_longest_waiting(make_part) -> None:
    table = build(scored_batch(make_part, 60)).table
    score, received = np.array(table["score"].to_pylist()), table["received_at"].to_pylist()
    assert (np.diff(score) <= 0).all()
    for earlier, later in zip(range(59), range(1, 60), strict=True):
        if score[earlier] == score[later]:
            assert received[earlier] <= received[later]


def test_same_list_whatever_the_parts_and_the_order_of_rows(make_part) -> None:
    part = scored_batch(make_part, 40)
    whole = build(part).table
    assert build(*split_part(part, 7)).table.equals(whole)
    assert build(*reversed(list(split_part(part, 9)))).table.equals(whole)


@pytest.mark.parametrize("most", [1, 500])
def test_same_list_however_many_cases_are_worked_on_at_once(make_part, monkeypatch, most: int) -> None:
    part = scored_batch(make_part, 40)
    whole = build(part).table
    monkeypatch.setattr(score, "_MOST_CELLS", most)
    monkeypatch.setattr(order, "_LOOKED_AT_ONCE", 3)
    assert build(part).table.equals(whole)


def test_tiers_follow_the_capacity_and_beyond_it_nothing_is_promised(make_part) -> None:
    table = build(scored_batch(make_part, 60), capacity=30).table
    tiers = table["tier"].to_pylist()
    assert [tiers.count(tier) for tier in range(1, 6)] == [1, 6, 7, 16, 30]
    assert tiers == sorted(tiers)
    due = table["due_at"].to_pylist()
    start = datetime(2024, 6, 1, tzinfo=UTC)
    assert [(at - start).days if at else None for at in (due[0], due[1], due[7], due[14], due[30])] == [
        1,
        7,
        14,
        30,
        None,
    ]


def test_deadlines_can_be_kept_by_working_down_the_list(make_part) -> None:
    """At capacity / 30 a day, the case at each place is reached by its date."""
    for capacity in (1, 7, 30, 59):
        table = build(scored_batch(make_part, 60), capacity=capacity).table
        for row in table.to_pylist():
            if row["due_at"]:
                days = (row["due_at"] - datetime(2024, 6, 1, tzinfo=UTC)) / timedelta(days=1)
                assert row["rank"] <= capacity * days / 30


def test_ties_at_the_cut_are_counted(make_part) -> None:
    part = make_part(reports=[{"report_id": f"r{i}"} for i in range(5)], persons=[reported("r0")])
    worklist = build(part, capacity=2)
    assert worklist.table["score"].to_pylist() == [0, -4, -4, -4, -4]
    assert worklist.table["tied"].to_pylist() == [1, 4, 4, 4, 4]
    assert worklist.tied_at_cut == 4
    assert build(part, capacity=1).tied_at_cut == 0


def test_reasons_add_up_and_name_both_signs(make_part) -> None:
    part = make_part(
        reports=[{"report_id": "x", "incident_type": "travel", "escalated_by_reporter": "denied"}],
        persons=[reported("x")],
    )
    terms = flag_steps("escalated", -1.0, 0.0, 4.0), flag_steps("trafficking_or_travel", 0.0, 0.0, 4.0)
    row = build(part, bundle=Bundle(AdditiveModel("m", "points", terms))).table.to_pylist()[0]
    assert row["reasons"] == "reported as trafficking or travel (+4); the reporter says it is not urgent (-1)"
    assert row["score"] == 3


def test_case_that_nothing_moves_says_so(make_part) -> None:
    part = make_part(reports=[{"report_id": "x"}], persons=[reported("x")])
    row = build(part).table.to_pylist()[0]
    assert (row["score"], row["reasons"]) == (0, "nothing that is known moves its score")


def test_missing_tells_the_rank_that_each_answer_would_give(make_part) -> None:
    """Scores 5, 2, 0, 0: with +5 the last waits less than the first, so second; with -1 it stays last."""
    model = AdditiveModel(
        "m",
        "points",
        (flag_steps("contact_record", -1.0, 0.0, 5.0), flag_steps("enticement", 0.0, 0.0, 3.0)),
    )
    part = make_part(
        reports=[
            {"report_id": "high", "received_at": "2024-01-01"},
            {"report_id": "mid", "received_at": "2024-01-02", "incident_type": "enticement"},
            {"report_id": "low", "received_at": "2024-01-03"},
            {"report_id": "last", "received_at": "2024-01-04"},
        ],
        persons=[reported(r) for r in ("high", "mid", "low", "last")],
        prior_records=[
            {"record_id": "k", "person_id": "phigh", "record_kind": "contact_conviction"},
            {"record_id": "l", "person_id": "pmid", "record_kind": "none_found"},
        ],
    )
    rows = {row["case_id"]: row for row in build(part, bundle=Bundle(model)).table.to_pylist()}
    assert [rows[c]["score"] for c in ("high", "mid", "low", "last")] == [5, 2, 0, 0]
    question = "an earlier conviction for a contact offence"
    assert rows["low"]["missing"] == f"{question} (rank 2 if so, 4 if not)"
    assert rows["last"]["missing"] == f"{question} (rank 2 if so, 4 if not)"
    assert rows["high"]["missing"] == rows["mid"]["missing"] == ""


def test_probability_is_shown_only_where_it_was_calibrated(make_part) -> None:
    part = scored_batch(make_part, 5)
    bundle = Bundle(load_model("expert").model, CURVE)
    shown = build(part, bundle=bundle, **WORLD)
    assert shown.table["probability"].null_count == 0
    assert "synthetic" in shown.probability_note
    for hidden in (build(part, bundle=bundle), build(part, bundle=bundle, **(WORLD | {"world": "v"}))):
        assert hidden.probability_note.startswith("not calibrated here")
        assert hidden.table["case_id"].equals(shown.table["case_id"])
        for name in ("probability", "probability_low", "probability_high"):
            assert hidden.table[name].null_count == 5


@pytest.mark.parametrize("kind", ["isotonic", "venn-abers"])
def test_child_to_protect_has_no_probability_however_it_is_calibrated(make_part, kind: str) -> None:
    """Calibrations by levels would take a score that is no number for the highest."""
    score = np.repeat([0.0, 2.0, 4.0], 200)
    outcome = (np.arange(600) % 10 < score).astype(np.float64)
    curve = fit_calibration(kind, score, outcome, denominator="all cases", population="world w abc")
    part = make_part(
        reports=[{"report_id": "x"}, {"report_id": "y"}], persons=[reported("x", age_band="13-15")]
    )
    rows = build(part, bundle=Bundle(load_model("expert").model, curve), **WORLD).table.to_pylist()
    shown = {row["case_id"]: [row[name] for name in PROBABILITIES] for row in rows}
    assert shown["x"] == [None] * 3
    assert None not in shown["y"]


def test_what_escalates_beyond_the_capacity_has_a_unit_too(make_part) -> None:
    """It is due in 24 hours all the same, and what is nobody's is not opened."""
    names = [f"c{number}" for number in range(6)]
    flags = [{"report_id": name, "escalated_by_reporter": "asserted"} for name in names[:4]]
    part = make_part(reports=[*flags, *({"report_id": name} for name in names[4:])])
    units = {"north": Capacity(count=1), "south": Capacity(count=1)}
    policy = replace(load_policy(), units=units, capacity=Capacity(parts=tuple(units.values())))
    table = build_worklist(batch_of(part), load_model("expert"), policy=policy).table
    assert table["unit"].to_pylist() == ["north", "south", "north", "south", "", ""]


def test_case_that_cannot_be_scored_stands_on_the_lists_beside_it_all_the_same(
    make_part, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("triage.worklist.score.build_features", fail)
    part = make_part(
        reports=[{"report_id": "x"}],
        files=[
            {"file_id": "f", "report_id": "x", "hash_status": "no_match", "victim_status": "unidentified"}
        ],
    )
    worklist = build(part)
    assert worklist.table["lists"].to_pylist() == ["identification"]
    assert worklist.lists["identification"]["lane"].to_pylist() == ["unreadable"]


def test_more_escalations_than_capacity_or_than_the_pace_is_an_alarm(make_part) -> None:
    part = make_part(reports=[{"report_id": f"r{i}", "escalated_by_reporter": "asserted"} for i in range(3)])
    assert "ask for help" in build(part, capacity=2).alarms[0]
    assert "start with them" in build(part, capacity=60).alarms[0]
    assert not [alarm for alarm in build(part, capacity=90).alarms if "escalated and" in alarm]


def test_lost_value_that_decides_on_escalation_is_an_alarm(make_part) -> None:
    part = make_part(reports=[{"report_id": "x", "escalated_by_reporter": "yes"}])
    assert any("escalated_by_reporter" in alarm for alarm in build(part).alarms)


def test_case_that_is_not_yet_known_is_not_there_yet_and_is_counted(make_part) -> None:
    part = make_part(
        reports=[
            {"report_id": "old", "received_at": "2024-01-01"},
            {"report_id": "new", "received_at": "2024-03-01"},
        ],
        persons=[reported("old"), reported("new")],
    )
    then = datetime(2024, 2, 1, tzinfo=UTC)
    worklist = build_worklist(batch_of(part), load_model("expert"), Capacity(count=5), as_of=then)
    assert worklist.table["case_id"].to_pylist() == ["old"]
    assert worklist.not_yet_known == 1


def test_capacity_may_be_a_number_of_cases_or_a_share_of_them(make_part) -> None:
    part = make_part(reports=[{"report_id": f"r{i}"} for i in range(10)])
    expert = load_model("expert")
    for number, same in ((3, Capacity(count=3)), (0.25, Capacity(share=0.25))):
        assert build_worklist(batch_of(part), expert, number).capacity == same.of(10)
    for wrong in (0, -1, 2.5, True, float("nan")):
        with pytest.raises(CapacityError):
            build_worklist(batch_of(part), expert, wrong)


def test_list_says_in_a_few_lines_what_it_is(make_part) -> None:
    worklist = build(make_part(reports=[{"report_id": "x"}]))
    assert worklist.to_frame()["case_id"].tolist() == ["x"]
    lines = repr(worklist).splitlines()
    assert "1 rows (ranked 1)" in lines[1]
    assert lines[2].strip() == f"probability: {worklist.probability_note}"


def test_empty_batch_gives_an_empty_list(make_part) -> None:
    worklist = build(make_part(reports=[]))
    assert worklist.table.num_rows == 0
    assert worklist.table.schema == WORKLIST_SCHEMA
    assert build_worklist(batch_of(), load_model("expert"), Capacity(share=0.02)).table.num_rows == 0


def test_columns_stand_in_the_order_that_is_documented() -> None:
    assert " ".join(WORKLIST_SCHEMA.names) == (
        "rank lane tier case_id score probability probability_low probability_high due_at received_at waiting_hours"
        " reports sources country solvability completeness reasons missing tied model batch"
        " unit imminence preserve_until evidence_days check lists aliases policy fingerprints"
    )


_REPORT = st.fixed_dictionaries(
    {},
    optional={
        "escalated_by_reporter": st.sampled_from(["asserted", "denied", "unknown", "garbage"]),
        "report_annotations": st.lists(
            st.sampled_from(["sextortion", "spam", "minor_to_minor", "x"]), max_size=2
        ),
        "incident_type": st.sampled_from(["csam", "travel", "?"]),
        "received_at": st.sampled_from(["2024-03-01", "soon", ""]),
        "actionability": st.sampled_from(["batch", "referral"]),
    },
)
_PERSON = st.fixed_dictionaries(
    {"person_id": st.sampled_from("pqr"), "role": st.sampled_from(["reported", "recipient", "?"])},
    optional={"age_band": st.sampled_from(["13-15", "25-39", "?"])},
)
_CHILD = st.fixed_dictionaries(
    {}, optional={"crisis_code": st.lists(st.sampled_from(["missing", "none", "?"]), max_size=2),
                  "relation_to_suspect": st.sampled_from(["self", "parent"])}
)  # fmt: skip


@given(
    st.lists(
        st.tuples(_REPORT, st.lists(_PERSON, max_size=2), st.lists(_CHILD, max_size=1), st.booleans()),
        max_size=8,
    ),
    st.sampled_from(["expert", "evil"]),
    st.integers(1, 5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_nothing_vanishes_and_no_escalated_case_stands_below_another(
    make_part, given_rows: list[Any], model: str, capacity: int
) -> None:
    reports, persons, children = [], [], []
    for i, (report, some, kids, readable) in enumerate(given_rows):
        name = f"r{i}"
        reports.append({"report_id": name if readable else "not readable", **report})
        seen = {person["person_id"]: person for person in some}
        persons += [{**person, "report_id": name} for person in seen.values()]
        children += [{**kid, "report_id": name, "child_id": f"c{i}{j}"} for j, kid in enumerate(kids)]
    tables = {"reports": reports, "persons": persons, "children": children}
    part = make_part(**tables)
    bundle = Bundle(EVIL) if model == "evil" else load_model("expert")
    table = build(part, bundle=bundle, capacity=capacity).table

    listed = dict(zip(table["case_id"].to_pylist(), table["lane"].to_pylist(), strict=True))
    aside = sum(row["table"] == "reports" for row in part.set_aside.to_pylist())
    # What could not be read of one document is one row, which says how many reports that is.
    assert table.num_rows == len(part.cases) + bool(aside)
    unread = [
        n
        for lane, n in zip(table["lane"].to_pylist(), table["reports"].to_pylist(), strict=True)
        if lane == "unreadable"
    ]
    assert sum(unread) == aside
    assert set(part.cases.to_pylist()) <= set(listed)
    assert part.tables["reports"].num_rows + aside == len(reports)

    escalated = {
        case
        for case, flag, labels in zip(
            *(
                part.tables["reports"][c].to_pylist()
                for c in ("case_id", "escalated_by_reporter", "report_annotations")
            ),
            strict=True,
        )
        if flag == "asserted" or "sextortion" in (labels or [])
    } | {
        case
        for case, codes in zip(
            *(part.tables["children"][c].to_pylist() for c in ("case_id", "crisis_code")), strict=True
        )
        if "missing" in (codes or [])
    }
    main = [case for case, lane in listed.items() if lane in {"escalated", "ranked"}]
    on_top = [case for case in main if case in escalated]
    assert main[: len(on_top)] == on_top
    assert all(listed[case] in {"escalated", "youth"} for case in escalated)
    youth = [case for case, lane in listed.items() if lane == "youth"]
    urgent = [case for case in youth if case in escalated]
    assert youth[: len(urgent)] == urgent
