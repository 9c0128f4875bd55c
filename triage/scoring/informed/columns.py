"""Columns of the informed model: what of a feature has a coefficient, and what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.additive import LARGEST_NUMBER, Line, Steps, Term, flag_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.scoring.informed.evidence import Evidence, Strength

    Floats = NDArray[np.float64]

ASSERTED, DENIED, VALUE, KNOWN = "asserted", "denied", "value", "known"
# That a number is known at all may go with either outcome; nothing is published on it.
KNOWN_SPREAD = 0.3


@dataclass(frozen=True)
class Column:
    """One coefficient.

    Parameters
    ----------
    feature : str
        Name in the catalogue.
    part : str
        ``asserted`` or ``denied`` of a flag; of a number its ``value``, as ``log(1 + x)``, and whether it is
        ``known``.
    label : str
        What one `unit` of it is, for the card.
    strength_class : str
        The class in the file of evidence; empty where it holds none.
    mean, spread : float
        What is expected of the coefficient, per 1 of the column.
    unit : float
        How much of the column the odds ratio of the evidence is about.
    sign : int
        +1, -1 or 0 for free.
    """

    feature: str
    part: str
    label: str
    strength_class: str
    mean: float
    spread: float
    unit: float
    sign: int


def lay_columns(names: Sequence[str], evidence: Evidence) -> list[Column]:
    """Return the columns of features, in order.

    Parameters
    ----------
    names : sequence of str
        Features of the catalogue.
    evidence : Evidence
        Must have an entry for each.

    Raises
    ------
    InputRefusedError
        A feature has no entry.

    Examples
    --------
    >>> from triage.shipped import find_shipped
    >>> from triage.scoring.informed.evidence import read_evidence
    >>> evidence = read_evidence(find_shipped("models", "evidence.toml"))
    >>> for column in lay_columns(["escalated", "prior_reports"], evidence):
    ...     print(column.label, round(column.mean, 3), column.sign)
    escalated: asserted 1.6 1
    escalated: denied 0.0 -1
    prior_reports: 3 against 0 0.577 1
    prior_reports: known 0.0 0
    """
    missing = [name for name in names if name not in evidence.factors]
    if missing:
        raise InputRefusedError(
            f"no entry for {', '.join(missing[:5])}",
            where=f"the evidence, {evidence.name}",
            expected="one [[factor]] for each feature of the recipe",
        )
    return [column for name in names for column in _columns_of(name, evidence)]


def _columns_of(name: str, evidence: Evidence) -> list[Column]:
    factor, feature, classes = evidence.factors[name], FEATURES[name], evidence.classes
    if factor.between is None:
        columns = [_flag_column(name, ASSERTED, factor.asserted, classes[factor.asserted], feature.sign)]
        if feature.denied:
            columns.append(_flag_column(name, DENIED, factor.denied, classes[factor.denied], -feature.sign))
        return columns
    first, second = factor.between
    unit = float(np.log1p(second) - np.log1p(first))
    strength = classes[factor.asserted]
    label = f"{name}: {second:g} against {first:g}"
    return [
        Column(
            name,
            VALUE,
            label,
            factor.asserted,
            strength.mean / unit,
            strength.spread / unit,
            unit,
            feature.sign,
        ),
        Column(name, KNOWN, f"{name}: known", "", 0.0, KNOWN_SPREAD, 1.0, 0),
    ]


def _flag_column(name: str, part: str, strength_class: str, strength: Strength, sign: int) -> Column:
    return Column(name, part, f"{name}: {part}", strength_class, strength.mean, strength.spread, 1.0, sign)


def fill_columns(names: Sequence[str], matrix: Floats, columns: Sequence[Column], zeros: Floats) -> Floats:
    """Return the design: a 1 for the intercept and every column, 0 where a feature is at its usual value.

    Parameters
    ----------
    names : sequence of str
        Features, one a column of `matrix`.
    matrix : array of float, shape (n_cases, n_features)
        Flags +1, 0, -1; numbers NaN where unknown.
    columns : sequence of Column
        From `lay_columns`.
    zeros : array of float, shape (n_columns,)
        From `find_zeros`.

    Returns
    -------
    array of float, shape (n_cases, 1 + n_columns)
    """
    place = {name: index for index, name in enumerate(names)}
    design = np.ones((len(matrix), 1 + len(columns)))
    for index, column in enumerate(columns):
        x = matrix[:, place[column.feature]]
        if column.part == ASSERTED:
            value = (x > 0).astype(np.float64)
        elif column.part == DENIED:
            value = (x < 0).astype(np.float64)
        elif column.part == KNOWN:
            value = (~np.isnan(x)).astype(np.float64)
        else:
            value = np.where(np.isnan(x), zeros[index], np.log1p(np.fmax(x, 0.0)))
        design[:, 1 + index] = value - zeros[index]
    return design


def find_zeros(columns: Sequence[Column], evidence: Evidence) -> Floats:
    """Return the value of each column that adds nothing.

    Flags add nothing at their usual value; numbers where they are unknown, and where they have the value of
    the evidence that speaks less for abuse.

    Parameters
    ----------
    columns : sequence of Column
        From `lay_columns`.
    evidence : Evidence
        Of the values of numbers.

    Returns
    -------
    array of float, shape (n_columns,)
    """
    zeros = np.zeros(len(columns))
    for index, column in enumerate(columns):
        between = evidence.factors[column.feature].between
        if column.part == ASSERTED and FEATURES[column.feature].usual > 0:
            zeros[index] = 1.0
        elif column.part == VALUE and between is not None:
            zeros[index] = np.log1p(between[1] if column.sign < 0 else between[0])
    return zeros


def build_terms(
    names: Sequence[str], columns: Sequence[Column], zeros: Floats, slope: Floats
) -> tuple[Term, ...]:
    """Return one term a feature, which adds up the columns of that feature.

    Parameters
    ----------
    names : sequence of str
        Features.
    columns : sequence of Column
        From `lay_columns`.
    zeros, slope : array of float, shape (n_columns,)
        From `find_zeros`, and the coefficients.
    """
    found = {
        (column.feature, column.part): (float(slope[index]), float(zeros[index]))
        for index, column in enumerate(columns)
    }
    terms: list[Term] = []
    for name in names:
        if FEATURES[name].is_flag:
            asserted, usual = found[name, ASSERTED]
            denied = found.get((name, DENIED), (0.0, 0.0))[0]
            base = asserted * usual
            terms.append(flag_steps(name, denied - base, 0.0 - base, asserted - base))
        else:
            terms.append(_number_term(name, *found[name, VALUE], found[name, KNOWN][0]))
    return tuple(terms)


def _number_term(name: str, slope: float, zero: float, known: float) -> Term:
    """Return ``known + slope * (log(1 + x) - zero)`` as a line, or as a step where there is no slope."""
    if abs(known) >= abs(slope) * 0.1 * LARGEST_NUMBER or slope == 0:
        return Steps(name, (), (known + 0.0,), 0.0)
    return Line(name, slope, zero - known / slope, log=True)
