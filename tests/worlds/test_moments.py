"""Counts in the written tables against the probabilities in the world file, read here without the loader."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Written, read_back
from reference import DAY, Condition, Fact, Reference, chances, count_features, read_cases, read_world
from scipy.stats import binom, chi2, kstest, mannwhitneyu
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from triage.shipped import find_shipped
from triage.worlds import load_world, write_world

WORLD = read_world(find_shipped("synthetic_data", "worlds", "nl-2017.toml"))
REFERENCE = Reference(WORLD)
# Two-sided level of 4.5 standard deviations for one of many counts; one test for all refuses what is right once in
# a thousand seeds.
LEVEL = 6.8e-6
ERROR = 0.001
# As many first reports of each situation with and without abuse are read fact by fact.
EACH = 250


def check(hits: float, count: float, p: float, what: object) -> None:
    """Refuse a count that is 4.5 standard deviations off."""
    if p < 1e-12 or p > 1 - 1e-12:
        assert hits == round(count * p), what
    else:
        tail = min(binom.cdf(hits, count, p), binom.sf(hits - 1, count, p))
        assert 2 * tail > LEVEL, (what, hits, count, p)


def joint(hits: np.ndarray, expected: np.ndarray, variance: np.ndarray) -> float:
    """Return the p-value of independent counts together."""
    return float(chi2.sf(((hits - expected) ** 2 / variance).sum(), len(hits)))


@pytest.fixture(scope="module")
def first(written: Written) -> pd.DataFrame:
    """Return the first report of every case with its truth; one case a person, so that rows are independent."""
    frame = without_copies(written).sort_values(["received_at", "report_id"]).drop_duplicates("case_id")
    frame = frame.merge(written.reports.drop(columns="case_id"), on="report_id").sort_values("case_id")
    frame = frame.drop_duplicates("true_person")
    named = written.tables["persons"].query("role == 'reported'")["case_id"]
    frame["named"] = frame["case_id"].isin(named)
    frame["during"] = [REFERENCE.in_force(moment) for moment in frame["received_at"]]
    return frame.merge(written.truth.drop(columns="situation"), on="case_id").reset_index(drop=True)


def without_copies(batch: Written) -> pd.DataFrame:
    return batch.tables["reports"].sort_values("received_at").drop_duplicates("source_ref_hash")


@pytest.fixture(scope="module")
def alone(written: Written, first: pd.DataFrame) -> pd.DataFrame:
    """Return cases of one report about one named person."""
    counts = without_copies(written).groupby("case_id").size()
    people = written.tables["persons"].query("role == 'reported' and identity_level.isna()")["case_id"]
    single = first["case_id"].map(counts).eq(1) & ~first["case_id"].isin(people)
    return first[single & first["named"]]


# ---------------------------------------------------------------------------------------------------------
# Facts of a report


# What must be so for a fact to be there at all.
ON_A_FILE = (
    *("hash_status", "victim_status", "legal_class", "severity", "youngest", "viewed"),
    *("file_annotations", "publicly_available", "upload_age"),
)
NEEDS = {
    **dict.fromkeys(ON_A_FILE, ("file_count", "0")),
    **dict.fromkeys(("event_name", "event_age", "network_type", "ip_country"), ("event_count", "0")),
    **dict.fromkeys(
        ("counterpart_minor", "message_count", "last_message", "contact_codes"), ("thread_count", "0")
    ),
    **dict.fromkeys(("child_link", "child_age", "child_identification", "crisis"), ("child", "no")),
    "escalation_reason": ("escalated", "unknown"),
    "others_link": ("others_children", "no"),
    "reports": ("bundle", "yes"),
    "bundled_persons": ("bundle", "no"),
}
# Drawn before the source is, or with it: of these the source says something.
OF_THE_CASE = {"person", "bundle", "reports", "bundled_persons", "source"}
RESTS_ON = {"victim_status": "hash_status", "legal_class": "hash_status", "amount": "indicators"}
# How many payments or children there are decides whether there is a second one; by how much is not worked out.
LEFT_OUT = {"several_payees", "payment_gap", "register_child_age", "jurisdiction_country"}


def conditions(fact: Fact, named: bool) -> tuple[Condition, ...]:
    """Return what was looked at for a fact to be counted, as far as it says anything of the person or report."""
    person = ("no", "yes")[int(named)]
    found = [Condition("rules", "person", (person,))]
    if fact.name not in OF_THE_CASE:
        found.append(Condition("rules", "source", (fact.known["source"],), (("given", person),)))
        if fact.known["platform"] and fact.name != "platform":
            found.append(Condition("rules", "platform", (fact.known["platform"],)))
        if fact.name == "actionability" and named:
            found.append(Condition("rules", "bundle", ("no",)))
    if fact.name in NEEDS:
        name, absent = NEEDS[fact.name]
        there = [value for value in WORLD["signals"][name]["values"] if value != absent]
        found.append(Condition("rules", name, tuple(there)))
    if fact.name in RESTS_ON:
        found.append(Condition("rules", RESTS_ON[fact.name], (fact.known["given"],)))
    if fact.kind == "rules" and "told" in WORLD["signals"][fact.name]:
        found.append(Condition("told", fact.name, (True,)))
    if fact.name == "person":
        found = []
    return tuple(one for one in found if REFERENCE.rests_on(one.kind, one.name) - {"situation", "current"})


def matters(fact: Fact, seen: tuple[Condition, ...]) -> tuple[Any, ...]:
    """Return the known quantities on which an expectation rests, to work it out once for all alike."""
    pairs = [(fact.kind, fact.name), *((one.kind, one.name) for one in seen)]
    pairs += [("nuisances", name) for name in REFERENCE.of_reports]
    axes = set().union(*(REFERENCE.names(*pair) for pair in pairs))
    return tuple((axis, value) for axis, value in sorted(fact.known.items()) if axis in axes)


@pytest.fixture(scope="module")
def counted(written: Written, first: pd.DataFrame) -> dict[tuple[Any, ...], list[np.ndarray]]:
    """Return, for cells of a fact, what came of each report and the probabilities of all values."""
    chosen = first.groupby(["situation", "current_at_report"], observed=True).head(EACH)
    cases = read_cases(REFERENCE, written.tables, chosen["case_id"].tolist())
    truth = chosen.set_index("case_id")[["situation", "current_at_report", "named"]]
    known: dict[tuple[Any, ...], np.ndarray] = {}
    found: dict[tuple[Any, ...], list[np.ndarray]] = defaultdict(list)
    for case_id, case in cases.items():
        situation, abuse, named = truth.loc[case_id]
        current, seen = ("no", "yes")[int(abuse)], set()
        facts = case.reports[0].facts
        checked = any(fact.name == "prior_records" for fact in facts)
        for fact in facts:
            # Of several files or threads the first is taken: they have what is hidden in common.
            key = fact.kind, fact.name
            if (
                key in seen
                or fact.name in LEFT_OUT
                or (key == ("rules", "child_facing_role") and not checked)
            ):
                continue
            seen.add(key)
            given = () if fact.name == "child_facing_role" else conditions(fact, named)
            cell = (*key, situation, current, matters(fact, given), given)
            if cell not in known:
                known[cell] = REFERENCE.expected(fact, situation, current, given)
            p = known[cell]
            pair = np.stack([np.arange(len(p)) == REFERENCE.place(fact), p])
            found[*key, situation, current].append(pair)
            if fact.name not in OF_THE_CASE:
                found[*key, fact.known["source"]].append(pair)
    return found


def test_facts_have_their_probabilities_in_every_situation(
    counted: dict[tuple[Any, ...], list[np.ndarray]],
) -> None:
    cells = {key: np.array(pairs) for key, pairs in counted.items() if len(key) == 4}
    assert len(cells) > 900
    for key, pairs in cells.items():
        for value, (hits, p) in enumerate(zip(*pairs.sum(axis=0), strict=True)):
            check(hits, len(pairs), p / len(pairs), (key, value))


def test_facts_have_their_probabilities_in_every_source(
    counted: dict[tuple[Any, ...], list[np.ndarray]],
) -> None:
    cells = {key: np.array(pairs) for key, pairs in counted.items() if len(key) == 3}
    assert len(cells) > 250
    for key, pairs in cells.items():
        for value, (hits, p) in enumerate(zip(*pairs.sum(axis=0), strict=True)):
            check(hits, len(pairs), p / len(pairs), (key, value))


def test_all_facts_are_counted(counted: dict[tuple[Any, ...], list[np.ndarray]]) -> None:
    assert {key[1] for key in counted} == {*WORLD["signals"]} - LEFT_OUT


def test_all_facts_together_are_no_further_off_than_chance(
    counted: dict[tuple[Any, ...], list[np.ndarray]],
) -> None:
    # One value of each fact and situation; the facts of one report are not independent, so this is about the level
    # of each cell: as many as expected are beyond two standard deviations.
    misses = []
    for key, found in counted.items():
        pairs = np.array(found)
        if len(key) == 4 and len(pairs) >= 100:
            hits, p = pairs[:, 0, 0], pairs[:, 1, 0]
            if (p * (1 - p)).sum() > 10:
                misses.append((hits - p).sum() / np.sqrt((p * (1 - p)).sum()))
    assert len(misses) > 150
    assert 0.8 < np.std(misses) < 1.2


# ---------------------------------------------------------------------------------------------------------
# Situations, abuse, and how it goes on


def test_situations_have_their_shares_under_all_changes(first: pd.DataFrame) -> None:
    for during, frame in first.groupby("during"):
        shares = REFERENCE.prior(during).sum(axis=tuple(range(1, REFERENCE.n_person)))
        for situation, share in zip(REFERENCE.situations, shares, strict=True):
            check((frame["situation"] == situation).sum(), len(frame), share, (during, situation))


def test_abuse_goes_on_at_a_first_report_as_often_as_stated(first: pd.DataFrame) -> None:
    for situation, frame in first.groupby("situation", observed=True):
        current = WORLD["situations"][situation]["current"]
        check(frame["current_at_report"].sum(), len(frame), current, situation)


def test_abuse_is_as_common_in_every_month(first: pd.DataFrame) -> None:
    # Reports come at any time: a chain that were not in its steady state would show a trend.
    c = (
        first["situation"]
        .map({name: entry["current"] for name, entry in WORLD["situations"].items()})
        .astype(float)
    )
    months = first["received_at"].dt.month
    hits, expected = (column.groupby(months).sum().to_numpy() for column in (first["current_at_report"], c))
    variance = (c * (1 - c)).groupby(months).sum().to_numpy()
    assert len(hits) == 12
    assert joint(hits, expected, variance) > ERROR


def test_abuse_goes_on_or_begins_with_time_as_the_rates_say(alone: pd.DataFrame) -> None:
    left = (REFERENCE.end - alone["received_at"]).dt.total_seconds()
    found = []
    for (situation, abuse), frame in alone.groupby(["situation", "current_at_report"], observed=True):
        place, state = REFERENCE.situations.index(situation), int(abuse)
        seen = tuple(
            Condition("rules", name, (value,))
            for name, value in (("person", "yes"), ("bundle", "no"), ("reports", "1"))
        )
        weights = REFERENCE.weights(situation, ("no", "yes")[state], {"during": frozenset(), **ANY}, seen)
        inner = tuple(range(REFERENCE.n_person, weights.ndim))
        w, c = weights.sum(axis=inner).ravel(), REFERENCE.c[place].ravel()
        rate = 1 / (REFERENCE.lasts[place] * (1 - c))
        p = (c + (state - c) * np.exp(-rate * left[frame.index].to_numpy()[:, None])) @ w
        hits = frame["current_abuse"].sum()
        check(hits, len(frame), p.mean(), (situation, abuse))
        if (p * (1 - p)).sum() > 5:
            found.append((hits, p.sum(), (p * (1 - p)).sum()))
    assert len(found) > 8
    assert joint(*np.array(found).T) > ERROR


# A report of which nothing but its time matters here.
ANY = {"source": "cybertipline_xml", "platform": "social"}


def test_spells_have_exponential_lengths(alone: pd.DataFrame) -> None:
    # What is left of a spell at any time, and what has gone by of it, are as long as the whole on average.
    going_on = alone[alone["current_abuse"]]
    lasts = (
        going_on["situation"]
        .map({n: entry["lasts"] for n, entry in WORLD["situations"].items()})
        .astype(float)
    )
    for spent in (going_on["end"] - REFERENCE.end, REFERENCE.end - going_on["onset"]):
        share = spent.dt.total_seconds() / DAY / lasts
        assert len(share) > 200
        assert (share >= 0).all()
        assert kstest(share, "expon").pvalue > ERROR


def test_abuse_ever_is_current_abuse_or_a_spell(first: pd.DataFrame, alone: pd.DataFrame) -> None:
    assert (alone["abuse_ever"] == alone["onset"].notna()).all()
    assert first.loc[first["current_abuse"], "abuse_ever"].all()
    # Who did not abuse in the period has the stated share of abuse before it.
    before = alone[~(alone["end"] >= REFERENCE.start)]
    expected = dict(zip(REFERENCE.situations, REFERENCE.share_with_a_past(), strict=True))
    for situation, frame in before.groupby("situation", observed=True):
        check(frame["abuse_ever"].sum(), len(frame), float(expected[situation]), situation)


def test_the_base_rate_is_that_of_the_dutch_reports(first: pd.DataFrame) -> None:
    expected = sum(entry["share"] * entry["current"] for entry in WORLD["situations"].values())
    assert 0.007 <= expected <= 0.010
    if not REFERENCE.changes:
        check(first["current_at_report"].sum(), len(first), expected, "base rate")


# ---------------------------------------------------------------------------------------------------------
# When reports come, and how they are linked


def test_cases_begin_when_they_should(first: pd.DataFrame) -> None:
    # The volume of a twelfth is its share, times what changes do to the situations while they are in force.
    months = WORLD["period"]["months"]
    edges = pd.date_range(REFERENCE.start, REFERENCE.end, len(months) + 1)
    expected = []
    for share, (low, high) in zip(months, pairwise(edges), strict=True):
        moments = pd.date_range(low, high, 101)[:-1]
        volume = [volume_of(REFERENCE.in_force(moment)) for moment in moments]
        expected.append(share * np.mean(volume))
    expected = np.array(expected) / np.sum(expected) * len(first)
    hits = np.histogram(first["received_at"], edges)[0]
    # Counts that sum to a given number have one degree of freedom less.
    assert chi2.sf(((hits - expected) ** 2 / expected).sum(), len(months) - 1) > ERROR


def volume_of(during: frozenset[str]) -> float:
    shares = dict(zip(REFERENCE.situations, REFERENCE.shares, strict=True))
    for name in during:
        for situation, factor in WORLD["changes"][name].get("volume", {}).items():
            shares[situation] *= factor
    return float(sum(shares.values()))


LINKING = {"wrong": 0.3, "split": 0.35, "duplicate": 0.4}


@pytest.fixture(scope="module")
def tangled(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Return a world in which linking often goes wrong."""
    folder = tmp_path_factory.mktemp("tangled")
    lines = [f"{name} = {share}" for name, share in LINKING.items()]
    text = ["format = 2", 'name = "tangled"', 'like = "nl-2017"', "[linking]", *lines]
    text += ['class = "assumed"', 'source = "so high that a small sample shows it"']
    (folder / "tangled.toml").write_text("\n".join(text), encoding="utf-8")
    write_world(load_world(folder / "tangled.toml"), 8_000, 3, folder / "batch")
    return read_back(folder / "batch")


