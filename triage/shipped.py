"""Find the recipes, worlds and sample data that travel with the package."""

from __future__ import annotations

from pathlib import Path

from triage.errors import InputRefusedError


def find_shipped(*parts: str) -> Path:
    """Return the path of a shipped file, from a checkout or from an installed wheel.

    Parameters
    ----------
    *parts : str
        Path below the root, for example ``"models", "expert.toml"``.

    Raises
    ------
    InputRefusedError
        Nothing of that name is shipped.

    Examples
    --------
    >>> find_shipped("models", "expert.toml").name
    'expert.toml'
    """
    here = Path(__file__).resolve().parent
    shipped = here / "_shipped"
    root = shipped if shipped.is_dir() else here.parent
    path = root.joinpath(*parts)
    if not path.exists():
        raise InputRefusedError(
            "not shipped with this installation", where="/".join(parts), mend="reinstall report-triage"
        )
    return path


def list_shipped(folder: str, pattern: str) -> list[str]:
    """Return the names (without suffix) of the shipped files that match, in order.

    Examples
    --------
    >>> "expert" in list_shipped("models", "*.toml")
    True
    """
    return sorted(path.stem for path in find_shipped(folder).glob(pattern))
