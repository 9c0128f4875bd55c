"""Features in a notebook: a scikit-learn transformer from tables in pandas to one row of numbers per case."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from triage.features.catalogue import FEATURES, build_features
from triage.features.frames import read_frames
from triage.features.view import View
from triage.schema.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from triage.schema.part import Part

    Tables = Mapping[str, pd.DataFrame] | Batch

ALL = "all"


class FeaturePipeline(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """From canonical tables to one row of features per case.

    It learns nothing: `fit` checks its parameters and, where labels are given, that they belong to the cases.
    So it may stand first in a `sklearn.pipeline.Pipeline`, and what it gives a case never depends on others.

    Parameters
    ----------
    features : "all" or sequence of str, default="all"
        Names in the catalogue (`triage.features.catalogue.FEATURES`), in the order of the columns wanted.
    as_of : datetime or pandas.Series, optional
        Only what was known by then counts. A series gives each case its own time, with `case_id` as its
        index; for training that is when the case was selected. Times without a zone are UTC. Default: all
        that is in the tables counts; of a batch, what was known when it was complete.
    own_records : bool, default=True
        Whether earlier records count to which our own ranking led.

    Notes
    -----
    Input is a mapping of table name to frame (``docs/data-dictionary.md`` has the tables and columns), or a
    `Batch`. A table that is not there is empty; a value that is not allowed counts as unknown; a row that
    belongs to no case does not count: a `UserWarning` tells both. A row without any time of knowing counts
    as known when its case was last reported; a register entry, when the latest of all was. Where reports have
    a column ``case_id`` it stands; where they have none, they are linked by the persons that they report.

    Rows come sorted by case, one per case. Labels are aligned by that index: give `fit` a series with
    `case_id` as its index, in that order, and it is checked; an array is taken by position. Cases of which no
    report was known at the as-of time have a row too: counts are 0, all else is unknown.

    Examples
    --------
    >>> reports = pd.DataFrame({"report_id": ["r1", "r2"], "channels": [["chat"], ["web", "p2p"]]})
    >>> persons = pd.DataFrame({"person_id": ["p"], "report_id": ["r1"], "role": ["reported"]})
    >>> names = ["person_reported", "contact_channel", "prior_reports"]
    >>> frame = FeaturePipeline(names).fit_transform({"reports": reports, "persons": persons})
    >>> frame.astype(int)
             person_reported  contact_channel  prior_reports
    case_id
    r1                     1                1              0
    r2                     0                0              0

    A classifier after it, with the labels in the order of the cases:

    >>> from sklearn.ensemble import HistGradientBoostingClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(FeaturePipeline(names), HistGradientBoostingClassifier())
    >>> labels = pd.Series([0, 1], index=["r2", "r1"]).reindex(frame.index)
    >>> model.fit({"reports": reports, "persons": persons}, labels).classes_.tolist()
    [0, 1]
    """

    def __init__(
        self,
        features: str | Sequence[str] = ALL,
        as_of: datetime | pd.Series[Any] | None = None,
        own_records: bool = True,
    ) -> None:
        self.features = features
        self.as_of = as_of
        self.own_records = own_records

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this takes tables, knows nothing to begin with and learns nothing."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        """Say that it can be used as it is."""
        return True

    def fit(self, tables: Tables, y: ArrayLike | None = None) -> Self:
        """Check the parameters, and that labels belong to the cases.

        Parameters
        ----------
        tables : mapping of str to pandas.DataFrame, or Batch
            The cases.
        y : array-like or pandas.Series, shape (n_cases,), optional
            Labels. A series must have the case ids as its index, in the order of the rows.

        Raises
        ------
        ValueError
            A parameter, a table or the labels are not as they must be.
        """
        self._check()
        _check_labels(y, lambda: self.case_ids(tables))
        return self

    def transform(self, tables: Tables) -> pd.DataFrame | NDArray[np.float64]:
        """Compute the features.

        Parameters
        ----------
        tables : mapping of str to pandas.DataFrame, or Batch
            The cases.

        Returns
        -------
        pandas.DataFrame, shape (n_cases, n_features)
            Index ``case_id``. Flags are +1 asserted, 0 unknown, -1 denied; numbers are NaN where unknown.
            After ``set_output(transform="default")`` a numpy array.

        Raises
        ------
        ValueError
            A parameter or a table is not as it must be.
        """
        return self._contain(self._compute(tables))

    def fit_transform(
        self, tables: Tables, y: ArrayLike | None = None, **_params: object
    ) -> pd.DataFrame | NDArray[np.float64]:
        """Do both, and read the tables once.

        Parameters
        ----------
        tables : mapping of str to pandas.DataFrame, or Batch
            The cases.
        y : array-like or pandas.Series, shape (n_cases,), optional
            Labels, checked as `fit` does.

        Returns
        -------
        pandas.DataFrame, shape (n_cases, n_features)
            As `transform` gives it.
        """
        frame = self._compute(tables)
        _check_labels(y, lambda: frame.index)
        return self._contain(frame)

    def case_ids(self, tables: Tables) -> pd.Index[str]:
        """Return the cases in the order of the rows, to align labels by: ``labels.reindex(...)``."""
        names = [name for part, _ in _parts(tables) for name in part.cases.to_pylist()]
        return _index(names)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's signature
        """Return the names of the columns."""
        return np.array(self._names(), dtype=object)

    def _names(self) -> list[str]:
        if isinstance(self.features, str) and self.features == ALL:
            return list(FEATURES)
        if isinstance(self.features, str) or not list(self.features):
            raise ValueError(f"features: found {self.features!r}; expected 'all' or a list of names")
        names = list(self.features)
        for name in names:
            if name not in FEATURES:
                near = get_close_matches(str(name), FEATURES, n=3) or list(FEATURES)[:3]
                raise ValueError(
                    f"features: found {name!r}; expected names of the catalogue, such as {', '.join(near)}"
                )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"features: found {', '.join(twice)} more than once; expected each name once")
        return names

    def _check(self) -> None:
        self._names()
        if not isinstance(self.own_records, bool | np.bool_):
            raise ValueError(f"own_records: found {self.own_records!r}; expected True or False")  # noqa: TRY004 - scikit-learn's convention
        if self.as_of is not None:
            _times(self.as_of)

    def _compute(self, tables: Tables) -> pd.DataFrame:
        self._check()
        names = self._names()
        cases: list[str] = []
        blocks = [np.empty((0, len(names)))]
        for part, complete in _parts(tables):
            part_cases = part.cases.to_pylist()
            as_of = _seconds_of(self.as_of, complete, part_cases)
            blocks.append(build_features(View(part, as_of, own_records=bool(self.own_records)), names))
            cases += part_cases
        return pd.DataFrame(np.ascontiguousarray(np.concatenate(blocks)), index=_index(cases), columns=names)

    def _contain(self, frame: pd.DataFrame) -> pd.DataFrame | NDArray[np.float64]:
        """Return a frame unless somebody asked for scikit-learn's default."""
        asked = getattr(self, "_sklearn_output_config", {}).get("transform")
        return frame.to_numpy() if asked == "default" else frame