def check_linking(batch: Written, linking: dict[str, float]) -> None:
    reports = without_copies(batch).merge(batch.reports.drop(columns="case_id"), on="report_id")
    reports = reports.sort_values(["received_at", "report_id"])
    first = reports.drop_duplicates("case_id").set_index("case_id")["true_person"]
    later = reports[reports.duplicated("case_id")]
    wrong = later["true_person"].to_numpy() != later["case_id"].map(first).to_numpy()
    check(wrong.sum(), len(later), linking["wrong"], "wrong")
    # The first case of each of the blocks has none before it; that is one in ten thousand.
    check(len(first) - first.nunique(), len(first), linking["split"], "split")
    # A copy comes within a week, at any time of it, unless the period ends before.
    left = (REFERENCE.end - reports["received_at"]).dt.total_seconds() / (7 * DAY)
    p = linking["duplicate"] * np.minimum(left, 1.0)
    copies = len(batch.tables["reports"]) - len(reports)
    assert abs(copies - p.sum()) < 4.5 * np.sqrt((p * (1 - p)).sum())


def test_wrong_split_and_duplicate_reports_have_their_shares(written: Written, tangled: Written) -> None:
    check_linking(written, WORLD["linking"])
    check_linking(tangled, LINKING)


def test_strangers_are_drawn_as_persons_who_can_be_named(tangled: Written) -> None:
    reports = without_copies(tangled).merge(tangled.reports.drop(columns="case_id"), on="report_id")
    cases = reports.groupby("true_person")["case_id"].nunique()
    reports = reports.sort_values(["received_at", "report_id"])
    strangers = reports[reports.duplicated("case_id")].drop_duplicates("true_person")
    first = {*reports.drop_duplicates("case_id")["true_person"]}
    strangers = strangers[~strangers["true_person"].isin(first)]
    assert cases[strangers["true_person"]].eq(1).all()
    p = np.mean(
        [
            REFERENCE.strangers(REFERENCE.in_force(moment)).sum(axis=tuple(range(1, REFERENCE.n_person)))
            for moment in strangers["received_at"]
        ],
        axis=0,
    )
    for situation, share in zip(REFERENCE.situations, p, strict=True):
        check((strangers["situation"] == situation).sum(), len(strangers), share, situation)


