"""Numbers for baselines alone: what lists are ordered by today, and what no model may be trained on.

How many files there are would raise a case for being large, waiting would raise it for being old, and the
lottery for nothing at all. They stand apart from the catalogue, and a recipe cannot name them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.view import DAY

if TYPE_CHECKING:
    from triage.features.feature import Feature, Floats
    from triage.features.view import View

LOTTERY_NUMBERS = 2**40
_LOTTERY_KEY = b"report-triage lottery"
_GRADES = {
    "A1": 3.0, "IWF_A": 3.0, "A2": 2.0, "B1": 2.0, "IWF_B": 2.0, "B2": 1.0, "IWF_C": 1.0, "none": 0.0,
}  # fmt: skip


def all_files(view: View) -> Floats:
    """Count the files, viral ones too."""
    rows = view.files
    return rows.count(np.ones(len(rows), dtype=bool))


def days_waiting(view: View) -> Floats:
    """Return the days from the first report of the case to the as-of time, NaN where no time is known."""
    return (view.as_of - view.first_received) / DAY


def severity_grade(view: View) -> Floats:
    """Return the grade of the severest file, 3 to 0, NaN where none was classed."""
    rows = view.files
    return rows.largest(rows.translate("severity_class", _GRADES))


def lottery_number(view: View) -> Floats:
    """Return a number from 0 to 2**40 - 1 per case: the same for the same case, and else like chance."""
    return np.array([_draw(case) for case in view.part.cases.to_pylist()], dtype=np.float64)


def _draw(case: str) -> int:
    digest = hashlib.blake2b(case.encode(), digest_size=8, key=_LOTTERY_KEY).digest()
    return int.from_bytes(digest, "big") % LOTTERY_NUMBERS


_baseline = Domain("baseline")

BASELINES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        _baseline.number(
            "all_files",
            +1,
            all_files,
            "files: {}",
            "lists are made so; more images go with less contact (McManus 2015)",
            unit="files",
        ),
        _baseline.number(
            "days_waiting",
            +1,
            days_waiting,
            "days since the first report: {}",
            "lists are made so; waiting says nothing of abuse",
            unit="days",
        ),
        _baseline.number(
            "severity_grade",
            +1,
            severity_grade,
            "grade of the severest material, of 3: {}",
            "lists are made so; within image-only suspects Smid 2014",
            unit="grade",
        ),
        _baseline.number("lottery_number", 0, lottery_number, "lottery number: {}", "chance", unit="number"),
    )
}
