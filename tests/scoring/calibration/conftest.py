from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.special import expit


class Cases(NamedTuple):
    score: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray


@pytest.fixture
def small() -> Cases:
    """Twenty-four cases, typed into every other tool as they stand here."""
    score = [-30, -27, -25, -22, -20, -18, -17, -15, -13, -12, -10, -9,
             -7, -6, -4, -2, -1, 1, 3, 5, 8, 11, 15, 20]  # fmt: skip
    outcome = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1]
    weight = [5, 1, 4, 2, 3, 1, 2, 1, 4, 2, 1, 3, 1, 2, 1, 1, 2, 1, 1, 3, 1, 1, 2, 1]
    return Cases(np.array(score) / 10, np.array(outcome, dtype=float), np.array(weight, dtype=float))


@pytest.fixture
def rests_on() -> dict[str, Any]:
    return {"cases": 24, "positives": 10, "denominator": "all cases", "population": "world w"}


def draw_cases(seed: int, n: int, a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(-1, 1.5, n)
    return score, (rng.random(n) < expit(a + b * score)).astype(float)


@pytest.fixture
def draw() -> Any:
    return draw_cases
