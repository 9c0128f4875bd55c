"""Every estimator against the truth, over many lotteries: what it gets right, and what naive figures get wrong.

Lists are drawn here with numpy, or taken from worlds and given new lotteries by their own selection
probability. A score sees part of what makes abuse likelier; whoever chose the cases saw another part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from triage.evaluation.selection.estimators import hajek_prevalence
from triage.evaluation.selection.propensity import finishing_chance
from triage.evaluation.selection.selected import evaluate_selected
from triage.worlds import load_world, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

pytestmark = pytest.mark.slow

WEIGHTED = ("horvitz_thompson", "hajek", "augmented")
FIGURES = ("prevalence", "precision", "recall", "found", "missed")
COUNTS = {"found", "missed"}


@dataclass
class Tally:
    """What an estimator gave, over the truth, and whether its interval held it."""

    asked: int = 0
    wide: int = 0
    ratio: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    width: list[float] = field(default_factory=list)

    @property
    def bias(self) -> float:
        return float(np.mean(self.ratio) - 1)

    @property
    def doubt(self) -> float:
        """Monte Carlo error of the bias."""
        return float(np.std(self.ratio) / np.sqrt(len(self.ratio)))

    @property
    def coverage(self) -> float:
        return float(np.mean(self.held))


@dataclass(frozen=True)
class Lottery:
    """A kind of list, and the lottery by which its cases come to have outcomes."""

    cases: int
    base: float
    inclusion: tuple[float, float, float, float]
    capacity: float

    def draw(self, rng: np.random.Generator, cases: int = 0) -> tuple[Floats, Floats, Floats]:
        """Return scores, current abuse and inclusion probabilities."""
        seen, unseen = rng.normal(size=(2, cases or self.cases))
        abuse = rng.random(len(seen)) < expit(self.base + 1.5 * seen + 0.8 * unseen)
        level = np.searchsorted([-0.5, 0.8, 1.8], 0.7 * (seen + unseen))
        return seen, abuse.astype(float), np.array(self.inclusion)[level]

    def truth(self) -> dict[str, float]:
        """Return the figures of an endless list, of one case each."""
        score, abuse, _ = self.draw(np.random.default_rng(2017), 4_000_000)
        return figures_of(score, abuse, self.capacity)


def figures_of(score: Floats, abuse: Floats, capacity: float) -> dict[str, float]:
    k = int(np.ceil(capacity * len(score)))
    opened = np.zeros(len(score), dtype=bool)
    opened[np.argsort(-score)[:k]] = True
    return {
        "prevalence": abuse.mean(),
        "precision": abuse[opened].mean(),
        "recall": abuse[opened].sum() / abuse.sum(),
        "found": abuse[opened].sum() / len(score),
        "missed": abuse[~opened].sum() / len(score),
    }


Drawn = tuple["Floats", "Floats", "Floats", dict[str, float]]


def tally(
    lists: Iterator[Drawn], capacity: float, names: tuple[str, ...] = ("naive", *WEIGHTED), **options: Any
) -> dict[tuple[str, str], Tally]:
    """Evaluate many lists; with `stratum="inclusion"` the lottery's own levels are the strata."""
    tallies: dict[tuple[str, str], Tally] = {}
    by_level = options.pop("stratum", None) == "inclusion"
    for score, outcome, inclusion, truth in lists:
        stratum = inclusion if by_level else None
        figures = evaluate_selected(outcome, score, inclusion, capacity=capacity, stratum=stratum, **options)
        (at,) = figures.at
        for name, kind in product(names, FIGURES):
            holder = figures.prevalence if kind == "prevalence" else at
            if not hasattr(holder, name) or (name == "naive" and kind in COUNTS):
                continue
            figure = getattr(holder, name)
            figure = figure if kind == "prevalence" else getattr(figure, kind)
            one = tallies.setdefault((name, kind), Tally())
            one.asked += 1
            if figure.estimable:
                expected = truth[kind] * (len(score) if kind in COUNTS else 1)
                one.ratio.append(figure.estimate / expected)
                one.held.append(figure.low <= expected <= figure.high)
                one.width.append((figure.high - figure.low) / expected)
                one.wide += "wide" in figure.method
    return tallies


