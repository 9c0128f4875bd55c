"""Counts in the written tables against the probabilities in the world file, read here without the loader."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from triage.shipped import find_shipped

if TYPE_CHECKING:
    from conftest import Written

WORLD = tomllib.loads(find_shipped("synthetic_data", "worlds", "nl-2017.toml").read_text(encoding="utf-8"))
# Two-sided level of 4.5 standard deviations.
LEVEL = 6.8e-6
AXES = ("situation", "current", *WORLD["nuisances"])
NUISANCES = {name: entry["values"] for name, entry in WORLD["nuisances"].items()}


def chances(entry: dict[str, Any], key: str = "rules", **facts: Any) -> Any:
    """Return the probabilities of the last rule that fits."""
    for rule in reversed(entry[key]):
        chosen = {
            axis: rule[axis] if isinstance(rule[axis], list) else [rule[axis]] for axis in rule if axis != "p"
        }
        if all(facts.get(axis) in values for axis, values in chosen.items()):
            return rule["p"]
    raise AssertionError


def mixed(signal: str, situation: str, current: bool, given: str | None = None, key: str = "rules") -> Any:
    """Return the probabilities of a signal with the nuisances summed out."""
    hidden = {"situation": situation, "current": current}
    total: Any = 0.0
    for diligence, d in zip(
        NUISANCES["diligence"], chances(WORLD["nuisances"]["diligence"], **hidden), strict=True
    ):
        for activity, a in zip(
            NUISANCES["activity"], chances(WORLD["nuisances"]["activity"], **hidden), strict=True
        ):
            for material, m in zip(
                NUISANCES["material"], chances(WORLD["nuisances"]["material"], **hidden), strict=True
            ):
                facts = {**hidden, "diligence": diligence, "activity": activity, "material": material}
                facts["source" if key == "told" else "given"] = given
                total = total + d * a * m * np.array(chances(WORLD["signals"][signal], key, **facts))
    return total


def check(hits: int, count: int, p: float, what: object) -> None:
    if p in {0.0, 1.0}:
        assert hits == count * p, what
    else:
        assert binomtest(hits, count, min(p, 1.0)).pvalue > LEVEL, (what, hits, count, p)


def check_signal(frame: pd.DataFrame, signal: str, column: str, given: str | None = None) -> int:
    """Compare each value in each cell of situation, current and the known quantity; return the cells."""
    keys = ["situation", "current_abuse", *([given] if given else [])]
    cells = 0
    for names, cell in frame.groupby(keys, observed=True):
        known = names[2] if given else None
        expected = mixed(signal, names[0], bool(names[1]), known)
        for value, p in zip(WORLD["signals"][signal]["values"], expected, strict=True):
            hits = int((cell[column] == value).sum())
            check(hits, len(cell), float(p), (signal, names, value))
            cells += 1
    return cells


@pytest.fixture(scope="module")
def reports(written: Written) -> pd.DataFrame:
    """Reports with the truth of their case; one a case, so that rows are independent."""
    frame = written.tables["reports"].merge(written.truth, on="case_id")
    return frame.sort_values("received_at").drop_duplicates("case_id")


def test_situations_and_current_abuse_have_their_shares(written: Written) -> None:
    truth = written.truth
    for entry in WORLD["situations"]:
        own = truth[truth["situation"] == entry["name"]]
        check(len(own), len(truth), entry["share"], entry["name"])
        check(int(own["current_abuse"].sum()), len(own), entry["current"], entry["name"])
        free = own[~own["current_abuse"]]
        check(int(free["onset"].notna().sum()), len(free), entry["past"], (entry["name"], "past"))


def test_the_base_rate_is_that_of_the_dutch_reports(written: Written) -> None:
    expected = sum(entry["share"] * entry["current"] for entry in WORLD["situations"])
    assert 0.007 <= expected <= 0.010
    check(int(written.truth["current_abuse"].sum()), len(written.truth), expected, "base rate")


@pytest.mark.parametrize(
    ("signal", "column"),
    [
        ("incident_type", "incident_type"),
        ("escalated", "escalated_by_reporter"),
        ("actionability", "actionability"),
        ("reporter_type", "reporter_type"),
        ("source_priority", "source_priority"),
    ],
)
def test_signals_of_reports_have_their_probabilities(reports: pd.DataFrame, signal: str, column: str) -> None:
    assert check_signal(reports, signal, column, "source_system") > 50


def test_sources_have_their_probabilities(written: Written, reports: pd.DataFrame) -> None:
    named = reports["case_id"].isin(written.tables["persons"]["case_id"])
    for name, frame in (("no", reports[~named]), ("yes", reports[named])):
        check_signal(frame.assign(person=name), "source", "source_system", "person")


def test_a_person_is_reported_as_often_as_stated(written: Written, reports: pd.DataFrame) -> None:
    named = reports["case_id"].isin(written.tables["persons"]["case_id"])
    check_signal(reports.assign(person=np.where(named, "yes", "no")), "person", "person")


def test_persons_have_their_number_of_reports(written: Written) -> None:
    persons = written.tables["persons"]
    counts = persons[persons["role"] == "reported"].groupby("case_id").size().rename("count").reset_index()
    entry = WORLD["signals"]["reports"]
    edges = [low for low, _ in entry["bands"]]
    counts["band"] = [entry["values"][np.searchsorted(edges, n, side="right") - 1] for n in counts["count"]]
    check_signal(counts.merge(written.truth, on="case_id"), "reports", "band")


def test_files_have_their_number(written: Written, reports: pd.DataFrame) -> None:
    entry = WORLD["signals"]["file_count"]
    edges = [low for low, _ in entry["bands"]]
    number = written.tables["files"].groupby("report_id").size().reindex(reports["report_id"], fill_value=0)
    band = [entry["values"][np.searchsorted(edges, n, side="right") - 1] for n in number]
    check_signal(reports.assign(band=band), "file_count", "band", "source_system")


def test_the_first_file_of_a_case_has_its_codes(written: Written) -> None:
    files = written.tables["files"].drop_duplicates("case_id").merge(written.truth, on="case_id")
    check_signal(files[files["hash_status"].notna()], "hash_status", "hash_status")
    chosen = files.assign(kinds=["|".join(codes) for codes in files["file_annotations"]])
    check_signal(chosen, "file_annotations", "kinds")


def test_severity_is_told_as_often_as_stated(written: Written) -> None:
    files = written.tables["files"].drop_duplicates("case_id").merge(written.truth, on="case_id")
    source = written.tables["reports"][["report_id", "source_system"]]
    for source_name, cell in files.merge(source, on="report_id").groupby("source_system"):
        p = float(mixed("severity", "lone_collector", False, str(source_name), "told"))
        told = cell["severity_class"].notna() & (cell["severity_class"] != "unknown")
        check(int(told.sum()), len(cell), p, source_name)


def test_registers_show_what_they_should(written: Written) -> None:
    records = written.tables["prior_records"]
    records = records[records["record_kind"] != "prior_report"]
    sets = records.groupby("case_id")["record_kind"].agg(frozenset)
    names = {frozenset(value.split("|")): value for value in WORLD["signals"]["prior_records"]["values"]}
    found = sets.map(names).rename("found").reset_index().merge(written.truth, on="case_id")
    assert found["found"].notna().all()
    check_signal(found, "prior_records", "found")


def test_registers_are_checked_as_often_as_stated(written: Written, reports: pd.DataFrame) -> None:
    records = written.tables["prior_records"]
    checked = set(records.loc[records["record_kind"] != "prior_report", "case_id"])
    named = reports[reports["case_id"].isin(written.tables["persons"]["case_id"])]
    for source, cell in named.groupby("source_system"):
        never = chances(WORLD["delays"]["register"], given=source)[0]
        check(int((~cell["case_id"].isin(checked)).sum()), len(cell), never, source)


def test_whether_a_register_was_checked_says_nothing_of_the_truth(
    written: Written, reports: pd.DataFrame
) -> None:
    records = written.tables["prior_records"]
    checked = set(records.loc[records["record_kind"] != "prior_report", "case_id"])
    named = reports[reports["case_id"].isin(written.tables["persons"]["case_id"]) & reports["current_abuse"]]
    never = [chances(WORLD["delays"]["register"], given=source)[0] for source in named["source_system"]]
    missing = int((~named["case_id"].isin(checked)).sum())
    assert abs(missing - sum(never)) < 4.5 * np.sqrt(sum(p * (1 - p) for p in never))


def test_buyers_pay_small_sums_again_and_again(written: Written) -> None:
    payments = written.tables["transactions"].merge(written.truth, on="case_id")
    buyers = payments[payments["situation"] == "stream_buyer"]
    amounts = -buyers["amount_eur"].astype(float)
    assert (amounts > 0).all()
    assert amounts.between(10, 200).mean() > 0.8
    per_buyer = buyers.groupby("case_id").size()
    assert 5 < per_buyer.mean() < 15


def test_escalations_are_one_to_two_percent_of_the_reports(written: Written) -> None:
    share = (written.tables["reports"]["escalated_by_reporter"] == "asserted").mean()
    assert 0.01 < share < 0.02


def test_files_are_about_three_a_report(written: Written) -> None:
    assert 2.2 < len(written.tables["files"]) / len(written.tables["reports"]) < 3.2


def test_cases_are_chosen_with_their_probability(written: Written) -> None:
    truth = written.truth
    assert truth["selection_probability"].mean() == pytest.approx(0.023, abs=0.001)
    # Only outcomes that are in have a row; the share of those that are does not depend on the probability.
    chosen = truth["case_id"].isin(written.tables["outcomes"]["case_id"])
    weight = truth["selection_probability"].to_numpy()
    seen = chosen.sum() / weight.sum()
    high = weight > 0.1
    for group in (high, ~high):
        expected = weight[group].sum() * seen
        assert abs(chosen[group].sum() - expected) < 4.5 * np.sqrt(expected)


def test_the_error_of_labels_is_one_sided(written: Written) -> None:
    joined = written.tables["outcomes"].merge(written.truth, on="case_id")
    for current, cell in joined.groupby("current_abuse"):
        entry = WORLD["outcomes"]["labels"]["yes" if current else "no"]
        for value, p in zip(entry["values"], entry["rules"][0]["p"], strict=True):
            check(int((cell["current_abuse_label"] == value).sum()), len(cell), p, (current, value))
    kinds = {label: set(entry["values"]) for label, entry in WORLD["outcomes"]["kinds"].items()}
    for label, cell in joined.groupby("current_abuse_label"):
        assert set(cell["outcome_kind"]) <= kinds[label]
