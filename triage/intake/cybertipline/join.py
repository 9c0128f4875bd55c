"""Which report a ``fileDetails`` belongs to.

A submission is several documents and the report carries no number, so they are joined by what surrounds
them: first the name (``X_report1.xml`` and ``X_file2.xml``), then the report number in the report's name,
then the folder, where it holds one report only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREADABLE = "unreadable"

_PART = re.compile(r"^(?P<prefix>.+)_(?:report|file)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


class Joined(NamedTuple):
    """The report of a file.

    Parameters
    ----------
    report_id : str or None
        None where no report, or more than one, fits.
    reason : str
        Why there is none.
    """

    report_id: str | None
    reason: str = ""


class ReportNames:
    """The reports by the names of their documents.

    Examples
    --------
    >>> names = ReportNames()
    >>> names.add("in/ab_report1.xml", "r1")
    >>> names.add("in/71002.xml", "r2")
    >>> names.find("in/ab_file1.xml", "71002").report_id
    'r1'
    >>> names.find("in/f.xml", "71002").report_id
    'r2'
    >>> names.find("in/f.xml", "5")
    Joined(report_id=None, reason='no single report in its folder')
    """

    def __init__(self) -> None:
        self._by_prefix: defaultdict[str, set[str]] = defaultdict(set)
        self._by_place: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._by_number: defaultdict[str, set[str]] = defaultdict(set)
        self._by_folder: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, label: str, report_id: str) -> None:
        """Add a report under the name of one of its documents.

        A report that could not be read is added as `UNREADABLE`, so that its files do not go to another.
        """
        path = PurePath(label)
        prefix = prefix_of(path.stem)
        if prefix:
            self._by_prefix[prefix].add(report_id)
            self._by_place[str(path.parent), prefix].add(report_id)
        for number in _NUMBER.findall(path.name):
            self._by_number[number.lstrip("0") or "0"].add(report_id)
        self._by_folder[str(path.parent)].add(report_id)

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield the numbers in the names that stand in that of one report only, with the report."""
        for number, reports in self._by_number.items():
            if len(reports) == 1 and UNREADABLE not in reports:
                yield number, next(iter(reports))

    def find(self, label: str, number: str) -> Joined:
        """Return the report of a file.

        Parameters
        ----------
        label : str
            Name of the ``fileDetails`` document.
        number : str
            The report number in it, without leading zeros; empty where there is none.
        """
        path = PurePath(label)
        prefix = prefix_of(path.stem)
        folder = str(path.parent)
        steps = (
            self._by_place.get((folder, prefix), set()) if prefix else set(),
            self._by_prefix.get(prefix, set()) if prefix else set(),
            self._by_number.get(number, set()) if number else set(),
            self._by_folder.get(folder, set()),
        )
        for fitting in steps:
            if len(fitting) == 1:
                (report_id,) = fitting
                if report_id == UNREADABLE:
                    return Joined(None, "its report could not be read")
                return Joined(report_id)
        return Joined(None, "no single report in its folder" if steps[3] else "no report")


def prefix_of(stem: str) -> str:
    """Return what stands before ``_report`` or ``_file`` in a file's name; empty where neither does.

    Examples
    --------
    >>> prefix_of("2024-03_ab_file12"), prefix_of("ab"), prefix_of("report")
    ('2024-03_ab', '', '')
    """
    found = _PART.match(stem)
    return found["prefix"] if found else ""
