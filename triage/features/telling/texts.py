"""Texts of many cases at once: each distinct one is made once, and they are put together in Arrow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_THOUSAND = 1_000


def say_each(say: Callable[..., str], *columns: ArrayLike | pa.Array) -> pa.Array:
    """Return what is said of each row; words are made once for rows that have the same values.

    Parameters
    ----------
    say : callable
        From one value of each column to a text.
    *columns : array-like, shape (n_rows,)
        Numbers or texts.

    Returns
    -------
    pyarrow.Array of string, shape (n_rows,)

    Examples
    --------
    >>> say_each(lambda count, of: f"{count} of {of}", [1, 2, 1], [3, 3, 3]).to_pylist()
    ['1 of 3', '2 of 3', '1 of 3']
    """
    arrays = [column if isinstance(column, pa.Array) else pa.array(np.asarray(column)) for column in columns]
    which, first = number_rows(*arrays)
    values = [array.take(pa.array(first)).to_pylist() for array in arrays]
    return pa.array([say(*row) for row in zip(*values, strict=True)], pa.string()).take(pa.array(which))


def number_rows(*columns: pa.Array) -> tuple[Ints, Ints]:
    """Give each row the number of its kind: rows with the same values are of one.

    Parameters
    ----------
    *columns : pyarrow.Array, shape (n_rows,)
        What makes rows alike. No value is like every other, and NaN like every other.

    Returns
    -------
    which : array of int, shape (n_rows,)
        The number of each row: below the number of distinct rows, in the order in which they first stand.
    first : array of int, shape (n_distinct,)
        Where the first row of each number stands.

    Examples
    --------
    >>> which, first = number_rows(pa.array([5, 7, 5]), pa.array(["a", "b", "a"]))
    >>> which.tolist(), first.tolist()
    ([0, 1, 0], [0, 1])
    """
    which, size = _number(columns[0])
    for column in columns[1:]:
        held, kinds = _number(column)
        which, size = _number(pa.array(which * kinds + held))
    first = np.empty(size, dtype=np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return which, first


def _number(column: pa.Array) -> tuple[Ints, int]:
    """Return the number of each value, in the order in which they first stand, and how many there are."""
    if pa.types.is_dictionary(column.type):
        column = pc.fill_null(column.indices, -1)
    encoded = column.dictionary_encode("encode")
    return np.asarray(encoded.indices).astype(np.int64), len(encoded.dictionary)


def glue(*parts: str | pa.Array, between: str = "") -> pa.Array:
    """Put texts together, row by row.

    Examples
    --------
    >>> glue("rank ", pa.array(["1", "2"]), "!").to_pylist()
    ['rank 1!', 'rank 2!']
    """
    return pc.binary_join_element_wise(*parts, between)


def enumerate_texts(texts: pa.Array, counts: NDArray[np.integer[Any]], separator: str) -> pa.Array:
    """Put the texts of each case together, those of the first case first.

    Parameters
    ----------
    texts : pyarrow.Array of string, shape (n_texts,)
        Of all cases, in the order of the cases.
    counts : array of int, shape (n_cases,)
        How many are of each case.
    separator : str
        What stands between them.

    Examples
    --------
    >>> enumerate_texts(pa.array(["a", "b", "c"]), np.array([2, 0, 1]), "; ").to_pylist()
    ['a; b', '', 'c']
    """
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), separator)


def choose_texts(mask: Mask, chosen: str | pa.Array, other: str | pa.Array) -> pa.Array:
    """Return the one text where the mask holds, and the other where not."""
    return pc.if_else(pa.array(mask), chosen, other)


def with_commas(numbers: NDArray[np.integer[Any]]) -> pa.Array:
    """Return whole numbers from 0 as text, with a comma between thousands.

    Examples
    --------
    >>> with_commas(np.array([7, 1_234, 1_000_050])).to_pylist()
    ['7', '1,234', '1,000,050']
    """
    above, rest = numbers // _THOUSAND, pa.array(numbers % _THOUSAND)
    more = above > 0
    if not more.any():
        return _below_thousand("").take(rest)
    if more.all():
        return glue(with_commas(above), ",", _below_thousand("03").take(rest))
    longer = glue(with_commas(above[more]), ",", _below_thousand("03").take(rest.filter(pa.array(more))))
    return pc.replace_with_mask(_below_thousand("").take(rest), pa.array(more), longer)


@cache
def _below_thousand(form: str) -> pa.Array:
    return pa.array([f"{number:{form}}" for number in range(_THOUSAND)])


def join_texts(parts: Sequence[pa.Array]) -> pa.Array:
    """Return the texts of all parts, end to end."""
    return pa.concat_arrays([pa.array([], pa.string()), *parts])


def is_among(texts: pa.Array, some: Collection[str]) -> Mask:
    """Say which texts are some of those.

    Examples
    --------
    >>> is_among(pa.array(["a", "b"]), {"b"}).tolist()
    [False, True]
    """
    return np.asarray(pc.is_in(texts, pa.array(list(some), pa.string())))


def look_up(texts: pa.Array, known: Mapping[str, str], otherwise: str | pa.Array) -> pa.Array:
    """Return what stands for each text; another value where nothing does.

    Examples
    --------
    >>> look_up(pa.array(["a", "b"]), {"b": "B"}, "none").to_pylist()
    ['none', 'B']
    """
    at = pc.index_in(texts, pa.array(list(known), pa.string()))
    return pc.coalesce(pa.array(list(known.values()), pa.string()).take(at), otherwise)
