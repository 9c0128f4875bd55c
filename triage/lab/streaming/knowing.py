"""What is known of a case in each of its versions: facts and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from triage.features.catalogue import build_features
from triage.features.view import View
from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES
from triage.scoring.bundle import Bundle
from triage.worklist.facts import gather_facts
from triage.worklist.order import lane_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from triage.scoring.model import Model
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# Versions whose rows are laid out at a time.
SLICE_VERSIONS = 20_000
# `triage.worklist.axes.Solvability.key` is four times the identity, counted from nobody (-2) on, and more.
_OF_IDENTITY, _NOBODY = 4, -2


@dataclass(frozen=True)
class Known:
    """One entry a version, shape (n_versions,) each, as in `triage.lab.stream.Versions`."""

    lane: Ints
    imminence: Ints
    solvable: Ints
    identity: Ints
    evidence_end: Floats
    foreign: Mask
    scores: dict[str, Floats]


def know_versions(
    part: Part, case: Ints, at: Ints, models: Mapping[str, Bundle | Model], policy: Policy
) -> Known:
    """Gather facts and scores of versions.

    Parameters
    ----------
    part : Part
        Whole cases, sorted.
    case, at : array of int, shape (n_versions,)
        Index of the case, ascending, and the moment, in seconds since 1970.
    models : mapping of str to Bundle or Model
        Whose scores are wanted.
    policy : Policy
        Its rules say what escalates, what is youth and what pauses.
    """
    plain = {name: one.model if isinstance(one, Bundle) else one for name, one in models.items()}
    rows = _Rows(part)
    slices = [
        _know(rows.lay_out(case[low : low + SLICE_VERSIONS], at[low : low + SLICE_VERSIONS]),
              at[low : low + SLICE_VERSIONS], plain, policy)
        for low in range(0, len(case), SLICE_VERSIONS)
    ]  # fmt: skip
    return _join(slices, list(plain))


class _Rows:
    """The rows of a part, ready to be laid out version by version."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.position = {name: part.position(name) for name in TABLES}
        self.known = {
            name: np.asarray(pc.fill_null(table["known_at"].cast(pa.int64()), np.iinfo(np.int64).min))
            for name, table in part.tables.items()
        }

    def lay_out(self, case: Ints, at: Ints) -> Part:
        """Return the rows known in each version, each version as a case of its own."""
        tables, places = {}, {}
        for name, table in self.part.tables.items():
            first, last = np.searchsorted(self.position[name], [case, case + 1])
            number = last - first
            version = np.repeat(np.arange(len(case)), number)
            row = np.arange(len(version)) + np.repeat(first - (np.cumsum(number) - number), number)
            come = self.known[name][row] <= at[version]
            tables[name], places[name] = table.take(pa.array(row[come])), version[come]
        return Part(tables, self.part.cases.take(pa.array(case)), no_set_aside(), [], places)


def _know(part: Part, at: Ints, models: Mapping[str, Model], policy: Policy) -> Known:
    view = View(part, at)
    facts = gather_facts(view, policy)
    scores = {}
    for name, model in models.items():
        score = model.score(model.contributions(build_features(view, model.features)))
        scores[name] = np.where(np.isfinite(score), score, np.nan).astype(np.float64)
    return Known(
        lane=lane_of(facts).astype(np.int64),
        imminence=facts.imminence,
        solvable=facts.solvable,
        identity=np.maximum(facts.solvable // _OF_IDENTITY + _NOBODY, -1),
        evidence_end=facts.preserve_until,
        foreign=_find_foreign(view, policy),
        scores=scores,
    )


def _find_foreign(view: View, policy: Policy) -> Mask:
    """Mark the cases of which every report rests on a verified location abroad.

    The product asks for the country of every child too before it refers a case; no world tells one.
    """
    reports = view.reports
    codes = reports.table["jurisdiction_country"].cast(pa.string())
    home = pc.is_in(codes, pa.array([*policy.referral.home, "ZZ"], pa.string()))
    abroad = (
        np.asarray(pc.invert(home))
        & (reports.codes("jurisdiction_country") >= 0)
        & reports.is_code("jurisdiction_basis", "verified_location")
        & bool(policy.referral.home)
    )
    return np.asarray(reports.any(abroad) & ~reports.any(~abroad))


def _join(slices: list[Known], names: list[str]) -> Known:
    def join(values: list[NDArray[Any]], kind: type) -> NDArray[Any]:
        return np.concatenate(values) if values else np.empty(0, kind)

    kinds = {"evidence_end": float, "foreign": bool}
    plain = ("lane", "imminence", "solvable", "identity", "evidence_end", "foreign")
    fields = {name: join([getattr(one, name) for one in slices], kinds.get(name, int)) for name in plain}
    scores = {name: join([one.scores[name] for one in slices], float) for name in names}
    return Known(**cast("dict[str, Any]", fields), scores=scores)
