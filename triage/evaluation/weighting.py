"""How many equally weighted cases a weighted share is worth."""

from __future__ import annotations


def kish_count(weight: float, weight_squared: float) -> float:
    r"""Return Kish's effective count from the sum of the weights and the sum of their squares.

    .. math:: n_{eff} = (\sum w)^2 / \sum w^2

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley, section 8.2.

    Examples
    --------
    >>> kish_count(1 + 1 + 2, 1 + 1 + 4)
    2.6666666666666665
    """
    return weight**2 / weight_squared if weight_squared > 0 else 0.0


def effective_count(share: float, variance: float, kish: float) -> float:
    """Return the number of independent cases that would leave a share as uncertain as it is.

    The count that explains the linearised variance of the Hajek ratio, :math:`p(1 - p) / V`, but never
    more than Kish's count: that one also holds where the share is 0 or 1 and the variance says nothing.

    Parameters
    ----------
    share : float
        The weighted share p.
    variance : float
        Its linearised variance V.
    kish : float
        Kish's effective count, from `kish_count`.

    References
    ----------
    Franco, C., Little, R. J. A., Louis, T. A., Slud, E. V. (2019). Comparative study of confidence intervals
    for proportions in complex sample surveys. Journal of Survey Statistics and Methodology 7, 334-364.

    Examples
    --------
    >>> effective_count(0.5, 0.25 / 40, 50.0)
    40.0
    """
    # Rounding can take the share of weighted sums just past its ends.
    if variance <= 0 or not 0 < share < 1:
        return kish
    return min(kish, share * (1 - share) / variance)
