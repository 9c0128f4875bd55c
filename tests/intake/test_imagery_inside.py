"""An image written as letters is refused in every format, and nothing of it is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.intake.sheets.sheets import book
from triage.errors import InputRefusedError
from triage.intake.documents import Document
from triage.intake.imagery import INSIDE
from triage.intake.importing import read_documents
from triage.intake.opening import open_any
from triage.intake.sheets.sources import BLOCK_BYTES
from triage.intake.tokens import TokenKey

IMAGE = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(200))).decode()
COLUMNS = ["URL", "REFERER", "WORKUSER-EMAIL", "REFERENCE", "SOURCE", "TYPE"]


def table(separator: str) -> Callable[[str], bytes]:
    return lambda text: f"{separator.join(COLUMNS)}\na{separator * 3}R1{separator * 2}{text}\n".encode()


def lines(text: str) -> bytes:
    first, second = ({"URL": "a", "REFERENCE": name, "TYPE": text} for name in ("R1", "R2"))
    return b"\n".join(json.dumps(dict.fromkeys(COLUMNS, "") | one).encode() for one in (first, second))


FORMATS: dict[str, Callable[[str], bytes]] = {
    "cybertipline": lambda text: (
        f"<report><incidentSummary/><additionalInfo>{text}</additionalInfo></report>".encode()
    ),
    "goaml": lambda text: f"<report><rentity_id>1</rentity_id><reason>{text}</reason></report>".encode(),
    "police": lambda text: json.dumps(
        {"reportId": 1, "reportedInformation": {"additionalInformations": [text]}}
    ).encode(),
    "police, a report a line": lambda text: b"\n".join(
        json.dumps({"reportId": number, "reportedInformation": {"note": text}}).encode() for number in (1, 2)
    ),
    "iccam": lambda text: json.dumps(
        {"hotlineReference": "R1", "memo": text, "urls": [{"urlString": "a", "assessment": {}}]}
    ).encode(),
    "comma": table(","),
    "semicolon": table(";"),
    "tab": table("\t"),
    "two encodings": lambda text: table(";")(text).decode().encode("utf-16"),
    "lines": lines,
    "workbook": lambda text: book([COLUMNS, ["a", "", "", "R1", "", text]]),
    "workbook, beside the columns": lambda text: book([COLUMNS, ["a", "", "", "R1", "", "", "", text]]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_an_image_written_as_letters_is_refused_and_the_same_with_words_is_read(name: str) -> None:
    document = FORMATS[name]
    read = read_documents([Document.of("in/a", document("words"))], TokenKey(bytes(16)), datetime.now(UTC))
    assert set(read.set_aside["why"].to_pylist()) <= {"orphan"}
    read = read_documents([Document.of("in/a", document(IMAGE))], TokenKey(bytes(16)), datetime.now(UTC))
    assert set(read.set_aside["reason"].to_pylist()) == {INSIDE}
    # What holds it may be a report, so it stands on the list as one that cannot be read.
    assert set(read.set_aside["why"].to_pylist()) == {"unreadable"}
    assert not any(found.num_rows for found in read.tables.values())


def test_an_image_that_lies_across_two_blocks_is_refused() -> None:
    start = table(";")("").rstrip(b"\n")
    line = b"\n" + b"b;;;R2;;" + b"x" * 1000
    filled = start + line * ((BLOCK_BYTES - len(start)) // len(line))
    filled += b"\nc;;;R3;;" + b"x" * (BLOCK_BYTES - len(filled) - 12) + b","
    document = filled + IMAGE.encode() + b"\n"
    assert BLOCK_BYTES - 10 < document.index(b"/9j/") < BLOCK_BYTES
    read = read_documents([Document.of("a.csv", document)], TokenKey(bytes(16)), datetime.now(UTC))
    assert set(read.set_aside["reason"].to_pylist()) == {INSIDE}


def test_canonical_tables_with_an_image_are_refused(tmp_path: Path) -> None:
    (tmp_path / "reports.csv").write_text(f"report_id,note\nr1,{IMAGE}\n")
    with pytest.raises(InputRefusedError, match="an image or a film inside a text"):
        open_any(tmp_path)
