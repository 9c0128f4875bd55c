"""What holds of all files that people write: names and sources can stand on a list, a card and a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triage.errors import InputRefusedError
from triage.scoring.expert import read_scorecard
from triage.scoring.informed.evidence import read_evidence
from triage.scoring.questions import read_questions
from triage.scoring.recipe import read_recipe

RECIPE = 'kind = "logistic"\nname = "NAME"\n'
SCORECARD = (
    'kind = "scorecard"\nname = "NAME"\n'
    '[[factor]]\nfeature = "escalated"\npoints = {asserted = 1}\nsource = "SOURCE"\n'
)
QUESTIONS = (
    'kind = "questions"\nname = "NAME"\nlevels = ["low", "high"]\n[[question]]\nname = "first"\nstep = 1\n'
    'ask = "?"\nany = ["contact_record"]\nyes = "high"\nno = "low"\nsource = "SOURCE"\n'
)
EVIDENCE = (
    'kind = "evidence"\nname = "NAME"\n[base_rate]\nmean = -5\nspread = 1.5\n'
    '[class]\n"++" = { mean = 1.6, spread = 0.5 }\n"none" = { mean = 0, spread = 0.2 }\n'
    '[[factor]]\nfeature = "escalated"\nasserted = "++"\nsource = "SOURCE"\n'
)
FILES = {
    "recipe": (read_recipe, RECIPE),
    "scorecard": (read_scorecard, SCORECARD),
    "questions": (read_questions, QUESTIONS),
    "evidence": (read_evidence, EVIDENCE),
}
UNPRINTABLE = {
    "escape": '"a\\u001b[2J"',
    "newline": '"a\\nb"',
    "long": f'"{"x" * 1_001}"',
    "list": '["a"]',
    "number": "3",
}


def write(path: Path, text: str, **values: str) -> Path:
    for key, value in ({"NAME": '"a name"', "SOURCE": '"a source"'} | values).items():
        text = text.replace(f'"{key}"', value)
    path.write_text(text)
    return path


@pytest.mark.parametrize("file", FILES)
def test_names_and_sources_that_can_be_printed_are_read(file: str, tmp_path: Path) -> None:
    read, text = FILES[file]
    assert read(write(tmp_path / "x.toml", text, NAME='"Zürich, 2.0 (ß)"')).name == "Zürich, 2.0 (ß)"


@pytest.mark.parametrize("value", [*UNPRINTABLE.values(), '""', '" "'], ids=[*UNPRINTABLE, "empty", "blank"])
@pytest.mark.parametrize("file", FILES)
def test_name_that_cannot_stand_on_a_screen_is_refused(file: str, value: str, tmp_path: Path) -> None:
    refuse(FILES[file][0], write(tmp_path / "x.toml", FILES[file][1], NAME=value), "name = ")


@pytest.mark.parametrize("value", UNPRINTABLE.values(), ids=UNPRINTABLE)
@pytest.mark.parametrize("file", ["scorecard", "questions", "evidence"])
def test_source_that_is_no_text_or_cannot_stand_on_a_screen_is_refused(
    file: str, value: str, tmp_path: Path
) -> None:
    refuse(FILES[file][0], write(tmp_path / "x.toml", FILES[file][1], SOURCE=value), "source = ")


def refuse(read: Callable[[Path], Any], path: Path, found: str) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read(path)
    assert caught.value.found.startswith(found)
    assert str(path) in caught.value.where
    # The message is printed too.
    assert str(caught.value).isprintable()
