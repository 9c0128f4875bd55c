from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, truncnorm

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.schema.batch import Batch, split_part
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.scoring.additive import flag_steps
from triage.scoring.bundle import Bundle
from triage.scoring.expert import Scorecard, Spread
from triage.scoring.loading import load_model
from triage.worklist.build import build_worklist
from triage.worklist.policy import Capacity
from triage.worklist.redrawing import Weighted, count_stays, draw_weights
from triage.worklist.stability import Stability, measure_stability, stated_spreads

MANY = 40_000
RNG = np.random.default_rng


def card(**spreads: Spread) -> Scorecard:
    """Return a scorecard with the points that its spreads say, on flags that only raise."""
    terms = tuple(flag_steps(name, 0.0, 0.0, float(spread.points)) for name, spread in spreads.items())
    return Scorecard("card", "points", terms, spreads=spreads)


def test_order_of_two_cases_has_the_probability_of_the_normal_difference() -> None:
    """A has one factor, B another: P(A first) is Phi of the mean difference over its standard deviation."""
    spreads = {"escalated": Spread(2.0, 0.25, 2.5), "meeting": Spread(1.6, 0.2, 2.5)}  # 8 sd from the cut
    weights = draw_weights(list(spreads.values()), [1, 1], MANY, RNG(1))
    weighted = Weighted.of(card(**spreads), np.eye(2), spreads)
    found = count_stays(weighted, np.array([True, False]), np.array([0, 1]), weights)
    # 5 and 4 points, each times weight over mean: N(5, (5 * 0.25 / 2)^2) and N(4, (4 * 0.2 / 1.6)^2).
    chance = norm.cdf((5 - 4) / math.hypot(5 * 0.25 / 2.0, 4 * 0.2 / 1.6))
    assert found.stays[0] == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / MANY))
    assert found.stays.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.overlap.mean(), found.stays[0])


@pytest.mark.parametrize(("fixed", "sd"), [(0.5, 0.4), (-1.0, 0.7), (0.0, 0.2)])
def test_order_of_two_cases_with_a_known_head_start(fixed: float, sd: float) -> None:
    weighted = Weighted(np.array([3.0 + fixed, 0.0]), np.array([[0.0], [1.0]]))
    weights = draw_weights([Spread(3.0, sd, 1.0)], [1], MANY, RNG(2))
    found = count_stays(weighted, np.array([True, False]), np.array([0, 1]), weights)
    assert found.stays[0] == pytest.approx(norm.cdf(fixed / sd), abs=0.011)


@pytest.mark.parametrize(("mean", "sd"), [(1.6, 0.5), (0.3, 0.3), (-0.8, 0.4), (-0.3, 0.3), (0.01, 1.0)])
def test_weights_are_normal_and_cut_off_at_nothing(mean: float, sd: float) -> None:
    drawn = draw_weights([Spread(mean, sd, 2.5)], [0], MANY, RNG(3))[:, 0]
    law = truncnorm(-abs(mean) / sd, np.inf, loc=abs(mean), scale=sd)
    assert (drawn * np.sign(mean) >= 0).all()
    assert np.abs(drawn).mean() == pytest.approx(law.mean(), abs=4 * law.std() / math.sqrt(MANY))
    for q in (0.05, 0.5, 0.95):
        assert np.mean(np.abs(drawn) <= law.ppf(q)) == pytest.approx(q, abs=0.01)


def test_a_doubtful_weight_keeps_to_the_side_of_the_catalogue_where_that_has_one() -> None:
    free, up, down = draw_weights([Spread(0.0, 0.4, 2.5)] * 3, [0, 1, -1], MANY, RNG(4)).T
    assert np.mean(free > 0) == pytest.approx(0.5, abs=0.01)
    assert free.std() == pytest.approx(0.4, abs=0.01)
    assert (up >= 0).all()
    assert (down <= 0).all()
    # The mean of a half normal distribution.
    assert up.mean() == pytest.approx(0.4 * math.sqrt(2 / math.pi), abs=0.01)


def test_weights_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    spread = [Spread(1.6, 0.5, 2.5)]
    drawn = [draw_weights(spread, [1], 50, RNG(seed)) for seed in (5, 5, 6)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).all()


