"""The model card: what a model is, what it was trained on, and what it must not be used for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.features.catalogue import FEATURES
from triage.scoring.additive import Line

if TYPE_CHECKING:
    from triage.scoring.additive import AdditiveModel, Term
    from triage.scoring.calibration import PlattCalibration


def write_card(
    model: AdditiveModel,
    calibration: PlattCalibration | None,
    not_calibrated: str,
    about: dict[str, Any],
    metrics: dict[str, Any],
) -> str:
    """Return the model card in Markdown.

    Parameters
    ----------
    model : AdditiveModel
        The model; its terms are printed to the last number.
    calibration : PlattCalibration or None
        Its calibration.
    not_calibrated : str
        Why there is none.
    about : dict
        What it was trained on.
    metrics : dict
        Its evaluation; ``summary`` holds the lines that are printed.
    """
    synthetic = bool(about.get("synthetic"))
    data = f"{'synthetic cases, ' if synthetic else ''}{about.get('population', 'nothing')}"
    lines = [
        f"# Model card: {model.name}",
        "",
        "Orders reports about online child sexual abuse for people who decide. It decides nothing.",
        "Not for any use as evidence, against a person, or without somebody who reads the case.",
        "",
        f"- Kind: additive, in {model.unit}; every reason is an exact term of the sum.",
        f"- Trained on: {data}.",
        f"- Labels: {about.get('labels', 'none')}.",
        f"- Training data, SHA-256: {about.get('data_sha256', 'none')}",
    ]
    for name, period in about.get("periods", {}).items():
        kind = "synthetic cases" if synthetic else "cases"
        dates = " to ".join(period["from_to"])
        lines.append(f"- {name}: {period['cases']:,} {kind}, {period['positives']:,} positive, {dates}")
    figures = ["```text", *metrics.get("summary", ["not evaluated"]), "```"]
    lines += ["", "## Calibration", "", _calibration_sentence(calibration, not_calibrated)]
    lines += ["", "## On the latest period", "", *figures]
    lines += [
        "",
        "## Terms",
        "",
        f"The score starts at {model.intercept:.4f}.",
        "",
        "| feature | adds |",
        "|---|---|",
    ]
    lines += [f"| {term.feature} | {_adds(term)} |" for term in model.terms]
    return "\n".join(lines) + "\n"


def _adds(term: Term) -> str:
    """Return a term in words, to the fourth decimal."""
    if isinstance(term, Line):
        of = "log(1 + value)" if term.log else "value"
        return f"{term.slope:+.4f} x ({of} - {term.center:.4f}); 0 where unknown"
    if FEATURES[term.feature].is_flag:
        denied, unknown, asserted = term.values
        return f"asserted {asserted:+.4f}, unknown {unknown:+.4f}, denied {denied:+.4f}"
    starts = ["below", *(f"from {edge:g}" for edge in term.edges)]
    steps = ", ".join(f"{start} {value:+g}" for start, value in zip(starts, term.values, strict=True))
    return f"{steps}; unknown {term.unknown:+g}"


def _calibration_sentence(curve: PlattCalibration | None, not_calibrated: str) -> str:
    if curve is None:
        return f"None: {not_calibrated}. Score, rank and reasons stand; no probability is shown."
    kind = "synthetic cases" if curve.synthetic else "cases"
    return (
        f"logit p = {curve.a:.4f} + {curve.b:.4f} x score, on {curve.cases:,} later {kind} with"
        f" {curve.positives:,} positive; a share of {curve.denominator}, for {curve.population} alone."
    )
