"""Learn the informed model: the published evidence, corrected by the outcomes there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.scoring.additive import AdditiveModel
from triage.scoring.informed.averaging import (
    Average,
    Candidates,
    average_posteriors,
    grid_candidates,
    mixture_interval,
)
from triage.scoring.informed.columns import Column, build_terms, fill_columns, find_zeros, lay_columns
from triage.scoring.informed.evidence import Evidence, read_evidence
from triage.scoring.informed.posterior import NormalPrior
from triage.scoring.learner import Learned, Lesson, scale_to_effective
from triage.scoring.written import read_number, refuse_unknown_keys
from triage.shipped import find_shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_CANDIDATES = 100
SPAN = (0.01, 100.0)
LEVEL = 0.95
# Coefficients are kept to the sixth decimal: what lies beyond depends on the machine's order of adding up.
_DECIMALS = 6
_SELECTION = (
    "The labels are those of opened cases. Cases were opened for what was known of them, and what was known"
    " is in the model; given that, the outcome does not depend on having been opened. So the coefficients are"
    " those of all cases if the model is right, and nothing is weighted. Where a case was opened for"
    " something that no feature holds, the base rate is too high for the cases that stay closed."
)
_WEIGHTED = (
    "Every case counts with its weight, and all together as many as they are worth: the square of the sum of"
    " the weights, divided by the sum of their squares. This protects the coefficients where the model is not"
    " right for all cases alike, at the price of wider intervals, which the table understates."
)


@dataclass(frozen=True)
class InformedOptions:
    """Options of the informed model.

    Parameters
    ----------
    evidence : str
        The shipped file by its name, or the path of a TOML file.
    mean_shares : tuple of float
        Shares of the published means to choose among.
    scale_factors : tuple of float
        Factors on the published spreads to choose among.
    likely_share, likely_factor : float
        What is expected of both before any outcome.
    doubt : float
        Standard deviation of the logarithm of each around what is expected.
    """

    evidence: str = "evidence"
    mean_shares: tuple[float, ...] = (0.25, 0.5, 1.0)
    scale_factors: tuple[float, ...] = (0.5, 1.0, 2.0)
    likely_share: float = 0.5
    likely_factor: float = 1.0
    doubt: float = 0.25


def read_options(table: dict[str, Any], where: str) -> InformedOptions:
    """Read the options of a recipe.

    Parameters
    ----------
    table : dict
        ``[options]`` of the recipe.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        An unknown key or an impossible value.

    Examples
    --------
    >>> read_options({"scale_factors": [1.0]}, "mine.toml").scale_factors
    (1.0,)
    """
    defaults = InformedOptions()
    refuse_unknown_keys(table, vars(defaults), where)
    evidence = table.get("evidence", defaults.evidence)
    if not isinstance(evidence, str) or not evidence:
        raise InputRefusedError(f"evidence = {evidence!r}", where=where, expected="a name or a path")
    shares, factors = (
        _numbers(table, key, getattr(defaults, key), where) for key in ("mean_shares", "scale_factors")
    )
    if len(shares) * len(factors) > MOST_CANDIDATES:
        raise InputRefusedError(
            f"{len(shares)} mean_shares with {len(factors)} scale_factors",
            where=where,
            expected=f"at most {MOST_CANDIDATES} pairs",
        )
    share, factor, doubt = (
        read_number(table, key, SPAN, where, default=getattr(defaults, key))
        for key in ("likely_share", "likely_factor", "doubt")
    )
    return InformedOptions(evidence, shares, factors, share, factor, doubt)


def _numbers(table: dict[str, Any], key: str, default: tuple[float, ...], where: str) -> tuple[float, ...]:
    values = table.get(key, default)
    sound = isinstance(values, list | tuple) and all(_is_between(value) for value in values)
    if not sound or not values or len(set(values)) < len(values):
        raise InputRefusedError(
            f"{key} = {values!r}", where=where, expected="a list of different numbers from 0.01 to 100"
        )
    return tuple(float(value) for value in values)


def _is_between(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and SPAN[0] <= value <= SPAN[1]


def learn_informed(lesson: Lesson, options: InformedOptions) -> Learned:
    r"""Learn a logistic model that starts from the published evidence.

    The log-odds are a sum over what is asserted, denied and counted; a coefficient starts from
    :math:`N(\kappa m, \tau^2 s^2)` with the mean m and the spread s of its class in the file of evidence. The
    published effects are of one factor at a time, and factors overlap, so their sum counts things twice;
    :math:`\kappa` takes a share of all. Where the evidence is wrong, :math:`\tau` lets the outcomes say so.
    Both are averaged over by the evidence of the outcomes. Without outcomes the model is the published
    evidence alone; with many, the outcomes alone.

    Parameters
    ----------
    lesson : Lesson
        May have few cases, one outcome alone, or no rows.
    options : InformedOptions
        From `read_options`.

    Returns
    -------
    Learned
        An additive model in log-odds. The notes hold the coefficients before and after, the weights of all
        pairs of :math:`\kappa` and :math:`\tau`, and the lines of the card.

    Raises
    ------
    InputRefusedError
        The evidence cannot be read, or lacks a feature.

    References
    ----------
    Greenland, S. (2007). Bayesian perspectives for epidemiological research. II. Regression analysis.
    International Journal of Epidemiology 36, 195-202.

    Examples
    --------
    >>> names = ("escalated", "contact_record")
    >>> none = Lesson("informed", names, np.empty((0, 2)), np.empty(0), np.empty(0))
    >>> model = learn_informed(none, InformedOptions(mean_shares=(1.0,))).model
    >>> model.contributions(np.array([[1.0, -1.0]])).tolist()
    [[1.6, -0.3]]
    """
    evidence = _find_evidence(options.evidence)
    columns = lay_columns(lesson.features, evidence)
    zeros = find_zeros(columns, evidence)
    prior = NormalPrior(
        np.array([evidence.base_rate.mean, *(column.mean for column in columns)]),
        np.array([evidence.base_rate.spread, *(column.spread for column in columns)]),
        np.array([0.0, *(column.sign for column in columns)]),
    )
    candidates = grid_candidates(
        np.array(options.mean_shares),
        np.array(options.scale_factors),
        likely_share=options.likely_share,
        likely_factor=options.likely_factor,
        doubt=options.doubt,
    )
    average = average_posteriors(
        fill_columns(lesson.features, np.asarray(lesson.matrix, dtype=np.float64), columns, zeros),
        np.asarray(lesson.outcome, dtype=np.float64),
        scale_to_effective(np.asarray(lesson.weight, dtype=np.float64)),
        prior,
        candidates,
    )
    theta = average.mean.round(_DECIMALS) + 0.0
    model = AdditiveModel(
        lesson.name,
        "log-odds",
        build_terms(lesson.features, columns, zeros, theta[1:]),
        float(theta[0]),
        {name: evidence.factors[name].source for name in lesson.features},
    )
    notes = {
        "evidence": evidence.name,
        "labels": len(lesson.outcome),
        "positives": int(np.sum(lesson.outcome)),
        **_judge(candidates, average),
        "coefficients": _compare(columns, prior, candidates, average),
    }
    notes["card"] = _write_lines(notes, weighted=bool(np.ptp(lesson.weight)) if len(lesson.weight) else False)
    return Learned(model, notes)


def _find_evidence(name: str) -> Evidence:
    path = Path(name) if name.endswith(".toml") else find_shipped("models", f"{name}.toml")
    return read_evidence(path)


def _judge(candidates: Candidates, average: Average) -> dict[str, Any]:
    """Return how far the outcomes trust the evidence."""
    pairs = zip(candidates.share.tolist(), candidates.factor.tolist(), average.weight.tolist(), strict=True)
    return {
        "mean_share": round(float(average.weight @ candidates.share), 4),
        "scale_factor": round(float(average.weight @ candidates.factor), 4),
        "candidates": [
            {"mean_share": share, "scale_factor": factor, "probability": round(weight, 4)}
            for share, factor, weight in pairs
        ],
    }


def _compare(
    columns: Sequence[Column], prior: NormalPrior, candidates: Candidates, average: Average
) -> list[dict[str, Any]]:
    """Return each coefficient before and after the outcomes, per unit of the evidence."""
    intercept = np.arange(len(prior.mean)) == 0
    center = np.where(intercept, 1.0, candidates.share[:, None]) * prior.mean
    scale = np.where(intercept, 1.0, candidates.factor[:, None]) * prior.scale
    before = np.column_stack(
        [candidates.weight @ center, mixture_interval(center, scale, prior.sign, candidates.weight, LEVEL)]
    )
    after = np.column_stack([average.mean, average.interval(LEVEL)])
    unit = np.array([1.0, *(column.unit for column in columns)])[:, None]
    before, after = (before * unit).round(4) + 0.0, (after * unit).round(4) + 0.0
    named = [("base rate", ""), *((column.label, column.strength_class) for column in columns)]
    return [
        {"of": label, "class": strength_class, "before": first.tolist(), "after": then.tolist()}
        for (label, strength_class), first, then in zip(named, before, after, strict=True)
    ]


def _write_lines(notes: dict[str, Any], *, weighted: bool) -> list[str]:
    labels, positives = notes["labels"], notes["positives"]
    selection = _WEIGHTED if weighted else _SELECTION
    lines = [
        f"Starts from: {notes['evidence']}. Corrected by {labels:,} labelled cases, {positives:,} positive.",
        "",
        f"The outcomes give the published means a share of {notes['mean_share']:.2f} (factors overlap) and"
        f" multiply their spreads by {notes['scale_factor']:.2f}."
        if labels
        else "No outcome has corrected it yet: the order of the cases means something, the log-odds do not.",
        "",
        selection if labels else "There are no labels, so nothing was selected.",
        "",
        f"Log odds ratios with {LEVEL:.0%} intervals, before and after the outcomes:",
        "",
        "| of | class | before | after |",
        "|---|---|---|---|",
    ]
    for row in notes["coefficients"]:
        before, after = ("{:+.2f} ({:+.2f} to {:+.2f})".format(*row[when]) for when in ("before", "after"))
        lines.append(f"| {row['of']} | {row['class']} | {before} | {after} |")
    return lines
