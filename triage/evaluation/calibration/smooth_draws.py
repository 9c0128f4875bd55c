"""A smooth calibration curve under resampled outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from triage.evaluation.calibration.cells import Cells, draw_shares
from triage.evaluation.calibration.deviation import invert
from triage.evaluation.calibration.line_shape import fit_line

if TYPE_CHECKING:
    from triage.evaluation.calibration.loess import Groups, LinearSmooth
    from triage.evaluation.inputs import FloatArray

POINTS = 200


@dataclass(frozen=True, eq=False)
class Curve:
    """A smooth calibration curve as a function of the observed shares of cells.

    Parameters
    ----------
    smooth : LinearSmooth
        The curve.
    cells : Cells
        Whose shares it is a function of.
    points : array of shape (points,)
        From `case_points`.
    cut_off : bool
        Whether it is cut off at 0 and 1.
    """

    smooth: LinearSmooth
    cells: Cells
    points: FloatArray
    cut_off: bool

    def cut(self, fit: FloatArray) -> FloatArray:
        """Return fits, cut off where the curve is."""
        return np.clip(fit, 0, 1) if self.cut_off else fit

    def at(self, x: FloatArray) -> FloatArray:
        """Return the curve at x."""
        return self.cut(self.smooth.nodes.evaluate(x, self.smooth.coefficient))

    def half_width(self, x: FloatArray, confidence: float) -> FloatArray:
        """Return half the width of the curve's interval at x, each point alone."""
        rows = self.smooth.nodes.evaluate(x, self.smooth.operator)
        chance = np.clip(self.at(self.cells.forecast), 0, 1)
        half: FloatArray = ndtri((1 + confidence) / 2) * np.sqrt(
            rows**2 @ (chance * (1 - chance) / self.cells.trials)
        )
        return half

    def figures(self, shares: FloatArray) -> FloatArray:
        """Take drawn shares of cells, of shape (draws, cells), to the four figures, of shape (draws, 4)."""
        points = self.points
        # Not by BLAS: on a busy machine its threads wait for each other longer than this small product takes.
        coefficient = np.einsum("kc,dc->kd", self.smooth.operator, shares)
        fit = self.cut(self.smooth.nodes.evaluate(points, coefficient))
        return _summarise_points(np.abs(fit - points[:, None]))


def resample(
    curve: Curve, observed: FloatArray, resamples: int, seed: int, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return draws of the four figures under calibration, and the ends of their intervals.

    Two shapes of the truth are tried, the smooth curve itself and the line of logistic recalibration, and the
    interval holds what either leaves possible: the first is noisy, the second stiff.
    """
    rng, cells = np.random.default_rng(seed), curve.cells
    null = curve.figures(draw_shares(cells, cells.forecast, resamples, rng))
    shapes = [_Shape(curve.cut(curve.at(cells.forecast)), curve.cut(curve.at(curve.points)))]
    line = fit_line(cells)
    if line is not None:
        shapes.append(_Shape(line(cells.forecast), line(curve.points)))
    ends = [_invert_shape(curve, shape, observed, null, rng=rng, confidence=confidence) for shape in shapes]
    low, high = np.min([end[0] for end in ends], axis=0), np.max([end[1] for end in ends], axis=0)
    return null, low, high


@dataclass(frozen=True, eq=False)
class _Shape:
    """A curve that may be the truth, at the cells and at the points."""

    cells: FloatArray
    points: FloatArray


def _invert_shape(
    curve: Curve,
    shape: _Shape,
    observed: FloatArray,
    null: FloatArray,
    *,
    rng: np.random.Generator,
    confidence: float,
) -> tuple[FloatArray, FloatArray]:
    cells, points = curve.cells, curve.points
    fit = np.clip(shape.cells, 0, 1)
    # One set of noise serves all strengths: drawn half-way, where no chance is 0, then scaled.
    half = (fit + cells.forecast) / 2
    spread = np.sqrt(half * (1 - half))
    noise = draw_shares(cells, half, len(null), rng) - half
    noise /= np.where(spread > 0, spread, 1)

    def draw(strength: float) -> FloatArray:
        if strength == 0:
            return null
        chance = np.clip(cells.forecast + strength * (fit - cells.forecast), 0, 1)
        return curve.figures(chance + noise * np.sqrt(chance * (1 - chance)))

    def truth(strength: float) -> FloatArray:
        chance = np.clip(points + strength * (np.clip(shape.points, 0, 1) - points), 0, 1)
        figures: FloatArray = _summarise_points(np.abs(chance - points)[:, None])[0]
        return figures

    return invert(draw, truth, observed, confidence)


def _summarise_points(difference: FloatArray) -> FloatArray:
    inner = difference[2:]
    middle, ninety = np.quantile(inner, [0.5, 0.9], axis=0)
    return np.column_stack([inner.mean(axis=0), middle, ninety, difference.max(axis=0)])


def case_points(groups: Groups) -> FloatArray:
    """Return the smallest and the largest probability, and 200 between with as many cases in each step."""
    # Evenly many cases between one point and the next; the ends come first, for the maximum.
    ends = np.cumsum(groups.weight)
    middle = (np.arange(POINTS) + 0.5) / POINTS * ends[-1]
    return np.concatenate([groups.x[[0, -1]], groups.x[np.searchsorted(ends, middle)]])
