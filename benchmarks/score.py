"""Time the features and the score beside a well-written pandas pipeline and beside decoding the same files.

Run as ``python benchmarks/score.py [CASES]``. The three take turns; medians are printed, and ratios, since a
machine's speed drifts. The pandas pipeline computes the same 16 features, and the script fails if one differs.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from triage import Capacity, build_worklist, load_model, load_world, open_batch, write_world
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.schema.tables import TABLES

ROUNDS = 5
NAMES = [
    "person_reported", "escalated", "enticement", "sextortion", "contact_channel", "minor_counterpart",
    "meeting", "days_since_contact", "lives_with_child", "severest_class", "unknown_material", "viral",
    "days_since_upload", "contact_record", "prior_reports", "small_payments",
]  # fmt: skip


def decode(folder: Path) -> None:
    for name in TABLES:
        for file in sorted((folder / name).glob("*.parquet")):
            pq.read_table(file)


def ours(folder: Path) -> tuple[list[str], np.ndarray]:
    batch = open_batch(folder)
    cases, matrices = [], []
    for part in batch.parts():
        view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
        matrices.append(build_features(view, NAMES))
        cases += part.cases.to_pylist()
    return cases, np.concatenate(matrices)


def with_pandas(folder: Path) -> pd.DataFrame:
    """Compute the same features the way a careful analyst would: read, filter, group, join."""
    as_of = pd.Timestamp(json.loads((folder / "batch.json").read_text())["as_of"])
    t = {name: pd.read_parquet(folder / name) for name in TABLES if name != "outcomes"}
    t = {name: table[table["known_at"] <= as_of] for name, table in t.items()}
    for name, table in t.items():
        if "enriched_at" in table:
            late = {c.name for c in TABLES[name].columns if "enrichment" in c.knowable} - {"enriched_at"}
            t[name] = table.assign(**{c: table[c].mask(table["enriched_at"] > as_of) for c in late})
    reports, files, threads = t["reports"], t["files"], t["communications"]
    reported = t["persons"][t["persons"]["role"] == "reported"]
    people = set(reported["person_id"])
    priors = t["prior_records"][t["prior_records"]["person_id"].isin(people)]
    payments = t["transactions"][t["transactions"]["person_id"].isin(people)]
    out = pd.DataFrame(index=pd.Index(reports["case_id"].unique(), name="case_id").sort_values())

    def any_of(table: pd.DataFrame, mask: pd.Series) -> pd.Series:
        return mask.groupby(table["case_id"].astype(str)).any().reindex(out.index, fill_value=False)

    def flag(table: pd.DataFrame, yes: pd.Series, no: pd.Series | None = None) -> pd.Series:
        denied = 0 if no is None else -any_of(table, no).astype(float)
        return pd.Series(np.where(any_of(table, yes), 1.0, denied), out.index)

    def has(values: pd.Series, *codes: str) -> pd.Series:
        wanted = set(codes)
        return (
            values.map(lambda some: some is not None and not wanted.isdisjoint(some), na_action="ignore")
            .fillna(False)
            .astype(bool)
        )

    own = reports[reports["actionability"] != "batch"]
    first = reports.groupby(reports["case_id"].astype(str))["received_at"].min()
    received = own.groupby(own["case_id"].astype(str))["received_at"].max().reindex(out.index).fillna(first)

    def days(table: pd.DataFrame, column: str) -> pd.Series:
        latest = table.groupby(table["case_id"].astype(str))[column].max().reindex(out.index)
        return ((received - latest).dt.total_seconds() / 86_400).clip(lower=0)

    out["person_reported"] = out.index.isin(set(reported["case_id"].astype(str))).astype(float)
    out["escalated"] = flag(
        reports, reports["escalated_by_reporter"] == "asserted", reports["escalated_by_reporter"] == "denied"
    )
    out["enticement"] = flag(reports, reports["incident_type"] == "enticement")
    out["sextortion"] = flag(reports, has(reports["report_annotations"], "sextortion"))
    out["contact_channel"] = flag(reports, has(reports["channels"], "chat", "gaming", "phone"))
    minor = threads["counterpart_is_minor"]
    out["minor_counterpart"] = flag(threads, minor == "asserted", minor == "denied")
    codes = threads["contact_codes"]
    met = has(codes, "meeting_proposed", "meeting_arranged", "travel")
    out["meeting"] = flag(threads, met, codes.notna())
    out["days_since_contact"] = days(threads, "last_message_at")
    out["lives_with_child"] = flag(t["children"], t["children"]["access_level"] == "lives_with")
    severity = files["severity_class"]
    out["severest_class"] = flag(
        files, severity.isin(["A1", "IWF_A"]), severity.isin(["A2", "B1", "B2", "IWF_B", "IWF_C", "none"])
    )
    status = files["hash_status"]
    out["unknown_material"] = flag(
        files,
        (status == "no_match") & (files["legal_class"] != "not_illegal"),
        status.isin(["exact_known", "near_known"]),
    )
    tagged = has(files["file_annotations"], "viral", "meme")
    out["viral"] = (any_of(files, tagged) & ~any_of(files, ~tagged)).astype(float)
    out["days_since_upload"] = days(files[~tagged], "uploaded_at")
    kind = priors["record_kind"]
    out["contact_record"] = flag(
        priors, kind == "contact_conviction", ~kind.isin(["prior_report", "open_case"])
    )
    counts = (kind == "prior_report").groupby(priors["case_id"].astype(str)).sum()
    out["prior_reports"] = counts.reindex(out.index, fill_value=0).astype(float)
    small = (payments["amount_eur"].astype(float) < 0) & (payments["amount_eur"].astype(float) > -55)
    out["small_payments"] = (
        small.groupby(payments["case_id"].astype(str)).sum().reindex(out.index, fill_value=0).astype(float)
    )
    return out[NAMES]


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "batch"
        meta = write_world(load_world("nl-2017"), cases, 1, folder)
        names, matrix = ours(folder)
        theirs = with_pandas(folder).loc[names].to_numpy()
        np.testing.assert_allclose(matrix, theirs, rtol=1e-12, atol=1e-6)
        seconds: dict[str, list[float]] = {
            "decode only": [],
            "features": [],
            "features in pandas": [],
            "whole list": [],
        }
        for _ in range(ROUNDS):
            for name, work in {
                "decode only": lambda: decode(folder),
                "features": lambda: ours(folder),
                "features in pandas": lambda: with_pandas(folder),
                "whole list": lambda: build_worklist(
                    open_batch(folder), load_model("expert"), Capacity(share=0.023)
                ),
            }.items():
                start = time.perf_counter()
                work()
                seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(some) for name, some in seconds.items()}
    print(f"{cases:,} cases, {sum(meta.rows.values()):,} rows, medians of {ROUNDS}")
    for name, value in median.items():
        print(f"{name:20} {value:7.2f} s   {value / median['decode only']:5.1f} x decoding")
    print(
        f"pandas needs {median['features in pandas'] / median['features']:.1f} times as long for the same features"
    )
    print(f"peak memory of the whole run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
