"""Cases drawn from a world as one table of each kind, and numbers measured on them with their precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log, nan, sqrt
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtri
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Mask = NDArray[np.bool_]

Z = float(ndtri(0.975))
REPORTED = "reported"
PRIOR_REPORT = "prior_report"


@dataclass(frozen=True, eq=False)
class Sample:
    """Cases of a world with their truth.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        The ten tables in their declared form, in any order of rows.
    truth : pyarrow.Table
        One row a case: ``case_id``, ``current_abuse``, ``oracle``, ``situation``, ``selection_probability``,
        ``onset``, ``end``, ``abuse_ever``.
    reports : pyarrow.Table
        The truth of each report: ``report_id``, ``case_id``, ``true_person``, ``current_at_report``.
    start, as_of : datetime
        The period in which the reports came.
    reports_a_year : float
        The volume that the sample stands for.
    """

    tables: Mapping[str, pa.Table]
    truth: pa.Table
    reports: pa.Table
    start: datetime
    as_of: datetime
    reports_a_year: float

    def __len__(self) -> int:
        return int(self.truth.num_rows)

    def frame(self, table: str, *columns: str) -> pd.DataFrame:
        """Return columns of a table with the index of each row's case in ``case``; codes are text."""
        rows = self.reports if table == "truth of reports" else self.tables[table]
        data = {column: _plain(rows[column]) for column in columns}
        return pd.DataFrame({"case": self._places(rows), **data})

    def has(self, table: str, column: str, *codes: str) -> Mask:
        """Say of which rows the set of codes in a column holds one of some codes; shape (n_rows,)."""
        sets = self.tables[table][column].combine_chunks()
        found = pc.is_in(sets.flatten().cast(pa.string()), pa.array(codes))
        mask = np.zeros(len(sets), dtype=bool)
        mask[np.asarray(pc.list_parent_indices(sets).filter(found))] = True
        return mask

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The truth, one row a case; with ``named``: whether a report names a person."""
        frame = pd.DataFrame({name: _plain(self.truth[name]) for name in self.truth.column_names})
        persons = self.frame("persons", "role")
        frame["named"] = self.among(persons["case"][persons["role"] == REPORTED])
        return frame

    @cached_property
    def source(self) -> pd.Series[str]:
        """The source of each report, by its id."""
        reports = self.frame("reports", "report_id", "source_system")
        return pd.Series(reports["source_system"].to_numpy(), index=reports["report_id"])

    @cached_property
    def checked(self) -> Mask:
        """Say of which cases the registers were checked; shape (n_cases,)."""
        records = self.frame("prior_records", "record_kind")
        return self.among(records["case"][records["record_kind"] != PRIOR_REPORT])

    def among(self, places: pd.Series[int]) -> Mask:
        """Return a mask over all cases of those at some places; shape (n_cases,)."""
        mask = np.zeros(len(self), dtype=bool)
        mask[places.to_numpy()] = True
        return mask

    def situated(self, case: pd.Series[int], *situations: str) -> Mask:
        """Say of which rows the case is in one of some situations; shape (n_rows,)."""
        return np.asarray(self.cases["situation"].isin(situations))[case.to_numpy()]

    def from_sources(self, rows: pd.DataFrame, *sources: str) -> Mask:
        """Say which rows, by their ``report_id``, came from one of some sources; shape (n_rows,)."""
        return np.asarray(rows["report_id"].map(self.source).isin(sources))

    def _places(self, rows: pa.Table) -> Codes:
        places = pc.index_in(rows["case_id"], self.truth["case_id"].combine_chunks())
        return np.asarray(places, dtype=np.int64)


class Measured(float):
    """A number measured on a sample; not a number where nothing could be counted.

    Parameters
    ----------
    value : float
        The number.
    rows : int
        Its denominator: how many rows it rests on.
    standard_error : float
        Of the number, with cases as what was drawn; not a number where no formula is used.
    interval : tuple of float
        95 % interval.
    is_share : bool
        Whether it is a share, from 0 to 1.
    """

    __slots__ = ("interval", "is_share", "rows", "standard_error")

    rows: int
    standard_error: float
    interval: tuple[float, float]
    is_share: bool

    def __new__(
        cls,
        value: float,
        rows: int = 0,
        standard_error: float = nan,
        interval: tuple[float, float] = (nan, nan),
        *,
        is_share: bool = False,
    ) -> Self:
        """Make it of the number and what belongs to it."""
        made = super().__new__(cls, value)
        made.rows, made.standard_error, made.interval = rows, standard_error, interval
        made.is_share = is_share
        return made


def measure_share(hit: Mask | pd.Series[bool], case: Codes | pd.Series[int] | None = None) -> Measured:
    """Return the share of rows that are hits.

    Rows of one case are drawn together. The standard error is that of a ratio of sums over cases (Cochran
    1977, section 6.3), and the interval is Wilson's for as many independent rows as would be as precise.

    Parameters
    ----------
    hit : array of bool, shape (n_rows,)
        The denominator is all rows.
    case : array of int, shape (n_rows,), optional
        Case of each row; one row a case where it is not given.

    Examples
    --------
    >>> share = measure_share(np.array([True, False, False, False]))
    >>> float(share), share.rows, "{:.4f} {:.4f}".format(*share.interval)
    (0.25, 4, '0.0456 0.6994')
    """
    hits = np.asarray(hit, dtype=float)
    mean = measure_ratio(hits, np.ones(len(hits)), case)
    if mean.rows == 0:
        return Measured(nan, is_share=True)
    clusters = len(hits) if case is None else len(np.unique(np.asarray(case)))
    variance = mean.standard_error**2
    effective = min(mean * (1 - mean) / variance, len(hits)) if variance > 0 else clusters
    return Measured(
        float(mean), mean.rows, mean.standard_error, _wilson(float(mean), effective), is_share=True
    )


def measure_ratio(
    over: Floats | pd.Series[float],
    under: Floats | pd.Series[float],
    case: Codes | pd.Series[int] | None = None,
) -> Measured:
    """Return the ratio of two sums over rows, with its standard error over cases.

    Parameters
    ----------
    over, under : arrays of shape (n_rows,)
        Numerator and denominator of each row.
    case : array of int, shape (n_rows,), optional
        Case of each row; one row a case where it is not given.

    Examples
    --------
    >>> mean = measure_ratio(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    >>> float(mean), round(mean.standard_error, 4)
    (2.0, 0.7071)
    """
    top, bottom = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    total = float(bottom.sum())
    if total == 0:
        return Measured(nan)
    value = float(top.sum()) / total
    residual: Floats = top - value * bottom
    if case is not None:
        residual = np.bincount(np.asarray(case), weights=residual).astype(float)
    error = sqrt(float((residual**2).sum())) / total
    return Measured(value, int((bottom != 0).sum()), error, (value - Z * error, value + Z * error))


def measure_count(over: float, under: float) -> Measured:
    """Return a share from two counts, with Wilson's interval.

    Examples
    --------
    >>> float(measure_count(1, 4)), measure_count(0, 0).rows
    (0.25, 0)
    """
    if under == 0:
        return Measured(nan, is_share=True)
    share = float(over) / float(under)
    error = sqrt(share * (1 - share) / under)
    return Measured(share, int(under), error, _wilson(share, under), is_share=True)


def measure_growth(over: int, under: int) -> Measured:
    """Return the ratio of two independent counts, with the standard error of Poisson counts.

    Examples
    --------
    >>> growth = measure_growth(200, 100)
    >>> float(growth), round(growth.standard_error, 4)
    (2.0, 0.2449)
    """
    if under == 0:
        return Measured(nan)
    value = over / under
    error = value * sqrt(1 / over + 1 / under) if over else nan
    return Measured(value, under, error, (value - Z * error, value + Z * error))


def measure_area(score: Floats | pd.Series[float], current: Mask | pd.Series[bool]) -> Measured:
    """Return the area under the ROC curve, with DeLong's standard error; a tied pair counts half.

    Parameters
    ----------
    score : array of shape (n_cases,)
        Higher means likelier.
    current : array of bool, shape (n_cases,)
        Whether abuse goes on.

    Examples
    --------
    >>> area = measure_area(np.array([0.9, 0.4, 0.4, 0.2, 0.1]), np.array([1, 1, 0, 0, 0], dtype=bool))
    >>> round(area, 4)
    0.9167
    """
    scores, abuse = np.asarray(score, dtype=float), np.asarray(current, dtype=bool)
    many, others = int(abuse.sum()), int((~abuse).sum())
    if many == 0 or others == 0:
        return Measured(nan, len(scores))
    ranks = rankdata(scores)
    below = (ranks[abuse] - rankdata(scores[abuse])) / others
    above = 1 - (ranks[~abuse] - rankdata(scores[~abuse])) / many
    area = float(below.mean())
    error = sqrt(sum(float(v.var(ddof=1)) / len(v) if len(v) > 1 else nan for v in (below, above)))
    return Measured(area, len(scores), error, (max(area - Z * error, 0.0), min(area + Z * error, 1.0)))


def measure_odds_ratio(fact: Mask | pd.Series[bool], current: Mask | pd.Series[bool]) -> Measured:
    """Return the odds ratio of a fact between cases with current abuse and the others, with Woolf's interval.

    The standard error is that of its logarithm. Not a number where one of the four counts is 0.

    Parameters
    ----------
    fact, current : arrays of bool, shape (n_cases,)
        Whether the fact is there, and whether abuse goes on.

    Examples
    --------
    >>> fact, current = np.repeat([True, False, True, False], [3, 1, 2, 4]), np.repeat([True, False], [4, 6])
    >>> round(measure_odds_ratio(fact, current), 6)
    6.0
    """
    there, abuse = np.asarray(fact, dtype=bool), np.asarray(current, dtype=bool)
    counts = [int((there & abuse).sum()), int((~there & abuse).sum())]
    counts += [int((there & ~abuse).sum()), int((~there & ~abuse).sum())]
    if min(counts) == 0:
        return Measured(nan, len(there))
    ratio = counts[0] * counts[3] / (counts[1] * counts[2])
    error = sqrt(sum(1 / count for count in counts))
    interval = (exp(log(ratio) - Z * error), exp(log(ratio) + Z * error))
    return Measured(ratio, len(there), error, interval)


def _wilson(share: float, rows: float) -> tuple[float, float]:
    middle = (share + Z**2 / (2 * rows)) / (1 + Z**2 / rows)
    half = Z / (1 + Z**2 / rows) * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    # At the ends the formula gives 0 and 1 only up to rounding.
    low = 0.0 if share == 0 else max(middle - half, 0.0)
    return low, 1.0 if share == 1 else min(middle + half, 1.0)


def _plain(column: pa.ChunkedArray) -> pd.Series[Any]:
    if pa.types.is_dictionary(column.type):
        # Blocks need not share the dictionary of a column.
        column = column.cast(pa.string())
    series: pd.Series[Any] = column.to_pandas()
    return series
