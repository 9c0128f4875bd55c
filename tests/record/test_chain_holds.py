"""Whatever is done to a record, in whatever order, the chain holds; whatever is done past it is found."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.record.conftest import KEY, Clock, header, row, rows_of
from tests.record.test_pool import reports
from triage.errors import InputRefusedError
from triage.record import open_record

CASES = st.sampled_from(["c1", "c2", "c3", "c4"])


class Morning(RuleBasedStateMachine):
    """Lists, decisions, merges and forgetting, beside a plain model of what must be known."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="record-holds-"))
        self.file = self.folder / "record.sqlite"
        self.record = open_record(self.file, KEY, clock=Clock())
        self.heads = [str(self.record.head())]
        self.known: set[str] = set()
        self.opened: set[str] = set()
        self.batches = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(cases=st.sets(CASES, min_size=1), share=st.sampled_from([0.0, 0.5, 1.0]))
    def list_cases(self, cases: set[str], share: float) -> None:
        self.batches += 1
        batch = f"b{self.batches}"
        self.record.keep_rows(batch, {}, {"reports": reports(*sorted(cases))})
        self.record.keep_members({case: case for case in cases})
        self.record.keep_list(
            header(batch), [row(case, rank, inclusion=share) for rank, case in enumerate(sorted(cases), 1)]
        )
        self.known |= cases

    @rule(case=CASES)
    def open_case(self, case: str) -> None:
        try:
            self.record.decide(case, "a", "opened")
        except InputRefusedError:
            assert case not in self.known or case in self.opened
        else:
            assert case in self.known - self.opened
            self.opened.add(case)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def forget_case(self, data: st.DataObject) -> None:
        case = data.draw(st.sampled_from(sorted(self.known)))
        self.record.forget(case)
        self.known.discard(case)
        self.opened.discard(case)
        left = b"".join(path.read_bytes() for path in self.folder.iterdir())
        assert f'"case_id":"{case}"'.encode() not in left

    @invariant()
    def chain_holds(self) -> None:
        self.heads.append(str(self.record.head()))
        checked = self.record.verify(self.heads[len(self.heads) // 2])
        assert checked.breaks == []

    @invariant()
    def record_knows_what_it_was_told_and_not_forgotten(self) -> None:
        assert set(self.record.members()) == self.known
        assert {state.case_id for state in self.record.states()} == self.opened
        rows = rows_of(self.record)
        assert set(rows["reports"]["report_id"].to_pylist() if rows else []) == self.known

    @rule(data=st.data())
    def change_a_bit_and_look(self, data: st.DataObject) -> None:
        """In a copy: any bit of any value that was written."""
        copy = self.folder / "copy"
        with closing(sqlite3.connect(self.file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                target.execute(f"DROP TRIGGER {name}")
            table, columns = data.draw(
                st.sampled_from(
                    [
                        ("entries", ["commitment", "previous", "mac"]),
                        ("leaves", ["commitment", "salt", "payload"]),
                    ]
                )
            )
            column = data.draw(st.sampled_from(columns))
            rows = target.execute(
                f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL"
            ).fetchall()
            rowid, value = data.draw(st.sampled_from(rows))
            bit = data.draw(st.integers(0, len(value) * 8 - 1))
            changed = bytearray(value)
            changed[bit // 8] ^= 1 << bit % 8
            target.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(changed), rowid))
            target.commit()
        found = open_record(copy, KEY).verify().breaks
        assert [line for line in found if line.startswith(("entry", "leaves"))]
        copy.unlink()


Morning.TestCase.settings = settings(
    max_examples=6, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMorning = Morning.TestCase
