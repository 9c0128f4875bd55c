"""Whose material a case holds: of children nobody has found yet, and of victims who are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.telling.texts import number_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_TIME = pa.timestamp("s", tz="UTC")
NOVEL_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("files", pa.int64()),
        ("youngest", pa.string()),
        ("self_produced", pa.bool_()),
        ("last_upload", _TIME),
    ]
)
VICTIMS_SCHEMA = pa.schema(
    [
        ("found_at", _TIME),
        ("victim", pa.string()),
        ("case_id", pa.string()),
        ("files", pa.int64()),
        ("person_named", pa.bool_()),
    ]
)
_BY_AGE = ("0-2", "3-6", "prepubescent", "7-10", "11-13", "pubescent", "14-15", "16-17", "18+")
# A child without a token of its own was given a number when it was read; that names nobody in a register.
_NUMBERED = r"^row-([0-9a-f]{8}-)?\d+$"


def find_unidentified(view: View) -> tuple[Mask, pa.Table]:
    """Find the cases with material that no list knows, of a child whom nobody has identified.

    A file counts when a look-up knew no match for it, nobody found it not to be illegal, and either its own
    victim is unidentified, or nothing says that it is identified and its report names an unidentified child.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.

    Returns
    -------
    unidentified : array of bool, shape (n_cases,)
    novel : pyarrow.Table
        One row for each of these cases (columns of `NOVEL_SCHEMA`).
    """
    files, children = view.files, view.children
    unknown_children = children.only(children.is_code("identification", "unidentified"))
    unidentified = files.is_code("victim_status", "unidentified") | (
        ~files.is_code("victim_status", "identified")
        & files.refer("report_id", unknown_children, "report_id")
    )
    novel = files.is_code("hash_status", "no_match") & ~_cleared(files) & unidentified
    found = files.any(novel)
    cases = np.flatnonzero(found)
    chosen = files.only(novel)
    age = chosen.smallest(
        chosen.translate("youngest_age_band", {band: float(place) for place, band in enumerate(_BY_AGE)})
    )[cases]
    upload = chosen.largest(chosen.seconds("uploaded_at"))[cases]
    table = pa.table(
        [
            view.part.cases.take(pa.array(cases)),
            pa.array(chosen.count(np.ones(len(chosen.position), dtype=bool))[cases].astype(np.int64)),
            pa.array(_BY_AGE).take(pa.array(np.nan_to_num(age).astype(np.int64), mask=np.isnan(age))),
            pa.array(chosen.any(chosen.has("file_annotations", "self_produced"))[cases]),
            pa.array(np.nan_to_num(upload).astype(np.int64), mask=np.isnan(upload)).cast(_TIME),
        ],
        schema=NOVEL_SCHEMA,
    )
    return found, table


def find_identified(view: View) -> tuple[Mask, pa.Table]:
    """Find the cases with material of an identified victim, and who that may be.

    Files carry no token of a victim. In its place stand the children of the same report who are named as
    identified before. Where there is none, or it has no token, the victim is left open: the register that
    knows the file knows whose it is. With several, each is listed with all the files.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.

    Returns
    -------
    identified : array of bool, shape (n_cases,)
    victims : pyarrow.Table
        One row for each victim and case (columns of `VICTIMS_SCHEMA`), with when the latest report of the
        material was received, the number of files, and whether a reported person is known by name.
    """
    files, children, reports, persons = view.files, view.children, view.reports, view.persons
    material = files.is_code("victim_status", "identified") & ~_cleared(files)
    found, chosen = files.any(material), files.only(material)
    known = children.only(children.is_code("identification", "previously_identified"))
    # The last one is what -1, no report, finds.
    received = np.append(reports.seconds("received_at"), np.nan)[
        chosen.find("report_id", reports, "report_id")
    ]
    received = np.where(np.isnan(received), chosen.seconds("known_at"), received).astype(np.int64)
    named = persons.any(persons.is_code("identity_level", "named", "civil_identity"))
    row, victim = _find_victims(files.table["report_id"].filter(pa.array(material)), known)
    which, first = number_rows(pa.array(chosen.position[row]), victim)
    latest = np.full(len(first), np.iinfo(np.int64).min)
    np.maximum.at(latest, which, received[row])
    case = chosen.position[row[first]]
    return found, pa.table(
        [
            pa.array(latest).cast(_TIME),
            victim.take(pa.array(first)),
            view.part.cases.take(pa.array(case)),
            pa.array(np.bincount(which, minlength=len(first)).astype(np.int64)),
            pa.array(named[case]),
        ],
        schema=VICTIMS_SCHEMA,
    )


def _find_victims(report: pa.ChunkedArray, known: Rows) -> tuple[Ints, pa.Array]:
    """Return the rows of files with each victim that their report names: the row, and the victim or none."""
    children = known.table["child_id"].combine_chunks()
    numbered = pc.match_substring_regex(children, _NUMBERED)
    victim = pc.if_else(numbered, pa.scalar(None, pa.string()), children)
    named = pa.table({"report_id": known.table["report_id"], "victim": victim})
    named = named.group_by(named.column_names, use_threads=False).aggregate([])
    files = pa.table({"report_id": report, "row": np.arange(len(report))})
    joined = files.join(named, "report_id", join_type="left outer", use_threads=False)
    return np.asarray(joined["row"]).astype(np.int64), joined["victim"].combine_chunks()


def _cleared(files: Rows) -> Mask:
    return files.is_code("legal_class", "not_illegal")
