"""Check what a world file says and refuse what is wrong in it, with the key."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.schema.tables import TABLES
from triage.worlds.file.catalogue import CAUSED_BEFORE, DELAYS, LABELS, RESTS_ON_CURRENT, SIGNALS, SPELLS
from triage.worlds.file.merge import read_world_file, switch_on
from triage.worlds.file.prosecution_section import read_prosecution
from triage.worlds.file.published import read_published
from triage.worlds.file.rules import SUM_TOLERANCE, read_chances, read_told
from triage.worlds.file.section import Section
from triage.worlds.file.world import (
    CURRENT,
    LEVELS,
    Change,
    Effects,
    Linking,
    Outcomes,
    Policy,
    Signal,
    Situation,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from triage.worlds.file.catalogue import Spec
    from triage.worlds.file.merge import WorldFile
    from triage.worlds.file.world import Chances

    Axes = dict[str, tuple[str, ...]]

FORMAT = 2
MOST_CURRENT = 0.95
MOST_VOLUME = 10_000.0
DAY_SECONDS = 86_400
# Beyond these, probabilities are 0 and 1 to the last digit.
MOST_STRENGTH, MOST_SPREAD = 5.0, 2.0
# What the tables can hold.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RESERVED = ("case_id", "victim_age", "given", "source", "platform", "during", "p", "odds", "class")
SOURCES = TABLES["reports"]["source_system"].codes
PLATFORMS = TABLES["accounts"]["platform_category"].codes


def load_world(path_or_name: str | Path, *, on: Collection[str] = ()) -> World:
    """Read and check a world.

    Parameters
    ----------
    path_or_name : str or Path
        A file, or the name of a shipped world.
    on : collection of str
        Changes in the file that are switched on, whatever the file says.

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
    try:
        file = read_world_file(path_or_name)
    except (RecursionError, RuntimeError, ValueError) as error:
        if isinstance(error, InputRefusedError):
            raise
        raise InputRefusedError(
            f"cannot be read ({error})", where=str(path_or_name), expected="a world file"
        ) from error
    if on:
        file = switch_on(file, on)
    top = Section(file.content, str(file.path))
    if top.integer("format") != FORMAT:
        raise top.refuse("format", file.content["format"], f"{FORMAT}")
    try:
        world = _read_world(top, file)
    except OverflowError:
        raise InputRefusedError(
            "a number out of all proportion", where=str(file.path), expected="probabilities and sizes"
        ) from None
    top.refuse_others()
    return world


def _read_world(top: Section, file: WorldFile) -> World:
    period = top.section("period")
    start, end = period.instant("start"), period.instant("end")
    if end <= start:
        raise period.refuse("end", end, f"a time after {start}")
    if (end - start).total_seconds() < DAY_SECONDS:
        raise period.refuse("end", end, f"a day or more after {start}")
    if not EARLIEST <= start < end <= LATEST:
        raise period.refuse("start", start, f"a period between {EARLIEST:%Y} and {LATEST:%Y}")
    months = _read_months(period)
    reports_a_year = period.integer("reports_a_year")
    if not reports_a_year:
        raise period.refuse("reports_a_year", reports_a_year, "a whole number from 1 on")
    period.evidence()
    period.refuse_others()
    situations = _read_situations(top.section("situations"))
    names = tuple(situation.name for situation in situations)
    base = _read_policy(top.section("policy"))
    changes, policies = _read_changes(top, names, (start, end), base)
    known: Axes = {"during": tuple(top.section("changes").names()) if "changes" in top else ()}
    known = {axis: values for axis, values in known.items() if values}
    hidden: Axes = {"situation": names}
    nuisances, groups, of_reports = _read_nuisances(top, hidden, known)
    people: Axes = {**hidden, **{name: chances.values for name, chances in nuisances.items()}}
    everything: Axes = {
        **people,
        "current": CURRENT,
        **{name: chances.values for name, chances in of_reports.items()},
        "source": SOURCES,
        "platform": PLATFORMS,
        **known,
    }
    return World(
        name=_read_name(top),
        path=file.path,
        sha256=file.sha256,
        size=file.size,
        start=start,
        end=end,
        months=months,
        reports_a_year=reports_a_year,
        changes={name: change for name, change in changes.items() if change is not None},
        situations=situations,
        nuisances=nuisances,
        groups=groups,
        report_nuisances=of_reports,
        causes=_read_by_nuisance(top, "causes", "odds", nuisances, groups),
        past=_read_by_nuisance(top, "past", "least", nuisances, groups),
        signals=_read_signals(top.section("signals"), people, everything, known),
        delays=_read_named(
            top.section("delays"), DELAYS, {"source": SOURCES, "platform": PLATFORMS, **known}
        ),
        linking=_read_linking(top.section("linking")),
        effects=_read_effects(top.section("effects")),
        policies=policies,
        outcomes=_read_outcomes(top.section("outcomes")),
        spells=_read_named(top.section("spells"), SPELLS, {}),
        published=read_published(top.section("published")) if "published" in top else {},
        prosecution=read_prosecution(top.section("prosecution")) if "prosecution" in top else None,
    )


