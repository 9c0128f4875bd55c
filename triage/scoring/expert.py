"""Scorecards written by hand: a TOML file of points, the source beside each."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES, find_feature
from triage.features.of_baselines import BASELINES
from triage.scoring.additive import (
    LARGEST_NUMBER,
    AdditiveModel,
    Line,
    Steps,
    Term,
    flag_steps,
    refuse_wrong_way,
)
from triage.scoring.written import read_name, read_source, read_toml, refuse_unknown_keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from triage.features.feature import Feature

STEPS = (1, 2, 3, 4)
_FLAG_KEYS = {"asserted", "unknown", "denied"}
_FILE_KEYS = {"kind", "name", "scale", "classes", "factor"}
_FACTOR_KEYS = {"feature", "step", "class", "points", "unknown", "slope", "source"}
_LARGEST_CLASS = 10.0
_SMALLEST_SD = 0.01


@dataclass(frozen=True)
class Spread:
    """How large the effect behind a factor is taken to be, and how unsure that is.

    Parameters
    ----------
    mean, sd : float
        Of the normal distribution of its log odds ratio.
    scale : float
        Points per unit of the log odds.
    """

    mean: float
    sd: float
    scale: float

    @property
    def points(self) -> int:
        """The points of a factor of this strength: the mean times the scale, halves away from 0.

        Examples
        --------
        >>> Spread(1.6, 0.5, 2.5).points, Spread(-0.3, 0.3, 2.5).points, Spread(0.0, 0.4, 2.5).points
        (4, -1, 0)
        """
        # Rounded first, so that a mean such as 0.2 at a scale of 2.5 is the half it is written as.
        return int(math.copysign(math.floor(round(abs(self.mean) * self.scale, 9) + 0.5), self.mean))


@dataclass(frozen=True)
class Scorecard(AdditiveModel):
    """A scorecard written by hand, with what its file says of each factor.

    Parameters
    ----------
    steps : mapping of str to int
        The step, 1 to 4, in which a feature is asked for; empty where the file has no steps.
    spreads : mapping of str to Spread
        How unsure the points of a feature are; empty where the file has no classes.
    """

    steps: Mapping[str, int] = field(default_factory=dict)
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a statement, with what the file says of its factor.

        Returns
        -------
        pandas.DataFrame
            Also ``step``, where the file has steps, and ``log_odds_ratio`` and ``sd``, the distribution
            behind the points of the factor, where it has classes.
        """
        frame = super().to_frame()
        if self.steps:
            frame["step"] = frame["feature"].map(dict(self.steps))
        if self.spreads:
            frame["log_odds_ratio"] = frame["feature"].map(
                {name: one.mean for name, one in self.spreads.items()}
            )
            frame["sd"] = frame["feature"].map({name: one.sd for name, one in self.spreads.items()})
        return frame


def read_scorecard(path: Path) -> Scorecard:
    """Read a scorecard.

    Parameters
    ----------
    path : Path
        A TOML file with ``name`` and one ``[[factor]]`` per feature: ``feature``, ``points``, ``source``.
        Points of a flag are ``{asserted, unknown, denied}`` (what is left out is 0; some flags are never
        denied); points of a number are ``[[from, points], ...]``, each holding from its value upward, with
        ``unknown`` beside, or ``slope`` instead, points per unit. Optional are ``step``, 1 to 4, and
        ``class``; where ``[classes]`` gives the mean and the standard deviation of the log odds ratio of
        each class, and ``scale`` the points per unit, the most points of a factor must be the mean of its
        class times the scale, rounded.

    Returns
    -------
    Scorecard
        In points, without training.

    Raises
    ------
    InputRefusedError
        The file is not TOML, or a factor is not as described or points against the catalogue.

    Examples
    --------
    >>> from triage.shipped import find_shipped
    >>> card = read_scorecard(find_shipped("models", "expert.toml"))
    >>> card.steps["contact_record"], card.spreads["contact_record"].mean
    (1, 1.6)
    """
    return parse_scorecard(read_toml(path), str(path), path.stem)


def parse_scorecard(content: dict[str, Any], where: str, default_name: str) -> Scorecard:
    """Read a scorecard from the content of its file; see `read_scorecard`.

    Raises
    ------
    InputRefusedError
        It is not as described there.
    """
    factors = content.get("factor")
    listed = isinstance(factors, list) and all(isinstance(factor, dict) for factor in factors)
    if content.get("kind") != "scorecard" or not listed or not factors:
        raise InputRefusedError(
            "no scorecard",
            where=where,
            expected='kind = "scorecard" and one [[factor]] or more',
            mend="a recipe must be trained first: triage train --recipe makes a bundle of it",
        )
    refuse_unknown_keys(content, _FILE_KEYS, where)
    terms = tuple(_term(factor, where) for factor in factors)
    names = [term.feature for term in terms]
    if len(set(names)) < len(names):
        raise InputRefusedError("a feature that stands twice", where=where, expected="one factor a feature")
    return Scorecard(
        name=read_name(content.get("name", default_name), where),
        unit="points",
        terms=terms,
        sources={factor["feature"]: factor["source"] for factor in factors},
        steps=_steps(factors, where),
        spreads=_spreads(content, terms, where),
    )


