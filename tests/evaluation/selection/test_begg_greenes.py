from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from triage.evaluation.selection.begg_greenes import begg_greenes, begg_greenes_at
from triage.evaluation.selection.estimators import hajek_at, horvitz_thompson_at

# Hepatic scintigraphy (Drum and Christacopoulos 1972), the example of Begg and Greenes (1983): test result and
# liver disease, None where it was not verified.
HEPATIC = {(1, 1): 231, (1, 0): 32, (1, None): 166, (0, 1): 27, (0, 0): 54, (0, None): 140}
# SPECT thallium test (Cecil 1996, Kosinski and Barnhart 2003), by sex (0 women), in the same way.
THALLIUM = {
    (0, 0, 0): 21, (1, 0, 0): 99, (0, 1, 0): 18, (1, 1, 0): 133,
    (0, 0, 1): 3, (1, 0, 1): 52, (0, 1, 1): 2, (1, 1, 1): 143,
    (0, 0, None): 624, (1, 0, None): 347, (0, 1, None): 597, (1, 1, None): 649,
}  # fmt: skip


def unfold(cells: dict[tuple[int | None, ...], int]) -> list[list[int | None]]:
    return [list(column) for column in zip(*(key for key, n in cells.items() for _ in range(n)), strict=True)]


def test_the_published_example_is_reproduced_with_its_standard_errors() -> None:
    # R, PVBcorrect 0.3.1: acc_bg(hepatic_pvb, test = "test", disease = "disease", ci = TRUE); the textbook figures
    # are 0.836 and 0.738 against 0.895 and 0.628 without correction.
    #     Est              SE          LowCI          UppCI
    # Sn  0.836466715435 0.0244980312632 0.788451456467 0.884481974403
    # Sp  0.738398018167 0.0388626799225 0.662228565176 0.814567471158
    # PPV 0.878326996198 0.0201579960781 0.838818049884 0.917835942511
    # NPV 0.666666666667 0.0523782800879 0.564007124122 0.769326209211
    test, disease = unfold(HEPATIC)
    found = begg_greenes(disease, test, interval="plain")
    for figure, expected in (
        (found.sensitivity, (0.836466715435, 0.788451456467, 0.884481974403)),
        (found.specificity, (0.738398018167, 0.662228565176, 0.814567471158)),
        (found.positive_predictive_value, (0.878326996198, 0.838818049884, 0.917835942511)),
        (found.negative_predictive_value, (0.666666666667, 0.564007124122, 0.769326209211)),
    ):
        assert (figure.estimate, figure.low, figure.high) == pytest.approx(expected, rel=1e-10)


def test_the_logit_interval_is_that_of_the_published_variance() -> None:
    test, disease = unfold(HEPATIC)
    figure = begg_greenes(disease, test, interval="logit").sensitivity
    # Begg and Greenes (1983): n / (n1 n0) + r1 / (s1 m1) + r0 / (s0 m0).
    variance = 650 / (429 * 221) + 32 / (231 * 263) + 54 / (27 * 81)
    half = 1.959963984540054 * variance**0.5
    middle = logit((429 * 231 / 263) / (429 * 231 / 263 + 221 * 27 / 81))
    assert (figure.low, figure.high) == pytest.approx((expit(middle - half), expit(middle + half)))


def test_strata_are_corrected_apart() -> None:
    # R, PVBcorrect 0.3.1: acc_ebg(cad_pvb, test = "T", disease = "D", covariate = "X1", saturated_model = TRUE):
    # Sn 0.820153389555, Sp 0.592384645809, PPV 0.457311268530, NPV 0.887193675142
    test, sex, disease = unfold(THALLIUM)
    found = begg_greenes(disease, test, stratum=sex, least_effective=1)
    figures = (
        found.sensitivity,
        found.specificity,
        found.positive_predictive_value,
        found.negative_predictive_value,
    )
    expected = (0.820153389555, 0.592384645809, 0.457311268530, 0.887193675142)
    # A logistic regression there, brought to a maximum up to 1e-8.
    assert [figure.estimate for figure in figures] == pytest.approx(expected, rel=1e-8)
    # Without strata: acc_bg gives Sn 0.818862899448 and Sp 0.591875360632.
    found = begg_greenes(disease, test)
    assert found.sensitivity.estimate == pytest.approx(0.818862899448, rel=1e-10)
    assert found.specificity.estimate == pytest.approx(0.591875360632, rel=1e-10)


