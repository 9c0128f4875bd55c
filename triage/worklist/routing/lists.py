"""The lists themselves, made of what was routed, of the worklist, and of what the record keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from triage.worklist.routing.wishes import Wish, Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from triage.worklist.policy import Referral
    from triage.worklist.routing.route import Routed

LISTS = ("referral", "notice", "identification", "notification", "claims")
URGENT = timedelta(hours=24)
ASK = "ask the register first"
_TIME = pa.timestamp("s", tz="UTC")

SCHEMAS = {
    "referral": pa.schema(
        [
            ("case_id", pa.string()),
            ("lane", pa.string()),
            ("person_in", pa.string()),
            ("children_in", pa.string()),
            ("due_at", _TIME),
            ("referred_at", _TIME),
            ("acknowledged_at", _TIME),
            ("state", pa.string()),
        ]
    ),
    "notice": pa.schema(
        [
            ("report_id", pa.string()),
            ("case_id", pa.string()),
            ("source", pa.string()),
            ("hosted_in", pa.string()),
            ("files", pa.int64()),
            ("received_at", _TIME),
            ("state", pa.string()),
        ]
    ),
    "identification": pa.schema(
        [
            ("case_id", pa.string()),
            ("lane", pa.string()),
            ("files", pa.int64()),
            ("youngest", pa.string()),
            ("self_produced", pa.bool_()),
            ("last_upload", _TIME),
            ("received_at", _TIME),
        ]
    ),
    "notification": pa.schema(
        [
            ("date", pa.string()),
            ("victim", pa.string()),
            ("case_id", pa.string()),
            ("files", pa.int64()),
            ("state", pa.string()),
        ]
    ),
    "claims": pa.schema(
        [
            ("date", pa.string()),
            ("victim", pa.string()),
            ("case_id", pa.string()),
            ("files", pa.int64()),
            ("fund", pa.bool_()),
            ("state", pa.string()),
        ]
    ),
}


@dataclass(frozen=True)
class Tracked:
    """What the record keeps of a referral.

    Parameters
    ----------
    listed_at : datetime or None
        When the case first stood on the list of referrals; the deadline runs from then.
    referred_at, acknowledged_at : datetime or None
        When it was referred, and when the other side said that it has it.
    """

    listed_at: datetime | None = None
    referred_at: datetime | None = None
    acknowledged_at: datetime | None = None


class Told(NamedTuple):
    """When a victim was told of material, and whether anything new came about the case since."""

    at: datetime
    news: bool


def make_lists(
    routed: Routed,
    worklist: pa.Table,
    *,
    as_of: datetime,
    referral: Referral,
    wishes: Wishes | None = None,
    tracked: Mapping[str, Tracked] | None = None,
    notified: Mapping[tuple[str, str], Told] | None = None,
) -> dict[str, pa.Table]:
    """Make the lists beside the worklist.

    Parameters
    ----------
    routed : Routed
        All parts, joined.
    worklist : pyarrow.Table
        The worklist; tells the lane of each case, and the order of the lists. Nothing is taken off it.
    as_of : datetime
        "Now".
    referral : Referral
        Days in which a case that does not escalate is referred.
    wishes : Wishes, optional
        The register of wishes. Without it every victim is listed as one to ask the register about first.
    tracked : mapping of str to Tracked, optional
        What the record keeps of referrals, by case.
    notified : mapping of (str, str) to Told, optional
        Whom somebody told of material, by case and victim; they stand on the list again once something new
        came.

    Returns
    -------
    dict of str to pyarrow.Table
        The lists of `LISTS`, by name, columns of `SCHEMAS`. No victim who asked not to be told stands on any.
    """
    places = _places(worklist)
    held = wishes or Wishes()
    victims = [row for row in routed.victims.to_pylist() if held.of(row["victim"]) is not Wish.DO_NOT_TELL]
    rows = {
        "referral": [
            _refer(row, places, as_of, referral, (tracked or {}).get(row["case_id"], Tracked()))
            for row in routed.abroad.to_pylist()
        ],
        "notice": [
            row | {"state": _notify(places.get(row["case_id"], {}))} for row in routed.notices.to_pylist()
        ],
        "identification": [
            row | {name: places.get(row["case_id"], {}).get(name) for name in ("lane", "received_at")}
            for row in routed.novel.to_pylist()
        ],
        "notification": [
            _tell(row, held, told)
            for row in victims
            if (told := (notified or {}).get((row["case_id"], row["victim"] or ""))) is None or told.news
        ],
        "claims": [_tell(row, held) | {"fund": not row["person_named"]} for row in victims],
    }
    return {
        name: pa.Table.from_pylist(_sort(name, some, places), schema=SCHEMAS[name])
        for name, some in rows.items()
    }


def name_lists(lists: Mapping[str, pa.Table]) -> dict[str, str]:
    """Return the names of the lists on which each case stands, joined by blanks, for the worklist's column.

    Parameters
    ----------
    lists : mapping of str to pyarrow.Table
        As `make_lists` returns them.
    """
    named: dict[str, list[str]] = {}
    for name, table in lists.items():
        for case in dict.fromkeys(table["case_id"].to_pylist()):
            named.setdefault(case, []).append(name)
    return {case: " ".join(names) for case, names in named.items()}


def _places(worklist: pa.Table) -> dict[str, dict[str, Any]]:
    """Return where each case stands on the worklist."""
    columns = worklist.select(["case_id", "lane", "tier", "received_at"]).to_pylist()
    return {row["case_id"]: row | {"place": place} for place, row in enumerate(columns)}


def _refer(
    row: dict[str, Any],
    places: dict[str, dict[str, Any]],
    as_of: datetime,
    referral: Referral,
    known: Tracked,
) -> dict[str, Any]:
    place = places.get(row["case_id"], {})
    within = URGENT if _is_urgent(place) else timedelta(days=referral.days)
    due = (known.listed_at or as_of) + within
    if known.acknowledged_at:
        state = "acknowledged"
    elif known.referred_at:
        state = "referred, not acknowledged yet"
    else:
        state = "refer" if as_of <= due else "refer: overdue"
    return row | {
        "lane": place.get("lane"),
        "due_at": due,
        "referred_at": known.referred_at,
        "acknowledged_at": known.acknowledged_at,
        "state": state,
    }


def _is_urgent(place: dict[str, Any]) -> bool:
    """Say whether a case escalates; one of the youth lane does by its tier. One that is not listed may."""
    return place.get("lane", "escalated") == "escalated" or (place["lane"], place["tier"]) == ("youth", 1)


def _notify(place: dict[str, Any]) -> str:
    """Say whether the hotline may act at once: a take-down warns, and ends what others may be watching."""
    return "may go to the hotline" if place.get("lane") == "ranked" else "ask the police first"


def _tell(row: dict[str, Any], wishes: Wishes, told: Told | None = None) -> dict[str, Any]:
    state = "tell" if wishes.of(row["victim"]) is Wish.TELL else ASK
    before = f"; told {told.at:%Y-%m-%d}, and something new came since: look what" if told else ""
    return {
        "date": f"{row['found_at']:%Y-%m-%d}",
        "victim": row["victim"],
        "case_id": row["case_id"],
        "files": row["files"],
        "state": f"{state}{before}",
    }


def _sort(name: str, rows: list[dict[str, Any]], places: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort as the worklist; what speaks of victims by date, the latest first, and not by any rank."""

    def by_place(row: dict[str, Any]) -> tuple[Any, ...]:
        place = places.get(row["case_id"], {}).get("place", len(places))
        return place, row["case_id"], row.get("report_id") or ""

    if name not in {"notification", "claims"}:
        return sorted(rows, key=by_place)
    by_name = sorted(rows, key=lambda row: (row["victim"] or "", row["case_id"]))
    return sorted(by_name, key=lambda row: str(row["date"]), reverse=True)
