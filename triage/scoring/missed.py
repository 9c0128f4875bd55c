"""What if investigations missed some abuse: the model learned again, with some "no" read as "missed"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.scoring.learner import Lesson
from triage.scoring.learners import LEARNERS
from triage.scoring.newton import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from triage.scoring.gathering import LabelledCases
    from triage.scoring.model import Model
    from triage.scoring.recipe import Recipe

    Floats = NDArray[np.float64]

ROUNDS = 8
CAPACITY = 0.023


@dataclass(frozen=True)
class MissedShare:
    """How the order changes if a share of the abuse was missed.

    Parameters
    ----------
    missed : float
        The share of cases with current abuse in which the investigation is supposed to have found none.
    abuse : float
        The share of the labelled cases that then have current abuse.
    overlap : float
        Of the labelled cases, how many of those first by capacity stay among the first.
    moved : float
        Spearman's rank correlation between both orders, over all labelled cases.
    """

    missed: float
    abuse: float
    overlap: float
    moved: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures as plain values."""
        return {"missed": self.missed, "abuse": self.abuse, "overlap": self.overlap, "moved": self.moved}


def vary_missed(
    recipe: Recipe, cases: LabelledCases, weight: Floats, shares: Iterable[float]
) -> list[MissedShare]:
    r"""Learn a model again for each supposed share of missed abuse, and say how far the order changes.

    A "no" is then not the absence of abuse: labelled cases are positive, or unlabelled. With the share
    :math:`c` missed whatever is known of a case, a case with a "no" has current abuse with chance

    .. math:: P(\text{abuse} \mid \text{no}, x) = \frac{c\,p(x)}{1 - (1 - c)\,p(x)}

    (Elkan and Noto 2008, equation 4). It counts as a "yes" with this weight and as a "no" with the rest, and
    the model is learned again until the weights settle (expectation maximisation).

    Parameters
    ----------
    recipe : Recipe
        What to learn.
    cases : LabelledCases
        To learn from.
    weight : array of float, shape (n_cases,)
        What each counts for.
    shares : iterable of float
        From 0 to below 1. It cannot be learned from the same labels: it is a supposition.

    Returns
    -------
    list of MissedShare

    Raises
    ------
    ValueError
        A share is not from 0 to below 1.

    References
    ----------
    Elkan, C., Noto, K. (2008). Learning classifiers from only positive and unlabeled data. KDD, 213-220.
    """
    plain = _score(_learn(recipe, cases, cases.outcome, weight), recipe, cases)
    found = []
    for share in shares:
        if not 0 <= share < 1:
            raise ValueError(f"a missed share of {share}; expected from 0 to below 1")
        score, abuse = _settle(recipe, cases, weight, share, plain)
        found.append(
            MissedShare(
                share,
                float(weight @ abuse / weight.sum()),
                _overlap(plain, score),
                _rank_correlation(plain, score),
            )
        )
    return found


def _settle(
    recipe: Recipe, cases: LabelledCases, weight: Floats, share: float, score: Floats
) -> tuple[Floats, Floats]:
    """Return the score and the chance of abuse of each case when both no longer change."""
    abuse = cases.outcome
    for _ in range(ROUNDS if share else 0):
        p = _probability(score, abuse, weight)
        chance = np.where(cases.outcome == 1, 1.0, share * p / (1 - (1 - share) * p))
        settled = np.abs(chance - abuse).max() < 1e-4
        abuse = chance
        score = _score(_learn(recipe, cases, abuse, weight), recipe, cases)
        if settled:
            break
    return score, abuse


def _learn(recipe: Recipe, cases: LabelledCases, abuse: Floats, weight: Floats) -> Model:
    """Learn from cases that count as "yes" by their chance of abuse and as "no" by the rest."""
    both = np.flatnonzero((abuse > 0) & (abuse < 1))
    lesson = Lesson(
        recipe.name,
        recipe.features,
        np.concatenate([cases.matrix, cases.matrix[both]]),
        np.concatenate([(abuse == 1).astype(np.float64), np.ones(len(both))]),
        np.concatenate([weight * np.where(abuse == 1, 1.0, 1.0 - abuse), weight[both] * abuse[both]]),
        recipe.seed,
    )
    return LEARNERS[recipe.kind].learn(lesson, recipe.options).model


def _score(model: Model, recipe: Recipe, cases: LabelledCases) -> Floats:
    asked = [recipe.features.index(name) for name in model.features]
    return model.score(model.contributions(cases.matrix[:, asked]))


def _probability(score: Floats, abuse: Floats, weight: Floats) -> Floats:
    """Return the probability that goes with each score: a line on the logit scale, whatever its unit."""
    scaled = (score - score.mean()) / (score.std() or 1.0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    fit = fit_logistic(abuse, design, np.zeros(len(scaled)), weight)
    if fit is None:
        return np.full(len(score), float(weight @ abuse / weight.sum()))
    logit: Floats = design @ fit.coefficients
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -700, 700))))


def _overlap(one: Floats, other: Floats) -> float:
    k = max(round(CAPACITY * len(one)), 1)
    first = [set(np.argsort(-score, kind="stable")[:k].tolist()) for score in (one, other)]
    return len(first[0] & first[1]) / k


def _rank_correlation(one: Floats, other: Floats) -> float:
    from scipy.stats import spearmanr  # noqa: PLC0415 -- half a second that only this needs

    if one.min() == one.max() or other.min() == other.max():
        return float("nan")
    return float(spearmanr(one, other).statistic)


def describe_missed(found: Iterable[MissedShare]) -> list[str]:
    """Return the figures as lines.

    Examples
    --------
    >>> describe_missed([MissedShare(0.2, 0.012, 0.9, 0.98)])
    ['if 20 % of the abuse was missed: 90 % of the first 2.3 % stay, rank correlation 0.98']
    """
    return [
        f"if {100 * row.missed:.0f} % of the abuse was missed:"
        f" {100 * row.overlap:.0f} % of the first {100 * CAPACITY:.1f} % stay,"
        f" rank correlation {row.moved:.2f}"
        for row in found
    ]
