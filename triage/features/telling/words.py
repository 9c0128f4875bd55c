"""Counts, dates, bands and codes as words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.telling.texts import say_each

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

_DAY = 86_400

_WORDS = {
    "other_family": "another relative",
    "step_or_partner": "step-parent or partner of a parent",
    "household": "of the household",
    "online_only": "online only",
    "self": "the reported person",
    "none": "no access",
    "cybertipline_xml": "CyberTipline (XML)",
    "cybertip_le_json": "CyberTipline (JSON)",
    "iccam": "ICCAM",
    "hotline_form": "a hotline",
    "uk_csea_irp": "the British reporting portal",
    "goaml": "a bank or financial intelligence unit",
    "helpline": "a helpline",
    "foreign_police": "another police force",
    "other": "another source",
    "residential": "of a home",
    "mobile": "of a phone",
    "hosting": "of a hosting service",
    "proxy_flagged": "by a proxy",
    "tor": "by Tor",
    "satellite": "by satellite",
    "self_harm_or_suicide": "self-harm or suicide",
    "medical": "a medical emergency",
    "off_platform_move": "a move to another platform",
    "meeting_proposed": "a meeting proposed",
    "meeting_arranged": "a meeting arranged",
    "live_request": "a request for live abuse",
    "direct_to_order": "directions",
    "payment_demand": "a demand of payment",
    "image_threat": "a threat with images",
    "claims_access": "a claim of access",
    "handle": "by a handle",
    "verified_contact": "by a verified contact",
    "named": "by name",
    "civil_identity": "by civil identity",
}


def word_of(code: str) -> str:
    """Return a code as words.

    Examples
    --------
    >>> word_of("other_family"), word_of("lives_with")
    ('another relative', 'lives with')
    """
    return _WORDS.get(code, code.replace("_", " "))


def band_words(band: str) -> str:
    """Return an age band as words.

    Examples
    --------
    >>> band_words("25-39"), band_words("60+"), band_words("pubescent")
    ('25 to 39', '60 or older', 'pubescent')
    """
    return f"{band[:-1]} or older" if band.endswith("+") else band.replace("-", " to ")


def count_words(count: float, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> count_words(1, "file"), count_words(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{count:,.0f} {noun}{'' if count == 1 else 's'}"


def part_words(count: float, of: float, noun: str) -> str:
    """Return how many of how many; where it is all or none of them, how many there are.

    Examples
    --------
    >>> part_words(3, 12, "file"), part_words(12, 12, "file"), part_words(0, 12, "file")
    ('3 of 12 files', '12 files', '12 files')
    """
    return f"{count:,.0f} of {count_words(of, noun)}" if 0 < count < of else count_words(of, noun)


def join_words(words: Iterable[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> join_words(["chat", "gaming", "phone"])
    'chat, gaming and phone'
    """
    listed = list(words)
    first, last = listed[:-1], listed[-1:]
    return " and ".join([", ".join(first), *last] if first else last)


def dates_of(seconds: NDArray[np.float64]) -> pa.Array:
    """Return days in UTC; an empty text where the time is unknown.

    Examples
    --------
    >>> dates_of(np.array([86_400.0 * 365, np.nan])).to_pylist()
    ['1971-01-01', '']
    """
    return say_each(_say_day, np.floor(seconds / _DAY))


def _say_day(day: float) -> str:
    return "" if np.isnan(day) else str(np.datetime64(int(day), "D"))
