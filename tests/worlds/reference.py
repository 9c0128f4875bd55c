"""A second reading of world files and batches, by hand: it shares no code with triage.worlds.

Everything here is laid out over one grid: situation, hidden quantities of persons, whether abuse goes on at the
report, hidden quantities of the report. A fact gives a table over a few of these axes; tables of several facts are
multiplied by broadcasting, and what is not asked for is summed out.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from triage.shipped import find_shipped

Row = dict[str, Any]
Rows = dict[str, list[Row]]

PLAIN_KEYS = {"p", "odds", "class"}
ADDED = {"also": "rules", "also_told": "told"}
YES_OR_NO = ("no", "yes")
# As in the description of draws: keeps ratios of probabilities finite.
LEAST = 1e-4
DAY = 86_400
BANK = "goaml"


def read_world(path: Path) -> Row:
    """Read a world file and lay it over the one that it is like."""
    own = tomllib.loads(path.read_text(encoding="utf-8"))
    like = own.pop("like", None)
    if like is None:
        return own
    base = (
        path.parent / like
        if like.endswith(".toml")
        else find_shipped("synthetic_data", "worlds", f"{like}.toml")
    )
    return lay_over(read_world(base), own)


def lay_over(base: Row, own: Row) -> Row:
    merged = dict(base)
    for key, value in own.items():
        if key in ADDED and ADDED[key] in base:
            merged[ADDED[key]] = merged[ADDED[key]] + value
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = lay_over(base[key], value)
        else:
            merged[key] = value
    return merged


def chosen(wanted: Any) -> list[str]:
    """Return the values for which a selector holds."""
    return [YES_OR_NO[wanted]] if isinstance(wanted, bool) else list(wanted)


def holds(rule: Row, axes: Row, known: Row) -> np.ndarray:
    """Say in which places of the grid a rule holds: over all axes, of length 1 where one does not matter."""
    found = np.ones([1] * len(axes), dtype=bool)
    for axis, wanted in rule.items():
        if not selects(rule, axis):
            continue
        if axis in axes:
            shape = [-1 if name == axis else 1 for name in axes]
            found = found & np.isin(axes[axis], chosen(wanted)).reshape(shape)
        elif axis == "during":
            found = found & bool({*wanted} & known["during"])
        else:
            found = found & (known[axis] in chosen(wanted))
    return found


def chances(rules: list[Row], axes: Row, known: Row) -> np.ndarray:
    """Apply rules from top to bottom; a single number is the probability of the second of two values."""
    found = np.ones([1] * (len(axes) + 1))
    for rule in rules:
        if "p" in rule:
            new = np.array(rule["p"] if isinstance(rule["p"], list) else [1 - rule["p"], rule["p"]])
        else:
            odds = np.array(rule["odds"] if isinstance(rule["odds"], list) else [1.0, rule["odds"]])
            new = found * odds / (found * odds).sum(axis=-1, keepdims=True)
        found = np.where(holds(rule, axes, known)[..., None], new, found)
    return found


def names_in(rules: list[Row]) -> set[str]:
    return {axis for rule in rules for axis in rule if selects(rule, axis)}


def selects(rule: Row, axis: str) -> bool:
    """Say whether a key selects; a source in words says what the numbers rest on, a list of sources selects."""
    return axis not in PLAIN_KEYS and not (axis == "source" and isinstance(rule[axis], str))


def scaled(without: np.ndarray, with_abuse: np.ndarray, size: float) -> np.ndarray:
    """Change how strongly abuse shows: the ratio of both probabilities is raised to a power."""
    if size == 0:
        return without
    ratio = (with_abuse + LEAST) / (without + LEAST)
    weights = np.where((without > 0) | (with_abuse > 0), (without + LEAST) * ratio**size, 0.0)
    return weights / weights.sum(axis=-1, keepdims=True)


@dataclass(frozen=True)
class Sizes:
    """Effects of another draw; those of the file where nothing is given."""

    of: dict[str, float] = field(default_factory=dict)
    shares: tuple[float, ...] = ()
    current: tuple[float, ...] = ()


class Reference:
    """A world as arrays over the grid of what is hidden."""

    def __init__(self, data: Row, sizes: Sizes | None = None) -> None:
        self.data, self.signals, sizes = data, data["signals"], sizes or Sizes()
        self.start, self.end = (pd.Timestamp(data["period"][key]) for key in ("start", "end"))
        self.situations = list(data["situations"])
        entries = list(data["situations"].values())
        self.shares = np.array(sizes.shares or [entry["share"] for entry in entries])
        self.current = np.array(sizes.current or [entry["current"] for entry in entries])
        self.lasts = np.array([entry["lasts"] for entry in entries]) * DAY
        self.sizes, self.strength = sizes.of, data["effects"]["strength"]
        self.changes = {name: one for name, one in data.get("changes", {}).items() if one["on"]}
        nuisances = data.get("nuisances", {})
        self.of_persons = {
            **data.get("groups", {}),
            **{n: e for n, e in nuisances.items() if e["of"] == "person"},
        }
        self.of_reports = {name: entry for name, entry in nuisances.items() if entry["of"] == "report"}
        shown = self.shown()
        self.person_axes = {"situation": self.situations}
        self.person_axes |= {n: e["values"] for n, e in self.of_persons.items() if n in shown}
        self.axes = {**self.person_axes, "current": list(YES_OR_NO)}
        self.axes |= {name: entry["values"] for name, entry in self.of_reports.items()}
        self.tables: dict[tuple[Any, ...], np.ndarray] = {}
        self.selectors: dict[tuple[str, str], set[str]] = {}
        self.n_person, self.n_inner = len(self.person_axes), len(self.of_reports)
        self.people = self.prior_of_people()
        self.c = self.share_of_time()

    def shown(self) -> set[str]:
        """Return what rules select by, and on what that rests: the rest of a person shows nowhere."""
        lists = [
            rules for entry in self.signals.values() for rules in (entry["rules"], entry.get("told", []))
        ]
        lists += [entry["rules"] for entry in self.of_reports.values()]
        found = set().union(*map(names_in, lists)) | {*self.data.get("causes", {})}
        for name, entry in reversed(self.of_persons.items()):
            found |= names_in(entry["rules"]) if name in found else set()
        return found

    def in_force(self, moment: pd.Timestamp) -> frozenset[str]:
        return frozenset(
            name
            for name, one in self.changes.items()
            if pd.Timestamp(one["start"]) <= moment < pd.Timestamp(one.get("end", self.end))
        )

    def rules(self, kind: str, name: str) -> list[Row]:
        if kind == "nuisances":
            return (self.of_reports.get(name) or self.of_persons[name])["rules"]
        if kind == "told":
            return self.signals[name].get("told", [{"p": 1.0}])
        return self.signals[name]["rules"]

    def size(self, kind: str, name: str) -> float:
        return self.sizes.get(f"{'signals' if kind == 'rules' else kind}.{name}", self.strength)

    def rests_on(self, kind: str, name: str) -> set[str]:
        """Return the hidden quantities on which something rests."""
        return self.names(kind, name) & self.axes.keys()

    def names(self, kind: str, name: str) -> set[str]:
        """Return all that the rules of something select by."""
        if (kind, name) not in self.selectors:
            self.selectors[kind, name] = names_in(self.rules(kind, name))
        return self.selectors[kind, name]

    def table(self, kind: str, name: str, known: Row) -> np.ndarray:
        """Return probabilities over all axes (length 1 where an axis does not matter), and the values last."""
        rules, axes = self.rules(kind, name), self.names(kind, name)
        key = (kind, name, *((axis, known[axis]) for axis in sorted(axes - self.axes.keys())))
        if key not in self.tables:
            found = chances(rules, self.axes, known)
            size, place = self.size(kind, name), list(self.axes).index("current")
            if "current" in axes and size != 1:
                without, with_abuse = np.moveaxis(found, place, 0)
                found = np.stack([without, scaled(without, with_abuse, size)], axis=place)
            self.tables[key] = found
        return self.tables[key]

    def whole(self, array: np.ndarray) -> np.ndarray:
        """Drop the axes of abuse and of the report: what is left is laid out over persons."""
        return array.reshape(array.shape[: self.n_person])

    def prior_of_people(self) -> np.ndarray:
        """Return the probability of every kind of person, given the situation."""
        found = np.ones([len(values) for values in self.person_axes.values()])
        for place, name in enumerate(self.person_axes):
            if name != "situation":
                table = self.table("nuisances", name, {})
                found = found * self.whole(np.moveaxis(table, -1, place)[..., 0])
        return found

    def share_of_time(self) -> np.ndarray:
        """Return the share of time in which each kind of person abuses: causes shift it, the mean stays."""
        shift = np.zeros([1] * self.n_person)
        for name, entry in self.data.get("causes", {}).items():
            values = self.person_axes[name]
            logs = np.log([entry["odds"].get(value, 1.0) for value in values]) * self.size("causes", name)
            shape = [len(values) if axis == name else 1 for axis in self.person_axes]
            shift = shift + logs.reshape(shape)
        shift = np.broadcast_to(shift, self.people.shape)
        found = np.zeros(self.people.shape)
        for place, current in enumerate(self.current):
            if current == 0:
                continue
            low, high = -60.0, 60.0
            for _ in range(200):
                level = (low + high) / 2
                share = 1 / (1 + np.exp(-(level + shift[place])))
                low, high = (level, high) if (share * self.people[place]).sum() < current else (low, level)
            found[place] = share
        return found

    def share_with_a_past(self) -> np.ndarray:
        """Return, a situation, the share of those without abuse in the period who abused before it."""
        least = np.array([entry["past"] for entry in self.data["situations"].values()])
        least = np.broadcast_to(self.on_situations(least), self.people.shape)
        for name, entry in self.data.get("past", {}).items():
            values = self.person_axes[name]
            own = np.array([entry["least"].get(value, 0.0) for value in values])
            shape = [len(values) if axis == name else 1 for axis in self.person_axes]
            least = np.maximum(least, own.reshape(shape))
        # Free at the start, and no onset until the end.
        seconds = (self.end - self.start).total_seconds()
        onset = self.c / (1 - self.c) / self.on_situations(self.lasts)
        free = self.people * (1 - self.c) * np.exp(-seconds * onset)
        others = tuple(range(1, self.n_person))
        return np.asarray((free * least).sum(axis=others) / free.sum(axis=others))

    def on_situations(self, array: np.ndarray) -> np.ndarray:
        return array.reshape([-1] + [1] * (self.n_person - 1))

    def prior(self, during: frozenset[str]) -> np.ndarray:
        """Return the probability of every kind of person among the cases that come under some changes."""
        shares = self.shares.copy()
        for name in during:
            for situation, factor in self.changes[name].get("volume", {}).items():
                shares[self.situations.index(situation)] *= factor
        return self.people * self.on_situations(shares / shares.sum())

    def strangers(self, during: frozenset[str]) -> np.ndarray:
        """Return the same for those whose report comes under the token of somebody else."""
        named = self.whole(self.table("rules", "person", {"during": during})[..., 1])
        found = self.prior(during) * named
        return found / found.sum()

    def likelihood(self, facts: list[Fact]) -> tuple[np.ndarray, float]:
        """Return the likelihood of facts of one report over persons and abuse, and the logarithm of its scale."""
        logs = np.zeros([1] * len(self.axes))
        with np.errstate(divide="ignore"):
            for name in self.of_reports:
                table = self.table("nuisances", name, facts[0].known)
                logs = logs + np.log(np.moveaxis(table, -1, list(self.axes).index(name))[..., 0])
            for fact in facts:
                logs = logs + np.log(self.table(fact.kind, fact.name, fact.known)[..., self.place(fact)])
        logs = np.broadcast_to(logs, [len(values) for values in self.axes.values()])
        highest = float(logs.max())
        inner = tuple(range(len(self.axes) - self.n_inner, len(self.axes)))
        return np.exp(logs - highest).sum(axis=inner), highest

    def place(self, fact: Fact) -> int:
        if fact.kind == "told":
            return int(fact.value)
        return int(self.signals[fact.name]["values"].index(fact.value))

    def move(self, before: int, after: int, seconds: float) -> np.ndarray:
        """Return the chance, for every kind of person, that abuse goes on (or not) some time later."""
        rate = 1 / (self.on_situations(self.lasts) * (1 - self.c))
        kept = np.exp(-rate * seconds)
        active = self.c + (before - self.c) * kept
        return active if after else 1 - active

    def posterior(self, case: Case) -> tuple[float, np.ndarray]:
        """Return P(anybody of the case abuses at the end) and the posterior of the person's situation.

        Sums over kinds of persons, over who each later report is about, over abuse at every report and at the
        end, and over abuse of each stranger at the end.
        """
        moments = [*(report.received for report in case.reports), self.end]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
        likelihoods = [self.likelihood(report.facts)[0] for report in case.reports]
        strangers = [
            self.stranger(report, one) for report, one in zip(case.reports, likelihoods, strict=True)
        ]
        prior, wrong = self.prior(case.reports[0].during), self.data["linking"]["wrong"]
        free = (1 - self.c) ** case.bundled
        nobody, anybody = np.zeros(self.people.shape), np.zeros(self.people.shape)
        for own in product((True, False), repeat=len(case.reports) - 1):
            ours = [True, *own]
            paths = self.paths(ours, likelihoods, gaps)
            odd = [one for one, is_ours in zip(strangers, ours, strict=True) if not is_ours]
            chance_of = wrong ** len(odd) * (1 - wrong) ** (len(own) - len(odd))
            for at_end, path in enumerate(paths):
                weight = prior * path * chance_of
                for ends in product((0, 1), repeat=len(odd)):
                    whole = weight * np.prod([one[end] for one, end in zip(odd, ends, strict=True)])
                    if at_end or any(ends):
                        anybody += whole
                    else:
                        nobody += whole * free
                        anybody += whole * (1 - free)
        total = anybody.sum() + nobody.sum()
        situation = (anybody + nobody).sum(axis=tuple(range(1, self.n_person))) / total
        return float(anybody.sum() / total), situation

    def stranger(self, report: Report, likelihood: np.ndarray) -> list[float]:
        """Return the weights of a stranger's report with the stranger not abusing, and abusing, at the end."""
        seconds, prior = (self.end - report.received).total_seconds(), self.strangers(report.during)
        now = [prior * (1 - self.c) * likelihood[..., 0], prior * self.c * likelihood[..., 1]]
        return [
            float(sum((now[state] * self.move(state, end, seconds)).sum() for state in (0, 1)))
            for end in (0, 1)
        ]

    def paths(self, ours: list[bool], likelihoods: list[np.ndarray], gaps: list[float]) -> list[np.ndarray]:
        """Return, for both states at the end, the weight summed over all states at the reports."""
        ends = [np.zeros(self.people.shape), np.zeros(self.people.shape)]
        for path in product((0, 1), repeat=len(ours) + 1):
            weight = self.c if path[0] else 1 - self.c
            for step, is_ours in enumerate(ours):
                if is_ours:
                    weight = weight * likelihoods[step][..., path[step]]
                weight = weight * self.move(path[step], path[step + 1], gaps[step])
            ends[path[-1]] += weight
        return ends

    def weights(self, situation: str, current: str, known: Row, seen: tuple[Condition, ...]) -> np.ndarray:
        """Return the probability of everything hidden of a first report, given what was looked at to choose it.

        Parameters
        ----------
        situation, current : str
            Of the person, at the time of the report; an empty `current` is summed out.
        known : dict
            Source, platform and changes in force.
        seen : tuple of conditions
            Facts that were looked at, each one of some values.
        """
        place = self.situations.index(situation)
        people, c = self.people[[place]], self.c[[place]]
        abuse = np.stack([1 - c, c], axis=-1)
        if current:
            abuse = abuse * (np.array(YES_OR_NO) == current)
        weight = (people[..., None] * abuse).reshape(*people.shape, 2, *[1] * self.n_inner)
        for name in self.of_reports:
            table = self.table("nuisances", name, known)
            weight = weight * of(place, np.moveaxis(table, -1, list(self.axes).index(name))[..., 0])
        for one in seen:
            table = of(place, self.table(one.kind, one.name, {**known, **dict(one.given)}))
            places = [self.place(Fact(one.kind, one.name, value, known)) for value in one.allowed]
            weight = weight * table[..., places].sum(axis=-1)
        return weight / weight.sum()

    def expected(self, fact: Fact, situation: str, current: str, seen: tuple[Condition, ...]) -> np.ndarray:
        """Return the probabilities of all values of a fact, what is hidden summed out."""
        weight = self.weights(situation, current, fact.known, seen)
        table = of(self.situations.index(situation), self.table(fact.kind, fact.name, fact.known))
        return (weight[..., None] * table).sum(axis=tuple(range(len(self.axes))))


