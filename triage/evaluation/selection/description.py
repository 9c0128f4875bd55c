"""Which outcomes exist, and why: what must be known before any figure on a chosen part is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from triage.errors import InputRefusedError
from triage.evaluation.figure import HypothesisTest, as_plain
from triage.evaluation.inputs import FloatArray, check_lengths
from triage.evaluation.order.capacity import ALL_CASES
from triage.evaluation.selection.cases import NO_LOTTERY, SelectedCases, check_inclusion, check_selected
from triage.evaluation.weighting import kish_count

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

NOT_CHOSEN, OPEN, UNDETERMINED, YES, NO = STATES = ("not_chosen", "open", "undetermined", "yes", "no")
ALL = "all"


@dataclass(frozen=True)
class ChosenFor:
    """The cases that were chosen for one reason.

    Parameters
    ----------
    reason : str
        Why they were chosen; "all" over all reasons.
    chosen, finished, open : int
        Cases chosen, and those of them whose investigation has ended, or goes on.
    undetermined, yes, no : int
        What those that ended found.
    smallest, largest : float
        Range of the inclusion probabilities of the chosen; NaN where none was logged.
    unlogged : int
        Chosen cases whose inclusion probability is unknown.
    effective_count : float
        Kish's effective count of those with yes or no, weighted by one over their inclusion probability; NaN
        where one of these is unknown.
    """

    reason: str
    chosen: int
    finished: int
    open: int
    undetermined: int
    yes: int
    no: int
    smallest: float
    largest: float
    unlogged: int
    effective_count: float


@dataclass(frozen=True)
class SelectionDescription:
    """Which cases of a list have outcomes, and why.

    Parameters
    ----------
    cases : int
        All cases on the list.
    reasons : tuple of ChosenFor
        One a reason, in alphabetical order, then one over all.
    without_chance : float
        Share of all cases with an inclusion probability of 0.
    unknown_chance : float
        Share of all cases whose inclusion probability is unknown.
    denominator : str
        Of which cases it speaks.
    """

    cases: int
    reasons: tuple[ChosenFor, ...]
    without_chance: float
    unknown_chance: float
    denominator: str

    def to_frame(self) -> pd.DataFrame:
        """Return the table, one row a reason."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame([as_plain(row) for row in self.reasons]).set_index("reason")

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def __str__(self) -> str:
        """Return the table as text."""
        header = (
            "reason", "chosen", "finished", "open", "undetermined", "yes", "no", "inclusion", "effective",
        )  # fmt: skip
        rows = [header, *(_row(one) for one in self.reasons)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        lines = [
            "  ".join(
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        chances = (
            f"inclusion probability 0 for {self.without_chance:.1%}, unknown for {self.unknown_chance:.1%}"
        )
        return "\n".join([*lines, f"{self.cases:,} of {self.denominator}; {chances}"])


def describe_selection(
    state: ArrayLike,
    inclusion: ArrayLike | None = None,
    *,
    reason: ArrayLike | None = None,
    denominator: str = ALL_CASES,
) -> SelectionDescription:
    """Say which cases have outcomes, and why.

    Parameters
    ----------
    state : array of str, shape (cases,)
        For every case on the list "not_chosen", "open" (chosen, not finished), "undetermined", "yes" or "no".
    inclusion : array of shape (cases,), optional
        Probability with which it was chosen (or came to have an outcome); NaN where unknown.
    reason : array of shape (cases,), optional
        Why a chosen case was chosen, such as ``selected_by``; not looked at for the others.
    denominator : str
        Of which cases it speaks.

    Raises
    ------
    InputRefusedError
        A column is not as described.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley, section 8.2.

    Examples
    --------
    >>> state = ["yes", "no", "open", "not_chosen", "no", "not_chosen"]
    >>> reason = ["audit", "score", "score", "", "score", ""]
    >>> print(describe_selection(state, [0.1, 0.5, 0.5, 0.1, 0.25, 0.0], reason=reason))
    reason  chosen  finished  open  undetermined  yes  no   inclusion  effective
    audit        1         1     0             0    1   0  0.1 to 0.1        1.0
    score        3         2     1             0    0   2 0.25 to 0.5        1.8
    all          4         3     1             0    1   2  0.1 to 0.5        2.1
    6 of all cases; inclusion probability 0 for 16.7%, unknown for 0.0%
    """
    states = np.asarray(state).astype(str)
    wrong = ~np.isin(states, STATES)
    if wrong.any():
        raise InputRefusedError(
            f"found {str(states[wrong][0])!r} ({int(wrong.sum()):,} times, there first)",
            where=f"state, row {int(np.argmax(wrong)) + 1}",
            expected=", ".join(STATES),
        )
    p = check_inclusion(inclusion, len(states))
    reasons = np.full(len(states), "chosen") if reason is None else np.asarray(reason).astype(str)
    check_lengths({"state": states, "inclusion": p, "reason": reasons})
    chosen = states != NOT_CHOSEN
    impossible = int(np.count_nonzero(chosen & (p == 0)))
    if impossible:
        raise InputRefusedError(
            f"{impossible:,} cases that were chosen with an inclusion probability of 0",
            where="inclusion",
            expected="a probability above 0, or NaN where it was not logged",
        )
    names = [] if reason is None else np.unique(reasons[chosen]).tolist()
    rows = [_describe(name, states, p, chosen & (reasons == name)) for name in names]
    return SelectionDescription(
        len(states),
        (*rows, _describe(ALL, states, p, chosen)),
        float(np.mean(p == 0)),
        float(np.mean(np.isnan(p))),
        denominator,
    )


def check_lottery(
    outcome: ArrayLike,
    inclusion: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    denominator: str = ALL_CASES,
) -> HypothesisTest:
    r"""Test whether as many cases have outcomes as the logged lottery says.

    Where the probability of every case is known, the number :math:`m_j` with an outcome is compared with the
    sum of the probabilities in each stratum j,

    .. math:: \chi^2 = \sum_j \frac{(m_j - \sum_{i \in j} \pi_i)^2}{\sum_{i \in j} \pi_i (1 - \pi_i)}

    else the sum of the weights with the number of cases, with the variance :math:`\sum w_i (w_i - 1)` of a
    lottery. A small p-value says that the probabilities are not those with which outcomes came about: that
    open investigations were forgotten, that some cases had no chance, or that the log is wrong.

    Parameters
    ----------
    outcome : array of shape (cases,)
        1 for current abuse, 0 for none, NaN without outcome.
    inclusion : array of shape (cases,)
        Probability with which a case came to have an outcome; NaN where it was not logged.
    stratum : array of shape (cases,), optional
        Labels; one term of the sum each.
    denominator : str
        Of which cases it speaks.

    Returns
    -------
    HypothesisTest
        Against chi-square with as many degrees of freedom as strata in which something was left to chance.

    Raises
    ------
    InputRefusedError
        An array is not as described.

    References
    ----------
    Särndal, C.-E., Swensson, B., Wretman, J. (1992). Model Assisted Survey Sampling. Springer, section 3.2
    (Poisson sampling).

    Examples
    --------
    >>> print(check_lottery([1, 0, 0, None], [0.5, 0.5, 0.5, 0.5]))
    statistic 1.000 on 1 degrees of freedom, p = 0.317 (3 of all cases; chi-square test that cases have
    outcomes as often as the lottery says: 3 against 2)
    """
    cases = check_selected(outcome, np.zeros(np.shape(outcome)), inclusion, stratum)
    return measure_lottery(cases, denominator)


def measure_lottery(cases: SelectedCases, denominator: str = ALL_CASES) -> HypothesisTest:
    """Return the test of a list that was checked before; see `check_lottery`."""
    weight = cases.weight
    if not len(weight) or np.isnan(weight).any():
        return HypothesisTest.not_possible(NO_LOTTERY, len(weight), denominator)
    stratum = np.zeros(len(cases), dtype=np.int64) if cases.stratum is None else cases.stratum
    size = np.bincount(stratum).astype(np.float64)
    chosen = stratum[cases.labelled]
    expected: FloatArray
    if np.isnan(cases.inclusion).any():
        expected, seen = size, np.bincount(chosen, weight, len(size)).astype(np.float64)
        spread = np.bincount(chosen, weight * (weight - 1), len(size))
        name = "chi-square test that the weights add up to the number of cases"
    else:
        p = cases.inclusion
        expected, spread = np.bincount(stratum, p).astype(np.float64), np.bincount(stratum, p * (1 - p))
        seen = np.bincount(chosen, minlength=len(size)).astype(np.float64)
        name = "chi-square test that cases have outcomes as often as the lottery says"
    lots = spread > 0
    if not lots.any():
        return HypothesisTest.not_possible("nothing was left to chance", len(weight), denominator)
    statistic, freedom = float(((seen - expected)[lots] ** 2 / spread[lots]).sum()), int(lots.sum())
    method = f"{name}: {seen.sum():,.0f} against {expected.sum():,.0f}"
    p_value = float(chdtrc(freedom, statistic))
    return HypothesisTest(statistic, p_value, len(weight), method, denominator, float(freedom))


def _describe(
    name: str, states: NDArray[np.str_], inclusion: FloatArray, rows: NDArray[np.bool_]
) -> ChosenFor:
    counts = {state: int(np.count_nonzero(rows & (states == state))) for state in STATES}
    chosen = int(np.count_nonzero(rows))
    p = inclusion[rows]
    logged = p[~np.isnan(p)]
    weight = 1 / inclusion[rows & np.isin(states, (YES, NO))]
    return ChosenFor(
        name,
        chosen,
        chosen - counts[OPEN],
        counts[OPEN],
        counts[UNDETERMINED],
        counts[YES],
        counts[NO],
        float(logged.min()) if len(logged) else float("nan"),
        float(logged.max()) if len(logged) else float("nan"),
        chosen - len(logged),
        float("nan") if np.isnan(weight).any() else kish_count(float(weight.sum()), float((weight**2).sum())),
    )


def _row(one: ChosenFor) -> tuple[str, ...]:
    numbers = (one.chosen, one.finished, one.open, one.undetermined, one.yes, one.no)
    inclusion = "not logged" if np.isnan(one.smallest) else f"{one.smallest:.3g} to {one.largest:.3g}"
    effective = "unknown" if np.isnan(one.effective_count) else f"{one.effective_count:,.1f}"
    return (one.reason, *(f"{number:,}" for number in numbers), inclusion, effective)