def test_at_the_mean_of_every_weight_the_score_is_that_of_the_model() -> None:
    model = load_model("expert").model
    spreads = stated_spreads(load_model("expert"))
    rng = RNG(7)
    matrix = np.column_stack(
        [
            rng.choice([-1.0, 0.0, 1.0], 300)
            if FEATURES[name].is_flag
            else rng.choice([np.nan, 0, 4, 70], 300)
            for name in model.features
        ]
    )
    weighted = Weighted.of(model, matrix, spreads)
    means = np.array([spread.mean for spread in spreads.values()])
    np.testing.assert_allclose(
        weighted.fixed + weighted.parts @ means, model.score(model.contributions(matrix)), atol=1e-9
    )


def test_the_law_of_the_catalogue_holds_in_every_draw() -> None:
    bundle = load_model("expert")
    spreads = stated_spreads(bundle)
    weights = draw_weights(list(spreads.values()), [FEATURES[name].sign for name in spreads], 200, RNG(8))
    for column, name in enumerate(bundle.model.features):
        feature = FEATURES[name]
        steps = [-1.0, 0.0, 1.0] if feature.is_flag else [0.0, 1.0, 3.0, 19.0, 21.0, 90.0]
        matrix = np.zeros((len(steps), len(bundle.model.features)))
        matrix[:, column] = steps
        weighted = Weighted.of(bundle.model, matrix, spreads)
        score = weighted.fixed + weights @ weighted.parts.T
        assert (np.diff(score, axis=1) * feature.sign >= -1e-12).all(), name


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_counting_groups_is_counting_cases(data: st.DataObject) -> None:
    """Against the plain way: sort every case in every draw, the most senior first among equal scores."""
    n = data.draw(st.integers(2, 40))
    rng = RNG(data.draw(st.integers(0, 2**32)))
    weighted = Weighted(rng.integers(0, 2, n).astype(float), rng.integers(-1, 2, (n, 2)).astype(float))
    weights = rng.normal(size=(30, 2)) + 1
    seniority = rng.permutation(n)
    places = data.draw(st.integers(0, n))
    first = np.zeros(n, dtype=bool)
    first[np.lexsort((seniority, -(weighted.fixed + weighted.parts.sum(axis=1))))[:places]] = True
    count, overlap = np.zeros(n), []
    for weight in weights:
        score = weighted.fixed + weighted.parts @ weight
        inside = np.lexsort((seniority, -np.round(score, 9)))[:places]
        count[inside] += 1
        overlap.append(first[inside].sum() / places if places else 1.0)
    found = count_stays(weighted, first, seniority, weights)
    np.testing.assert_allclose(found.stays, count / 30)
    np.testing.assert_allclose(found.overlap, overlap)
    assert found.stays.sum() == pytest.approx(places)


# ---- of a batch ----


def batch_of(*parts: Part) -> Batch:
    now = datetime(2024, 6, 1, tzinfo=UTC)
    return Batch(BatchMeta("today", now, parts=len(parts)), lambda index: parts[index])


def measure(*parts: Part, capacity: int = 2, **more: Any) -> Stability:
    more = {"draws": 200} | more
    return measure_stability(batch_of(*parts), load_model("expert"), Capacity(count=capacity), **more)


@pytest.fixture
def part(make_part: Callable[..., Part]) -> Part:
    """Five cases: urgent is escalated; convicted, found and travel compete; nothing has nothing.

    By the card: convicted 4, found 4 for a record that our own ranking caused, travel 4; each less than 1 for
    what the registers do not hold.
    """
    reports = ("urgent", "convicted", "found", "travel", "nothing")
    waiting = {"urgent": "05", "convicted": "01", "found": "02", "travel": "03", "nothing": "04"}
    rows = [{"report_id": name, "received_at": f"2024-03-{waiting[name]}"} for name in reports]
    rows[0]["escalated_by_reporter"] = "asserted"
    rows[3]["incident_type"] = "travel"
    record = {"record_kind": "contact_conviction", "known_at": "2024-04-01"}
    return make_part(
        reports=rows,
        persons=[{"person_id": f"p{name}", "report_id": name, "role": "reported"} for name in reports],
        prior_records=[
            {"record_id": "a", "person_id": "pconvicted", **record},
            {"record_id": "b", "person_id": "pfound", "origin": "own_ranking", **record},
        ],
    )


def shares(found: Stability) -> dict[str, float]:
    return dict(
        zip(found.table["case_id"].to_pylist(), found.table["share_of_draws"].to_pylist(), strict=True)
    )


def test_escalated_cases_keep_their_place_and_the_others_compete_for_the_rest(part: Part) -> None:
    found = measure(part, capacity=2)
    assert (found.capacity, found.by_score) == (2, 1)
    share = shares(found)
    assert share["urgent"] == 1
    assert share["nothing"] == 0
    # Three factors of one class for one place: but convicted and found share theirs, and convicted waits longer.
    assert share["found"] == 0
    assert share["convicted"] + share["travel"] == pytest.approx(1)
    assert 0.35 < share["convicted"] < 0.65
    assert found.overlap in {0.0, 1.0}


