"""An audit by group in words and tables: missed children, needless intrusions, calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from triage.evaluation.figure import Figure, format_count
from triage.evaluation.groups.measures import (
    BURDEN,
    IN_THE_LARGE,
    MISSED,
    NEEDLESS,
    NO_VERDICT,
    OBSERVED,
    VERDICTS,
)
from triage.evaluation.report.section import Section
from triage.evaluation.report.text import align_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.groups.result import GroupFigure, GroupFigures
    from triage.evaluation.report.section import Cells

WITHHELD = "withheld"
_HEADER = "minus the others"


def write_audit(audit: GroupFigures) -> str:
    """Return the audit as plain text; every line with a number from a world has the word synthetic."""
    mark: Cells = ("synthetic",) if audit.synthetic else ()
    lines = [
        (
            f"Audit by group of {audit.denominator}: {audit.cases:,} cases, "
            f"{audit.positives:,} with current abuse"
        ),
        f"Intervals {100 * audit.confidence:g} %; {summarise(audit)}",
    ]
    for section in build_sections(audit):
        lines += ["", f"{section.title} ({mark[0]})" if mark else section.title]
        lines += [f"  {line}" for line in section.lead]
        lines += align_columns([section.header, *((*row, *mark) for row in section.rows)])
        lines += [f"  {line}" for line in section.notes]
    return "\n".join([*lines, *(["", *audit.notes] if audit.notes else [])])


def build_sections(audit: GroupFigures) -> Iterator[Section]:
    """Give the sections of a report: missed children, then needless intrusions, then calibration."""
    for k in dict.fromkeys(row.k for row in audit.of(MISSED)):
        where = f"by group, first {format_count(k)} cases opened"
        yield Section(
            title=f"Missed children {where}",
            lead=("Of the cases with current abuse in a group, the share that is not opened.",),
            header=("", "", "missed", _HEADER, ""),
            rows=tuple(_cells(audit, MISSED, k)),
            notes=tuple(_notes(audit, MISSED, k)),
        )
        yield Section(
            title=f"Needless intrusions {where}",
            lead=("Of the opened cases of a group, the share without current abuse.",),
            header=("", "", "needless", _HEADER, "", "per 1,000 cases"),
            rows=tuple(_cells(audit, NEEDLESS, k, BURDEN)),
            notes=tuple(_notes(audit, NEEDLESS, k)),
        )
    if audit.of(OBSERVED):
        yield Section(
            title="Calibration by group",
            lead=("Cases with current abuse for each one that the probabilities announced (1 is right).",),
            header=("", "", "observed over expected", _HEADER, "", "shift (0 is right)"),
            rows=tuple(_cells(audit, OBSERVED, None, IN_THE_LARGE)),
            notes=tuple(_notes(audit, OBSERVED, None)),
        )


def summarise(audit: GroupFigures) -> str:
    """Say in one sentence which groups differ from the other cases, at the first capacity."""
    if not audit.findings:
        return "no difference between a group and the other cases is shown"
    first = audit.of(MISSED)[0].k
    said: dict[str, list[str]] = {}
    for row in audit.findings:
        if row.attribute in audit.attributes and (math.isnan(row.k) or row.k == first):
            said.setdefault(row.verdict, []).append(f"{row.attribute} {row.value}")
    further = len(audit.findings) - sum(len(groups) for groups in said.values())
    order = [verdict for both in VERDICTS.values() for verdict in both]
    parts = [f"{verdict}: {', '.join(said[verdict])}" for verdict in order if verdict in said]
    if further:
        parts.append(
            f"{further:,} differences {'more ' if said else ''}among crossings or at other capacities"
        )
    return "; ".join(parts)


def _cells(audit: GroupFigures, measure: str, k: float | None, *beside: str) -> Iterator[Cells]:
    others = {(row.attribute, row.value, name): row for name in beside for row in audit.of(name, k=k)}
    previous = ""
    for row in audit.of(measure, k=k):
        if row.attribute in audit.crossings and not row.found:
            continue
        extra = (others.get((row.attribute, row.value, one)) for one in beside)
        yield (
            "" if row.attribute == previous else row.attribute,
            row.value,
            _estimate(row),
            _difference(row),
            row.verdict,
            *("" if one is None else _estimate(one) for one in extra),
        )
        previous = row.attribute


def _estimate(row: GroupFigure) -> str:
    if row.withheld:
        return WITHHELD
    digits = 1 if row.measure == BURDEN else 3
    return Figure(row.estimate, row.low, row.high, row.count or 0, "", "").brief(digits)


def _difference(row: GroupFigure) -> str:
    if math.isnan(row.difference):
        return ""
    return f"{row.difference:+.3f} [{row.difference_low:+.3f}, {row.difference_high:+.3f}]"


def _notes(audit: GroupFigures, measure: str, k: float | None) -> Iterator[str]:
    rows = [row for row in audit.of(measure, k=k) if row.attribute in audit.crossings]
    if rows:
        found, none = sum(row.found for row in rows), sum(row.verdict == NO_VERDICT for row in rows)
        yield (
            f"Of {len(rows):,} crossed groups {found:,} differ from the other cases and are listed; "
            f"{none:,} have no verdict, and in {len(rows) - found - none:,} no difference is shown."
        )
    if any(row.withheld for row in audit.of(measure, k=k)):
        yield (
            f"Withheld: fewer than {audit.smallest}, or needed so that no such number can be worked out. "
            "No verdict does not mean no difference."
        )
