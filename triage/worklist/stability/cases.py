"""The cases of a batch, as far as drawing weights and making the list anew need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.features.catalogue import build_features, find_feature
from triage.features.telling.texts import join_texts
from triage.features.view import View
from triage.schema.part import known_cases
from triage.worklist.facts import Facts, gather_facts
from triage.worklist.listing import gather_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.schema.batch import Batch
    from triage.scoring.model import Model
    from triage.worklist.policy import Policy

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """Everything of the cases of a batch that the measures need."""

    name: str
    facts: list[Facts]
    case_id: pa.Array
    matrix: Floats
    without_own: Floats
    unreadable: int


def gather_cases(
    batch: Batch,
    model: Model,
    now: datetime,
    policy: Policy | None,
    progress: Callable[[int], None] | None,
) -> Cases:
    """Gather the cases of a batch, part by part.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    model : Model
        Says which features count.
    now : datetime
        Only what was known by then counts.
    policy : Policy, optional
        What escalates and what pauses; the shipped ``default`` if left out.
    progress : callable, optional
        Called with the number of cases after each part.
    """
    facts, cases, matrix, without_own = [], [], [], []
    asides = [batch.set_aside]
    for whole in batch.parts():
        part = known_cases(whole, now)
        asides.append(part.set_aside)
        as_of = np.full(len(part.cases), int(now.timestamp()))
        view = View(part, as_of)
        facts.append(gather_facts(view, policy))
        cases.append(part.cases)
        matrix.append(build_features(view, model.features))
        without_own.append(build_features(View(part, as_of, own_records=False), model.features))
        if progress:
            progress(len(part.cases))
    none = np.empty((0, len(model.features)))
    return Cases(
        batch.meta.name,
        facts,
        join_texts(cases),
        np.concatenate([none, *matrix]),
        np.concatenate([none, *without_own]),
        len(gather_unreadable(pa.concat_tables(asides))),
    )


def forget_features(matrix: Floats, model: Model, names: Sequence[str]) -> Floats:
    """Return the matrix with features made unknown."""
    changed = matrix.copy()
    for column, name in enumerate(model.features):
        if name in names:
            changed[:, column] = 0.0 if find_feature(name).is_flag else np.nan
    return changed
