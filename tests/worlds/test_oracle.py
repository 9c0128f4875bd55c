"""The oracle against an independent posterior, against the truth, and against a trained model."""

from __future__ import annotations

import math
import tomllib
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from triage.schema.batch import open_batch
from triage.shipped import find_shipped
from triage.worlds import load_world, simulate

if TYPE_CHECKING:
    from conftest import Written

WORLD = tomllib.loads(find_shipped("synthetic_data", "worlds", "nl-2017.toml").read_text(encoding="utf-8"))
SIGNALS = WORLD["signals"]
POLICE = "cybertip_le_json"
Row = dict[str, Any]
Facts = list[tuple[str, str, Any, str | None]]


def fits(rule: Row, hidden: Row, known: str | None) -> bool:
    for axis, wanted in rule.items():
        if axis == "p":
            continue
        found = known if axis in {"given", "source"} else hidden[axis]
        if found not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def last_rule(rules: list[Row], hidden: Row, known: str | None) -> Any:
    found = None
    for rule in rules:
        if fits(rule, hidden, known):
            found = rule["p"]
    return found


def band(name: str, number: float) -> str:
    entry = SIGNALS[name]
    for value, (low, high) in zip(entry["values"], entry["bands"], strict=True):
        if low <= number <= high:
            return str(value)
    raise AssertionError((name, number))


def as_set(name: str, codes: Any) -> str:
    for value in SIGNALS[name]["values"]:
        if {*value.split("|")} - {""} == {*codes}:
            return str(value)
    raise AssertionError((name, codes))


def days(later: pd.Timestamp, earlier: pd.Timestamp) -> float:
    return (later - earlier).total_seconds() / 86400


def is_told(value: Any) -> bool:
    return isinstance(value, str) and value != "unknown"


