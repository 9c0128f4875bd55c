"""The features of the model ``expert`` as a careful analyst computes them with pandas.

Only the columns that are needed are read, cases become numbers once, and each table is grouped once, by built-in
aggregates. The numbers are those of `triage.features`: tests/test_benchmarks.py compares them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "contact_record", "contact_allegation", "image_record", "prior_reports", "access_to_others_children",
    "lives_with_child", "works_with_children", "child_mentioned", "escalated", "ongoing_abuse_stated",
    "contact_now", "molestation", "enticement", "trafficking_or_travel", "sextortion", "meeting",
    "minor_counterpart", "directs_abuse", "live_streamed", "small_payments", "days_between_payments",
    "days_since_payment", "group_member", "severest_class", "unknown_material", "viral", "artificial",
    "compromised", "person_reported",
]  # fmt: skip
COLUMNS = {
    "reports": "report_id received_at incident_type escalated_by_reporter escalation_reason report_annotations"
    " actionability enriched_at",
    "persons": "person_id role child_facing_role enriched_at",
    "accounts": "person_id compromised group_member",
    "files": "severity_class legal_class hash_status file_annotations enriched_at",
    "communications": "counterpart_is_minor contact_codes enriched_at",
    "transactions": "person_id executed_at amount_eur",
    "prior_records": "person_id record_kind",
    "children": "report_id relation_to_suspect access_level crisis_code enriched_at",
}
# What is filled in later than its row counts from then on.
ENRICHED = {
    "reports": ["escalation_reason"],
    "persons": ["child_facing_role"],
    "files": ["legal_class", "hash_status"],
    "communications": ["contact_codes"],
    "children": ["relation_to_suspect", "access_level", "crisis_code"],
}
CHECKED = [
    "contact_conviction", "allegation", "image_conviction", "registry", "other_conviction",
    "supervision_breach", "none_found",
]  # fmt: skip
OTHERS = ["sibling", "other_family", "carer_or_teacher", "neighbour_or_acquaintance"]
PARENTAL = ["parent", "step_or_partner", "household"]
SOME_ACCESS = ["lives_with", "unsupervised", "supervised", "online", "unspecified"]
LOW_CLASSES = ["A2", "B1", "B2", "IWF_B", "IWF_C", "none"]
DAY = 86_400.0


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read what is needed of each table, as known at the as-of time of the batch."""
    as_of = pd.Timestamp(json.loads((folder / "batch.json").read_text(encoding="utf-8"))["as_of"])
    tables = {}
    for name, columns in COLUMNS.items():
        table = pd.read_parquet(folder / name, columns=["case_id", "known_at", *columns.split()])
        table = table[table["known_at"] <= as_of]
        if name in ENRICHED:
            late = table["enriched_at"] > as_of
            if late.any():
                table = table.assign(**{column: table[column].mask(late) for column in ENRICHED[name]})
        tables[name] = table
    return tables


def number_cases(tables: dict[str, pd.DataFrame]) -> pd.Index:
    """Give every row the number of its case, in a column ``case``; return the cases in order."""
    cases = pd.Index(tables["reports"]["case_id"].unique(), name="case_id").sort_values()
    for name, table in tables.items():
        tables[name] = table.assign(case=cases.get_indexer(table["case_id"])).query("case >= 0")
    return cases


