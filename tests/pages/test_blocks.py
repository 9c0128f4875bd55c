"""Every fenced block of every page does what the page says: commands run, code runs, files are read."""

from __future__ import annotations

import csv
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import defusedxml.ElementTree
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from triage.cli import main
from triage.intake.mapping_files import with_own
from triage.shipped import find_shipped
from triage.worklist.policy.reading import parse_policy
from triage.worlds import load_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
POLICY = tomllib.loads(find_shipped("models", "policies", "default.toml").read_text(encoding="utf-8"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("synthetic_data/*.md")),
]
# A sentence that ends so gives the block below it a name: the reader saves it under that.
NAMED = re.compile(r"`([\w.-]+\.\w+)`\W*$")
OUT = re.compile(r"(?:triage key|--out|--lists|--html|--state|--pin|(?<!>)>(?!>))[ =]?\s*([\w./-]+)")
SAYS_CODE = re.compile(r"exit code (\d)")
CASE = re.compile(r"\bCASE(?:-(\d))?\b")
ENOUGH = 6_000
# The same with less of it, where a line would take minutes.
SMALLER = {
    "synth": ["--cases", "1000"],
    "simulate": ["--cases", "200", "--seeds", "2", "--weeks", "4"],
    "simulate --joining": ["--cases", "1810", "--seeds", "2", "--weeks", "1"],
    "simulate --reach": ["--cases", "400", "--seeds", "2", "--weeks", "40"],
}
SHELL = {"cat", "cd", "chmod", "cp", "head", "ls", "mkdir", "mv", "python3", "rm", "sha256sum", "umask"}
# Programs that set a machine up. Their lines are read, not run.
SET_UP = {"apt-get", "createdb", "createuser", "git", "make", "pip", "psql", "source", "sudo"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    name: str = ""

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> list[Block]:
    blocks, said = [], ""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "inline":
            said = token.content
        if token.type in {"fence", "code_block"}:
            blocks.append(_make(page, token, said))
            said = ""
    return blocks


def _make(page: Path, token: Token, said: str) -> Block:
    named = NAMED.search(said)
    assert token.map
    return Block(page, token.map[0] + 1, token.info.strip(), token.content, named[1] if named else "")


BLOCKS = {page: read_blocks(page) for page in PAGES}


@dataclass
class Session:
    """One reader at one page, from its first line to its last, in one folder."""

    folder: Path
    run_triage: Callable[..., str]
    tables: dict[str, Callable[[list[str], pd.DataFrame | None], None]]
    names: dict[str, Any] = field(default_factory=dict)
    batch: str = "year"

    def run_block(self, block: Block) -> None:
        if block.name and block.language not in {"console", "sh", "python"}:
            (self.folder / block.name).write_text(block.text, encoding="utf-8")
        if block.language in {"console", "sh"}:
            lines = [line.removeprefix("$ ") for line in block.text.replace("\\\n", " ").splitlines()]
            run = read_line if any(map(sets_up, lines)) else self.run_line
            for line in lines:
                run(line)
        elif block.language == "python":
            self.run_python(block.text)
        elif not block.language.startswith("{"):
            READ[block.language](block)

    def run_line(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words:
            return
        program = Path(words[0].lstrip("(")).name
        said = SAYS_CODE.search(line)
        codes = (int(said[1]),) if said else (0, 3)
        if program == "triage":
            self.run_command(words[1:], line, codes)
        else:
            assert program in SHELL, f"no program that these pages use: {program}"
            run_shell(line, codes)

    def run_command(self, words: list[str], line: str, codes: tuple[int, ...]) -> None:
        parse_options(words)
        if words[0] == "demo" or any(word.startswith("postgresql://") for word in words):
            return
        for word in words:
            if (self.folder / word / "batch.json").is_file():
                self.batch = word
        self.write_tables(line)
        filled = [self.fill(word, words) for word in words]
        redirected = ">" in filled
        command = filled[: filled.index(">")] if redirected else filled
        said = self.run_triage([*command, *make_smaller(words)], codes, self.key())
        if redirected:
            Path(filled[-1]).write_text(said, encoding="utf-8")

    def fill(self, word: str, line: list[str]) -> str:
        """Put a name in the place of CASE, CASE-2 and HEAD, as a reader does."""
        if word == "HEAD":
            return self.run_triage(["audit", "head", *line[line.index("--store") :]], key=self.key()).split()[
                -1
            ]
        return CASE.sub(lambda found: self.cases()[int(found[1] or 1) - 1], word)

    def write_tables(self, text: str) -> None:
        for name, write in self.tables.items():
            if name in text and name not in OUT.findall(text) and not Path(name).exists():
                write(self.cases(), self.truth())

    def key(self) -> str | None:
        """Return the key that a reader has set, so that not every line must name its file."""
        file = Path("triage.key")
        return file.read_text(encoding="utf-8").strip() if file.exists() else None

    def cases(self) -> list[str]:
        """Return the cases of the batch that the page is at, in the order of the list."""
        self.run_triage(["score", self.batch, "--out", "cases-of-this-page.csv", "--force"])
        listed = pd.read_csv("cases-of-this-page.csv")
        return [str(case) for case in listed.loc[listed["lane"].isin(["ranked", "escalated"]), "case_id"]]

    def truth(self) -> pd.DataFrame | None:
        file = Path(f"{self.batch}-truth/truth.parquet")
        return pd.read_parquet(file) if file.exists() else None

    def run_python(self, text: str) -> None:
        self.write_tables(text)
        if not text.lstrip().startswith(">>>"):
            exec(compile(text, "block", "exec"), self.names)  # noqa: S102 - the very thing that is tried
            return
        test = doctest.DocTestParser().get_doctest(text, self.names, "block", None, 0)
        told = io.StringIO()
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert not doctest.DocTestRunner(optionflags=options).run(test, out=told.write).failed, (
            told.getvalue()
        )
        self.names = test.globs


def make_smaller(words: list[str]) -> list[str]:
    said = int(words[words.index("--cases") + 1]) if "--cases" in words else ENOUGH + 1
    if "--describe" in words or said <= ENOUGH:
        return []
    told = next((f"{words[0]} {word}" for word in words if f"{words[0]} {word}" in SMALLER), words[0])
    return SMALLER.get(told, [])


def sets_up(line: str) -> bool:
    """Say whether a line sets a machine up: the block around it is for another machine than this one."""
    names = [Path(word).name for word in shlex.split(line, comments=True)]
    return bool(names) and (names[0] in SET_UP or not {"pip", "venv", "build"}.isdisjoint(names))


def read_line(line: str) -> None:
    """Hold what a line names, and does not do here, against what there is."""
    words = shlex.split(line, comments=True)
    if words and Path(words[0]).name == "triage":
        parse_options(words[1:])
    if words and words[0] == "make":
        assert set(words[1:]) <= TARGETS, words
    for word in words:
        for extra in re.findall(r"report-triage\[([\w,]+)\]", word):
            assert set(extra.split(",")) <= EXTRAS.keys(), word


def parse_options(words: list[str]) -> None:
    """Have every option of a line accepted by its command, whether or not the line can be run here."""
    command: click.Command | None = main
    rest = [*words]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(click.Context(command), rest.pop(0))
    assert command is not None, words
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    assert {word.split("=")[0] for word in rest if word.startswith("--")} <= options, words


def run_shell(line: str, codes: tuple[int, ...]) -> None:
    with_triage = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-euc", line],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": with_triage},
        check=False,
    )
    assert done.returncode in codes, done.stderr


