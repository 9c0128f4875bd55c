"""Read a calibration from plain values that nobody vouches for."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.scoring.calibration.beta import BetaCalibration
from triage.scoring.calibration.fit import LARGEST_COEFFICIENT
from triage.scoring.calibration.isotonic import IsotonicCalibration
from triage.scoring.calibration.levels import MOST_GRID, MOST_LEVELS, BandGrid
from triage.scoring.calibration.logit_curve import INTERCEPT, LogitCurve
from triage.scoring.calibration.platt import PlattCalibration, TemperatureCalibration
from triage.scoring.calibration.venn_abers import VennAbersCalibration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.scoring.calibration.curve import Calibration

LONGEST_TEXT = 200
MOST_CASES = 10**12
SMALLEST_SCALE = 1e-6
_CLASSES: dict[str, type[Calibration]] = {
    "platt": PlattCalibration,
    "temperature": TemperatureCalibration,
    "beta": BetaCalibration,
    "isotonic": IsotonicCalibration,
    "venn-abers": VennAbersCalibration,
}


def parse_calibration(content: Any, where: str) -> Calibration | None:
    """Read a calibration as `Calibration.as_dict` gives it, and refuse whatever is not exactly one.

    Parameters
    ----------
    content : object
        From JSON; None where there is no calibration.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A key, a type or a number is not as it must be, or the curve falls somewhere.

    Examples
    --------
    >>> parse_calibration(None, "model.json") is None
    True
    """
    if content is None:
        return None
    try:
        return _parse(content)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"no calibration: {type(error).__name__} {error}"[:300],
            where=where,
            expected="a calibration whose numbers are finite and whose curve never falls",
            mend="take the file from where it was made, or calibrate again",
        ) from None


def _parse(content: dict[str, Any]) -> Calibration:
    kind = content["kind"]
    name = content["curve"] if kind == INTERCEPT else kind
    cls = _CLASSES.get(name) if isinstance(name, str) else None
    if cls is None or (kind == INTERCEPT and not issubclass(cls, LogitCurve)):
        raise ValueError(f"kind {str(kind)[:40]!r}")
    expected = {field.name for field in fields(cls)} | ({"curve"} if kind == INTERCEPT else set())
    if set(content) != expected:
        raise ValueError(f"missing or superfluous: {', '.join(sorted(set(content) ^ expected))[:100]}")
    values = {key: _value(key, value) for key, value in content.items() if key != "curve"}
    curve = cls(**values)
    _check_basis(curve)
    if isinstance(curve, LogitCurve):
        _check_logit(curve)
    elif isinstance(curve, TemperatureCalibration):
        if curve.temperature < SMALLEST_SCALE or curve.variance < 0:
            raise ValueError("a temperature that is not above 0")
        _check_logit(curve.as_line())
    elif isinstance(curve, IsotonicCalibration):
        _check_steps(curve)
    elif isinstance(curve, VennAbersCalibration):
        _check_pairs(curve)
    return curve


def _value(key: str, value: Any) -> Any:
    if key == "kind" or (key == "effective_positives" and value is None):
        return value
    if key in _READERS:
        return _READERS[key](key, value)
    return _number(key, value)


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) >= LONGEST_TEXT:
        raise ValueError(f"{key} is no short text")
    return value


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_CASES:
        raise ValueError(f"{key} is no count")
    return value


def _truth(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return value


def _grid(key: str, value: Any) -> BandGrid:
    if set(value) != {"at", "low", "high"}:
        raise ValueError(f"{key} has other columns")
    return BandGrid(**{name: _numbers(name, value[name], MOST_GRID) for name in value})


def _covariance(key: str, value: Any) -> Any:
    return tuple(_numbers(key, row, 3) for row in value) if isinstance(value, list) else _number(key, value)


def _number(key: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not abs(value) < (MOST_CASES if key == "effective_positives" else LARGEST_COEFFICIENT)
    ):
        raise ValueError(f"{key}: no number, or one out of all proportion")
    return float(value)


def _numbers(key: str, values: Any, most: int = 2 * MOST_LEVELS) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{key} is no list of at most {most:,} numbers")
    return tuple(_number(key, value) for value in values)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "cases": _count,
    "positives": _count,
    "denominator": _text,
    "population": _text,
    "slope_from": _text,
    "weighted": _truth,
    "grid": _grid,
    "covariance": _covariance,
    **dict.fromkeys(("at", "value", "low", "high", "p0", "p1"), _numbers),
}


def _check_basis(curve: Calibration) -> None:
    if not 0 < curve.positives <= curve.cases:
        raise ValueError("more positives than cases, or none")
    if curve.effective_positives is not None and not 0 < curve.effective_positives <= curve.positives + 1e-6:
        raise ValueError("more effective positives than positives")
    if not curve.denominator or not curve.population:
        raise ValueError("no denominator or no population")


def _check_logit(curve: LogitCurve) -> None:
    if (curve.kind == INTERCEPT) != bool(curve.slope_from):
        raise ValueError("a slope from elsewhere without its origin, or an origin without one")
    if curve.kind == INTERCEPT and curve.slope_from.startswith("world ") and not curve.synthetic:
        raise ValueError("a slope from a world for cases of an agency")
    slopes = curve.coefficients[1:]
    if (slopes < 0).any() or not slopes.any():
        raise ValueError("a calibration that does not rise with the score")
    if isinstance(curve, BetaCalibration) and curve.scale < SMALLEST_SCALE:
        raise ValueError("a scale that is not above 0")
    matrix = curve.covariance_matrix
    size = len(curve.coefficients)
    if matrix.shape != (size, size) or not (matrix == matrix.T).all():
        raise ValueError("no covariance")
    spread = np.sqrt(np.fmax(np.diag(matrix), 0.0))
    unit = matrix / np.fmax(np.outer(spread, spread), 1e-300)
    # Scaled to correlations, so that rounding is small beside what would be no covariance.
    if (np.diag(matrix) < 0).any() or np.linalg.eigvalsh(np.where(matrix == 0, 0.0, unit)).min() < -1e-6:
        raise ValueError("a covariance that is none")


def _check_steps(curve: IsotonicCalibration) -> None:
    if not curve.at or len(curve.at) != len(curve.value):
        raise ValueError("points of different numbers")
    _require_rising("at", curve.at, strictly=True)
    _require_shares("value", curve.value)
    _check_grid(curve.grid)


def _check_pairs(curve: VennAbersCalibration) -> None:
    if not curve.low or len({len(x) for x in (curve.low, curve.high, curve.p0, curve.p1)}) != 1:
        raise ValueError("levels of different numbers")
    _require_rising("levels", [x for ends in zip(curve.low, curve.high, strict=True) for x in ends])
    _require_rising("low", curve.low, strictly=True)
    for p in (curve.p0, curve.p1):
        _require_shares("the pair", p)
    if any(p0 > p1 for p0, p1 in zip(curve.p0, curve.p1, strict=True)):
        raise ValueError("p0 above p1")
    _check_grid(curve.grid)


def _check_grid(grid: BandGrid) -> None:
    if not grid.at or not len(grid.at) == len(grid.low) == len(grid.high):
        raise ValueError("a grid of different lengths")
    _require_rising("grid", grid.at, strictly=True)
    if not all(0 <= low <= high <= 1 for low, high in zip(grid.low, grid.high, strict=True)):
        raise ValueError("a band that is none")


def _require_shares(name: str, values: Sequence[float]) -> None:
    if min(values) < 0 or max(values) > 1:
        raise ValueError(f"{name} outside 0 to 1")
    _require_rising(name, values)


def _require_rising(name: str, values: Sequence[float], *, strictly: bool = False) -> None:
    if any(
        later < earlier or (strictly and later == earlier) for earlier, later in itertools.pairwise(values)
    ):
        raise ValueError(f"{name} must not fall")
