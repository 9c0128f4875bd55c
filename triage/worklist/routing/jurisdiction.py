"""Which cases are verified to be of abroad: the person and every child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View
    from triage.worklist.policy import Referral

    Mask = NDArray[np.bool_]
    Names = NDArray[np.object_]

ABROAD_SCHEMA = pa.schema(
    [("case_id", pa.string()), ("person_in", pa.string()), ("children_in", pa.string())]
)
_UNKNOWN = "ZZ"


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
    person_in = _countries(reports, "jurisdiction_country")
    person_abroad = verified & _is_abroad(person_in, referral) & ~_of_several(view)
    children_in = _countries(children, "country")
    child_abroad = _is_abroad(children_in, referral)
    foreign = (
        reports.any(person_abroad)
        & ~reports.any(~person_abroad)
        & children.any(child_abroad)
        & ~children.any(~child_abroad)
    )
    cases = np.flatnonzero(foreign)
    return foreign, pa.table(
        [
            view.part.cases.take(pa.array(cases)),
            pa.array(_join(reports, person_in, cases), pa.string()),
            pa.array(_join(children, children_in, cases), pa.string()),
        ],
        schema=ABROAD_SCHEMA,
    )


def _countries(rows: Rows, column: str) -> Names:
    """Return the country of each row, None where it is not known."""
    known = rows.codes(column) >= 0
    names = np.array(rows.table[column].cast(pa.string()).to_pylist(), dtype=object)
    names[~known | (names == _UNKNOWN)] = None
    return names


def _is_abroad(names: Names, referral: Referral) -> Mask:
    home = {None, *referral.home}
    return np.array([bool(referral.home) and name not in home for name in names], dtype=bool)


def _of_several(view: View) -> Mask:
    """Mark the reports that name more than one reported person."""
    persons, reports = view.persons, view.reports
    of_report = {name: index for index, name in enumerate(reports.table["report_id"].to_pylist())}
    held: list[set[str]] = [set() for _ in of_report]
    for report, person in zip(
        *(persons.table[name].to_pylist() for name in ("report_id", "person_id")), strict=True
    ):
        if report in of_report:
            held[of_report[report]].add(person)
    return np.array([len(some) > 1 for some in held], dtype=bool)


def _join(rows: Rows, names: Names, cases: NDArray[np.int64]) -> list[str]:
    chosen = np.isin(rows.position, cases)
    found: dict[int, set[str]] = {case: set() for case in cases.tolist()}
    for case, name in zip(rows.position[chosen].tolist(), names[chosen].tolist(), strict=True):
        found[case].add(name)
    return [" ".join(sorted(some)) for some in found.values()]
