"""Find the encoding of an XML document by its first bytes."""

from __future__ import annotations

import codecs
import re

_STARTS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16le"),
    (b"\0<", "utf-16be"),
)
# Written in one byte a letter, it cannot be what it says.
_DECLARES_TWO_BYTES = re.compile(rb"""<\?xml[^>]{0,100}encoding\s*=\s*["']utf-16""", re.IGNORECASE)


def find_encoding(content: bytes) -> str | None:
    """Return the encoding that the first bytes tell, whatever the document declares; None where they do not.

    Programs copy a declaration into a document that they then write in another encoding.

    Examples
    --------
    >>> text = '<?xml version="1.0" encoding="UTF-8"?><a/>'
    >>> (
    ...     find_encoding(text.encode("utf-16")),
    ...     find_encoding(text.encode()),
    ... )
    ('utf-16', None)
    """
    for start, encoding in _STARTS:
        if content.startswith(start):
            return encoding
    return "utf-8" if _DECLARES_TWO_BYTES.match(content) else None
