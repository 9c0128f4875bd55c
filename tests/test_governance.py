"""The governance pack says nothing that is not in the checkout, and no figure that was not measured."""

from __future__ import annotations

import copy
import importlib
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from triage.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "governance"
PAGES = sorted(FOLDER.glob("*.md"))
TEXT = {page.stem: page.read_text(encoding="utf-8") for page in PAGES}
FIELD = re.compile(r"\[to be filled in: ([^\]]+)\]")
ENDING = "## To be filled in by the deployer\n"
# Where a name that is neither a path nor a command must stand.
SOURCES = (
    "triage/**/*.py",
    "triage/**/*.toml",
    "models/**/*.toml",
    "synthetic_data/**/*.toml",
    "pyproject.toml",
)


@pytest.fixture(scope="module")
def fill() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module("fill")


@pytest.fixture(scope="module")
def measuring(fill: ModuleType) -> ModuleType:
    return importlib.import_module(fill.measure.__module__)


@pytest.fixture(scope="module")
def figures(fill: ModuleType) -> dict[str, Any]:
    return json.loads(fill.FIGURES.read_text(encoding="utf-8"))


def test_figures_are_those_of_the_models_worlds_and_policy_that_are_shipped(
    measuring: ModuleType, figures: dict[str, Any]
) -> None:
    assert figures["digests"] == measuring.digest_shipped(), "make governance, and look at what changed"
    assert [one["model"] for one in figures["models"]] == list(figures["digests"]["models"])
    assert {one["world"] for one in [*figures["models"], *figures["worlds"]]} == set(
        figures["digests"]["worlds"]
    )


@pytest.mark.parametrize("page", TEXT)
def test_page_shows_the_figures_that_were_measured(
    page: str, fill: ModuleType, figures: dict[str, Any]
) -> None:
    assert fill.fill(TEXT[page], figures) == TEXT[page]
    assert TEXT[page].count("<!-- figures: ") == TEXT[page].count("<!-- end of figures -->")


def test_page_would_change_with_any_model_and_any_figure(fill: ModuleType, figures: dict[str, Any]) -> None:
    other = copy.deepcopy(figures)
    other["models"][1]["recall"][0] += 0.01
    assert fill.fill(TEXT["model-card"], other) != TEXT["model-card"]
    other = copy.deepcopy(figures)
    other["digests"]["models"]["expert"] = "0" * 64
    assert fill.fill(TEXT["index"], other) != TEXT["index"]


def test_every_table_of_figures_is_shown_somewhere(fill: ModuleType) -> None:
    shown = set(re.findall(r"<!-- figures: ([a-z]+) -->", "".join(TEXT.values())))
    assert shown == set(fill.BLOCKS)


@pytest.mark.slow
def test_measuring_again_gives_the_same_figures(measuring: ModuleType, figures: dict[str, Any]) -> None:
    assert measuring.measure() == figures


def test_what_is_said_in_words_about_the_figures_holds(figures: dict[str, Any]) -> None:
    """The pages draw conclusions; a new run may take the ground from under them."""
    home = {one["model"]: one for one in figures["models"]}
    learned = [one for name, one in home.items() if "/" in name]
    # A model makes more of a list than the queue does, and escalation costs the learned models some of it.
    assert all(one["list_share"][0] > home["arrival"]["list_share"][0] for one in [home["expert"], *learned])
    assert all(one["list_recall"][0] < one["recall"][0] for one in learned)
    # The oracle itself misses part of the children, and learned models come nearer to it than the default.
    assert home["expert"]["oracle_recall"][0] < 0.75
    assert min(one["share"][0] for one in learned) > home["expert"]["share"][0]
    # Nothing is found where there is nothing, and little where payments are all there is.
    nothing = [one for one in figures["worlds"] if one["world"] == "null"]
    assert all(one["recall"][1] <= figures["capacity"] <= one["recall"][2] + 0.01 for one in nothing)
    assert all(one["share"][0] < 0.5 for one in figures["worlds"] if one["world"] == "livestream")
    # Most of the places that the default model gives are not firm.
    assert figures["stability"]["firm"] < figures["stability"]["places_by_score"] / 2


def _spans(text: str) -> list[str]:
    bare = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", bare)]


@cache
def _tests() -> frozenset[str]:
    return frozenset(
        name
        for path in (ROOT / "tests").glob("**/*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )


@cache
def _sources() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for pattern in SOURCES for path in sorted(ROOT.glob(pattern))
    )


def _find_command(words: list[str]) -> tuple[click.Command | None, list[str]]:
    command: click.Command | None = main
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.get_command(click.Context(command), words[0])
        words = words[1:]
    return command, words


def _options(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts} | {"--help"}


def _exists(span: str) -> bool:
    if span.startswith("triage "):
        command, words = _find_command(shlex.split(span)[1:])
        return command is not None and {word for word in words if word.startswith("--")} <= _options(command)
    if span.startswith("make "):
        target = re.escape(span.removeprefix("make "))
        return bool(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    if span.startswith("test_"):
        return span in _tests()
    if span.startswith("--"):
        commands = [
            main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))
        ]
        return any(
            span.split(maxsplit=1)[0] in _options(command) for command in commands if command is not None
        )
    return (ROOT / span).exists() or span in _sources()


