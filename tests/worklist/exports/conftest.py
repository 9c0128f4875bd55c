"""A small worklist made by hand, with text in it that would like to be more than text."""

import importlib.util
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from triage.worklist.listing import WORKLIST_SCHEMA

NOW = datetime(2024, 6, 1, tzinfo=UTC)
TEXTS = [field.name for field in WORKLIST_SCHEMA if field.type == pa.string() and field.name != "lane"]
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\uff1d1+1",
    "a;=1+1",
    "a,\t@x",
    "line\n-1",
    '=HYPERLINK("http://example.org")',
    "=cmd|' /C calc'!A0",
    'a"b',
    "a,b",
    "a;b",
    "{=1}",
    "http://example.org/x",
    "_x0041_",
    "<script>struck()</script>",
    "</script><script>struck()</script>",
    "<!--<script>",
    "]]><img src=http://example.org/x onerror=struck()>",
    "<svg onload=struck()>",
    "javascript:struck()",
    "{{7*7}}",
    "{% raw %}",
    "&lt;b&gt;",
    "\u2028struck()//",
    "\u202eevil",
    "\x1b]0;x\x07",
    "__proto__",
    "constructor",
    "é",
    "a" * 200,
]


def load_browsing():
    spec = importlib.util.spec_from_file_location("browsing", Path(__file__).with_name("browsing.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["browsing"] = module
    spec.loader.exec_module(module)
    return module


def row_of(place, lane="ranked", **values):
    tier = {"unreadable": 1, "escalated": 1, "youth": 2, "paused": None}.get(lane, 3 if place < 6 else 5)
    row = {
        "rank": place,
        "lane": lane,
        "tier": tier,
        "case_id": f"{lane}-{place:05}",
        "score": None if lane in {"youth", "unreadable"} else 4.5 - place / 4,
        "due_at": NOW + timedelta(days=tier) if tier and tier < 5 else None,
        "received_at": NOW - timedelta(hours=10 * place),
        "waiting_hours": 10.0 * place,
        "reports": 1 + place % 3,
        "sources": ("helpline", "goaml foreign_police", "helpline goaml")[place % 3],
        "country": ("NL", "BE", "")[place % 3],
        "solvability": "named, country known",
        "completeness": 0.5,
        "reasons": f"an earlier contact offence (+5); number {place} (-0.25)",
        "missing": "whether a child is within reach (rank 2 if so, 9 if not)",
        "tied": 1,
        "model": "expert",
        "batch": "spring",
        "unit": "north",
        "policy": "default",
        "fingerprints": "model:00000001 policy:00000002 batch:00000003",
    }
    return {**row, **values}


def make_list(rows, **said):
    """Give what an export asks of a worklist."""
    lanes = {
        name: sum(row["lane"] == name for row in rows)
        for name in ("unreadable", "escalated", "youth", "ranked", "paused")
    }
    table = pa.Table.from_pylist(rows, schema=WORKLIST_SCHEMA)

    class List(SimpleNamespace):
        def __len__(self):
            return self.table.num_rows

        def blocks(self):
            size = self.table.num_rows
            return [self.table.slice(start, 4) for start in range(0, max(size, 1), 4)]

    known = {
        "table": table,
        "model": "expert",
        "fingerprints": "model:00000001 policy:00000002 batch:00000003",
        "batch": "spring",
        "hidden": frozenset(),
        "capacity": 6,
        "lanes": lanes,
        "tied_at_cut": 3,
        "probability_note": "not calibrated here",
        "set_aside": 1,
        "not_yet_known": 0,
        "findings": [],
        "alarms": ["more escalated than can be opened"],
        "policy": SimpleNamespace(name="default"),
        "as_of": NOW,
        "synthetic": True,
    }
    return List(**{**known, **said})


def ordinary_rows(ranked=10):
    return [
        row_of(1, "unreadable"),
        *(row_of(place, "escalated", imminence="a child in contact or in crisis") for place in (2, 3)),
        *(row_of(place, "youth", reasons="a child to protect", missing="") for place in (1, 2)),
        *(row_of(place) for place in range(4, 4 + ranked)),
        row_of(1, "paused"),
    ]


def hostile_rows():
    """Put each hostile text into every cell of text, one row a text."""
    return [row_of(place, **dict.fromkeys(TEXTS, text)) for place, text in enumerate(HOSTILE, start=1)]


@pytest.fixture
def worklist():
    return make_list(ordinary_rows())


@pytest.fixture
def hostile():
    return make_list(hostile_rows(), alarms=HOSTILE, probability_note=HOSTILE[21])


@pytest.fixture
def texts():
    return HOSTILE


@pytest.fixture
def text_columns():
    return TEXTS


@pytest.fixture
def list_of():
    """Make a list with so many ranked cases."""
    return lambda ranked, **said: make_list(ordinary_rows(ranked), **said)


@pytest.fixture(scope="session")
def browsing():
    return load_browsing()


@pytest.fixture(scope="module")
def tab(browsing, tmp_path_factory):
    with browsing.Tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab
