"""An image or a film is told from its first bytes, also where it is written as letters inside a text."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing

import pytest

from triage.intake.imagery import name_imagery, names_imagery
from triage.intake.refs import refs_file, write_refs

TAIL = bytes(range(200))
BEGINNINGS = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF89a",
    "webp": b"RIFF\x10\0\0\0WEBP",
    "mp4": b"\0\0\0\x18ftypisom",
    "heic": b"\0\0\0\x24ftypheic",
    "matroska": b"\x1aE\xdf\xa3",
}


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_imagery_is_found_as_bytes_and_as_letters_wherever_a_value_begins(kind):
    content = BEGINNINGS[kind] + TAIL
    assert name_imagery(content)
    letters, digits = base64.b64encode(content), content.hex().encode()
    texts = [letters, letters.replace(b"/", rb"\/")]
    if kind not in {"webp", "matroska"}:
        texts += [digits, digits.upper()]
    for text in texts:
        for before in (b"", b'{"a": "', b"<a>", b"<a>\n  ", b"R1,P1,", b"R1;", b"R1\t", b"a|"):
            assert names_imagery(before + text), before
            assert names_imagery((before + text).decode().encode("utf-16"))


@pytest.mark.parametrize(
    "text",
    [
        b"<a>http://host.example/9j/page</a>",
        b'{"sha256": "ffd8ffe07c1149afbf4c8996fb92427ae41e4649b934ca495991b7852b855ffd"}',
        b"R1,ffd8ffe07c1149af,data: nothing",
        b'{"text": "AAAA and R0lGOD stand in words"}',
    ],
)
def test_addresses_and_hashes_are_no_imagery(text):
    assert not names_imagery(text)


def test_a_text_that_is_no_number_is_not_kept_as_the_way_back(tmp_path):
    write_refs(tmp_path / "B", [("t1", "REF-7"), ("t2", "x" * 5000)])
    with closing(sqlite3.connect(refs_file(tmp_path / "B"))) as database:
        kept = dict(database.execute("select report_id, number from refs"))
    assert kept == {"t1": "REF-7", "t2": "a text that is too long for a number"}
