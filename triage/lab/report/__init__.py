"""What the lab found as text for a terminal and as one page of HTML."""

from triage.lab.report.assumptions import Assumption, read_assumptions
from triage.lab.report.changed import Changed, compare_change, describe_change
from triage.lab.report.page import save_page, write_page
from triage.lab.report.summary import Summary, summarise
from triage.lab.report.text import write_report

__all__ = [
    "Assumption",
    "Changed",
    "Summary",
    "compare_change",
    "describe_change",
    "read_assumptions",
    "save_page",
    "summarise",
    "write_page",
    "write_report",
]