def of(place: int, table: np.ndarray) -> np.ndarray:
    """Keep one situation of a table."""
    return table if len(table) == 1 else table[[place]]


@dataclass(frozen=True)
class Condition:
    """A fact that was looked at when rows were chosen: one of some values, given another fact."""

    kind: str
    name: str
    allowed: tuple[Any, ...]
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Fact:
    """One thing that can be seen: ``rules`` (a value) or ``told`` (whether it is filled in)."""

    kind: str
    name: str
    value: Any
    known: Row


@dataclass(frozen=True)
class Report:
    """A report and all that hangs on it, as facts."""

    received: pd.Timestamp
    during: frozenset[str]
    known: Row
    facts: list[Fact]


@dataclass(frozen=True)
class Case:
    """What can be seen of a case at the as-of time; the first report carries the facts of the case."""

    reports: list[Report]
    bundled: int


def band(entry: Row, number: float) -> str:
    """Return the band of a number; where two meet, the upper one."""
    for value, (low, high) in reversed(list(zip(entry["values"], entry["bands"], strict=True))):
        if low <= number <= high:
            return str(value)
    raise AssertionError((entry["values"], number))


def as_set(entry: Row, codes: Any) -> str:
    for value in entry["values"]:
        if {*value.split("|")} - {""} == {*codes}:
            return str(value)
    raise AssertionError((entry["values"], codes))


