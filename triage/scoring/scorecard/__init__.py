"""Integer scorecards, learned with a proof of how far from the best they can be."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.scoring.scorecard.bound import certify
    from triage.scoring.scorecard.bounding_search import Certificate
    from triage.scoring.scorecard.classifier import SparseScorecardClassifier
    from triage.scoring.scorecard.learning import ScorecardOptions, learn_scorecard, read_options
    from triage.scoring.scorecard.printed import Scorecard

__all__ = [
    "Certificate",
    "Scorecard",
    "ScorecardOptions",
    "SparseScorecardClassifier",
    "certify",
    "learn_scorecard",
    "read_options",
]

_HOMES = {
    "Certificate": "bounding_search",
    "Scorecard": "printed",
    "ScorecardOptions": "learning",
    "SparseScorecardClassifier": "classifier",
    "certify": "bound",
    "learn_scorecard": "learning",
    "read_options": "learning",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is asked for: scikit-learn takes long, and reading a recipe needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
