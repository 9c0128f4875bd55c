"""A report is hosting-only when it is about a place on the net and names nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from triage.features.view import View
from triage.worklist.routing.hosting import find_hosting

See = Callable[..., View]
FILE = {"file_id": "f", "report_id": "r"}
HOSTED = {"report_id": "r", "source_system": "other", "jurisdiction_country": "NL", "jurisdiction_basis": "hosting"}  # fmt: skip


def hosting(seen: See, **tables: list[dict[str, Any]]) -> list[str]:
    mask, notices = find_hosting(seen(**tables))
    assert mask.all() == (notices.num_rows == len(tables["reports"]))
    return list(notices["report_id"].to_pylist())


def test_a_server_alone_makes_a_notice(seen: See) -> None:
    _, notices = find_hosting(seen(reports=[dict(HOSTED)], files=[FILE, FILE | {"file_id": "g"}]))
    (row,) = notices.to_pylist()
    assert (row["report_id"], row["hosted_in"], row["files"], row["source"]) == ("r", "NL", 2, "other")


@pytest.mark.parametrize("source", ["iccam", "hotline_form"])
@pytest.mark.parametrize("basis", [None, "none", "hosting"])
def test_material_from_a_hotline_that_names_nobody_makes_a_notice(
    seen: See, source: str, basis: str | None
) -> None:
    report = {"report_id": "r", "source_system": source, "jurisdiction_basis": basis}
    assert hosting(seen, reports=[report], files=[FILE]) == ["r"]


@pytest.mark.parametrize("basis", ["verified_location", "ip", "phone", "address", "estimated", "payment"])
def test_a_country_of_a_person_makes_none(seen: See, basis: str) -> None:
    report = HOSTED | {"source_system": "iccam", "jurisdiction_basis": basis}
    assert not hosting(seen, reports=[report], files=[FILE])


@pytest.mark.parametrize("source", ["cybertipline_xml", "goaml", "helpline", "foreign_police"])
def test_no_other_source_is_taken_to_be_about_a_server(seen: See, source: str) -> None:
    report = {"report_id": "r", "source_system": source}
    assert not hosting(seen, reports=[report], files=[FILE])


def test_a_hotline_report_without_material_makes_none(seen: See) -> None:
    assert not hosting(seen, reports=[{"report_id": "r", "source_system": "hotline_form"}])


@pytest.mark.parametrize("role", ["reported", "recipient", "account_holder", "third_party", "other"])
def test_a_person_of_any_part_makes_none(seen: See, role: str) -> None:
    person = {"person_id": "p", "report_id": "r", "role": role}
    assert not hosting(seen, reports=[dict(HOSTED)], files=[FILE], persons=[person])


def test_an_account_on_a_file_makes_none(seen: See) -> None:
    assert not hosting(seen, reports=[dict(HOSTED)], files=[FILE | {"account_id": "a"}])


@pytest.mark.parametrize(
    ("identification", "listed"),
    [("named", []), ("locatable", []), ("handle_only", []), ("unidentified", ["r"]), ("previously_identified", ["r"])],
)  # fmt: skip
def test_a_child_who_could_be_found_makes_none(seen: See, identification: str, listed: list[str]) -> None:
    child = {"child_id": "c", "report_id": "r", "identification": identification}
    assert hosting(seen, reports=[dict(HOSTED)], files=[FILE], children=[child]) == listed


@pytest.mark.parametrize(
    "act", ["enticement", "molestation", "trafficking", "travel", "unsolicited_to_child"]
)
def test_what_somebody_does_to_a_child_is_never_about_a_server(seen: See, act: str) -> None:
    assert not hosting(seen, reports=[HOSTED | {"incident_type": act}], files=[FILE])


def test_a_server_of_which_the_country_is_unknown_is_in_none(seen: See) -> None:
    reports = [
        HOSTED | {"report_id": f"r{i}", "jurisdiction_country": name} for i, name in enumerate(("ZZ", None))
    ]
    _, notices = find_hosting(seen(reports=reports))
    assert notices["hosted_in"].to_pylist() == [None, None]
    assert notices["files"].to_pylist() == [0, 0]


def test_nothing_is_to_be_taken_down_where_all_material_was_cleared(seen: See) -> None:
    cleared = FILE | {"legal_class": "not_illegal"}
    assert not hosting(seen, reports=[dict(HOSTED)], files=[cleared])
    assert hosting(seen, reports=[dict(HOSTED)], files=[cleared, FILE | {"file_id": "g"}]) == ["r"]


def test_a_hosting_report_of_a_case_with_others_is_listed_and_the_case_is_not_hosting_only(seen: See) -> None:
    reports = [dict(HOSTED), {"report_id": "s", "source_system": "cybertipline_xml"}]
    prior = [{"person_id": "p", "report_id": "s", "role": "reported"}]
    view = seen(reports=reports, files=[FILE], persons=prior)
    mask, notices = find_hosting(view)
    assert notices["report_id"].to_pylist() == ["r"]
    assert mask.sum() == 1
    assert len(mask) == 2
