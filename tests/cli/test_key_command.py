"""A key on the command line."""

from __future__ import annotations

import json

from click.testing import CliRunner

from triage.cli import main
from triage.intake.tokens import load_key


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_key_is_told_by_its_check_word_and_never_shown(tmp_path):
    done = run("key", tmp_path / "triage.key")
    assert done.exit_code == 0
    assert load_key(tmp_path / "triage.key").check() in done.output
    assert (tmp_path / "triage.key").read_text().strip() not in done.output


def test_the_next_key_is_asked_for_and_counted(tmp_path):
    run("key", tmp_path / "triage.key")
    assert run("key", tmp_path / "triage.key").exit_code == 4
    done = run("key", tmp_path / "triage.key", "--next", "--json")
    assert json.loads(done.output)["keys"] == 2