def days(later: pd.Timestamp, earlier: pd.Timestamp) -> float:
    return (later - earlier).total_seconds() / DAY


def open_to(row: Row, as_of: pd.Timestamp) -> bool:
    """Say whether columns that come by enrichment alone count."""
    return not pd.isna(row["enriched_at"]) and bool(row["enriched_at"] <= as_of)


def readable(row: Row, as_of: pd.Timestamp) -> bool:
    """Say whether columns that come on arrival or by enrichment count."""
    return pd.isna(row["enriched_at"]) or bool(row["enriched_at"] <= as_of)


class Reader:
    """Turns the rows of one case into facts: all that is known at the end, but for what investigations found."""

    def __init__(self, world: Reference, rows: Rows) -> None:
        self.world, self.as_of = world, world.end
        known = {
            name: [row for row in found if row["known_at"] <= self.as_of] for name, found in rows.items()
        }
        self.rows = drop_copies(known)
        self.named = any(row["role"] == "reported" for row in self.rows["persons"])
        self.facts: list[Fact] = []
        self.known: Row = {}

    def read(self) -> Case:
        reports = []
        for row in sorted(self.rows["reports"], key=lambda row: (row["received_at"], row["report_id"])):
            accounts = [one for one in self.rows["accounts"] if one["known_at"] == row["received_at"]]
            during = self.world.in_force(row["received_at"])
            platform = accounts[0]["platform_category"] if accounts else ""
            self.known = {"source": row["source_system"], "platform": platform, "during": during}
            self.facts = []
            if not reports:
                self.read_case(row)
            self.read_report(row)
            self.read_files(row)
            if self.named:
                self.read_person(row)
                self.read_child(row)
                self.read_payments(row)
            for account in accounts:
                self.read_account(account, row)
            reports.append(Report(row["received_at"], during, self.known, self.facts))
        return Case(reports, self.bundled())

    def value(self, name: str, value: Any, **given: Any) -> None:
        self.facts.append(Fact("rules", name, value, {**self.known, **given}))

    def choice(self, name: str, yes: Any, **given: Any) -> None:
        self.value(name, YES_OR_NO[bool(yes)], **given)

    def banded(self, name: str, number: float, **given: Any) -> None:
        self.value(name, band(self.world.signals[name], number), **given)

    def set_of(self, name: str, codes: Any, **given: Any) -> None:
        self.value(name, as_set(self.world.signals[name], codes), **given)

    def told(self, name: str, value: Any) -> None:
        """Note whether a fact was filled in, and the fact."""
        filled = value in self.world.signals[name]["values"]
        self.facts.append(Fact("told", name, filled, self.known))
        if filled:
            self.value(name, value)

    def bundled(self) -> int:
        """Count further persons whom the reports call reported: nothing else is said of them."""
        rows = self.rows["persons"]
        return sum(row["role"] == "reported" and not isinstance(row["identity_level"], str) for row in rows)

    def read_case(self, first: Row) -> None:
        bundled, count = self.bundled(), len(self.rows["reports"])
        self.choice("person", self.named)
        if not self.named:
            return
        self.choice("bundle", bundled)
        self.banded(*(("bundled_persons", bundled) if bundled else ("reports", count)))
        (person,) = self.own_person(first)
        role, on_arrival = person["child_facing_role"], pd.isna(person["enriched_at"])
        self.facts.append(Fact("told", "child_facing_role", isinstance(role, str) and on_arrival, self.known))
        if isinstance(role, str) and readable(person, self.as_of):
            self.value("child_facing_role", role)
        found = [
            row["record_kind"] for row in self.rows["prior_records"] if row["record_kind"] != "prior_report"
        ]
        if found:
            self.set_of("prior_records", found)
            self.read_register(first)

    def read_register(self, first: Row) -> None:
        children = [row for row in self.rows["children"] if row["known_at"] > first["received_at"]]
        received = {row["report_id"]: row["received_at"] for row in self.rows["reports"]}
        children = [row for row in children if row["known_at"] > received[row["report_id"]]]
        links = [f"{row['relation_to_suspect']}:{row['access_level']}" for row in children]
        others = [link for link in links if link != "parent:lives_with"]
        self.choice("own_children", len(others) < len(links))
        self.choice("others_children", others)
        for link in others:
            self.value("others_link", link)
        for row in children:
            self.value("register_child_age", row["age_band"])

    def own_person(self, report: Row) -> list[Row]:
        return [
            row
            for row in self.rows["persons"]
            if row["report_id"] == report["report_id"]
            and row["role"] == "reported"
            and isinstance(row["identity_level"], str)
        ]

    def read_report(self, row: Row) -> None:
        person = YES_OR_NO[self.named]
        self.value("source", row["source_system"], given=person)
        for name in ("incident_type", "reporter_type", "source_priority"):
            self.value(name, row[name])
        if row["actionability"] != "batch":
            self.value("actionability", row["actionability"])
        self.value("escalated", row["escalated_by_reporter"])
        self.set_of("channels", row["channels"])
        self.set_of("report_annotations", row["report_annotations"])
        if open_to(row, self.as_of):
            self.value("jurisdiction_basis", row["jurisdiction_basis"], given=person)
            self.value("jurisdiction_country", row["jurisdiction_country"], given=row["jurisdiction_basis"])
            if row["escalated_by_reporter"] == "asserted":
                self.value("escalation_reason", row["escalation_reason"])

    def read_person(self, report: Row) -> None:
        (person,) = self.own_person(report)
        sent = [row for row in self.rows["persons"] if row["report_id"] == report["report_id"]]
        self.choice("recipient", any(row["role"] == "recipient" for row in sent))
        self.value("identity_level", person["identity_level"])
        self.told("age_band", person["age_band"])
        records = [row for row in self.rows["prior_records"] if row["record_kind"] == "prior_report"]
        self.choice("prior_report", any(row["known_at"] == report["received_at"] for row in records))

    def read_account(self, account: Row, report: Row) -> None:
        self.value("platform", account["platform_category"])
        for name in ("account_status", "compromised", "group_member"):
            self.value(name, account[name])
        self.banded("account_age", days(report["incident_at"], account["account_opened_at"]))
        events = [row for row in self.rows["network_events"] if row["account_id"] == account["account_id"]]
        self.banded("event_count", len(events))
        for row in events:
            self.value("event_name", row["event_name"])
            self.banded("event_age", days(report["incident_at"], row["event_at"]))
        if events and open_to(events[0], self.as_of):
            self.value("network_type", events[0]["network_type"])
            self.value("ip_country", events[0]["ip_country"])
        threads = [row for row in self.rows["communications"] if row["account_id"] == account["account_id"]]
        self.banded("thread_count", len(threads))
        for row in threads:
            self.told("counterpart_minor", row["counterpart_is_minor"])
            self.banded("message_count", row["message_count"])
            self.banded("last_message", days(report["incident_at"], row["last_message_at"]))
            if open_to(row, self.as_of):
                self.set_of("contact_codes", row["contact_codes"])

    def read_files(self, report: Row) -> None:
        files = [row for row in self.rows["files"] if row["report_id"] == report["report_id"]]
        self.banded("file_count", len(files))
        for row in files:
            self.told("severity", row["severity_class"])
            self.told("viewed", row["viewed_by_reporter"])
            self.set_of("file_annotations", row["file_annotations"])
            self.value("publicly_available", row["publicly_available"])
            self.banded("upload_age", days(report["incident_at"], row["uploaded_at"]))
            if readable(row, self.as_of):
                self.told("youngest", row["youngest_age_band"])
            if open_to(row, self.as_of):
                self.value("hash_status", row["hash_status"])
                self.value("victim_status", row["victim_status"], given=row["hash_status"])
                self.value("legal_class", row["legal_class"], given=row["hash_status"])

    def read_child(self, report: Row) -> None:
        rows = [row for row in self.rows["children"] if row["report_id"] == report["report_id"]]
        rows = [row for row in rows if row["known_at"] == report["received_at"]]
        self.choice("child", rows)
        for row in rows:
            self.value("child_identification", row["identification"])
            if readable(row, self.as_of):
                self.told("child_link", f"{row['relation_to_suspect']}:{row['access_level']}")
                self.told("child_age", row["age_band"])
            if open_to(row, self.as_of):
                self.set_of("crisis", row["crisis_code"])

    def read_payments(self, report: Row) -> None:
        rows = [row for row in self.rows["transactions"] if row["known_at"] == report["received_at"]]
        if not rows:
            return
        rows.sort(key=lambda row: row["executed_at"])
        pattern = as_set(self.world.signals["indicators"], rows[0]["indicator_codes"])
        self.value("indicators", pattern)
        self.banded("payment_count", len(rows))
        payees = {row["counterparty_token"]: row["counterparty_country"] for row in rows}
        if len(rows) > 1:
            self.choice("several_payees", len(payees) > 1)
        for country in payees.values():
            self.value("counterparty_country", country)
        self.banded("last_payment", days(report["received_at"], rows[-1]["executed_at"]))
        for row in rows:
            self.value("payment_channel", row["payment_channel"])
            self.banded("amount", -float(row["amount_eur"]), given=pattern)
        for earlier, later in pairwise(rows):
            self.banded("payment_gap", days(later["executed_at"], earlier["executed_at"]), given=pattern)


