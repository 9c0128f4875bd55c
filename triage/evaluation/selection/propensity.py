"""With which probability a case came to have an outcome, where the lottery alone does not tell."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.evaluation.figure import as_plain
from triage.evaluation.inputs import FloatArray, check_lengths, check_outcome
from triage.evaluation.selection.cases import encode
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class FinishingChance:
    r"""How likely an investigation has ended by the as-of time, given when it began.

    Parameters
    ----------
    chance : array of shape (chosen,)
        For each chosen case the probability that an investigation begun when its was has ended by the as-of
        time.
    duration : array of shape (times,)
        Durations at which investigations ended, rising, in the unit of the times given (seconds for dates).
    at_risk, ended : array of int, shape (times,)
        Investigations that lasted at least so long as far as is known, and those that ended then.
    still_open : array of shape (times,)
        Kaplan-Meier estimate of the share that lasts longer.
    error : array of shape (times,)
        Its standard error by Greenwood's formula.
    never : int
        Chosen cases that began so late that none can have ended: their chance is 0.
    """

    chance: FloatArray
    duration: FloatArray
    at_risk: NDArray[np.int64]
    ended: NDArray[np.int64]
    still_open: FloatArray
    error: FloatArray
    never: int

    def ended_within(self, duration: ArrayLike) -> FloatArray:
        """Return the probability that an investigation ends within a duration."""
        place = np.searchsorted(self.duration, np.asarray(duration, dtype=np.float64), side="right")
        return np.asarray(1 - np.append(1.0, self.still_open)[place], dtype=np.float64)

    def to_frame(self) -> pd.DataFrame:
        """Return the curve, one row a duration."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        names = ("duration", "at_risk", "ended", "still_open", "error")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict


@dataclass(frozen=True, eq=False)
class Propensity:
    """Estimated probabilities of being chosen, and whether they can carry weights.

    Parameters
    ----------
    probability : array of shape (cases,)
        Of every case.
    smallest_chosen, smallest : float
        Smallest probability among the chosen, and among all cases.
    largest_weight : float
        One over the smallest among the chosen.
    effective_count : float
        Kish's effective count of the chosen.
    chosen : int
        How many were chosen.
    without_overlap : int
        Cases that nothing like them was chosen of (probability 0 in their stratum).
    capped : int
        Chosen cases whose weight was cut to `cap`; the estimate is then biased towards them.
    method : str
        How they were estimated.
    """

    probability: FloatArray
    smallest_chosen: float
    smallest: float
    largest_weight: float
    effective_count: float
    chosen: int
    without_overlap: int
    capped: int
    method: str

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def __str__(self) -> str:
        """Return the diagnostics as text."""
        lines = [
            f"{self.method}: {self.chosen:,} of {len(self.probability):,} cases were chosen",
            f"smallest probability: {self.smallest_chosen:.4g} of the chosen, {self.smallest:.4g} of all",
            f"largest weight {self.largest_weight:.4g}",
            f"effective count of the chosen {self.effective_count:,.1f}",
        ]
        if self.without_overlap:
            lines.append(f"{self.without_overlap:,} cases in strata of which none was chosen")
        if self.capped:
            lines.append(f"{self.capped:,} weights were capped")
        return "\n".join(lines)


