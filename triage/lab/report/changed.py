"""What a change of the reports or of the staff does: every way of working with it, less the same without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import as_plain
from triage.lab.report.summary import Difference
from triage.lab.runs import measure_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.evaluation.figure import Figure
    from triage.lab.runs import Runs
    from triage.lab.staff import Staff
    from triage.lab.whatif import WhatIf


@dataclass(frozen=True)
class Changed:
    """The same ways of working on the same seeds, without a change and with it.

    Parameters
    ----------
    says : str
        What is changed, in plain words.
    before : mapping of str to mapping of str to Figure
        Headline -> way -> mean over the seeds without the change.
    differences : mapping of str to mapping of str to Difference
        Headline -> way -> with the change less without, paired over the seeds.
    """

    says: str
    before: Mapping[str, Mapping[str, Figure]]
    differences: Mapping[str, Mapping[str, Difference]]

    def as_dict(self) -> dict[str, Any]:
        """Return the values as what JSON can hold."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict


def compare_change(before: Runs, after: Runs, says: str) -> Changed:
    """Return what a change does under each way of working.

    P-values are corrected by Holm's method for all ways and headlines.

    Parameters
    ----------
    before, after : Runs
        Without the change and with it: the same ways, seeds and measures.
    says : str
        What is changed, in plain words.

    Raises
    ------
    InputRefusedError
        Ways or seeds are not the same.
    """
    differences: dict[str, dict[str, Difference]] = {}
    for one in measure_change(before, after):
        differences.setdefault(one.measure, {})[one.way] = Difference(one.figure, one.p_holm)
    return Changed(
        says=says,
        before={name: {way: before.figure(name, way) for way in after.ways} for name in differences},
        differences=differences,
    )


def describe_change(change: WhatIf, staff: Staff, plain: Staff) -> str:
    """Say in plain words what is changed; nothing where nothing is.

    Parameters
    ----------
    change : WhatIf
        Of the reports.
    staff, plain : Staff
        With the change and without.

    Examples
    --------
    >>> from triage.lab.staff import Staff, Unit
    >>> from triage.lab.whatif import WhatIf
    >>> team = Staff("team", (Unit("one", 8),))
    >>> describe_change(WhatIf("volume=2", volume=2.0), team.with_detectives(6).with_joining(1), team)
    'volume=2; 2 detectives fewer; 1 new detective joins'
    """
    said = [] if change.name == type(change)().name else [change.about or change.name]
    more, new = staff.detectives - plain.detectives, staff.joining - plain.joining
    if more:
        said.append(f"{abs(more):,} {_detectives(more)} {'more' if more > 0 else 'fewer'}")
    if new:
        said.append(f"{new:,} new {_detectives(new)} {'joins' if new == 1 else 'join'}")
    return "; ".join(said)


def _detectives(number: int) -> str:
    return "detective" if abs(number) == 1 else "detectives"
