"""Persons whom the lab puts abroad by lot."""

from dataclasses import replace

import numpy as np
import pytest

from triage.lab.engine import simulate
from triage.lab.engine.abroad import find_abroad
from triage.lab.staff import Staff, Unit
from triage.lab.stream import DAY
from triage.lab.work import Hours, Referral, Success, Work
from triage.worklist.order import ESCALATED, RANKED


def work_of(**referral):
    return Work("w", Hours((240.0,) * 6, law="fixed"), Success((0.5,) * 6), referral=Referral(**referral))


def one_detective():
    return Staff("s", (Unit("one", 1, hours_a_week=168.0),))


def test_the_share_abroad_is_that_stated_and_one_person_is_at_one_place(poisson_stream):
    stream = poisson_stream(4_000)
    person = stream.truth.person // 2
    stream = replace(stream, truth=replace(stream.truth, person=person))
    abroad = np.isfinite(find_abroad(stream, Referral(abroad=0.3)))
    assert abroad.mean() == pytest.approx(0.3, abs=0.03)
    assert (abroad[::2] == abroad[1::2]).all()
    more = np.isfinite(find_abroad(stream, Referral(abroad=0.5)))
    assert (more | ~abroad).all()


def test_a_case_abroad_is_referred_once_that_is_known_and_the_days_are_over(hand_made):
    stream = hand_made([(0, 0, RANKED, 9), (1, 1, RANKED, 5), (2, 2, ESCALATED, 5)])
    trace = simulate(
        stream, "expert+refer", one_detective(), work_of(abroad=1.0, known_days=3, days=4, hours=2)
    )
    # The first is in hand from the start. What escalates is told abroad after a day, and opened all the same.
    assert np.isnan(trace.referred_at[0])
    assert trace.referred_at[1] == (1 + 3 + 4) * DAY
    assert trace.referred_at[2] == (2 + 3 + 1) * DAY
    assert np.isnan(trace.opened_at[1])
    assert trace.opened_at[2] == 10 * DAY
    assert trace.hours[1] == 2.0


def test_nobody_is_referred_where_the_way_does_not_or_nobody_is_abroad(hand_made):
    stream = hand_made([(0, 0, RANKED, 9), (1, 1, RANKED, 5)])
    for way, share in (("expert", 1.0), ("expert+refer", 0.0)):
        trace = simulate(stream, way, one_detective(), work_of(abroad=share))
        assert np.isnan(trace.referred_at).all()


def test_an_investigation_at_home_reaches_a_child_abroad_less_often(hand_made):
    luck = np.full((1, 4), 0.3)
    stream = hand_made([(0, 0, RANKED, 1)], onset=[-1], end=[99], luck=luck)
    reached = [
        np.isfinite(
            simulate(stream, "expert", one_detective(), work_of(abroad=abroad, success=0.5)).reached_at[0]
        )
        for abroad in (0.0, 1.0)
    ]
    assert reached == [True, False]
