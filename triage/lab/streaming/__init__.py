"""Make the stream of a world: its cases as an agency comes to know them, and the truth beside them."""

from triage.lab.streaming.make import AGAIN_DAYS, make_stream

__all__ = ["AGAIN_DAYS", "make_stream"]
