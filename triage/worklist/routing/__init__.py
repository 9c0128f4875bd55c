"""The lists beside the worklist: who else must hear of a case. Routing copies; it never removes."""

from triage.worklist.routing.lists import LISTS, Told, Tracked, find_lists, make_lists, say_lists
from triage.worklist.routing.route import ROUTES, Routed, join_routed, route_part
from triage.worklist.routing.wishes import Wish, Wishes, read_wishes

__all__ = [
    "LISTS",
    "ROUTES",
    "Routed",
    "Told",
    "Tracked",
    "Wish",
    "Wishes",
    "find_lists",
    "join_routed",
    "make_lists",
    "read_wishes",
    "route_part",
    "say_lists",
]