def _read_name(top: Section) -> str:
    name = top.text("name")
    if not NAME.fullmatch(name):
        raise top.refuse("name", name, "small letters, digits, - and _, such as my-world")
    return name


def _read_months(section: Section) -> tuple[float, ...]:
    values = section.numbers("months")
    if abs(sum(values) - 1) > SUM_TOLERANCE or min(values) < 0:
        raise section.refuse("months", f"a sum of {sum(values):.6g}", "shares of 0 or more that sum to 1")
    return values


def _read_situations(section: Section) -> tuple[Situation, ...]:
    situations = []
    for name in section.names():
        entry = section.section(name)
        entry.evidence()
        current = entry.share("current")
        if current > MOST_CURRENT:
            raise entry.refuse("current", current, f"at most {MOST_CURRENT}, less than 1")
        share, past = entry.share("share"), entry.share("past")
        situations.append(Situation(name, share, current, entry.positive("lasts", 1, 36_500), past))
        entry.refuse_others()
    total = sum(situation.share for situation in situations)
    if abs(total - 1) > SUM_TOLERANCE:
        much = f"{abs(total - 1):.6g} too {'much' if total > 1 else 'little'}"
        raise section.refuse(
            "share", f"a sum of {total:.6g}, {much}", "shares of all situations that sum to 1"
        )
    return tuple(situations)


def _read_changes(
    top: Section, situations: tuple[str, ...], period: tuple[datetime, datetime], base: Policy
) -> tuple[dict[str, Change | None], dict[str, Policy]]:
    """Return what changes when, None where it is switched off, and every policy under its change."""
    changes: dict[str, Change | None] = {}
    policies = {"": base}
    if "changes" not in top:
        return changes, policies
    section = top.section("changes")
    for name in section.names():
        entry = section.section(name)
        entry.evidence()
        on, start = entry.flag("on"), entry.instant("start")
        end = entry.instant("end") if "end" in entry else max(start, period[1])
        if end < start:
            raise entry.refuse("end", end, f"a time after {start}")
        if on and (start >= period[1] or end <= period[0]):
            raise entry.refuse("start", start, f"a time within the period, {period[0]} to {period[1]}")
        volume = entry.section("volume") if "volume" in entry else None
        factors = {} if volume is None else {key: volume.amount(key, MOST_VOLUME) for key in volume.names()}
        for key in factors:
            if volume is not None and key not in situations:
                raise volume.refuse(key, key, "one of " + ", ".join(situations))
        policy = _read_policy(entry.section("policy"), base) if "policy" in entry else None
        entry.refuse_others()
        changes[name] = Change(start, end, factors, name if policy else "") if on else None
        if policy is not None and on:
            policies[name] = policy
    return changes, policies


def _read_policy(section: Section, base: Policy | None = None) -> Policy:
    """Read a policy; in a change, what is not said stays as it was."""

    def keep(key: str) -> bool:
        return base is not None and key not in section

    capacity = base.capacity if base and keep("capacity") else section.share("capacity")
    chance = base.chance if base and keep("chance") else section.share("chance")
    if capacity * chance <= 0:
        raise section.refuse("chance", capacity * chance, "more than 0, so that every case can be chosen")
    if base and keep("weights"):
        weights = base.weights
    else:
        entry = section.section("weights")
        weights = {level: entry.positive(level) for level in LEVELS}
        entry.refuse_others()
    name = base.name if base and keep("name") else _read_name(section)
    section.evidence()
    section.refuse_others()
    return Policy(name, capacity, chance, weights)