def test_a_copy_says_what_the_first_says(tangled: Written) -> None:
    reports = tangled.tables["reports"].sort_values(["source_ref_hash", "received_at"])
    copies = reports[reports.duplicated("source_ref_hash", keep=False)]
    assert len(copies) > 1_000
    assert (copies.groupby("source_ref_hash").size() == 2).all()
    names = [name for name in reports if not name.endswith(("_at", "_until")) and name != "report_id"]
    texts = copies[names].map(lambda value: str(sorted(value) if isinstance(value, np.ndarray) else value))
    assert (texts.to_numpy()[::2] == texts.to_numpy()[1::2]).all()
    files = tangled.tables["files"].groupby("report_id").size().reindex(copies["report_id"], fill_value=0)
    assert (files.to_numpy()[::2] == files.to_numpy()[1::2]).all()


def test_what_registers_show_is_not_known_before_they_are_checked(tangled: Written) -> None:
    records, children = tangled.tables["prior_records"], tangled.tables["children"]
    checked = records[records["record_kind"] != "prior_report"].groupby("case_id")["known_at"].min()
    received = tangled.tables["reports"].set_index("report_id")["received_at"]
    late = children[children["known_at"] != children["report_id"].map(received)]
    assert len(late) > 100
    assert (late["known_at"] == late["case_id"].map(checked)).all()


