"""A run of a world counted again from its trace, case by case in plain Python, as one would by hand."""

import math
from statistics import median

import pytest

from triage.lab.engine import simulate
from triage.lab.measures import measure
from triage.lab.staff import load_staff
from triage.lab.streaming import make_stream
from triage.lab.trace import NO, YES
from triage.lab.work import load_work
from triage.scoring.loading import load_model
from triage.worklist.policy import LANES
from triage.worlds import load_world

CASES = 1_500
DAY = 86_400.0
WORLD = load_world("nl-2017")


@pytest.fixture(scope="module")
def stream():
    return make_stream(WORLD, CASES, 4, models={"expert": load_model("expert")})


@pytest.fixture(scope="module", params=["arrival", "expert+audit=0.2+refer"])
def lived(request, stream):
    # More hands than its share of the cases has, so that there is something to count.
    staff, work = load_staff("nl-2017").scaled(0.4), load_work()
    trace = simulate(stream, request.param, staff, work)
    return recount(stream, trace), measure(stream, trace), trace


def recount(stream, trace):
    """One dictionary a case in days since the start, one a person; None for what did not happen."""

    def day(value):
        return None if math.isnan(value) else (float(value) - stream.start) / DAY

    escalated = {}
    for case, at, lane in zip(*(getattr(stream.versions, one).tolist() for one in ("case", "at", "lane")),
                              strict=True):  # fmt: skip
        if LANES[lane] == "escalated":
            escalated[case] = min(escalated.get(case, math.inf), (at - stream.start) / DAY)
    cases, persons = [], {}
    for number in range(len(stream.arrival)):
        names = ("opened", "ended", "reached", "due", "referred", "disposed", "prosecuted")
        case = {name: day(getattr(trace, f"{name}_at")[number]) for name in names}
        case |= {"arrival": day(stream.arrival[number]), "onset": day(stream.truth.onset[number]),
                 "end": day(stream.truth.end[number]), "person": int(stream.truth.person[number]),
                 "hours": float(trace.hours[number]), "label": int(trace.label[number]),
                 "audit": bool(trace.audit[number]), "escalated": escalated.get(number)}  # fmt: skip
        cases.append(case)
        persons.setdefault(case["person"], []).append(case)
    return {"cases": cases, "persons": persons, "end": (stream.end - stream.start) / DAY, "trace": trace}


def first(*days):
    return min((day for day in days if day is not None), default=None)


def reached_of(mine):
    return first(*(case["reached"] for case in mine))


def is_vain(case, mine, end):
    """No abuse at any time while it was investigated, or the child had been freed before."""
    freed = reached_of(mine)
    until = end if case["ended"] is None else case["ended"]
    went_on = case["onset"] is not None and case["onset"] <= until and case["end"] > case["opened"]
    return not went_on or (freed is not None and freed < case["opened"])


def test_children_and_days(lived):
    book, found, _ = lived
    end = book["end"]
    reachable = {}
    for person, mine in book["persons"].items():
        came = min(case["arrival"] for case in mine)
        if any(case["onset"] is not None and case["onset"] <= end and case["end"] > max(came, 0)
               for case in mine):  # fmt: skip
            reachable[person] = (came, reached_of(mine))
    took = [freed - came for came, freed in reachable.values() if freed is not None]
    watched = [(came, freed) for came, freed in reachable.values() if end - came >= 90]
    soon = [came for came, freed in watched if freed is not None and freed - came <= 90]
    assert found["children_reachable"] == len(reachable) > 20
    assert found["children_reached"] == len(took) > 3
    assert found["reached_within_90"] == pytest.approx(len(soon) / len(watched))
    assert found["median_days_of_reached"] == pytest.approx(median(took))


