"""Route the cases of a part: which other lists they also belong on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from triage.worklist.routing.hosting import NOTICES_SCHEMA, find_hosting
from triage.worklist.routing.jurisdiction import ABROAD_SCHEMA, find_foreign
from triage.worklist.routing.material import NOVEL_SCHEMA, VICTIMS_SCHEMA, find_identified, find_unidentified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.features.view import View
    from triage.worklist.policy import Referral


ROUTES = {
    "abroad": ABROAD_SCHEMA,
    "notices": NOTICES_SCHEMA,
    "novel": NOVEL_SCHEMA,
    "victims": VICTIMS_SCHEMA,
}


@dataclass(frozen=True)
class Routed:
    """Where else the cases of a part belong; every case stays on the worklist all the same.

    Parameters
    ----------
    abroad, notices, novel, victims : pyarrow.Table
        What the lists say of them (columns of `ROUTES`): the person and every child are verified to be
        abroad, a row a case; a report is about a server alone, a row a report; novel material of an
        unidentified child, a row a case; material of an identified victim, a row a victim and case.
    """

    abroad: pa.Table
    notices: pa.Table
    novel: pa.Table
    victims: pa.Table


def route_part(view: View, referral: Referral) -> Routed:
    """Route the cases of one part: a pure function, to be mapped over parts in any way.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    referral : Referral
        Says where home is.
    """
    _, abroad = find_foreign(view, referral)
    _, notices = find_hosting(view)
    _, novel = find_unidentified(view)
    _, victims = find_identified(view)
    return Routed(abroad, notices, novel, victims)


def join_routed(parts: Sequence[Routed]) -> Routed:
    """Join the parts end to end; without any, the cases belong on no other list.

    Examples
    --------
    >>> join_routed([]).notices.num_rows
    0
    """
    return Routed(
        **{
            name: pa.concat_tables([schema.empty_table(), *(getattr(part, name) for part in parts)])
            for name, schema in ROUTES.items()
        }
    )
