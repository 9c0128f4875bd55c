"""The model card: what a model is, what it was trained on, and what it must not be used for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.features.catalogue import FEATURES
from triage.scoring.additive import AdditiveModel, Line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from triage.scoring.additive import Term
    from triage.scoring.bundle import Bundle
    from triage.scoring.calibration import Calibration

_INTENDED = """\
Orders reports about online child sexual abuse, by the likelihood that a child is being abused now, so that
the few people who investigate open those first. People decide; the model decides nothing and drops nothing.

Must not be used

- as evidence, as a ground for suspicion, or for any decision about a person that nobody made who read the
  case;
- to close a case, or to leave one unread for good: a low place is no clearance;
- where the reports, the features or the way of choosing differ from those it was made on, before it was
  evaluated and calibrated there on the agency's own outcomes;
- with anything but category codes: no text, no imagery, no names."""

_LIMITS = """\
- Outcomes exist for investigated cases alone. What was never opened is not known, and an order learned from
  what was opened can repeat the choices of those who opened.
- Investigations miss abuse. A "no" is not the absence of abuse.
- Almost no published effect of a single factor exists; directions come from the literature, sizes from the
  data.
- What is unknown counts as unknown. A poor report is neither safe nor dangerous for being poor.
- A probability, where one is shown, is the reading of a curve for many cases with such a score, not of this
  case."""

_SYNTHETIC = (
    "**Trained on synthetic data.** Every case is made up by a simulation, and no figure below says anything"
    " of real cases. It shows that the method works where the truth is known; it is not a model to rank real"
    " reports by."
)


def write_card(bundle: Bundle) -> str:
    """Return the model card in Markdown, made from the run alone.

    Parameters
    ----------
    bundle : Bundle
        The model, printed to the last number; its calibration; what it was trained on (``about``); its
        evaluation (``metrics``: lines in ``summary``, what the learner tells in ``learned``).
    """
    about, metrics, model = bundle.about, bundle.metrics, bundle.model
    lines = [f"# Model card: {model.name}", ""]
    if about.get("synthetic"):
        lines += [_SYNTHETIC, ""]
    lines += ["## What it is for", "", *_INTENDED.splitlines(), "", "## What it was trained on", ""]
    lines += _tell_data(about)
    if metrics.get("nothing"):
        lines += ["", f"**{metrics['nothing']}**"]
    lines += ["", "## Calibration", "", _calibration_sentence(bundle.calibration, bundle.not_calibrated)]
    lines += ["", "## On the latest period", "", "```text", *metrics.get("summary", ["not evaluated"]), "```"]
    told = metrics.get("learned", {}).get("card", [])
    if told:
        lines += ["", "## How it was learned", "", *told]
    lines += ["", "## Known limits", "", *_LIMITS.splitlines(), "", "## The model", "", *_tell_model(bundle)]
    return "\n".join(lines) + "\n"


def _tell_data(about: Mapping[str, Any]) -> Iterator[str]:
    synthetic = bool(about.get("synthetic"))
    yield f"- Cases: {'synthetic cases, ' if synthetic else ''}{about.get('population', 'nothing')}."
    yield f"- Labels: {about.get('labels', 'none')}."
    yield f"- Training data, SHA-256: {about.get('data_sha256', 'none')}"
    for name, period in about.get("periods", {}).items():
        kind = "synthetic cases" if synthetic else "cases"
        dates = " to ".join(period["from_to"]) or "no dates"
        yield f"- {name}: {period['cases']:,} {kind}, {period['positives']:,} positive, {dates}"
    if again := about.get("fitted_again_on"):
        yield f"- fitted again on all {again['cases']:,}, {again['positives']:,} positive. The figures below"
        yield "  are of the model before that, and its curve of probabilities was carried over."
    if about.get("left_out"):
        yield f"- left out: {about['left_out']:,} later cases about a person of an earlier period"
    if "weights" in about:
        yield f"- weights in learning: {about['weights']}; seed {about.get('seed', 0)}"


def _tell_model(bundle: Bundle) -> Iterator[str]:
    model = bundle.model
    if not isinstance(model, AdditiveModel):
        yield f"{len(model.features)} features, in {model.unit}. Reasons: {model.reasons_note}."
        yield ""
        yield from (f"- {name}" for name in model.features)
        return
    yield f"Additive, in {model.unit}: every reason is an exact term of the sum. The score starts at"
    yield f"{model.intercept:.4f}."
    yield from ("", "| feature | adds |", "|---|---|")
    yield from (f"| {term.feature} | {_adds(term)} |" for term in model.terms)


def _adds(term: Term) -> str:
    """Return a term in words, to the fourth decimal."""
    if isinstance(term, Line):
        of = "log(1 + value)" if term.log else "value"
        return f"{term.slope:+.4f} x ({of} - {term.center:.4f}); 0 where unknown"
    if FEATURES[term.feature].is_flag and len(term.values) == 3:
        denied, unknown, asserted = term.values
        return f"asserted {asserted:+.4f}, unknown {unknown:+.4f}, denied {denied:+.4f}"
    starts = ["below", *(f"from {edge:g}" for edge in term.edges)]
    steps = ", ".join(f"{start} {value:+g}" for start, value in zip(starts, term.values, strict=True))
    return f"{steps}; unknown {term.unknown:+g}"


def _calibration_sentence(curve: Calibration | None, not_calibrated: str) -> str:
    if curve is None:
        return f"None: {not_calibrated}. Score, rank and reasons stand; no probability is shown."
    kind = "synthetic cases" if curve.synthetic else "cases"
    return (
        f"{curve.formula}, on {curve.cases:,} later {kind} with {curve.positives:,} positive;"
        f" for {curve.population} alone. {curve.note}."
    )
