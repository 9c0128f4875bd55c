"""What the pages say can be done."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

import triage
from triage.cli import COMMANDS, LazyGroup, main

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("synthetic_data/*.md")])
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT[page]):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_the_pages_exist_with_their_options(page: Path) -> None:
    assert isinstance(main, LazyGroup)
    for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?triage (.+)$", TEXT[page], flags=re.MULTILINE):
        words = shlex.split(line, comments=True)
        command = main.get_command(click.Context(main), words[0])
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words[1])
        assert command is not None, line
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


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


def test_make_targets_on_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for text in TEXT.values():
        assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets
        assert set(re.findall(r"^make ([a-z-]+)", text, flags=re.MULTILINE)) <= targets


def test_everything_promised_by_the_package_is_there() -> None:
    assert set(triage.__all__) == set(triage._HOME)
    for name in triage.__all__:
        assert getattr(triage, name).__class__.__name__ in {"function", "type", "dict", "ABCMeta"}
    with pytest.raises(AttributeError):
        _ = triage.nonsense


def test_constraints_hold_versions_and_no_address() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+!]+", line), line
