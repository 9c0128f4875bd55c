"""Rows of files: class codes only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.worlds.file.load import SOURCES
from triage.worlds.rows.columns import UNSEEN, build_table, time_column
from triage.worlds.rows.fields import value_column
from triage.worlds.rows.tokens import spread

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from triage.worlds.block import Block
    from triage.worlds.rows.accounts import Accounts

    Codes = NDArray[np.int64]

# Only this format says on which account a file was found.
POLICE_FORMAT = SOURCES.index("cybertip_le_json")


def draw_files(block: Block, accounts: Accounts, incident: Codes) -> tuple[pa.Table, Codes, Codes]:
    """Draw the files of every report.

    Returns
    -------
    table : pyarrow.Table
        The rows.
    case : array of int, shape (n_files,)
        Case of each.
    youngest : array of int, shape (n_files,)
        Age band of the youngest child in it; -1 where it is not told.
    """
    reports = block.reports
    number = block.number("file_count", block.observe("file_count", np.arange(len(reports))))
    report, ids = spread(block.rng, np.arange(len(reports)), number, reports.case)
    case, received = reports.case[report], reports.received[report]
    length, done = block.delay("hash_lookup", np.arange(len(reports)))
    at = (reports.received + length)[report]
    looked_up = done[report]
    since = block.since(at, looked_up)
    status = block.observe("hash_status", report, where=looked_up, since=since)
    victim = block.observe("victim_status", report, given=status, where=looked_up, since=since)
    legal = block.observe("legal_class", report, given=status, where=looked_up, since=since)
    told = block.tell("severity", report)
    severity = block.observe("severity", report, where=told)
    # An age that is told on arrival stands in a row whose look-up comes later: it counts from then on.
    readable = np.where(looked_up, at, received)
    aged = block.tell("youngest", report, since=readable)
    youngest = block.observe("youngest", report, where=aged, since=readable)
    viewed = block.observe("viewed", report, where=block.tell("viewed", report))
    account = np.where(block.source[report] == POLICE_FORMAT, accounts.of_report[report], UNSEEN)
    columns = {
        "file_id": ids.arrow(),
        "report_id": reports.ids.take(report).arrow(),
        "case_id": block.case_ids.take(case).arrow(),
        "account_id": accounts.ids.arrow_at(account),
        "uploaded_at": time_column(
            incident[report] - block.span("upload_age", block.observe("upload_age", report))
        ),
        **value_column(block, "severity", severity, report),
        **value_column(block, "legal_class", legal),
        **value_column(block, "hash_status", status),
        **value_column(block, "victim_status", victim),
        **value_column(block, "file_annotations", block.observe("file_annotations", report)),
        **value_column(block, "viewed", viewed, report),
        **value_column(block, "publicly_available", block.observe("publicly_available", report)),
        **value_column(block, "youngest", youngest, report),
        "known_at": time_column(received),
        "enriched_at": time_column(at, ~looked_up),
    }
    return build_table("files", columns, len(report)), case, youngest
