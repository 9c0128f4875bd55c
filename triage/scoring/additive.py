"""Additive models: a score is a sum of one term per feature, and the terms are the reasons.

A scorecard, a logistic model and a monotone additive model are the same plain table of numbers. It is
scored by numpy alone, so it starts at once and can do nothing but add.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES, find_feature
from triage.scoring.written import LONGEST_NAME, LONGEST_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from triage.scoring.model import Asked

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_STEPS = 1_000
_MANY_EDGES = 16
LARGEST_NUMBER = 1e6
_FLAG_EDGES = (-0.5, 0.5)
_DENIED, _UNKNOWN, _ASSERTED = -1.0, 0.0, 1.0


@dataclass(frozen=True)
class Steps:
    """A term that takes one value per interval of the feature.

    Parameters
    ----------
    feature : str
        Name in the catalogue.
    edges : tuple of float
        Ascending; interval ``i`` ends below ``edges[i]``.
    values : tuple of float, one more than `edges`
        The contribution in each interval.
    unknown : float
        The contribution where the feature is NaN.
    """

    feature: str
    edges: tuple[float, ...]
    values: tuple[float, ...]
    unknown: float = 0.0

    def contribute(self, x: Floats) -> Floats:
        """Return the contribution of each case."""
        if len(self.edges) > _MANY_EDGES:
            interval = np.searchsorted(self.edges, x, side="right")
        else:
            # To compare with each edge takes less time than to search among a few.
            interval = np.zeros(len(x), dtype=np.intp)
            for edge in self.edges:
                interval += x >= edge
        return np.where(np.isnan(x), self.unknown, np.asarray(self.values)[interval])

    def as_dict(self) -> dict[str, Any]:
        """Return the term as plain values."""
        return {
            "feature": self.feature,
            "edges": list(self.edges),
            "values": list(self.values),
            "unknown": self.unknown,
        }


@dataclass(frozen=True)
class Line:
    """A term ``slope * (g(x) - center)`` with ``g(x)`` either ``x`` or ``log(1 + x)``.

    Parameters
    ----------
    feature : str
        Name in the catalogue.
    slope : float
        Score per unit of ``g(x)``.
    center : float
        Where the contribution is 0; an unknown value (NaN) contributes 0 too.
    log : bool
        Whether ``g`` is the logarithm.
    """

    feature: str
    slope: float
    center: float = 0.0
    log: bool = False

    def contribute(self, x: Floats) -> Floats:
        """Return the contribution of each case."""
        scaled = np.log1p(np.fmax(x, 0.0)) if self.log else x
        return np.where(np.isnan(x), 0.0, self.slope * (scaled - self.center))

    def as_dict(self) -> dict[str, Any]:
        """Return the term as plain values."""
        return {"feature": self.feature, "slope": self.slope, "center": self.center, "log": self.log}


Term = Steps | Line


@dataclass(frozen=True)
class AdditiveModel:
    """A sum of terms.

    Parameters
    ----------
    name : str
        Shown on every list.
    unit : str
        ``points`` or ``log-odds``.
    terms : tuple of Term
        One per feature.
    intercept : float
        Added to every score.
    sources : mapping of str to str
        What the term of a feature rests on, where the model states it.
    """

    name: str
    unit: str
    terms: tuple[Term, ...]
    intercept: float = 0.0
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> list[str]:
        """Names of the features, in the order of the terms."""
        return [term.feature for term in self.terms]

    def contributions(self, matrix: Floats) -> Floats:
        """Return the exact contribution of each term.

        Parameters
        ----------
        matrix : array of float, shape (n_cases, n_terms)
            Features in the order of the terms.

        Returns
        -------
        array of float, shape (n_cases, n_terms)
            The score is the intercept plus the sum of a row.
        """
        result = np.empty(matrix.shape, order="F")
        for column, term in enumerate(self.terms):
            result[:, column] = term.contribute(matrix[:, column])
        return result

    def score(self, contributions: Floats) -> Floats:
        """Return the score of each case: the intercept plus its contributions, summed left to right.

        The order of summation is fixed, so that the same case has the same score, to the last bit, in
        every part and on every machine.
        """
        total = np.full(len(contributions), self.intercept)
        for column in range(contributions.shape[1]):
            total += contributions[:, column]
        return total

    def to_frame(self) -> pd.DataFrame:
        """Return the model as it is read: one row a statement, with what it adds and what it rests on.

        Returns
        -------
        pandas.DataFrame
            Columns ``feature``, ``domain``, ``statement``, ``adds`` (in the unit of the score) and
            ``source``, in the order of the terms. What adds nothing has no row.
        """
        from triage.scoring.statements import list_statements  # noqa: PLC0415 - loads pandas

        return list_statements(self)

    @property
    def reasons_note(self) -> str:
        """Nothing to note: the contributions are the terms of the sum."""
        return ""

    def rescore(self, matrix: Floats, asked: Sequence[Asked], score: Floats) -> list[list[Floats]]:
        """Return, for each question, the score of its cases after each answer; see `Model.rescore`."""
        return [self._rescore(matrix, one, score[one.cases]) for one in asked]

    def _rescore(self, matrix: Floats, asked: Asked, score: Floats) -> list[Floats]:
        changed = {column for answer in asked.answers for column in answer}
        before = {column: self.terms[column].contribute(matrix[asked.cases, column]) for column in changed}
        after = []
        for answer in asked.answers:
            total = score.copy()
            for column, values in answer.items():
                total += self.terms[column].contribute(values) - before[column]
            after.append(total)
        return after

    def as_dict(self) -> dict[str, Any]:
        """Return the model as plain values; `parse_additive` reads them back."""
        return {
            "name": self.name,
            "unit": self.unit,
            "intercept": self.intercept,
            "terms": [term.as_dict() for term in self.terms],
            "sources": dict(self.sources),
        }


def parse_additive(content: Any, where: str) -> AdditiveModel:
    """Read a model from plain values, and refuse whatever is not exactly one.

    Parameters
    ----------
    content : object
        As `AdditiveModel.as_dict` gives it.
    where : str
        The file, for messages.

    Raises
    ------
    InputRefusedError
        A key, a type, a number or a feature is not as it must be.
    """
    try:
        terms = tuple(_parse_term(term) for term in content["terms"])
        sources = {check_name(key): check_source(value) for key, value in content.get("sources", {}).items()}
        model = AdditiveModel(
            check_name(content["name"]),
            check_name(content["unit"]),
            terms,
            _finite(content["intercept"]),
            sources,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"no additive model: {type(error).__name__} {error}",
            where=where,
            expected="name, unit, intercept, terms with finite numbers",
            mend="take the file from where it was made",
        ) from None
    if model.unit not in {"points", "log-odds"} or len(set(model.features)) < len(terms) or not terms:
        raise InputRefusedError(
            "an unknown unit, no terms, or a feature that stands twice",
            where=where,
            expected="one term a feature",
        )
    for term in model.terms:
        refuse_wrong_way(term, where)
    return model


def refuse_wrong_way(term: Term, where: str) -> None:
    """Refuse a term that falls where the evidence rises, or rises where it falls.

    Raises
    ------
    InputRefusedError
        The term points against the direction of the catalogue.
    """
    feature = find_feature(term.feature)
    if isinstance(term, Line):
        steps = [term.slope]
    else:
        steps = [later - earlier for earlier, later in itertools.pairwise(term.values)]
    if feature.sign and any(step * feature.sign < 0 for step in steps):
        way = "raise" if feature.sign > 0 else "lower"
        raise InputRefusedError(
            f"{feature.name} points against the direction of the catalogue",
            where=where,
            expected=f"values that {way} the score as the feature grows: denied, unknown, asserted",
        )


def flag_steps(feature: str, denied: float, unknown: float, asserted: float) -> Steps:
    """Return the term of a three-valued flag.

    Examples
    --------
    >>> flag_steps("escalated", -1, 0, 4).contribute(np.array([-1.0, 0.0, 1.0])).tolist()
    [-1.0, 0.0, 4.0]
    """
    levels = float(denied), float(unknown), float(asserted)
    return Steps(feature, _FLAG_EDGES, levels, float(unknown))


def _parse_term(term: Any) -> Term:
    feature = check_name(term["feature"])
    if feature not in FEATURES:
        raise ValueError(f"no feature '{feature[:60]}' in the catalogue of this version")
    if "slope" in term:
        return Line(feature, _finite(term["slope"]), _finite(term["center"]), term["log"] is True)
    edges = tuple(_finite(edge) for edge in term["edges"])
    values = tuple(_finite(value) for value in term["values"])
    if len(values) != len(edges) + 1 or len(edges) > MOST_STEPS:
        raise ValueError(f"{feature}: {len(edges)} edges with {len(values)} values")
    if any(later <= earlier for earlier, later in itertools.pairwise(edges)):
        raise ValueError(f"{feature}: edges do not ascend")
    return Steps(feature, edges, values, _finite(term["unknown"]))


def check_name(value: Any) -> str:
    """Return a name that a file of numbers states; a ValueError where it is no short printable text."""
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or not value.isprintable():
        raise ValueError("a name that is no short text")
    return value


def check_source(value: Any) -> str:
    """Return what a part rests on, which may be empty; a ValueError where it is no printable text."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_SOURCE:
        raise ValueError("a source that is no text")
    return value


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST_NUMBER:
        raise ValueError("no number, or one out of all proportion")
    return float(value)
