"""A recipe: the TOML file that says how a model is trained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.shipped import find_shipped, list_shipped
from triage.writing import require_plain

KINDS = ("signed-logistic",)


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Parameters
    ----------
    name : str
        Shown on every list.
    kind : str
        One of `KINDS`.
    features : tuple of str
        Names in the catalogue.
    inverse_penalty : float
        ``C`` of the logistic regression.
    fit_share, calibrate_share : float
        Shares of the labelled cases, in order of time, to fit and to calibrate on; the rest, the latest,
        is for evaluation.
    minimum_positives : int
        Effective positives below which there is no probability.
    text : str
        The file itself, kept in the bundle.
    """

    name: str
    kind: str
    features: tuple[str, ...]
    inverse_penalty: float
    fit_share: float
    calibrate_share: float
    minimum_positives: int
    text: str


def find_model_file(name: str) -> Path:
    """Return the path of a shipped recipe or scorecard.

    Raises
    ------
    InputRefusedError
        None has that name; the message lists those there are.
    """
    known = list_shipped("models", "*.toml")
    if name not in known:
        raise InputRefusedError(
            f"no model or recipe '{name[:80]}'",
            expected=", ".join(known) + ", or the path of a bundle or TOML file",
            mend="check the spelling or the path",
        )
    return find_shipped("models", f"{name}.toml")


def load_recipe(name: str) -> Recipe:
    """Load a recipe by the name of a shipped one or by the path of a TOML file.

    Raises
    ------
    InputRefusedError
        There is none of that name, or it cannot be right.

    Examples
    --------
    >>> load_recipe("logistic").kind
    'signed-logistic'
    """
    return read_recipe(Path(name) if name.endswith(".toml") else find_model_file(name))


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    InputRefusedError
        The file is not TOML, lacks a key, or holds an impossible value.
    """
    require_plain(path)
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputRefusedError(f"cannot be read as TOML ({error})", where=str(path)) from error
    if content.get("kind") not in KINDS:
        raise InputRefusedError(
            f"kind {content.get('kind')!r}",
            where=str(path),
            expected=" or ".join(KINDS),
            mend="a scorecard needs no training: give it to triage score --model",
        )
    return Recipe(
        name=str(content.get("name", path.stem)),
        kind=content["kind"],
        features=_features(content.get("features", list(FEATURES)), path),
        inverse_penalty=_number(content, "inverse_penalty", 1e-6, 1e6, path),
        fit_share=_number(content, "fit_share", 0.1, 0.9, path),
        calibrate_share=_number(content, "calibrate_share", 0.05, 0.5, path),
        minimum_positives=int(_number(content, "minimum_positives", 1, 1e6, path)),
        text=text,
    )


def _features(names: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise InputRefusedError("features", where=str(path), expected="a list of names, each once")
    unknown = [str(name) for name in names if name not in FEATURES]
    if unknown:
        raise InputRefusedError(
            f"features {', '.join(unknown)}", where=str(path), expected="names of the catalogue"
        )
    return tuple(names)


def _number(content: dict[str, Any], key: str, low: float, high: float, path: Path) -> float:
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputRefusedError(
            f"{key} = {value!r}", where=str(path), expected=f"a number from {low:g} to {high:g}"
        )
    return float(value)