@pytest.mark.parametrize("page", TEXT)
def test_everything_named_in_backticks_exists(page: str) -> None:
    assert not [span for span in _spans(TEXT[page]) if not _exists(span)]


@pytest.mark.parametrize(
    "span",
    [
        "triage conclude",
        "triage score --guilty",
        "triage audit burn",
        "make believe",
        "test_that_nobody_wrote",
        "--nobody-has-this",
        "triage/nowhere.py",
        "no_such_column_anywhere",
    ],
)
def test_what_does_not_exist_is_noticed(span: str) -> None:
    assert not _exists(span)


@pytest.mark.parametrize("page", TEXT)
def test_fields_for_the_agency_are_listed_at_the_end_in_their_order(page: str) -> None:
    body, _, ending = TEXT[page].partition(ENDING)
    fields = FIELD.findall(" ".join(body.split()))
    listed = [" ".join(line.split()) for line in re.split(r"^- ", ending, flags=re.MULTILINE)[1:]]
    assert listed == list(dict.fromkeys(field for field in fields if field != "what"))
    assert len(set(listed)) == len(listed)


def _rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_all_items_of_tripod_ai_are_answered() -> None:
    """27 items, 52 with their parts."""
    parts = {
        3: "abc",
        5: "ab",
        6: "abc",
        8: "abc",
        9: "abc",
        12: "abcdefg",
        18: "abcdef",
        20: "abc",
        23: "ab",
        27: "abc",
    }
    expected = [f"{item}{part}" for item in range(1, 28) for part in parts.get(item, [""])]
    rows = [row for row in _rows(TEXT["tripod-ai"]) if re.match(r"\d", row[0])]
    assert len(expected) == 52
    assert [row[0].split()[0] for row in rows] == expected
    assert all(len(row) == 4 and all(row) for row in rows)


def test_all_signalling_questions_of_probast_ai_are_answered() -> None:
    """16 on development, 18 on evaluation."""
    asked = {"Development": {1: 3, 2: 4, 3: 4, 4: 5}, "Evaluation": {1: 3, 2: 4, 3: 4, 4: 7}}
    for part, domains in asked.items():
        text = TEXT["probast-ai"].split(f"## {part}\n")[1].split("\n## ")[0]
        rows = [row for row in _rows(text) if re.match(r"\d", row[0])]
        expected = [f"{domain}.{number}" for domain, last in domains.items() for number in range(1, last + 1)]
        assert [row[0].split()[0] for row in rows] == expected
        assert all(row[1] in {"Y", "PY", "PN", "N", "NI", "NA"} and row[2] for row in rows)


def test_every_duty_says_what_the_software_does_and_what_is_left() -> None:
    articles = re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", TEXT["law"], flags=re.MULTILINE | re.DOTALL)
    assert [title.split(":")[0] for title, _ in articles][:7] == [f"Article {n}" for n in range(9, 16)]
    for title, body in articles:
        parts = dict(
            re.findall(r"^- \*\*(\w+)\.\*\* (.*?)(?=^- \*\*|\Z)", body, flags=re.MULTILINE | re.DOTALL)
        )
        assert list(parts) == ["Duty", "Software", "Deployer"], title
        assert re.search(r"\*\([^)]*(copy|secondary|recalled)[^)]*\)\*", parts["Duty"]), title
        assert (
            "`" in parts["Software"] or "](" in parts["Software"] or parts["Software"].startswith("Nothing")
        ), title


def test_short_description_for_the_register_fits_its_field() -> None:
    text = TEXT["algorithm-register"].split("**description_short")[1].split("**\n\n", 1)[1].split("\n\n**")[0]
    assert text.startswith("The algorithm")
    assert len(" ".join(text.split())) <= 500


def test_pages_are_all_on_the_index() -> None:
    assert {f"{name}.md" for name in TEXT} - {"index.md"} == set(
        re.findall(r"\]\(([a-z-]+\.md)\)", TEXT["index"])
    )


@pytest.mark.parametrize("page", TEXT)
def test_prose_is_narrow_and_every_block_has_a_language(page: str) -> None:
    assert not [line for line in TEXT[page].splitlines() if len(line) > 120 and not line.startswith("|")]
    assert all(
        re.fullmatch(r"```([a-z]+)?", line) for line in TEXT[page].splitlines() if line.startswith("```")
    )
    assert len(re.findall(r"^```[a-z]+$", TEXT[page], flags=re.MULTILINE)) * 2 == TEXT[page].count("```")
