"""A world file to start from, in which every key is explained."""

from __future__ import annotations

from pathlib import Path

from triage.shipped import find_shipped
from triage.writing import write_file

TEMPLATE = ("synthetic_data", "world-template.toml")


def read_world_template() -> str:
    """Return the text of the template: a world like ``nl-2017`` until something is changed in it.

    Examples
    --------
    >>> print(read_world_template().splitlines()[0])
    # A world of your own. Copy this file, give it a name, and change what differs from the world ...
    """
    return find_shipped(*TEMPLATE).read_text(encoding="utf-8")


def write_world_template(path: Path | str, *, changes: str = "", force: bool = False) -> Path:
    """Write a world file of one's own, to be changed with an editor or here.

    Parameters
    ----------
    path : Path or str
        The file to make.
    changes : str
        Tables of TOML that are written below the template: what differs from the world that it is like.
    force : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file, for `triage.load_world`.

    Raises
    ------
    OutputExistsError
        The file exists and `force` is false.
    """
    path = Path(path)
    below = changes.strip("\n")
    text = read_world_template() + (f"\n{below}\n" if below else "")
    with write_file(path, force=force) as partial:
        partial.write_text(text, encoding="utf-8")
    return path
