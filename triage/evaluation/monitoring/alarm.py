"""Alarms whose chance of ever sounding falsely is bounded, however often one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit, logsumexp

from triage.errors import InputRefusedError
from triage.evaluation.figure import as_plain
from triage.evaluation.inputs import FloatArray, check_cases, check_lengths
from triage.evaluation.monitoring.stored import Reader
from triage.evaluation.monitoring.times import check_time

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ALPHA = 0.05
TOLERANCE = 0.1
SHIFTS = (-2.0, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0)
SLOPES = (0.5, 0.7, 1.4, 2.0)
# A model that says never and is wrong is wrong by this much; infinite odds would end all reckoning.
_NEVER = 1e-6


@dataclass(frozen=True)
class CalibrationAlarm:
    r"""An alarm that sounds when probabilities are no longer right, with a bounded chance of a false alarm.

    It bets against the probabilities. With wealth 1 at the start, each bet k says that the log odds are
    :math:`\operatorname{logit} q = \operatorname{logit} p + \delta_k`, or that their distance from a centre
    is :math:`\gamma_k` times as large, and a case with outcome y multiplies the wealth put on it by

    .. math:: \left(\frac{q}{p}\right)^{y} \left(\frac{1 - q}{1 - p}\right)^{1 - y}

    If p is right, no bet gains on average, so the wealth W is a test martingale and Ville's inequality holds:

    .. math:: P\left(\sup_t W_t \ge 1/\alpha\right) \le \alpha

    The alarm sounds when the wealth reaches 1/alpha: over all time, looked at after every case if one likes,
    it sounds falsely with probability alpha at most.

    *A break at an unknown time.* Wealth is not put down at once, for bets made long before a break are lost
    by then. After information :math:`v = \sum p(1 - p)` (about the number of outcomes expected) the part
    :math:`1 - 1/\log_2(2 + v)` of it has been put down, in equal parts on all bets.

    *Tolerance.* No model is right to the last digit, and an alarm that looks for ever finds any error. Each
    case is held against the most favourable log odds within `tolerance` of p (0.1: between 0.90 and 1.11
    times the odds), so the bound holds for every model that is right to within that, case by case; with
    tolerance 0 the wealth is an exact martingale, otherwise a supermartingale.

    Parameters
    ----------
    alpha : float
        Bound on the probability of ever sounding falsely.
    tolerance : float
        On the logit scale.
    centre : float
        A probability about which slopes turn, such as the mean probability of the reference; fixed before
        any outcome is seen.
    shifts, slopes : tuple of float
        The bets. A shift or slope within the tolerance gains nothing.
    log_wealth : tuple of float
        Logarithm of the wealth put on each bet so far (minus infinity before the first).
    information, observed, expected : float
        Sums of p(1 - p), of y and of p.
    cases : int
        Cases counted.
    peak : float
        Logarithm of the highest wealth so far.
    sounded_after : int
        Cases counted when it first sounded; 0 while it has not.

    Notes
    -----
    *Outcomes exist only for the cases that were chosen.* The bound holds as long as, for every case that is
    counted, the chance of current abuse given all that was known when its outcome came - that it was chosen
    and when it came among them - is p. So it holds where cases are chosen by the score, by the probability,
    by lot, or by anything that p already accounts for. It does not hold where those who choose see more than
    the model, and choose by it: their cases have current abuse more often than p says, and the alarm sounds
    although p is right for all cases; weighting cannot mend this, only cases drawn by lot. Nor where outcomes
    with current abuse are known sooner than others: wait, as long as an investigation takes, and count then
    all cases of a time. No case may be counted twice.

    *Detection.* Median number of expected outcomes (:math:`\sum p` since the break) until the alarm sounds,
    with alpha 0.05, the default bets and probabilities of 0.02 on average, when the log odds of all cases
    shift at once, and after 200 expected outcomes that were right: by -2, 10 and 24; by -1, 23 and 55; by
    -0.5, 88 and 180; by 0.5, 58 and 105; by 1, 9 and 21; by 2, 2 and 3. With tolerance 0 a shift by 0.5 is
    found after 34 and 72.

    References
    ----------
    Ville, J. (1939). Etude critique de la notion de collectif. Gauthier-Villars.

    Shafer, G., Shen, A., Vereshchagin, N., Vovk, V. (2011). Test martingales, Bayes factors and p-values.
    Statistical Science 26, 84-101.

    Ramdas, A., Grunwald, P., Vovk, V., Shafer, G. (2023). Game-theoretic statistics and safe anytime-valid
    inference. Statistical Science 38, 576-601.

    Shin, J., Ramdas, A., Rinaldo, A. (2024). E-detectors: a nonparametric framework for sequential change
    detection. New England Journal of Statistics in Data Science 2, 229-260.

    Examples
    --------
    >>> alarm = CalibrationAlarm().update([0] * 40, [0.02] * 40)
    >>> print(alarm)
    no alarm: wealth 1.0, alarm at 20 (40 cases, 0 with current abuse where 0.8 were expected)
    >>> alarm = alarm.update([1] * 12, [0.1] * 12)
    >>> alarm.sounded, alarm.sounded_after
    (True, 52)
    """

    alpha: float = ALPHA
    tolerance: float = TOLERANCE
    centre: float = 0.01
    shifts: tuple[float, ...] = SHIFTS
    slopes: tuple[float, ...] = SLOPES
    log_wealth: tuple[float, ...] = ()
    information: float = 0.0
    observed: float = 0.0
    expected: float = 0.0
    cases: int = 0
    peak: float = 0.0
    sounded_after: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that give no alarm."""
        for name, fine, expected in (
            ("alpha", 0 < self.alpha < 1, "a number between 0 and 1, such as 0.05"),
            ("tolerance", 0 <= self.tolerance < 5, "0 or more, and below 5, on the logit scale"),
            ("centre", 0 < self.centre < 1, "a probability between 0 and 1"),
            ("shifts", all(math.isfinite(shift) for shift in self.shifts), "finite numbers"),
            ("slopes", all(0 <= slope < math.inf for slope in self.slopes), "finite numbers, 0 or more"),
        ):
            if not fine:
                raise InputRefusedError(f"{getattr(self, name)!r}", where=name, expected=expected)
        bets = len(self.shifts) + len(self.slopes)
        if bets == 0 or (self.log_wealth and len(self.log_wealth) != bets):
            raise InputRefusedError(
                f"{len(self.log_wealth)} parts of the wealth for {bets} bets",
                where="alarm",
                expected="one part a bet, and at least one bet",
            )

    @property
    def sounded(self) -> bool:
        """Whether it has ever sounded; what came after does not take that back."""
        return self.sounded_after > 0

    @property
    def wealth(self) -> float:
        """The wealth now."""
        held = -math.log(math.log2(2 + self.information))
        bets = self.log_wealth or (-math.inf,)
        return math.exp(min(float(np.logaddexp.reduce([held, *bets])), 700.0))

    @property
    def p_value(self) -> float:
        """One over the highest wealth so far, at most 1: a p-value that holds whenever one looks."""
        return math.exp(-max(self.peak, 0.0))

    @property
    def leading(self) -> str:
        """The bet that has gained most, in words; empty before the first case."""
        if not self.log_wealth:
            return ""
        best = int(np.argmax(self.log_wealth))
        if best < len(self.shifts):
            shift = self.shifts[best]
            return f"current abuse is {'more' if shift > 0 else 'less'} frequent than the probabilities say"
        wider = self.slopes[best - len(self.shifts)] > 1
        return f"probabilities lie too {'close together' if wider else 'far apart'}"

    def update(
        self, outcome: ArrayLike, probability: ArrayLike, *, time: ArrayLike | None = None
    ) -> CalibrationAlarm:
        """Return the alarm after more cases.

        Parameters
        ----------
        outcome : array of shape (cases,)
            1 for current abuse, else 0. Only cases with an outcome, each of them once.
        probability : array of shape (cases,)
            What was said of each before its outcome was known. An exact 0 or 1 that is right gains or loses
            nothing; one that is wrong counts as 0.000001 from the end.
        time : array of shape (cases,), optional
            When each case came. The cases of one day are then counted together and the days one after the
            other; without it all are counted together. Their order within does not matter.

        Raises
        ------
        InputRefusedError
            A column is not as described, or columns differ in length.
        """
        checked = check_cases(outcome, probability=probability)
        y, p = checked.outcome, np.asarray(checked.probability)
        step = np.zeros(len(y), dtype=np.int64)
        if time is not None:
            days = check_time(time).astype("datetime64[D]")
            check_lengths({"outcome": y, "time": days})
            step = np.unique(days, return_inverse=True)[1]
        steps = int(step.max()) + 1
        gains: FloatArray = np.array(
            [np.bincount(step, gain, steps) for gain in self._gains(y, p)], dtype=np.float64
        )
        clock = np.asarray(self.information + np.cumsum(np.bincount(step, p * (1 - p), steps)), np.float64)
        bets, wealth = self._invest(gains, clock)
        over = np.flatnonzero(wealth >= -math.log(self.alpha))
        sounded_after = self.sounded_after
        if not sounded_after and over.size:
            sounded_after = self.cases + int(np.count_nonzero(step <= over[0]))
        return replace(
            self,
            log_wealth=tuple(float(value) for value in bets[:, -1]),
            information=float(clock[-1]),
            observed=self.observed + float(y.sum()),
            expected=self.expected + float(p.sum()),
            cases=self.cases + len(y),
            peak=max(self.peak, float(wealth.max())),
            sounded_after=sounded_after,
        )

    def _gains(self, y: FloatArray, p: FloatArray) -> list[FloatArray]:
        """Return the logarithm of what each bet multiplies its wealth by, case by case."""
        exact = (p == 0) | (p == 1)
        right = exact & (p == y)
        x = logit(np.where(exact, np.where(p == 0, _NEVER, 1 - _NEVER), p))
        centre = float(logit(self.centre))
        bets = [x + shift for shift in self.shifts]
        bets += [centre + slope * (x - centre) for slope in self.slopes]
        gains = []
        for bet in bets:
            held = np.clip(bet, x - self.tolerance, x + self.tolerance)
            gain = y * (bet - held) - np.logaddexp(0.0, bet) + np.logaddexp(0.0, held)
            gains.append(np.where(right, 0.0, gain))
        return gains

    def _invest(self, gains: FloatArray, clock: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the logarithms of the wealth on each bet and of all wealth, after each step."""
        held = np.log2(2 + np.concatenate([[self.information], clock]))
        # What is put down before a step depends on its probabilities, never on its outcomes.
        put = (held[1:] - held[:-1]) / (held[1:] * held[:-1]) / len(gains)
        running = np.cumsum(gains, axis=1)
        before = running - gains
        with np.errstate(divide="ignore"):
            fresh = np.log(put)[None, :] - before
        start = np.array(self.log_wealth or [-np.inf] * len(gains))[:, None]
        bets: NDArray[Any] = np.logaddexp.accumulate(np.hstack([start, fresh]), axis=1)[:, 1:] + running
        wealth = logsumexp(np.vstack([bets, -np.log(held[1:])]), axis=0)
        return bets, np.asarray(wealth)

    def as_dict(self) -> dict[str, Any]:
        """Return settings and state, as values that JSON can hold; `from_dict` takes them back."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    @classmethod
    def from_dict(cls, content: object) -> CalibrationAlarm:
        """Return the alarm that `as_dict` gave.

        Raises
        ------
        InputRefusedError
            Something else.
        """
        read = Reader(content, "calibration alarm")
        alarm = cls(
            alpha=read.number("alpha"),
            tolerance=read.number("tolerance"),
            centre=read.number("centre"),
            shifts=read.numbers("shifts"),
            slopes=read.numbers("slopes"),
            log_wealth=read.numbers("log_wealth", missing=-math.inf),
            information=read.number("information", least=0.0),
            observed=read.number("observed", least=0.0),
            expected=read.number("expected", least=0.0),
            cases=read.count("cases"),
            peak=read.number("peak"),
            sounded_after=read.count("sounded_after"),
        )
        reached = alarm.peak >= -math.log(alarm.alpha)
        if alarm.sounded != reached or math.log(alarm.wealth) > max(alarm.peak, 0.0) + 1e-9:
            raise InputRefusedError(
                "wealth, its peak and whether the alarm has sounded do not agree",
                where="calibration alarm",
                expected="an alarm as it was written",
                mend="take the last state that no one has edited, or begin a new one",
            )
        return alarm

    def __str__(self) -> str:
        """Return the state in one line."""
        wealth = f"wealth {self.wealth:.3g}" if self.wealth >= 10 else f"wealth {self.wealth:.1f}"
        counted = (
            f"{self.cases:,} cases, {self.observed:,.0f} with current abuse where {self.expected:,.1f} were "
            "expected"
        )
        if not self.sounded:
            return f"no alarm: {wealth}, alarm at {1 / self.alpha:g} ({counted})"
        return f"ALARM after {self.sounded_after:,} cases: {self.leading}; {wealth} ({counted})"


@dataclass(frozen=True)
class DriftAlarm:
    r"""An alarm over an unlimited sequence of p-values, with a bounded chance of ever sounding falsely.

    Look j is held against :math:`\alpha_j = \alpha \cdot 6 / (\pi^2 j^2)`; these sum to alpha, so by
    Bonferroni the alarm sounds falsely with probability alpha at most, whatever the dependence between looks.
    All batches are compared with one pinned reference, so they do depend on each other.

    Parameters
    ----------
    alpha : float
        Bound on the probability of ever sounding falsely.
    looks : int
        Looks so far.
    sounded_at : int
        The look at which it first sounded; 0 while it has not.

    Examples
    --------
    >>> alarm = DriftAlarm().update(0.04).update(0.001)
    >>> alarm.sounded, alarm.sounded_at, round(alarm.next_level, 5)
    (True, 2, 0.00338)
    """

    alpha: float = ALPHA
    looks: int = 0
    sounded_at: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that give no alarm."""
        if not 0 < self.alpha < 1:
            raise InputRefusedError(f"{self.alpha!r}", where="alpha", expected="a number between 0 and 1")

    @property
    def sounded(self) -> bool:
        """Whether it has ever sounded."""
        return self.sounded_at > 0

    @property
    def next_level(self) -> float:
        """The level against which the next p-value is held."""
        return self.alpha * 6 / (math.pi * (self.looks + 1)) ** 2

    def update(self, p_value: float) -> DriftAlarm:
        """Return the alarm after one more look; a p-value of NaN (no test was possible) is no look."""
        if math.isnan(p_value):
            return self
        sounds = not self.sounded and p_value <= self.next_level
        return replace(self, looks=self.looks + 1, sounded_at=self.looks + 1 if sounds else self.sounded_at)

    def as_dict(self) -> dict[str, Any]:
        """Return settings and state, as values that JSON can hold; `from_dict` takes them back."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    @classmethod
    def from_dict(cls, content: object) -> DriftAlarm:
        """Return the alarm that `as_dict` gave.

        Raises
        ------
        InputRefusedError
            Something else.
        """
        read = Reader(content, "drift alarm")
        return cls(read.number("alpha"), read.count("looks"), read.count("sounded_at"))
