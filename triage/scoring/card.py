"""The model card: what a model is, what it was trained on, and what it must not be used for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.scoring.additive import AdditiveModel
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
    data = (
        f"synthetic data of the world {about.get('world')}" if synthetic else "outcomes of the agency itself"
    )
    lines = [
        f"# Model card: {model.name}",
        "",
        "Orders reports about online child sexual abuse for people who decide. It decides nothing.",
        "Not for any use as evidence, against a person, or without somebody who reads the case.",
        "",
        f"- Kind: additive, in {model.unit}; every reason is an exact term of the sum.",
        f"- Trained on: {data}.",
        f"- Training data, SHA-256: {about.get('data_sha256', 'none')}",
    ]
    for name, period in about.get("periods", {}).items():
        kind = "synthetic cases" if synthetic else "cases"
        dates = " to ".join(period["from_to"])
        lines.append(f"- {name}: {period['cases']:,} {kind}, {period['positives']:,} positive, {dates}")
    figures = ["```text", *metrics.get("summary", ["not evaluated"]), "```"]
    lines += ["", "## Calibration", "", _calibration_sentence(calibration, not_calibrated)]
    lines += ["", "## On the latest period", "", *figures]
    lines += ["", "## Terms", "", f"Intercept {model.intercept:.4f}.", "", "| feature | term |", "|---|---|"]
    for term in model.terms:
        values = {key: _rounded(value) for key, value in term.as_dict().items() if key != "feature"}
        lines.append(f"| {term.feature} | `{json.dumps(values)}` |")
    return "\n".join(lines) + "\n"


def _calibration_sentence(curve: PlattCalibration | None, not_calibrated: str) -> str:
    if curve is None:
        return f"None: {not_calibrated}. Score, rank and reasons stand; no probability is shown."
    slope = "" if curve.slope_fitted else " Too few positives to fit a slope: only the intercept was fitted."
    kind = "synthetic cases" if curve.synthetic else "cases"
    return (
        f"logit p = {curve.a:.4f} + {curve.b:.4f} x score, on {curve.cases:,} later {kind} with"
        f" {curve.positives:,} positive; a share of {curve.denominator}.{slope}"
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [round(item, 4) for item in value]
    return value if isinstance(value, bool) else round(value, 4)
