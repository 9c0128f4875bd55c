from __future__ import annotations

import hashlib
import hmac
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.record.conftest import KEY, header, row
from triage.errors import InputRefusedError
from triage.record import Head, Record
from triage.record.chain import parse_head, stamp, to_json


def test_entries_are_bound_as_the_documentation_says(record: Record, file: Path) -> None:
    """Everything is computed again here with hashlib alone, from what lies in the file."""
    head = record.keep_list(header(), [row("c1"), row("c2", 2, tier=5)])
    key = hmac.new(KEY.secret, b"\x00record chain 1", hashlib.sha256).digest()
    with closing(sqlite3.connect(file)) as database:
        entries = database.execute(
            "SELECT seq, at, kind, commitment, previous, mac FROM entries ORDER BY seq"
        ).fetchall()
        leaves = database.execute(
            "SELECT seq, place, commitment, salt, payload FROM leaves ORDER BY seq, place"
        ).fetchall()
    assert [entry[2] for entry in entries] == ["begun", "list_below", "list"]
    mac = bytes(32)
    for seq, at, kind, commitment, previous, own in entries:
        under = [leaf[2:] for leaf in leaves if leaf[0] == seq]
        for leaf, salt, payload in under:
            assert len(salt) == 16
            assert leaf == hashlib.sha256(salt + payload).digest()
        text = f'["{kind}", "{at}"]\n'.encode() + b"".join(leaf for leaf, _, _ in under)
        assert commitment == hashlib.sha256(text).digest()
        assert previous == mac
        mac = hmac.new(key, seq.to_bytes(8, "big") + commitment + previous, hashlib.sha256).digest()
        assert own == mac
    assert head == Head(3, mac)
    assert str(head) == f"3:{mac.hex()[:16]}"


def test_the_same_payload_never_has_the_same_commitment(record: Record, file: Path) -> None:
    for batch in ("b1", "b2"):
        record.keep_list(header(batch), [row("c1")])
    with closing(sqlite3.connect(file)) as database:
        found = database.execute("SELECT payload, commitment FROM leaves WHERE case_id = 'c1'").fetchall()
    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_json_is_canonical() -> None:
    assert to_json({"b": [1, 2.5, None, True], "a": "é"}) == b'{"a":"\\u00e9","b":[1,2.5,null,true]}'
    assert to_json({"a": float("inf")}) == to_json({"a": float("nan")}) == b'{"a":null}'
    with pytest.raises(TypeError, match="object"):
        to_json({"a": object()})


def test_times_are_kept_in_utc_whatever_their_zone() -> None:
    there = datetime(2024, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(there) == stamp(datetime(2024, 3, 1, 8, tzinfo=UTC)) == "2024-03-01T08:00:00.000000+00:00"


@pytest.mark.parametrize(
    "text", ["", "12", "0:00ff00ff00ff00ff", "12:00ff", "x:00ff00ff00ff00ff", "12:zzzzzzzzzzzzzzzz"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InputRefusedError, match="head"):
        parse_head(text)


def test_full_head_is_a_head() -> None:
    assert parse_head(Head(3, bytes(32)).full) == (3, "0" * 64)
