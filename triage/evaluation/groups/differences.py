"""The difference between two independent shares: interval, exact test, and many tests at once."""

from __future__ import annotations

import numpy as np

# R's fisher.test counts tables as equally likely within this.
_TIED = 1 + 1e-7


def fisher_p_value(count: int, total: int, other_count: int, other_total: int) -> float:
    """Return the two-sided p-value of Fisher's exact test that two proportions are equal.

    The probability, given both margins, of all tables that are at most as likely as the one found.

    Parameters
    ----------
    count, total, other_count, other_total : int
        How many of how many in each of two samples.

    References
    ----------
    Fisher, R. A. (1935). The logic of inductive inference. Journal of the Royal Statistical Society 98,
    39-54.

    Examples
    --------
    The lady tasting tea, who named three of four cups right: 34/70.

    >>> print(f"{fisher_p_value(3, 4, 1, 4):.4f}")
    0.4857
    """
    found = count + other_count
    low, high = max(0, found - other_total), min(total, found)
    x = np.arange(low, high)
    # Ratios of neighbouring probabilities: exact without the logarithm of a factorial.
    ratio = (total - x) * (found - x) / ((x + 1.0) * (other_total - found + x + 1.0))
    log = np.concatenate([[0.0], np.cumsum(np.log(ratio))])
    likelihood = np.exp(log - log.max())
    p = likelihood[likelihood <= likelihood[count - low] * _TIED].sum() / likelihood.sum()
    return min(float(p), 1.0)


def round_to_null(
    share: float, trials: float, other_share: float, other_trials: float
) -> tuple[int, int, int, int] | None:
    """Return whole counts near two shares, rounded towards each other; None where that makes them meet.

    Expected counts over ties and effective counts of weighted cases are no whole numbers. Rounding so never
    makes a difference look larger.

    Examples
    --------
    >>> round_to_null(0.5, 8.0, 0.25, 12.0), round_to_null(0.55, 8.0, 0.25, 12.5)
    ((4, 8, 3, 12), (4, 8, 3, 12))
    """
    if share < other_share:
        turned = round_to_null(other_share, other_trials, share, trials)
        return None if turned is None else (*turned[2:], *turned[:2])
    total, other_total = _floor(trials), _floor(other_trials)
    count, other_count = _floor(share * total), -_floor(-other_share * other_total)
    if total == 0 or other_total == 0 or count * other_total <= other_count * total:
        return None
    return count, total, other_count, other_total


def _floor(number: float) -> int:
    # Sums of weights are exact only up to rounding.
    return int(np.floor(number + 1e-9 * max(1.0, abs(number))))
