"""How often the intervals of a paired comparison hold the truth, with the cuts estimated from the cases."""

import numpy as np
import pytest

from triage.evaluation.comparison.at_capacity import compare_at
from triage.evaluation.comparison.found_alone import Options
from triage.evaluation.comparison.pair import pair_scores

DRAWS = 600


def _draw(rng, cases, share, first, second, common):
    """Two scores with a normal part in common, shifted by current abuse."""
    y = rng.random(cases) < share
    noise = rng.normal(size=(3, cases))
    one, two = (
        np.sqrt(common) * noise[0] + np.sqrt(1 - common) * noise[place] + shift * y
        for place, shift in ((1, first), (2, second))
    )
    return y, one, two


def _truth(rng, capacity, *design):
    y, one, two = _draw(rng, 3_000_000, *design)
    k = int(np.ceil(capacity * len(y)))
    found = [np.sum(y & (score >= np.partition(score, -k)[-k])) for score in (one, two)]
    return (found[0] - found[1]) / y.sum(), (found[0] - found[1]) / k


def _covered(rng, cases, capacity, interval, *design):
    truth = _truth(rng, capacity, *design)
    options = Options(interval, 199, 0, 0.95, "all cases")
    held = np.zeros(2)
    for _ in range(DRAWS):
        (at,) = compare_at(pair_scores(*_draw(rng, cases, *design)), [capacity], options)
        for place, figure in enumerate((at.recall, at.precision)):
            held[place] += not figure.estimable or figure.low <= truth[place] <= figure.high
    return held / DRAWS


# 600 draws leave a standard error of 0.9 % in a coverage of 95 %. Where almost all opened cases have current
# abuse the design effect is at its floor, and the interval holds more often than it says.
@pytest.mark.slow
@pytest.mark.parametrize(("cases", "share"), [(2000, 0.01), (10_000, 0.01), (2000, 0.05)])
def test_score_intervals_cover_where_current_abuse_is_rare(cases, share):
    rng = np.random.default_rng(1)
    rates = np.array(
        [
            _covered(rng, cases, capacity, "score", share, *design)
            for capacity in (0.02, 0.1)
            for design in ((1.5, 1.0, 0.5), (2.5, 2.5, 0.8), (3.0, 2.0, 0.0))
        ]
    )
    assert rates.min() >= 0.93
    assert 0.945 <= rates.mean() <= 0.975


@pytest.mark.slow
def test_with_cuts_as_given_tango_holds_too_often():
    rng = np.random.default_rng(2)
    score = _covered(rng, 2000, 0.2, "score", 0.2, 2.5, 2.5, 0.8)
    tango = _covered(rng, 2000, 0.2, "tango", 0.2, 2.5, 2.5, 0.8)
    assert np.all(tango > 0.975)
    assert np.all((score >= 0.93) & (score <= 0.97))


@pytest.mark.slow
def test_the_paired_bootstrap_covers():
    rng = np.random.default_rng(3)
    rates = _covered(rng, 3000, 0.1, "bootstrap", 0.05, 1.5, 1.0, 0.5)
    assert np.all((rates >= 0.92) & (rates <= 0.97))


def _draw_alike(rng, cases, share, shift, correlation):
    """The second score is the first with noise, so that both mostly open the same cases."""
    y = rng.random(cases) < share
    noise = rng.normal(size=(2, cases))
    one = noise[0] + shift * y
    return y, one, correlation * one + np.sqrt(1 - correlation**2) * noise[1]


# Few cases are opened by one list alone, mostly none: exact bounds of so few counts hold too often.
@pytest.mark.slow
@pytest.mark.parametrize("interval", ["score", "tango", "newcombe"])
def test_scores_that_are_nearly_alike_are_covered(interval):
    rng = np.random.default_rng(4)
    options, rates = Options(interval, 9, 0, 0.95, "all cases"), []
    for cases, k in ((300, 3), (300, 9), (1000, 10), (1000, 50)):
        for share, shift in ((0.05, 1.0), (0.3, 2.5)):
            for correlation in (0.9, 0.99, 0.999):
                y, *scores = _draw_alike(rng, 1_000_000, share, shift, correlation)
                last = int(k / cases * len(y))
                one, two = (np.sum(y & (s >= np.partition(s, -last)[-last])) for s in scores)
                truth = (one - two) / y.sum(), (one - two) / last
                held = np.zeros(2)
                for _ in range(150):
                    (at,) = compare_at(
                        pair_scores(*_draw_alike(rng, cases, share, shift, correlation)), [k], options
                    )
                    for place, figure in enumerate((at.recall, at.precision)):
                        held[place] += figure.low <= truth[place] <= figure.high
                rates.append(held / 150)
    # Measured with 7,500 draws the least is 95.1 %; 150 leave a standard error of 1.7 %.
    assert np.min(rates) >= 0.9
    assert np.mean(rates) >= 0.96