def build_features(folder: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features of every case, by its id in ascending order, and when its first report came."""
    tables = read_tables(folder)
    cases = number_cases(tables)
    size = len(cases)
    reports, files, children = tables["reports"], tables["files"], tables["children"]
    reported = tables["persons"][tables["persons"]["role"] == "reported"]
    # Of strings, an index finds members ten times as fast as isin.
    people = pd.Index(reported["person_id"].unique())
    of_reported = {
        name: tables[name][people.get_indexer(tables[name]["person_id"]) >= 0]
        for name in ("accounts", "transactions", "prior_records")
    }
    received = reports.groupby("case")["received_at"]
    first = received.min().reindex(range(size))
    own = reports[reports["actionability"] != "batch"].groupby("case")["received_at"].max()
    out = {
        **_of_reports(reports, size),
        **_of_persons(reported, of_reported["accounts"], children, size),
        **_of_records(of_reported["prior_records"], size),
        **_of_payments(of_reported["transactions"], own.reindex(range(size)).fillna(first), size),
        **_of_files(files, size),
        **_of_threads(tables["communications"], size),
        **_of_children(children, reports, size),
    }
    return pd.DataFrame(out)[NAMES].set_axis(cases), first.set_axis(cases)


def any_of(table: pd.DataFrame, size: int, **masks: pd.Series) -> pd.DataFrame:
    """Say of each case whether any row is marked, for several marks in one pass."""
    marked = pd.DataFrame({name: mask.to_numpy(dtype=bool) for name, mask in masks.items()})
    return marked.groupby(table["case"].to_numpy()).any().reindex(range(size), fill_value=False)


def tell(yes: pd.Series, no: pd.Series | None = None) -> pd.Series:
    """Return +1 for yes, else -1 for no, else 0."""
    return pd.Series(np.where(yes, 1.0, 0.0 if no is None else np.where(no, -1.0, 0.0)))


class Sets:
    """A column of sets of codes, taken apart once."""

    def __init__(self, column: pd.Series) -> None:
        self.rows = column.index
        self.members = column.dropna().explode().astype("category")

    def have(self, *codes: str) -> pd.Series:
        """Mark the rows whose set holds one of the codes."""
        return pd.Series(self.rows.isin(self.members.index[self.members.isin(codes)]), self.rows)


def _of_reports(rows: pd.DataFrame, size: int) -> dict[str, pd.Series]:
    kind, reason = rows["incident_type"], rows["escalation_reason"]
    found = any_of(
        rows, size,
        escalated=rows["escalated_by_reporter"] == "asserted",
        not_escalated=rows["escalated_by_reporter"] == "denied",
        ongoing=reason == "live_or_ongoing_abuse",
        molestation=kind == "molestation",
        enticement=kind == "enticement",
        travel=kind.isin(["trafficking", "travel"]) | (reason == "trafficking"),
        sextortion=Sets(rows["report_annotations"]).have("sextortion"),
    )  # fmt: skip
    return {
        "escalated": tell(found["escalated"], found["not_escalated"]),
        "ongoing_abuse_stated": tell(found["ongoing"]),
        "molestation": tell(found["molestation"]),
        "enticement": tell(found["enticement"]),
        "trafficking_or_travel": tell(found["travel"]),
        "sextortion": tell(found["sextortion"]),
    }


def _of_persons(
    persons: pd.DataFrame, accounts: pd.DataFrame, children: pd.DataFrame, size: int
) -> dict[str, pd.Series]:
    role = persons["child_facing_role"]
    found = any_of(persons, size, there=role.isna() | True, works=role == "asserted", no=role == "denied")
    cared_for = any_of(children, size, cared_for=children["relation_to_suspect"] == "carer_or_teacher")
    member, taken = accounts["group_member"], accounts["compromised"]
    of_accounts = any_of(
        accounts, size,
        member=member == "asserted", no_member=member == "denied",
        taken=taken == "asserted", not_taken=taken == "denied",
    )  # fmt: skip
    return {
        "person_reported": tell(found["there"]),
        "works_with_children": tell(found["works"] | cared_for["cared_for"], found["no"]),
        "group_member": tell(of_accounts["member"], of_accounts["no_member"]),
        "compromised": tell(of_accounts["taken"], of_accounts["not_taken"]),
    }


def _of_records(rows: pd.DataFrame, size: int) -> dict[str, pd.Series]:
    kind = rows["record_kind"]
    found = any_of(
        rows, size,
        contact=kind == "contact_conviction", allegation=kind == "allegation",
        image=kind == "image_conviction", checked=kind.isin(CHECKED),
    )  # fmt: skip
    counts = rows[kind == "prior_report"].groupby("case").size()
    return {
        "contact_record": tell(found["contact"], found["checked"]),
        "contact_allegation": tell(found["allegation"], found["checked"]),
        "image_record": tell(found["image"], found["checked"]),
        "prior_reports": counts.reindex(range(size), fill_value=0).astype(float),
    }


def _of_payments(rows: pd.DataFrame, reported_at: pd.Series, size: int) -> dict[str, pd.Series]:
    amount = rows["amount_eur"].astype(float)
    paid = rows[amount < 0].groupby("case")["executed_at"].agg(["count", "min", "max"]).reindex(range(size))
    gaps = paid["count"] - 1
    span = (paid["max"] - paid["min"]).dt.total_seconds() / DAY
    small = rows[(amount < 0) & (amount > -55)].groupby("case").size()
    return {
        "small_payments": small.reindex(range(size), fill_value=0).astype(float),
        "days_between_payments": (span / gaps).where(gaps > 0),
        "days_since_payment": ((reported_at - paid["max"]).dt.total_seconds() / DAY).clip(lower=0),
    }


def _of_files(rows: pd.DataFrame, size: int) -> dict[str, pd.Series]:
    severity, status, tags = rows["severity_class"], rows["hash_status"], Sets(rows["file_annotations"])
    shared, made = tags.have("viral", "meme"), tags.have("drawn_or_virtual", "generative_ai")
    found = any_of(
        rows, size,
        severe=severity.isin(["A1", "IWF_A"]), less=severity.isin(LOW_CLASSES),
        new=(status == "no_match") & (rows["legal_class"] != "not_illegal"),
        known=status.isin(["exact_known", "near_known"]),
        shared=shared, not_shared=~shared, made=made, not_made=~made, live=tags.have("live_streamed"),
    )  # fmt: skip
    return {
        "severest_class": tell(found["severe"], found["less"]),
        "unknown_material": tell(found["new"], found["known"]),
        "viral": tell(found["shared"] & ~found["not_shared"]),
        "artificial": tell(found["made"] & ~found["not_made"]),
        "live_streamed": tell(found["live"]),
    }


def _of_threads(rows: pd.DataFrame, size: int) -> dict[str, pd.Series]:
    minor, codes = rows["counterpart_is_minor"], Sets(rows["contact_codes"])
    found = any_of(
        rows, size,
        minor=minor == "asserted", adult=minor == "denied", read=rows["contact_codes"].notna(),
        meeting=codes.have("meeting_proposed", "meeting_arranged", "travel"),
        directs=codes.have("live_request", "direct_to_order"),
    )  # fmt: skip
    return {
        "minor_counterpart": tell(found["minor"], found["adult"]),
        "meeting": tell(found["meeting"], found["read"]),
        "directs_abuse": tell(found["directs"], found["read"]),
    }


def _of_children(rows: pd.DataFrame, reports: pd.DataFrame, size: int) -> dict[str, pd.Series]:
    relation, access = rows["relation_to_suspect"], rows["access_level"]
    reported = rows["report_id"].map(reports.set_index("report_id")["known_at"])
    others = (relation.isin(OTHERS) & (access != "none")) | (
        (access == "unsupervised") & ~relation.isin(PARENTAL)
    )
    crisis = rows["crisis_code"]
    found = any_of(
        rows, size,
        others=others, none=access == "none", some=access.isin(SOME_ACCESS), lives=access == "lives_with",
        mentioned=rows["known_at"] <= reported, now=Sets(crisis).have("in_contact_now"),
        coded=crisis.str.len() > 0,
    )  # fmt: skip
    return {
        "access_to_others_children": tell(found["others"], found["none"] & ~found["some"]),
        "lives_with_child": tell(found["lives"]),
        "child_mentioned": tell(found["mentioned"]),
        "contact_now": tell(found["now"], found["coded"]),
    }
