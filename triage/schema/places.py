"""Where a batch is: a folder of this machine, or one elsewhere at a URL that fsspec knows."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from triage.errors import InputRefusedError, hide_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_URL = re.compile(r"[a-z][a-z0-9+.-]+(://|::)", re.IGNORECASE)
_HERE = re.compile(r"(file|local)://", re.IGNORECASE)
_PORT = re.compile(r"(\[[0-9a-f:.]*\]|[^:]*)(:\d{0,5})?", re.IGNORECASE)
# What stands before the @ is a container there, and no name of a person.
_WITH_CONTAINER = frozenset({"abfs", "abfss", "adl", "az"})
_AT_ONCE = 256
_COPY = "or copy the batch to this machine"


class _Way:
    """The way to a URL: gone when it is first needed, and gone anew by whoever it is sent to."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __reduce__(self) -> tuple[type[_Way], tuple[str]]:
        # What the environment gave for it, a password perhaps, stays here.
        return _Way, (self.url,)

    @cached_property
    def opened(self) -> tuple[Any, str]:
        """The file system, and where in it the URL leads."""
        try:
            core: Any = import_module("fsspec.core")
        except ModuleNotFoundError as error:
            raise InputRefusedError(
                f"a URL, and no module {error.name}",
                where=self.url,
                expected="fsspec",
                mend=f"pip install 'report-triage[remote]', {_COPY}",
            ) from None
        with _refusing(self.url):
            system, root = core.url_to_fs(self.url)
        return system, root


@dataclass(frozen=True)
class Elsewhere:
    """A folder elsewhere, or a file in it; it can only be read.

    It asks for files by their names alone and never for a listing, which some protocols do not have.

    Parameters
    ----------
    way : _Way
        To the folder.
    inside : str
        What is meant in the folder; empty for the folder itself.
    """

    way: _Way
    inside: str = ""

    def __str__(self) -> str:
        """Return its URL: of a chain such as zip://batch::s3://... the first path is that of the folder."""
        if not self.inside:
            return self.way.url
        links = self.way.url.split("::")
        first = next(place for place, link in enumerate(links) if "://" in link)
        links[first] = _join(links[first], self.inside)
        return "::".join(links)

    def __truediv__(self, name: str) -> Elsewhere:
        return Elsewhere(self.way, _join(self.inside, name))

    @property
    def name(self) -> str:
        """The last part of its path in the folder."""
        return self.inside.rpartition("/")[2]

    @property
    def parent(self) -> Elsewhere:
        """The folder that it is in."""
        return Elsewhere(self.way, self.inside.rpartition("/")[0])

    def read_bytes(self) -> bytes:
        """Read the file as a whole, which asks less often than column by column.

        Raises
        ------
        FileNotFoundError
            It is not there.
        InputRefusedError
            It cannot be read for any other reason.
        """
        system, path = self.find()
        with _refusing(str(self)):
            return bytes(system.cat_file(path))

    def read_text(self, encoding: str) -> str:
        """Read the file as text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str) -> io.BytesIO:
        """Read the file, and give it as one that is open."""
        if mode != "rb":
            raise ValueError(mode)
        return io.BytesIO(self.read_bytes())

    def find(self) -> tuple[Any, str]:
        """Return the file system of fsspec that it is in, and its path there."""
        system, root = self.way.opened
        return system, _join(root, self.inside)


Place: TypeAlias = Path | Elsewhere


def find_place(text: str | Path) -> Place:
    """Return where a batch is.

    A folder of this machine that bears the name comes first, whatever the name looks like. A URL is not asked
    for anything yet.

    Parameters
    ----------
    text : str or Path
        A path, or a URL such as ``s3://bucket/batch``.

    Raises
    ------
    InputRefusedError
        There is a password in the URL, or what may be one.

    Examples
    --------
    >>> str(find_place("s3://bucket/batch") / "batch.json")
    's3://bucket/batch/batch.json'
    >>> str(find_place("zip://monday::s3://bucket/all.zip") / "batch.json")
    'zip://monday/batch.json::s3://bucket/all.zip'
    """
    path = Path(text)
    if isinstance(text, Path) or not (_URL.match(text) and "://" in text) or path.exists():
        return path
    if _HERE.match(text) and "::" not in text:
        return Path(_HERE.sub("", text))
    for link in text.split("::"):
        _refuse_secrets(link, text)
    return Elsewhere(_Way(text))


def read_ends(files: Sequence[Elsewhere], size: int) -> Iterator[bytes]:
    """Read the last bytes of files of one folder, many at once where the protocol can.

    Parameters
    ----------
    files : sequence of Elsewhere
        Of one folder.
    size : int
        How many bytes, where a file has as many.

    Yields
    ------
    bytes
        Empty where a file cannot be read, or not from its end.
    """
    for start in range(0, len(files), _AT_ONCE):
        found = [file.find() for file in files[start : start + _AT_ONCE]]
        system = found[0][0]
        with _refusing(str(files[start])):
            ends = system.cat_ranges([path for _, path in found], -size, None, on_error="return")
        yield from (b"" if isinstance(end, Exception) else bytes(end) for end in ends)


def _join(path: str, name: str) -> str:
    return f"{path}{'/' if path and name and not path.endswith('/') else ''}{name}"


def _refuse_secrets(link: str, url: str) -> None:
    """Refuse what others on this machine could see in the list of processes, and who reads the messages."""
    protocol, _, rest = link.partition("://")
    host, _, path = rest.partition("/")
    if "@" in host:
        secret = ":" in host.rpartition("@")[0] or protocol.lower() not in _WITH_CONTAINER
    else:
        # A password with a slash in it; else what stands before the slash is a host and its port.
        secret = "@" in path and not _PORT.fullmatch(host)
    if secret:
        found, mend = "a name or a password in the URL", "give it in the environment, as fsspec reads it"
    elif "?" in rest or "#" in rest:
        found, mend = "more than a path in the URL: a ? or a #", "leave it out; a batch is a folder"
    else:
        return
    raise InputRefusedError(
        found, where=hide_secrets(url), expected="a protocol, a host or bucket, and a path", mend=mend
    )


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    """Refuse whatever a protocol raises, each its own: all but what is not there, which callers expect.

    What it raised is not shown behind the refusal: it may tell what the environment gave.
    """
    try:
        yield
    except (FileNotFoundError, InputRefusedError, MemoryError):
        raise
    except ImportError as error:
        raise InputRefusedError(
            _tell(error), where=where, mend=f"install what the protocol needs, {_COPY}"
        ) from None
    except PermissionError as error:
        raise InputRefusedError(
            f"may not be read, or is not there ({_tell(error)})",
            where=where,
            mend="look at the credentials that the environment gives, and at what they allow",
        ) from None
    except Exception as error:  # noqa: BLE001 - each protocol has its own
        raise InputRefusedError(
            f"cannot be read ({type(error).__name__}: {_tell(error)})",
            where=where,
            mend=f"check the URL, the network and the credentials that the environment gives, {_COPY}",
        ) from None


def _tell(error: Exception) -> str:
    text = hide_secrets(" ".join(str(error).split()))
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:160] or "no more is said"
