"""Words that mean the same in every format, read from ``words.toml``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS_FILE = Path(__file__).resolve().with_name("words.toml")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Words:
    """What words mean.

    Parameters
    ----------
    version : int
        Version of the file.
    nobody : frozenset of str
        Words, in small letters, that stand where an identifier should and name nobody.
    platform : mapping of str to str
        Name or word, in small letters -> category.
    countries : frozenset of str
        ISO 3166-1 alpha-2.
    calling_code : mapping of str to str
        Digits -> country.
    """

    version: int
    nobody: frozenset[str]
    platform: Mapping[str, str]
    countries: frozenset[str]
    calling_code: Mapping[str, str]


@cache
def load_words() -> Words:
    """Return the words that travel with the package.

    Examples
    --------
    >>> load_words().calling_code["31"]
    'NL'
    """
    content = tomllib.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return Words(
        version=content["version"],
        nobody=frozenset(content["nobody"]["words"]),
        platform={word: category for category, words in content["platform"].items() for word in words},
        countries=frozenset(content["country"]["codes"].split()),
        calling_code=content["calling_code"],
    )


def names_somebody(text: str) -> bool:
    """Say whether a text can be an identifier: "unknown" and its like name nobody.

    Examples
    --------
    >>> names_somebody("kx71"), names_somebody(" N/A ")
    (True, False)
    """
    return text.strip().lower() not in load_words().nobody


@lru_cache(maxsize=4096)
def platform_word(text: str) -> str:
    """Return the category of a platform's name; empty where no word of it is known.

    Examples
    --------
    >>> platform_word("Facebook Messenger"), platform_word("ACME Dating GmbH"), platform_word("ACME")
    ('messaging', 'dating', '')
    """
    known = load_words().platform
    words = _WORD.findall(text[:256].lower())
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    # A single letter is a name only when it stands alone.
    for candidate in (" ".join(words), *pairs, *(word for word in words if len(word) > 1)):
        if candidate in known:
            return known[candidate]
    return ""


def read_country(text: str) -> str:
    """Return an ISO 3166-1 code; empty for blanks, proxies, satellites and what is no country.

    Examples
    --------
    >>> read_country(" nl "), read_country("A1"), read_country("AN")
    ('NL', '', '')
    """
    code = text.strip().upper()
    return code if code in load_words().countries else ""


def calling_country(number: str, code: str = "") -> str:
    """Return the country of a phone number by its calling code.

    Parameters
    ----------
    number : str
        A number; it tells only when it is written with ``+``.
    code : str
        The calling code, where the source gives it apart.

    Examples
    --------
    >>> calling_country("+31612345678"), calling_country("0612345678", "+31"), calling_country("+15551234567")
    ('NL', 'NL', '')
    """
    digits = code.lstrip("+")
    known = load_words().calling_code
    if digits:
        return known.get(digits, "")
    if number.startswith("+") and not number.startswith("+1"):
        return next((known[number[1:end]] for end in (4, 3) if number[1:end] in known), "")
    return ""
