"""Write a simulated batch, and its truth beside it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.schema.batch import BATCH_CONTENTS, BatchMeta, write_batch
from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES
from triage.worlds.simulation import simulate
from triage.worlds.skeleton import BLOCKS_A_PART
from triage.worlds.truth import GROUPS_SCHEMA, TRUTH_SCHEMA
from triage.writing import refuse_existing, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from triage.worlds.world import World

TRUTH_FILE = "truth.parquet"
GROUPS_FILE = "groups.parquet"
TRUTH_CONTENTS = frozenset({TRUTH_FILE, GROUPS_FILE})
MOST_CASES = 100_000_000


def truth_folder(out: Path) -> Path:
    """Return where the truth of a batch goes.

    Examples
    --------
    >>> from pathlib import Path
    >>> truth_folder(Path("demo/batch")).name
    'batch-truth'
    """
    return out.with_name(out.name + "-truth")


def write_world(
    world: World,
    cases: int,
    seed: int,
    out: Path,
    *,
    force: bool = False,
    progress: Callable[[int], None] | None = None,
) -> BatchMeta:
    """Simulate a world and write a batch and its truth, both whole or not at all.

    Parameters
    ----------
    world : World
        As loaded.
    cases : int
        How many cases; none gives an empty batch.
    seed : int
        The same seed gives the same bytes.
    out : Path
        Folder of the batch; the truth goes to `out` + ``-truth``.
    force : bool
        Replace a batch that is there.
    progress : callable, optional
        Told after every block how many cases were added.

    Returns
    -------
    BatchMeta
        As written.

    Raises
    ------
    InputRefusedError
        `cases` or `seed` is out of range.
    OutputExistsError
        One of the folders exists and `force` is false.
    """
    _check_range("cases", cases, 0, MOST_CASES)
    _check_range("seed", seed, 0, 2**63 - 1)
    truth = truth_folder(out)
    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_existing(truth, force=force, contents=TRUTH_CONTENTS)
    source = {"kind": "world", "sha256": world.sha256, "bytes": world.size}
    meta = BatchMeta(
        f"synthetic {world.name}, seed {seed}",
        world.end,
        synthetic=True,
        world=world.name,
        source_files=[source],
    )
    written = False
    try:
        with (
            write_folder(truth, contents=TRUTH_CONTENTS, force=force) as folder,
            _open_parquet(folder / TRUTH_FILE, TRUTH_SCHEMA) as truths,
            _open_parquet(folder / GROUPS_FILE, GROUPS_SCHEMA) as groups,
        ):
            blocks = simulate(world, cases, seed)
            parts = _stream(blocks, truths, groups, progress or _say_nothing)
            meta = write_batch(out, parts, meta, force=force)
            written = True
    except BaseException:
        if written and not force:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return meta


def _say_nothing(_added: int) -> None:
    pass


def _stream(
    blocks: Iterator[tuple[Part, pa.Table, pa.Table]],
    truths: pq.ParquetWriter,
    groups: pq.ParquetWriter,
    progress: Callable[[int], None],
) -> Iterator[Part]:
    """Join blocks into parts; what belongs outside the batch goes to its own files at once."""
    waiting: list[Part] = []
    for part, truth, group in blocks:
        truths.write_table(truth)
        groups.write_table(group)
        waiting.append(part)
        progress(len(part.cases))
        if len(waiting) == BLOCKS_A_PART:
            yield join_parts(waiting)
            waiting = []
    if waiting:
        yield join_parts(waiting)


def join_parts(parts: Iterable[Part]) -> Part:
    """Join blocks whose cases ascend from one to the next into one part."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    tables = {
        name: pa.concat_tables([part.tables[name] for part in parts]).combine_chunks() for name in TABLES
    }
    return Part(tables, pa.concat_arrays([part.cases for part in parts]), no_set_aside(), [])


def _open_parquet(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6")


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputRefusedError(
            str(value),
            where=f"the number of {name}" if name == "cases" else f"the {name}",
            expected=f"a whole number from {low} to {high}",
        )
