"""Bring a batch from the previous key of an agency to its next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from triage.errors import InputRefusedError
from triage.schema.batch import Batch
from triage.schema.declare import Kind
from triage.schema.part import Rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from triage.intake.imported import Imported
    from triage.intake.tokens import TokenKey
    from triage.schema.part import Part

_TOKENS_ASIDE = ("report_id", "waits_for", "held")


def rekey_batch(batch: Batch, key: TokenKey) -> Batch:
    """Return a batch with the tokens that the next key makes of the same identifiers.

    Parameters
    ----------
    batch : Batch
        Made with the previous key.
    key : TokenKey
        The next key with those that it replaced.

    Returns
    -------
    Batch
        Its reports link with what is imported under the next key. Documents that could not be read keep their
        names.

    Raises
    ------
    InputRefusedError
        The key replaced none, or not the one with which the batch was made.
    """
    previous = key.previous
    if previous is None or batch.meta.key_check != previous.check():
        found = "a first key, which replaced none" if previous is None else "a key that replaced another one"
        raise InputRefusedError(
            found, where=batch.meta.name, expected="the key of the batch and, behind it, the next one",
            mend="put the old key on the first line of the key file and the new one on the line below it",
        )  # fmt: skip

    def read_part(index: int) -> Part:
        part = batch.read_part(index)
        if index == 0:
            # What was set aside when the batch was made is written with its first part.
            part = replace(part, set_aside=pa.concat_tables([batch.set_aside, part.set_aside]))
        return _rekey_part(part, key, batch.meta.as_of)

    return Batch(replace(batch.meta, key_check=key.check()), read_part)


def bridge_imported(imported: Imported, key: TokenKey) -> Imported:
    """Bring what was read with the oldest key to the newest one.

    Some identifiers are made of tokens. Reading with the oldest key, and bridging what comes out, makes the
    same of a report today as of the batch that it was in before the key was replaced.
    """
    if not key.before:
        return imported
    bridge = key.bridge_from_first
    return replace(
        imported,
        tables={name: _rekey(table, _tokens_of(name), bridge) for name, table in imported.tables.items()},
        set_aside=_rekey(imported.set_aside, _TOKENS_ASIDE, bridge),
        refs=[(bridge(token), number) for token, number in imported.refs],
    )


def _tokens_of(name: str) -> list[str]:
    return [column.name for column in TABLES[name].columns if column.kind == Kind.TOKEN]


def _rekey_part(part: Part, key: TokenKey, as_of: datetime) -> Part:
    tables = {name: _rekey(table, _tokens_of(name), key.bridge) for name, table in part.tables.items()}
    rows = Rows(tables, _rekey(part.set_aside, _TOKENS_ASIDE, key.bridge), part.findings)
    # The order of the cases is that of their names, which are others now.
    return settle(rows, {}, as_of)


def _rekey(table: pa.Table, columns: Iterable[str], bridge: Callable[[str], str]) -> pa.Table:
    """Bring the tokens of some columns to the new key; each is hashed once, however often it stands."""
    for name in columns:
        if name not in table.column_names:
            continue
        encoded = table[name].combine_chunks().cast(pa.string()).dictionary_encode()
        bridged = pa.array(
            [bridge(token) if token else token for token in encoded.dictionary.to_pylist()], pa.string()
        )
        values = pc.take(bridged, encoded.indices)
        table = table.set_column(table.column_names.index(name), table.schema.field(name), values)
    return table
