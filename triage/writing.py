"""Write whole files and whole folders, or nothing."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError, OutputExistsError, hide_secrets

# None on a system that has no such locks.
fcntl: Any = importlib.import_module("fcntl") if os.name == "posix" else None

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_SECONDS = 86_400
# A path keeps one of the slashes of a URL.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)


def refuse_existing(path: Path, *, force: bool, contents: frozenset[str] = frozenset()) -> None:
    """Refuse to write over what is there, unless `force`; never replace what is not of our making.

    Parameters
    ----------
    path : Path
        The output.
    force : bool
        Whether the caller asked to replace it.
    contents : frozenset of str
        For a folder: the names that may be in it. With any other name it is somebody else's.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    InputRefusedError
        `path` is a link, a device, a folder with anything else in it, or was a URL.
    """
    _refuse_url(path)
    if not path.name:
        raise InputRefusedError(
            "no name", where=str(path), expected="a name for the output", mend="choose another --out"
        )
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise OutputExistsError(
            "already exists", where=str(path), mend="choose another --out, or add --force to replace it"
        )
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise InputRefusedError("a link, a device or a pipe", where=str(path), mend="choose another --out")
    if path.is_dir():
        foreign = sorted({entry.name for entry in path.iterdir()} - contents)
        if foreign:
            raise InputRefusedError(
                f"a folder that this program did not make: it holds {shown(foreign[0])}",
                where=str(path),
                mend="choose another --out; --force replaces only what this program made",
            )


def _refuse_url(path: Path) -> None:
    """Refuse to write to another place, where no folder takes its name in one step."""
    first = path.parts[0] if path.parts else ""
    if "/" in str(path) and _URL.fullmatch(first) and not Path(first).exists():
        raise InputRefusedError(
            "a URL",
            where=hide_secrets(str(path)),
            expected="a path of this machine, where an output is written whole or not at all",
            mend="write it here, then copy it; of a batch, batch.json last",
        )


def shown(name: str) -> str:
    """Return a name as it stands in a message: printable and short."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:60]


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
    partial, lock = _begin_partial(path, folder=False)
    try:
        yield partial
        _sync(partial)
        partial.chmod(mode & ~_umask())
        if force:
            partial.replace(path)
        else:
            _link(partial, path)
        _sync(path.parent)
        _sweep_partials(path, folder=False)
    finally:
        partial.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def write_folder(path: Path, *, contents: frozenset[str], force: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `path` to fill; move it into place when the block ends well.

    Parameters
    ----------
    path : Path
        Where the finished folder goes.
    contents : frozenset of str
        The names that may be in such a folder; one with other names is never replaced.
    force : bool
        Replace what is there.

    Raises
    ------
    OutputExistsError
        `path` exists and `force` is false.
    InputRefusedError
        `path` is something that this program did not make.
    """
    refuse_existing(path, force=force, contents=contents)
    if path.is_file():
        raise InputRefusedError("a file, where a folder goes", where=str(path), mend="choose another --out")
    _require_parent(path)
    partial, lock = _begin_partial(path, folder=True)
    try:
        yield partial
        for file in partial.rglob("*"):
            _sync(file)
        partial.chmod(0o777 & ~_umask())
        if force and path.exists():
            _exchange(partial, path)
        else:
            _move(partial, path)
        _sync(path.parent)
        _sweep_partials(path, folder=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Give a folder beside `path` for what is needed on the way to it; it is gone when the block ends.

    What a killed process leaves of it goes with the next writing of `path`.
    """
    _require_parent(path)
    scratch, lock = _begin_partial(path, folder=True)
    try:
        yield scratch
        _sweep_partials(path, folder=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        os.close(lock)


def _begin_partial(path: Path, *, folder: bool) -> tuple[Path, int]:
    """Make a temporary file or folder beside `path`, locked for as long as this process lives."""
    make = tempfile.mkdtemp if folder else _make_file
    while True:
        partial = Path(make(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
        # Between its making and its locking somebody who sweeps may have taken it for a dead one.
        with suppress(FileNotFoundError):
            lock = os.open(partial, os.O_RDONLY)
            if _lock(lock, wait=True) is None or _is_at(lock, partial):
                return partial, lock
            os.close(lock)


def _make_file(prefix: str, suffix: str, dir: Path) -> str:  # noqa: A002 - as tempfile names it
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=dir)
    os.close(handle)
    return name


def _lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock a file or folder against others; say whether it is, and None where locks cannot be had."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # some file systems of networks have none
        return None
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.lstat())


def _sweep_partials(path: Path, *, folder: bool) -> None:
    """Remove what killed processes left of earlier writes of the same output.

    The lock of a process ends with it, so what is locked is being written. Where locks cannot be had, what
    nobody has touched for a day is taken to be left.
    """
    ours = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.partial")
    for left in path.parent.iterdir():
        if not ours.fullmatch(left.name):
            continue
        with suppress(OSError):
            status = left.lstat()
            if not (stat.S_ISDIR if folder else stat.S_ISREG)(status.st_mode):
                continue
            descriptor = os.open(left, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            try:
                dead = _lock(descriptor)
                if dead is None:
                    dead = time.time() - status.st_mtime > _LONGEST_SECONDS
                if dead and folder:
                    shutil.rmtree(left, ignore_errors=True)
                elif dead:
                    left.unlink()
            finally:
                os.close(descriptor)


def _link(partial: Path, path: Path) -> None:
    """Give a finished file its name, unless something has taken the name meanwhile."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise OutputExistsError("was made by somebody else meanwhile", where=str(path)) from None
    except OSError:  # a file system without links
        partial.rename(path)


def _move(partial: Path, path: Path) -> None:
    try:
        partial.rename(path)
    except OSError as error:
        if path.exists():
            raise OutputExistsError("was made by somebody else meanwhile", where=str(path)) from error
        raise


def _exchange(partial: Path, path: Path) -> None:
    """Put a finished folder in the place of an old one; if that fails the old one stays."""
    retired = partial.with_suffix(".old")
    path.rename(retired)
    try:
        partial.rename(path)
    except BaseException:
        retired.rename(path)
        raise
    shutil.rmtree(retired)


def require_plain(path: Path) -> None:
    """Refuse a device or a pipe, which could be read from for ever.

    Raises
    ------
    InputRefusedError
        `path` exists and is no plain file.
    """
    if path.exists() and not path.is_file():
        raise InputRefusedError("not a plain file", where=str(path), mend="check the path")


def _require_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputRefusedError(
            "no such folder", where=str(path.parent), mend="make it first, or choose another --out"
        )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