def finishing_chance(selected_at: ArrayLike, finished_at: ArrayLike, as_of: Any) -> FinishingChance:
    r"""Return how likely investigations begun at a time have ended by the as-of time.

    An investigation takes time, so that cases chosen lately have no outcome yet, and those that do are the
    quick ones. The length of an investigation is estimated by Kaplan and Meier, with those still open as
    censored at the as-of time. A case chosen at t then has the inclusion probability

    .. math:: \pi_i\,\hat F(\text{as-of} - t_i), \qquad \hat F(d) = 1 - \prod_{d_j \le d} \left(1 -
        \frac{e_j}{r_j}\right)

    with :math:`e_j` investigations ended after the duration :math:`d_j` and :math:`r_j` at risk. Rests on one
    assumption: how long an investigation takes has nothing to do with when it began or what it finds. Apply
    it within groups that differ in length.

    Parameters
    ----------
    selected_at : array of shape (chosen,)
        When each chosen case was chosen: dates or numbers. Only chosen cases.
    finished_at : array of shape (chosen,)
        When its investigation ended; NaT, NaN or None while it is open.
    as_of : date or number
        When the batch was drawn, of the same kind.

    Raises
    ------
    InputRefusedError
        A time is missing, lies after the as-of time, or a case ended before it was chosen.

    References
    ----------
    Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. Journal of the
    American Statistical Association 53, 457-481.

    Robins, J. M., Rotnitzky, A. (1992). Recovery of information and adjustment for dependent censoring using
    surrogate markers. In AIDS Epidemiology, Birkhäuser, 297-331.

    Examples
    --------
    Chosen on days 0, 0, 0 and 6; by day 8 two of the first have ended, after 2 and 5 days.

    >>> finishing = finishing_chance([0, 0, 0, 6], [2, 5, None, None], 8)
    >>> finishing.chance.round(4)  # open longer than 5: 3/4 of 1/2
    array([0.625, 0.625, 0.625, 0.25 ])
    """
    begun, end, now = _to_seconds(selected_at), _to_seconds(finished_at), float(_to_seconds([as_of])[0])
    check_lengths({"selected_at": begun, "finished_at": end})
    open_ = np.isnan(end)
    wrong = np.isnan(begun) | (begun > now) | (end > now) | (end < begun)
    if wrong.any():
        raise InputRefusedError(
            f"{int(wrong.sum()):,} cases that were chosen at no time or after the as-of time, or that ended"
            " after it or before they were chosen",
            where=f"selected_at and finished_at, row {int(np.argmax(wrong)) + 1}",
            expected="selected_at <= finished_at <= as_of, finished_at empty while open",
            mend="give chosen cases alone, and of those what was known by the as-of time",
        )
    length = np.where(open_, now, end) - begun
    times, place = np.unique(length[~open_], return_inverse=True)
    ended = np.bincount(place, minlength=len(times))
    # Censored at the same duration as an end: it lasted longer.
    at_risk = len(length) - np.searchsorted(np.sort(length), times, side="left")
    still_open = np.cumprod(1 - ended / at_risk).astype(np.float64)
    # Where all that were left ended, nobody lasts longer, and there is no doubt left to tell of.
    left = np.maximum(at_risk - ended, 1)
    error = still_open * np.sqrt(np.cumsum(ended / (at_risk * left)))
    curve = FinishingChance(np.empty(0), times, at_risk, ended, still_open, error, never=0)
    chance = curve.ended_within(now - begun)
    return replace(curve, chance=chance, never=int(np.count_nonzero(chance == 0)))