def redraw(lottery: Lottery, times: int, seed: int = 1) -> Iterator[Drawn]:
    rng, truth = np.random.default_rng(seed), lottery.truth()
    for _ in range(times):
        score, abuse, inclusion = lottery.draw(rng)
        yield score, np.where(rng.random(len(score)) < inclusion, abuse, np.nan), inclusion, truth


# One case in 2 to one in 50 among those that hold most of what is missed; 25 to 280 with abuse are seen.
THICK = (
    Lottery(4_000, -4.5, (0.05, 0.1, 0.4, 1.0), 0.05),
    Lottery(4_000, -2.5, (0.2, 0.2, 0.5, 0.8), 0.10),
    Lottery(20_000, -4.5, (0.02, 0.05, 0.1, 0.5), 0.10),
    Lottery(6_000, -4.0, (0.1, 0.1, 0.3, 0.3), 0.05),
)
THIN = Lottery(20_000, -5.5, (0.0025, 0.01, 0.05, 0.5), 0.023)


@pytest.fixture(scope="module")
def thick() -> list[dict[tuple[str, str], Tally]]:
    return [tally(redraw(lottery, 300), lottery.capacity) for lottery in THICK]


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_logged_lottery_makes_figures_of_the_whole_list(name: str, thick) -> None:
    every = [one[name, kind] for one in thick for kind in FIGURES]
    for one in every:
        # A ratio of counts is a little too high while these are small.
        assert abs(one.bias) < 4 * one.doubt + 0.02
    coverage = [one.coverage for one in every]
    assert 0.94 < np.mean(coverage) < 0.965
    assert min(coverage) > 0.90


def test_naive_figures_are_wrong_on_the_very_same_lists(thick) -> None:
    for one in thick:
        assert one["naive", "prevalence"].bias > 0.5
        assert one["naive", "prevalence"].coverage < 0.05
        assert one["naive", "recall"].bias > 0.15
        assert one["naive", "precision"].bias > 0.08
    assert np.mean([one["naive", "recall"].coverage for one in thick]) < 0.4


def test_begg_and_greenes_within_the_levels_of_the_lottery() -> None:
    for lottery in (THICK[1], THICK[3]):
        figures = tally(redraw(lottery, 300), lottery.capacity, ("begg_greenes",), stratum="inclusion")
        for kind in FIGURES[1:]:
            one = figures["begg_greenes", kind]
            assert len(one.ratio) > 0.95 * one.asked
            assert abs(one.bias) < 4 * one.doubt + 0.02
            assert 0.92 < one.coverage < 0.99


def test_begg_and_greenes_without_them_are_as_wrong_as_their_assumption() -> None:
    lottery = THICK[2]
    figures = tally(redraw(lottery, 100), lottery.capacity, ("begg_greenes",))
    assert figures["begg_greenes", "precision"].bias > 0.3
    assert figures["begg_greenes", "precision"].coverage < 0.2


def test_a_thin_lottery_is_told_by_its_width() -> None:
    figures = tally(redraw(THIN, 200), THIN.capacity)
    for name, kind in product(WEIGHTED, FIGURES):
        one = figures[name, kind]
        assert one.coverage > 0.95
        assert np.mean(one.width) > 2.5
        assert one.wide > 0.5 * one.asked
        if kind != "recall":
            assert abs(one.bias) < 4 * one.doubt
    assert 0 < figures["hajek", "recall"].bias < 0.2


def of_world(name: str, cases: int) -> tuple[Floats, Floats, Floats]:
    """Return a score, current abuse and the selection probability of all cases of a world."""
    columns = ["current_abuse", "oracle", "selection_probability"]
    drawn = [one.truth.select(columns).to_pandas() for one in simulate(load_world(name), cases, seed=3)]
    abuse, oracle, inclusion = (
        np.concatenate([frame[column].to_numpy(dtype=float) for frame in drawn]) for column in columns
    )
    noise = np.random.default_rng(0).normal(size=len(oracle))
    return logit(np.clip(oracle, 1e-9, 1 - 1e-9)) + noise, abuse, inclusion