def load_toml(block: Block) -> None:
    """Give a file to the loader it belongs to; a part of a policy is read with the rest of the default one."""
    content = tomllib.loads(block.text)
    place = block.place
    path = Path("block.toml")
    path.write_text(block.text, encoding="utf-8")
    if "like" in content:
        load_world(path)
    elif "format" in content:
        with_own((), [path])
    elif content.keys() <= POLICY.keys() | {"pause"}:
        default = {name: value for name, value in POLICY.items() if name not in content or name == "name"}
        rules = {
            name: [*POLICY.get(name, []), *value]
            for name, value in content.items()
            if isinstance(value, list)
        }
        parse_policy(default | content | rules, place)
    else:
        raise AssertionError(f"{place}: no loader for a file of {', '.join(content)}")


def _read_csv(block: Block) -> None:
    rows = list(
        csv.reader(io.StringIO(block.text), delimiter=max(",;\t", key=block.text.split("\n")[0].count))
    )
    assert len({len(row) for row in rows}) == 1, block.place


READ: dict[str, Callable[[Block], object]] = {
    "toml": load_toml,
    "json": lambda block: json.loads(block.text),
    "jsonl": lambda block: [json.loads(line) for line in block.text.splitlines()],
    "csv": _read_csv,
    "xml": lambda block: defusedxml.ElementTree.fromstring(block.text),
    "text": lambda _: None,
    "bibtex": lambda _: None,
    "sql": lambda _: None,
}
LANGUAGES = {"console", "sh", "python", *READ}


def makes_first(page: Path, name: str) -> bool:
    """Say whether a page makes a file before it reads it, and so must not find it there."""
    for block in BLOCKS[page]:
        if block.name == name:
            return True
        for line in block.text.splitlines():
            if name in OUT.findall(line):
                return True
            if name in re.split(r"[\s/\"']+", line):
                return False
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    unnamed = [
        block.place for block in BLOCKS[page] if block.language not in LANGUAGES and block.language[:1] != "{"
    ]
    assert not unnamed, f"one of {', '.join(sorted(LANGUAGES))}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCKS[page]], ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_page_can_be_followed_to_its_end(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepared: Any,
    run_triage: Callable[..., str],
    tables_of_cases: dict[str, Callable[..., None]],
) -> None:
    prepared.lay_out(tmp_path, {name for name in prepared.names if makes_first(page, name)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    session = Session(tmp_path, run_triage, tables_of_cases)
    for block in BLOCKS[page]:
        try:
            session.run_block(block)
        except Exception as error:
            error.add_note(f"{block.place}, a block of {block.language}")
            raise


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_sentences_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for said in re.findall(r"`triage (?!COMMAND)([^`]+)`", text):
        parse_options(shlex.split(said.replace("\n", " "), comments=True))
    for said in re.findall(r"`make ([a-z-]+)", text):
        assert said in TARGETS, said
