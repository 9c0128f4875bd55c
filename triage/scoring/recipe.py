"""A recipe: the TOML file that says how a model is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.learners import LEARNERS
from triage.scoring.written import read_name, read_number, read_toml, refuse_unknown_keys
from triage.shipped import find_shipped, list_shipped

CALIBRATIONS = ("platt", "beta", "temperature")
WEIGHTS = ("none", "inverse", "capped")
_KEYS = {
    "kind",
    "name",
    "features",
    "fit_share",
    "calibrate_share",
    "refit",
    "minimum_positives",
    "calibration",
    "weights",
    "seed",
    "options",
}


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Parameters
    ----------
    name : str
        Shown on every list.
    kind : str
        One of `triage.scoring.learners.LEARNERS`.
    features : tuple of str
        Names in the catalogue.
    options : object
        How the learner of that kind learns.
    fit_share, calibrate_share : float
        Shares of the labelled cases, in order of time, to fit and to calibrate on; the rest, the latest,
        is for evaluation.
    refit : bool
        Whether the model is fitted again on all labelled cases, once the fit before is evaluated.
    minimum_positives : int
        Effective positives below which there is no probability.
    calibration : str
        Curve from score to probability, one of `triage.scoring.calibration.KINDS`.
    weights : str
        ``none``: every labelled case counts the same. ``inverse``: as many as its logged chance of being
        selected says. ``capped``: so, but none more than ten times the median.
    seed : int
        Where the learner needs chance.
    text : str
        The file itself, kept in the bundle.
    """

    name: str
    kind: str
    features: tuple[str, ...]
    options: Any
    fit_share: float = 0.6
    calibrate_share: float = 0.2
    minimum_positives: int = 20
    calibration: str = "platt"
    weights: str = "none"
    seed: int = 0
    text: str = ""
    refit: bool = False


def list_recipes() -> list[str]:
    """Return the names of the shipped recipes.

    Examples
    --------
    >>> "logistic" in list_recipes(), "expert" in list_recipes()
    (True, False)
    """
    named = {name: find_shipped("models", f"{name}.toml") for name in list_shipped("models", "*.toml")}
    return [name for name, path in named.items() if read_toml(path).get("kind") in LEARNERS]


def load_recipe(name: str) -> Recipe:
    """Load a recipe by the name of a shipped one or by the path of a TOML file.

    Raises
    ------
    InputRefusedError
        There is none of that name, or it cannot be right.

    Examples
    --------
    >>> load_recipe("logistic").kind
    'logistic'
    """
    if name.endswith(".toml"):
        return read_recipe(Path(name))
    if name not in list_shipped("models", "*.toml"):
        raise InputRefusedError(
            f"no recipe '{name[:80]}'",
            expected=", ".join(list_recipes()) + ", or the path of a TOML file",
            mend="check the spelling or the path",
        )
    return read_recipe(find_shipped("models", f"{name}.toml"))


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    InputRefusedError
        The file is not TOML, lacks a key, or holds an impossible value.
    """
    content = read_toml(path)
    if content.get("kind") not in list(LEARNERS):
        raise InputRefusedError(
            f"kind = {content['kind']!r}" if "kind" in content else "no kind",
            where=str(path),
            expected=" or ".join(LEARNERS),
            mend="a scorecard needs no training: give it to triage score --model",
        )
    where = str(path)
    refuse_unknown_keys(content, _KEYS, where)
    options = content.get("options", {})
    if not isinstance(options, dict):
        raise InputRefusedError(f"options = {options!r}", where=where, expected="a table [options]")
    recipe = Recipe(
        name=read_name(content.get("name", path.stem), where),
        kind=content["kind"],
        features=_features(content.get("features", list(FEATURES)), path),
        options=LEARNERS[content["kind"]].read_options(options, f"{where}, [options]"),
        fit_share=read_number(content, "fit_share", (0.1, 0.9), where, default=0.6),
        calibrate_share=read_number(content, "calibrate_share", (0.05, 0.5), where, default=0.2),
        minimum_positives=int(read_number(content, "minimum_positives", (1, 1e6), where, default=20)),
        calibration=_one_of(content, "calibration", CALIBRATIONS, where),
        weights=_one_of(content, "weights", WEIGHTS, where),
        seed=int(read_number(content, "seed", (0, 2**31), where, default=0)),
        text=path.read_text(encoding="utf-8"),
        refit=_yes_or_no(content, "refit", where),
    )
    if recipe.fit_share + recipe.calibrate_share >= 1.0:
        raise InputRefusedError(
            f"fit_share + calibrate_share = {recipe.fit_share + recipe.calibrate_share:g}",
            where=where,
            expected="less than 1, so that the latest cases are left for evaluation",
        )
    return recipe


def _yes_or_no(content: dict[str, Any], key: str, where: str) -> bool:
    value = content.get(key, False)
    if not isinstance(value, bool):
        raise InputRefusedError(f"{key} = {value!r}", where=where, expected="true or false")
    return value


def _one_of(content: dict[str, Any], key: str, choices: tuple[str, ...], where: str) -> str:
    value = content.get(key, choices[0])
    if value not in choices:
        raise InputRefusedError(f"{key} = {value!r}", where=where, expected=" or ".join(choices))
    return str(value)


def _features(names: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise InputRefusedError("features", where=str(path), expected="a list of names, each once")
    unknown = [str(name)[:60] for name in names if not isinstance(name, str) or name not in FEATURES]
    if unknown:
        raise InputRefusedError(
            f"features {', '.join(unknown)}", where=str(path), expected="names of the catalogue"
        )
    return tuple(names)
