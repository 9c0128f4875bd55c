"""Measure linking: how right it is, what its mistakes cost at the top of the list, and how fast it is.

Run as ``python benchmarks/linking.py [WORLD] [CASES] [SEED]``. A world knows which reports are about one person. Its
tokens are made worse, as those of senders are: a person has another handle on each platform, one report in seven
carries none, four accounts in ten show the device, and one in a hundred a device of the public. Then the reports are
linked anew; and once more with a placeholder instead of a handle in one report of two hundred, which no list of words
knows. Pairs are of reports that stand in one case.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from triage import build_worklist, load_model, load_world, open_batch, write_world
from triage.intake.link import Caps, attach_cases, link_reports
from triage.schema.batch import Batch
from triage.schema.keys import mend_rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES

SHARE = 0.023
UNCAPPED = Caps(*[10**9] * 4)
MILLION = 1_000_000
WAYS: dict[str, tuple[Caps | None, tuple[str, ...]]] = {
    "persons alone": (None, ("network_events", "prior_records")),
    "all ties": (None, ()),
    "all ties, no caps": (UNCAPPED, ()),
}
ROUNDS = 5


def name(*parts: object) -> str:
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def make_worse(tables: dict[str, pd.DataFrame], seed: int, placeholders: float) -> dict[str, pa.Table]:
    """Give persons and devices the tokens that senders would give; cases are forgotten."""
    rng = np.random.default_rng(seed)
    reports, persons, accounts = (tables[table].copy() for table in ("reports", "persons", "accounts"))
    bundles = set(reports.loc[reports["actionability"] == "batch", "report_id"])
    # The accounts of a report follow its person in the order in which the world wrote both.
    reported = persons["role"].eq("reported") & ~persons["report_id"].isin(bundles)
    persons["before"] = persons["person_id"]
    lost, blank = rng.random(len(persons)) < 1 / 7, rng.random(len(persons)) < placeholders
    platform = rng.integers(0, 3, len(persons))
    persons.loc[reported, "person_id"] = [
        "placeholder" if empty else name("none", report) if gone else name(person, where)
        for person, report, where, gone, empty in zip(
            persons.loc[reported, "before"], persons.loc[reported, "report_id"], platform[reported],
            lost[reported], blank[reported], strict=True,
        )
    ]  # fmt: skip
    # Each handle keeps one account of its person, and the others' go with the first handle.
    handles = persons[reported].drop_duplicates(["before", "person_id"])
    mine = accounts["person_id"].isin(handles["before"])
    chosen = handles.groupby("before")["person_id"].agg(list)
    place = accounts.groupby("person_id").cumcount()
    accounts["before"] = accounts["person_id"]
    accounts.loc[mine, "person_id"] = [
        chosen[person][at % len(chosen[person])]
        for person, at in zip(accounts.loc[mine, "before"], place[mine], strict=True)
    ]
    shows, public = rng.random(len(accounts)) < 0.4, rng.random(len(accounts)) < 0.01
    device = {
        account: f"d:{name('public', rng.integers(30))}"
        if common
        else f"d:{name('device', person)}"
        if shown
        else None
        for account, person, shown, common in zip(
            accounts["account_id"], accounts["before"], shows, public, strict=True
        )
    }
    events = tables["network_events"].copy()
    held = events["account_id"].map(device)
    events["link_token"] = held.where(held.notna(), events["link_token"])
    first = handles.drop_duplicates("before").set_index("before")["person_id"]
    worse = tables | {"reports": reports, "persons": persons, "accounts": accounts, "network_events": events}
    for table in ("transactions", "prior_records"):
        rows = tables[table].copy()
        rows["person_id"] = rows["person_id"].map(first).fillna(rows["person_id"])
        worse[table] = rows
    keep = {
        table: [c.name for c in TABLES[table].columns if c.name in worse[table] and c.name != "case_id"]
        for table in worse
    }
    return {
        table: pa.Table.from_pandas(rows[keep[table]], preserve_index=False).cast(
            pa.schema([(n, TABLES[table][n].arrow_type) for n in keep[table]])
        )
        for table, rows in worse.items()
    }  # fmt: skip


def pairs(groups: pd.Series) -> int:
    sizes = groups.value_counts().to_numpy()
    return int((sizes * (sizes - 1) // 2).sum())


def compare(truth: pd.Series, found: pd.Series) -> tuple[float, float]:
    """Return pairwise precision and recall."""
    both = pairs(truth.astype(str) + "/" + found.astype(str))
    return both / max(pairs(found), 1), both / max(pairs(truth), 1)


def reached(batch: Batch, case_of: dict[str, str], guilty: set[str], most: int) -> int:
    """Count the true cases with current abuse of which a report stands in the first cases by score."""
    table = build_worklist(batch, load_model("expert")).table.to_pandas()
    part = next(iter(batch.parts()))
    reports = part.tables["reports"].select(["report_id", "case_id"]).to_pandas()
    top = table.sort_values("score", ascending=False, na_position="last", kind="stable")["case_id"].head(most)
    return len(
        {case_of[report] for report in reports.loc[reports["case_id"].isin(top), "report_id"]} & guilty
    )


def measure(world: str, cases: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "world"
        write_world(load_world(world), cases, seed, folder)
        batch = open_batch(folder)
        tables = {
            table: pd.concat([part.tables[table].to_pandas() for part in batch.parts()], ignore_index=True)
            for table in TABLES
        }
        truth = pq.read_table(Path(f"{folder}-truth") / "truth.parquet").to_pandas()
    case_of = dict(zip(tables["reports"]["report_id"], tables["reports"]["case_id"].astype(str), strict=True))
    guilty = set(truth.loc[truth["current_abuse"] == 1, "case_id"])
    most = round(SHARE * cases)
    print(
        f"{world}, {cases:,} cases, {len(tables['reports']):,} reports, seed {seed}: pairwise precision, recall"
    )
    known = reached(_one_part(batch, tables), case_of, guilty, most)
    for placeholders in (0.0, 1 / 200):
        worse = make_worse(tables, seed, placeholders)
        true_cases = pd.Series([case_of[report] for report in worse["reports"]["report_id"].to_pylist()])
        print(f" placeholders in {placeholders:.1%} of the reports")
        for way, (caps, without) in WAYS.items():
            given = {table: rows for table, rows in worse.items() if table not in without}
            found = pd.Series(
                link_reports(mend_rows(given, {name: name for name in given}).tables, caps).cases
            )
            right, complete = compare(true_cases, found)
            print(
                f"  {way:20} {right:.4f} {complete:.4f}   largest case {found.value_counts().max():,} reports"
            )
        rows = mend_rows(worse, {table: table for table in worse})
        attach_cases(rows)
        part = settle(rows, {}, batch.meta.as_of)
        relinked = reached(
            Batch(replace(batch.meta, parts=1), lambda _index, p=part: p), case_of, guilty, most
        )
        print(
            f"  in the first {most:,} cases by expert's score: {known:,} of {len(guilty):,} true cases with the"
            f" persons known, {relinked:,} as linked ({relinked / max(known, 1):.3f})"
        )


def _one_part(batch: Batch, tables: dict[str, pd.DataFrame]) -> Batch:
    raw = {
        table: pa.Table.from_pandas(rows, TABLES[table].arrow_schema, preserve_index=False)
        for table, rows in tables.items()
    }
    part = settle(mend_rows(raw, {table: table for table in raw}), {}, batch.meta.as_of)
    return Batch(replace(batch.meta, parts=1), lambda _index: part)


def time_a_million() -> None:
    """Time a million reports of 400,000 persons, two accounts each, beside reading them from Parquet."""
    rng = np.random.default_rng(0)
    person = rng.zipf(2.2, MILLION) % 400_000
    tokens = np.array([name(number) for number in range(MILLION)])
    at = pa.array(rng.integers(1_700_000_000, 1_730_000_000, MILLION), pa.timestamp("s", "UTC"))
    tables = {
        "reports": pa.table({"report_id": tokens, "received_at": at, "actionability": pa.nulls(MILLION, pa.string()),
                             "source_ref_hash": tokens}),
        "persons": pa.table({"person_id": tokens[person], "report_id": tokens, "role": ["reported"] * MILLION}),
        "accounts": pa.table({"account_id": tokens, "person_id": tokens[person]}),
        "network_events": pa.table({"account_id": tokens, "link_token": tokens[rng.integers(0, MILLION, MILLION)],
                                    "event_at": at}),
    }  # fmt: skip
    seconds: dict[str, list[float]] = {"link": [], "read": []}
    with tempfile.TemporaryDirectory() as place:
        for table, rows in tables.items():
            pq.write_table(rows, Path(place) / table)
        for _ in range(ROUNDS):
            start = time.process_time()
            link_reports(tables)
            middle = time.process_time()
            for table in tables:
                pq.read_table(Path(place) / table)
            seconds["link"].append(middle - start)
            seconds["read"].append(time.process_time() - middle)
    ours, read = (statistics.median(seconds[what]) for what in ("link", "read"))
    print(f"{MILLION:,} reports: {ours:.1f} s of processor time, {ours / read:.1f} times reading them")


if __name__ == "__main__":
    world, cases, seed = (sys.argv[1:] + ["nl-2017", "20000", "1"][len(sys.argv) - 1 :])[:3]
    measure(world, int(cases), int(seed))
    time_a_million()
