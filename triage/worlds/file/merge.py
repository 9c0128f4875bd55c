"""Read a world file together with the world that it is like."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.shipped import find_shipped, list_shipped
from triage.worlds.file.section import Section
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# Lists that are added to those of the other world, not put in their place.
ADDED = {"also": "rules", "also_told": "told"}
# What is true of one world and need not be of one that is like it.
OWN = ("published", "name")
MOST_FILES = 5


@dataclass(frozen=True)
class WorldFile:
    """What stands in a world file and in those that it is like, as one.

    Parameters
    ----------
    path : Path
        The file that was asked for.
    content : dict
        Its keys over those of the world that it is like.
    sha256 : str
        Of all the files, in order.
    size : int
        Bytes of all the files.
    """

    path: Path
    content: dict[str, Any]
    sha256: str
    size: int


def find_world(path_or_name: str | Path, beside: Path | None = None) -> Path:
    """Return the file of a world: a path, or the name of a shipped world."""
    path = Path(path_or_name)
    if path.suffix == ".toml" or path.is_file():
        return path if beside is None or path.is_absolute() else beside / path
    names = list_shipped("synthetic_data", "worlds/*.toml")
    if str(path_or_name) not in names:
        raise InputRefusedError(
            "no such world",
            where=str(path_or_name),
            expected="one of " + ", ".join(names) + ", or a path to a .toml file",
        )
    return find_shipped("synthetic_data", "worlds", f"{path_or_name}.toml")


def read_world_file(path_or_name: str | Path) -> WorldFile:
    """Read a file, and what it is like, and lay the one over the other.

    Tables are merged key by key; every other value, lists of rules too, takes the place of that of the other
    world, but for ``also`` and ``also_told``, which are added to its rules. Name and published numbers are
    a world's own.

    Raises
    ------
    InputRefusedError
        A file is missing or no TOML, is like itself, or has numbers of its own without saying what they
        rest on.
    """
    path = find_world(path_or_name)
    file = path
    files: list[Path] = []
    contents: list[bytes] = []
    layers: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if file.resolve() in files or len(files) == MOST_FILES:
            raise InputRefusedError("goes round in circles", where=f"{file}, like", expected="another world")
        files.append(file.resolve())
        contents.append(_read_bytes(file))
        data = _parse(contents[-1], file)
        layers.append((file, data))
        if "like" not in data:
            break
        file = find_world(Section(data, str(file)).text("like"), file.parent)
    merged = layers[-1][1]
    for layer, data in reversed(layers[:-1]):
        own = {key: value for key, value in data.items() if key != "like"}
        merged = {key: value for key, value in merged.items() if key not in OWN}
        merged = _lay_over(merged, own, Section(own, str(layer)))
    whole = b"".join(contents)
    return WorldFile(path, merged, hashlib.sha256(whole).hexdigest(), len(whole))


def switch_on(file: WorldFile, names: Collection[str]) -> WorldFile:
    """Switch changes on; the hash is that of another world then.

    Raises
    ------
    InputRefusedError
        The file has no such change.
    """
    changes = file.content.get("changes", {})
    for name in names:
        if name not in changes:
            raise InputRefusedError(
                f"no change {name}",
                where=f"{file.path}, changes",
                expected="one of " + ", ".join(changes) if changes else "a world with changes",
            )
    lit = {name: {**one, "on": True} if name in names else one for name, one in changes.items()}
    told = " ".join([file.sha256, "on", *sorted(names)])
    sha256 = hashlib.sha256(told.encode()).hexdigest()
    return replace(file, content={**file.content, "changes": lit}, sha256=sha256)


def _read_bytes(file: Path) -> bytes:
    require_plain(file)
    if not file.exists():
        raise InputRefusedError("no such file", where=str(file), expected="a world file")
    try:
        return file.read_bytes()
    except OSError as error:
        raise _no_toml(file, error) from error


def _parse(content: bytes, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _no_toml(file, error) from error


def _no_toml(file: Path, error: Exception) -> InputRefusedError:
    return InputRefusedError(f"cannot be read as TOML ({error})", where=str(file), expected="a world file")


def _lay_over(base: Mapping[str, Any], own: Mapping[str, Any], place: Section) -> dict[str, Any]:
    """Return the keys of two tables; where both have one, that of `own`."""
    numbers = [key for key, value in own.items() if not isinstance(value, dict)]
    if "class" in base and numbers:
        place.evidence()
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = _lay_over(base[key], value, place.section(key))
        elif key in ADDED and isinstance(base.get(ADDED[key]), list):
            if not isinstance(value, list):
                raise place.refuse(key, value, "a list of rules")
            merged[ADDED[key]] = [*merged[ADDED[key]], *value]
        else:
            merged[key] = value
    return merged