def _index(cases: list[str]) -> pd.Index[str]:
    index: pd.Index[str] = pd.Index(cases, name="case_id")
    return index


def _parts(tables: Tables) -> Iterable[tuple[Part, datetime]]:
    """Yield parts, each with the instant at which all in it was known."""
    if isinstance(tables, Batch):
        return ((part, tables.meta.as_of) for part in tables.parts())
    return iter([read_frames(tables)])


def _times(as_of: object) -> pd.Series[Any] | pd.Timestamp:
    """Return one time, or one per case, in UTC."""
    expected = "a datetime, or a Series of datetimes with case_id as its index"
    if isinstance(as_of, pd.Series):
        if as_of.index.duplicated().any():
            twice = as_of.index[as_of.index.duplicated()][0]
            raise ValueError(f"as_of: found {twice!r} twice in its index; expected one time per case")
        try:
            times = pd.to_datetime(as_of, utc=True)
        except (TypeError, ValueError) as error:
            raise ValueError(f"as_of: found {as_of.dtype}; expected {expected}") from error
        if pd.api.types.is_numeric_dtype(as_of) or times.isna().any():
            raise ValueError(f"as_of: found numbers or empty times; expected {expected}")
        return times
    if not isinstance(as_of, datetime) or pd.isna(as_of):
        raise ValueError(f"as_of: found {as_of!r}; expected {expected}")
    return pd.Timestamp(as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC))


def _seconds_of(as_of: object, complete: datetime, cases: list[str]) -> NDArray[np.int64]:
    """Return the as-of time of each case in seconds since 1970."""
    if as_of is None:
        return np.full(len(cases), int(complete.timestamp()))
    times = _times(as_of)
    if isinstance(times, pd.Timestamp):
        return np.full(len(cases), int(np.floor(times.timestamp())))
    missing = [case for case in cases if case not in times.index]
    if missing:
        raise ValueError(
            f"as_of: found no time for {len(missing):,} cases, such as {missing[0]!r}; expected one for each"
        )
    return np.asarray(times.loc[cases].to_numpy(dtype="datetime64[s]").astype(np.int64))


def _check_labels(y: object, cases: Any) -> None:
    """Refuse labels that belong to other cases or stand in another order."""
    if y is None:
        return
    index = cases()
    if len(y) != len(index):  # type: ignore[arg-type] # whatever has no length is no label
        raise ValueError(f"y: found {len(y):,} labels; expected one for each of {len(index):,} cases")  # type: ignore[arg-type]
    if isinstance(y, pd.Series | pd.DataFrame) and not y.index.equals(index):
        raise ValueError(
            "y: found labels whose index is not the case ids in the order of the rows; expected"
            " y.reindex(pipeline.case_ids(tables)), or an array to take them by position"
        )
