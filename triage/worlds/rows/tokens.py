"""Random tokens, many at a time: 24 hexadecimal digits each, never through Python strings."""

from __future__ import annotations

from binascii import hexlify
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Bytes = NDArray[np.uint8]

TOKEN_BYTES = 12
_KEY_SHIFT = np.uint64(48)


@dataclass(frozen=True)
class Tokens:
    """Tokens as raw bytes.

    Parameters
    ----------
    raw : array of uint8, shape (n, 12)
        One row a token; the order of the bytes is the order of the text.
    """

    raw: Bytes

    def __len__(self) -> int:
        return len(self.raw)

    def take(self, index: Codes) -> Tokens:
        """Return the tokens at some places."""
        return Tokens(self.raw[index])

    def arrow_at(self, index: Codes) -> pa.Array:
        """Return the tokens at some places as a string array; null where the place is -1.

        Examples
        --------
        >>> Tokens(np.zeros((0, 12), dtype=np.uint8)).arrow_at(np.array([-1])).to_pylist()
        [None]
        """
        missing = index < 0
        if missing.all():
            return pa.nulls(len(index), pa.string())
        return self.take(np.maximum(index, 0)).arrow(missing)

    def key(self) -> NDArray[np.uint64]:
        """Return the first six bytes as a number: sorts like the text, but for ties of one in 2**48."""
        padded = np.zeros((len(self.raw), 8), dtype=np.uint8)
        padded[:, 2:] = self.raw[:, :6]
        return padded.view(">u8").ravel().astype(np.uint64)

    def arrow(self, missing: NDArray[np.bool_] | None = None) -> pa.Array:
        """Return a string array; null where `missing`.

        Examples
        --------
        >>> Tokens(np.arange(12, dtype=np.uint8)[None, :]).arrow().to_pylist()
        ['000102030405060708090a0b']
        """
        count, width = len(self.raw), 2 * TOKEN_BYTES
        if missing is None or not missing.any():
            kept, bitmap, nulls = self.raw, None, 0
            offsets = np.arange(count + 1, dtype=np.int32) * width
        else:
            kept, nulls = self.raw[~missing], int(missing.sum())
            offsets = np.concatenate([[0], np.cumsum(~missing)]).astype(np.int32) * np.int32(width)
            bitmap = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        text = hexlify(kept.tobytes())
        return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text), bitmap, nulls)


def draw_tokens(rng: np.random.Generator, count: int) -> Tokens:
    """Draw tokens.

    Examples
    --------
    >>> len(draw_tokens(np.random.default_rng(0), 3))
    3
    """
    return Tokens(rng.integers(0, 256, size=(count, TOKEN_BYTES), dtype=np.uint8))


def draw_tokens_between(rng: np.random.Generator, count: int, place: int, places: int) -> Tokens:
    """Draw tokens from one of several equal stretches of the range.

    Blocks that take their stretches in turn stay sorted when they are joined.

    Examples
    --------
    >>> tokens = draw_tokens_between(np.random.default_rng(0), 100, 1, 5)
    >>> bool((tokens.raw[:, 0] // 52 == 1).mean() > 0.9)
    True
    """
    tokens = draw_tokens(rng, count)
    width = 2**32 // places
    first = rng.integers(place * width, (place + 1) * width, size=count, dtype=np.int64)
    tokens.raw[:, :4] = first.astype(">u4").view(np.uint8).reshape(-1, 4)
    return tokens


def sort_within(case: Codes, tokens: Tokens) -> Codes:
    """Return the order that sorts rows by case and, within a case, by token."""
    return np.argsort((case.astype(np.uint64) << _KEY_SHIFT) | tokens.key(), kind="stable").astype(np.int64)


def spread(rng: np.random.Generator, parent: Codes, number: Codes, case: Codes) -> tuple[Codes, Tokens]:
    """Repeat parents, name the rows, and sort them by case and name.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the names.
    parent : array of int, shape (n_parents,)
        What the rows point to.
    number : array of int, shape (n_parents,)
        Rows of each.
    case : array of int, shape (n_parents,)
        Case of each.

    Returns
    -------
    parent : array of int, shape (n_rows,)
        Parent of each row.
    ids : Tokens
        Names of the rows.

    Examples
    --------
    >>> rows, ids = spread(np.random.default_rng(0), np.array([4, 7]), np.array([2, 1]), np.array([0, 1]))
    >>> rows.tolist(), len(ids)
    ([4, 4, 7], 3)
    """
    ids = draw_tokens(rng, int(number.sum()))
    order = sort_within(np.repeat(case, number), ids)
    return np.repeat(parent, number)[order], ids.take(order)
