"""What the engine draws: hours, findings, lots, the queue of the prosecution, and what is learned."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from triage.lab.engine.downstream import MONTH, prosecute
from triage.lab.engine.learning import fit_logistic
from triage.lab.engine.lottery import draw_systematic, share_chances
from triage.lab.engine.weekly import find_best
from triage.lab.staff import Prosecution
from triage.lab.work import Findings, Hours, Success

EVEN = (np.arange(20_000) + 0.5) / 20_000


@pytest.mark.parametrize(("law", "spread"), [("lognormal", 0.9), ("exponential", 1.0), ("fixed", 0.0)])
def test_hours_have_the_stated_mean_and_spread(law, spread):
    hours = Hours((100.0,) * 6, spread, law=law)
    drawn = np.array([hours.draw(0, 0, luck) for luck in EVEN])
    assert drawn.mean() == pytest.approx(100.0, rel=0.01)
    assert drawn.std() == pytest.approx(100.0 * spread, rel=0.03, abs=1e-9)
    assert (np.diff(drawn) >= 0).all()


def test_what_is_learned_later_adds_hours_up_to_a_limit():
    hours = Hours((100.0,) * 6, law="fixed", a_version=0.05, most_versions=4)
    assert [hours.draw(0, learned, 0.5) for learned in (0, 2, 4, 9)] == [
        100.0,
        pytest.approx(110.0),
        120.0,
        120.0,
    ]


def test_nobody_is_the_identity_that_is_not_known():
    assert Success((0.1, 0.2, 0.3, 0.4, 0.5, 0.9)).find(-1, 0.0, gone=False) == pytest.approx(0.9)


def test_skill_multiplies_the_odds():
    assert Success((0.5,) * 6).find(0, 0.0, gone=False, skill=3.0) == pytest.approx(0.75)
    assert Success((1.0,) * 6).find(0, 0.0, gone=False, skill=0.5) == 1.0


@pytest.mark.parametrize(
    ("abused", "found", "shares"),
    [
        (True, True, [0.0, 1.0, 0.0]),
        (True, False, [0.6, 0.0, 0.4]),
        (False, False, [0.85, 0.05, 0.1]),
    ],
)
def test_labels_have_the_stated_chances(abused, found, shares):
    findings = Findings(invented=0.05, undetermined=0.1, undetermined_missed=0.4)
    labels = [findings.label(luck, abused=abused, found=found) for luck in EVEN]
    assert np.bincount(labels, minlength=3) / len(EVEN) == pytest.approx(shares, abs=1e-3)


@given(
    weight=st.lists(st.floats(0.1, 10), min_size=1, max_size=30),
    share=st.floats(0.0, 1.2),
)
def test_chances_add_up_to_the_slots_and_are_none_above_one(weight, share):
    weight = np.array(weight)
    slots = share * len(weight)
    chance = share_chances(weight, slots)
    assert (chance <= 1.0).all()
    assert (chance >= 0.0).all()
    assert chance.sum() == pytest.approx(min(slots, len(weight)))
    order = np.argsort(weight)
    assert (np.diff(chance[order]) >= -1e-12).all()


@settings(deadline=None, max_examples=30)
@given(chance=st.lists(st.floats(0.001, 1), min_size=1, max_size=20))
def test_a_systematic_draw_has_exactly_the_chances_it_is_given(chance):
    chance = np.array(chance)
    starts = (np.arange(1_000) + 0.5) / 1_000
    drawn = np.zeros(len(chance))
    for start in starts:
        chosen = draw_systematic(chance, start)
        assert abs(len(chosen) - chance.sum()) < 1 + 1e-9
        drawn[chosen] += 1
    assert drawn / len(starts) == pytest.approx(chance, abs=2e-3)


@given(
    key=st.lists(st.integers(0, 5), min_size=1, max_size=40),
    number=st.integers(0, 50),
)
def test_the_best_are_those_of_a_full_sort(key, number):
    full = np.lexsort((np.arange(len(key)), -np.array(key)))
    assert find_best(np.array(key, dtype=float), number).tolist() == full[:number].tolist()


def test_the_prosecution_takes_the_longest_waiting_first_at_its_pace():
    sent = np.array([0.0, 0.1, 0.2, 1.5, np.nan]) * MONTH
    taken = prosecute(sent, Prosecution(a_month=2.0), 0.0, 12 * MONTH) / MONTH
    # Month 1 finds one that waits, month 2 two, month 3 the last.
    assert taken[:4] == pytest.approx([0.5, 1.25, 1.75, 2.5])
    assert np.isnan(taken[4])


def test_what_waits_at_the_prosecution_at_the_start_goes_first():
    taken = prosecute(np.array([0.0]), Prosecution(a_month=2.0, waiting=5), 0.0, 12 * MONTH) / MONTH
    assert taken[0] == pytest.approx(2.75)


def test_capacity_of_the_prosecution_that_nobody_waited_for_is_lost():
    sent = np.full(10, 2.5) * MONTH
    taken = prosecute(sent, Prosecution(a_month=2.0), 0.0, 12 * MONTH) / MONTH
    # Nothing was saved in three idle months: two a month from the fourth on.
    assert taken == pytest.approx(np.arange(10) / 2 + 3.25)


def test_parts_of_a_case_add_up_over_the_months():
    sent = np.zeros(10)
    taken = prosecute(sent, Prosecution(a_month=0.5), 0.0, 8 * MONTH - 1)
    assert np.isfinite(taken).sum() == 4


def test_learning_agrees_with_another_library():
    rng = np.random.default_rng(0)
    design = np.column_stack([np.ones(500), rng.normal(size=(500, 3))])
    target = rng.random(500) < 1 / (1 + np.exp(-design @ [-1.0, 1.0, 0.0, -0.5]))
    weight = rng.uniform(0.5, 2.0, 500)
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=1_000).fit(
        design[:, 1:], target, sample_weight=weight
    )
    ours = fit_logistic(design, target, weight)
    assert ours == pytest.approx([other.intercept_[0], *other.coef_[0]], abs=1e-4)
