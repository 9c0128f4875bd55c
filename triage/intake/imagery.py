"""Tell imagery from its first bytes, so that none of it is ever read.

Nothing in this project looks at material. A file that is an image, a film, or a document that holds one is
refused before more than its beginning was in memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

# Signatures at fixed places: offset, bytes, what it is. Source: the formats' specifications.
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (0, b"II*\x00", "a TIFF or raw image"),
    (0, b"MM\x00*", "a TIFF or raw image"),
    (0, b"II+\x00", "a TIFF image"),
    (0, b"MM\x00+", "a TIFF image"),
    (0, b"8BPS", "a Photoshop image"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (0, b"qoif", "a QOI image"),
    (0, b"\x00\x00\x01\x00", "an icon"),
    (4, b"ftyp", "a film or an image in an ISO container (MP4, MOV, HEIC, AVIF)"),
    (4, b"moov", "a QuickTime film"),
    (4, b"mdat", "a QuickTime film"),
    (4, b"wide", "a QuickTime film"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM film"),
    (0, b"FLV\x01", "a Flash film"),
    (0, b"\x00\x00\x01\xba", "an MPEG film"),
    (0, b"\x00\x00\x01\xb3", "an MPEG film"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a Windows Media film"),
    (0, b"OggS", "an Ogg film or sound"),
    (0, b".RMF", "a RealMedia film"),
)
_BEGINNINGS = tuple(signature for at, signature, _ in _SIGNATURES if at == 0)
_AT_FOUR = tuple(signature for at, signature, _ in _SIGNATURES if at == 4)
# Kinds of RIFF containers: the name stands behind the length.
_RIFF = {b"WEBP": "a WebP image", b"AVI ": "an AVI film", b"WAVE": "a sound"}
_DOCUMENTS = (
    (b"%PDF-", "a PDF document, which may hold images"),
    (b"{\\rtf", "an RTF document, which may hold images"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, which may hold images"),
)
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_TS_PACKET = 188
# How the formats above begin when they are written as letters (base64 or hexadecimal digits) inside a text,
# and what stands before them there: also the end of a byte order mark. In JSON a stroke may have another
# before it. The parts are looked for first, and then what stands around them: that is quick.
_PARTS = (
    b"data:image", b"data:video", b"/9j", b"iVBORw0KGgo", b"R0lGOD", b"UklGR", b"Z0eX", b"GkXfo",
    b"ffd8ff", b"FFD8FF", b"89504e47", b"89504E47", b"47494638", b"66747970",
)  # fmt: skip
_ANY_PART = "|".join(re.escape(part.decode()) for part in _PARTS)
# From here on one pass for all parts is quicker than one for each.
_LONG = 2**16
_EMBEDDED = re.compile(
    rb"data:(?:image|video)\\?/"
    rb"|(?:[\s\"'>,;|=:(\xbf\xfe\xff]|\\n)(?:\\?/9j\\?/|iVBORw0KGgo|R0lGOD[dl]h|UklGR[A-Za-z0-9+/\\]{12}"
    rb"|AAAA[A-Za-z0-9+/\\]{2,3}Z0eX|GkXfo[A-Za-z0-9+/\\]{12}"
    rb"|(?i:ffd8ff|89504e470d0a1a0a|47494638(?:37|39)61|[0-9a-f]{8}66747970)[0-9A-Fa-f]{64})"
)
_BEFORE, _BEHIND = 12, 100
# So many parts stand in no text by chance: then all of it is looked through once.
_MOST_PARTS = 10_000
HEAD_BYTES = 512
INSIDE = "an image or a film inside a text"
REFUSED = "nothing of it was read; keep it in the system for material, and import the report without it"
_IMAGES = "jpg jpeg png gif bmp tif tiff webp heic avif emf wmf"
_FILMS = "mp4 mov avi mkv webm wmv 3gp m4v mpg mpeg flv"
_PICTURES = tuple(f".{ending}" for ending in f"{_IMAGES} {_FILMS}".split())


def name_imagery(head: bytes) -> str:
    r"""Say what kind of imagery a file is.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` bytes.

    Returns
    -------
    str
        In words; empty where it is none.

    Examples
    --------
    >>> name_imagery(b"\x89PNG\r\n\x1a\n" + bytes(20)), name_imagery(b"<report/>")
    ('a PNG image', '')
    """
    if head.startswith(_BEGINNINGS) or head.startswith(_AT_FOUR, 4):
        return next(kind for at, signature, kind in _SIGNATURES if head.startswith(signature, at))
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "a RIFF file, which may hold a film")
    if head.startswith(b"BM") and len(head) > 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "a BMP image"
    if len(head) > 2 * _TS_PACKET and head[0] == head[_TS_PACKET] == head[2 * _TS_PACKET] == ord("G"):
        return "an MPEG transport stream"
    return ""


def name_document(head: bytes) -> str:
    """Say what kind of document a file is that can hold pictures between its words; empty where it is none.

    Examples
    --------
    >>> name_document(b"%PDF-1.7"), name_document(b"{}")
    ('a PDF document, which may hold images', '')
    """
    return next((kind for signature, kind in _DOCUMENTS if head.startswith(signature)), "")


def names_imagery(content: bytes) -> bool:
    """Say whether a text carries an image or a film written as letters.

    Examples
    --------
    >>> names_imagery(b'{"a": "data:image/png;base64,iVBORw0KGgo"}'), names_imagery(b"<a>text</a>")
    (True, False)
    """
    if b"\0" in content:
        content = content.replace(b"\0", b"")
    if len(content) > _LONG and not _holds_part(content):
        return False
    for part in _PARTS:
        at, seen = content.find(part), 0
        while at >= 0:
            # What stands at the beginning begins a value.
            around = b" " * (at < _BEFORE) + content[max(0, at - _BEFORE) : at + _BEHIND]
            if _EMBEDDED.search(around):
                return True
            seen += 1
            if seen == _MOST_PARTS:
                return bool(_EMBEDDED.search(content))
            at = content.find(part, at + 1)
    return False


def _holds_part(content: bytes) -> bool:
    """Say whether any of the parts stands in a long text: one pass for all of them."""
    ends = pa.py_buffer(np.array([0, len(content)]))
    text = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(content)])
    return bool(pc.match_substring_regex(text, _ANY_PART)[0].as_py())


def pictures_among(names: Iterable[str]) -> int:
    """Count the names that end as those of images and films do.

    Examples
    --------
    >>> pictures_among(["xl/media/image1.PNG", "xl/workbook.xml"])
    1
    """
    return sum(name.lower().endswith(_PICTURES) for name in names)