def _read_nuisances(
    top: Section, hidden: Axes, known: Axes
) -> tuple[dict[str, Chances], tuple[str, ...], dict[str, Chances]]:
    """Return the hidden quantities of persons, which of them are groups, and those of reports."""
    people, of_reports = dict(hidden), {**known, "source": SOURCES, "platform": PLATFORMS}
    persons: dict[str, Chances] = {}
    reports: dict[str, Chances] = {}
    groups = top.section("groups")
    names = [(groups, name) for name in groups.names()]
    nuisances = top.section("nuisances")
    names += [(nuisances, name) for name in nuisances.names()]
    taken = Counter(name for _, name in names)
    for section, name in names:
        if name in {"situation", "current", *RESERVED} or taken[name] > 1:
            raise section.refuse(name, name, "a name that no other quantity has")
        entry = section.section(name)
        kind = "person" if section is groups else entry.text("of")
        if kind == "person":
            persons[name] = read_chances(entry, people)
            people[name] = persons[name].values
        elif kind == "report":
            axes = {**people, "current": CURRENT, **of_reports}
            reports[name] = read_chances(entry, axes)
            of_reports[name] = reports[name].values
        else:
            raise entry.refuse("of", kind, "person or report")
        entry.refuse_others()
    return persons, tuple(groups.names()), reports


def _read_by_nuisance(
    top: Section, table: str, key: str, nuisances: Mapping[str, Chances], groups: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Read a number for some values of some nuisances of persons: odds, or chances."""
    found: dict[str, dict[str, float]] = {}
    if table not in top:
        return found
    section = top.section(table)
    for name in section.names():
        entry = section.section(name)
        if name not in nuisances or name in groups:
            raise section.refuse(name, name, "a nuisance of persons that is no group")
        entry.evidence()
        numbers = entry.section(key)
        for value in numbers.names():
            if value not in nuisances[name].values:
                raise numbers.refuse(value, value, "one of " + ", ".join(nuisances[name].values))
        read = numbers.positive if key == "odds" else numbers.share
        found[name] = {value: read(value) for value in numbers.names()}
        entry.refuse_others()
    return found


def _read_signals(section: Section, people: Axes, everything: Axes, known: Axes) -> dict[str, Signal]:
    chances: dict[str, Chances] = {}
    signals: dict[str, Signal] = {}
    for name, spec in SIGNALS.items():
        entry = section.section(name)
        if name in CAUSED_BEFORE:
            axes = {**people, **known}
        elif name in RESTS_ON_CURRENT:
            axes = {**people, **known, "current": CURRENT}
            axes |= {"source": SOURCES} if name == "platform" else {}
        else:
            axes = everything
        if spec.given:
            axes = {**axes, "given": chances[spec.given].values}
        chances[name] = read_chances(entry, axes, spec)
        told = read_told(entry, "told", everything) if spec.told and "told" in entry else ()
        entry.refuse_others()
        signals[name] = Signal(chances[name], told)
    section.refuse_others()
    return signals


def _read_named(section: Section, specs: Mapping[str, Spec], axes: Axes) -> dict[str, Chances]:
    found = {}
    for name, spec in specs.items():
        entry = section.section(name)
        found[name] = read_chances(entry, axes, spec)
        entry.refuse_others()
    section.refuse_others()
    return found


def _read_linking(section: Section) -> Linking:
    section.evidence()
    linking = Linking(section.share("wrong"), section.share("split"), section.share("duplicate"))
    section.refuse_others()
    return linking


def _read_effects(section: Section) -> Effects:
    section.evidence()
    effects = Effects(
        section.amount("strength", MOST_STRENGTH),
        section.amount("spread", MOST_SPREAD),
        section.share("null"),
        section.share("reversed"),
        section.amount("prevalence", MOST_SPREAD),
    )
    if effects.null + effects.turned > 1:
        raise section.refuse("reversed", effects.null + effects.turned, "at most 1 together with null")
    section.refuse_others()
    return effects


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
