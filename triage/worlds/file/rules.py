"""Read the rules that give the probabilities of one quantity."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from triage.worlds.file.catalogue import PAIR_SEPARATOR, SET_SEPARATOR
from triage.worlds.file.section import is_number
from triage.worlds.file.world import CURRENT, NEVER, Chances, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worlds.file.catalogue import Spec
    from triage.worlds.file.section import Section

    Axes = Mapping[str, tuple[str, ...]]

SUM_TOLERANCE = 1e-6


def read_chances(section: Section, axes: Axes, spec: Spec | None = None) -> Chances:
    """Read values, bands and rules of one quantity.

    Parameters
    ----------
    section : Section
        Its table in the world file.
    axes : mapping of str to tuple of str
        What its rules may select by, and the values of each.
    spec : Spec, optional
        What the values may be.

    Returns
    -------
    Chances
        Checked.

    Raises
    ------
    InputRefusedError
        An unknown code, probabilities that do not sum to 1, or a key that is missing or has no meaning.
    """
    section.evidence()
    values = section.texts("values")
    if spec is not None:
        for value in values:
            expected = _unlike(value, spec)
            if expected:
                raise section.refuse("values", value, expected)
        if spec.kind == "choice" and values != CURRENT:
            raise section.refuse("values", values, f"exactly {list(CURRENT)}")
    bands = _read_bands(section, values, spec) if spec is not None and spec.kind.startswith("band") else ()
    return Chances(values, read_rules(section, "rules", axes, len(values)), bands)


def read_rules(section: Section, key: str, axes: Axes, n_values: int) -> tuple[Rule, ...]:
    """Read a list of rules, of which the first gives probabilities for all."""
    return _read_all(section, key, axes, n_values)


def read_told(section: Section, key: str, axes: Axes) -> tuple[Rule, ...]:
    """Read rules for whether a fact is told: a single probability, or odds, each."""
    return _read_all(section, key, axes, 0)


def _read_all(section: Section, key: str, axes: Axes, n_values: int) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for entry in section.sections(key):
        multiplies = "odds" in entry
        if multiplies and "p" in entry:
            raise entry.refuse("odds", "p beside it", "p, which replaces, or odds, which multiply")
        if n_values:
            weights = _read_odds(entry, n_values) if multiplies else _read_shares(entry, n_values)
        elif multiplies:
            weights = (1.0, entry.positive("odds"))
        else:
            share = entry.share("p")
            weights = (1 - share, share)
        where = {axis: _read_selector(entry, axis, axes[axis]) for axis in axes if axis in entry}
        if "class" in entry:
            entry.evidence()
        entry.refuse_others("p", "odds", *axes)
        if not rules and (where or multiplies):
            raise section.refuse(
                key, "a first rule that selects or multiplies", "a first rule that holds for all"
            )
        rules.append(Rule(weights, where, multiplies))
    return tuple(rules)


def _read_shares(entry: Section, n_values: int) -> tuple[float, ...]:
    p = _read_as_many(entry, "p", n_values)
    if min(p) < 0 or max(p) > 1:
        raise entry.refuse("p", list(p), "probabilities from 0 to 1")
    if abs(sum(p) - 1) > SUM_TOLERANCE:
        raise entry.refuse("p", f"a sum of {sum(p):.6g}", "probabilities that sum to 1")
    return p


def _read_odds(entry: Section, n_values: int) -> tuple[float, ...]:
    odds = _read_as_many(entry, "odds", n_values)
    if min(odds) <= 0 or max(odds) == float("inf"):
        raise entry.refuse("odds", list(odds), "numbers above 0")
    return odds


def _read_as_many(entry: Section, key: str, n_values: int) -> tuple[float, ...]:
    numbers = entry.numbers(key)
    if len(numbers) != n_values:
        raise entry.refuse(key, f"{len(numbers)} numbers", f"{n_values}, one a value")
    return numbers


def _read_selector(entry: Section, axis: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    if allowed == CURRENT and isinstance(entry.take(axis), bool):
        return (CURRENT[int(entry.take(axis))],)
    chosen = entry.texts(axis)
    for value in chosen:
        if value not in allowed:
            raise entry.refuse(axis, value, "one of " + ", ".join(allowed))
    return chosen


def _unlike(value: str, spec: Spec) -> str:
    """Return what was expected instead of a value; empty when it is right."""
    if spec.kind == "country":
        right = len(value) == 2 and value.isalnum() and value.upper() == value
        return "" if right else "two capital letters or digits (ISO 3166-1)"
    if not spec.columns:
        return ""
    allowed = spec.allowed()
    if spec.kind == "codes":
        parts = value.split(SET_SEPARATOR) if value else []
        wrong = any(part not in allowed[0] for part in parts)
        return f"codes of {', '.join(allowed[0])}, joined by {SET_SEPARATOR}" if wrong else ""
    parts = value.split(PAIR_SEPARATOR) if spec.kind == "pair" else [value]
    right = len(parts) == len(allowed) and all(p in codes for p, codes in zip(parts, allowed, strict=True))
    return "" if right else PAIR_SEPARATOR.join("one of " + ", ".join(codes) for codes in allowed)


def _read_bands(section: Section, values: tuple[str, ...], spec: Spec) -> tuple[tuple[float, float], ...]:
    edges = section.take("bands")
    sound = isinstance(edges, list) and len(edges) == len(values)
    sound = sound and all(
        isinstance(edge, list) and len(edge) == 2 and all(map(is_number, edge)) and 0 <= edge[0] <= edge[1]
        for edge in edges
    )
    if not sound:
        raise section.refuse("bands", edges, f"{len(values)} pairs [low, high], one a value, from 0 on")
    bands = tuple((float(low), float(high)) for low, high in edges)
    if NEVER in values and spec.kind == "band":
        raise section.refuse("values", NEVER, "bands: this always happens")
    counted = [band for value, band in zip(values, bands, strict=True) if value != NEVER]
    if spec.whole and any(end != int(end) for band in bands for end in band if abs(end) <= spec.most):
        raise section.refuse("bands", edges, "whole numbers")
    if any(later[0] < earlier[1] + spec.whole for earlier, later in pairwise(counted)):
        raise section.refuse("bands", edges, "bands in ascending order that do not overlap")
    if min(low for low, _ in bands) < spec.least:
        raise section.refuse("bands", edges, f"numbers of {spec.least} or more")
    if max(high for _, high in bands) > spec.most:
        raise section.refuse("bands", edges, f"numbers up to {spec.most:,}")
    return bands
