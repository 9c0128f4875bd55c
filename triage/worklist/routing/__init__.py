"""The lists beside the worklist: who else must hear of a case. Routing copies; it never removes."""

from triage.worklist.routing.lists import LISTS, Told, Tracked, make_lists, name_lists
from triage.worklist.routing.route import Routed, join_routed, route_nowhere, route_part
from triage.worklist.routing.wishes import Wish, Wishes, read_wishes

__all__ = [
    "LISTS",
    "Routed",
    "Told",
    "Tracked",
    "Wish",
    "Wishes",
    "join_routed",
    "make_lists",
    "name_lists",
    "read_wishes",
    "route_nowhere",
    "route_part",
]
