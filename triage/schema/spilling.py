"""Rows that wait on disk, by bucket, for those that belong with them; and how tokens are dealt out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.declare import Kind
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

FLUSH_BYTES = 2**24
_LONGEST_TOKEN = 64
_WORD = 8
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


class Spill:
    """Rows of one kind in one file, from which each bucket is read alone.

    The file is written from its beginning to its end. Rows gather in memory until they are `FLUSH_BYTES`;
    then they are put in the order of their buckets and written, a record batch for each bucket.

    Parameters
    ----------
    file : Path
        Made with the first rows.
    buckets : int
        How many there are.
    """

    def __init__(self, file: Path, buckets: int) -> None:
        self.file, self.buckets = file, buckets
        self.rows = 0
        self._waiting: list[tuple[pa.Table, Ints]] = []
        self._bytes = 0
        self._written = 0
        self._places: dict[int, list[int]] = {}
        self._writer: pa.RecordBatchFileWriter | None = None
        self._reader: pa.RecordBatchFileReader | None = None

    def add(self, table: pa.Table, bucket: Ints) -> None:
        """Add rows, each to its bucket."""
        if not table.num_rows:
            return
        self._waiting.append((table, bucket))
        self._bytes += table.nbytes
        self.rows += table.num_rows
        if self._bytes >= FLUSH_BYTES:
            self._flush()

    def read(self, bucket: int) -> pa.Table | None:
        """Return the rows of a bucket in the order in which they were added; None where there are none.

        After the first reading nothing can be added.
        """
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer, self._reader = None, pa.ipc.open_file(pa.OSFile(str(self.file)))
        if self._reader is None or bucket not in self._places:
            return None
        batches = [self._reader.get_batch(place) for place in self._places[bucket]]
        return pa.Table.from_batches(batches).combine_chunks()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables([rows for rows, _ in self._waiting])
        bucket = np.concatenate([numbers for _, numbers in self._waiting])
        self._waiting, self._bytes = [], 0
        if (np.diff(bucket) < 0).any():
            order = np.argsort(bucket, kind="stable")
            table, bucket = table.take(pa.array(order)), bucket[order]
        table = table.combine_chunks()
        if self._writer is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_file(str(self.file), table.schema, options=options)
        starts = np.flatnonzero(np.append(True, np.diff(bucket) != 0)).tolist()
        for start, stop in zip(starts, [*starts[1:], len(bucket)], strict=True):
            (batch,) = table.slice(start, stop - start).to_batches()
            self._writer.write_batch(batch)
            self._places.setdefault(int(bucket[start]), []).append(self._written)
            self._written += 1


def pack(table: pa.Table, name: str) -> pa.Table:
    """Return mended rows without dictionaries, which a file of record batches can hold only one of."""
    declared = TABLES[name]
    for at, column in enumerate(table.column_names):
        if column not in declared or not pa.types.is_dictionary(table.schema.field(at).type):
            continue
        values = table.column(at).combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
        plain = values.cast(pa.string()) if declared[column].kind == Kind.COUNTRY else values.indices
        table = table.set_column(at, column, plain)
    return table


def unpack(table: pa.Table, name: str) -> pa.Table:
    """Return packed rows in their declared form; columns that are not declared stay as they are."""
    declared = TABLES[name]
    for at, column in enumerate(table.column_names):
        if column not in declared or not pa.types.is_dictionary(declared[column].arrow_type):
            continue
        values = table.column(at).combine_chunks()
        values = values.chunk(0) if isinstance(values, pa.ChunkedArray) else values
        if declared[column].kind == Kind.COUNTRY:
            whole = values.dictionary_encode().cast(declared[column].arrow_type)
        else:
            whole = pa.DictionaryArray.from_arrays(values, pa.array(declared[column].codes, pa.string()))
        table = table.set_column(at, column, whole)
    return table


def hash_tokens(tokens: pa.ChunkedArray) -> NDArray[np.uint64]:
    """Return a number of 64 bits for each token, the same on every machine; of none, that of no letters.

    Examples
    --------
    >>> numbers = hash_tokens(pa.chunked_array([["a-token-of-many-letters", "b", "b"]]))
    >>> bool(numbers[1] == numbers[2]), bool(numbers[0] == numbers[1])
    (True, False)
    """
    words = _words(tokens)
    found = np.full(len(tokens), _MIX[0], np.uint64)
    for place in range(words.shape[1]):
        found ^= words[:, place]
        found *= _MIX[1]
        found ^= found >> np.uint64(29)
        found *= _MIX[0]
        found ^= found >> np.uint64(32)
    return found


def sortable_tokens(tokens: pa.ChunkedArray) -> NDArray[np.bytes_]:
    """Return tokens as bytes of one width, in the order of the tokens.

    Examples
    --------
    >>> sortable_tokens(pa.chunked_array([["b", "a-token"]])).tolist()
    [b'b', b'a-token']
    """
    words = np.ascontiguousarray(_words(tokens).astype(">u8"))
    width = words.shape[1] * _WORD
    return words.view(f"S{width}").reshape(len(tokens))


def _words(tokens: pa.ChunkedArray) -> NDArray[np.uint64]:
    """Return the bytes of tokens, eight to a number, padded with zeros."""
    flat = pc.fill_null(tokens, "").combine_chunks()
    flat = flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat
    if not len(flat):
        return np.zeros((0, 1), np.uint64)
    _, offsets, content = flat.buffers()
    ends = np.frombuffer(offsets, np.int32)[flat.offset : flat.offset + len(flat) + 1].astype(np.int64)
    first, last = int(ends[0]), int(ends[-1])
    # Of nothing but empty texts there need be no bytes at all.
    said = np.frombuffer(content, np.uint8)[first:last] if last > first else np.zeros(0, np.uint8)
    padded = np.append(said, np.zeros(_LONGEST_TOKEN, np.uint8))
    eight = np.ndarray(len(padded) - _WORD + 1, ">u8", padded, 0, (1,))
    starts, lengths = ends[:-1] - first, np.diff(ends)
    words = np.zeros((len(flat), max(1, -(-int(lengths.max()) // _WORD))), np.uint64)
    for place in range(words.shape[1]):
        left = np.clip(lengths - place * _WORD, 0, _WORD)
        found = eight[np.minimum(starts + place * _WORD, len(eight) - 1)].astype(np.uint64)
        # A shift by all 64 digits is not defined, so what is left of nothing is cleared in its own way.
        cut = (_WORD * (_WORD - np.maximum(left, 1))).astype(np.uint64)
        words[:, place] = np.where(left > 0, (found >> cut) << cut, np.uint64(0))
    return words


class Ranges:
    """Draws cases evenly while they pass, so that they can be cut into ranges of about one size.

    Parameters
    ----------
    most : int
        How many are drawn.
    """

    def __init__(self, most: int = 2**15) -> None:
        self.most = most
        self._hashes = np.zeros(0, np.uint64)
        self._cases = np.zeros(0, f"S{_LONGEST_TOKEN}")

    def see(self, cases: pa.ChunkedArray) -> None:
        """Look at cases; that one comes again does not matter, nor does the order."""
        cases = pc.drop_null(cases)
        hashes = hash_tokens(cases)
        if len(self._hashes) == self.most:
            low = hashes < self._hashes[-1]
            cases, hashes = cases.filter(pa.array(low)), hashes[low]
        if not len(hashes):
            return
        drawn = sortable_tokens(cases).astype(self._cases.dtype)
        hashes = np.append(self._hashes, hashes)
        self._hashes, first = np.unique(hashes, return_index=True)
        self._cases = np.append(self._cases, drawn)[first][: self.most]
        self._hashes = self._hashes[: self.most]

    @property
    def total(self) -> int:
        """How many different cases there were, about."""
        if len(self._hashes) < self.most:
            return len(self._hashes)
        return int((self.most - 1) / (float(self._hashes[-1]) / 2**64))

    def cut(self, ranges: int) -> NDArray[np.bytes_]:
        """Return the cases at which the second range and each further one begin."""
        drawn = np.sort(self._cases)
        places = np.linspace(0, len(drawn), ranges + 1)[1:-1].astype(int)
        return np.unique(drawn[places]) if len(drawn) else drawn
