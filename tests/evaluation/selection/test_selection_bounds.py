from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.evaluation.selection.bounds import bounds_at, monotone_bounds_at

outcomes = st.lists(st.sampled_from([0, 1, None]), min_size=1, max_size=6)


def every_figure(outcome: list[int | None], score: list[int], k: int, least: int, most: int):
    """Yield the figures of every completion of a list, in every order of its ties."""
    open_ = [i for i, y in enumerate(outcome) if y is None]
    orders = [
        order
        for order in permutations(range(len(outcome)))
        if all(score[a] >= score[b] for a, b in pairwise(order))
    ]
    for filled in product([0, 1], repeat=len(open_)):
        if not least <= sum(filled) <= most:
            continue
        y = np.array([0 if value is None else value for value in outcome])
        y[open_] = filled
        for order in orders:
            found = int(y[list(order[:k])].sum())
            yield found, int(y.sum()) - found


@settings(max_examples=80, deadline=None)
@given(outcomes, st.data())
def test_bounds_are_the_extremes_over_all_outcomes_and_orders(outcome, data) -> None:
    n = len(outcome)
    score = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    k = data.draw(st.integers(1, n))
    unknown = outcome.count(None)
    least = data.draw(st.integers(0, unknown))
    most = data.draw(st.integers(least, unknown))
    share = (least / unknown, most / unknown) if unknown else (0.0, 1.0)
    bounds = bounds_at(outcome, score, k, at_least=share[0], at_most=share[1])
    figures = list(every_figure(outcome, score, k, least, most))
    found, missed = zip(*figures, strict=True)
    assert (bounds.found.low, bounds.found.high) == (min(found), max(found))
    assert (bounds.missed.low, bounds.missed.high) == (min(missed), max(missed))
    assert (bounds.precision.low, bounds.precision.high) == pytest.approx((min(found) / k, max(found) / k))
    total = [a + b for a, b in figures]
    assert (bounds.prevalence.low, bounds.prevalence.high) == pytest.approx((min(total) / n, max(total) / n))
    if min(total) > 0:
        recall = [a / (a + b) for a, b in figures]
        assert (bounds.recall.low, bounds.recall.high) == pytest.approx((min(recall), max(recall)))


def test_when_all_is_known_the_bounds_meet() -> None:
    bounds = bounds_at([1, 0, 1, 0], [4, 3, 2, 1], 2)
    assert bounds.recall.brief(2) == "0.50 to 0.50"
    assert np.isnan(bounds.recall.low_limit)


def test_where_nothing_may_be_there_recall_has_no_bounds() -> None:
    bounds = bounds_at([0, None], [2, 1], 1, at_most=0.0)
    assert not bounds.recall.estimable
    assert str(bounds.recall).startswith(
        "not estimable (1 of those with current abuse among all cases; no case"
    )


def test_an_impossible_assumption_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="at_least"):
        bounds_at([1, None], [2, 1], 1, at_least=0.5, at_most=0.2)


def test_monotone_bounds_by_hand_in_two_strata() -> None:
    # Opened, stratum a: 1 of 2 known have abuse, 2 unknown. Opened b: 0 of 1, 1 unknown.
    # After the cut, a: 1 of 4 known, 4 unknown.
    outcome = [1, 0, None, None, 0, None, 1, 0, 0, 0, None, None, None, None]
    stratum = list("aaaabb") + ["a"] * 8
    bounds = monotone_bounds_at(outcome, np.arange(14)[::-1], 6, stratum=stratum)
    assert (bounds.found.low, bounds.found.high) == (1, 1 + 2 * 0.5)
    assert (bounds.missed.low, bounds.missed.high) == (1, 1 + 4 * 0.25)
    assert (bounds.recall.low, bounds.recall.high) == (1 / 3, 2 / 3)
    assert (bounds.prevalence.low, bounds.prevalence.high) == pytest.approx((2 / 14, 4 / 14))
    assert bounds.recall.low_limit < bounds.recall.low
    assert bounds.recall.high < bounds.recall.high_limit


def test_a_stratum_without_outcome_may_be_all_abuse() -> None:
    bounds = monotone_bounds_at([1, 0, None, None], [4, 3, 2, 1], 2)
    assert (bounds.missed.low, bounds.missed.high) == (0, 2)


def test_monotone_bounds_lie_within_those_without_assumption() -> None:
    rng = np.random.default_rng(6)
    score = rng.normal(size=300)
    outcome = np.where(rng.random(300) < 0.4, rng.random(300) < 0.3, np.nan)
    for name in ("precision", "recall", "found", "missed", "prevalence"):
        wide, narrow = (getattr(make(outcome, score, 60), name) for make in (bounds_at, monotone_bounds_at))
        assert wide.low - 1e-9 <= narrow.low <= narrow.high <= wide.high + 1e-9


@pytest.mark.slow
def test_the_interval_of_monotone_bounds_holds_the_truth() -> None:
    # The choice goes by something that the score does not see, and prefers the likelier.
    rng = np.random.default_rng(8)
    held = dict.fromkeys(("precision", "recall", "prevalence"), 0)
    for _ in range(300):
        seen, unseen = rng.normal(size=(2, 3000))
        abuse = (rng.random(3000) < 1 / (1 + np.exp(3 - 1.5 * seen - unseen))).astype(float)
        chosen = rng.random(3000) < 1 / (1 + np.exp(2 - unseen))
        bounds = monotone_bounds_at(np.where(chosen, abuse, np.nan), seen, 300)
        opened = np.argsort(-seen)[:300]
        truth = {
            "precision": abuse[opened].mean(),
            "recall": abuse[opened].sum() / abuse.sum(),
            "prevalence": abuse.mean(),
        }
        for name, value in truth.items():
            one = getattr(bounds, name)
            held[name] += one.low_limit <= value <= one.high_limit
    assert min(held.values()) >= 0.94 * 300
