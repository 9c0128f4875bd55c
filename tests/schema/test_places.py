"""A batch at a URL is read as a batch in a folder is, and refused as clearly where it cannot be."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import pyarrow.parquet as pq
import pytest

from tests.elsewhere import Server, serve
from triage.errors import InputRefusedError
from triage.intake.opening import open_any
from triage.schema import batch as batches
from triage.schema.batch import SET_ASIDE_FILE, open_batch, read_case_ids, split_part, write_batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part
from triage.schema.places import Elsewhere, find_place
from triage.schema.tables import TABLES

SECRET = "s3cr3t/Pw"  # noqa: S105 - of the tests alone


@pytest.fixture
def folder(make_part: Callable[..., Part], tmp_path: Path, now: datetime) -> Path:
    """A batch in three parts, with a row set aside."""
    part = make_part(
        reports=[{"report_id": f"r{i}", "incident_type": "csam"} for i in range(6)],
        files=[{"file_id": f"f{i}", "report_id": f"r{i % 6}"} for i in range(13)]
        + [{"file_id": "f0", "report_id": "r0"}],
    )
    assert part.set_aside.num_rows == 1
    write_batch(tmp_path / "batch", split_part(part, 2), BatchMeta("test", now))
    return tmp_path / "batch"


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serve(folder.parent) as server:
        yield server


def in_memory(folder: Path) -> str:
    memory = fsspec.filesystem("memory")
    memory.rm("/store", recursive=True) if memory.exists("/store") else None
    memory.put(str(folder), "/store/batch", recursive=True)
    return "memory://store/batch"


def in_archive(folder: Path) -> str:
    archive = shutil.make_archive(str(folder.parent / "all"), "zip", folder.parent, folder.name)
    return f"zip://{folder.name}::file://{archive}"


def in_archive_on_server(folder: Path, server: Server) -> str:
    in_archive(folder)
    return f"zip://{folder.name}::{server.url}/all.zip"


@pytest.mark.parametrize("where", ["memory", "archive", "server", "archive on the server", "file"])
def test_a_batch_elsewhere_is_the_batch_in_its_folder(folder: Path, server: Server, where: str) -> None:
    urls = {
        "memory": lambda: in_memory(folder),
        "archive": lambda: in_archive(folder),
        "server": lambda: f"{server.url}/batch",
        "archive on the server": lambda: in_archive_on_server(folder, server),
        "file": lambda: f"file://{folder}",
    }
    here, there = open_batch(folder), open_any(urls[where]())
    assert there.meta == here.meta
    assert there.set_aside.equals(here.set_aside)
    assert there.set_aside.num_rows == 1
    for one, other in zip(here.parts(), there.parts(), strict=True):
        assert one.cases.equals(other.cases)
        assert all(one.tables[name].equals(other.tables[name]) for name in TABLES)
    assert there.folder
    assert read_case_ids(there.folder, 1).equals(here.read_part(1).cases)


def test_opening_reads_the_ends_of_files_and_asks_for_no_listing(folder: Path, server: Server) -> None:
    file = folder / "files" / "part-00001.parquet"
    table = pq.read_table(file)
    # So much that its end is less than the whole.
    pq.write_table(table.replace_schema_metadata({"note": os.urandom(150_000).hex()}), file)
    padded = file.read_bytes()
    file.write_bytes(padded[:4] + bytes(1_000_000) + padded[4:])
    server.asked.clear()
    open_any(f"{server.url}/batch")
    assert {what for what, _, _ in server.asked} == {"GETFILESTATUS", "OPEN"}
    lengths = [length for what, name, length in server.asked if what == "OPEN" and name.endswith(".parquet")]
    assert min(lengths) < 65_536


@pytest.mark.parametrize("size", [1, 9, 300])
def test_a_file_whose_account_is_longer_than_what_is_read_of_it_is_read_whole(
    server: Server, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(batches, "_FOOTER", size)
    assert open_any(f"{server.url}/batch").meta.rows["files"] == 13


def test_a_folder_of_that_name_here_comes_before_the_url(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s3:").mkdir()
    shutil.copytree(folder, tmp_path / "s3:" / "batch")
    monkeypatch.chdir(tmp_path)
    assert open_any("s3://batch").meta.name == "test"


@pytest.mark.parametrize("name", ["batch", "./s3:/batch", "a::b", "C:\\batch", "C://batch", "s3:/batch", ""])
def test_what_looks_like_no_url_is_a_path(name: str) -> None:
    assert find_place(name) == Path(name)
    assert find_place(Path("s3://batch")) == Path("s3:/batch")


@pytest.mark.parametrize(
    "url",
    [
        f"s3://key:{SECRET}@bucket/batch",
        f"https://{SECRET.replace('/', '')}@host/batch",
        f"zip://batch::s3://key:{SECRET}@bucket/all.zip",
        f"abfss://container:{SECRET}@account/batch",
        f"https://host/batch?signature={SECRET}",
        f"https://host/batch#{SECRET}",
        f"sftp://{SECRET.replace('/', '')}@host/batch",
    ],
)
def test_a_secret_in_a_url_is_refused_and_not_said_again(url: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        open_any(url)
    assert "s3cr3t" not in str(refused.value) + str(refused.value.as_dict())
    assert "in the URL" in refused.value.found


@pytest.mark.parametrize(
    "url", ["abfss://container@account.host/batch", "s3://bucket/a@b", "webhdfs://host:9870/a@b"]
)
def test_what_is_no_secret_passes(url: str) -> None:
    assert str(find_place(url) / "batch.json") == f"{url}/batch.json"


def test_what_the_environment_gives_is_used_and_travels_with_no_part(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fsspec.config.conf, "webhdfs", {"user": "anna", "password": SECRET})
    fsspec.filesystem("webhdfs", host="127.0.0.1", port=server.server_port).clear_instance_cache()
    batch = open_any(f"{server.url}/batch")
    assert server.with_password == {"Basic YW5uYTpzM2NyM3QvUHc="}
    sent = pickle.dumps(batch.read_part)
    assert b"s3cr3t" not in sent
    assert b"anna" not in sent
    assert len(sent) < 500
    assert pickle.loads(sent)(1).cases.equals(batch.read_part(1).cases)  # noqa: S301 - of our own making


def refusal(url: str) -> InputRefusedError:
    with pytest.raises(InputRefusedError) as refused:
        list(open_any(url).parts())
    assert refused.value.mend
    return refused.value


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


HARM: dict[str, Callable[[Server, str], object]] = {
    "forbid": lambda server, name: server.forbidden.add(name),
    "cut off": lambda server, name: server.cut.add(name),
    "remove": lambda server, name: (server.folder / name).unlink(),
    "damage": lambda server, name: damage(server.folder / name),
    "empty": lambda server, name: (server.folder / name).write_bytes(b""),
}
PART = "files/part-00001.parquet"


@pytest.mark.parametrize(
    ("harm", "name", "said"),
    [
        ("forbid", "batch.json", "may not be read"),
        ("forbid", PART, "may not be read, or is not there (Permission denied"),
        ("forbid", SET_ASIDE_FILE, "may not be read"),
        ("cut off", "batch.json", "cannot be read"),
        ("cut off", PART, "cannot be read"),
        ("cut off", SET_ASIDE_FILE, "cannot be read"),
        ("remove", "batch.json", "no batch.json"),
        ("remove", PART, "no such file"),
        ("remove", SET_ASIDE_FILE, "no such file"),
        ("damage", PART, "not a whole Parquet file"),
        ("empty", PART, "not a whole Parquet file"),
        ("damage", SET_ASIDE_FILE, "not a whole Parquet file"),
    ],
)
def test_what_is_missing_forbidden_cut_off_or_damaged_is_named(
    server: Server, harm: str, name: str, said: str
) -> None:
    HARM[harm](server, f"batch/{name}")
    refused = refusal(f"{server.url}/batch")
    assert said in refused.found
    assert urlsplit(refused.where).path in {f"/batch/{name}", "/batch"}


def test_a_part_that_comes_short_after_the_batch_was_opened_is_refused(server: Server) -> None:
    batch = open_any(f"{server.url}/batch")
    server.cut.add(f"batch/{PART}")
    with pytest.raises(
        InputRefusedError, match=r"files/part-00001.parquet: cannot be read \(ChunkedEncoding"
    ):
        batch.read_part(1)


def test_a_part_too_many_is_told_as_in_a_folder(folder: Path, server: Server) -> None:
    shutil.copy(folder / PART, folder / "files" / "part-00003.parquet")
    assert refusal(f"{server.url}/batch").found == refusal(str(folder)).found


def test_rows_that_are_not_there_are_told_as_in_a_folder(folder: Path, server: Server) -> None:
    pq.write_table(pq.read_table(folder / PART).slice(1), folder / PART)
    assert refusal(f"{server.url}/batch").found == refusal(str(folder)).found


def test_what_the_environment_gave_is_not_said_where_a_server_does_not_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fsspec.config.conf, "webhdfs", {"token": SECRET})
    with serve(folder.parent) as server:
        batch = open_any(f"{server.url}/batch")
    with pytest.raises(InputRefusedError, match="url: /webhdfs") as refused:
        batch.read_part(0)
    assert "s3cr3t" in str(refused.value.__context__)
    assert "s3cr3t" not in "".join(traceback.format_exception(refused.value))


def test_a_server_that_is_gone_is_told(folder: Path) -> None:
    with serve(folder.parent) as server:
        batch = open_any(f"{server.url}/batch")
    with pytest.raises(InputRefusedError, match="cannot be read \\(ConnectionError"):
        batch.read_part(0)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nothing://host/batch", "Protocol not known"),
        ("memory://nowhere", "no batch.json"),
        ("zip://batch::file:///nowhere.zip", "no batch.json"),
        ("file:///nowhere", "no such folder"),
    ],
)
def test_what_leads_nowhere_is_refused(url: str, said: str) -> None:
    assert said in refusal(url).found


def test_without_fsspec_the_mend_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(InputRefusedError, match=r"pip install 'report-triage\[remote\]'"):
        open_any("s3://bucket/batch")


def test_without_what_a_protocol_needs_the_message_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    refused = refusal("s3://bucket/batch")
    assert "s3fs" in refused.found
    assert refused.mend.startswith("install what the protocol needs")


def test_it_can_only_be_read() -> None:
    place = find_place("memory://store/batch")
    assert isinstance(place, Elsewhere)
    with pytest.raises(ValueError, match="wb"):
        place.open("wb")