def test_child_days_averted(lived):
    book, found, _ = lived
    averted = 0.0
    for mine in book["persons"].values():
        freed = reached_of(mine)
        spells = {(case["onset"], case["end"]) for case in mine if case["onset"] is not None}
        if freed is not None:
            averted += sum(stop - freed for onset, stop in spells if onset <= freed < stop)
    assert found["child_days_averted"] == pytest.approx(averted)
    assert averted > 0


def test_cases_in_vain_persons_and_hours(lived):
    book, found, _ = lived
    vain, intruded = [], 0
    for mine in book["persons"].values():
        opened = [case for case in mine if case["opened"] is not None]
        in_vain = [case for case in opened if is_vain(case, mine, book["end"])]
        vain += in_vain
        intruded += bool(opened) and len(in_vain) == len(opened)
    hours = sum(case["hours"] for case in book["cases"])
    assert found["opened_in_vain"] == len(vain) > 50
    assert found["persons_intruded"] == intruded > 50
    assert found["hours"] == pytest.approx(hours)
    assert found["hours_in_vain"] == pytest.approx(sum(case["hours"] for case in vain))
    assert found["hours_per_child"] == pytest.approx(hours / found["children_reached"])


def test_deadlines_and_waits(lived):
    book, found, _ = lived
    cases, end = book["cases"], book["end"]
    due = [case for case in cases if case["due"] is not None and case["due"] <= end]
    left = {id(case): first(case["opened"], case["referred"], case["disposed"]) for case in cases}
    kept = [case for case in due if left[id(case)] is not None and left[id(case)] <= case["due"]]
    waits = [(end if left[id(case)] is None else left[id(case)]) - case["arrival"] for case in cases]
    urgent = [
        (end if left[id(case)] is None else left[id(case)]) - case["escalated"]
        for case in cases
        if case["escalated"] is not None and not (left[id(case)] or end) < case["escalated"]
    ]
    unseen = []
    for mine in book["persons"].values():
        freed = reached_of(mine)
        goes_on = any(case["onset"] is not None and case["onset"] <= end < case["end"] for case in mine)
        if goes_on and freed is None and all(case["opened"] is None for case in mine):
            unseen.append(end - min(case["arrival"] for case in mine))
    assert found["deadlines"] == len(due) > 20
    assert found["deadlines_kept"] == pytest.approx(len(kept) / len(due))
    assert found["longest_wait_days"] == pytest.approx(max(waits))
    assert found["escalated"] == len(urgent) > 10
    assert found["longest_wait_escalated_days"] == pytest.approx(max(urgent), abs=1e-6)
    assert found["children_unseen"] == len(unseen)
    assert found["oldest_unseen_days"] == pytest.approx(max(unseen, default=0.0))


def test_what_left_and_what_was_labelled(lived):
    book, found, trace = lived
    cases = book["cases"]
    assert found["referred"] == sum(case["referred"] is not None for case in cases)
    told = [case for case in cases if case["ended"] is not None and case["label"] in {NO, YES}]
    assert found["labelled"] == len([case for case in told if case["opened"] is not None])
    sent = [case for case in cases if case["ended"] is not None and case["label"] == YES]
    assert found["to_prosecute"] == len(sent)
    assert found["prosecuted"] == sum(case["prosecuted"] is not None for case in sent)
    if "audit" in trace.way:
        assert found["labelled_by_lot"] > 0
        assert found["referred"] > 0


def test_cases_in_are_cases_opened_waiting_or_gone_otherwise(lived):
    book, found, trace = lived
    opened = sum(case["opened"] is not None for case in book["cases"])
    gone = sum(
        case["opened"] is None and (case["disposed"] is not None or case["referred"] is not None)
        for case in book["cases"]
    )
    # Escalated cases that are referred stay here too; none of them waits at the end of these runs.
    assert found["cases"] == len(book["cases"]) == opened + gone + int(trace.pool_size[-1])
    assert found["cases_opened"] == opened
    in_hand = sum(case["opened"] is not None and case["ended"] is None for case in book["cases"])
    assert opened == in_hand + sum(case["ended"] is not None for case in book["cases"])
