"""What the pages say can be done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triage.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("synthetic_data/*.md")])
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT[page]):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_readme_names_every_room_and_every_command_in_use() -> None:
    text = TEXT[ROOT / "README.md"]
    for room in (ROOT / "triage").iterdir():
        if room.is_dir() and (room / "__init__.py").exists():
            assert f"`triage/{room.name}`" in text
    assert {name for name in COMMANDS if f"triage {name}" in text} >= {
        "import",
        "check",
        "score",
        "explain",
        "train",
    }


def test_constraints_hold_versions_and_no_address() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+!]+", line), line
