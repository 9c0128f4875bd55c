"""Every estimator against the truth, over many lotteries: what it gets right, and what naive figures get wrong.

Lists are drawn here with numpy, or taken from worlds and given new lotteries by their own selection
probability. A score sees part of what makes abuse likelier; whoever chose the cases saw another part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import expit

from triage.evaluation.selection.selected import evaluate_selected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

pytestmark = pytest.mark.slow

WEIGHTED = ("horvitz_thompson", "hajek", "augmented")
FIGURES = ("precision", "recall", "found", "missed", "prevalence")


@dataclass
class Tally:
    """What an estimator gave, over the truth, and whether its interval held it."""

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
    stratum: bool = False

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


def tally(
    lists: Iterator[tuple[Floats, Floats, Floats, dict[str, float]]],
    capacity: float,
    names: tuple[str, ...] = ("naive", *WEIGHTED),
    **options: object,
) -> dict[tuple[str, str], Tally]:
    tallies: dict[tuple[str, str], Tally] = {}
    for score, outcome, inclusion, truth in lists:
        if options.pop("by_inclusion", False) or "stratum" in options:
            options["stratum"] = inclusion
        figures = evaluate_selected(outcome, score, inclusion, capacity=capacity, **options)
        for name in names:
            for kind in FIGURES:
                holder = figures.prevalence if kind == "prevalence" else figures.at[0]
                if not hasattr(holder, name):
                    continue
                figure = getattr(holder, name)
                figure = figure if kind == "prevalence" else getattr(figure, kind)
                if not figure.estimable or (name == "naive" and kind in {"found", "missed"}):
                    continue
                expected = truth[kind] * (len(score) if kind in {"found", "missed"} else 1)
                one = tallies.setdefault((name, kind), Tally())
                one.ratio.append(figure.estimate / expected)
                one.held.append(figure.low <= expected <= figure.high)
                one.width.append((figure.high - figure.low) / expected)
    return tallies


def redraw(
    lottery: Lottery, times: int, seed: int
) -> Iterator[tuple[Floats, Floats, Floats, dict[str, float]]]:
    rng, truth = np.random.default_rng(seed), lottery.truth()
    for _ in range(times):
        score, abuse, inclusion = lottery.draw(rng)
        yield score, np.where(rng.random(len(score)) < inclusion, abuse, np.nan), inclusion, truth


def show(tallies: dict[tuple[str, str], Tally]) -> str:
    return "\n".join(
        f"{name:17s}{kind:11s}{len(one.ratio):5d} bias {one.bias:+.3f} +- {one.doubt:.3f} coverage {one.coverage:.3f}"
        f" width {np.mean(one.width):.2f}"
        for (name, kind), one in tallies.items()
    )