class Case:
    """What can be seen of one case at the as-of time, as a list of (kind, signal, value, known quantity)."""

    def __init__(self, tables: dict[str, list[Row]], as_of: pd.Timestamp) -> None:
        self.as_of, self.facts = as_of, []
        self.tables = {name: [r for r in rows if r["known_at"] <= as_of] for name, rows in tables.items()}
        self.reports = self.tables["reports"]
        self.named = any(row["role"] == "reported" for row in self.tables["persons"])
        self.source_at = {row["received_at"]: row["source_system"] for row in self.reports}
        self.report = {row["report_id"]: row for row in self.reports}
        self.read_reports()
        self.read_files()
        if self.named:
            self.read_persons()
            self.read_registers()
            self.read_accounts()
            self.read_children()
            self.read_payments()

    def open(self, row: Row) -> bool:
        """Say whether columns that come by enrichment count."""
        return bool(row["enriched_at"] <= self.as_of) if not pd.isna(row["enriched_at"]) else False

    def value(self, signal: str, value: Any, known: str | None = None) -> None:
        self.facts.append(("rules", signal, value, known))

    def told(self, signal: str, value: Any, source: str, known: str | None = None) -> bool:
        self.facts.append(("told", signal, is_told(value), source))
        if is_told(value):
            self.value(signal, value, known)
        return is_told(value)

    def read_reports(self) -> None:
        person = "yes" if self.named else "no"
        self.value("person", person)
        if self.named:
            self.value("reports", band("reports", len(self.reports)))
        for row in self.reports:
            source = row["source_system"]
            self.value("source", source, person)
            for name in ("incident_type", "reporter_type", "source_priority", "actionability"):
                self.value(name, row[name], source)
            self.value("escalated", row["escalated_by_reporter"], source)
            self.value("channels", as_set("channels", row["channels"]), source)
            annotations = as_set("report_annotations", row["report_annotations"])
            self.value("report_annotations", annotations, source)
            if self.open(row):
                self.value("jurisdiction_basis", row["jurisdiction_basis"], person)
                if row["escalated_by_reporter"] == "asserted":
                    self.value("escalation_reason", row["escalation_reason"])

    def read_persons(self) -> None:
        own = [row for row in self.tables["persons"] if row["role"] == "reported"]
        ages, roles = set(), set()
        for row in own:
            source = self.report[row["report_id"]]["source_system"]
            sent = [
                r
                for r in self.tables["persons"]
                if r["role"] == "recipient" and r["report_id"] == row["report_id"]
            ]
            self.value("recipient", "yes" if sent else "no", source)
            self.value("identity_level", row["identity_level"], source)
            self.facts.append(("told", "age_band", is_told(row["age_band"]), source))
            ages |= {row["age_band"]} if is_told(row["age_band"]) else set()
            on_arrival = is_told(row["child_facing_role"]) and pd.isna(row["enriched_at"])
            self.facts.append(("told", "child_facing_role", on_arrival, source))
            if on_arrival or (is_told(row["child_facing_role"]) and self.open(row)):
                roles.add(row["child_facing_role"])
        for name, values in (("age_band", ages), ("child_facing_role", roles)):
            for value in values:
                self.value(name, value)

    def read_registers(self) -> None:
        records = self.tables["prior_records"]
        for row in self.reports:
            added = [
                r
                for r in records
                if r["record_kind"] == "prior_report" and r["known_at"] == row["received_at"]
            ]
            self.value("prior_report", "yes" if added else "no", row["source_system"])
        found = [r["record_kind"] for r in records if r["record_kind"] != "prior_report"]
        if not found:
            return
        self.value("prior_records", as_set("prior_records", found))
        children = [
            r for r in self.tables["children"] if r["known_at"] > self.report[r["report_id"]]["received_at"]
        ]
        links = [(r["relation_to_suspect"], r["access_level"]) for r in children]
        others = [link for link in links if link != ("parent", "lives_with")]
        self.value("own_children", "yes" if ("parent", "lives_with") in links else "no")
        self.value("others_children", "yes" if others else "no")
        for relation, access in others:
            self.value("others_link", f"{relation}:{access}")

    def read_accounts(self) -> None:
        for row in self.tables["accounts"]:
            source = self.source_at[row["known_at"]]
            self.value("platform", row["platform_category"])
            self.value("account_status", row["account_status"])
            self.value("compromised", row["compromised"], source)
            self.value("group_member", row["group_member"], source)
            events = [r for r in self.tables["network_events"] if r["account_id"] == row["account_id"]]
            self.value("event_count", band("event_count", len(events)), source)
            if events and self.open(events[0]):
                self.value("network_type", events[0]["network_type"])
            threads = [r for r in self.tables["communications"] if r["account_id"] == row["account_id"]]
            self.value("thread_count", band("thread_count", len(threads)), source)
            for thread in threads:
                self.told("counterpart_minor", thread["counterpart_is_minor"], source)
                self.value("message_count", band("message_count", thread["message_count"]))
                (incident,) = [r["incident_at"] for r in self.reports if r["received_at"] == row["known_at"]]
                self.value("last_message", band("last_message", days(incident, thread["last_message_at"])))
                if self.open(thread):
                    self.value("contact_codes", as_set("contact_codes", thread["contact_codes"]))

    def read_files(self) -> None:
        for report in self.reports:
            source = report["source_system"]
            files = [r for r in self.tables["files"] if r["report_id"] == report["report_id"]]
            self.value("file_count", band("file_count", len(files)), source)
            for row in files:
                self.told("severity", row["severity_class"], source, source)
                self.told("viewed", row["viewed_by_reporter"], source)
                self.value("file_annotations", as_set("file_annotations", row["file_annotations"]))
                self.value("publicly_available", row["publicly_available"], source)
                self.value("upload_age", band("upload_age", days(report["incident_at"], row["uploaded_at"])))
                if pd.isna(row["enriched_at"]) or self.open(row):
                    self.told("youngest", row["youngest_age_band"], source)
                if self.open(row):
                    self.value("hash_status", row["hash_status"])
                    self.value("legal_class", row["legal_class"], row["hash_status"])

    def read_children(self) -> None:
        for report in self.reports:
            source = report["source_system"]
            rows = [
                r
                for r in self.tables["children"]
                if r["report_id"] == report["report_id"] and r["known_at"] == report["received_at"]
            ]
            self.value("child", "yes" if rows else "no", source)
            for row in rows:
                self.value("child_identification", row["identification"], source)
                if pd.isna(row["enriched_at"]) or self.open(row):
                    pair = f"{row['relation_to_suspect']}:{row['access_level']}"
                    link = pair if pair in SIGNALS["child_link"]["values"] else None
                    self.told("child_link", link, source)
                    self.told("child_age", row["age_band"], source)
                if self.open(row):
                    self.value("crisis", as_set("crisis", row["crisis_code"]))

    def read_payments(self) -> None:
        for report in self.reports:
            rows = [r for r in self.tables["transactions"] if r["known_at"] == report["received_at"]]
            if not rows:
                continue
            self.value("payment_count", band("payment_count", len(rows)))
            self.value("indicators", as_set("indicators", rows[0]["indicator_codes"]))
            if len(rows) > 1:
                several = len({row["counterparty_token"] for row in rows}) > 1
                self.value("several_payees", "yes" if several else "no")
            last = max(row["executed_at"] for row in rows)
            self.value("last_payment", band("last_payment", days(report["received_at"], last)))