def estimate_propensity(
    chosen: ArrayLike,
    *,
    covariates: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    cap: float | None = None,
) -> Propensity:
    r"""Estimate the probability of being chosen where no lottery was logged.

    Weights from it are right only if all that decided the choice and goes along with abuse is among the
    columns, and every kind of case had a chance. Neither can be seen in the data; a logged lottery is always
    better.

    Parameters
    ----------
    chosen : array of shape (cases,)
        0 or 1: whether the case was chosen (or came to have an outcome).
    covariates : array of shape (cases,) or (cases, columns), optional
        Numbers that the choice went by, such as the score then in use. Logistic regression without penalty.
    stratum : array of shape (cases,), optional
        Labels; the probability is the share chosen in each. Either this or `covariates`.
    cap : float, optional
        Largest weight; probabilities of chosen cases below 1 / cap are raised to it. Bias for variance; not
        done unless asked for.

    Raises
    ------
    InputRefusedError
        Not exactly one of covariates and stratum, a column that is not as described, or a choice that the
        covariates tell without fail, so that no probability can be estimated.

    References
    ----------
    Rosenbaum, P. R., Rubin, D. B. (1983). The central role of the propensity score in observational studies
    for causal effects. Biometrika 70, 41-55.

    Examples
    --------
    >>> propensity = estimate_propensity([1, 0, 0, 0, 1, 1], stratum=list("aaaabb"))
    >>> propensity.probability
    array([0.25, 0.25, 0.25, 0.25, 1.  , 1.  ])
    """
    y = check_outcome(chosen)
    if (covariates is None) == (stratum is None):
        raise InputRefusedError(
            "both or neither of covariates and stratum", where="estimate_propensity", expected="one of them"
        )
    if not y.any():
        raise InputRefusedError("no case that was chosen", where="chosen", expected="at least one")
    if stratum is not None:
        codes = encode(stratum, "stratum")
        check_lengths({"chosen": y, "stratum": codes})
        probability = (np.bincount(codes, y) / np.bincount(codes))[codes]
        method = f"share chosen in {int(codes.max()) + 1:,} strata"
    else:
        columns = _check_columns(covariates, len(y))
        probability = _fit(y, columns)
        method = f"logistic regression on {columns.shape[1]:,} columns"
    without = int(np.count_nonzero(probability == 0))
    capped = 0
    if cap is not None:
        low = (y == 1) & (probability < 1 / cap)
        capped = int(low.sum())
        probability = np.where(low, 1 / cap, probability)
        method += f", weights capped at {cap:g}"
    weight = 1 / probability[y == 1]
    return Propensity(
        probability,
        float(1 / weight.max()),
        float(probability.min()),
        float(weight.max()),
        kish_count(float(weight.sum()), float((weight**2).sum())),
        int(y.sum()),
        without,
        capped,
        method,
    )


def _to_seconds(values: Any) -> FloatArray:
    array = np.asarray(values)
    if array.dtype.kind == "O":
        import pandas as pd  # noqa: PLC0415 - slow to import, and arrays of times need none of it

        series = pd.Series(values)
        if any(hasattr(value, "year") for value in series if value is not None):
            array = pd.to_datetime(series, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
        else:
            array = pd.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan)
    if array.dtype.kind == "M":
        seconds = array.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(array), np.nan, seconds)
    if array.dtype.kind in "iuf" and array.ndim == 1:
        return array.astype(np.float64)
    raise InputRefusedError(f"{array.dtype} values", where="times", expected="dates or numbers")


def _check_columns(covariates: ArrayLike | None, cases: int) -> FloatArray:
    columns = np.asarray(covariates, dtype=np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or len(columns) != cases or not np.isfinite(columns).all():
        raise InputRefusedError(
            f"an array of shape {columns.shape}, or numbers that are missing or infinite in it",
            where="covariates",
            expected=f"finite numbers for each of {cases:,} cases",
        )
    return columns


def _fit(chosen: FloatArray, columns: FloatArray) -> FloatArray:
    from scipy.linalg import LinAlgWarning  # noqa: PLC0415 - as below
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - as below
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - slow to import, rarely needed

    spread = columns.std(axis=0)
    scaled = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    told = InputRefusedError(
        "a choice that the covariates tell without fail, or all cases chosen",
        where="covariates",
        expected="chosen and other cases that overlap",
        mend="use the rule itself: cases that had no chance have an inclusion probability of 0",
    )
    if chosen.all():
        raise told
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", LinAlgWarning)
        try:
            fit.fit(scaled, chosen)
        except (ConvergenceWarning, LinAlgWarning):
            raise told from None
    probability = fit.predict_proba(scaled)[:, 1]
    if probability[chosen == 1].min() > 1 - 1e-6 and probability[chosen == 0].max() < 1e-6:
        raise told
    return np.asarray(probability, dtype=np.float64)
