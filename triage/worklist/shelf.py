"""What is told of the cases of a batch, kept outside of memory and read back case by case."""

from __future__ import annotations

import io
import os
import tempfile
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from triage.errors import TriageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.integer[Any]]

# So many rows are read at once: few enough that one lot of each part of a large batch is little memory.
LOT = 256
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


def pack_table(table: pa.Table) -> pa.Buffer:
    """Return a table as an Arrow file, in lots that can be read one by one.

    Examples
    --------
    >>> unpack_table(pack_table(pa.table({"a": [1, 2]})))["a"].to_pylist()
    [1, 2]
    """
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=_PACKED) as file:
        file.write_table(table.combine_chunks(), max_chunksize=LOT)
    return sink.getvalue()


def unpack_table(packed: pa.Buffer, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table of an Arrow file that is in memory; of it some columns, or all."""
    file = pa.ipc.open_file(pa.BufferReader(packed))
    if columns is not None:
        places = [file.schema.get_field_index(name) for name in columns]
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=places)
        file = pa.ipc.open_file(pa.BufferReader(packed), options=options)
    return file.read_all()


class Shelf:
    """Tables of parts end to end, in one file without a name: it is gone when nobody holds the shelf.

    A process that is ended leaves nothing of it behind. The file lies where temporary files lie (``TMPDIR``).
    Rows are numbered through all parts, in the order in which the parts were put here.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._end = 0
        self._files: list[pa.ipc.RecordBatchFileReader] = []
        self._slices: list[_Slice] = []
        self._read: list[tuple[int, pa.RecordBatch] | None] = []
        self._starts: list[int] = [0]

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._starts[-1]

    def put(self, packed: pa.Buffer, rows: int) -> None:
        """Add the table of a part, as `pack_table` returns it.

        Raises
        ------
        TriageError
            There is no room on the disk.
        """
        try:
            if self._descriptor < 0:
                self._descriptor = _make_nameless()
                weakref.finalize(self, os.close, self._descriptor)
            _write_all(self._descriptor, packed)
        except OSError as error:
            raise TriageError(
                f"{error.strerror or error}",
                where=tempfile.gettempdir(),
                mend="free some space, or name another folder for temporary files in TMPDIR",
            ) from error
        self._slices.append(_Slice(self._descriptor, self._end, packed.size))
        self._end += packed.size
        self._files.append(self._open(len(self._slices) - 1))
        self._read.append(None)
        self._starts.append(self._starts[-1] + rows)

    def take(self, rows: Ints, columns: Sequence[str] | None = None) -> pa.Table:
        """Return rows in the order in which they are asked for.

        Parameters
        ----------
        rows : array of int, shape (n_rows,)
            Row numbers.
        columns : sequence of str, optional
            Which columns; all of them if left out. The first part says which there are.
        """
        if not self._files:
            return pa.table({name: pa.nulls(0) for name in columns or ()})
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        part = np.searchsorted(self._starts, rows, side="right") - 1
        pieces = []
        for some in np.split(rows, np.flatnonzero(np.diff(part)) + 1):
            if len(some):
                index = int(np.searchsorted(self._starts, some[0], side="right")) - 1
                pieces += self._take_of(index, some - self._starts[index], columns)
        if not pieces:
            schema = self._files[0].schema
            return (pa.schema([schema.field(name) for name in columns]) if columns else schema).empty_table()
        back = np.empty(len(rows), dtype=np.int64)
        back[order] = np.arange(len(rows))
        return pa.Table.from_batches(pieces).combine_chunks().take(pa.array(back))

    def read_all(self) -> pa.Table:
        """Return all rows; something must have been put here."""
        return pa.concat_tables(file.read_all() for file in self._files)

    def _take_of(self, index: int, rows: Ints, columns: Sequence[str] | None) -> list[pa.RecordBatch]:
        """Return rows of one part, which ascend, lot by lot."""
        file = self._files[index] if columns is None else self._open(index, columns)
        lot = rows // LOT
        pieces = []
        for some in np.split(rows, np.flatnonzero(np.diff(lot)) + 1):
            number, at = int(some[0]) // LOT, some % LOT
            batch = self._read_lot(file, index, number) if columns is None else file.get_batch(number)
            first, last = int(at[0]), int(at[-1])
            if last - first + 1 == len(at) and (np.diff(at) == 1).all():
                pieces.append(batch.slice(first, len(at)))
            else:
                pieces.append(batch.take(pa.array(at)))
        return pieces if columns is None else [piece.select(columns) for piece in pieces]

    def _read_lot(self, file: pa.ipc.RecordBatchFileReader, index: int, number: int) -> pa.RecordBatch:
        """Return one lot of a part; the last one is kept, as the next rows mostly lie in it too."""
        held = self._read[index]
        if held is None or held[0] != number:
            held = number, file.get_batch(number)
            self._read[index] = held
        return held[1]

    def _open(self, index: int, columns: Sequence[str] | None = None) -> pa.ipc.RecordBatchFileReader:
        wanted = [] if columns is None else [self._files[index].schema.get_field_index(n) for n in columns]
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=sorted(wanted))
        return pa.ipc.open_file(pa.PythonFile(self._slices[index].again(), mode="r"), options=options)


def _make_nameless() -> int:
    """Return the descriptor of an empty file that no folder knows."""
    with tempfile.TemporaryFile(prefix="triage-") as file:
        return os.dup(file.fileno())


def _write_all(descriptor: int, content: pa.Buffer) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


class _Slice(io.RawIOBase):
    """One stretch of a file, to be read as a file of its own."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__()
        self._descriptor, self._start, self._size, self._at = descriptor, start, size, 0

    def again(self) -> _Slice:
        return _Slice(self._descriptor, self._start, self._size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._at
        found = os.pread(self._descriptor, left if size < 0 else min(size, left), self._start + self._at)
        self._at += len(found)
        return found
