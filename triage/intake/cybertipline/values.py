"""Single values of a CyberTipline document: flags, sets of flags, ages, phone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.intake.values import StatedAge, agree_age
from triage.intake.words import calling_country

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.intake.values import Place
    from triage.intake.xml import Element

_FALSE = frozenset({"false", "0"})


def flag_of(element: Element | None) -> str:
    """Return the three-valued reading of a flag: absent is unknown, present is asserted unless it says false.

    Examples
    --------
    >>> from triage.intake.xml import parse_xml
    >>> [flag_of(parse_xml(text)) for text in (b"<a/>", b"<a> False </a>", b"<a>yes</a>")], flag_of(None)
    (['asserted', 'denied', 'asserted'], 'unknown')
    """
    if element is None:
        return "unknown"
    return "denied" if element.text.strip().lower() in _FALSE else "asserted"


def any_asserted(elements: Iterable[Element]) -> bool:
    """Say whether one of several flags is asserted."""
    return any(flag_of(element) == "asserted" for element in elements)


def is_true(text: str) -> bool:
    """Say whether an attribute is there and not false."""
    return bool(text) and text.lower() not in _FALSE


def read_codes(
    elements: Mapping[str, list[Element]], codes: Mapping[str, str], *, most_unknown: int = 20
) -> list[str] | None:
    """Return the codes of the flags that stand in a group; names without a code become ``ext:NAME``.

    Parameters
    ----------
    elements : mapping of str to list of Element
        The children of the group.
    codes : mapping of str to str
        Name -> code.
    most_unknown : int
        How many names without a code are kept; names come from outside and could be endless.
    """
    found: dict[str, None] = {}
    left = most_unknown
    for name, flags in elements.items():
        if not any_asserted(flags):
            continue
        if name in codes:
            found[codes[name]] = None
        elif left:
            left -= 1
            # Letters alone: a name from outside could carry a number or a date.
            found[f"ext:{''.join(filter(_is_letter, name))[:40]}"] = None
    return list(found) or None


def _is_letter(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def read_age(place: Place, person: Element | None) -> StatedAge:
    """Return the age of a person at reception."""
    if person is None:
        return StatedAge()
    return agree_age(
        place,
        years=person.value("age") or person.value("approximateAge"),
        born=person.value("dateOfBirth"),
        disputed=flag_of(person.first("ageAssertionDiscrepancy")) == "asserted",
    )


def phone_country(phone: Element) -> str:
    """Return the country of a calling code, from its attribute or from an international number."""
    return calling_country(phone.text.strip(), phone.attribute("countryCallingCode"))
