"""Read the rules that give the probabilities of one quantity."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from triage.worlds.catalogue import PAIR_SEPARATOR, SET_SEPARATOR
from triage.worlds.section import is_number
from triage.worlds.world import CURRENT, NEVER, Chances, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worlds.catalogue import Spec
    from triage.worlds.section import Section

SUM_TOLERANCE = 1e-6


def read_chances(section: Section, axes: Mapping[str, tuple[str, ...]], spec: Spec | None = None) -> Chances:
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


def read_rules(
    section: Section, key: str, axes: Mapping[str, tuple[str, ...]], n_values: int
) -> tuple[Rule, ...]:
    """Read a list of rules, of which the first holds for all; without values, of single probabilities."""
    rules: list[Rule] = []
    for entry in section.sections(key):
        p = _read_shares(entry, n_values) if n_values else (entry.share("p"),)
        where = {axis: _read_selector(entry, axis, axes[axis]) for axis in axes if axis in entry}
        if "class" in entry:
            entry.evidence()
        entry.refuse_others()
        if not rules and where:
            raise section.refuse(key, "a first rule that selects", "a first rule that holds for all")
        rules.append(Rule(p, where))
    return tuple(rules)


def _read_shares(entry: Section, n_values: int) -> tuple[float, ...]:
    p = entry.numbers("p")
    if len(p) != n_values:
        raise entry.refuse("p", f"{len(p)} probabilities", f"{n_values}, one a value")
    if min(p) < 0 or max(p) > 1:
        raise entry.refuse("p", list(p), "probabilities from 0 to 1")
    if abs(sum(p) - 1) > SUM_TOLERANCE:
        raise entry.refuse("p", f"a sum of {sum(p):.6g}", "probabilities that sum to 1")
    return p


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
        raise section.refuse("bands", edges, f"{len(values)} pairs [low, high], one a value")
    bands = tuple((float(low), float(high)) for low, high in edges)
    if NEVER in values and spec.kind == "band":
        raise section.refuse("values", NEVER, "bands: this always happens")
    counted = [band for value, band in zip(values, bands, strict=True) if value != NEVER]
    if any(later[0] < earlier[1] for earlier, later in pairwise(counted)):
        raise section.refuse("bands", edges, "bands in ascending order that do not overlap")
    if min(low for low, _ in bands) < spec.least:
        raise section.refuse("bands", edges, f"numbers of {spec.least} or more")
    return bands
