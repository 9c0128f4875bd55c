from __future__ import annotations

import stat
from pathlib import Path

import pytest

from triage.errors import InputRefusedError, OutputExistsError
from triage.intake.refs import read_refs, refs_file, write_refs


def test_token_leads_to_the_numbers_of_the_sender(tmp_path: Path) -> None:
    write_refs(tmp_path / "b", [("r1", "2002"), ("r1", "1001"), ("r2", "3"), ("r1", "1001")])
    assert read_refs(tmp_path / "b", ["r1", "r3"]) == [("r1", "1001"), ("r1", "2002")]
    assert len(read_refs(tmp_path / "b", [f"r{i}" for i in range(2000)])) == 3


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    write_refs(tmp_path / "b", [("r1", "1")])
    assert stat.S_IMODE(refs_file(tmp_path / "b").stat().st_mode) == 0o600


def test_existing_references_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    write_refs(tmp_path / "b", [("r1", "1")])
    with pytest.raises(OutputExistsError):
        write_refs(tmp_path / "b", [("r1", "2")])
    write_refs(tmp_path / "b", [("r1", "2")], force=True)
    assert read_refs(tmp_path / "b", ["r1"]) == [("r1", "2")]


@pytest.mark.parametrize("content", [None, b"", b"not a database at all, but long enough to look at" * 40])
def test_missing_or_foreign_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        refs_file(tmp_path / "b").write_bytes(content)
    with pytest.raises(InputRefusedError, match=r"b-refs\.sqlite"):
        read_refs(tmp_path / "b", ["r1"])
