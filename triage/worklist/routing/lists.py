"""The lists themselves, made of what was routed, of the worklist, and of what the record keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import glue, say_each
from triage.features.telling.words import dates_of
from triage.worklist.routing.wishes import Wish, Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

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
    places = _places(worklist, routed.abroad["case_id"])
    referred = [
        _refer(row, places, as_of, referral, (tracked or {}).get(row["case_id"], Tracked()))
        for row in routed.abroad.to_pylist()
    ]
    claims = _tell_victims(routed.victims, wishes or Wishes())
    tables = {
        "referral": _sort_by_place(pa.Table.from_pylist(referred, SCHEMAS["referral"]), worklist),
        "notice": _sort_by_place(_notify(routed.notices, worklist), worklist),
        "identification": _sort_by_place(_place(routed.novel, worklist), worklist),
        "notification": _leave_out_told(claims, notified or {}).select(SCHEMAS["notification"].names),
        "claims": claims,
    }
    return {name: tables[name] for name in LISTS}


def find_lists(
    routed: Mapping[str, pa.Table],
    cases: pa.Array,
    wishes: Wishes | None = None,
    notified: Mapping[tuple[str, str], Told] | None = None,
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """Find on which lists cases stand, and how long the lists of these cases are.

    Parameters
    ----------
    routed : mapping of str to pyarrow.Table
        Of some parts, or of all, by the names of `triage.worklist.routing.ROUTES`.
    cases : pyarrow.Array of string, shape (n_cases,)
        Ids of the cases of these parts.
    wishes, notified
        As of `make_lists`.

    Returns
    -------
    on : array of uint8, shape (n_cases,)
        A bit a list, in the order of `LISTS` (`say_lists`).
    rows : dict of str to int
        How many rows each list has.
    """
    claims = routed["victims"].filter(_may_be_told(routed["victims"], wishes or Wishes())[0])
    told = _find_told(claims, notified or {})
    listed = {
        "referral": routed["abroad"],
        "notice": routed["notices"],
        "identification": routed["novel"],
        "notification": claims.filter(pa.array([one is None or one.news for one in told]))
        if told
        else claims,
        "claims": claims,
    }
    on = np.zeros(len(cases), dtype=np.uint8)
    for bit, name in enumerate(LISTS):
        if listed[name].num_rows:
            on |= (
                np.asarray(pc.is_in(cases, listed[name]["case_id"].combine_chunks())).astype(np.uint8) << bit
            )
    return on, {name: listed[name].num_rows for name in LISTS}


def say_lists(on: NDArray[np.uint8]) -> pa.Array:
    """Return the names of the lists on which each case stands, joined by blanks, for the worklist's column.

    Examples
    --------
    >>> say_lists(np.array([0, 3], dtype=np.uint8)).to_pylist()
    ['', 'referral notice']
    """
    return say_each(lambda bits: " ".join(name for bit, name in enumerate(LISTS) if bits >> bit & 1), on)


def _places(worklist: pa.Table, cases: pa.ChunkedArray) -> dict[str, dict[str, Any]]:
    """Return where some cases stand on the worklist."""
    some = worklist.filter(pc.is_in(worklist["case_id"], cases.combine_chunks()))
    return {row["case_id"]: row for row in some.select(["case_id", "lane", "tier"]).to_pylist()}


def _place(table: pa.Table, worklist: pa.Table) -> pa.Table:
    """Return what was routed with the lane and the time of each case."""
    at = pc.index_in(table["case_id"], worklist["case_id"].combine_chunks())
    for name in ("lane", "received_at"):
        table = table.append_column(name, worklist[name].take(at))
    return table.select(SCHEMAS["identification"].names).cast(SCHEMAS["identification"])


def _notify(table: pa.Table, worklist: pa.Table) -> pa.Table:
    """Say whether the hotline may act at once: a take-down warns, and ends what others may be watching."""
    at = pc.index_in(table["case_id"], worklist["case_id"].combine_chunks())
    ranked = pc.fill_null(pc.equal(worklist["lane"].take(at), "ranked"), False)
    state = pc.if_else(ranked, "may go to the hotline", "ask the police first")
    return table.append_column("state", state).cast(SCHEMAS["notice"])


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


def _tell_victims(victims: pa.Table, wishes: Wishes) -> pa.Table:
    """Return who may be told of what, by date, the latest first, and not by any rank."""
    may_tell, wish = _may_be_told(victims, wishes)
    victims = victims.append_column("state", pc.if_else(pc.equal(wish, Wish.TELL.value), "tell", ASK))
    victims = victims.filter(may_tell)
    day = pc.floor_temporal(victims["found_at"], unit="day")
    keys = pa.table({"day": day, "victim": pc.fill_null(victims["victim"], ""), "case": victims["case_id"]})
    order = pc.sort_indices(
        keys, sort_keys=[("day", "descending"), ("victim", "ascending"), ("case", "ascending")]
    )
    victims = victims.take(order)
    date = dates_of(np.asarray(victims["found_at"].cast(pa.int64())).astype(np.float64))
    victims = victims.append_column("date", date)
    fund = pc.invert(victims["person_named"])
    return victims.append_column("fund", fund).select(SCHEMAS["claims"].names).cast(SCHEMAS["claims"])


def _may_be_told(victims: pa.Table, wishes: Wishes) -> tuple[pa.Array, pa.Array]:
    """Say of each row whether the victim may be told, and what the register says."""
    wish = say_each(wishes.of, victims["victim"].combine_chunks())
    return pc.not_equal(wish, Wish.DO_NOT_TELL.value), wish


def _find_told(victims: pa.Table, notified: Mapping[tuple[str, str], Told]) -> list[Told | None]:
    """Return of each row when the victim was told; nothing where nobody was told of anything."""
    if not notified:
        return []
    names = zip(victims["case_id"].to_pylist(), victims["victim"].to_pylist(), strict=True)
    return [notified.get((case, victim or "")) for case, victim in names]


def _leave_out_told(victims: pa.Table, notified: Mapping[tuple[str, str], Told]) -> pa.Table:
    """Leave out whom somebody told, unless something new came since, and say so of the others."""
    told = _find_told(victims, notified)
    if not told:
        return victims
    since = [
        f"; told {one.at:%Y-%m-%d}, and something new came since: look what" if one else "" for one in told
    ]
    at = victims.column_names.index("state")
    victims = victims.set_column(at, "state", glue(victims["state"].combine_chunks(), pa.array(since)))
    return victims.filter(pa.array([one is None or one.news for one in told]))


def _sort_by_place(table: pa.Table, worklist: pa.Table) -> pa.Table:
    """Sort as the worklist; what is not on it comes last."""
    places = pc.index_in(table["case_id"], worklist["case_id"].combine_chunks())
    names = ["case_id", *({"report_id"} & set(table.column_names))]
    keys = pa.table({"place": places, **{name: table[name] for name in names}})
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    return table.take(order)
