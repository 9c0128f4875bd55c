"""Mapping files of an agency: tables of its own, its country's goAML codes, its list of NCMEC's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.intake.checking import Checking, read_mapping_file
from triage.intake.goaml.mapping import lay_over
from triage.intake.goaml.read import goaml_format
from triage.intake.police.read import police_format
from triage.intake.sheets.mapping import FORMAT, SheetMapping, read_mapping
from triage.intake.sheets.read import sheet_formats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from triage.intake.reader import Format

GOAML, TAGS = "goaml", "police-tags"
_MEND = "see docs/formats: tables.md, goaml.md, police-json.md"


def with_own(shipped: Sequence[Format], paths: Sequence[Path]) -> tuple[Format, ...]:
    """Return the formats with what an agency's mapping files add.

    Parameters
    ----------
    shipped : sequence of Format
        Those that travel with the package.
    paths : sequence of Path
        Mapping files; each says by ``format`` what it is for. Tables that they know go before every other
        format; a reader with codes of the agency's own takes the place of the shipped one.

    Raises
    ------
    InputRefusedError
        A file cannot be read or says something that cannot be, or two are for one reader.
    """
    sheets: list[SheetMapping] = []
    readers: dict[str, Format] = {}
    for path in paths:
        content, check = read_mapping_file(path, _MEND), Checking(path.name, _MEND)
        if (kind := content.get("format")) not in (FORMAT, GOAML, TAGS):
            raise check.refused(
                f"format = {kind!r}"[:80] if "format" in content else "no format",
                expected=f'format = {FORMAT} for tables, "{GOAML}" or "{TAGS}"',
            )
        if kind == FORMAT:
            sheets.append(read_mapping(content, path.name))
            continue
        reader = goaml_format(lay_over(content, check)) if kind == GOAML else _tags(content, check)
        if reader.name in readers:
            raise check.refused(f"a second file for {kind}", expected="one: put them together")
        readers[reader.name] = reader
    return (*sheet_formats(sheets), *(readers.get(known.name, known) for known in shipped))


def _tags(content: Mapping[str, Any], check: Checking) -> Format:
    check.settings(content, ("format", "name", "version", "tags"))
    name, version = check.name(content.get("name")), check.version(content.get("version"))
    tags = content.get("tags")
    if not isinstance(tags, dict) or not tags:
        raise check.refused("no tags", expected='[tags] with lines such as "self-produced" = "self_produced"')
    return police_format(tags, f"{name} {version}", where=check.where)
