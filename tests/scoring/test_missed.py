"""What if investigations missed some abuse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

from triage.scoring.gathering import LabelledCases
from triage.scoring.logistic_learning import LogisticOptions
from triage.scoring.missed import vary_missed
from triage.scoring.recipe import Recipe

RECIPE = Recipe("t", "logistic", ("escalated", "contact_record"), LogisticOptions(1e4))


def labelled(missed: float, n: int = 60_000) -> tuple[LabelledCases, np.ndarray]:
    """Return cases of which a share of the abuse was labelled "no", and the truth."""
    rng = np.random.default_rng(4)
    flags = rng.choice([-1.0, 0.0, 1.0], size=(n, 2))
    abuse = rng.random(n) < expit(2.0 * (flags[:, 0] > 0) + 1.0 * (flags[:, 1] > 0) - 1.5)
    found = abuse & (rng.random(n) >= missed)
    return LabelledCases(flags, found.astype(float), np.arange(n), np.ones(n)), abuse


def test_nothing_missed_changes_nothing() -> None:
    cases, _ = labelled(0.0, 2000)
    (row,) = vary_missed(RECIPE, cases, np.ones(2000), [0.0])
    assert (row.overlap, row.moved) == (1.0, pytest.approx(1.0))
    assert row.abuse == cases.outcome.mean()


def test_true_share_of_missed_abuse_gives_back_how_much_there_is() -> None:
    """Labels are made with 30 % missed: supposing 30 % finds the abuse there is, supposing none does not."""
    cases, abuse = labelled(0.3)
    none, right = vary_missed(RECIPE, cases, np.ones(len(abuse)), [0.0, 0.3])
    assert right.abuse == pytest.approx(abuse.mean(), abs=0.02)
    assert none.abuse == pytest.approx(0.7 * abuse.mean(), abs=0.01)


def test_more_missed_means_more_abuse() -> None:
    cases, _ = labelled(0.2, 5000)
    rows = vary_missed(RECIPE, cases, np.ones(5000), [0.0, 0.1, 0.2, 0.4])
    assert all(one.abuse < other.abuse for one, other in pairwise(rows))


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_share_that_cannot_be_is_refused(share: float) -> None:
    cases, _ = labelled(0.0, 200)
    with pytest.raises(ValueError, match="missed share"):
        vary_missed(RECIPE, cases, np.ones(200), [share])
