"""Facts that are counts, codes and times of the rows behind a feature.

A function here returns one that takes a view and the cases to tell of, and returns a text for each: empty
where there is nothing to tell. Arrays are made for all cases at once, words only for what is told, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.telling.texts import say_each
from triage.features.telling.words import (
    band_words,
    count_words,
    dates_of,
    join_words,
    part_words,
    word_of,
)
from triage.schema.declare import Kind
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.features.view import Rows, View

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Facts = Callable[[View, Ints], pa.Array]
    Choose = Callable[[View], Rows]
    Mark = Callable[[Rows], Mask]


def codes_of(table: str, column: str, *without: str) -> tuple[str, ...]:
    """Return the declared codes of a column that tell something."""
    return tuple(code for code in TABLES[table][column].codes if code not in {"unknown", "not_run", *without})


def coded(column: str, *codes: str) -> Mark:
    """Mark rows by a code."""
    return lambda rows: rows.is_code(column, *codes)


def tagged(column: str, *codes: str) -> Mark:
    """Mark rows by a member of a set of codes."""
    return lambda rows: rows.has(column, *codes)


def every(rows: Rows) -> Mask:
    """Mark all rows."""
    return np.ones(len(rows), dtype=bool)


def filled(column: str) -> Mark:
    """Mark rows whose set of codes was filled in."""
    return lambda rows: rows.filled(column)


def count_of(choose: Choose, mark: Mark, noun: str, among: Mark = every, *, alone: bool = True) -> Facts:
    """Tell how many rows of how many are marked; where `alone` is false, only if there are several.

    Examples
    --------
    >>> told = count_of(lambda view: view.files, coded("severity_class", "A1"), "file")
    """

    def tell(view: View, cases: Ints) -> pa.Array:
        rows = choose(view)
        of = among(rows)
        marked, all_of = rows.count(mark(rows) & of)[cases], rows.count(of)[cases]
        return say_each(
            lambda n, whole: part_words(n, whole, noun) if whole > 1 or (alone and whole) else "",
            marked,
            all_of,
        )

    return tell


def share_of(choose: Choose, mark: Mark, noun: str, among: Mark) -> Facts:
    """Tell how many of how many a percentage is."""

    def tell(view: View, cases: Ints) -> pa.Array:
        rows = choose(view)
        of = among(rows)
        marked, all_of = rows.count(mark(rows) & of)[cases], rows.count(of)[cases]
        return say_each(
            lambda n, whole: f"{n:,.0f} of {count_words(whole, noun)}" if whole else "", marked, all_of
        )

    return tell


def names_of(
    choose: Choose,
    place: str,
    codes: Sequence[str],
    say: Callable[[str], str] = word_of,
    *,
    count: str = "",
    first: bool = False,
) -> Facts:
    """Tell which of the codes a case has in a place, table.column.

    With `count`, a noun, also in how many rows; with `first`, the first of them alone.
    """
    table, column = place.split(".")
    one_code = TABLES[table][column].kind is Kind.CODE

    def tell(view: View, cases: Ints) -> pa.Array:
        rows = choose(view)
        found = []
        for code in codes:
            marked = rows.is_code(column, code) if one_code else rows.has(column, code)
            # Without a noun nobody hears how often: that a code is there at all makes cases alike.
            found.append((rows.count(marked) if count else rows.any(marked))[cases])
        words = [say(code) for code in codes]
        return say_each(
            lambda *counts: join_words(_name(words, counts, count)[: 1 if first else None]), *found
        )

    return tell


def _name(words: Sequence[str], counts: Sequence[float], noun: str) -> list[str]:
    named = [(word, count) for word, count in zip(words, counts, strict=True) if count]
    return [f"{count_words(count, noun)} {word}" if noun else word for word, count in named]


def bands_of(choose: Choose, place: str) -> Facts:
    """Tell the bands, in their own words, in place of the number that stands for one."""
    return names_of(choose, place, codes_of(*place.split(".")), band_words)


def when(seconds: Callable[[View], Floats], before: str = "on ") -> Facts:
    """Tell the day."""

    def tell(view: View, cases: Ints) -> pa.Array:
        return say_each(lambda day: f"{before}{day}" if day else "", dates_of(seconds(view)[cases]))

    return tell


def latest(choose: Choose, column: str, mark: Mark = every) -> Callable[[View], Floats]:
    """Return the latest time of the marked rows of each case."""

    def compute(view: View) -> Floats:
        rows = choose(view)
        return rows.largest(np.where(mark(rows), rows.seconds(column), np.nan))

    return compute


def both(*facts: Facts) -> Facts:
    """Tell several facts, one behind the other."""

    def tell(view: View, cases: Ints) -> pa.Array:
        return say_each(
            lambda *parts: ", ".join(part for part in parts if part), *(one(view, cases) for one in facts)
        )

    return tell
