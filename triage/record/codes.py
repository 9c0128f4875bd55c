"""The codes of decisions, of reasons for departing from the list, and of first views."""

from __future__ import annotations

DECISIONS = (
    "opened",
    "closed",
    "referred",
    "acknowledged",
    "deferred",
    "lowered",
    "raised",
    "paused",
    "resumed",
    "notified",
)
WHYS = ("new_information", "known_elsewhere", "capacity", "legal", "quality", "duplicate", "other")
VIEWS = ("likely", "unlikely", "unsure")