def log(p: float) -> float:
    return math.log(p) if p > 0 else -math.inf


def brute_force(facts: Facts) -> float:
    """Sum over every hidden state; in each the logarithms of the probabilities of all facts add up."""
    logs: dict[bool, list[float]] = {True: [], False: []}
    nuisances = WORLD["nuisances"]
    for situation, current in product(WORLD["situations"], (True, False)):
        prior = situation["share"] * (situation["current"] if current else 1 - situation["current"])
        hidden: Row = {"situation": situation["name"], "current": current}
        for values in product(*(nuisance["values"] for nuisance in nuisances.values())):
            total = log(prior)
            for nuisance, value in zip(nuisances.values(), values, strict=True):
                total += log(last_rule(nuisance["rules"], hidden, None)[nuisance["values"].index(value)])
            state = {**hidden, **dict(zip(nuisances, values, strict=True))}
            for kind, signal, value, known in facts:
                if total == -math.inf:
                    break
                entry = SIGNALS[signal]
                found = last_rule(entry[kind], state, known)
                if kind == "told":
                    total += log(found if value else 1 - found)
                else:
                    total += log(found[entry["values"].index(value)])
            logs[current].append(total)
    highest = max(*logs[True], *logs[False])
    yes, no = (math.fsum(math.exp(one - highest) for one in logs[key]) for key in (True, False))
    return yes / (yes + no)


def cases_to_check(written: Written) -> list[str]:
    """Pick cases that show rare things, and some at random."""
    tables, chosen = written.tables, []
    records = tables["prior_records"]
    as_of = pd.Timestamp(WORLD["period"]["end"])
    rare = [
        tables["transactions"]["case_id"],
        tables["communications"].query("enriched_at > @as_of")["case_id"],
        tables["communications"].query("enriched_at <= @as_of")["case_id"],
        records[records["known_at"] > as_of]["case_id"],
        records[records["record_kind"] == "allegation"]["case_id"],
        tables["children"].query("enriched_at <= @as_of")["case_id"],
        tables["children"].query("enriched_at > @as_of")["case_id"],
        tables["reports"].query("escalated_by_reporter == 'asserted'")["case_id"],
        tables["persons"].query("child_facing_role == 'asserted'")["case_id"],
        tables["files"].query("enriched_at > @as_of and youngest_age_band == '3-6'")["case_id"],
        tables["reports"].groupby("case_id").filter(lambda rows: 2 < len(rows) < 6)["case_id"],
    ]
    for cases in rare:
        chosen += list(dict.fromkeys(cases))[:3]
    for _, cell in tables["reports"].groupby("source_system"):
        chosen += list(cell["case_id"][:2])
    return list(dict.fromkeys(chosen))


@pytest.fixture(scope="module")
def facts_of(written: Written) -> dict[str, Facts]:
    """What can be seen of some dozens of cases, read from the tables."""
    chosen = cases_to_check(written)
    as_of = pd.Timestamp(open_batch(written.path).meta.as_of)
    rows = {name: frame[frame["case_id"].isin(chosen)] for name, frame in written.tables.items()}
    found = {}
    for case_id in chosen:
        tables = {name: frame[frame["case_id"] == case_id].to_dict("records") for name, frame in rows.items()}
        found[case_id] = Case(tables, as_of).facts
    return found


def test_the_oracle_equals_a_posterior_summed_out_by_hand(
    written: Written, facts_of: dict[str, Facts]
) -> None:
    oracle = written.truth.set_index("case_id")["oracle"]
    assert len(facts_of) > 30
    for case_id, facts in facts_of.items():
        assert brute_force(facts) == pytest.approx(oracle[case_id], rel=1e-6), case_id


