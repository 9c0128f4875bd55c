"""The simulator: a world file becomes a batch, its outcomes and its truth."""

from triage.worlds.file.load import load_world
from triage.worlds.file.world import World
from triage.worlds.simulation import Drawn, simulate
from triage.worlds.write import truth_folder, write_world

__all__ = ["Drawn", "World", "load_world", "simulate", "truth_folder", "write_world"]