def drop_copies(rows: Rows) -> Rows:
    """Keep the first of the reports that have one number of the sender, and drop what hangs on the others."""
    seen: set[str] = set()
    copies: set[str] = set()
    for row in sorted(rows["reports"], key=lambda row: row["received_at"]):
        (copies if row["source_ref_hash"] in seen else set()).add(row["report_id"])
        seen.add(row["source_ref_hash"])
    return {
        name: [row for row in found if row.get("report_id") not in copies] for name, found in rows.items()
    }


def read_cases(world: Reference, tables: dict[str, pd.DataFrame], chosen: list[str]) -> dict[str, Case]:
    """Read some cases from the tables of a batch."""
    rows: dict[str, Rows] = {case_id: {name: [] for name in tables} for case_id in chosen}
    for name, frame in tables.items():
        for row in frame[frame["case_id"].isin(chosen)].to_dict("records"):
            rows[row["case_id"]][name].append(row)
    return {case_id: Reader(world, found).read() for case_id, found in rows.items()}


# Columns that count from the last enrichment of their row on.
LATE = {
    "reports": {"escalation_reason", "jurisdiction_basis", "jurisdiction_country"},
    "persons": {"child_facing_role"},
    "files": {"hash_status", "victim_status", "legal_class", "youngest_age_band"},
    "network_events": {"network_type", "ip_country"},
    "communications": {"contact_codes"},
    "children": {"relation_to_suspect", "access_level", "age_band", "crisis_code"},
}
NUMBERS = {
    "reports": ("received_at", "incident_at"),
    "accounts": ("account_opened_at",),
    "files": ("uploaded_at",),
    "network_events": ("event_at",),
    "communications": ("last_message_at", "message_count"),
    "transactions": ("executed_at", "amount_eur"),
}


