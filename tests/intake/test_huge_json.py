"""JSON made to fill the memory: at a limit it is read, beyond it is set aside, and memory stays bounded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.intake.documents import Document
from triage.intake.imported import Imported
from triage.intake.importing import read_documents
from triage.intake.limits import Limits
from triage.intake.tokens import TokenKey

HEAD = b'{"reportId": 1, "uploadedFiles": [], '
# Each a report with n of something.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "wide list": lambda n: HEAD + b'"reportedPeople": [' + b",".join([b"{}"] * n) + b"]}",
    "wide object": lambda n: HEAD + b",".join(b'"k%d": 1' % place for place in range(n)) + b"}",
    "one name again": lambda n: HEAD + b",".join([b'"reportedPeople": []'] * n) + b"}",
    "numbers": lambda n: HEAD + b'"a": [' + b",".join([b"1e400"] * n) + b"]}",
    "nested": lambda n: HEAD + b'"a": ' + b"[" * n + b"]" * n + b"}",
    "long text": lambda n: HEAD + b'"a": "' + b"\\u0041" * n + b'"}',
    "strokes": lambda n: HEAD + b'"a": "' + b"\\" * (2 * n) + b'"}',
    "digits": lambda n: HEAD + b'"a": ' + b"9" * n + b"}",
}
SMALL = Limits(nodes=400, depth=20, document_bytes=3000)


def read(content: bytes, limits: Limits) -> Imported:
    return read_documents(
        [Document.of("a.json", content)], TokenKey(bytes(16)), datetime(2025, 5, 5, tzinfo=UTC), limits=limits
    )


def fits(content: bytes, limits: Limits) -> bool:
    bare = re.sub(rb'"(?:\\.|[^"\\])*"', b"", content)
    deep = level = 0
    for sign in bare.decode():
        level += (sign in "[{") - (sign in "]}")
        deep = max(deep, level)
    values = sum(bare.count(sign) for sign in (b"[", b"{", b","))
    return len(content) <= limits.document_bytes and deep <= limits.depth and values <= limits.nodes


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), st.one_of(st.integers(1, 30), st.integers(150, 450)), st.booleans())
def test_what_fits_the_limits_is_read_and_what_does_not_is_set_aside(
    shape: str, n: int, listed: bool
) -> None:
    content = SHAPES[shape](n)
    whole = b"[" + content + b"]" if listed else content
    imported = read(whole, SMALL)
    kept, aside = imported.tables["reports"].num_rows, imported.set_aside.num_rows
    assert (kept, aside) == ((1, 0) if fits(content, SMALL) and len(whole) <= 3000 else (0, 1))
    if aside:
        assert "--limit" in imported.set_aside["mend"].to_pylist()[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 400), st.integers(0, 399))
def test_of_a_list_of_many_small_reports_each_is_counted_alone(n: int, bad: int) -> None:
    reports = [b'{"reportId": %d, "uploadedFiles": []}' % place for place in range(1, n + 1)]
    if bad < n and bad:
        reports[bad] = b"7"
    imported = read(b"[" + b",".join(reports) + b"]", Limits(nodes=10))
    assert imported.tables["reports"].num_rows + imported.set_aside.num_rows == n
    assert imported.set_aside.num_rows == (0 < bad < n)


MEASURE = """
import resource, sys
from datetime import UTC, datetime
from tests.intake.test_huge_json import SHAPES, read
from triage.intake.limits import Limits
content = SHAPES[sys.argv[1]](int(sys.argv[2]))
read(SHAPES["nested"](2), Limits())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
read(content, Limits())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / len(content))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "n"),
    [
        ("wide list", 499_000), ("wide list", 20_000_000), ("wide object", 480_000), ("one name again", 480_000),
        ("numbers", 499_000), ("nested", 30_000_000), ("long text", 10_000_000), ("strokes", 30_000_000),
        ("digits", 60_000_000),
    ],
)  # fmt: skip
def test_memory_is_bounded_by_the_size_of_the_document_whatever_is_in_it(shape: str, n: int) -> None:
    """At and far beyond the limits: some hundred bytes a byte is what two-byte values take in Python."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, shape, str(n)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < (250 if n < 1_000_000 else 8)
    assert json.loads(done.stdout) >= 0
