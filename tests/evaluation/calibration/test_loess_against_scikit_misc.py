import numpy as np
import pytest
from skmisc.loess import loess

from triage.evaluation.calibration.loess import Groups, fit_loess


def _ours(x, y, span, degree):
    value, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
    share = np.bincount(inverse, y) / count
    smooth = fit_loess(
        Groups(value, count.astype(float)), share, np.arange(len(value)), span=span, degree=degree
    )
    by_operator = smooth.nodes.evaluate(value, smooth.operator @ share)
    by_itself = smooth.nodes.evaluate(value, smooth.coefficient)
    assert by_operator == pytest.approx(by_itself, abs=1e-9)
    return by_itself[inverse]


@pytest.mark.parametrize("seed", range(40))
def test_our_loess_is_that_of_cleveland_and_grosse(seed):
    # scikit-misc 0.5.3 wraps the authors' Fortran, which R uses too.
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 400))
    x = rng.beta(0.7, 3, rows)
    if seed % 2:
        x = np.round(x, 2)
    y = (rng.random(rows) < x).astype(float)
    span, degree = float(rng.choice([0.4, 0.75, 1.0])), int(rng.choice([1, 2]))
    reference = loess(x, y, span=span, degree=degree)
    reference.fit()
    assert _ours(x, y, span, degree) == pytest.approx(reference.outputs.fitted_values, abs=1e-9)


def test_the_map_on_cells_is_close_to_the_map_on_cases():
    rng = np.random.default_rng(1)
    x = np.sort(rng.beta(1, 5, 5000))
    share = (rng.random(5000) < x).astype(float)
    start = np.arange(0, 5000, 20)
    smooth = fit_loess(Groups(x, np.ones(5000)), share, start, span=0.75, degree=2)
    cells = np.add.reduceat(share, start) / 20
    at = np.linspace(0.01, 0.6, 60)
    by_cells = smooth.nodes.evaluate(at, smooth.operator @ cells)
    assert by_cells == pytest.approx(smooth.nodes.evaluate(at, smooth.coefficient), abs=0.01)
    # Shares that are all equal stay what they are.
    assert smooth.nodes.evaluate(at, smooth.operator @ np.full(250, 0.3)) == pytest.approx(0.3)
