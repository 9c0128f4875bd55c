from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from tests.record.conftest import START, Clock, header, row
from triage.errors import InputRefusedError
from triage.record import Finding, Record
from triage.record.labels import label_cases
from triage.record.spreadsheet import import_findings
from triage.schema.keys import mend_rows
from triage.schema.settling import settle
from triage.schema.tables import OUTCOMES
from triage.scoring.labels import read_label_file, read_outcomes
from triage.worklist.exports import export_table

DAY = timedelta(days=1)


@pytest.fixture
def worked(any_record: Record, clock: Clock) -> Record:
    """Two lists; four cases chosen for four reasons, and one that was opened from beyond the list."""
    for batch in ("b1", "b2"):
        rows = [
            row("e", lane="escalated"),
            row("p", 2),
            row("a", 3, audit=True, inclusion=0.1),
            row("b", 4, tier=5, inclusion=0.1),
            row("z", 5, tier=5),
        ]
        any_record.keep_list(header(batch), rows)
    any_record.keep_members({"r-e": "e", "e": "e", "r-p": "p"})
    for case, why in (("e", None), ("p", None), ("a", None), ("z", "new_information")):
        any_record.decide(case, "x", "opened", why)
    # What is listed after a case was opened says nothing about how it was chosen.
    any_record.keep_list(header("b3", policy="later"), [row("a", audit=True, inclusion=0.9)])
    clock.now += 30 * DAY
    return any_record


def find(case: str, label: str, at: datetime, kind: str = "no_offence") -> Finding:
    return Finding(case, kind, label, at)


def test_outcomes_have_the_shape_of_their_table(worked: Record, clock: Clock) -> None:
    worked.found("x", [find("e", "yes", clock.now, "child_safeguarded"), find("a", "no", clock.now)])
    table = worked.outcomes()
    assert table.schema == OUTCOMES.arrow_schema
    rows = {some["case_id"]: some for some in table.to_pylist()}
    assert {case: some["outcome_kind"] for case, some in rows.items()} == {
        "a": "no_offence",
        "e": "child_safeguarded",
        "p": "open",
        "z": "open",
    }
    assert {case: some["selected_by"] for case, some in rows.items()} == {
        "a": "random_audit",
        "e": "reporter_escalation",
        "p": "priority_score",
        "z": "other",
    }
    assert {case: some["report_id"] for case, some in rows.items()} == {
        "a": "a",
        "e": "e",
        "p": "r-p",
        "z": "z",
    }
    assert rows["a"]["inclusion_probability"] == pytest.approx(1 - 0.9 * 0.9)
    assert rows["e"]["inclusion_probability"] == 1.0
    assert rows["z"]["inclusion_probability"] is None
    assert rows["a"]["policy_id"] == "default 0b"
    assert rows["a"]["selected_at"] == START + timedelta(minutes=9)


def test_what_a_person_picked_has_not_the_chance_of_the_lottery_that_passed_it_by(worked: Record) -> None:
    worked.decide("b", "x", "opened", "new_information")
    (picked,) = (some for some in worked.outcomes().to_pylist() if some["case_id"] == "b")
    assert (picked["selected_by"], picked["inclusion_probability"], picked["policy_id"]) == (
        "other",
        None,
        None,
    )


