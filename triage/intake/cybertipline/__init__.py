"""Reports in CyberTipline XML: report and fileDetails documents become canonical tables."""

from triage.intake.cybertipline.read import CYBERTIPLINE

__all__ = ["CYBERTIPLINE"]