def test_every_informative_signal_takes_part_in_the_check_by_hand(facts_of: dict[str, Facts]) -> None:
    seen = {signal for facts in facts_of.values() for _, signal, _, _ in facts}
    hidden = {"situation", "current", *WORLD["nuisances"]}
    informative = {
        name
        for name, entry in SIGNALS.items()
        if any(hidden & set(rule) for rule in [*entry["rules"], *entry.get("told", [])])
    }
    assert informative <= seen


def test_the_oracle_is_calibrated_in_every_source(written: Written) -> None:
    """One chi-square over all cells of source by band of probability, at an error rate of 0.001.

    Cells are cut so that each expects about as many cases of current abuse, at least eight.
    """
    first = written.tables["reports"].sort_values("received_at").drop_duplicates("case_id")
    frame = written.truth.merge(first[["case_id", "source_system"]], on="case_id")
    statistic, cells = 0.0, 0
    for _, cell in frame.sort_values("oracle").groupby("source_system"):
        expected = cell["oracle"].cumsum()
        bands = max(1, min(10, int(expected.iloc[-1] // 8)))
        edge = np.minimum((expected / expected.iloc[-1] * bands).astype(int), bands - 1)
        for _, members in cell.groupby(edge):
            p = members["oracle"]
            statistic += (members["current_abuse"].sum() - p.sum()) ** 2 / (p * (1 - p)).sum()
            cells += 1
    assert cells > 25
    assert chi2.sf(statistic, cells) > 0.001


def test_the_ranking_is_as_hard_as_meant(written: Written) -> None:
    truth = written.truth
    named = truth["case_id"].isin(written.tables["persons"]["case_id"])
    hard = named & ~truth["situation"].isin(["viral_sharer", "hosting_only", "not_abuse_material"])
    assert 0.92 < roc_auc_score(truth["current_abuse"], truth["oracle"]) < 0.97
    assert 0.82 < roc_auc_score(truth["current_abuse"][hard], truth["oracle"][hard]) < 0.89


def simple_features(cases: int, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Count each code of each column in each case, among what can be seen."""
    matrices, truths = [], []
    as_of = pd.Timestamp(WORLD["period"]["end"])
    for part, truth, _ in simulate(load_world("nl-2017"), cases, seed):
        blocks = []
        for name, table in part.tables.items():
            if name == "outcomes":
                continue
            frame, position = table.to_pandas(), part.position(name)
            known = (frame["known_at"] <= as_of).to_numpy()
            late = (
                ~(frame["enriched_at"] <= as_of) if "enriched_at" in frame else pd.Series(False, frame.index)
            )
            blocks.append(np.bincount(position[known], minlength=len(part.cases))[:, None])
            for column in frame:
                if not isinstance(frame[column].dtype, pd.CategoricalDtype):
                    continue
                if column.endswith("country"):
                    continue
                hidden = late.to_numpy() if column in LATE[name] else np.zeros(len(frame), bool)
                codes = frame[column].cat.codes.to_numpy()
                for code in range(len(frame[column].cat.categories)):
                    rows = (codes == code) & known & ~hidden
                    blocks.append(np.bincount(position[rows], minlength=len(part.cases))[:, None])
        matrices.append(np.hstack(blocks).astype(np.float32))
        truths.append(truth.to_pandas())
    return np.vstack(matrices), pd.concat(truths, ignore_index=True)


LATE = {
    "reports": {"escalation_reason", "jurisdiction_basis"},
    "persons": set(),
    "accounts": set(),
    "files": {"hash_status", "victim_status", "legal_class"},
    "network_events": {"network_type"},
    "communications": set(),
    "transactions": set(),
    "prior_records": set(),
    "children": set(),
}


@pytest.mark.slow
def test_no_trained_model_beats_the_oracle() -> None:
    features, truth = simple_features(200_000, 99)
    half = len(truth) // 2
    model = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, max_leaf_nodes=8, random_state=0)
    y = truth["current_abuse"].to_numpy()
    model.fit(features[:half], y[:half])
    p = np.clip(model.predict_proba(features[half:])[:, 1], 1e-9, 1 - 1e-9)
    q = truth["oracle"].to_numpy()[half:]
    actual = y[half:]

    def loss(guess: np.ndarray) -> np.ndarray:
        return -np.where(actual, np.log(guess), np.log1p(-guess))

    difference = loss(p) - loss(q)
    assert difference.mean() > -3 * difference.std() / np.sqrt(len(difference))
    # And it is not far off: the signals are there to be learned.
    assert roc_auc_score(actual, p) > roc_auc_score(actual, q) - 0.08