def test_outcomes_in_a_batch_are_labels_for_training(worked: Record, clock: Clock) -> None:
    worked.found(
        "x", [find("e", "yes", clock.now), find("a", "no", clock.now), find("p", "undetermined", clock.now)]
    )
    table = worked.outcomes()
    reports = pa.table({"report_id": table["report_id"], "received_at": [START] * len(table)})
    rows = mend_rows({"reports": reports, "outcomes": table}, {"reports": "r", "outcomes": "o"})
    for name in ("reports", "outcomes"):
        filled = rows.tables[name]
        rows.tables[name] = filled.set_column(
            filled.column_names.index("case_id"), "case_id", filled["report_id"]
        )
    part = settle(rows, {}, clock.now)
    labels = read_outcomes(part)
    found = dict(
        zip(part.cases.take(pa.array(labels.case)).to_pylist(), labels.outcome.tolist(), strict=True)
    )
    assert found == {"a": 0.0, "e": 1.0}
    assert labels.inclusion.tolist() == [pytest.approx(0.19), 1.0]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_labels_can_be_given_to_training(worked: Record, clock: Clock, tmp_path: Path, ending: str) -> None:
    worked.found(
        "x", [find("e", "no", clock.now), find("e", "yes", clock.now), find("p", "undetermined", clock.now)]
    )
    out = tmp_path / f"labels{ending}"
    export_table(label_cases(worked.outcomes()), out)
    assert read_label_file(out) == {"e": 1.0}


def test_same_finding_twice_is_kept_once(worked: Record, clock: Clock) -> None:
    finding = find("e", "yes", clock.now)
    head, new = worked.found("x", [finding, finding])
    assert head == worked.head()
    assert new == [True, False]
    assert worked.found("y", [finding]) == (None, [False])
    assert worked.outcomes().filter(pa.array([True] + [False] * 3)).num_rows == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"case_id": "nobody"}, "no case 'nobody'"),
        ({"outcome_kind": "solved"}, "child_safeguarded"),
        ({"outcome_kind": "open"}, "how it ended"),
        ({"current_abuse_label": "maybe"}, "yes, no, undetermined"),
        ({"label_source": "rumour"}, "investigation"),
        ({"selected_by": "instinct"}, "priority_score"),
        ({"outcome_at": START + 3650 * DAY}, "lies ahead"),
        ({"selected_at": START + DAY, "outcome_at": START}, "before the case was chosen"),
    ],
)
def test_finding_that_makes_no_sense_is_refused_with_all_others(
    record: Record, changes: dict[str, object], says: str
) -> None:
    record.keep_list(header(), [row("c"), row("d", 2)])
    good = {"case_id": "c", "outcome_kind": "no_offence", "current_abuse_label": "no", "outcome_at": START}
    before = record.head()
    findings = [Finding(**good), Finding(**good | changes)]  # type: ignore[arg-type]
    with pytest.raises(InputRefusedError, match=says):
        record.found("x", findings)
    assert says in " ".join(record.check_findings(findings))
    assert record.head() == before


def test_what_was_found_before_the_recorded_opening_needs_the_time_of_the_choice(record: Record) -> None:
    """Else training would leave it out, and nobody would know."""
    record.keep_list(header(), [row("c")])
    record.decide("c", "x", "opened")
    with pytest.raises(InputRefusedError, match="give selected_at"):
        record.found("x", [find("c", "yes", START - DAY)])
    record.found("x", [Finding("c", "no_offence", "no", START - DAY, selected_at=START - 2 * DAY)])
    (label,) = label_cases(record.outcomes()).to_pylist()
    assert (label["state"], label["selected_at"]) == ("no", START - 2 * DAY)
    # The list came only after the choice, so it says nothing about it.
    assert (label["inclusion_probability"], label["policy_id"]) == (None, None)


def test_found_within_the_second_of_the_choice_is_found_after_it(record: Record, clock: Clock) -> None:
    record.keep_list(header(), [row("c")])
    record.decide("c", "x", "opened")
    record.found("x", [find("c", "yes", clock.now + timedelta(milliseconds=3))])
    assert label_cases(record.outcomes())["state"].to_pylist() == ["yes"]


def test_finding_about_a_merged_case_is_told_of_the_case_it_became(record: Record) -> None:
    record.keep_list(header(), [row("old"), row("new", 2)])
    record.found("x", [find("old", "yes", START)])
    record.keep_aliases({"old": "new"})
    assert record.outcomes()["case_id"].to_pylist() == ["new"]


