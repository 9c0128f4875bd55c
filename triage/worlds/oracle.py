"""The oracle: the exact posterior probability of current abuse given all that can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.worlds.latents import Latents
    from triage.worlds.ledger import Ledger

    Floats = NDArray[np.float64]

# Small enough slices keep the matrix of states in the processor's cache.
SLICE_CASES = 1000
# Rounding the log-odds keeps the last bits of a sum, which differ between processors, out of the files.
DECIMALS = 8


def posterior(ledger: Ledger, latents: Latents, n_cases: int) -> Floats:
    """Sum the hidden states out.

    Given the hidden state all signals are independent, so the log-likelihood of a state is a sum of table
    entries, and ``P(current | seen) = sum over states with current of prior * likelihood / sum over all``.

    Parameters
    ----------
    ledger : Ledger
        What can be seen.
    latents : Latents
        The hidden states.
    n_cases : int
        Number of cases.

    Returns
    -------
    array, shape (n_cases,)
        Probability of current abuse.
    """
    parts = ledger.log_likelihood(n_cases)
    current = latents.codes["current"] == 1
    log_prior = np.log(latents.prior)
    odds = np.empty(n_cases)
    for start in range(0, n_cases, SLICE_CASES):
        rows = slice(start, min(start + SLICE_CASES, n_cases))
        joint = np.tile(log_prior, (rows.stop - start, 1))
        for sheet, part in zip(ledger.sheets, parts, strict=True):
            joint += part[rows][:, sheet.group]
        joint -= joint.max(axis=1, keepdims=True)
        np.exp(joint, out=joint)
        with np.errstate(divide="ignore"):
            odds[rows] = np.log(joint[:, current].sum(axis=1)) - np.log(joint[:, ~current].sum(axis=1))
    return np.asarray(expit(np.round(odds, DECIMALS)), dtype=np.float64)
