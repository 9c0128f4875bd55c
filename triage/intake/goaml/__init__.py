"""Reports of banks in goAML XML: payments of known persons, and reports about exploited children."""

from triage.intake.goaml.read import GOAML, goaml_format

__all__ = ["GOAML", "goaml_format"]