def count_features(tables: dict[str, pd.DataFrame], cases: pd.Series, as_of: pd.Timestamp) -> pd.DataFrame:
    """Count every code of every column in each case, among what can be seen, and add extremes of numbers."""
    place = pd.Series(np.arange(len(cases)), index=cases.to_numpy())
    found: dict[str, np.ndarray] = {}
    for name, whole in tables.items():
        frame = whole[whole["known_at"] <= as_of]
        at = place[frame["case_id"]].to_numpy()
        found[name] = np.bincount(at, minlength=len(cases))
        for column in frame:
            if column in {"case_id", "policy_id"} or column.endswith(("_id", "_hash", "_token")):
                continue
            seen = np.ones(len(frame), bool)
            if column in LATE.get(name, ()):
                seen = (frame["enriched_at"].isna() | (frame["enriched_at"] <= as_of)).to_numpy()
            if column in NUMBERS.get(name, ()):
                found |= extremes(
                    f"{name}.{column}", numeric(frame[column], as_of)[seen], at[seen], len(cases)
                )
            elif not column.endswith("_at") and column != "preserve_until":
                found |= counts(f"{name}.{column}", frame[column][seen], at[seen], len(cases))
    return pd.DataFrame(found).astype(np.float32)


def numeric(values: pd.Series, as_of: pd.Timestamp) -> np.ndarray:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return ((as_of - values).dt.total_seconds() / DAY).to_numpy()
    return values.astype(float).to_numpy()


