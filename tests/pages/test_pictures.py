"""The pictures of the pages are there, small, told to those who cannot see them, and of what is shipped today."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/pictures"
MADE = json.loads((FOLDER / "pictures.json").read_text(encoding="utf-8"))
LARGEST = 200_000
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", FOLDER / "draw.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_are_of_the_models_and_the_world_that_are_shipped(draw: ModuleType) -> None:
    assert MADE["files"] == draw.describe_inputs(), "make pictures"
    assert (MADE["world"], MADE["seed"], MADE["cases"]) == (draw.WORLD, draw.SEED, draw.CASES)


def test_every_picture_is_there_and_small() -> None:
    assert {picture.name for picture in FOLDER.glob("*.png")} == set(MADE["alt"])
    for name in MADE["alt"]:
        assert (FOLDER / name).stat().st_size < LARGEST
        with Image.open(FOLDER / name) as image:
            assert image.width >= 700


def test_every_picture_on_a_page_says_what_is_seen() -> None:
    for page in PAGES:
        for alt, target in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), target
            assert len(alt) > 40, target
            assert "synthetic" in alt, target