def test_when_all_are_verified_nothing_is_corrected() -> None:
    cells = {(1, 1): 30, (1, 0): 10, (0, 1): 5, (0, 0): 55}
    test, disease = unfold(cells)
    found = begg_greenes(disease, test, interval="logit")
    assert found.sensitivity.estimate == pytest.approx(30 / 35)
    assert found.specificity.estimate == pytest.approx(55 / 65)
    # Then the variance is that of a binomial: 1 / 30 + 1 / 5.
    half = 1.959963984540054 * (1 / 30 + 1 / 5) ** 0.5
    assert found.sensitivity.low == pytest.approx(expit(logit(30 / 35) - half))


def test_at_a_capacity_the_sensitivity_is_the_recall() -> None:
    test, disease = unfold(HEPATIC)
    at = begg_greenes_at(disease, np.array(test) + np.linspace(0, 0.1, 650), 429)
    assert at.recall.estimate == pytest.approx(0.836466715435)
    assert at.precision.estimate == pytest.approx(0.878326996198)
    assert at.found.estimate == pytest.approx(429 * 0.878326996198)
    assert at.missed.estimate == pytest.approx(221 / 3)


def test_it_is_weighting_by_the_share_that_was_verified() -> None:
    test, sex, disease = (np.array(column, dtype=float) for column in unfold(THALLIUM))
    known = ~np.isnan(disease)
    cell = (2 * test + sex).astype(int)
    share = (np.bincount(cell, known) / np.bincount(cell))[cell]
    score = test + np.linspace(0, 0.1, len(test))
    k = int(test.sum())
    corrected = begg_greenes_at(disease, score, k, stratum=sex, least_effective=1)
    for other in (
        horvitz_thompson_at(disease, score, share, k, least_effective=1),
        hajek_at(disease, score, share, k, least_effective=1),
    ):
        for name in ("precision", "recall", "found", "missed"):
            assert getattr(corrected, name).estimate == pytest.approx(getattr(other, name).estimate)


def test_of_this_very_list_only_the_unverified_are_in_doubt() -> None:
    test, disease = unfold({(1, 1): 30, (1, 0): 10, (0, 1): 5, (0, 0): 55})
    found = begg_greenes(disease, test, target="list")
    assert found.sensitivity.low == found.sensitivity.high == pytest.approx(30 / 35)
    assert found.positive_predictive_value.low == found.positive_predictive_value.high == 0.75
    test, disease = unfold(HEPATIC)
    list_, population = (begg_greenes(disease, test, target=target) for target in ("list", "population"))
    width = [one.sensitivity.high - one.sensitivity.low for one in (list_, population)]
    assert 0 < width[0] < width[1]


def test_a_stratum_without_a_verified_case_leaves_nothing_to_estimate() -> None:
    outcome, test, stratum = [1, 0, None, 0, 1], [1, 1, 1, 0, 0], ["a", "a", "b", "a", "a"]
    found = begg_greenes(outcome, test, stratum=stratum, least_effective=1)
    assert "no case with an outcome with a positive test in 1 of 2 strata" in found.sensitivity.method
    assert found.negative_predictive_value.estimate == 0.5


def test_none_missed_is_not_a_recall_of_one() -> None:
    at = begg_greenes_at([1, None, 0, None], [4, 3, 2, 1], 2, least_effective=1)
    assert not at.recall.estimable
    assert at.missed.estimate == 0
    assert at.missed.high > 1
