"""A case is foreign-only when the person and every child are verified to be abroad."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from triage.features.view import View
from triage.worklist.policy import Referral
from triage.worklist.routing.jurisdiction import find_foreign

HOME = Referral(home=("NL",), days=7)
See = Callable[..., View]


def case(
    reports: tuple[tuple[str | None, str | None], ...] = (("DE", "verified_location"),),
    children: tuple[str | None, ...] = ("PH",),
    **others: list[dict[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Return one person's reports, each with a country and its basis, and children with countries."""
    return {
        "reports": [
            {"report_id": f"r{i}", "jurisdiction_country": country, "jurisdiction_basis": basis}
            for i, (country, basis) in enumerate(reports)
        ],
        "persons": [
            {"person_id": "p", "report_id": f"r{i}", "role": "reported"} for i in range(len(reports))
        ],
        "children": [
            {"child_id": f"c{i}", "report_id": "r0", "country": country} for i, country in enumerate(children)
        ],
    } | others


def is_foreign(seen: See, rows: dict[str, list[dict[str, Any]]], referral: Referral = HOME) -> bool:
    foreign, abroad = find_foreign(seen(**rows), referral)
    assert abroad.num_rows == foreign.sum()
    (answer,) = foreign.tolist()
    return bool(answer)


def test_person_and_child_abroad_make_a_case_foreign(seen: See) -> None:
    assert is_foreign(seen, case())


def test_child_abroad_with_the_person_at_home_is_ours(seen: See) -> None:
    assert not is_foreign(seen, case(reports=(("NL", "verified_location"),)))


def test_person_abroad_with_the_child_at_home_is_ours(seen: See) -> None:
    assert not is_foreign(seen, case(children=("NL",)))


@pytest.mark.parametrize("basis", ["ip", "phone", "address", "estimated", "payment", "hosting", "none", None])
def test_only_a_verified_location_says_where_the_person_is(seen: See, basis: str | None) -> None:
    assert not is_foreign(seen, case(reports=(("DE", basis),)))


@pytest.mark.parametrize("children", [(), (None,), ("ZZ",), ("PH", None), ("PH", "ZZ"), ("PH", "NL")])
def test_one_child_unknown_or_at_home_or_none_at_all_is_not_enough(
    seen: See, children: tuple[str | None, ...]
) -> None:
    assert not is_foreign(seen, case(children=children))


@pytest.mark.parametrize(
    "other",
    [(None, None), (None, "verified_location"), ("ZZ", "verified_location"), ("DE", "ip"), ("NL", "verified_location")],
)  # fmt: skip
def test_one_report_of_which_the_country_is_not_verified_abroad_is_enough_to_stay(
    seen: See, other: tuple[str | None, str | None]
) -> None:
    assert not is_foreign(seen, case(reports=(("DE", "verified_location"), other)))


def test_several_countries_abroad_are_all_named(seen: See) -> None:
    rows = case(
        reports=(("DE", "verified_location"), ("BE", "verified_location")), children=("PH", "DE", "PH")
    )
    _, abroad = find_foreign(seen(**rows), HOME)
    (row,) = abroad.to_pylist()
    assert (row["person_in"], row["children_in"]) == ("BE DE", "DE PH")


def test_a_country_that_counts_as_home_is_not_abroad(seen: See) -> None:
    assert not is_foreign(seen, case(), Referral(home=("NL", "DE"), days=7))
    assert not is_foreign(seen, case(), Referral(home=(), days=7))


def test_of_two_reported_persons_of_one_report_neither_is_verified(seen: See) -> None:
    both = [{"person_id": name, "report_id": "r0", "role": "reported"} for name in ("p", "q")]
    assert not is_foreign(seen, case(persons=both))
    beside = [both[0], both[1] | {"role": "recipient"}]
    assert is_foreign(seen, case(persons=beside))


def test_what_is_verified_later_does_not_count_yet(seen: See) -> None:
    rows = case()
    for row in (*rows["reports"], *rows["children"]):
        row |= {"known_at": "2024-03-01", "enriched_at": "2024-03-01"}
    asked = datetime(2024, 3, 15, tzinfo=UTC)
    assert find_foreign(seen(at=asked, **rows), HOME)[0].tolist() == [True]
    for table in ("reports", "children"):
        late = {name: [dict(row) for row in some] for name, some in rows.items()}
        late[table][0]["enriched_at"] = "2024-04-01"
        assert find_foreign(seen(at=asked, **late), HOME)[0].tolist() == [False]


def test_cases_are_judged_each_by_its_own_rows(seen: See) -> None:
    first, second = case(), case(children=("NL",))
    rows = {
        name: [
            *first[name],
            *({key: f"x{value}" if key.endswith("_id") else value for key, value in row.items()} for row in second[name]),
        ]
        for name in first
    }  # fmt: skip
    view = seen(**rows)
    foreign, abroad = find_foreign(view, HOME)
    assert sorted(foreign.tolist()) == [False, True]
    assert abroad["case_id"].to_pylist() == [view.part.cases[int(foreign.argmax())].as_py()]
