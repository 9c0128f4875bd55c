"""The scores of several models for every case of a batch, side by side, to be compared or evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.given import require_kind
from triage.schema.batch import Batch
from triage.schema.part import known_cases
from triage.scoring.bundle import Bundle
from triage.scoring.loading import load_model
from triage.worklist.facts import gather_facts
from triage.worklist.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    import pandas as pd


CASE = "case_id"


def score_cases(
    batch: Batch,
    models: str | Iterable[str] | Mapping[str, Bundle],
    *,
    policy: Policy | None = None,
    as_of: datetime | None = None,
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Score every case of a batch by several models, without lanes, reasons or dates.

    Parameters
    ----------
    batch : Batch
        Read part by part.
    models : str, iterable of str, or mapping of str to Bundle
        Names as `triage.load_model` takes them, or models under names of your own.
    policy : Policy, optional
        Its rules say which cases are about a child to protect; the one called ``default`` if left out.
    as_of : datetime, optional
        The "now": only what was known by then counts. By default the batch's own.
    progress : callable, optional
        Called with the number of cases after each part.

    Returns
    -------
    pandas.DataFrame
        One row a case: ``case_id``, and a column a model with its score, as on the list. Higher is opened
        earlier. As there, a child who is reported has no score: NaN.

    Raises
    ------
    InputRefusedError
        The batch is something else, such as its path; a model is not there, one is named twice, none is
        named, or one would be called ``case_id``.

    Examples
    --------
    >>> from triage.intake.opening import open_any
    >>> from triage.shipped import find_shipped
    >>> scores = score_cases(open_any(find_shipped("synthetic_data", "sample")), ["expert", "arrival"])
    >>> len(scores), list(scores)
    (200, ['case_id', 'expert', 'arrival'])
    """
    import pandas as pd  # noqa: PLC0415 - slow to import, and the command line never asks for a frame

    require_kind(batch, Batch, "batch")
    require_kind(policy, Policy, "policy", or_none=True)
    named = _load(models)
    features = tuple(dict.fromkeys(name for one in named.values() for name in one.model.features))
    now = as_of or batch.meta.as_of
    cases: list[str] = []
    found: dict[str, list[np.ndarray]] = {name: [] for name in named}
    for whole in batch.parts():
        part = known_cases(whole, now)
        view = View(part, np.full(len(part.cases), int(now.timestamp())))
        matrix, youth = build_features(view, features), gather_facts(view, policy).youth
        cases += part.cases.to_pylist()
        for name, one in named.items():
            columns = [features.index(feature) for feature in one.model.features]
            score = one.model.score(one.model.contributions(matrix[:, columns]))
            found[name].append(np.where(youth, np.nan, score))
        if progress:
            progress(len(part.cases))
    none = np.empty(0)
    return pd.DataFrame({CASE: cases} | {name: np.concatenate([none, *some]) for name, some in found.items()})


def _load(models: str | Iterable[str] | Mapping[str, Bundle]) -> dict[str, Bundle]:
    if isinstance(models, str):
        models = [models]
    names = list(models)
    if not names or len(set(names)) < len(names) or CASE in names:
        raise InputRefusedError(
            ", ".join(names) or "none", where="models", expected=f"one or more names, each once, none {CASE}"
        )
    if not isinstance(models, Mapping):
        return {name: load_model(name) for name in names}
    for name, one in models.items():
        require_kind(one, Bundle, f"models[{name!r}]")
    return dict(models)
