"""Labels: what became known of the cases that were opened, and how those were chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.intake.tables import read_scores
from triage.schema.tables import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from triage.schema.part import Part

    Floats = NDArray[np.float64]

CASE, _LABEL_COLUMN = "case_id", "current_abuse"
_TRUE, _FALSE, _OPEN = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no"), ("", "none", "undetermined")


_CHOSEN = frozenset({"selected_at", "inclusion_probability"})


@dataclass(frozen=True)
class Labels:
    """One row per labelled case.

    Parameters
    ----------
    case : array of int, shape (n,)
        Index of the case in its part.
    outcome : array of float, shape (n,)
        1 for current abuse, 0 for none.
    as_of : array of int, shape (n,)
        When the case was selected, in seconds since 1970: what was known later may not be learned from.
    inclusion : array of float, shape (n,)
        The probability with which it was selected; NaN where that was not logged.
    """

    case: NDArray[np.int64]
    outcome: Floats
    as_of: NDArray[np.int64]
    inclusion: Floats


def read_outcomes(part: Part) -> Labels:
    """Read labels from the outcomes of a part.

    Over the outcomes of a case, yes stands before undetermined before no; a case that is undetermined has
    no label. Only what was found after the case was selected counts.

    Parameters
    ----------
    part : Part
        Whole cases.
    """
    table = part.tables["outcomes"]
    position, n = part.position("outcomes"), len(part.cases)
    selected = np.asarray(pc.fill_null(table["selected_at"].cast(pa.int64()), -1))
    found = np.asarray(pc.fill_null(table["outcome_at"].cast(pa.int64()), -1))
    counts = (selected >= 0) & (found > selected)
    as_of = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(as_of, position[counts], selected[counts])
    # A case that was opened twice is labelled by its first opening alone, as are its features.
    counts &= selected == as_of[position]
    codes = OUTCOMES["current_abuse_label"].codes
    label = np.asarray(pc.fill_null(table["current_abuse_label"].combine_chunks().indices, -1))
    best = np.zeros(n)  # 3 yes, 2 undetermined, 1 no
    for name, rank in (("no", 1.0), ("undetermined", 2.0), ("yes", 3.0)):
        said = counts & (label == codes.index(name))
        best[position[said]] = np.fmax(best[position[said]], rank)
    inclusion = np.full(n, np.nan)
    logged = np.asarray(pc.fill_null(table["inclusion_probability"], np.nan))
    inclusion[position[counts]] = logged[counts]
    case = np.flatnonzero((best == 1.0) | (best == 3.0))
    return Labels(case, (best[case] == 3.0).astype(np.float64), as_of[case], inclusion[case])


class Choice(NamedTuple):
    """How a labelled case was chosen.

    Parameters
    ----------
    at : int or None
        When, in seconds since 1970; None where nobody says.
    inclusion : float
        With what probability; NaN where that was not logged.
    """

    at: int | None = None
    inclusion: float = math.nan


class FiledLabels(dict[str, float]):
    """Labels from a file: 1 or 0 per case, and how each case was chosen, as far as the file says.

    Parameters
    ----------
    labels : dict of str to float
        1 or 0 per case.
    choices : dict of str to Choice
        Empty where the file has no column of that kind.
    """

    def __init__(self, labels: Mapping[str, float], choices: Mapping[str, Choice]) -> None:
        super().__init__(labels)
        self.choices = dict(choices)


def take_labels(labels: Mapping[str, float] | pd.Series | None) -> Mapping[str, float] | None:
    """Return labels by case; those of a Series stand under its index.

    Examples
    --------
    >>> import pandas as pd
    >>> take_labels(pd.Series([True, False, None], index=["a", "b", "c"]))
    {'a': 1.0, 'b': 0.0}
    """
    if labels is None or isinstance(labels, Mapping):
        return labels
    known = labels.dropna()
    if known.index.has_duplicates:
        twice = known.index[known.index.duplicated()][0]
        raise InputRefusedError(f"case {str(twice)[:60]} twice", where="labels", expected="one label a case")
    return {str(case): float(value) for case, value in known.items()}


def read_label_file(path: Path | str) -> FiledLabels:
    """Read labels from a file with ``case_id`` and ``current_abuse``: CSV or Parquet.

    Parameters
    ----------
    path : Path
        For example the ``truth.parquet`` of a world, for research; or what ``triage outcomes export`` wrote,
        which also says in ``selected_at`` and ``inclusion_probability`` how each case was chosen.

    Returns
    -------
    FiledLabels
        1 or 0 per case; other cases have no label.

    Raises
    ------
    InputRefusedError
        The file cannot be read, lacks a column, holds no row, or another value than yes and no.
    """
    path = Path(path)
    table = read_scores(path, (CASE, _LABEL_COLUMN))
    if not table.num_rows:
        raise InputRefusedError(
            "no row beneath the header",
            where=str(path),
            expected=f"a row a case, with {CASE} and {_LABEL_COLUMN}",
            mend="check that the file was written to its end",
        )
    values = parse_labels(table[_LABEL_COLUMN], _LABEL_COLUMN, str(path))
    labels: dict[str, float] = {}
    for row, (case, value) in enumerate(zip(table[CASE].to_pylist(), values.tolist(), strict=True), start=1):
        if str(case) in labels:
            raise InputRefusedError(
                f"case {str(case)[:60]} twice", where=f"{path}, row {row}", expected="one row a case"
            )
        if case is not None and not math.isnan(value):
            labels[str(case)] = value
    return FiledLabels(labels, _read_choices(table, str(path)) if set(table.column_names) >= _CHOSEN else {})


def _read_choices(table: pa.Table, where: str) -> dict[str, Choice]:
    cases, selected, inclusion = (table[name].to_pylist() for name in (CASE, *sorted(_CHOSEN, reverse=True)))
    choices = {}
    for row, (case, at, chance) in enumerate(zip(cases, selected, inclusion, strict=True), start=1):
        try:
            time = datetime.fromisoformat(at) if isinstance(at, str) and at else at or None
            seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()) if time else None
            share = float(chance) if chance not in {None, ""} else math.nan
        except (ValueError, TypeError, AttributeError):
            share, seconds = -1.0, None
        if not (math.isnan(share) or 0 < share <= 1):
            raise InputRefusedError(
                "a time or a chance that cannot be read", where=f"{where}, row {row}",
                expected="selected_at such as 2024-03-01T10:00:00Z, inclusion_probability from 0 to 1",
            )  # fmt: skip
        choices[str(case)] = Choice(seconds, share)
    return choices


def parse_labels(values: pa.ChunkedArray, name: str, where: str = "") -> Floats:
    """Return a column of outcomes as 1 and 0, and NaN where they are unknown.

    Parameters
    ----------
    values : pyarrow.ChunkedArray
        1 or 0, yes or no, true or false, as any type; empty, none or undetermined where unknown.
    name : str
        The column, for errors.
    where : str
        The file, for errors.

    Raises
    ------
    InputRefusedError
        Another value, with its row.

    Examples
    --------
    >>> parse_labels(pa.chunked_array([["yes", "0", None, "Undetermined"]]), "current_abuse")
    array([ 1.,  0., nan, nan])
    """
    text = pc.fill_null(pc.utf8_lower(pc.utf8_trim_whitespace(values.cast(pa.string()))), "")
    yes, no, unknown = (np.asarray(pc.is_in(text, pa.array(codes))) for codes in (_TRUE, _FALSE, _OPEN))
    strange = ~(yes | no | unknown)
    if strange.any():
        row = int(np.argmax(strange))
        raise InputRefusedError(
            f"'{str(values[row].as_py())[:40]}'",
            where=", ".join(part for part in (where, f"column {name}, row {row + 1}") if part),
            expected="1 or 0, yes or no, true or false; empty or undetermined where unknown",
        )
    return np.where(unknown, np.nan, yes.astype(np.float64))
