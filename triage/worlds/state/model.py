"""A world made ready for drawing and for the posterior."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from triage.errors import InputRefusedError
from triage.worlds.file.catalogue import SIGNALS
from triage.worlds.file.load import PLATFORMS, SOURCES
from triage.worlds.file.world import CURRENT, Chances, Rule
from triage.worlds.state.effects import Sizes, draw_effects
from triage.worlds.state.emission import DURING, Emission, tabulate
from triage.worlds.state.eras import Calendar, Eras, find_eras, make_calendar
from triage.worlds.state.spells import joint_rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from triage.worlds.file.world import World

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

TOLD = ("untold", "told")
ALWAYS_TOLD = Rule((0.0, 1.0), {})
# Reports that name no account have no platform; they stand in the place after the last.
NO_PLATFORM = len(PLATFORMS)
DAY = 86_400
# A posterior sums over the states of a person for every report, and a table holds a number a cell.
MOST_STATES = 10_000
MOST_CELLS = 5_000_000


@dataclass(frozen=True)
class People:
    """The hidden states of persons that matter for anything that can be seen.

    Parameters
    ----------
    axes : mapping of str to tuple of str
        Situation and nuisances -> their values.
    codes : mapping of str to array of int, shape (n_states,)
        Value of each in each state.
    prior : array, shape (n_eras, n_states)
        Probability of each state among the persons of the cases of each era; sums to 1.
    strangers : array, shape (n_eras, n_states)
        Probability of each state among persons whose report comes under a wrong token; sums to 1.
    share : array, shape (n_states,)
        Share of the time in which such a person abuses.
    rate : array, shape (n_states,)
        Sum of the rates at which abuse begins and ends, a second.
    """

    axes: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Codes]
    prior: Floats
    strangers: Floats
    share: Floats
    rate: Floats


@dataclass(frozen=True)
class Model:
    """A world made ready.

    Parameters
    ----------
    world : World
        What was read.
    stream : tuple of int
        What tells its random numbers from those of other worlds and draws, so that no two share a token.
    eras, calendar : Eras, Calendar
        When cases come, and which.
    sizes : Sizes
        The effects of this draw.
    people : People
        Hidden states of persons.
    causes : Emission
        Share of abuse by situation and causes, as the second of two values.
    nuisances, report_nuisances : dict of str to Emission
        Hidden quantities of persons and of reports, each resting on those before it.
    signals, told, delays, spells : dict of str to Emission
        Facts, whether the reporter fills them in, days until they are known, and times of ended abuse.
    """

    world: World
    stream: tuple[int, ...]
    eras: Eras
    calendar: Calendar
    sizes: Sizes
    people: People
    causes: Emission
    nuisances: dict[str, Emission]
    report_nuisances: dict[str, Emission]
    signals: dict[str, Emission]
    told: dict[str, Emission]
    delays: dict[str, Emission]
    spells: dict[str, Emission]

    @property
    def start(self) -> int:
        """Start of the period, in seconds since 1970."""
        return int(self.world.start.timestamp())

    @property
    def as_of(self) -> int:
        """End of the period and time of looking, in seconds since 1970."""
        return int(self.world.end.timestamp())

    @property
    def lasts(self) -> Floats:
        """Mean length of a spell in each situation, in seconds."""
        return np.array([one.lasts for one in self.world.situations]) * DAY


def compile_world(world: World, draw: int = 0) -> Model:
    """Make a world ready.

    Parameters
    ----------
    world : World
        As loaded.
    draw : int
        Which draw of its effects; 0 is the world as written.

    Examples
    --------
    >>> from triage.worlds.file.load import load_world
    >>> list(compile_world(load_world("nl-2017")).signals["hash_status"].hidden)
    ['material']
    """
    sizes, eras = draw_effects(world, draw), find_eras(world)
    people = {"situation": tuple(one.name for one in world.situations)}
    people |= {name: chances.values for name, chances in world.nuisances.items()}
    hidden = {**people, "current": CURRENT}
    hidden |= {name: chances.values for name, chances in world.report_nuisances.items()}
    known = {
        "source": SOURCES,
        "platform": (*PLATFORMS, ""),
        DURING: tuple(map(str, range(len(eras)))),
    }

    def emit(chances: Chances, name: str = "", given: tuple[str, ...] = ()) -> Emission:
        named = {axis for rule in chances.rules for axis in rule.where}
        sizes_of = [len({**known, **hidden, "given": given}[axis]) for axis in named]
        refuse_too_many(prod(sizes_of) * len(chances.values), MOST_CELLS, name or "a table", world)
        axes = {**known, "given": given} if given else known
        return tabulate(chances, hidden, axes, eras, sizes.of.get(name, 1.0))

    signals: dict[str, Emission] = {}
    told: dict[str, Emission] = {}
    for name, signal in world.signals.items():
        rests_on = SIGNALS[name].given
        given = signals[rests_on].values if rests_on else ()
        signals[name] = emit(signal.chances, f"signals.{name}", given)
        told[name] = emit(Chances(TOLD, signal.told or (ALWAYS_TOLD,)), f"told.{name}")
    nuisances = {name: emit(chances) for name, chances in world.nuisances.items()}
    of_reports = {name: emit(one, f"nuisances.{name}") for name, one in world.report_nuisances.items()}
    calendar = make_calendar(world, eras, sizes.shares)
    causes = _tabulate_causes(world, sizes, nuisances, people)
    seen = [causes, *signals.values(), *told.values(), *of_reports.values()]
    return Model(
        world,
        (draw, crc32(world.name.encode())),
        eras,
        calendar,
        sizes,
        _enumerate_people(world, nuisances, seen, calendar, signals["person"]),
        causes,
        nuisances,
        of_reports,
        signals,
        told,
        {name: emit(chances) for name, chances in world.delays.items()},
        {name: emit(chances) for name, chances in world.spells.items()},
    )


def _tabulate_causes(
    world: World,
    sizes: Sizes,
    nuisances: Mapping[str, Emission],
    people: Mapping[str, tuple[str, ...]],
) -> Emission:
    """Return the share of abuse by situation and causes; its mean in each situation is that of the world."""
    axes = {axis: values for axis, values in people.items() if axis in {"situation", *world.causes}}
    shift = np.zeros(tuple(map(len, axes.values())))
    for name, odds in world.causes.items():
        own = np.log([odds.get(value, 1.0) for value in axes[name]]) * sizes.of[f"causes.{name}"]
        shift = shift + own.reshape([-1 if axis == name else 1 for axis in axes])
    shift = shift.reshape(len(sizes.current), -1)
    needed = _needed({*world.causes}, nuisances)
    names = [name for name in people if name in needed]
    refuse_too_many(prod(len(people[name]) for name in names), MOST_STATES, "causes", world)
    codes, chance = _combine(names, nuisances, people)
    weight = np.zeros(shift.shape)
    place = np.zeros(len(chance), dtype=np.int64)
    for axis in list(axes)[1:]:
        place = place * len(axes[axis]) + codes[axis]
    np.add.at(weight, (codes["situation"], place), chance)
    share = np.zeros(shift.shape)
    for row, current in enumerate(sizes.current):
        if current > 0:
            p = weight[row] / weight[row].sum()

            def miss(level: float, row: int = row, p: Floats = p, current: float = current) -> float:
                return float(p @ expit(level + shift[row])) - current

            reach = float(np.abs(shift[row]).max()) + 1
            level = brentq(miss, logit(current) - reach, logit(current) + reach, xtol=1e-12)
            share[row] = expit(level + shift[row])
    table = np.stack([1 - share.ravel(), share.ravel()], axis=1)[None]
    return Emission(
        CURRENT, {}, {axis: len(v) for axis, v in axes.items()}, table, table[0, :, :1], np.empty((0, 2))
    )


def refuse_too_many(count: int, most: int, what: str, world: World) -> None:
    """Refuse a world whose sums would not fit into memory."""
    if count > most:
        raise InputRefusedError(
            f"{count:,} combinations",
            where=f"{world.path}, {what}",
            expected=f"at most {most:,}",
            mend="let fewer hidden quantities, or fewer values of them, go together",
        )


def _needed(wanted: set[str], nuisances: Mapping[str, Emission]) -> set[str]:
    """Return some hidden quantities of persons, and all on which they rest."""
    found = {*wanted}
    for name in reversed(list(nuisances)):
        if name in found:
            found |= {*nuisances[name].hidden}
    return found | {"situation"}


def _combine(
    names: Sequence[str], nuisances: Mapping[str, Emission], people: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Codes], Floats]:
    """Return all combinations of some quantities, and the probability of each given its situation."""
    grid = np.array(list(product(*(range(len(people[name])) for name in names))), dtype=np.int64)
    codes = {name: grid[:, place] for place, name in enumerate(names)}
    chance, rows = np.ones(len(grid)), np.arange(len(grid))
    for name in names:
        if name in nuisances:
            emission = nuisances[name]
            chance *= emission.table[0, emission.place(emission.hidden, codes, rows), codes[name]]
    return codes, chance


def _enumerate_people(
    world: World,
    nuisances: Mapping[str, Emission],
    seen: Sequence[Emission],
    calendar: Calendar,
    named: Emission,
) -> People:
    """List the states of persons that can occur, by what shows; the first of `seen` are the causes."""
    causes = seen[0]
    people = {"situation": tuple(one.name for one in world.situations)}
    people |= {name: chances.values for name, chances in world.nuisances.items()}
    needed = _needed({axis for one in seen for axis in one.hidden} & {*people}, nuisances)
    names = [name for name in people if name in needed]
    refuse_too_many(prod(len(people[name]) for name in names), MOST_STATES, "nuisances of persons", world)
    codes, chance = _combine(names, nuisances, people)
    kept = chance * calendar.shares.max(axis=0)[codes["situation"]] > 0
    codes = {name: code[kept] for name, code in codes.items()}
    prior = calendar.shares[:, codes["situation"]] * chance[kept]
    rows = np.arange(int(kept.sum()))
    share = causes.table[0, causes.place(causes.hidden, codes, rows), 1]
    lasts = np.array([one.lasts for one in world.situations])[codes["situation"]] * DAY
    strangers = np.empty_like(prior)
    for era in range(len(prior)):
        known = named.place(named.known, {DURING: np.full(len(rows), era)}, rows)
        strangers[era] = prior[era] * named.table[known, named.place(named.hidden, codes, rows), 1]
    return People(
        {name: people[name] for name in names},
        codes,
        prior / prior.sum(axis=1, keepdims=True),
        strangers / np.maximum(strangers.sum(axis=1, keepdims=True), 1e-300),
        share,
        joint_rate(share, lasts),
    )


def expect_reports(model: Model) -> float:
    """Return the mean number of reports of a case, duplicates among them."""
    people, calendar, eras = model.people, model.calendar, model.eras
    cell = np.diff(calendar.cumulative, prepend=0)
    weight = np.bincount(eras.of(calendar.edges[:-1]), weights=cell, minlength=len(eras))
    rows, total = np.arange(len(people.share)), 0.0
    for era in range(len(eras)):

        def chance(name: str, era: int = era) -> Floats:
            emission = model.signals[name]
            known = emission.place(emission.known, {DURING: np.full(len(rows), era)}, rows)
            return emission.table[known, emission.place(emission.hidden, people.codes, rows)]

        several = chance("person")[:, 1] * chance("bundle")[:, 0]
        number = chance("reports") @ model.signals["reports"].bands.mean(axis=1)
        total += float(weight[era] * (people.prior[era] @ (1 + several * (number - 1))))
    return total * (1 + model.world.linking.duplicate)


def natural_size(world: World) -> int:
    """Return how many cases the world stands for: its reports over its period, as cases.

    Examples
    --------
    >>> from triage.worlds.file.load import load_world
    >>> 15_000 < natural_size(load_world("nl-2017")) < 18_000
    True
    """
    years = (world.end - world.start).total_seconds() / (365.25 * DAY)
    return round(world.reports_a_year * years / expect_reports(compile_world(world)))
