"""The typical script: one merge a table, groupby.apply with a function of the rows, iterrows for the reasons.

python benchmarks/whole/typical.py BATCH PIPELINE OUT

Its features are those of `pandas_features.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd
from pandas_features import CHECKED, DAY, ENRICHED, LOW_CLASSES, NAMES, OTHERS, PARENTAL, SOME_ACCESS

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = (
    "reports", "persons", "accounts", "files", "communications", "transactions", "prior_records", "children",
)  # fmt: skip


def flag(yes: object, no: object = False) -> float:
    return 1.0 if yes else -1.0 if no else 0.0


def holds(sets: pd.Series, *codes: str) -> list[bool]:
    return [some is not None and any(code in codes for code in some) for some in sets]


def of_reports(rows: pd.DataFrame) -> pd.Series:
    own = rows[rows["actionability"] != "batch"]
    return pd.Series(
        {
            "first": rows["received_at"].min(),
            "received": own["received_at"].max() if len(own) else rows["received_at"].min(),
            "escalated": flag(
                (rows["escalated_by_reporter"] == "asserted").any(),
                (rows["escalated_by_reporter"] == "denied").any(),
            ),
            "ongoing_abuse_stated": flag((rows["escalation_reason"] == "live_or_ongoing_abuse").any()),
            "molestation": flag((rows["incident_type"] == "molestation").any()),
            "enticement": flag((rows["incident_type"] == "enticement").any()),
            "trafficking_or_travel": flag(
                rows["incident_type"].isin(["trafficking", "travel"]).any()
                or (rows["escalation_reason"] == "trafficking").any()
            ),
            "sextortion": flag(any(holds(rows["report_annotations"], "sextortion"))),
        }
    )


def of_persons(rows: pd.DataFrame) -> pd.Series:
    role = rows["child_facing_role"]
    return pd.Series(
        {
            "person_reported": 1.0,
            "works_with_children": flag((role == "asserted").any(), (role == "denied").any()),
        }
    )


def of_accounts(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(
        {
            name: flag((rows[name] == "asserted").any(), (rows[name] == "denied").any())
            for name in ("group_member", "compromised")
        }
    )


def of_files(rows: pd.DataFrame) -> pd.Series:
    shared = holds(rows["file_annotations"], "viral", "meme")
    made = holds(rows["file_annotations"], "drawn_or_virtual", "generative_ai")
    status = rows["hash_status"]
    return pd.Series(
        {
            "severest_class": flag(
                rows["severity_class"].isin(["A1", "IWF_A"]).any(),
                rows["severity_class"].isin(LOW_CLASSES).any(),
            ),
            "unknown_material": flag(
                ((status == "no_match") & (rows["legal_class"] != "not_illegal")).any(),
                status.isin(["exact_known", "near_known"]).any(),
            ),
            "viral": flag(all(shared)),
            "artificial": flag(all(made)),
            "live_streamed": flag(any(holds(rows["file_annotations"], "live_streamed"))),
        }
    )


def of_threads(rows: pd.DataFrame) -> pd.Series:
    minor, codes = rows["counterpart_is_minor"], rows["contact_codes"]
    read = codes.notna().any()
    return pd.Series(
        {
            "minor_counterpart": flag((minor == "asserted").any(), (minor == "denied").any()),
            "meeting": flag(any(holds(codes, "meeting_proposed", "meeting_arranged", "travel")), read),
            "directs_abuse": flag(any(holds(codes, "live_request", "direct_to_order")), read),
        }
    )


def of_payments(rows: pd.DataFrame) -> pd.Series:
    amount = rows["amount_eur"].astype(float)
    paid = rows.loc[amount < 0, "executed_at"]
    gaps = paid.notna().sum() - 1
    return pd.Series(
        {
            "small_payments": float(((amount < 0) & (amount > -55)).sum()),
            "days_between_payments": (
                (paid.max() - paid.min()).total_seconds() / DAY / gaps if gaps > 0 else np.nan
            ),
            "last_payment": paid.max(),
        }
    )


def of_records(rows: pd.DataFrame) -> pd.Series:
    kind = rows["record_kind"]
    checked = kind.isin(CHECKED).any()
    return pd.Series(
        {
            "contact_record": flag((kind == "contact_conviction").any(), checked),
            "contact_allegation": flag((kind == "allegation").any(), checked),
            "image_record": flag((kind == "image_conviction").any(), checked),
            "prior_reports": float((kind == "prior_report").sum()),
        }
    )


def of_children(rows: pd.DataFrame) -> pd.Series:
    relation, access = rows["relation_to_suspect"], rows["access_level"]
    others = (relation.isin(OTHERS) & (access != "none")) | (
        (access == "unsupervised") & ~relation.isin(PARENTAL)
    )
    return pd.Series(
        {
            "access_to_others_children": flag(
                others.any(), (access == "none").any() and not access.isin(SOME_ACCESS).any()
            ),
            "lives_with_child": flag((access == "lives_with").any()),
            "child_mentioned": flag((rows["known_at"] <= rows["known_at_report"]).any()),
            "contact_now": flag(
                any(holds(rows["crisis_code"], "in_contact_now")),
                any(some is not None and len(some) > 0 for some in rows["crisis_code"]),
            ),
            "cared_for": float((relation == "carer_or_teacher").any()),
        }
    )


def make_features(folder: Path) -> pd.DataFrame:
    as_of = pd.Timestamp(json.loads((folder / "batch.json").read_text(encoding="utf-8"))["as_of"])
    tables = {}
    for name in TABLES:
        table = pd.read_parquet(folder / name)
        table = table[table["known_at"] <= as_of].copy()
        for column in ENRICHED.get(name, []):
            table.loc[table["enriched_at"] > as_of, column] = None
        tables[name] = table
    persons = tables["persons"][tables["persons"]["role"] == "reported"]
    named = persons[["person_id"]].drop_duplicates()
    known = tables["reports"][["report_id", "known_at"]]
    work: list[tuple[pd.DataFrame, Callable[[pd.DataFrame], pd.Series]]] = [
        (persons, of_persons),
        (tables["accounts"].merge(named, on="person_id"), of_accounts),
        (tables["files"], of_files),
        (tables["communications"], of_threads),
        (tables["transactions"].merge(named, on="person_id"), of_payments),
        (tables["prior_records"].merge(named, on="person_id"), of_records),
        (
            tables["children"].merge(known, on="report_id", how="left", suffixes=("", "_report")),
            of_children,
        ),
    ]
    out = tables["reports"].groupby("case_id").apply(of_reports).reset_index()
    for table, compute in work:
        found = table.groupby("case_id").apply(compute).reset_index()
        out = out.merge(found, on="case_id", how="left")
    out["days_since_payment"] = ((out["received"] - out["last_payment"]).dt.total_seconds() / DAY).clip(
        lower=0
    )
    out.loc[out["cared_for"] == 1.0, "works_with_children"] = 1.0
    unknown = [name for name in NAMES if name not in {"days_between_payments", "days_since_payment"}]
    out[unknown] = out[unknown].fillna(0.0)
    return out.set_index("case_id")


def main(batch: Path, fitted: Path, out: Path) -> None:
    table = make_features(batch)
    pipeline = joblib.load(fitted)
    table["probability"] = pipeline.predict_proba(table[NAMES])[:, 1]
    parts = pd.DataFrame(
        pipeline[:-1].transform(table[NAMES]) * pipeline[-1].coef_[0], columns=NAMES, index=table.index
    )
    reasons = []
    for _, row in parts.iterrows():
        largest = row.abs().sort_values(ascending=False).index[:3]
        reasons.append("; ".join(f"{name} ({row[name]:+.2f})" for name in largest))
    table["reasons"] = reasons
    table = table.sort_values(["probability", "first"], ascending=[False, True]).reset_index()
    out.mkdir(parents=True, exist_ok=True)
    columns = ["case_id", "probability", "first", "reasons"]
    table[columns].to_csv(out / "list.csv", index=False)
    table[columns].to_parquet(out / "list.parquet", index=False)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
