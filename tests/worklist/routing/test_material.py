"""Novel material of a child nobody has identified, and material of victims who are known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from triage.features.view import View
from triage.worklist.routing.material import find_identified, find_unidentified

See = Callable[..., View]
REPORT = {"report_id": "r", "received_at": "2024-03-01T12:00:00Z"}
PERSON = {"person_id": "p", "report_id": "r", "role": "reported"}


def file(number: int = 0, **codes: Any) -> dict[str, Any]:
    return {"file_id": f"f{number}", "report_id": "r"} | codes


def child(number: int = 0, **codes: Any) -> dict[str, Any]:
    return {"child_id": f"c{number}", "report_id": "r"} | codes


def see(seen: See, *rows: dict[str, Any], report: dict[str, Any] | None = None) -> View:
    files = [row for row in rows if "file_id" in row]
    children = [row for row in rows if "child_id" in row]
    return seen(reports=[dict(report or REPORT)], persons=[PERSON], files=files, children=children)


@pytest.mark.parametrize(
    ("codes", "identification", "listed"),
    [
        ({"hash_status": "no_match", "victim_status": "unidentified"}, None, True),
        ({"hash_status": "no_match"}, "unidentified", True),
        ({"hash_status": "no_match", "victim_status": "unknown"}, "unidentified", True),
        ({"hash_status": "no_match"}, None, False),
        ({"hash_status": "no_match", "victim_status": "identified"}, "unidentified", False),
        ({"hash_status": "no_match"}, "named", False),
        ({"hash_status": "not_run", "victim_status": "unidentified"}, "unidentified", False),
        ({"hash_status": "exact_known", "victim_status": "unidentified"}, None, False),
        ({"hash_status": "near_known", "victim_status": "unidentified"}, None, False),
        ({"hash_status": "no_match", "victim_status": "unidentified", "legal_class": "not_illegal"}, None, False),
    ],
)  # fmt: skip
def test_identification_needs_novel_material_and_an_unidentified_child(
    seen: See, codes: dict[str, str], identification: str | None, listed: bool
) -> None:
    children = [child(identification=identification)] if identification else []
    mask, novel = find_unidentified(see(seen, file(**codes), *children))
    assert mask.tolist() == [listed]
    assert novel.num_rows == listed


def test_identification_tells_how_much_how_young_and_how_new(seen: See) -> None:
    new = {"hash_status": "no_match", "victim_status": "unidentified"}
    _, novel = find_unidentified(
        see(
            seen,
            file(0, **new, youngest_age_band="pubescent", uploaded_at="2024-02-01"),
            file(
                1,
                **new,
                youngest_age_band="3-6",
                uploaded_at="2024-02-20",
                file_annotations=["self_produced"],
            ),
            file(2, youngest_age_band="0-2", uploaded_at="2024-02-28"),
        )
    )
    (row,) = novel.to_pylist()
    assert (row["files"], row["youngest"], row["self_produced"]) == (2, "3-6", True)
    assert row["last_upload"] == datetime(2024, 2, 20, tzinfo=UTC)


def test_material_of_an_identified_victim_names_the_child_of_the_same_report(seen: See) -> None:
    mask, victims = find_identified(
        see(
            seen,
            file(0, victim_status="identified"),
            file(1, victim_status="identified"),
            file(2, victim_status="unidentified"),
            child(0, identification="previously_identified"),
            child(1, identification="named"),
        )
    )
    assert mask.tolist() == [True]
    (row,) = victims.to_pylist()
    assert (row["victim"], row["files"]) == ("c0", 2)
    assert row["found_at"] == datetime(2024, 3, 1, 12, tzinfo=UTC)


def test_a_victim_without_a_token_is_left_open_and_not_left_out(seen: See) -> None:
    _, victims = find_identified(see(seen, file(victim_status="identified")))
    assert victims["victim"].to_pylist() == [None]
    nameless = child(0, identification="previously_identified") | {"child_id": None}
    _, victims = find_identified(see(seen, file(victim_status="identified"), nameless))
    assert victims["victim"].to_pylist() == [None]


def test_a_child_of_another_report_is_not_taken_for_the_victim(seen: See) -> None:
    # The person's own earlier victim must not be told that material was found which shows somebody else.
    view = seen(
        reports=[dict(REPORT), REPORT | {"report_id": "s"}],
        persons=[PERSON, PERSON | {"report_id": "s"}],
        files=[file(victim_status="identified")],
        children=[child(identification="previously_identified") | {"report_id": "s"}],
    )
    _, victims = find_identified(view)
    assert victims["victim"].to_pylist() == [None]


def test_an_identified_child_without_such_material_is_on_no_list(seen: See) -> None:
    mask, victims = find_identified(see(seen, file(), child(identification="previously_identified")))
    assert not mask.any()
    assert not victims.num_rows


def test_cleared_material_is_none(seen: See) -> None:
    mask, _ = find_identified(see(seen, file(victim_status="identified", legal_class="not_illegal")))
    assert not mask.any()


def test_two_victims_are_each_listed_and_two_reports_of_one_are_one_row(seen: See) -> None:
    view = seen(
        reports=[dict(REPORT), REPORT | {"report_id": "s", "received_at": "2024-04-01T00:00:00Z"}],
        persons=[PERSON, PERSON | {"report_id": "s"}],
        files=[file(0, victim_status="identified"), file(1, victim_status="identified") | {"report_id": "s"}],
        children=[
            child(0, identification="previously_identified"),
            child(1, identification="previously_identified"),
            child(0, identification="previously_identified") | {"report_id": "s"},
        ],
    )
    _, victims = find_identified(view)
    rows = {row["victim"]: (row["files"], row["found_at"].month) for row in victims.to_pylist()}
    assert rows == {"c0": (2, 4), "c1": (1, 3)}


@pytest.mark.parametrize(
    ("level", "named"), [("named", True), ("civil_identity", True), ("handle", False), (None, False)]
)
def test_whether_there_is_a_person_to_claim_from_is_kept(seen: See, level: str | None, named: bool) -> None:
    view = seen(
        reports=[dict(REPORT)],
        persons=[PERSON | {"identity_level": level}],
        files=[file(victim_status="identified")],
    )
    assert find_identified(view)[1]["person_named"].to_pylist() == [named]
