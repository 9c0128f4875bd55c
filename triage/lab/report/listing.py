"""Write the page of everything that the lab assumes, from the files in which it stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from triage.lab.report.assumptions import read_assumptions, shipped_files

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = """# What the lab assumes, number by number

Written from the files under `models/` by `make docs`; each explains itself in its comments, and can be
copied, changed and given to `triage simulate`. *Published* is a published figure, *derived* is arithmetic on
published figures, *assumed* is our choice, and the source says what it leans on. [lab.md](lab.md) says what
else the lab assumes, and what it cannot know.
"""


def write_assumptions() -> str:
    """Return the page of all assumptions in the shipped files."""
    return _HEAD + "".join(_file_section(path) for path in shipped_files())


def _file_section(path: Path) -> str:
    rows = "".join(
        f"| `{one.place}` | {_cell(one.value)} | {one.kind} | {_cell(one.source)} |\n"
        for one in read_assumptions(path)
    )
    name = f"models/{path.parent.name}/{path.name}"
    return f"\n## {name}\n\n| what | value | class | source |\n|---|---|---|---|\n{rows}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


if __name__ == "__main__":
    sys.stdout.write(write_assumptions())
