"""The names of a party: documents, contacts and names as they are compared, each said or not."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from triage.intake.people import plain_contact
from triage.intake.words import names_somebody, read_country

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.intake.values import Place
    from triage.intake.xml import Element

_FEWEST_SIGNS = 4


def document_tokens(place: Place, block: Element) -> Iterator[str]:
    """Yield a token for each official number; the same number in two places is one."""
    papers: dict[str, str] = {}
    for outer in [block, *block.every("identifications")]:
        for paper in outer.every("identification"):
            number = plain(paper.value("number"))
            papers[number] = read_country(paper.value("issue_country")) or papers.get(number, "")
    passport = plain(block.value("passport_number"))
    papers[passport] = read_country(block.value("passport_country")) or papers.get(passport, "")
    own, tax = (block.value("id_number"), block.value("ssn")), block.value("tax_number")
    for number in dict.fromkeys([*map(plain, own), *papers, plain(tax)]):
        if number:
            yield place.token("person", "document", papers.get(number, ""), number)


def contact_tokens(place: Place, block: Element) -> Iterator[str]:
    """Yield a token for each screen name, e-mail address and phone number, as other formats make them."""
    for outer in block.every("social_media"):
        for social in outer.every("social_account"):
            platform, name = said(social.value("platform")), said(social.value("user_name"))
            if platform and name:
                yield place.token("person", "screen", platform.lower(), name)
    mails = [
        *block.every("email"),
        *(mail for outer in block.every("emails") for mail in outer.every("email")),
    ]
    for mail in mails:
        if "@" in (text := said(mail.text)):
            yield place.token("person", "email", text.lower())
    for outer in block.every("phones"):
        for phone in outer.every("phone"):
            digits = plain_contact("phone", said(phone.value("tph_number")), calling_code_of(phone))
            if len(digits) > _FEWEST_SIGNS:
                yield place.token("person", "phone", digits)


def calling_code_of(phone: Element) -> str:
    """Return the calling code of a phone number, in digits."""
    return "".join(filter(str.isdigit, phone.value("tph_country_prefix"))).lstrip("0")


def said(text: str) -> str:
    """Return a text that says something: empty for what stands where nothing is known.

    Examples
    --------
    >>> said("--"), said("N/A"), said("kx71")
    ('', '', 'kx71')
    """
    return text if any(map(str.isalnum, text)) and names_somebody(text) else ""


def plain(text: str) -> str:
    """Return a number of a document or an account in capitals without signs; empty where it can be none.

    Examples
    --------
    >>> plain("ab-71.002"), plain("0000000"), plain("unknown")
    ('AB71002', '', '')
    """
    plain = "".join(filter(str.isalnum, said(text))).upper()
    return (
        plain if len(plain) >= _FEWEST_SIGNS and len(set(plain)) > 1 and any(map(str.isdigit, plain)) else ""
    )


def is_iban(text: str) -> bool:
    """Say whether an account number holds all over the world."""
    return 15 <= len(text) <= 34 and text[:2].isalpha() and text[2:4].isdigit()


def folded(text: str) -> str:
    """Return a name as it is compared: small letters without accents and signs.

    Examples
    --------
    >>> folded(" D\u00e9-J\u00e0 "), folded("-")
    ('deja', '')
    """
    bare = unicodedata.normalize("NFKD", said(text.strip()).casefold())
    return "".join(letter for letter in bare if letter.isalnum())
