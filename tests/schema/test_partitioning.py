from __future__ import annotations

import resource
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.intake import canonical
from triage.intake.canonical import partition_folder
from triage.intake.tables import read_csv_folder
from triage.schema import routing, spilling
from triage.schema.batch import Batch, open_batch, split_part, write_batch
from triage.schema.keys import mend_rows
from triage.schema.knowing import forget_future_knowing, stamp_enrichment
from triage.schema.meta import BatchMeta
from triage.schema.settling import settle
from triage.schema.spilling import Ranges, hash_tokens, sortable_tokens
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Rows = dict[str, list[dict[str, str | None]]]


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen rows go through as many buckets as a million would."""
    monkeypatch.setattr(routing, "BUCKET_ROWS", 5)
    monkeypatch.setattr(routing, "RANGE_ROWS", 6)
    monkeypatch.setattr(spilling, "FLUSH_BYTES", 400)
    monkeypatch.setattr(canonical, "BLOCK_ROWS", 3)


def _ids(letter: str, most: int = 4) -> st.SearchStrategy[str | None]:
    return st.sampled_from([*(f"{letter}{i}" for i in range(most)), None, "no token!"])


def _rows(**columns: st.SearchStrategy[str | None]) -> st.SearchStrategy[list[dict[str, str | None]]]:
    return st.lists(st.fixed_dictionaries(columns), max_size=8)


TIMES = st.sampled_from(
    ["2024-01-01T00:00:00Z", "2024-03-05", None, "soon", "2099-01-01", "2024-05-31T23:00:00Z"]
)
FLAGS = st.sampled_from(["asserted", "denied", None, "perhaps"])
COUNTRIES = st.sampled_from(["NL", "de", None, "Holland"])
UNLINKED: dict[str, dict[str, st.SearchStrategy[str | None]]] = {
    "reports": {
        "report_id": _ids("r", 6),
        "received_at": TIMES,
        "source_ref_hash": _ids("n"),
        "escalated_by_reporter": FLAGS,
        "jurisdiction_country": COUNTRIES,
        "channels": st.sampled_from(["web|chat", "web", None, "pigeon", "web|pigeon"]),
    },
    "persons": {
        "person_id": _ids("p"),
        "report_id": _ids("r", 7),
        "role": st.sampled_from(["reported", "recipient", None]),
        "known_at": TIMES,
    },
    "accounts": {"account_id": _ids("a"), "person_id": _ids("p"), "compromised": FLAGS},
    "files": {
        "file_id": _ids("f"),
        "report_id": _ids("r", 7),
        "severity_class": st.sampled_from(["A1", None]),
    },
    "network_events": {
        "event_id": _ids("e"),
        "account_id": _ids("a"),
        "link_token": st.sampled_from(["d:x", "y", None]),
        "event_at": TIMES,
        "ip_country": COUNTRIES,
    },
    "outcomes": {"report_id": _ids("r", 7), "outcome_kind": st.sampled_from(["open", "duplicate", None])},
}
SOURCES = st.fixed_dictionaries({name: _rows(**columns) for name, columns in UNLINKED.items()})
COUNT = {
    "max_examples": 25,
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


def _table(name: str, rows: list[dict[str, str | None]], *, stated: bool) -> pa.Table:
    columns = [*UNLINKED[name], *(["case_id"] if stated else [])]
    return pa.table({column: pa.array([row[column] for row in rows], pa.string()) for column in columns})


def _write(folder: Path, rows: Rows, cuts: list[float], form: str, *, stated: bool = False) -> Path:
    """Write each table in as many files as there are cuts, and one."""
    folder.mkdir()
    for name, told in rows.items():
        table = _table(name, told, stated=stated)
        (folder / name).mkdir()
        bounds = [0, *sorted(int(cut * len(told)) for cut in cuts), len(told)]
        for number, (start, stop) in enumerate(pairwise(bounds)):
            piece = table.slice(start, stop - start)
            if form == "parquet":
                pq.write_table(piece, folder / name / f"{number}.parquet")
            else:
                pv.write_csv(piece, folder / name / f"{number}.csv")
    return folder


def _content(batch: Batch) -> tuple[list[dict[str, Any]], list[list[str]], list[tuple[Any, ...]]]:
    tables, cases = [], []
    aside = batch.set_aside.to_pylist()
    for part in batch.parts():
        assert part.set_aside.num_rows == 0
        tables.append({name: table.to_pylist() for name, table in part.tables.items()})
        cases.append(part.cases.to_pylist())
    told = sorted((row["why"], row["table"], row["report_id"] or "", row["reason"]) for row in aside)
    return tables, cases, told


def _keep_accounted(batch: Batch, rows: Rows) -> None:
    for name, told in rows.items():
        sources = [source for source in batch.meta.source_files if name in source["records"]]
        came, aside = (sum(source[what][name] for source in sources) for what in ("records", "set_aside"))
        assert came == len(told)
        assert came == batch.meta.rows[name] + aside
        assert aside == batch.set_aside["table"].to_pylist().count(name)


@settings(**COUNT)
@given(SOURCES, st.lists(st.floats(0, 1), max_size=3), st.integers(1, 4), st.sampled_from(["parquet", "csv"]))
def test_unlinked_tables_in_any_split_are_the_batch_that_one_reading_gives(
    tmp_path_factory: pytest.TempPathFactory,
    now: datetime,
    rows: Rows,
    cuts: list[float],
    cases: int,
    form: str,
) -> None:
    folder = tmp_path_factory.mktemp("split")
    source = _write(folder / "source", rows, cuts, form)
    (folder / "whole").mkdir()
    for name, told in rows.items():
        pv.write_csv(_table(name, told, stated=False), folder / "whole" / f"{name}.csv")
    whole = read_csv_folder(folder / "whole", now)
    write_batch(folder / "expected", split_part(whole.read_part(0), cases), whole.meta)

    partition_folder(source, folder / "made", now, cases=cases)
    made = open_batch(folder / "made")
    assert _content(made) == _content(open_batch(folder / "expected"))
    _keep_accounted(made, rows)


# Each row says the case of its report, of its person or of its account, or leaves it to that row to say it.
def _state(rows: Rows, left_out: set[str]) -> tuple[Rows, Rows]:
    """Return rows with cases in every table, and the same without cases in some."""
    known = {row["report_id"] for row in rows["reports"]} - {None, "no token!"}
    whole: Rows = {}
    for name, told in rows.items():
        key = "report_id" if "report_id" in UNLINKED[name] else TABLES[name].parent[1]
        whole[name] = [row | {"case_id": _case_of(row[key], known, name)} for row in told]
    return whole, {
        name: [row | {"case_id": None} if name in left_out else row for row in told]
        for name, told in whole.items()
    }


def _case_of(token: Any, known: set[str | None], name: str) -> str | None:
    if name in REPORTED and token not in known:
        return None
    return f"c{token[1:]}" if token not in {None, "no token!", "r5"} else None


REPORTED = ["persons", "files", "outcomes"]


@settings(**COUNT)
@given(SOURCES, st.lists(st.floats(0, 1), max_size=3), st.integers(1, 4), st.sets(st.sampled_from(REPORTED)))
def test_stated_cases_are_kept_and_a_row_without_one_belongs_to_that_of_its_report(
    tmp_path_factory: pytest.TempPathFactory,
    now: datetime,
    rows: Rows,
    cuts: list[float],
    cases: int,
    left_out: set[str],
) -> None:
    rows["reports"].append({**dict.fromkeys(UNLINKED["reports"]), "report_id": "r0"})
    whole, told = _state(rows, left_out)
    folder = tmp_path_factory.mktemp("stated")
    raw = {name: stamp_enrichment(name, _table(name, rows, stated=True), now) for name, rows in whole.items()}
    where = {name: name for name in raw}
    read = mend_rows(raw, where)
    for name in raw:
        read.tables[name] = forget_future_knowing(read, read.tables[name], now, name)
    expected = settle(read, where, now)
    write_batch(folder / "expected", split_part(expected, cases), BatchMeta("expected", now))

    source = _write(folder / "source", told, cuts, "parquet", stated=True)
    partition_folder(source, folder / "made", now, cases=cases)
    made = open_batch(folder / "made")
    assert _content(made) == _content(open_batch(folder / "expected"))
    _keep_accounted(made, rows)


@settings(**COUNT | {"max_examples": 8})
@given(st.permutations(range(12)), st.integers(1, 5))
def test_the_order_of_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, now: datetime, order: list[int], cases: int
) -> None:
    folder = tmp_path_factory.mktemp("order")
    rows = _family()
    for name, chosen in (("made", order), ("expected", sorted(order))):
        told = {table: [row[i] for i in chosen if i < len(row)] for table, row in rows.items()}
        source = _write(folder / f"{name}-source", told, [0.4], "parquet")
        partition_folder(source, folder / name, now, cases=cases)
    made, expected = (_content(open_batch(folder / name)) for name in ("made", "expected"))
    assert made == expected
    # Account a1 is of two persons: what hangs on it goes with the case that comes first.
    events = [row for tables in made[0] for row in tables["network_events"]]
    assert {row["case_id"] for row in events if row["account_id"] == "a1"} == {"r1"}


def _family() -> Rows:
    """Twelve reports; every third names the same person, whose account another person has too."""
    reports = [dict.fromkeys(UNLINKED["reports"]) | {"report_id": f"r{i}"} for i in range(12)]
    persons = [
        {"person_id": f"p{i % 3}", "report_id": f"r{i}", "role": "reported", "known_at": None}
        for i in range(12)
    ]
    accounts = [{"account_id": f"a{i}", "person_id": f"p{i}", "compromised": None} for i in range(3)]
    accounts.append({"account_id": "a1", "person_id": "p2", "compromised": "denied"})
    files = [{"file_id": f"f{i}", "report_id": f"r{11 - i}", "severity_class": None} for i in range(12)]
    events = [
        dict.fromkeys(UNLINKED["network_events"]) | {"event_id": f"e{i}", "account_id": f"a{i % 3}"}
        for i in range(9)
    ]
    return {
        "reports": reports, "persons": persons, "accounts": accounts, "files": files, "network_events": events,
        "outcomes": [],
    }  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return _write(tmp_path / "source", _family(), [0.3, 0.7], "parquet")


def test_a_batch_cut_anew_keeps_its_rows_its_name_and_what_was_set_aside(
    tmp_path: Path, now: datetime
) -> None:
    rows = _family()
    rows["files"].append({"file_id": "lost", "report_id": "nowhere", "severity_class": None})
    first = partition_folder(_write(tmp_path / "more", rows, [], "csv"), tmp_path / "one", now).meta
    again = partition_folder(tmp_path / "one", tmp_path / "two", cases=1).meta
    assert (again.name, again.as_of, again.rows, again.set_aside) == (first.name, now, first.rows, 1)
    assert (first.parts, again.parts) == (1, 3)
    one, two = (open_batch(tmp_path / name) for name in ("one", "two"))
    assert two.set_aside.to_pylist() == one.set_aside.to_pylist()
    for name in TABLES:
        assert two.to_frame(name).equals(one.to_frame(name))


def test_rows_set_aside_say_their_file_and_their_place_in_it(tmp_path: Path, now: datetime) -> None:
    rows = _family()
    rows["files"][7]["report_id"] = "nowhere"
    rows["files"][10]["report_id"] = "no token!"
    made = partition_folder(_write(tmp_path / "source", rows, [0.5], "csv"), tmp_path / "made", now)
    aside = open_batch(tmp_path / "made").set_aside.to_pylist()
    assert [(row["where"], row["row"], row["why"]) for row in aside] == [
        ("files/1.csv", 5, "unreadable"),
        ("files/1.csv", 2, "orphan"),
    ]
    unreadable = next(found for found in made.findings if "no token!" in found.found)
    assert (unreadable.where, unreadable.row, unreadable.count) == ("files/1.csv", 5, 1)


def test_reports_that_are_linked_anew_forget_the_cases_that_they_state(tmp_path: Path, now: datetime) -> None:
    rows = {name: [row | {"case_id": "all-one"} for row in told] for name, told in _family().items()}
    source = _write(tmp_path / "source", rows, [], "parquet", stated=True)
    assert partition_folder(source, tmp_path / "kept", now).cases == 1
    assert partition_folder(source, tmp_path / "anew", now, anew=True).cases == 3


def test_what_a_person_has_goes_to_the_case_in_which_the_person_is_reported(
    tmp_path: Path, now: datetime
) -> None:
    rows = _family() | {"files": [], "network_events": []}
    rows["persons"] = [
        {"person_id": "p0", "report_id": report, "role": role, "known_at": None}
        for report, role in (("r1", "recipient"), ("r2", "reported"))
    ]
    partition_folder(_write(tmp_path / "source", rows, [], "parquet"), tmp_path / "made", now)
    accounts = open_batch(tmp_path / "made").to_frame("accounts")
    assert accounts[["account_id", "case_id"]].to_numpy().tolist() == [["a0", "r2"]]


def test_more_reports_than_can_be_linked_in_memory_are_refused(
    tmp_path: Path, source: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "MOST_LINKED", 20)
    with pytest.raises(InputRefusedError, match="cases are linked in memory"):
        partition_folder(source, tmp_path / "made", now)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_an_interruption_leaves_nothing(
    tmp_path: Path, source: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(canonical, "_link", interrupt)
    with pytest.raises(KeyboardInterrupt):
        partition_folder(source, tmp_path / "made", now)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_disk_without_room_is_told_and_nothing_is_left(tmp_path: Path, source: Path, now: datetime) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            partition_folder(source, tmp_path / "made", now)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "files" / "0.parquet").write_bytes(b"PAR1"), "a Parquet file"),
        (lambda folder: (folder / "files" / "notes.txt").write_text("x"), "neither Parquet nor CSV"),
        (lambda folder: (folder / "files.csv").write_text("file_id,report_id\n"), "stands there twice"),
        (lambda folder: (folder / "children.csv").write_text("child_id\nk\n"), "no column report_id"),
        (lambda folder: shutil.rmtree(folder / "reports"), "no reports"),
    ],
)
def test_a_source_that_cannot_be_understood_is_refused(
    tmp_path: Path, source: Path, now: datetime, spoil: Callable[[Path], object], told: str
) -> None:
    spoil(source)
    with pytest.raises(InputRefusedError, match=told):
        partition_folder(source, tmp_path / "made", now)
    assert not (tmp_path / "made").exists()


TOKENS = st.lists(st.text("abcXYZ019._:-", min_size=1, max_size=64), min_size=1, max_size=30)


@given(TOKENS)
def test_tokens_keep_their_order_as_bytes(tokens: list[str]) -> None:
    found = sortable_tokens(pa.chunked_array([tokens[:3], tokens[3:]], pa.string()))
    assert [token.decode() for token in found] == tokens
    assert np.sort(found).tolist() == sorted(token.encode() for token in tokens)


@given(TOKENS)
def test_tokens_share_a_number_only_if_they_are_the_same(tokens: list[str]) -> None:
    numbers = hash_tokens(pa.chunked_array([tokens]))
    assert len(set(numbers.tolist())) == len(set(tokens))


def test_ranges_hold_about_as_many_cases_each_whatever_the_order_and_however_often_a_case_comes() -> None:
    names = np.array([f"case-{number:06d}" for number in range(20_000)])
    rng = np.random.default_rng(4)
    cuts = []
    for _ in range(2):
        drawn = Ranges(2_000)
        for block in np.array_split(rng.permutation(np.repeat(names, 3)), 7):
            drawn.see(pa.chunked_array([block.tolist()]))
        assert abs(drawn.total - 20_000) < 2_000  # four standard errors of a draw of 2,000 are 9 %
        cuts.append(drawn.cut(4).tolist())
    assert cuts[0] == cuts[1]
    sizes = np.bincount(np.array(cuts[0]).searchsorted(names.astype(bytes), side="right"))
    assert len(sizes) == 4
    assert sizes.min() > 4_000
