"""Scorecards written by hand: a TOML file of points, the source beside each."""

from __future__ import annotations

import itertools
import tomllib
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES, Feature
from triage.scoring.additive import AdditiveModel, Steps, Term, flag_steps, refuse_wrong_way
from triage.writing import require_plain

if TYPE_CHECKING:
    from pathlib import Path

_FLAG_KEYS = {"asserted", "unknown", "denied"}


def read_scorecard(path: Path) -> AdditiveModel:
    """Read a scorecard.

    Parameters
    ----------
    path : Path
        A TOML file with ``name`` and one ``[[factor]]`` per feature: ``feature``, ``points``, ``source``.
        Points of a flag are ``{asserted, unknown, denied}`` (what is left out is 0; some flags are never
        denied); points of a number are ``[[from, points], ...]``, each holding from its value upward, with
        ``unknown`` beside.

    Returns
    -------
    AdditiveModel
        In points, without training.

    Raises
    ------
    InputRefusedError
        The file is not TOML, or a factor is not as described or points against the catalogue.
    """
    require_plain(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputRefusedError(f"cannot be read as TOML ({error})", where=str(path)) from error
    factors = content.get("factor")
    listed = isinstance(factors, list) and all(isinstance(factor, dict) for factor in factors)
    if content.get("kind") != "scorecard" or not listed or not factors:
        raise InputRefusedError(
            "no scorecard",
            where=str(path),
            expected='kind = "scorecard" and one [[factor]] or more',
            mend="a recipe must be trained first: triage train --recipe makes a bundle of it",
        )
    terms = tuple(_term(factor, str(path)) for factor in factors)
    names = [term.feature for term in terms]
    if len(set(names)) < len(names):
        raise InputRefusedError(
            "a feature that stands twice", where=str(path), expected="one factor a feature"
        )
    sources = {factor["feature"]: str(factor["source"]) for factor in factors}
    return AdditiveModel(str(content.get("name", path.stem)), "points", terms, sources=sources)


def _term(factor: dict[str, Any], where: str) -> Term:
    name = factor.get("feature")
    place = f"{where}, factor {name}"
    if not isinstance(name, str) or name not in FEATURES:
        raise InputRefusedError("no such feature", where=place, expected="a name that triage features prints")
    if not str(factor.get("source", "")).strip():
        raise InputRefusedError("no source", where=place, expected="what the points rest on")
    feature, points = FEATURES[name], factor.get("points")
    try:
        term = _flag_term(feature, points) if feature.is_flag else _number_term(feature, factor)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"points {points!r} ({error})",
            where=place,
            expected="{asserted = 3, denied = -1} for a flag, [[0, 2], [30, 0]] for a number; whole numbers",
        ) from None
    refuse_wrong_way(term, place)
    return term


def _flag_term(feature: Feature, points: Any) -> Steps:
    if not isinstance(points, dict) or not points or not set(points) <= _FLAG_KEYS:
        raise ValueError("a flag takes asserted, unknown and denied")
    if "denied" in points and not feature.denied:
        raise ValueError("this flag can never be denied")
    unknown, asserted = _whole(points.get("unknown", 0)), _whole(points.get("asserted", 0))
    denied = _whole(points.get("denied", 0)) if feature.denied else unknown
    return flag_steps(feature.name, denied, unknown, asserted)


def _number_term(feature: Feature, factor: dict[str, Any]) -> Steps:
    starts, values = zip(*((float(start), _whole(value)) for start, value in factor["points"]), strict=True)
    if any(later <= earlier for earlier, later in itertools.pairwise(starts)):
        raise ValueError("steps do not ascend")
    unknown = _whole(factor.get("unknown", 0))
    if starts[0] <= 0:
        return Steps(feature.name, starts[1:], values, unknown)
    return Steps(feature.name, starts, (0.0, *values), unknown)


def _whole(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000:
        raise ValueError("points are whole numbers")
    return float(value)
