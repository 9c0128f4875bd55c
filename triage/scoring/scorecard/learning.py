"""Learn a scorecard from labelled cases, with the signs of the catalogue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.features.catalogue import FEATURES
from triage.scoring.additive import AdditiveModel, Steps, Term, flag_steps
from triage.scoring.learner import Learned
from triage.scoring.written import read_numbers

if TYPE_CHECKING:
    from triage.scoring.learner import Lesson
    from triage.scoring.scorecard.classifier import SparseScorecardClassifier
    from triage.scoring.scorecard.printed import Scorecard

_SPANS = {
    "max_factors": (1, 200),
    "max_points": (1, 100),
    "max_steps": (1, 50),
    "max_cuts": (1, 200),
    "penalty": (0, 1e6),
    "beam_width": (1, 1000),
    "pool_size": (1, 10_000),
    "pool_gap": (0, 1),
    "auc_gap": (0, 1),
    "kicks": (0, 10_000),
    "certify_seconds": (0, 86_400),
    "certify_nodes": (1, 10**6),
}


@dataclass(frozen=True)
class ScorecardOptions:
    """What a recipe says about a learned scorecard; see `SparseScorecardClassifier`.

    Parameters
    ----------
    max_factors : int
        Most features on the card.
    max_points : int
        Points are whole numbers from its negative to itself.
    max_steps : int
        Most statements about one feature.
    max_cuts : int
        Most cuts of a number that are considered.
    penalty : float
        Nats of log-likelihood that each statement must earn.
    beam_width, pool_size, pool_gap, kicks
        How far to search.
    auc_gap : float
        How much loss may be given, relative to the least, for a card that orders the cases better.
    certify_seconds : float
        Time for the proof; 0 for none.
    certify_nodes : int
        Most parts into which it splits all cards.
    """

    max_factors: int = 15
    max_points: int = 5
    max_steps: int = 3
    max_cuts: int = 20
    penalty: float = 2.0
    beam_width: int = 10
    pool_size: int = 50
    pool_gap: float = 0.01
    auc_gap: float = 0.0
    kicks: int = 0
    certify_seconds: float = 0.0
    certify_nodes: int = 1000


def read_options(table: dict[str, Any], where: str) -> ScorecardOptions:
    """Read the table ``[options]`` of a recipe.

    Parameters
    ----------
    table : dict
        Of plain values; what is left out has its default.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A key is not known, or a value is not possible.

    Examples
    --------
    >>> read_options({"max_factors": 12}, "recipe.toml").max_factors
    12
    """
    return read_numbers(ScorecardOptions, _SPANS, table, where)


def learn_scorecard(lesson: Lesson, options: ScorecardOptions) -> Learned:
    """Learn a scorecard whose factors are features of the catalogue, each with the catalogue's sign.

    A factor is a feature; a number may have several steps, up to ``options.max_steps``, all in one direction.
    A flag has points where asserted, where denied, or both, and 0 where unknown; a number has 0 there too.

    Parameters
    ----------
    lesson : Lesson
        Labelled cases.
    options : ScorecardOptions
        From the recipe.

    Returns
    -------
    Learned
        An `AdditiveModel` in points whose intercept is 0; the notes hold ``intercept`` and ``multiplier``,
        with which ``(points + intercept) / multiplier`` are the log-odds among the cases of the lesson.
    """
    # scikit-learn takes long to import, and scoring with a card does not need it.
    from triage.scoring.scorecard.classifier import SparseScorecardClassifier  # noqa: PLC0415

    classifier = SparseScorecardClassifier(
        **asdict(options),
        signs=[FEATURES[name].sign for name in lesson.features],
        count="columns",
        random_state=lesson.seed,
    )
    classifier.fit(lesson.matrix, lesson.outcome, sample_weight=lesson.weight)
    model = AdditiveModel(lesson.name, "points", _make_terms(classifier.card_, lesson.features))
    return Learned(model, _make_notes(classifier, lesson), 1.0 / classifier.multiplier_)


def _make_terms(card: Scorecard, features: tuple[str, ...]) -> tuple[Term, ...]:
    """Return a term per feature with points, in the order of the features."""
    used = sorted(set(card.cuts.source)) or [0]
    return tuple(_make_term(card, column, features[column]) for column in used)


def _make_term(card: Scorecard, column: int, name: str) -> Term:
    held = np.flatnonzero(np.array(card.cuts.source) == column)
    edges = sorted({card.cuts.edge[index] for index in held})
    # One value inside each interval: on an edge the interval above it has begun.
    inside = [-1.0, 0.0, 1.0] if FEATURES[name].is_flag else [-np.inf, *edges]
    probes = np.full((len(inside), 1 + max((*card.cuts.source, column))), np.nan)
    probes[:, column] = inside
    values = card.total(probes)
    if FEATURES[name].is_flag:
        return flag_steps(name, *values.tolist())
    return Steps(name, tuple(edges), tuple(map(float, values)), 0.0)


def _make_notes(classifier: SparseScorecardClassifier, lesson: Lesson) -> dict[str, Any]:
    losses = [card.loss for card in classifier.pool_]
    notes: dict[str, Any] = {
        "intercept": classifier.intercept_,
        "multiplier": classifier.multiplier_,
        "loss": classifier.loss_,
        "factors": len(set(classifier.card_.cuts.source)),
        "pool": len(losses),
        "pool_losses": [min(losses), max(losses)],
        "lower_bound": classifier.lower_bound_,
        "gap": classifier.gap_,
    }
    notes["card"] = _say_card(classifier.card_, lesson.features, notes)
    return notes


def _say_card(card: Scorecard, features: tuple[str, ...], notes: dict[str, Any]) -> list[str]:
    lines = ["| statement | points |", "|---|---:|"]
    for source, edge, side, points in zip(
        card.cuts.source, card.cuts.edge, card.cuts.side, card.points, strict=True
    ):
        name = features[source]
        if FEATURES[name].is_flag:
            said = f"{name}: {'asserted' if side > 0 else 'denied'}"
        else:
            said = f"{name}: {'from' if side > 0 else 'below'} {edge:.12g}"
        lines.append(f"| {said} | {points:+d} |")
    least, most = notes["pool_losses"]
    sign = "-" if card.intercept < 0 else "+"
    scale = f"(points {sign} {abs(card.intercept):.4g}) / {card.multiplier:.4g}"
    proof = "How far from the best card, is not proved."
    if notes["gap"] is not None:
        proof = (
            f"Proved: with this multiplier no card within the limits has less than"
            f" {notes['lower_bound']:.6f}, {notes['gap']:.2%} below."
        )
    pool = f"{notes['pool']} near-equal cards, with losses from {least:.6f} to {most:.6f}"
    return [
        *lines,
        "",
        f"- Log-odds among the cases it was fitted on: {scale}. What is unknown has no points.",
        f"- Mean logistic loss {card.loss:.6f} nats. {proof}",
        f"- {pool}: the choice among them is not the data's alone.",
    ]
