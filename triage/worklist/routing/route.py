"""Route the cases of a part: which other lists they also belong on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.worklist.routing.hosting import NOTICES_SCHEMA, find_hosting
from triage.worklist.routing.jurisdiction import ABROAD_SCHEMA, find_foreign
from triage.worklist.routing.material import NOVEL_SCHEMA, VICTIMS_SCHEMA, find_identified, find_unidentified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from triage.features.view import View
    from triage.worklist.policy import Referral

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Routed:
    """Where else the cases of a part belong; every case stays on the worklist all the same.

    Parameters
    ----------
    foreign_only, hosting_only, unidentified, identified : array of bool, shape (n_cases,)
        The person and every child are verified to be abroad; every report is about a server alone; novel
        material of an unidentified child; material of an identified victim.
    abroad, notices, novel, victims : pyarrow.Table
        What the lists say of them, one row each; `notices` has a row for each report.
    """

    foreign_only: Mask
    hosting_only: Mask
    unidentified: Mask
    identified: Mask
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
    foreign_only, abroad = find_foreign(view, referral)
    hosting_only, notices = find_hosting(view)
    unidentified, novel = find_unidentified(view)
    identified, victims = find_identified(view)
    return Routed(foreign_only, hosting_only, unidentified, identified, abroad, notices, novel, victims)


def route_nowhere(n_cases: int) -> Routed:
    """Return that cases belong on no other list: of those nothing can be read."""
    none = join_routed([])
    no = np.zeros(n_cases, dtype=bool)
    return replace(none, foreign_only=no, hosting_only=no, unidentified=no, identified=no)


def join_routed(parts: Sequence[Routed]) -> Routed:
    """Join the parts end to end.

    Examples
    --------
    >>> join_routed([]).notices.num_rows
    0
    """

    def masks(name: str) -> Mask:
        return np.concatenate([np.zeros(0, dtype=bool), *(getattr(part, name) for part in parts)])

    def tables(name: str, schema: pa.Schema) -> pa.Table:
        return pa.concat_tables([schema.empty_table(), *(getattr(part, name) for part in parts)])

    return Routed(
        foreign_only=masks("foreign_only"),
        hosting_only=masks("hosting_only"),
        unidentified=masks("unidentified"),
        identified=masks("identified"),
        abroad=tables("abroad", ABROAD_SCHEMA),
        notices=tables("notices", NOTICES_SCHEMA),
        novel=tables("novel", NOVEL_SCHEMA),
        victims=tables("victims", VICTIMS_SCHEMA),
    )
