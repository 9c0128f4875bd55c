"""Write whole files and whole folders, or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError, OutputExistsError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A folder is replaced on request only when one of these shows that this program made it.
MARKERS = ("batch.json", "manifest.json", "demo.json", "truth.parquet")


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to write over what is there, unless `force`; never replace a folder we did not make.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    InputRefusedError
        `path` is a folder without any of our marker files, or is not a plain file.
    """
    if not path.exists() and not path.is_symlink():
        return
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputRefusedError(
            "a device or a pipe, not a file", where=str(path), mend="choose another --out"
        )
    if not force:
        raise OutputExistsError(
            "already exists", where=str(path), mend="choose another --out, or add --force to replace it"
        )
    if path.is_dir() and any(path.iterdir()) and not any((path / marker).exists() for marker in MARKERS):
        raise InputRefusedError(
            "a folder that this program did not make",
            where=str(path),
            mend="choose another --out; --force replaces only batches, bundles and demo folders",
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def write_file(path: Path, *, force: bool = False, mode: int = 0o666) -> Iterator[Path]:
    """Give a temporary file beside `path` to write to; move it into place when the block ends well.

    Parameters
    ----------
    path : Path
        Where the finished file goes.
    force : bool
        Replace what is there.
    mode : int
        Permissions of the finished file, less the umask. Until then only the owner can read it.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    """
    refuse_existing(path, force=force)
    if path.is_dir():
        raise InputRefusedError("a folder, where a file goes", where=str(path), mend="choose another --out")
    _require_parent(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        _sync(partial)
        partial.chmod(mode & ~_umask())
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def write_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `path` to fill; move it into place when the block ends well.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    InputRefusedError
        `path` is a folder that this program did not make.
    """
    refuse_existing(path, force=force)
    if path.is_file():
        raise InputRefusedError("a file, where a folder goes", where=str(path), mend="choose another --out")
    _require_parent(path)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        yield partial
        for file in partial.rglob("*"):
            _sync(file)
        partial.chmod(0o777 & ~_umask())
        if path.exists():
            retired = partial.with_suffix(".old")
            path.rename(retired)
            partial.rename(path)
            shutil.rmtree(retired)
        else:
            partial.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _require_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputRefusedError(
            "no such folder", where=str(path.parent), mend="make it first, or choose another --out"
        )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
