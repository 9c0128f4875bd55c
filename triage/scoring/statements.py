"""A sum of terms as a person reads it: one statement a row, and what it adds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from triage.features.catalogue import find_feature
from triage.scoring.additive import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.features.feature import Feature
    from triage.scoring.additive import AdditiveModel, Steps

COLUMNS = ["feature", "domain", "statement", "adds", "source"]


def list_statements(model: AdditiveModel) -> pd.DataFrame:
    """Return one row a statement that adds something; see `AdditiveModel.to_frame`.

    Examples
    --------
    >>> from triage.scoring.additive import AdditiveModel, Steps, flag_steps
    >>> record = flag_steps("contact_record", -1.0, 0.0, 4.0)
    >>> reports = Steps("prior_reports", (1.0, 3.0), (0.0, 1.0, 2.0))
    >>> frame = list_statements(AdditiveModel("card", "points", (record, reports)))
    >>> for row in frame.itertuples():
    ...     print(f"{row.adds:+g} {row.statement}")
    +4 an earlier conviction for a contact offence
    -1 no earlier conviction for a contact offence in the registers
    +1 earlier reports about the person: from 1 to below 3
    +2 earlier reports about the person: from 3
    """
    rows = []
    for term in model.terms:
        feature = find_feature(term.feature)
        source = model.sources.get(term.feature, "") or feature.evidence
        told = _tell_line(term, feature) if isinstance(term, Line) else _tell_steps(term, feature)
        rows += [(term.feature, feature.domain, said, adds, source) for said, adds in told if adds]
    return pd.DataFrame(rows, columns=COLUMNS)


def _tell_line(term: Line, feature: Feature) -> Iterator[tuple[str, float]]:
    of = "log(1 + value)" if term.log else "value"
    what = feature.asserted if feature.is_flag else feature.asserted.format(of)
    yield f"{what}, each unit {f'above {term.center:.4g}' if term.center else 'of it'}", term.slope


def _tell_steps(term: Steps, feature: Feature) -> Iterator[tuple[str, float]]:
    if feature.is_flag and len(term.values) == 3:
        denied, _, asserted = term.values
        yield feature.asserted, asserted
        yield feature.say(-1.0) if feature.denied else f"not so: {feature.asserted}", denied
        yield feature.say(0.0), term.values[1]
        return
    starts, ends = [-math.inf, *term.edges], [*term.edges, math.inf]
    for value, start, end in zip(term.values, starts, ends, strict=True):
        yield feature.asserted.format(_say_interval(start, end)), value
    yield feature.say(math.nan), term.unknown


def _say_interval(start: float, end: float) -> str:
    if math.isinf(start):
        return "known" if math.isinf(end) else f"below {end:g}"
    return f"from {start:g}" if math.isinf(end) else f"from {start:g} to below {end:g}"
