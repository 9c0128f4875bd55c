"""Reports that some projects write with other names for a few elements, brought into the common shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.intake.cybertipline.mapping import load_mapping

if TYPE_CHECKING:
    from triage.intake.xml import Element

_REPORTED = "personOrUserReported"


def unfold_variants(report: Element) -> None:
    """Give the elements of a report their own names and places, in place.

    Examples
    --------
    >>> from triage.intake.xml import parse_xml
    >>> report = parse_xml(b"<report><reportedPeople><reportedPerson/></reportedPeople></report>")
    >>> unfold_variants(report)
    >>> list(report.children)
    ['personOrUserReported']
    """
    mapping = load_mapping()
    for name in mapping.around:
        for around in report.every(name):
            _replace(report, name, around)
    for other in mapping.variants.keys() & report.children.keys():
        _rename(report, other)
    for block in report.every(_REPORTED):
        for other in mapping.variants.keys() & block.children.keys():
            _rename(block, other)


def _replace(report: Element, name: str, around: Element) -> None:
    """Put what stands in an element in its place."""
    left = {inner: blocks for inner, blocks in report.children.items() if inner != name}
    for inner, blocks in around.children.items():
        left[inner] = [*left.get(inner, ()), *blocks]
    report.children = left


def _rename(above: Element, other: str) -> None:
    name = load_mapping().variants[other]
    blocks = above.every(other)
    for block in blocks:
        block.name = name
    left = {inner: found for inner, found in above.children.items() if inner != other}
    above.children = {**left, name: [*left.get(name, ()), *blocks]}
