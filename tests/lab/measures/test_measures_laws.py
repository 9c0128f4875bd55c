import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from tests.lab.measures.conftest import make_lived
from triage.lab.measures import CURVE_DAYS, draw_curve, measure
from triage.lab.measures.reached import quantile_of_waiting, reaching_curve
from triage.lab.trace import NO, YES


@st.composite
def lived(draw):
    """Cases of a few persons, each with one spell or none; some are opened and some children reached."""
    day = st.integers(0, 99)
    spells = [
        (draw(st.integers(-50, 120)), draw(st.integers(1, 200))) if draw(st.booleans()) else None
        for _ in range(draw(st.integers(1, 4)))
    ]
    cases = []
    for _ in range(draw(st.integers(1, 8))):
        person = draw(st.integers(0, len(spells) - 1))
        case = {"person": person, "arrival": draw(day)}
        if spells[person] is not None:
            onset, lasts = spells[person]
            case |= {"onset": onset, "end": onset + lasts}
        if draw(st.booleans()):
            opened = case["arrival"] + draw(st.integers(0, 60))
            ended = opened + draw(st.integers(0, 60))
            going_on = case.get("onset", 999) <= ended < case.get("end", -999)
            case |= {"opened": opened, "ended": ended, "hours": 5.0, "inclusion": 1.0}
            case |= {"label": YES, "reached": ended} if going_on else {"label": NO}
        cases.append(case)
    return cases


def same(one, other):
    return all(one[name] == pytest.approx(other[name], nan_ok=True) for name in one)


@settings(deadline=None, max_examples=100)
@given(lived())
def test_days_of_abuse_are_either_lost_or_averted(cases):
    """Whatever is done, the days of abuse after the first report and before the end stay the same."""
    untouched = [
        {k: v for k, v in case.items() if k in {"person", "arrival", "onset", "end"}} for case in cases
    ]
    run, nobody = measure(*make_lived(cases)), measure(*make_lived(untouched))
    assert run["child_days_lost"] + run["child_days_averted_in_period"] == pytest.approx(
        nobody["child_days_lost"]
    )


@settings(deadline=None, max_examples=50)
@given(lived(), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(cases, random):
    shuffled = random.sample(cases, len(cases))
    assert same(measure(*make_lived(cases)), measure(*make_lived(shuffled)))


@settings(deadline=None, max_examples=50)
@given(lived(), st.integers(10, 90))
def test_what_comes_after_the_end_changes_nothing(cases, end):
    """Cases, openings and outcomes after the end may be anything at all."""
    late = {"opened", "ended", "reached"}
    cut = [
        {k: v for k, v in case.items() if k not in late or v <= end}
        for case in cases
        if case["arrival"] < end
    ]
    stream, trace = make_lived(cases)
    for case in cut:
        if "ended" not in case:
            case.pop("label", None)
    assert same(
        measure(stream, trace, until=stream.start + end * 86_400), measure(*make_lived(cut, days=end))
    )


@settings(deadline=None, max_examples=50)
@given(lived())
def test_counts_hold_each_other(cases):
    run = measure(*make_lived(cases))
    assert run["children_reached"] <= run["children_reachable"] <= run["children_abused"]
    assert (
        run["persons_intruded_never"]
        <= run["persons_intruded"]
        <= run["opened_in_vain"]
        <= run["cases_opened"]
    )
    assert 0 <= run["child_days_averted_in_period"] <= run["child_days_averted"]
    assert run["children_unseen"] + run["children_reached"] <= run["children_abused"]


waits = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30)


@settings(deadline=None, max_examples=100)
@given(waits)
def test_the_curve_is_that_of_kaplan_and_meier(pairs):
    took = np.array([wait if wait <= watched else np.nan for wait, watched in pairs], dtype=float)
    censored = np.array([watched for _, watched in pairs], dtype=float)
    days, share = reaching_curve(took, censored)
    event = ~np.isnan(took)
    if not event.any():
        assert len(days) == 0
        return
    known = ecdf(CensoredData(uncensored=took[event], right=censored[~event])).sf
    assert share == pytest.approx(1 - known.evaluate(days))


def test_without_censoring_quantiles_are_those_of_the_counts():
    took = np.array([3.0, 1.0, 2.0, 10.0])
    assert [quantile_of_waiting(took, took + 50, share) for share in (0.25, 0.5, 0.75, 0.9)] == [1, 2, 3, 10]


def test_the_curve_ends_where_no_child_could_be_watched(live):
    cases = [
        {"person": 0, "arrival": 0, "onset": -5, "end": 500, "opened": 1, "ended": 12, "label": YES, "reached": 12},
        {"person": 1, "arrival": 50, "onset": -5, "end": 500},
    ]  # fmt: skip
    drawn = dict(zip(CURVE_DAYS, draw_curve(*live(cases)), strict=True))
    assert [drawn[day] for day in (0, 10, 15, 100)] == [0, 0, 0.5, 0.5]
    assert np.isnan(drawn[105])
