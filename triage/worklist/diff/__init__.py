"""What changed between two lists, and why."""

from triage.worklist.diff.compare import Cause, Change, ListDiff, compare_lists
from triage.worklist.diff.reading import Listed, hold_list, read_list
from triage.worklist.diff.telling import draw_diff

__all__ = ["Cause", "Change", "ListDiff", "Listed", "compare_lists", "draw_diff", "hold_list", "read_list"]
