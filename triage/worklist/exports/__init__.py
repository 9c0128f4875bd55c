"""The list as files that an office has tools for: spreadsheets, lines for machines, a page to work from."""

from triage.worklist.exports.by_ending import ENDINGS, export, export_all, export_table
from triage.worklist.exports.csv_file import export_csv

__all__ = ["ENDINGS", "export", "export_all", "export_csv", "export_table"]
