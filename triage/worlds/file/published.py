"""Published numbers that a world is tuned to."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from triage.worlds.measures import MEASURES

if TYPE_CHECKING:
    from triage.worlds.file.section import Section


@dataclass(frozen=True)
class Published:
    """A number from outside, to be set beside what the world gives.

    Parameters
    ----------
    value : float
        The number; a share from 0 to 1, where the measure is one.
    low, high : float or None
        Within what the world's own number is meant to lie; None where nothing is said.
    unit : str
        What is counted, of what.
    evidence_class : str
        ``found``, ``derived`` or ``assumed``.
    source : str
        Who published it.
    """

    value: float
    low: float | None
    high: float | None
    unit: str
    evidence_class: str
    source: str


def read_published(section: Section) -> dict[str, Published]:
    """Read the tables ``[published.NAME]`` of a world file.

    Parameters
    ----------
    section : Section
        The table ``published``; each name is one of `triage.worlds.measures.MEASURES`.

    Returns
    -------
    dict of str to Published
        In the order of the file.

    Raises
    ------
    InputRefusedError
        An unknown measure, a key that is missing or without meaning, or a number outside its own range.

    Examples
    --------
    >>> from triage.worlds.file.section import Section
    >>> entry = {"value": 2.9, "unit": "files a report", "class": "derived", "source": "NCMEC 2025"}
    >>> read_published(Section({"files_per_report": entry}, "w.toml", "published"))["files_per_report"].value
    2.9
    >>> read_published(Section({"file_per_report": entry}, "w.toml", "published"))
    Traceback (most recent call last):
    triage.errors.InputRefusedError: w.toml, published.file_per_report: 'file_per_report'; expected a
    measure of triage.worlds.measures, such as files_per_report...
    """
    found = {}
    for name in section.names():
        if name not in MEASURES:
            near = get_close_matches(name, MEASURES, n=3, cutoff=0) or sorted(MEASURES)[:3]
            raise section.refuse(
                name, name, f"a measure of triage.worlds.measures, such as {', '.join(near)}"
            )
        entry = section.section(name)
        found[name] = _read_one(entry)
        entry.refuse_others()
    section.refuse_others()
    return found


def _read_one(entry: Section) -> Published:
    value = entry.amount("value")
    low = entry.amount("low") if "low" in entry else None
    high = entry.amount("high") if "high" in entry else None
    if low is not None and low > value:
        raise entry.refuse("low", low, f"at most the value, {value:g}")
    if high is not None and high < value:
        raise entry.refuse("high", high, f"at least the value, {value:g}")
    unit = entry.text("unit")
    entry.evidence()
    return Published(value, low, high, unit, entry.text("class"), entry.text("source"))
