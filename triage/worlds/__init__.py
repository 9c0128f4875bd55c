"""The simulator: a world file becomes a batch, its outcomes and its truth."""

from triage.worlds.file.load import load_world
from triage.worlds.file.world import World
from triage.worlds.reading import read_groups, read_truth
from triage.worlds.simulation import Drawn, simulate
from triage.worlds.template import write_world_template
from triage.worlds.write import truth_folder, write_world

__all__ = [
    "Drawn",
    "World",
    "load_world",
    "read_groups",
    "read_truth",
    "simulate",
    "truth_folder",
    "write_world",
    "write_world_template",
]