def test_parts_of_one_world_cannot_be_told_apart(written: Written) -> None:
    # Half of the cases of two parts train a classifier, the other half shows whether it learned anything.
    edge = sorted(written.tables["reports"]["case_id"].drop_duplicates())
    assert edge == sorted(written.truth["case_id"])
    order = written.truth["case_id"]
    chosen = pd.concat([order.iloc[:5_000], order.iloc[-5_000:]]).reset_index(drop=True)
    tables = {
        name: frame[frame["case_id"].isin(chosen)]
        for name, frame in written.tables.items()
        if name != "outcomes"
    }
    features = count_features(tables, chosen, REFERENCE.end).to_numpy()
    part = np.arange(len(chosen)) >= 5_000
    train = np.arange(len(chosen)) % 2 == 0
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, random_state=0)
    with threadpool_limits(1):
        model.fit(features[train], part[train])
        guess = model.predict_proba(features[~train])[:, 1]
    assert mannwhitneyu(guess[part[~train]], guess[~part[~train]]).pvalue > ERROR


# ---------------------------------------------------------------------------------------------------------
# Registers, payments, and what was decided


def test_registers_are_checked_as_often_as_stated(written: Written, first: pd.DataFrame) -> None:
    records = written.tables["prior_records"]
    checked = {*records.loc[records["record_kind"] != "prior_report", "case_id"]}
    rules = WORLD["delays"]["register"]["rules"]
    assert not any({*rule} & {"situation", "current"} for rule in rules)
    named = first[first["named"]]
    for (source, during), cell in named.groupby(["source_system", "during"]):
        facts = {"source": source, "platform": "", "during": during}
        if not any("platform" in rule for rule in rules):
            never = never_checked(rules, facts)
            check((~cell["case_id"].isin(checked)).sum(), len(cell), never, (source, during))
            abusing = cell[cell["current_at_report"]]
            # Whether a register was checked says nothing of the truth.
            check((~abusing["case_id"].isin(checked)).sum(), len(abusing), never, (source, during, "current"))