def test_first_places_are_those_of_the_list(part: Part) -> None:
    found = measure(part, capacity=3)
    listed = build_worklist(batch_of(part), load_model("expert"), Capacity(count=3)).table
    for name in ("case_id", "lane", "rank", "score"):
        assert found.table[name].to_pylist() == listed[name].to_pylist()
    assert found.table["in_first"].to_pylist() == [True, True, True, False, False]


def test_places_that_change_without_records_that_may_feed_on_themselves(part: Part) -> None:
    # First: urgent, convicted, found. Without records of contact travel and the longest waiting (convicted).
    found = measure(part, capacity=3)
    without_contact, without_own = found.variants
    assert (without_contact.changed, without_own.changed) == (1, 1)
    assert "contact" in without_contact.name
    assert "own ranking" in without_own.name
    # Two places by score: both are records of contact, of which one is left to the longest waiting.
    assert measure(part, capacity=2).variants[0].changed == 1
    assert measure(part, capacity=2).variants[1].changed == 0


def test_recall_of_each_list_is_of_the_outcomes_that_are_known(part: Part) -> None:
    found = measure(part, capacity=3, labels={"travel": 1.0, "convicted": 1.0, "urgent": 0.0})
    # First are urgent, convicted, found: one of two. Without contact: travel and convicted. Without our own: both.
    assert (found.recall, found.positives) == (0.5, 2)
    assert [variant.recall for variant in found.variants] == [1.0, 1.0]
    assert "recall at 3: 50.0% of 2" in str(found)
    assert measure(part).recall is None


def test_where_the_score_gives_no_place_there_is_nothing_to_measure(part: Part) -> None:
    found = measure(part, capacity=1)
    assert (found.by_score, found.firm, found.outside) == (0, 0, 0)
    assert found.as_dict()["overlap_median"] is None
    assert "the score gives none" in str(found)
    assert shares(found)["urgent"] == 1


def test_where_everybody_has_a_place_everybody_keeps_it(part: Part) -> None:
    found = measure(part, capacity=50)
    assert (found.by_score, found.firm, found.overlap, found.outside) == (4, 4, 1.0, 0)


def test_nothing_depends_on_how_cases_are_cut_into_parts(part: Part) -> None:
    whole, cut = measure(part), measure(*split_part(part, 2))
    assert whole.table == cut.table
    assert whole.as_dict() == cut.as_dict()


def test_a_model_that_states_no_uncertainty_is_refused(part: Part) -> None:
    for name in ("four-step", "rules"):
        with pytest.raises(InputRefusedError, match="does not state how unsure"):
            measure_stability(batch_of(part), load_model(name), Capacity(count=2))
    with pytest.raises(InputRefusedError, match="0 draws"):
        measure(part, draws=0)


def test_a_model_learned_from_evidence_states_its_coefficients() -> None:
    """95 % from 1.2 to 2.0 is a standard deviation of 0.8 / 3.92."""
    model = Scorecard("m", "log-odds", (flag_steps("escalated", 0.0, 0.0, 1.6),))
    rows: list[Any] = [
        {"of": "base rate", "after": [-5, -6, -4]},
        {"of": "escalated: asserted", "after": [1.6, 1.2, 2.0]},
        {"of": "escalated: denied", "after": [-0.3, -0.5, -0.1]},
        {"of": "escalated"}, "nonsense", {"of": "viral: asserted", "after": [1, "x", 2]},
    ]  # fmt: skip
    stated = stated_spreads(Bundle(model, metrics={"learned": {"coefficients": rows}}))
    assert list(stated) == ["escalated"]
    assert stated["escalated"].mean == 1.6
    assert stated["escalated"].sd == pytest.approx(0.8 / 3.92, rel=1e-4)


@pytest.mark.slow
def test_a_hundred_thousand_cases_are_redrawn_a_thousand_times_in_under_a_minute() -> None:
    import time

    rng = RNG(9)
    n = 100_000
    weighted = Weighted(rng.normal(size=n), rng.integers(-1, 2, (n, 28)).astype(float))
    first = np.arange(n) < 2_300
    began = time.monotonic()
    found = count_stays(weighted, first, rng.permutation(n), rng.normal(size=(1_000, 28)))
    assert time.monotonic() - began < 60
    assert found.stays.sum() == pytest.approx(2_300)
