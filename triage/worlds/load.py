"""Read a world file and refuse what is wrong in it, with the key."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.schema.tables import TABLES
from triage.shipped import find_shipped, list_shipped
from triage.worlds.catalogue import DELAYS, LABELS, POLICY_FACTS, SIGNALS, SPELLS
from triage.worlds.rules import read_chances, read_rules
from triage.worlds.section import Section
from triage.worlds.world import CURRENT, Outcomes, Policy, Signal, Situation, World
from triage.writing import require_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worlds.catalogue import Spec
    from triage.worlds.world import Chances

FORMAT = 1
SUM_TOLERANCE = 1e-6
RESERVED = ("given", "source", "p", "class")
SOURCES = TABLES["reports"]["source_system"].codes


def load_world(path_or_name: str | Path) -> World:
    """Read and check a world.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or the name of a shipped world.

    Returns
    -------
    World
        Checked: probabilities sum to 1, codes are declared, every fact has its probabilities.

    Raises
    ------
    InputRefusedError
        There is no such world, or something in it is wrong; the message names the key.

    Examples
    --------
    >>> load_world("nl-2017").reports_a_year
    18000
    """
    file = _find(path_or_name)
    require_plain(file)
    try:
        content = file.read_bytes()
        data = tomllib.loads(content.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputRefusedError(
            f"cannot be read as TOML ({error})", where=str(file), expected="a world file"
        ) from error
    top = Section(data, str(file))
    if top.integer("format") != FORMAT:
        raise top.refuse("format", data["format"], f"{FORMAT}")
    try:
        world = _read_world(top, file, content)
    except OverflowError:
        raise InputRefusedError(
            "a number out of all proportion", where=str(file), expected="probabilities and sizes"
        ) from None
    top.refuse_others()
    return world


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if path.suffix == ".toml" or path.is_file():
        return path
    names = list_shipped("synthetic_data", "worlds/*.toml")
    if str(path_or_name) not in names:
        raise InputRefusedError(
            "no such world",
            where=str(path_or_name),
            expected="one of " + ", ".join(names) + ", or a path to a .toml file",
        )
    return find_shipped("synthetic_data", "worlds", f"{path_or_name}.toml")


def _read_world(top: Section, file: Path, content: bytes) -> World:
    period = top.section("period")
    start, end = _instant(period, "start"), _instant(period, "end")
    if end <= start:
        raise period.refuse("end", end, f"a time after {start}")
    months = _shares(period, "months")
    reports_a_year = period.integer("reports_a_year")
    period.evidence()
    period.refuse_others()
    situations = _read_situations(top)
    axes: dict[str, tuple[str, ...]] = {"situation": tuple(s.name for s in situations), "current": CURRENT}
    nuisances = _read_nuisances(top.section("nuisances"), axes)
    axes |= {name: chances.values for name, chances in nuisances.items()}
    return World(
        name=top.text("name"),
        path=file,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        start=start,
        end=end,
        months=months,
        reports_a_year=reports_a_year,
        situations=situations,
        nuisances=nuisances,
        signals=_read_signals(top.section("signals"), axes),
        delays=_read_named(top.section("delays"), DELAYS, {"given": SOURCES}),
        policy=_read_policy(top.section("policy")),
        outcomes=_read_outcomes(top.section("outcomes")),
        spells=_read_named(top.section("spells"), SPELLS, {}),
        regions=_read_regions(top.section("regions")),
    )


def _instant(section: Section, key: str) -> datetime:
    value = section.take(key)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise section.refuse(key, value, "a time with its offset, such as 2017-01-01T00:00:00Z")
    return value.astimezone(UTC)


def _shares(section: Section, key: str) -> tuple[float, ...]:
    values = section.numbers(key)
    if abs(sum(values) - 1) > SUM_TOLERANCE or min(values) < 0:
        raise section.refuse(key, f"a sum of {sum(values):.6g}", "shares of 0 or more that sum to 1")
    return values


def _read_situations(top: Section) -> tuple[Situation, ...]:
    entries = top.sections("situations")
    situations = []
    for entry in entries:
        entry.evidence()
        situations.append(
            Situation(entry.text("name"), entry.share("share"), entry.share("current"), entry.share("past"))
        )
        entry.refuse_others()
    total = sum(situation.share for situation in situations)
    if abs(total - 1) > SUM_TOLERANCE:
        raise top.refuse("situations", f"shares that sum to {total:.6g}", "shares that sum to 1")
    if len({situation.name for situation in situations}) < len(situations):
        raise top.refuse("situations", "a name twice", "one entry a situation")
    return tuple(situations)


def _read_nuisances(section: Section, axes: Mapping[str, tuple[str, ...]]) -> dict[str, Chances]:
    nuisances = {}
    for name in section.names():
        if name in {*axes, *RESERVED}:
            raise section.refuse(name, name, "a name that no other quantity has")
        entry = section.section(name)
        nuisances[name] = read_chances(entry, axes)
        entry.refuse_others()
    return nuisances


def _read_signals(section: Section, axes: Mapping[str, tuple[str, ...]]) -> dict[str, Signal]:
    chances: dict[str, Chances] = {}
    signals: dict[str, Signal] = {}
    for name, spec in SIGNALS.items():
        entry = section.section(name)
        given = SOURCES if spec.given == "source" else chances[spec.given].values if spec.given else ()
        chances[name] = read_chances(entry, {**axes, "given": given} if given else axes, spec)
        told = (
            read_rules(entry, "told", {**axes, "source": SOURCES}, 0) if spec.told and "told" in entry else ()
        )
        entry.refuse_others()
        signals[name] = Signal(chances[name], told)
    section.refuse_others()
    return signals


def _read_named(
    section: Section, specs: Mapping[str, Spec], axes: Mapping[str, tuple[str, ...]]
) -> dict[str, Chances]:
    found = {}
    for name, spec in specs.items():
        entry = section.section(name)
        found[name] = read_chances(entry, axes, spec)
        entry.refuse_others()
    section.refuse_others()
    return found


def _read_policy(section: Section) -> Policy:
    facts = section.section("facts")
    policy = Policy(
        section.text("name"),
        section.share("audit"),
        section.share("escalated"),
        {name: facts.share(name) for name in POLICY_FACTS},
    )
    if policy.audit <= 0:
        raise section.refuse("audit", policy.audit, "more than 0, so that every case can be chosen")
    section.evidence()
    facts.refuse_others()
    section.refuse_others()
    return policy


def _read_outcomes(section: Section) -> Outcomes:
    columns = TABLES["outcomes"]

    def read(entry: Section, codes: tuple[str, ...]) -> Chances:
        chances = read_chances(entry, {})
        unknown = [value for value in chances.values if value not in codes]
        if unknown:
            raise entry.refuse("values", unknown[0], ", ".join(codes))
        entry.refuse_others()
        return chances

    labels, kinds = section.section("labels"), section.section("kinds")
    outcomes = Outcomes(
        {name: read(labels.section(name), LABELS) for name in CURRENT},
        {name: read(kinds.section(name), columns["outcome_kind"].codes) for name in LABELS},
        read(section.section("label_source"), columns["label_source"].codes),
    )
    labels.refuse_others()
    kinds.refuse_others()
    section.refuse_others()
    return outcomes


def _read_regions(section: Section) -> Chances:
    chances = read_chances(section, {})
    section.refuse_others()
    return chances
