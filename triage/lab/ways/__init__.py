"""Ways of working: in which order cases are opened, and what else is done with them."""

from triage.lab.ways.parsing import parse_way, parse_ways
from triage.lab.ways.way import ARRIVAL, ORACLE, Way

__all__ = ["ARRIVAL", "ORACLE", "Way", "parse_way", "parse_ways"]
