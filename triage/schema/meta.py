"""What ``batch.json`` says of a batch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.schema.findings import shorten
from triage.schema.tables import TABLES
from triage.schema.times import EARLIEST, LATEST
from triage.writing import require_plain

if TYPE_CHECKING:
    from triage.schema.places import Place

FORMAT_VERSION = 1
MOST_PARTS = 100_000
META_FILE = "batch.json"


@dataclass(frozen=True)
class BatchMeta:
    """What ``batch.json`` says.

    Parameters
    ----------
    name : str
        Short name, shown on every list.
    as_of : datetime
        The instant at which the batch is complete: "now" when it is scored.
    synthetic : bool
        Whether no real report is in it.
    world : str
        The world it comes from; empty for real batches.
    source_files : list of dict
        SHA-256, size and kind of each file that was read; names are not kept.
    rows : dict of str to int
        Rows a table.
    set_aside : int
        Rows set aside on the way in.
    parts : int
        Number of parts.
    key_check : str
        What the agency's key makes of a fixed word: equal where the same key was used; empty without a key.
    format_version : int
        Version of this layout.
    """

    name: str
    as_of: datetime
    synthetic: bool = False
    world: str = ""
    source_files: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    set_aside: int = 0
    parts: int = 1
    key_check: str = ""
    format_version: int = FORMAT_VERSION

    @property
    def population(self) -> str:
        """Where the cases come from, as far as the batch can tell: a world (its very file) or an agency."""
        if self.synthetic:
            file = next((str(source.get("sha256", "")) for source in self.source_files), "")
            return f"world {self.world} {file[:12]}".rstrip()
        return f"agency {self.key_check}".rstrip()

    def as_json(self) -> str:
        """Return the text of ``batch.json``."""
        return json.dumps({**asdict(self), "as_of": self.as_of.isoformat()}, indent=2, sort_keys=True) + "\n"


def read_meta(file: Place) -> BatchMeta:
    """Read ``batch.json``.

    Raises
    ------
    InputRefusedError
        It is not there, is damaged, or is of another version.
    """
    try:
        if isinstance(file, Path):
            require_plain(file)
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputRefusedError(
            f"no {META_FILE}",
            where=str(file.parent),
            expected="a batch folder",
            mend="check the path, or make one with triage import or triage synth"
            if isinstance(file, Path)
            else "check the URL; whatever is no batch yet is copied to this machine first",
        ) from None
    except (OSError, RecursionError, ValueError) as error:
        raise InputRefusedError(
            f"cannot be read as JSON ({error})", where=str(file), mend="copy the batch again"
        ) from error
    return _parse_meta(content, file)


def _parse_meta(content: Any, file: Place) -> BatchMeta:
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise InputRefusedError(
            f"format version {version!r}",
            where=str(file),
            expected=f"version {FORMAT_VERSION}",
            mend="make the batch again with this version, or install the version that made it",
        )
    wrong = _wrong_entry(content)
    if wrong:
        raise InputRefusedError(
            f"the entry {wrong}",
            where=str(file),
            expected="the entries as they were written",
            mend="copy the batch again from where it was made, or make it again",
        )
    as_of = datetime.fromisoformat(content["as_of"])
    return BatchMeta(**{**content, "as_of": as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)})


def _wrong_entry(content: dict[str, Any]) -> str:
    """Return the name of an entry that is missing, superfluous or not as it must be; empty if none is."""
    names = {entry.name for entry in fields(BatchMeta)}
    odd = sorted(set(content) ^ names)
    if odd:
        return shorten(odd[0])
    try:
        year = datetime.fromisoformat(content["as_of"]).year
    except (TypeError, ValueError):
        return "as_of"
    rows = content["rows"]
    checks = {
        "as_of": EARLIEST.year <= year < LATEST.year,
        "name": isinstance(content["name"], str) and content["name"].isprintable(),
        "synthetic": isinstance(content["synthetic"], bool),
        "world": isinstance(content["world"], str)
        and bool(content["world"]) <= (content["synthetic"] is True),
        "key_check": isinstance(content["key_check"], str),
        "source_files": isinstance(content["source_files"], list)
        and all(isinstance(source, dict) for source in content["source_files"]),
        "rows": isinstance(rows, dict) and all(_is_count(rows.get(name)) for name in TABLES),
        "set_aside": _is_count(content["set_aside"]),
        "parts": _is_count(content["parts"]) and content["parts"] < MOST_PARTS,
    }
    return next((name for name, right in checks.items() if not right), "")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
