"""The record: every list that was shown, what was decided and found, in a chain that shows every change."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triage.record.chain import Head
    from triage.record.opening import open_record
    from triage.record.outcomes import Finding
    from triage.record.record import Record

_HOME = {
    "Finding": "triage.record.outcomes",
    "Head": "triage.record.chain",
    "Record": "triage.record.record",
    "open_record": "triage.record.opening",
}

__all__ = ["Finding", "Head", "Record", "open_record"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
