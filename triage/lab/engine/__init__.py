"""The engine: discrete events over a stream, under one way of working and one staff."""

from triage.lab.engine.simulate import simulate

__all__ = ["simulate"]
