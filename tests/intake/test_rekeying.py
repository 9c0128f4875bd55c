"""The next key: tokens of both are the same to whoever holds both, and strangers to everybody else."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.intake.test_waiting import TWO, bring_in, details, report
from triage.errors import InputRefusedError
from triage.intake.importing import import_files
from triage.intake.rekeying import rekey_batch
from triage.intake.tokens import TokenKey, load_key
from triage.schema.batch import open_batch, write_batch
from triage.schema.tables import TABLES

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
OLD, NEW = TokenKey(FIRST), TokenKey(SECOND, (FIRST,))
MONDAY = datetime(2025, 5, 5, 12, tzinfo=UTC)


def test_the_first_key_makes_the_tokens_it_always_made() -> None:
    by_hand = hmac.new(FIRST, b"person\x1fS\x1fu1", hashlib.sha256).hexdigest()[:24]
    assert OLD.token("person", "S", "u1") == by_hand
    again = hmac.new(SECOND, b"again\x1f" + by_hand.encode(), hashlib.sha256).hexdigest()[:24]
    assert NEW.token("person", "S", "u1") == again


@given(st.text(), st.text())
def test_the_holder_of_both_keys_bridges_every_token(kind: str, identifier: str) -> None:
    assert NEW.bridge(OLD.token(kind, identifier)) == NEW.token(kind, identifier)
    assert NEW.token(kind, identifier) != TokenKey(SECOND).token(kind, identifier)


def test_a_batch_of_the_old_key_becomes_what_the_new_key_would_have_made_of_its_reports(tmp_path) -> None:
    monday = bring_in(tmp_path, "monday", MONDAY, **TWO, f1=details(71), tip_9=report("3"))
    direct = import_files([tmp_path / "monday"], NEW, MONDAY, "monday").part
    rekeyed = rekey_batch(monday, NEW)
    assert rekeyed.meta.key_check == NEW.check() != OLD.check()
    write_batch(tmp_path / "new", rekeyed.parts(), rekeyed.meta)
    (part,) = open_batch(tmp_path / "new").parts()
    for name in TABLES:
        # Of two reports of one second that are one case, it is named after the one whose token is lower.
        rows = [
            sorted(map(repr, some.tables[name].drop_columns("case_id").to_pylist()))
            for some in (part, direct)
        ]
        assert rows[0] == rows[1], name
    cases = [
        {
            frozenset(ids)
            for ids in some.tables["reports"].to_pandas().groupby("case_id")["report_id"].agg(list)
        }
        for some in (part, direct)
    ]
    assert cases[0] == cases[1]
    waits = [
        some.column("waits_for").to_pylist()
        for some in (open_batch(tmp_path / "new").set_aside, direct.set_aside)
    ]
    assert waits[0] == waits[1] == [NEW.token("source-report", "71")]


@pytest.mark.parametrize("key", [OLD, TokenKey(SECOND), TokenKey(SECOND, (SECOND[::-1],))])
def test_a_key_that_did_not_replace_that_of_the_batch_is_refused(tmp_path, key) -> None:
    monday = bring_in(tmp_path, "monday", MONDAY, **TWO)
    with pytest.raises(InputRefusedError, match="put the old key on the first line"):
        rekey_batch(monday, key)


def test_a_file_holds_the_keys_the_oldest_first(tmp_path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{FIRST.hex()}\n{SECOND.hex()}\n")
    assert load_key(file) == NEW
    file.write_text(f"{FIRST.hex()}\n{FIRST.hex()}\n")
    with pytest.raises(InputRefusedError, match="several keys differ"):
        load_key(file)
