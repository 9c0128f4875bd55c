"""With what probability a case has been chosen by the lists, and would have been had it been passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.record.lists import LATER, all_names, chosen_rows, headers_by_number
from triage.record.pool import aliases_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from triage.record.store import Store

    Rows = Iterable[tuple[int, Mapping[str, Any]]]


def inclusion_in(
    store: Store,
    connection: Connection,
    cases: Collection[str] | None = None,
    before: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Return with what probability each case has been chosen by any of the lists (`accumulate`).

    Parameters
    ----------
    store, connection
        To read from.
    cases : collection of str, optional
        Only these, by their present names.
    before : mapping of case to str, optional
        When each of these was chosen: of lists from after that only the lottery counts.
    """
    aliases = aliases_in(store, connection)
    headers = headers_by_number(store, connection)
    rows: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for seq, row in chosen_rows(store, connection, all_names(aliases, cases)):
        rows.setdefault(aliases.get(row["case_id"], row["case_id"]), []).append((seq, row))
    found = {case: accumulate(headers, some, (before or {}).get(case, LATER)) for case, some in rows.items()}
    return {case: share for case, share in found.items() if share > 0}


def accumulate(headers: Mapping[int, Mapping[str, Any]], rows: Rows, chosen_at: str = LATER) -> float:
    r"""Return the probability with which any of the lists so far chooses one case: 1 - prod(1 - p).

    A case that was drawn leaves the lottery. Counted only up to its draw, cases that were drawn early would
    weigh too much: over many lists of a pool that stays the weights of the drawn would add up to the pool
    not once but as often as :math:`\sum_{t \le T} 1/t`. So the lists after the draw count too, with the
    chance that they would have given the case had they found it in the order with the score that it last
    had; at the place that it last had, where another model made the list, and among equal scores.

    Parameters
    ----------
    headers : mapping of int to mapping
        Of every list, by its number: ``at``, ``model``, and of the lottery ``above`` and ``strata``.
    rows : iterable of (int, mapping)
        Number of the list and row wherever the case was chosen, held a slot, or stood on another list too.
    chosen_at : str
        When the case was opened. What later lists say of a case that no lottery had drawn by then says
        nothing of how it was chosen.

    Notes
    -----
    A list of which the strata were not kept counts only up to `chosen_at`; of several that were made from
    the same batch, the largest probability counts, once. Where they were kept, each list drew among the
    cases that were left, so that each counts.

    Examples
    --------
    One slot among four cases, and then among the three that are left: half of them are drawn.

    >>> strata = (
    ...     [{"from": 1, "to": 4, "cases": 4, "slots": 1}],
    ...     [{"from": 1, "to": 3, "cases": 3, "slots": 1}],
    ... )
    >>> headers = {n: {"at": f"{n}", "above": 0, "strata": some} for n, some in enumerate(strata)}
    >>> row = {"case_id": "a", "inclusion": 0.25, "audit": True, "place": 2, "score": 0.7}
    >>> round(accumulate(headers, [(0, row)], chosen_at="0+"), 12)
    0.5
    """
    own: dict[int, list[Mapping[str, Any]]] = {}
    for seq, row in rows:
        own.setdefault(seq, []).append(row)
    missed, drawn, stood = 1.0, False, None
    unsure: dict[tuple[str, str], float] = {}
    for seq in sorted(headers):
        header, some = headers[seq], own.get(seq, [])
        if header["at"] >= chosen_at and not (drawn and "strata" in header):
            continue
        for row in some:
            if "strata" in header:
                missed *= 1.0 - _chance_of(header, row)
            else:
                made_of = (row["case_id"], str(header.get("draw") or header["batch"]))
                unsure[made_of] = max(unsure.get(made_of, 0.0), row["inclusion"])
            stood = (row["place"], row.get("score"), _model_of(header)) if row.get("place") else stood
            drawn = drawn or bool(row.get("audit"))
        if not some and drawn and stood and "strata" in header:
            place, score, model = stood
            missed *= 1.0 - chance_at(header, place, score if model == _model_of(header) else None)
    for share in unsure.values():
        missed *= 1.0 - share
    return 1.0 - missed


def _chance_of(header: Mapping[str, Any], row: Mapping[str, Any]) -> float:
    """Return the chance of a row: one that holds the slot of an earlier list has that of its place."""
    if row.get("audit") and not row["inclusion"] and row.get("place"):
        return chance_at(header, row["place"])
    return float(row["inclusion"])


def _model_of(header: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells whether two lists have scores on one scale."""
    return str(header.get("model")), str(header.get("fingerprints", "")).split(" ")[0]


def chance_at(header: Mapping[str, Any], place: int, score: float | None = None) -> float:
    """Return the chance that a list gives to a case, by the place that it has or had among the ranked ones.

    Parameters
    ----------
    header : mapping
        Of the list.
    place : int
        From 1.
    score : float, optional
        By the model of the list: it goes before the place, which then decides among equal scores.

    Examples
    --------
    >>> above = {"above": 5, "above_score": 0.8}
    >>> strata = [
    ...     {"from": 6, "to": 8, "score": 0.5, "cases": 3, "slots": 1},
    ...     {"from": 9, "to": 18, "score": 0.1, "cases": 10, "slots": 2},
    ... ]
    >>> [round(chance_at(above | {"strata": strata}, place), 2) for place in (5, 6, 9, 40)]
    [1.0, 0.33, 0.2, 0.2]
    >>> [round(chance_at(above | {"strata": strata}, 6, score), 2) for score in (0.9, 0.8, 0.5, 0.4)]
    [1.0, 0.33, 0.33, 0.2]
    """

    def reaches(last: int, least: float | None) -> bool:
        if score is None or least is None or score == least:
            return place <= last
        return score > least

    if header["above"] and reaches(header["above"], header.get("above_score")):
        return 1.0
    strata = header["strata"]
    covers = next(
        (one for one in strata if reaches(one["to"], one.get("score"))), strata[-1] if strata else None
    )
    return covers["slots"] / covers["cases"] if covers else 0.0
