"""Audit slots: drawn by lot from below the cut, so that what the list misses can be estimated."""

from triage.worklist.audit.blind import hide_places
from triage.worklist.audit.chances import tell_chances
from triage.worklist.audit.draw import (
    Draw,
    Stratum,
    draw_audit,
    first_place,
    make_lottery,
    no_draw,
    place_audit,
)
from triage.worklist.audit.power import AuditPower, measure_audit, tell_audit

__all__ = [
    "AuditPower",
    "Draw",
    "Stratum",
    "draw_audit",
    "first_place",
    "hide_places",
    "make_lottery",
    "measure_audit",
    "no_draw",
    "place_audit",
    "tell_audit",
    "tell_chances",
]
