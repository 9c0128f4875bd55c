"""The JSON that police download from NCMEC becomes canonical tables."""

from triage.intake.police.read import POLICE

__all__ = ["POLICE"]
