"""The file of published evidence: a class of strength per feature, and what a class stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.written import read_name, read_source, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from triage.features.feature import Feature

# Beyond, an odds ratio of 20, no published effect is to be believed: what was reported larger was circular.
LARGEST_MEAN = 3.0
# The class of what nothing is published on; every file has one.
NOTHING = "none"
_KEYS = {"feature", "source", "remark"}


@dataclass(frozen=True)
class Strength:
    """A normal distribution of a log odds ratio.

    Parameters
    ----------
    mean, spread : float
        Its mean and standard deviation.
    """

    mean: float
    spread: float


@dataclass(frozen=True)
class Factor:
    """What the evidence says of one feature.

    Parameters
    ----------
    feature : str
        Name in the catalogue.
    asserted, denied : str
        Classes of a flag, each against unknown; of a number `asserted` is the class between its two values.
    between : tuple of float or None
        Of a number: the log odds ratio is that of the second value against the first.
    source : str
        What it rests on.
    """

    feature: str
    asserted: str
    denied: str
    between: tuple[float, float] | None
    source: str


@dataclass(frozen=True)
class Evidence:
    """All of the file.

    Parameters
    ----------
    name : str
        Of the collection.
    base_rate : Strength
        Log-odds of a case of which nothing is known.
    classes : mapping of str to Strength
        What each class stands for.
    factors : mapping of str to Factor
        By feature.
    """

    name: str
    base_rate: Strength
    classes: Mapping[str, Strength]
    factors: Mapping[str, Factor]


def read_evidence(path: Path) -> Evidence:
    """Read a file of evidence.

    Parameters
    ----------
    path : Path
        TOML: ``[base_rate]`` and ``[class]`` with ``mean`` and ``spread``, ``none`` among the classes, and
        one ``[[factor]]`` per feature: ``asserted`` and, where it can be denied, ``denied`` of a flag;
        ``class`` and ``between`` of a number; ``source``, and ``remark`` if there is one.

    Raises
    ------
    InputRefusedError
        The file is not TOML, or something in it is not as described or points against the catalogue.

    Examples
    --------
    >>> from triage.shipped import find_shipped
    >>> evidence = read_evidence(find_shipped("models", "evidence.toml"))
    >>> evidence.factors["contact_record"].asserted, evidence.classes["++"]
    ('++', Strength(mean=1.6, spread=0.5))
    """
    content = read_toml(path)
    if content.get("kind") != "evidence" or not isinstance(content.get("factor"), list):
        raise InputRefusedError(
            "no file of evidence", where=str(path), expected='kind = "evidence" and [[factor]] entries'
        )
    try:
        classes = _read_classes(content["class"])
        base_rate = _strength(content["base_rate"], largest=20.0)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"[class] or [base_rate] ({error})",
            where=str(path),
            expected="a finite mean and a spread above 0 for each",
        ) from None
    factors: dict[str, Factor] = {}
    for entry in content["factor"]:
        factor = _factor(entry, classes, str(path))
        if factor.feature in factors:
            raise InputRefusedError(
                f"{factor.feature} twice", where=str(path), expected="one entry a feature"
            )
        factors[factor.feature] = factor
    return Evidence(read_name(content.get("name", path.stem), str(path)), base_rate, classes, factors)


def _read_classes(table: Any) -> dict[str, Strength]:
    classes = {str(name): _strength(values) for name, values in table.items()}
    if NOTHING not in classes:
        raise ValueError(f"no class {NOTHING}")
    return classes


def _strength(values: Any, largest: float = LARGEST_MEAN) -> Strength:
    mean, spread = values["mean"], values["spread"]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (mean, spread))
    if set(values) - {"mean", "spread", "source"} or not numbers or not (abs(mean) <= largest):
        raise ValueError(f"mean {mean!r}, at most {largest:g} either way")
    if not 0.01 <= spread <= 100.0:
        raise ValueError(f"spread {spread!r}")
    return Strength(float(mean), float(spread))


def _factor(entry: Any, classes: Mapping[str, Strength], where: str) -> Factor:
    name = entry.get("feature") if isinstance(entry, dict) else None
    place = f"{where}, factor {str(name)[:60]}"
    if not isinstance(name, str) or name not in FEATURES:
        raise InputRefusedError("no such feature", where=place, expected="a name that triage features prints")
    read_source(entry, place)
    feature = FEATURES[name]
    try:
        factor = _flag(feature, entry) if feature.is_flag else _number(feature, entry)
        means = [classes[factor.asserted].mean, -classes[factor.denied].mean]
    except (KeyError, TypeError, ValueError) as error:
        raise InputRefusedError(
            f"no such entry ({error})",
            where=place,
            expected='asserted = "++" and denied = "weak -" of a flag, class = "+" and between = [0, 3] of a'
            " number; classes of [class]",
        ) from None
    if feature.sign and any(mean * feature.sign < 0 for mean in means):
        raise InputRefusedError(
            f"{name} points against the direction of the catalogue",
            where=place,
            expected="classes that raise where the catalogue raises, and the mirror where denied",
        )
    return factor


def _flag(feature: Feature, entry: dict[str, Any]) -> Factor:
    _refuse_other_keys(entry, {"asserted", "denied"})
    if "denied" in entry and not feature.denied:
        raise ValueError("this flag can never be denied")
    return Factor(feature.name, entry["asserted"], entry.get("denied", NOTHING), None, entry["source"])


def _number(feature: Feature, entry: dict[str, Any]) -> Factor:
    _refuse_other_keys(entry, {"class", "between"})
    first, second = (float(value) for value in entry["between"])
    if not 0.0 <= first < second < 1e6:
        raise ValueError("two ascending values")
    return Factor(feature.name, entry["class"], NOTHING, (first, second), entry["source"])


def _refuse_other_keys(entry: dict[str, Any], own: set[str]) -> None:
    other = set(entry) - _KEYS - own
    if other:
        raise ValueError(f"{min(other)} has no place here")
