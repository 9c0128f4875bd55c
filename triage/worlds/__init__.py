"""The simulator: a world file becomes a batch, its outcomes and its truth."""

from triage.worlds.load import load_world
from triage.worlds.simulation import simulate
from triage.worlds.world import World
from triage.worlds.write import truth_folder, write_world

__all__ = ["World", "load_world", "simulate", "truth_folder", "write_world"]
