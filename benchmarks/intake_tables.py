"""How long a table of a million lines takes to become canonical rows, beside what pyarrow needs to read it.

Run: python benchmarks/intake_tables.py [LINES]

Three sheets: `files` has three lines a report (a file and a log-in each), `contacts` a report a line with a person, an
account and a child each, `addresses` forty lines a report, of which codes and times are kept. Written by a seeded
generator; no line is of a real report.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.csv as pv

from triage.intake.documents import Document
from triage.intake.importing import FORMATS, read_documents
from triage.intake.sheets.mapping import read_mapping
from triage.intake.sheets.read import sheet_formats
from triage.intake.tokens import TokenKey

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
FILES = (
    "CSEA-IRP reference,Priority,Report received,Incident time,Offence type,Channel,Country,Platform,Username,"
    "Stated age,Billing name,Billing address,Account status,File number,File name,Upload time,Category,Hash,"
    "Hash match,Viewed by platform,IP address,Port,Event,Event time,Comments"
)
CONTACTS = (
    "Contact number,Received,Who contacts us,Where,Urgent,Country,Platform,Suspect screen name,Suspect age,"
    "Name of suspect,Works with children,Child age,Relation,Contact with child,Child in danger,Name of child,"
    "What happened,Notes"
)
ADDRESSES = "Case,Received,Priority,Country,Channel,Address,Found at,Class,Age class,Category,Worker,Notes"
MAPPING = """
format = 1
name = "addresses"
version = 1
[sheet.a]
must_have = ["Case", "Address", "Found at"]
report = "Case"
dropped = ["Address", "Found at", "Worker", "Notes"]
[sheet.a.reports]
received_at = { time = "Received" }
source_priority = { code = "Priority", words = { "1" = "P1", "2" = "P2", "3" = "P3" } }
jurisdiction_country = { country = "Country" }
channels = { set = "Channel" }
[sheet.a.files]
when = ["Address"]
each = "line"
severity_class = { code = "Category", words = { "A" = "IWF_A", "B" = "IWF_B" } }
legal_class = { code = "Class", words = { "1" = "baseline", "2" = "national" } }
"""
TEXT = "obviously invented words that stand for what somebody wrote about it, " * 2


def files_line(i: int, draw: random.Random) -> str:
    """Return a line about a file and a log-in of a report that has three."""
    n = i // 3
    person = n * 7919 % 200_003
    day = f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/2025 {n % 24:02d}:{i % 60:02d}"
    return (
        f"R{n},{n % 3 + 1},{day},{day},images,chat,GB,Kik,user{person},{n % 60 + 10},A Name,1 Invented Street,active,"
        f"{i},picture{i}.jpg,{day},{'ABC'[i % 3]},{draw.getrandbits(128):032x},no,yes,203.0.{i % 113}.{i % 251},"
        f"{i % 60000 + 1024},login,{day},{TEXT}".replace(", ", " ")
    )


def contacts_line(i: int, draw: random.Random) -> str:
    """Return a line of a helpline's form."""
    day = f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2025 {i % 24:02d}:{i % 60:02d}"
    return (
        f"{i},{day},parent,chat,{'yes' if draw.random() < 0.1 else 'no'},NL,Discord,user{i * 7919 % 500_009},{i % 60 + 10},"
        f'A Name,no,{i % 18},father,yes,no,A Child,"{TEXT}",note'
    )


def addresses_line(i: int, draw: random.Random) -> str:
    """Return a line about one of the addresses of a report."""
    day = f"2025-{i // 40 % 12 + 1:02d}-{i // 40 % 28 + 1:02d}T10:00:00Z"
    where = f"http://host{i % 977}.example/{draw.getrandbits(64):016x}"
    return f"R{i // 40},{day},{i % 3 + 1},NL,web,{where},http://from.example/{i},1,2,B,worker{i % 9},{TEXT[:60]}".replace(
        ", ", " "
    )


def main(lines: int) -> None:
    """Write the sheets, read them with pyarrow, and read them as an import does."""
    sheets = (
        ("files", FILES, files_line),
        ("contacts", CONTACTS, contacts_line),
        ("addresses", ADDRESSES, addresses_line),
    )
    formats = (*FORMATS, *sheet_formats([read_mapping(tomllib.loads(MAPPING), "benchmark")]))
    for name, header, line in sheets:
        draw = random.Random(1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.csv"
            with path.open("w") as file:
                file.write(header + "\n")
                file.writelines(line(i, draw) + "\n" for i in range(lines))
            start = time.process_time()
            pv.read_csv(path, read_options=pv.ReadOptions(use_threads=False))
            alone = time.process_time() - start
            start = time.process_time()
            found = read_documents([Document.at(path)], TokenKey(bytes(32)), RECEIVED, formats=formats)
            taken = time.process_time() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rows = sum(table.num_rows for table in found.tables.values())
            print(
                f"{name}: {lines:,} lines, {path.stat().st_size / 1e6:.0f} MB: pyarrow alone {alone:.1f} s of processor, import"
                f" {taken:.1f} s ({taken / alone:.1f} times), {rows:,} rows, {found.set_aside.num_rows} set aside;"
                f" peak memory {peak:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