def _term(factor: dict[str, Any], where: str) -> Term:
    name = factor.get("feature")
    place = f"{where}, factor {name}"
    if not isinstance(name, str) or name not in FEATURES | BASELINES:
        raise InputRefusedError("no such feature", where=place, expected="a name that triage features prints")
    read_source(factor, place)
    refuse_unknown_keys(factor, _FACTOR_KEYS, place)
    feature, points = find_feature(name), factor.get("points")
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


def _number_term(feature: Feature, factor: dict[str, Any]) -> Term:
    if "slope" in factor:
        if "points" in factor:
            raise ValueError("either points or a slope")
        return Line(feature.name, _slope(factor["slope"]))
    starts, values = zip(*((float(start), _whole(value)) for start, value in factor["points"]), strict=True)
    if not all(math.isfinite(start) for start in starts) or any(
        later <= earlier for earlier, later in itertools.pairwise(starts)
    ):
        raise ValueError("steps do not ascend")
    unknown = _whole(factor.get("unknown", 0))
    if starts[0] <= 0:
        return Steps(feature.name, starts[1:], values, unknown)
    return Steps(feature.name, starts, (0.0, *values), unknown)


def _whole(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000:
        raise ValueError("points are whole numbers")
    return float(value)


def _slope(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST_NUMBER:
        raise ValueError("a slope is a number")
    return float(value)


def _steps(factors: list[dict[str, Any]], where: str) -> dict[str, int]:
    """Return the step of each feature; all factors have one, or none has."""
    if not any("step" in factor for factor in factors):
        return {}
    for factor in factors:
        step = factor.get("step")
        if type(step) is not int or step not in STEPS:
            raise InputRefusedError(
                f"step {step!r}",
                where=f"{where}, factor {factor['feature']}",
                expected="a step from 1 to 4 for every factor, or for none",
            )
    return {factor["feature"]: factor["step"] for factor in factors}


def _spreads(content: dict[str, Any], terms: tuple[Term, ...], where: str) -> dict[str, Spread]:
    if "classes" not in content and "scale" not in content:
        return {}
    classes = _classes(content, where)
    spreads = {}
    for factor, term in zip(content["factor"], terms, strict=True):
        place = f"{where}, factor {term.feature}"
        strength = factor.get("class")
        if not isinstance(strength, str) or strength not in classes:
            raise InputRefusedError(
                f"class {strength!r}", where=place, expected=f"one of {', '.join(classes)}: see [classes]"
            )
        spread, most = classes[strength], _most_points(term)
        if most != spread.points:
            raise InputRefusedError(
                f"{most:+.0f} points for class {strength}",
                where=place,
                expected=f"{spread.points:+d}, the mean of the class times {spread.scale:g}",
                mend="change the class or the points",
            )
        spreads[term.feature] = spread
    return spreads


def _classes(content: dict[str, Any], where: str) -> dict[str, Spread]:
    place, scale, classes = f"{where}, [classes]", content.get("scale"), content.get("classes")
    if not _is_number(scale, 0.1, 100.0):
        raise InputRefusedError(f"scale {scale!r}", where=where, expected="points per unit of the log odds")
    if not isinstance(classes, dict) or not classes:
        raise InputRefusedError(
            "no classes", where=place, expected='"+" = { mean = 0.8, sd = 0.4 }, and so on'
        )
    for name, row in classes.items():
        sound = isinstance(row, dict) and set(row) == {"mean", "sd"}
        if not (
            sound
            and _is_number(row["mean"], -_LARGEST_CLASS, _LARGEST_CLASS)
            and _is_number(row["sd"], _SMALLEST_SD, _LARGEST_CLASS)
        ):
            raise InputRefusedError(
                f"class {name}: {row!r}",
                where=place,
                expected="a mean and an sd above 0, of the log odds ratio",
            )
    return {name: Spread(float(row["mean"]), float(row["sd"]), float(scale)) for name, row in classes.items()}


def _is_number(value: Any, low: float, high: float) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _most_points(term: Term) -> float:
    """Return the points of largest size; where two are as large, those that raise."""
    if isinstance(term, Line):
        return term.slope
    return max((*term.values, term.unknown), key=lambda points: (abs(points), points))