def draw_lotteries(
    score: Floats, abuse: Floats, inclusion: Floats, capacity: float, times: int
) -> Iterator[Drawn]:
    rng, truth = np.random.default_rng(1), figures_of(score, abuse, capacity)
    for _ in range(times):
        yield score, np.where(rng.random(len(abuse)) < inclusion, abuse, np.nan), inclusion, truth


@pytest.mark.parametrize(
    ("world", "cases", "capacity"),
    [("nl-2017", 60_000, 0.023), ("sparse", 60_000, 0.05), ("nl-2011-2016", 20_000, 0.10)],
)
def test_in_worlds_the_logged_lottery_tells_the_truth_and_the_naive_figure_does_not(
    world: str, cases: int, capacity: float
) -> None:
    score, abuse, inclusion = of_world(world, cases)
    lists = draw_lotteries(score, abuse, inclusion, capacity, 250)
    figures = tally(lists, capacity, target="list")
    for name, kind in product(WEIGHTED, FIGURES):
        one = figures[name, kind]
        # Half of what is missed is in a level of which one case in 80 to 200 was opened.
        assert one.coverage > 0.94
        if kind != "recall":
            assert abs(one.bias) < 4 * one.doubt
        else:
            assert -0.02 < one.bias < 0.25
    assert figures["naive", "prevalence"].bias > 1
    assert figures["naive", "recall"].bias > 0.15
    assert figures["naive", "recall"].coverage < 0.05
    assert figures["naive", "precision"].bias > 0.2


def test_investigations_that_go_on_are_made_up_for_by_the_chance_of_having_ended() -> None:
    # Abuse has become rarer during the year, and what was chosen late has mostly no outcome yet.
    rng = np.random.default_rng(11)
    corrected, ignored = Tally(), Tally()
    for _ in range(300):
        begun = rng.uniform(0, 335, 5_000)
        abuse = (rng.random(5_000) < 0.25 - 0.2 * begun / 335).astype(float)
        chosen = np.flatnonzero(rng.random(5_000) < 0.3)
        ends = begun[chosen] + 10 + rng.exponential(80, len(chosen))
        ends[ends > 365] = np.nan
        finishing = finishing_chance(begun[chosen], ends, 365.0)
        outcome, inclusion = np.full((2, 5_000), np.nan)
        outcome[chosen] = np.where(np.isnan(ends), np.nan, abuse[chosen])
        for one, chance in ((corrected, finishing.chance), (ignored, np.ones(len(chosen)))):
            inclusion[chosen] = 0.3 * chance
            figure = hajek_prevalence(outcome, inclusion)
            one.ratio.append(figure.estimate / 0.15)
            one.held.append(figure.low <= 0.15 <= figure.high)
    assert abs(corrected.bias) < 4 * corrected.doubt
    assert 0.93 < corrected.coverage < 0.98
    assert ignored.bias > 0.08
    assert ignored.coverage < 0.8


def test_the_length_of_investigations_of_a_world_is_found_through_those_that_go_on() -> None:
    # The world file: a month in 30 %, a quarter in 40 %, half a year in 22 %, a year in 8 %.
    tables = [
        one.part.tables["outcomes"].to_pandas()
        for one in simulate(load_world("nl-2011-2016"), 30_000, seed=2)
    ]
    outcomes = pd.concat(tables)
    assert (outcomes["outcome_kind"] == "open").sum() > 50
    as_of = load_world("nl-2011-2016").end
    finishing = finishing_chance(outcomes["selected_at"], outcomes["outcome_at"], as_of)
    day = 86_400
    assert finishing.ended_within([30 * day, 90 * day, 180 * day, 366 * day]) == pytest.approx(
        [0.30, 0.70, 0.92, 1.0], abs=0.02
    )