def extremes(name: str, values: np.ndarray, at: np.ndarray, n_cases: int) -> dict[str, np.ndarray]:
    low, high = np.full(n_cases, np.inf), np.full(n_cases, -np.inf)
    np.minimum.at(low, at, values)
    np.maximum.at(high, at, values)
    total = np.bincount(at, values, minlength=n_cases)
    none = np.isinf(low)
    return {
        f"{name} low": np.where(none, np.nan, low),
        f"{name} high": np.where(none, np.nan, high),
        f"{name} sum": np.where(none, np.nan, total),
    }


def counts(name: str, values: pd.Series, at: np.ndarray, n_cases: int) -> dict[str, np.ndarray]:
    missing = values.isna().to_numpy()
    values, at = values[~missing], at[~missing]
    if len(values) and isinstance(values.iloc[0], np.ndarray):
        at = np.repeat(at, values.map(len).to_numpy())
        values = values.explode().dropna()
    codes, words = pd.factorize(np.asarray(values, dtype=object))
    return {
        f"{name}={word}": np.bincount(at[codes == place], minlength=n_cases)
        for place, word in enumerate(words)
    }


def write_toml(data: Row) -> str:
    """Write a world as TOML: tables one below the other, lists of rules in braces."""
    lines: list[str] = []
    write_table(data, (), lines)
    return "\n".join(lines) + "\n"


