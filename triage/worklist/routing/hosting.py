"""Which reports are about a server alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View

    Mask = NDArray[np.bool_]

NOTICES_SCHEMA = pa.schema(
    [
        ("report_id", pa.string()),
        ("case_id", pa.string()),
        ("source", pa.string()),
        ("hosted_in", pa.string()),
        ("files", pa.int64()),
        ("received_at", pa.timestamp("s", tz="UTC")),
    ]
)
_TOLD = ["report_id", "case_id", "source_system", "jurisdiction_country", "received_at"]
_UNKNOWN = "ZZ"
_BY_ADDRESS = ("iccam", "hotline_form")
_OF_A_PERSON = ("verified_location", "ip", "phone", "address", "estimated", "payment")
_ACTS = ("enticement", "molestation", "trafficking", "travel", "unsolicited_to_child")
_FINDABLE = ("named", "locatable", "handle_only")


def find_hosting(view: View) -> tuple[Mask, pa.Table]:
    """Find the reports that are about a server alone.

    Such a report names nobody: no person in any part, so no account, no file tied to an account, and no child
    who could be found. It is not about what somebody does to a child, such as enticement. And it is about a
    place on the net: its country rests on the hosting, or it came from a hotline, whose formats carry
    addresses of material, with material, and without a country that rests on a person. Where all its
    material was found not to be illegal, there is nothing to take down.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.

    Returns
    -------
    hosting_only : array of bool, shape (n_cases,)
        Every report of the case is of this kind.
    notices : pyarrow.Table
        The reports, also those whose case has others (columns of `NOTICES_SCHEMA`).
    """
    reports, files, children = view.reports, view.files, view.children

    def of(rows: Rows) -> Mask:
        return reports.refer("report_id", rows, "report_id")

    somebody = (
        of(view.everybody)
        | of(files.only(files.tokens("account_id") >= 0))
        | of(children.only(children.is_code("identification", *_FINDABLE)))
    )
    with_files = of(files)
    cleared = with_files & ~of(files.only(~files.is_code("legal_class", "not_illegal")))
    by_hotline = (
        reports.is_code("source_system", *_BY_ADDRESS)
        & with_files
        & ~reports.is_code("jurisdiction_basis", *_OF_A_PERSON)
    )
    placed = reports.is_code("jurisdiction_basis", "hosting") | by_hotline
    alone = placed & ~reports.is_code("incident_type", *_ACTS) & ~somebody & ~cleared
    chosen = reports.table.select(_TOLD).filter(pa.array(alone))
    hosted = chosen["jurisdiction_country"].cast(pa.string())
    known = pa.array(reports.codes("jurisdiction_country")[alone] >= 0)
    at = files.find("report_id", reports, "report_id")
    counts = np.bincount(at[at >= 0], minlength=len(reports))
    notices = pa.table(
        [
            chosen["report_id"],
            chosen["case_id"],
            chosen["source_system"].cast(pa.string()),
            pc.if_else(pc.and_(known, pc.not_equal(hosted, _UNKNOWN)), hosted, None),
            pa.array(counts[alone]),
            chosen["received_at"],
        ],
        schema=NOTICES_SCHEMA,
    )
    return reports.any(alone) & ~reports.any(~alone), notices
