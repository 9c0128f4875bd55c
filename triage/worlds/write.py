"""Write a simulated batch, and its truth beside it."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from triage.errors import InputRefusedError
from triage.given import require_kind
from triage.schema.batch import BATCH_CONTENTS, write_batch
from triage.schema.meta import BatchMeta
from triage.schema.part import Part, no_set_aside
from triage.schema.tables import TABLES
from triage.worlds.file.world import World
from triage.worlds.prosecution import OPENED, follow_opened
from triage.worlds.simulation import count_blocks, draw_one, plan_simulation
from triage.worlds.skeleton import BLOCKS_A_PART
from triage.worlds.truth import REPORTS_SCHEMA, groups_schema, truth_schema
from triage.writing import refuse_existing, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from triage.worlds.simulation import Drawn, Plan

TRUTH_FILE = "truth.parquet"
GROUPS_FILE = "groups.parquet"
REPORTS_FILE = "reports.parquet"
PROSECUTION_FILE = "prosecution.parquet"
TRUTH_CONTENTS = frozenset({TRUTH_FILE, GROUPS_FILE, REPORTS_FILE, PROSECUTION_FILE})
MOST_CASES = 100_000_000
MOST_JOBS = 256
BLOCKS_A_JOB = 2


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
    out: Path | str,
    *,
    draw: int = 0,
    jobs: int = 1,
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
    draw : int
        Which draw of the world's effects; 0 is the world as written.
    jobs : int
        Processes that draw blocks; the bytes are the same.
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
        The world is something else, such as its name; or `cases`, `seed`, `draw` or `jobs` is out of range.
    OutputExistsError
        One of the folders exists and `force` is false.
    """
    require_kind(world, World, "world")
    out = Path(out)
    _check_range("number of cases", cases, 0, MOST_CASES)
    _check_range("seed", seed, 0, 2**63 - 1)
    _check_range("draw", draw, 0, 2**31 - 1)
    _check_range("number of jobs", jobs, 1, MOST_JOBS)
    truth = truth_folder(out)
    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_existing(truth, force=force, contents=TRUTH_CONTENTS)
    meta = describe_batch(world, seed, draw)
    written = False
    try:
        with write_folder(truth, contents=TRUTH_CONTENTS, force=force) as folder, ExitStack() as stack:
            beside = [
                stack.enter_context(_open_parquet(folder / name, schema))
                for name, schema in (
                    (TRUTH_FILE, truth_schema(world)),
                    (GROUPS_FILE, groups_schema(world)),
                    (REPORTS_FILE, REPORTS_SCHEMA),
                )
            ]
            opened: list[pa.Table] | None = [] if world.prosecution else None
            blocks = _draw_all(world, cases, seed, draw, jobs)
            parts = _stream(blocks, beside, opened, progress or _say_nothing)
            meta = write_batch(out, parts, meta, force=force)
            written = True
            if world.prosecution and opened is not None:
                followed = follow_opened(world, world.prosecution, opened, cases, seed)
                pq.write_table(followed, folder / PROSECUTION_FILE, compression="zstd")
    except BaseException:
        if written and not force:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return meta


def describe_batch(world: World, seed: int, draw: int, kind: str = "") -> BatchMeta:
    """Name a batch after its world; another draw, or another kind of sample, is another population."""
    name, sha256 = world.name, world.sha256
    differs = [f"draw {draw}"] * (draw > 0) + [kind] * (kind != "")
    if differs:
        name = ", ".join([name, *differs])
        sha256 = hashlib.sha256(" ".join([sha256, *differs]).encode()).hexdigest()
    source = {"kind": "world", "sha256": sha256, "bytes": world.size}
    return BatchMeta(
        f"synthetic {name}, seed {seed}", world.end, synthetic=True, world=name, source_files=[source]
    )


def _say_nothing(_added: int) -> None:
    pass


def _draw_all(world: World, cases: int, seed: int, draw: int, jobs: int) -> Iterator[Drawn]:
    """Draw the blocks in order, in this process or in several."""
    if not cases:
        return iter(())
    plan, blocks = plan_simulation(world, draw), range(count_blocks(cases))
    if jobs == 1:
        return (draw_one(plan, cases, seed, index) for index in blocks)
    return _draw_in_processes(plan, cases, seed, jobs)


def _draw_in_processes(plan: Plan, cases: int, seed: int, jobs: int) -> Iterator[Drawn]:
    """Draw some blocks at a time, so that memory does not grow with the run when writing is slower."""
    from joblib import Parallel, delayed  # noqa: PLC0415 - slow to import, and mostly not needed

    blocks, at_a_time = count_blocks(cases), BLOCKS_A_JOB * jobs
    with Parallel(n_jobs=jobs, batch_size=1) as parallel:
        for first in range(0, blocks, at_a_time):
            some = range(first, min(first + at_a_time, blocks))
            yield from parallel(delayed(draw_one)(plan, cases, seed, index) for index in some)


def _stream(
    blocks: Iterator[Drawn],
    beside: Sequence[pq.ParquetWriter],
    opened: list[pa.Table] | None,
    progress: Callable[[int], None],
) -> Iterator[Part]:
    """Join blocks into parts; what belongs outside the batch goes to its own files at once."""
    waiting: list[Part] = []
    for drawn in blocks:
        for file, table in zip(beside, (drawn.truth, drawn.groups, drawn.reports), strict=True):
            file.write_table(table)
        if opened is not None:
            opened.append(drawn.part.tables["outcomes"].select(OPENED))
        waiting.append(drawn.part)
        progress(len(drawn.part.cases))
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
            str(value), where=f"the {name}", expected=f"a whole number from {low} to {high}"
        )
