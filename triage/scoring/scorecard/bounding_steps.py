"""The two closed steps that the relaxation takes by turns: points in a box, and shares of factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_SHARE = 1e-4


def minimise_in_box(gradient: Floats, hessian: Floats, low: Floats, high: Floats) -> Floats:
    """Return nearly the minimum of ``gradient @ x + x @ hessian @ x / 2`` for x in [low, high], where 0 lies.

    Newton's steps on the coordinates that no bound holds, projected on the box, as long as needed to go down.

    References
    ----------
    Bertsekas (1982), Projected Newton methods for optimization problems with simple constraints, SIAM Journal
    on Control and Optimization 20.

    Examples
    --------
    >>> minimise_in_box(np.array([-1.0, 2.0]), np.eye(2), -np.ones(2), np.full(2, 0.5)).tolist()
    [0.5, -1.0]
    """
    x = np.zeros(len(gradient))
    slope, value = gradient, 0.0
    for _ in range(60):
        held = ((x <= low) & (slope >= 0)) | ((x >= high) & (slope <= 0))
        loose = np.flatnonzero(~held)
        step = np.linalg.solve(hessian[np.ix_(loose, loose)], -slope[loose])
        aim = x[loose] + step
        moved, size = x, 1.0
        while size > 1e-3:
            moved = x.copy()
            moved[loose] = np.clip(x[loose] + size * step, low[loose], high[loose])
            following = gradient + hessian @ moved
            there = 0.5 * float(moved @ (gradient + following))
            if there < value:
                break
            size *= 0.5
        if not there < value:
            break
        gained = value - there
        done = size == 1.0 and np.array_equal(moved[loose], aim) and _is_optimal(moved, following, low, high)
        x, slope, value = moved, following, there
        if done or gained <= 1e-10 * abs(value):
            break
    return x


def _is_optimal(x: Floats, slope: Floats, low: Floats, high: Floats) -> bool:
    """Return whether no coordinate at a bound wants to leave it."""
    return (
        not ((x <= low) & (slope < 0) & (low < high)).any()
        and not ((x >= high) & (slope > 0) & (low < high)).any()
    )


def share_out(weight: Floats, quota: int) -> Floats:
    r"""Return z in (0, 1] with sum at most `quota` that minimises :math:`\sum weight / z`.

    The minimum takes :math:`z = \min(1, s \sqrt{weight})`; s follows from the sum, once it is known how many
    are held at 1.

    Examples
    --------
    >>> share_out(np.array([9.0, 1.0, 1.0]), 2).tolist()
    [1.0, 0.5, 0.5]
    """
    root = np.sqrt(weight) + 1e-12
    if quota <= 0:
        return np.full(len(weight), LEAST_SHARE)
    order = np.argsort(-root, kind="stable")
    rest = np.cumsum(root[order][::-1])[::-1]
    held = np.arange(len(root))
    # With the first h at 1, the others share quota - h; the first h that leaves none of them above 1 is
    # right.
    fits = (held < quota) & (root[order] * (quota - held) <= rest)
    first = int(np.argmax(fits)) if fits.any() else quota
    share = np.ones(len(root))
    if first < len(root):
        scale = (quota - first) / rest[first]
        share[order[first:]] = scale * root[order[first:]]
    return np.clip(share, LEAST_SHARE, 1.0)
