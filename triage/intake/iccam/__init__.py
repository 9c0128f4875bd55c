"""Reports of hotlines in the JSON of ICCAM: addresses of material, their class, and what was done."""

from triage.intake.iccam.read import ICCAM

__all__ = ["ICCAM"]
