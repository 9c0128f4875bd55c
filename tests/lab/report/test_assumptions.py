"""The page of assumptions is written from the files, and leaves none out."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from triage.lab.report.assumptions import (
    UNSTATED,
    gather_assumptions,
    read_assumptions,
    shipped_files,
)
from triage.lab.report.listing import write_assumptions

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "lab-assumptions.md").read_text(encoding="utf-8") == write_assumptions(), "run: make docs"


@pytest.mark.parametrize("path", shipped_files(), ids=lambda path: path.stem)
def test_every_number_of_a_file_stands_on_the_page_below_a_class_and_a_source(path: Path) -> None:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    told = read_assumptions(path)
    tables = [name for name, value in content.items() if isinstance(value, dict)]
    assert {one.place.split(".")[0].split(" ")[0] for one in told} >= set(tables)
    for one in told:
        assert one.kind in {"published", "derived", "assumed"}, one.place
        assert one.source != UNSTATED, one.place
        assert one.value, one.place


def test_tables_in_lists_are_called_by_their_names() -> None:
    units = [{"name": "north", "detectives": 3, "class": "assumed", "source": "ours"}]
    (one,) = gather_assumptions({"units": units})
    assert (one.place, one.value) == ("units north", "name = north; detectives = 3")


def test_a_table_below_a_table_with_a_source_of_its_own_is_told_once() -> None:
    inner = {"p": 0.5, "class": "published", "source": "a paper"}
    outer, below = gather_assumptions(
        {"hours": {"mean": 40, "class": "assumed", "source": "ours", "gone": inner}}
    )
    assert (outer.value, below.place, below.value) == ("mean = 40", "hours.gone", "p = 0.5")


def test_the_page_of_the_lab_says_what_it_cannot_know_and_leads_to_the_numbers() -> None:
    text = (DOCS / "lab.md").read_text(encoding="utf-8")
    assert "## What the lab cannot know" in text
    assert "lab-assumptions.md" in text
    assert "synthetic" in text
