import math

import numpy as np
import pytest
from scipy.stats import norm

from triage.evaluation.calibration.spiegelhalter import spiegelhalter_test

# R 4.2.2, rms 6.5-0: val.prob(d$p, d$y, pl=FALSE)[c("S:z", "S:p")] with the cases of conftest.py.
VAL_PROB = {
    ("smooth", 500): (0.524775874742711, 0.599739004479945),
    ("ties", 500): (0.54876948377445, 0.583163654985589),
    ("rare", 3000): (2.90884260648232, 0.00362769445078928),
    ("few", 500): (-2.0213482603438, 0.0432437266387444),
}


@pytest.mark.parametrize(("kind", "rows"), VAL_PROB)
def test_the_z_test_is_that_of_val_prob(made, kind, rows):
    test = spiegelhalter_test(*made(kind, rows))
    assert (test.statistic, test.p_value) == pytest.approx(VAL_PROB[kind, rows], rel=1e-10)


def test_the_z_test_by_hand_with_weights():
    # Leanings w (1 - 2p): 2 * 0.6 and 1 * -0.4; variance 1.44 * 0.16 + 0.16 * 0.21.
    test = spiegelhalter_test([1, 0], [0.2, 0.7], weight=[2, 1])
    z = (1.2 * 0.8 + -0.4 * -0.7) / math.sqrt(1.44 * 0.16 + 0.16 * 0.21)
    assert test.statistic == pytest.approx(z)
    assert test.p_value == pytest.approx(2 * norm.sf(z))
    assert test.method.startswith("weighted")


def test_certain_and_even_probabilities_leave_nothing_to_test():
    for p in ([0, 1, 1], [0.5, 0.5, 0.5]):
        assert "0, 1/2 or 1" in spiegelhalter_test([0, 1, 1], p).method


def test_equal_weights_leave_the_z_test_as_it_is():
    rng = np.random.default_rng(0)
    p = rng.random(50)
    y = rng.random(50) < p
    plain, weighted = spiegelhalter_test(y, p), spiegelhalter_test(y, p, weight=np.full(50, 3.0))
    assert weighted.statistic == pytest.approx(plain.statistic)