def never_checked(rules: list[dict[str, Any]], facts: dict[str, Any]) -> float:
    values = WORLD["delays"]["register"]["values"]
    axes = {name: [facts[name]] for name in ("source", "platform")}
    table = chances(rules, axes, facts)
    return float(table.reshape(-1)[values.index("never")])


def test_buyers_pay_small_sums_again_and_again(written: Written) -> None:
    payments = written.tables["transactions"].merge(written.truth, on="case_id")
    buyers = payments[payments["situation"] == "stream_buyer"]
    amounts = -buyers["amount_eur"].astype(float)
    assert (amounts > 0).all()
    assert amounts.between(10, 200).mean() > 0.8
    assert 5 < buyers.groupby("case_id").size().mean() < 15


def test_escalations_are_one_to_two_percent_of_the_reports(written: Written) -> None:
    share = (written.tables["reports"]["escalated_by_reporter"] == "asserted").mean()
    assert 0.01 < share < 0.02


def test_files_are_about_three_a_report(written: Written) -> None:
    assert 2.2 < len(written.tables["files"]) / len(written.tables["reports"]) < 3.2


def test_cases_are_chosen_with_their_probability(written: Written) -> None:
    truth = written.truth
    assert truth["selection_probability"].mean() == pytest.approx(WORLD["policy"]["capacity"], rel=0.06)
    # A case that is decided on after the end has no row; their share does not depend on the probability.
    chosen = truth["case_id"].isin(written.tables["outcomes"]["case_id"])
    weight = truth["selection_probability"].to_numpy()
    seen = chosen.sum() / weight.sum()
    high = weight > 0.1
    for group in (high, ~high):
        expected = weight[group].sum() * seen
        assert abs(chosen[group].sum() - expected) < 4.5 * np.sqrt(expected)


def test_the_error_of_labels_is_one_sided(written: Written, alone: pd.DataFrame) -> None:
    outcomes = written.tables["outcomes"]
    ended = outcomes[outcomes["outcome_kind"] != "open"]
    joined = ended.merge(alone.drop(columns="report_id"), on="case_id")
    # Labels are about the time of selection; the truth tells of the latest spell alone.
    sure = joined[joined["onset"].isna() | (joined["onset"] <= joined["selected_at"])]
    abusing = sure["onset"].notna() & (sure["end"] > sure["selected_at"])
    assert abusing.sum() > 20
    for current, cell in sure.groupby(abusing):
        entry = WORLD["outcomes"]["labels"]["yes" if current else "no"]
        for value, p in zip(entry["values"], entry["rules"][0]["p"], strict=True):
            check((cell["current_abuse_label"] == value).sum(), len(cell), p, (current, value))
    kinds = {label: {*entry["values"]} for label, entry in WORLD["outcomes"]["kinds"].items()}
    for label, cell in joined.groupby("current_abuse_label"):
        assert {*cell["outcome_kind"]} <= kinds[label]
