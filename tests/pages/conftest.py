"""What the pages take for granted: a morning's reports, a key, a year that is over, and tables to go with them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from triage.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
SHEET = """\
Contact no;Received;Prio;Nick;Platform;Kind of line;Age;Name
1;03/03/2024 10:15;high;blue.lantern;ExampleChat;child;9;left behind
2;04/03/2024 11:40;low;grey.pebble;ExampleChat;neighbour;;left behind
"""
TAGS = """\
format = "police-tags"
name = "our-tags"
version = 1
[tags]
"Self-Produced" = "self_produced"
"""


def _run(words: list[str], codes: tuple[int, ...] = (0, 3), key: str | None = None) -> str:
    """Run a command in this process, saying yes to whatever it asks, and return what it says."""
    result = CliRunner().invoke(main, words, prog_name="triage", input="y\n", env={"TRIAGE_KEY": key})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in codes, f"exit code {result.exit_code}\n{result.output}"
    return result.stdout


@pytest.fixture(scope="session")
def run_triage() -> Callable[..., str]:
    return _run


@dataclass(frozen=True)
class Prepared:
    """Files that a page may start from; what it makes itself is not given to it."""

    folder: Path

    @property
    def names(self) -> set[str]:
        return {entry.name for entry in self.folder.iterdir()}

    def lay_out(self, folder: Path, own: set[str]) -> None:
        """Copy them, but for those that the page makes."""
        for entry in self.folder.iterdir():
            if entry.name.removesuffix("-refs.sqlite").removesuffix("-truth") not in own:
                copy = shutil.copytree if entry.is_dir() else shutil.copy
                copy(entry, folder / entry.name)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "reports").mkdir()
    for report in (ROOT / "tests/intake/cybertipline").glob("*.xml"):
        shutil.copy(report, folder / "reports")
    (folder / "triage.key").write_text("5a" * 32 + "\n", encoding="utf-8")
    (folder / "triage.key").chmod(0o600)
    (folder / "sheet.csv").write_text(SHEET, encoding="utf-8")
    (folder / "tags.toml").write_text(TAGS, encoding="utf-8")
    shutil.copy(ROOT / "synthetic_data/world-template.toml", folder / "my-world.toml")
    shutil.copy(ROOT / "models/policies/default.toml", folder / "our-unit.toml")
    size = ["--cases", "3500", "--seed", "11"]
    _run(["synth", "nl-2017", *size, "--out", str(folder / "year")])
    key = str(folder / "triage.key")
    _run(["import", str(folder / "reports"), "--key-file", key, "--out", str(folder / "today")])
    return Prepared(folder)


def _write_found(cases: list[str], _: pd.DataFrame | None) -> None:
    found = pd.DataFrame({"case_id": cases[:3], "outcome_kind": "no_offence", "current_abuse_label": "no"})
    found["selected_at"] = "2024-05-01T10:00:00Z"
    found["outcome_at"] = "2024-06-01T10:00:00Z"
    found.to_excel("found.xlsx", index=False)


def _write_outcomes(cases: list[str], truth: pd.DataFrame | None) -> None:
    if truth is None:
        truth = pd.DataFrame({"case_id": cases, "current_abuse": np.arange(len(cases)) % 3 == 0})
    table = truth[["case_id", "current_abuse"]].astype({"current_abuse": int})
    table.to_csv("outcomes.csv", index=False)


def _write_scores(_: list[str], truth: pd.DataFrame | None) -> None:
    assert truth is not None, "scores.csv speaks of the cases of a synthetic batch"
    rng = np.random.default_rng(7)
    found = truth["current_abuse"].astype(int)
    table = pd.DataFrame({"case_id": truth["case_id"], "found": found})
    table["points"] = (rng.normal(size=len(table)) + 1.5 * found).round(1)
    table["urgency"] = rng.integers(0, 2, len(table))
    table["region"] = rng.choice(["north", "south"], len(table))
    table.to_csv("scores.csv", index=False)


@pytest.fixture(scope="session")
def tables_of_cases() -> dict[str, Callable[[list[str], pd.DataFrame | None], None]]:
    """Tables that name cases: they are written when a line names them, for the batch that the page is at."""
    return {"found.xlsx": _write_found, "outcomes.csv": _write_outcomes, "scores.csv": _write_scores}