def write_table(data: Row, place: tuple[str, ...], lines: list[str]) -> None:
    if place:
        lines.append(f"[{'.'.join(place)}]")
    lines += [f"{key} = {literal(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            write_table(value, (*place, key), lines)


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(one)}" for key, one in value.items()) + " }"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


EVIDENCE = {"class": "assumed", "source": "drawn at random for a test"}
# What is drawn before the facts of reports rests on the person alone.
OF_CASES = ("person", "bundle", "reports", "bundled_persons")
USUAL = {
    "person": [0.1, 0.9],
    "bundle": [0.85, 0.15],
    "reports": [0.45, 0.25, 0.15, 0.1, 0.05],
    "file_count": [0.2, 0.4, 0.25, 0.14, 0.01],
    "payment_count": [0.5, 0.4, 0.1],
}


class Inventor:
    """Draws worlds at random: every fact rests on something hidden, and rules select by all that they may."""

    def __init__(self, base: Row, seed: int) -> None:
        self.base, self.rng, self.turn = base, np.random.default_rng(seed), 0
        self.people = {"situation": ["home", "net", "buyer", "nobody"], "area": ["up", "down"]}
        self.people |= {"habit": ["none", "some", "much"], "skill": ["low", "high"]}
        self.known = {"during": ["flood", "ban", "never"]}
        self.current = {"current": list(YES_OR_NO)}
        sources, platforms = (base["signals"][name]["values"] for name in ("source", "platform"))
        self.origin = {"source": sources, "platform": platforms}

    def world(self) -> Row:
        """Return a whole world; codes, bands and times of the base are kept."""
        year = self.base["period"]["start"].year
        shares = {"home": 0.15, "net": 0.3, "buyer": 0.25, "nobody": 0.3}
        current = {"home": 0.35, "net": 0.1, "buyer": 0.25, "nobody": 0.0}
        data = {
            key: self.base[key] for key in ("format", "period", "policy", "outcomes", "spells", "effects")
        }
        data |= {"name": "invented", "linking": {"wrong": 0.25, "split": 0.3, "duplicate": 0.2, **EVIDENCE}}
        data["situations"] = {
            name: {"share": shares[name], "current": current[name], "lasts": lasts, "past": 0.2, **EVIDENCE}
            for name, lasts in zip(shares, (400.0, 60.0, 15.0, 100.0), strict=True)
        }
        data["changes"] = {
            "flood": self.change(True, f"{year}-03-01", f"{year}-07-01", {"home": 3.0, "nobody": 0.3}),
            "ban": self.change(True, f"{year}-05-15", "", {"net": 2.5}),
            "never": self.change(False, f"{year}-02-01", "", {"buyer": 9.0}),
        }
        people = self.people
        data["groups"] = {"area": self.quantity(["up", "down"], {"situation": people["situation"]})}
        data["nuisances"] = {
            "habit": {"of": "person", **self.quantity(people["habit"], pick(people, "situation", "area"))},
            "skill": {"of": "person", **self.quantity(people["skill"], pick(people, "situation", "habit"))},
            # The one shows in nothing at all, the other in abuse alone.
            "ghost": {"of": "person", **self.quantity(["here", "there"], pick(people, "situation"))},
            "secret": {"of": "person", **self.quantity(["open", "kept"], pick(people, "situation", "skill"))},
        }
        axes = {**people, **self.known, **self.current, **self.origin}
        data["nuisances"]["haste"] = {"of": "report", **self.quantity(["calm", "rushed"], axes)}
        data["nuisances"]["kind"] = {
            "of": "report",
            **self.quantity(["a", "b", "c"], axes | {"haste": ["calm"]}),
        }
        data["causes"] = {
            "habit": {"odds": {"some": 2.0, "much": 5.0}, **EVIDENCE},
            "secret": {"odds": {"kept": 4.0}, **EVIDENCE},
        }
        self.everything = axes | {"haste": ["calm", "rushed"], "kind": ["a", "b", "c"]}
        data["signals"] = {name: self.signal(name, entry) for name, entry in self.base["signals"].items()}
        data["delays"] = {
            name: {**entry, "rules": self.rules(len(entry["values"]), {**self.known, **self.origin})}
            for name, entry in self.base["delays"].items()
        }
        return data

    def overlay(self, like: str) -> Row:
        """Return a world like another one: rules added to those of the base, some numbers put in their place."""
        data: Row = {"format": 2, "name": "overlaid", "like": like, "signals": {}}
        data["linking"] = {"wrong": 0.4, **EVIDENCE}
        data["effects"] = {"strength": 0.7, **EVIDENCE}
        data["changes"] = {"ban": {"on": False, **EVIDENCE}}
        data["causes"] = {"habit": {"odds": {"none": 3.0}, **EVIDENCE}}
        data["delays"] = {"register": {"also": self.more(4, self.origin), **EVIDENCE}}
        data["nuisances"] = {"kind": {"also": self.more(3, {**self.people, **self.current}), **EVIDENCE}}
        for name, entry in self.base["signals"].items():
            table = {"also": self.more(len(entry["values"]), self.axes_of(name)), **EVIDENCE}
            if "told" in entry:
                table["also_told"] = [{"current": True, "odds": 2.0}, {"haste": ["rushed"], "p": 0.4}]
            data["signals"][name] = table
        return data

    def change(self, on: bool, start: str, end: str, volume: dict[str, float]) -> Row:
        times = {"start": pd.Timestamp(f"{start}T00:00:00Z")}
        times |= {"end": pd.Timestamp(f"{end}T12:00:00Z")} if end else {}
        return {"on": on, **times, "volume": volume, **EVIDENCE}

    def axes_of(self, name: str) -> dict[str, list[str]]:
        if name in OF_CASES:
            return {**self.people, **self.known}
        if name == "source":
            return {**self.people, **self.known, **self.current, "given": list(YES_OR_NO)}
        if name == "platform":
            return {**self.people, **self.known, **self.current, **pick(self.origin, "source")}
        return self.everything

    def signal(self, name: str, entry: Row) -> Row:
        table = self.quantity(entry["values"], self.axes_of(name), USUAL.get(name))
        table |= {"bands": entry["bands"]} if "bands" in entry else {}
        if "told" in entry:
            rules = self.rules(2, self.everything, [0.3, 0.7])
            odds = [{**rule, "odds": rule["odds"][1]} if "odds" in rule else rule for rule in rules]
            table["told"] = [{**rule, "p": rule["p"][1]} if "p" in rule else rule for rule in odds]
        return table

    def quantity(self, values: list[str], axes: Row, usual: list[float] | None = None) -> Row:
        return {"values": values, "rules": self.rules(len(values), axes, usual), **EVIDENCE}

    def rules(self, n_values: int, axes: Row, usual: list[float] | None = None) -> list[Row]:
        p = usual if usual and len(usual) == n_values else self.rng.dirichlet(np.full(n_values, 3.0)).tolist()
        return [{"p": p}, *self.more(n_values, axes, p)]

    def more(self, n_values: int, axes: Row, usual: list[float] | None = None) -> list[Row]:
        """Draw four rules; their first axes take turns, so that no axis is left out."""
        rules = []
        for _ in range(4):
            self.turn += 1
            names = [
                list(axes)[self.turn % len(axes)],
                *self.rng.choice(list(axes), self.rng.integers(0, 2)).tolist(),
            ]
            rule = {axis: self.some(axis, axes[axis]) for axis in dict.fromkeys(names)}
            if usual is None or self.rng.random() < 0.6:
                rule["odds"] = np.exp(self.rng.normal(0, 0.5, n_values)).tolist()
            else:
                p = 0.6 * np.array(usual) + 0.4 * self.rng.dirichlet(np.ones(n_values))
                # A value that cannot be, now and then: it rules out whoever it cannot come from.
                p[int(self.rng.integers(n_values))] *= self.rng.random() > 0.2 or n_values < 3
                rule["p"] = (p / p.sum()).tolist()
            rules.append(rule)
        return rules

    def some(self, axis: str, values: list[str]) -> Any:
        if axis == "current":
            return bool(self.rng.random() < 0.7)
        number = int(self.rng.integers(1, max(len(values) - 1, 1) + 1))
        return self.rng.choice(values, number, replace=False).tolist()


def pick(axes: Row, *names: str) -> Row:
    return {name: axes[name] for name in names}
