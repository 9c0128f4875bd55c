"""Audit slots: drawn by lot from below the cut, so that what the list misses can be estimated."""

from triage.worklist.audit.draw import Draw, Stratum, draw_audit, first_place, make_lottery, place_audit
from triage.worklist.audit.power import AuditPower, measure_audit, tell_audit

__all__ = [
    "AuditPower",
    "Draw",
    "Stratum",
    "draw_audit",
    "first_place",
    "make_lottery",
    "measure_audit",
    "place_audit",
    "tell_audit",
]
