"""Read the truth of a batch that a world wrote, and the groups of its cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.worlds.write import GROUPS_FILE, TRUTH_FILE, truth_folder

if TYPE_CHECKING:
    import pandas as pd


def read_truth(batch: Path | str) -> pd.DataFrame:
    """Return what only the simulator knows of each case of a batch.

    Parameters
    ----------
    batch : Path or str
        The folder of the batch, as it was given to `write_world`.

    Returns
    -------
    pandas.DataFrame
        One row a case, in the order of the batch: ``case_id``, ``current_abuse``, ``oracle`` (the exact
        probability given all that can be seen), ``situation``, ``selection_probability`` (with which a past
        policy chose the case to be opened), ``onset`` and ``end`` of the abuse, and more.

    Raises
    ------
    InputRefusedError
        No truth lies beside the batch.
    """
    return _read(batch, TRUTH_FILE)


def read_groups(batch: Path | str) -> pd.DataFrame:
    """Return the attributes of each case of a batch, for audits by group and for nothing else.

    Parameters
    ----------
    batch : Path or str
        The folder of the batch, as it was given to `write_world`.

    Returns
    -------
    pandas.DataFrame
        One row a case, in the order of the batch: ``case_id`` and a column an attribute, such as ``region``.

    Raises
    ------
    InputRefusedError
        No truth lies beside the batch.
    """
    return _read(batch, GROUPS_FILE)


def _read(batch: Path | str, name: str) -> pd.DataFrame:
    file = truth_folder(Path(batch)) / name
    if not file.is_file():
        raise InputRefusedError(
            "no truth beside the batch",
            where=str(batch),
            expected=str(file),
            mend="give the folder that write_world made; of real reports the truth is unknown",
        )
    found: pd.DataFrame = pq.read_table(file).to_pandas()
    return found
