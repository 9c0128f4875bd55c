"""What the list must know of a case besides its score: its lane, its age, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from triage.schema.tables import ADULT_BANDS, MINOR_BANDS, PERSONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.features.view import Rows, View

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

_CRISES = ("self_harm_or_suicide", "missing", "in_contact_now", "blackmail_active", "medical")
IMMINENCE = {
    2: "a child in contact or in crisis",
    1: "the reporter asks for immediate attention",
    0: "labelled sextortion or sadistic exploitation",
}
_IDENTITY = PERSONS["identity_level"].codes


@dataclass(frozen=True)
class Facts:
    """One entry per case, shape (n_cases,) each.

    Parameters
    ----------
    received : array of float
        When the first report came, in seconds since 1970; NaN where unknown.
    reports : array of float
        Number of reports.
    sources, country, solvability : list of str
        Source systems; countries of jurisdiction; how well the person is identified and whether the country
        is known.
    imminence : array of int
        2 for a child in contact or in crisis, 1 where the reporter asks for immediate attention, 0 for a
        label of sextortion or sadism, -1 where nothing escalates.
    youth : array of bool
        A child to protect: the reported person is under 18, is the child itself, or both sides are minors.
    paused : array of bool
        Another investigation has the person (deconfliction).
    """

    received: Floats
    reports: Floats
    sources: list[str]
    country: list[str]
    solvability: list[str]
    imminence: NDArray[np.int64]
    youth: Mask
    paused: Mask

    @property
    def escalated(self) -> Mask:
        """Whether the case goes on top whatever the model says."""
        return self.imminence >= 0


def gather_facts(view: View) -> Facts:
    """Gather the facts of every case of a part.

    Parameters
    ----------
    view : View
        The part as known at the as-of time.
    """
    country = _names(view.reports, "jurisdiction_country")
    return Facts(
        received=view.first_received,
        reports=view.reports.count(np.ones(view.reports.table.num_rows, dtype=bool)),
        sources=_names(view.reports, "source_system"),
        country=country,
        solvability=_solvability(view, country),
        imminence=_imminence(view),
        youth=_youth(view),
        paused=view.prior_records.any(view.prior_records.is_code("record_kind", "open_case")),
    )


def _imminence(view: View) -> NDArray[np.int64]:
    """Rank what escalates a case; any of it suffices, whatever the reach of the person."""
    reports, children = view.reports, view.children
    level = np.full(view.n_cases, -1)
    level[reports.any(reports.has("report_annotations", "sextortion", "sadistic_online"))] = 0
    level[reports.any(reports.is_code("escalated_by_reporter", "asserted"))] = 1
    level[children.any(children.has("crisis_code", *_CRISES))] = 2
    return level


def _youth(view: View) -> Mask:
    """Mark the cases in which the reported person is a child; one stated adult is enough not to."""
    persons, children, reports = view.persons, view.children, view.reports
    adult = persons.any(persons.is_code("age_band", *ADULT_BANDS))
    minor = persons.any(persons.is_code("age_band", *MINOR_BANDS))
    itself = children.any(children.is_code("relation_to_suspect", "self"))
    both_minors = reports.any(reports.has("report_annotations", "minor_to_minor"))
    return (minor | itself | both_minors) & ~adult


def _solvability(view: View, country: list[str]) -> list[str]:
    rows = view.persons
    level = rows.codes("identity_level").astype(np.float64)
    best = np.nan_to_num(rows.largest(level), nan=-1.0).astype(int)
    person = ["no person", *(name.replace("_", " ") for name in _IDENTITY)]
    return [
        f"{person[level + 1]}, {'country known' if place else 'country unknown'}"
        for level, place in zip(best, country, strict=True)
    ]


def _names(rows: Rows, column: str) -> list[str]:
    """Return the distinct codes of each case, joined by blanks; unknown countries are left out."""
    values = rows.table[column].combine_chunks()
    known = np.asarray(values.is_valid())
    names = np.asarray(values.dictionary_decode().to_pylist(), dtype=object)
    found: list[set[str]] = [set() for _ in range(rows.n_cases)]
    for case, name in zip(rows.position[known].tolist(), names[known].tolist(), strict=True):
        found[case].add(name)
    return [" ".join(sorted(some - {"ZZ"})) for some in found]
