"""The grid on which scores are kept: multiples of 2**-40, whose sums and differences are exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GRID = 2.0**-40


def to_grid(values: Floats) -> Floats:
    """Return values rounded to multiples of 2**-40, which keeps their order.

    Examples
    --------
    >>> to_grid(np.array([0.5, 1e-13])).tolist()
    [0.5, 0.0]
    """
    return np.asarray(np.round(values / GRID) * GRID + 0.0)
