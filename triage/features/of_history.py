"""Earlier records and reports about the reported person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.features.of_report import days_of_reports, reports_in_case
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Feature, Floats
    from triage.features.view import View


_CHECKED = (
    "contact_conviction",
    "allegation",
    "image_conviction",
    "registry",
    "other_conviction",
    "supervision_breach",
    "none_found",
)


def _record(*kinds: str) -> Compute:
    """Return +1 with such a record, -1 where the registers were checked and hold none, else 0."""

    def compute(view: View) -> Floats:
        rows = view.prior_records
        return rows.flag(rows.is_code("record_kind", *kinds), rows.is_code("record_kind", *_CHECKED))

    return compute


def prior_reports(view: View) -> Floats:
    """Count the earlier reports about the person."""
    rows = view.prior_records
    return rows.count(rows.is_code("record_kind", "prior_report"))


def years_since_contact_record(view: View) -> Floats:
    """Return the years from the latest record of a contact offence or allegation to the latest report."""
    rows = view.prior_records
    of_contact = rows.is_code("record_kind", "contact_conviction", "allegation")
    latest = rows.largest(np.where(of_contact, rows.seconds("recorded_at"), np.nan))
    return view.days_before_report(latest) / 365.25


_history = Domain("history")

_FREQUENCY = "dark-web survey 2022: frequency of use"


def _of_records(name: str, kinds: tuple[str, ...], what: str, evidence: str) -> Feature:
    return _history.flag(
        name,
        +1,
        _record(*kinds),
        f"an earlier {what}",
        evidence,
        denied=f"no earlier {what} in the registers",
        asks=f"an earlier {what}",
        knowable=Knowable.ENRICHMENT,
    )


HISTORY = (
    _of_records(
        "contact_record",
        ("contact_conviction",),
        "conviction for a contact offence",
        "Smid 2014; KIRAT step 1; Babchishin 2015",
    ),
    _of_records(
        "contact_allegation",
        ("allegation",),
        "allegation of a contact offence",
        "Smid 2014: any earlier contact with the police for direct victimisation",
    ),
    _of_records(
        "image_record",
        ("image_conviction",),
        "image offence",
        "Smid 2014: earlier non-contact sexual offences",
    ),
    _of_records(
        "register_entry", ("registry",), "entry in a register of offenders", "Babchishin 2015; KIRAT step 1"
    ),
    _of_records("other_record", ("other_conviction",), "other conviction", "Babchishin 2015; Soldino 2019"),
    _of_records("supervision_breach", ("supervision_breach",), "breach of supervision", "CPORT"),
    _history.number(
        "years_since_contact_record",
        -1,
        years_since_contact_record,
        "years since the latest record of a contact offence: {}",
        "own judgement: what is recent may go on",
        unit="years",
        knowable=Knowable.ENRICHMENT,
    ),
    _history.number(
        "prior_reports",
        +1,
        prior_reports,
        "earlier reports about the person: {}",
        "Belgian federal police; CyberTipline prior reports",
        unit="reports",
        knowable=Knowable.EITHER,
    ),
    _history.number(
        "reports_in_case", +1, reports_in_case, "reports in this case: {}", _FREQUENCY, unit="reports"
    ),
    _history.number(
        "days_of_reports",
        +1,
        days_of_reports,
        "days from the first report to the latest: {}",
        "CASIC: interest over two years and more",
        unit="days",
    ),
)