def write_xlsx(path: Path, *lines: list[object]) -> None:
    book = Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)


COLUMNS = ["case_id", "outcome_kind", "current_abuse_label", "outcome_at", "selected_by"]


@pytest.mark.parametrize("kind", [",", ";", "xlsx"])
def test_spreadsheet_is_kept_row_by_row(record: Record, tmp_path: Path, kind: str) -> None:
    record.keep_list(header(), [row("c"), row("d", 2)])
    lines = [
        ["c", "child_safeguarded", "yes", "2024-02-01", ""],
        ["d", "no_offence", "0", "2024-02-02T10:00:00Z", "mandatory"],
    ]
    path = tmp_path / ("found.xlsx" if kind == "xlsx" else "found.csv")
    if kind == "xlsx":
        monday = datetime(2024, 2, 1)  # noqa: DTZ001 - a spreadsheet knows no zones
        write_xlsx(
            path,
            [name.upper() for name in COLUMNS],
            [*lines[0][:3], monday],
            [None] * 5,
            lines[1],
        )
    else:
        path.write_text("\n".join(kind.join(line) for line in [COLUMNS, *lines]), encoding="utf-8-sig")
    head, accounts = import_findings(record, "x", path)
    assert head == record.head()
    assert [account.became for account in accounts] == ["recorded", "recorded"]
    rows = record.outcomes().to_pylist()
    assert [
        (some["current_abuse_label"], str(some["outcome_at"])[:10], some["selected_by"]) for some in rows
    ] == [
        ("yes", "2024-02-01", None),
        ("no", "2024-02-02", "mandatory"),
    ]
    head, accounts = import_findings(record, "x", path)
    assert head is None
    assert [account.became for account in accounts] == ["already there", "already there"]


def test_one_bad_row_keeps_all_out_and_every_row_is_accounted_for(record: Record, tmp_path: Path) -> None:
    record.keep_list(header(), [row("c")])
    before = record.head()
    path = tmp_path / "found.xlsx"
    write_xlsx(
        path,
        COLUMNS,
        ["c", "no_offence", "no", "2024-02-01"],
        ["c", "no_offence", "perhaps", "2024-02-01"],
        ["nobody", "no_offence", "no", "2024-02-01"],
        ["c", "no_offence", "no", "01-02-2024"],
        ["c", "no_offence", "no", None],
        ['=HYPERLINK("x")', "no_offence", "no", "2024-02-01"],
    )
    head, accounts = import_findings(record, "x", path)
    assert head is None
    assert record.head() == before
    assert [account.became for account in accounts] == ["waiting"] + ["refused"] * 5
    assert [account.row for account in accounts] == [1, 2, 3, 4, 5, 6]
    for account, says in zip(
        accounts[1:], ("perhaps", "nobody", "01-02-2024", "outcome_at", ""), strict=True
    ):
        assert says in account.why


@pytest.mark.parametrize("content", ["", "case_id,outcome_kind\nc,no_offence\n", "case_id\n"])
def test_spreadsheet_without_its_columns_is_refused(record: Record, tmp_path: Path, content: str) -> None:
    path = tmp_path / "found.csv"
    path.write_text(content)
    with pytest.raises(InputRefusedError):
        import_findings(record, "x", path)


def test_what_is_no_workbook_is_refused(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "found.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputRefusedError, match="XLSX"):
        import_findings(record, "x", path)


def test_spreadsheet_of_columns_that_are_no_text_is_refused_row_by_row(
    record: Record, tmp_path: Path
) -> None:
    record.keep_list(header(), [row("c")])
    values = {"case_id": [["c"]], "outcome_kind": [{"a": 1}], "current_abuse_label": [1], "outcome_at": [2]}
    path = tmp_path / "found.parquet"
    pq.write_table(pa.table(values), path)
    head, accounts = import_findings(record, "x", path)
    assert head is None
    assert [account.became for account in accounts] == ["refused"]
