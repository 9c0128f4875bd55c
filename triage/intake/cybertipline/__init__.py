"""Reports in CyberTipline XML: report and fileDetails documents become canonical tables."""

from triage.intake.cybertipline.read import read_cybertipline, sniff_cybertipline

__all__ = ["read_cybertipline", "sniff_cybertipline"]
