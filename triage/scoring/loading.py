"""Find the model that a person names: a shipped model, a TOML file of one written by hand, or a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from triage.errors import InputRefusedError
from triage.scoring.bundle import MANIFEST, Bundle, load_bundle
from triage.scoring.expert import parse_scorecard
from triage.scoring.questions import parse_questions
from triage.scoring.written import read_toml
from triage.shipped import find_shipped, list_shipped

_BY_HAND = frozenset({"scorecard", "questions"})
_NO_CALIBRATION = "written by hand, not calibrated on outcomes"


def load_model(name: str) -> Bundle:
    """Load a model by the name of a shipped one, the path of a TOML file, or that of a bundle.

    Parameters
    ----------
    name : str
        For example ``expert``, ``four-step``, ``my-card.toml`` or ``bundles/2017``. A name that is shipped
        is the shipped model, whatever lies in the folder of work.

    Returns
    -------
    Bundle
        A model written by hand has no calibration.

    Raises
    ------
    InputRefusedError
        There is no such model, or it was refused.

    Examples
    --------
    >>> load_model("expert").model.unit, load_model("four-step").model.unit
    ('points', 'level')
    """
    path = Path(name)
    if name in list_shipped("models", "*.toml"):
        return _read_by_hand(find_shipped("models", f"{name}.toml"))
    if name in _list_bundles():
        return load_bundle(find_shipped("models", *name.split("/")))
    if name and path.is_dir():
        return _restate(load_bundle(path), path / "recipe.toml")
    if path.is_file():
        return _read_by_hand(path)
    raise InputRefusedError(
        "no such model",
        where=name[:200] or "--model",
        expected=", ".join(list_models()) + "; the path of a scorecard (.toml), or the folder of a bundle",
        mend="check the spelling or the path; triage train makes a bundle",
    )


def list_models() -> list[str]:
    """Return the names of the shipped models: those written by hand, and bundles trained on a world.

    Examples
    --------
    >>> [name for name in ("expert", "four-step", "logistic", "nl-2017/logistic") if name in list_models()]
    ['expert', 'four-step', 'nl-2017/logistic']
    """
    files = {name: find_shipped("models", f"{name}.toml") for name in list_shipped("models", "*.toml")}
    by_hand = [name for name, path in files.items() if read_toml(path).get("kind") in _BY_HAND]
    return [*by_hand, *_list_bundles()]


def _list_bundles() -> list[str]:
    return sorted("/".join(path.parts[-3:-1]) for path in find_shipped("models").glob(f"*/*/{MANIFEST}"))


def _read_by_hand(path: Path) -> Bundle:
    content = read_toml(path)
    parse = parse_questions if content.get("kind") == "questions" else parse_scorecard
    return Bundle(parse(content, str(path), path.stem), not_calibrated=_NO_CALIBRATION)


def _restate(bundle: Bundle, recipe: Path) -> Bundle:
    """Give a scorecard that went into a bundle back its steps and classes, which its numbers do not hold."""
    content = read_toml(recipe)
    if content.get("kind") != "scorecard":
        return bundle
    card = parse_scorecard(content, str(recipe), bundle.model.name)
    return replace(bundle, model=card) if card.as_dict() == bundle.model.as_dict() else bundle
