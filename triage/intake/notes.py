"""What an import has to say, gathered by kind so that a thousand equal notes are one line."""

from __future__ import annotations

from typing import NamedTuple

from triage.schema.findings import Finding, Level


class Remark(NamedTuple):
    """One kind of mistake; its words never quote what stood in a file."""

    level: Level
    column: str
    found: str
    expected: str
    mend: str


class Notes:
    """Counts remarks and remembers where each stood first."""

    def __init__(self) -> None:
        self._counts: dict[Remark, int] = {}
        self._first: dict[Remark, tuple[str, int]] = {}
        self._aside: dict[tuple[str, str, str], tuple[int, int]] = {}

    def add(self, remark: Remark, where: str, count: int = 1, *, row: int = 0) -> None:
        """Count a remark about a file; of rows, `row` is the first of them."""
        self._first.setdefault(remark, (where, row))
        self._counts[remark] = self._counts.get(remark, 0) + count

    def set_aside(self, where: str, reason: str, mend: str, *, row: int = 0, count: int = 1) -> None:
        """Name a file of which records are set aside; every such file is named, each reason once."""
        first, before = self._aside.get((where, reason, mend), (row, 0))
        self._aside[where, reason, mend] = first, before + count

    def findings(self) -> list[Finding]:
        """Return the findings: files set aside first, then each remark with its count."""
        aside = [
            Finding(Level.ROW, where, "", row, count, reason, "reports that can be read", mend)
            for (where, reason, mend), (row, count) in self._aside.items()
        ]
        counted = [
            Finding(remark.level, where, remark.column, row, self._counts[remark], *remark[2:])
            for remark, (where, row) in self._first.items()
        ]
        return [*aside, *counted]


BAD_TIME = Remark(
    Level.FIELD, "", "a time that cannot be read", "a time such as 2024-03-01T10:00:00Z", "counts as unknown"
)
NO_ZONE = Remark(
    Level.NOTE,
    "",
    "a time without a zone",
    "an offset such as Z or +01:00",
    "taken as UTC, so it may be off by half a day; ask the sender to add the zone",
)
LOCAL_TIME = Remark(
    Level.NOTE,
    "",
    "a time without a zone",
    "an offset such as Z or +01:00",
    "taken as local time in the zone of the mapping; ask the sender to add the zone",
)
NO_RECEPTION = Remark(
    Level.NOTE,
    "received_at",
    "reports that do not say when they came",
    "a time of reception",
    "they count as received at the time of the import, so that nobody can see how long they wait: fill"
    " received_at, or give --received-at",
)
FUTURE_TIME = Remark(
    Level.FIELD,
    "",
    "a time more than 24 hours after reception",
    "a time before reception",
    "counts as unknown; check the time of reception that was given to the import",
)
AGE_CONFLICT = Remark(
    Level.FIELD,
    "age_band",
    "an age and a date of birth that differ by more than a year",
    "one age",
    "counts as unknown; look at the report in the source system",
)
BAD_AGE = Remark(
    Level.FIELD, "age_band", "an age or date of birth that cannot be", "0 to 150 years", "counts as unknown"
)
AGE_DISPUTED = Remark(
    Level.NOTE,
    "age_band",
    "an age that the platform itself holds to be wrong",
    "an age",
    "the age band counts as unknown",
)
ADULT_VICTIM = Remark(
    Level.NOTE,
    "age_band",
    "a victim whose stated age is 18 or more",
    "a child",
    "the row is kept with age unknown; the person may have been a child then",
)
ADULT_ASSOCIATED = Remark(
    Level.NOTE,
    "associatedAccount",
    "a parent's or guardian's account beside a reported person",
    "a child's account in reach",
    "no child is read from it: by the stated ages the reported person is the child, or both are adults",
)
BAD_CLASS = Remark(
    Level.FIELD, "severity_class", "a class that is not known", "A1, A2, B1 or B2", "counts as unknown"
)
BAD_ADDRESS = Remark(
    Level.FIELD,
    "link_token",
    "an IP address that cannot be read",
    "an IPv4 or IPv6 address",
    "it links nothing",
)
SAME_PERSON = Remark(
    Level.NOTE,
    "person_id",
    "two blocks of one report that name the same person",
    "",
    "they are one row; the role of reported person goes before others",
)
BAND_CONFLICT = Remark(Level.FIELD, "age_band", "two ages of one person", "one age", "counts as unknown")
SAME_CHILD = Remark(
    Level.NOTE,
    "child_id",
    "a child that stands in a report as victim and as recipient",
    "",
    "it is one row",
)
NO_REPORTED_PERSON = Remark(
    Level.NOTE,
    "person_id",
    "an event, a thread or an open police case in a report without one reported person",
    "a reported person",
    "it is kept with a placeholder person (role other)",
)
BAD_NUMBER = Remark(
    Level.FIELD, "source_ref_hash", "a report number that is no number", "digits", "counts as unknown"
)
TWO_NUMBERS = Remark(
    Level.NOTE,
    "source_ref_hash",
    "files of one report that carry different report numbers",
    "one number",
    "the first is taken; check that the files were joined to the right report",
)
SAME_FILE_ID = Remark(
    Level.NOTE,
    "file_id",
    "two files with the same file number and different details",
    "a number of its own for each file",
    "both are kept as rows of their own",
)
BLANK_ESCALATION = Remark(
    Level.FIELD,
    "escalated_by_reporter",
    "a call for immediate attention that says nothing",
    "a text that says why",
    "counts as unknown; look at the report in the source system",
)
