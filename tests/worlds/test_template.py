"""A world of one's own begins with the template, and says what it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from triage.cli.synth_ import command
from triage.errors import InputRefusedError, OutputExistsError
from triage.worlds import load_world, read_groups, read_truth, write_world, write_world_template
from triage.worlds.describe import describe_world

MORE = """
[situations.household]
share = 0.0092
class = "assumed"
source = "a test"
"""
LESS = """
[situations.hosting_only]
share = 0.5586
class = "assumed"
source = "a test"
"""


def test_the_template_is_the_world_that_it_is_like(tmp_path: Path) -> None:
    world = load_world(write_world_template(tmp_path / "mine.toml"))
    like = load_world("nl-2017")
    assert world.name == "my-world"
    named = {"name": like.name, "path": like.path, "sha256": like.sha256, "size": like.size}
    assert replace(world, **named, published=like.published) == like


def test_changes_stand_below_the_template(tmp_path: Path) -> None:
    world = load_world(write_world_template(tmp_path / "mine.toml", changes=MORE + LESS))
    shares = {one.name: one.share for one in world.situations}
    assert (shares["household"], shares["hosting_only"]) == (0.0092, 0.5586)
    assert repr(world) == (
        "World my-world (synthetic): 2017-01-01 to 2018-01-01, 18,000 reports a year, 13 situations"
    )


def test_shares_that_do_not_add_up_are_refused_with_what_is_too_much(tmp_path: Path) -> None:
    path = write_world_template(tmp_path / "mine.toml", changes=MORE)
    with pytest.raises(InputRefusedError, match=r"a sum of 1\.0046, 0\.0046 too much"):
        load_world(path)


def test_a_world_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = write_world_template(tmp_path / "mine.toml")
    with pytest.raises(OutputExistsError):
        write_world_template(path)
    write_world_template(path, changes=MORE + LESS, force=True)
    assert path.read_text(encoding="utf-8").endswith('source = "a test"\n')


def test_the_command_prints_the_template_and_asks_for_no_world(tmp_path: Path) -> None:
    printed = CliRunner().invoke(command, ["--template"])
    assert printed.exit_code == 0
    assert printed.output == write_world_template(tmp_path / "mine.toml").read_text(encoding="utf-8")


def test_a_world_of_ones_own_stands_beside_the_published_numbers_of_another(tmp_path: Path) -> None:
    world, like = load_world(write_world_template(tmp_path / "mine.toml")), load_world("nl-2017")
    assert describe_world(world, 500).empty
    told, own = describe_world(world, 500, against=like), describe_world(world, 500, everything=True)
    assert told["published"].tolist() == [one.value for one in like.published.values()]
    measured = own.set_index("quantity")["world"].reindex(told["quantity"])
    assert told["world"].tolist() == pytest.approx(measured.tolist(), nan_ok=True)


def test_groups_are_read_from_beside_the_batch(tmp_path: Path) -> None:
    write_world(load_world("fair"), 60, 1, tmp_path / "year")
    groups = read_groups(tmp_path / "year")
    assert groups["case_id"].tolist() == read_truth(tmp_path / "year")["case_id"].tolist()
    assert set(groups["community"]) == {"majority", "minority"}
    with pytest.raises(InputRefusedError, match="no truth beside"):
        read_groups(tmp_path / "other")
