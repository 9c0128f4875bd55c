"""Which cases are verified to be of abroad: the person and every child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.worklist.naming import country_codes, name_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View
    from triage.worklist.policy import Referral

    Mask = NDArray[np.bool_]

ABROAD_SCHEMA = pa.schema(
    [("case_id", pa.string()), ("person_in", pa.string()), ("children_in", pa.string())]
)


def find_foreign(view: View, referral: Referral) -> tuple[Mask, pa.Table]:
    """Find the cases of which the person and every child are verified to be abroad.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    referral : Referral
        Says where home is.

    Returns
    -------
    foreign_only : array of bool, shape (n_cases,)
        Every report has a country that is not home and rests on a verified location; there is a child, and
        every child has a verified country that is not home. An address on the net, a phone number, an
        estimate, a payment or a server never suffices, nor does one report or one child of which the country
        is unknown. The country of a report with several reported persons is taken to be verified for none
        of them, as nothing says whose it is.
    abroad : pyarrow.Table
        Where the person and the children of these cases are (columns of `ABROAD_SCHEMA`).
    """
    reports, children = view.reports, view.children
    verified = reports.is_code("jurisdiction_basis", "verified_location")
    if not verified.any():
        return np.zeros(view.n_cases, dtype=bool), ABROAD_SCHEMA.empty_table()
    person_abroad = verified & _is_abroad(reports, "jurisdiction_country", referral) & ~_of_several(view)
    child_abroad = _is_abroad(children, "country", referral)
    foreign = (
        reports.any(person_abroad)
        & ~reports.any(~person_abroad)
        & children.any(child_abroad)
        & ~children.any(~child_abroad)
    )
    of_these = (rows.only(foreign[rows.position]) for rows in (reports, children))
    named = map(name_codes, of_these, ("jurisdiction_country", "country"))
    columns = (view.part.cases, *named)
    return foreign, pa.table([column.filter(pa.array(foreign)) for column in columns], schema=ABROAD_SCHEMA)


def _is_abroad(rows: Rows, column: str, referral: Referral) -> Mask:
    """Mark the rows with a known country that is not home; none where nobody said where home is."""
    codes = country_codes(rows, column)
    away = [name not in referral.home for name in rows.codes_of(column)]
    return np.array([*away, False])[codes] & bool(referral.home)


def _of_several(view: View) -> Mask:
    """Mark the reports that name more than one reported person."""
    persons, reports = view.persons, view.reports
    report, person = persons.find("report_id", reports, "report_id"), persons.tokens("person_id") + 1
    size = person.max(initial=0) + 1
    pairs = np.unique((report * size + person)[report >= 0])
    return np.bincount(pairs // size, minlength=len(reports)) > 1
