"""A sample of convicted persons, half of whom abused a child: the design in which KIRAT was validated.

The study had the files of 374 men convicted of image offences, 170 of them with convictions or allegations of
contact offences and 204 without (Long and others 2016). A ranking that looks good on such a sample may do far
worse on the reports of a day, and this sample lets one see by how much.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage.errors import InputRefusedError, TriageError
from triage.schema.batch import BATCH_CONTENTS, write_batch
from triage.schema.part import Rows
from triage.schema.settling import settle
from triage.schema.tables import TABLES
from triage.worlds.simulation import draw_one, plan_simulation
from triage.worlds.skeleton import BLOCK_CASES
from triage.worlds.write import TRUTH_FILE, describe_batch, truth_folder
from triage.writing import refuse_existing, write_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from triage.schema.meta import BatchMeta
    from triage.schema.part import Part
    from triage.worlds.file.world import World
    from triage.worlds.simulation import Drawn

    Mask = NDArray[np.bool_]
    Kept = tuple[dict[str, pa.Table], pa.Table]

SIZE, HIGH_RISK = 374, 170
MOST_BLOCKS = 100
# Nobody is convicted for lawful material or for another's deed; children among themselves and those who
# pass a clip on in outrage are seldom tried.
NEVER_CONVICTED = (
    "hosting_only",
    "not_abuse_material",
    "compromised_account",
    "viral_sharer",
    "minor_peers",
    "generated_material",
)
TRUTH_COLUMNS = ("case_id", "current_abuse", "situation", "onset", "end", "abuse_ever")
CONVICTED_FILE = "convicted.parquet"
CONVICTED_CONTENTS = frozenset({CONVICTED_FILE, TRUTH_FILE})
CONVICTED_SCHEMA = pa.schema([("case_id", pa.string()), ("high_risk", pa.bool_())])
# Keeps the choice of cases apart from every other stream of the same seed.
_STREAM = 374


@dataclass(frozen=True)
class Convicted:
    """Cases of convicted persons.

    Parameters
    ----------
    part : Part
        The cases, without outcomes.
    labels : pyarrow.Table
        ``case_id`` and ``high_risk``: abuse now or in the past; in the order of the part.
    truth : pyarrow.Table
        The truth of these cases, in the same order, without oracle and selection.
    """

    part: Part
    labels: pa.Table
    truth: pa.Table


def draw_convicted(
    world: World, size: int = SIZE, high_risk: int | None = None, *, seed: int, draw: int = 0
) -> Convicted:
    """Draw a case-control sample of persons as a court would have convicted them.

    Cases are simulated block by block. Of each block, persons with files and with registers that were checked
    by the as-of time are taken in random order until enough of either kind are there, so that every person of
    a kind has the same chance and the order of a block does not matter. A person is taken once, with the
    first case that names them.

    Parameters
    ----------
    world : World
        As loaded.
    size : int
        How many persons.
    high_risk : int, optional
        How many of them abused a child, now or in the past; by default in proportion to 170 of 374.
    seed, draw : int
        As for `simulate`; the seed also fixes who is taken.

    Returns
    -------
    Convicted
        The cases, sorted.

    Raises
    ------
    InputRefusedError
        `high_risk` is more than `size`, or one of them is below 0.
    TriageError
        The world gives too few such persons in 100 blocks.

    Examples
    --------
    >>> from triage.worlds import load_world
    >>> sample = draw_convicted(load_world("nl-2017"), 22, seed=1)
    >>> len(sample.part.cases), int(np.sum(sample.labels["high_risk"]))
    (22, 10)
    """
    wanted = _wanted(size, high_risk)
    rng = np.random.default_rng([seed, draw, _STREAM])
    taken: list[Kept] = []
    persons: set[str] = set()
    found = {True: 0, False: 0}
    for drawn in draw_others(world, seed, draw):
        rows = _take_cases(drawn, world, rng, {kind: wanted[kind] - found[kind] for kind in wanted}, persons)
        taken.append(_keep(drawn, rows))
        for kind in wanted:
            found[kind] += int((_abused(taken[-1][1]) == kind).sum())
        if found == wanted:
            return _join(taken, world)
    raise TriageError(
        f"{found[True]:,} persons who abused a child and {found[False]:,} who did not, among"
        f" {MOST_BLOCKS * BLOCK_CASES:,} cases",
        where=f"world {world.name}",
        expected=f"{wanted[True]:,} and {wanted[False]:,} with files and checked registers",
        mend="ask for a smaller sample, or let the world give more persons",
    )


def draw_others(world: World, seed: int, draw: int) -> Iterator[Drawn]:
    """Simulate other persons than those of a batch with this seed, so that one may be tried on the other."""
    plan = plan_simulation(world, draw)
    apart = replace(plan, model=replace(plan.model, stream=(*plan.model.stream, _STREAM)))
    for index in range(MOST_BLOCKS):
        yield draw_one(apart, MOST_BLOCKS * BLOCK_CASES, seed, index)


def write_convicted(
    world: World,
    size: int,
    seed: int,
    out: Path,
    *,
    high_risk: int | None = None,
    draw: int = 0,
    force: bool = False,
) -> BatchMeta:
    """Write a sample of convicted persons as a batch, and its labels beside it.

    Parameters
    ----------
    world, size, seed, high_risk, draw
        As for `draw_convicted`.
    out : Path
        Folder of the batch; ``convicted.parquet`` and ``truth.parquet`` go to `out` + ``-truth``.
    force : bool
        Replace a sample that is there.

    Returns
    -------
    BatchMeta
        As written.

    Raises
    ------
    OutputExistsError
        One of the folders exists and `force` is false.
    TriageError
        As for `draw_convicted`; nothing is written.
    """
    truth = truth_folder(out)
    refuse_existing(out, force=force, contents=BATCH_CONTENTS)
    refuse_existing(truth, force=force, contents=CONVICTED_CONTENTS)
    sample = draw_convicted(world, size, high_risk, seed=seed, draw=draw)
    meta = describe_batch(world, seed, draw, "convicted")
    written = False
    try:
        with write_folder(truth, contents=CONVICTED_CONTENTS, force=force) as folder:
            for table, file in ((sample.labels, CONVICTED_FILE), (sample.truth, TRUTH_FILE)):
                pq.write_table(table, folder / file, compression="zstd", version="2.6")
            meta = write_batch(out, [sample.part], meta, force=force)
            written = True
    except BaseException:
        if written and not force:
            shutil.rmtree(out, ignore_errors=True)
        raise
    return meta


def _wanted(size: int, high_risk: int | None) -> dict[bool, int]:
    """Return how many of either kind to draw."""
    many = round(size * HIGH_RISK / SIZE) if high_risk is None else high_risk
    if not 0 <= many <= size:
        raise InputRefusedError(
            f"{many:,} persons who abused a child of {size:,}",
            where="the convicted sample",
            expected="0 or more, and no more than there are persons",
        )
    return {True: many, False: size - many}


def _take_cases(
    drawn: Drawn, world: World, rng: np.random.Generator, missing: dict[bool, int], persons: set[str]
) -> NDArray[np.int64]:
    """Return the cases of a block that are taken, in order, and note their persons."""
    abused = _abused(drawn.truth)
    fits, person = _could_be_convicted(drawn, world), _person_of_case(drawn)
    left, taken = dict(missing), []
    for case in rng.permutation(len(fits)):
        kind = bool(abused[case])
        if fits[case] and left[kind] and person[case] not in persons:
            left[kind] -= 1
            persons.add(person[case])
            taken.append(int(case))
    return np.sort(np.array(taken, dtype=np.int64))


def _could_be_convicted(drawn: Drawn, world: World) -> Mask:
    """Say which cases name a person, have files of abuse and registers that were checked in time."""
    tables = drawn.part.tables
    named = pc.equal(tables["persons"]["role"].cast(pa.string()), "reported")
    records = tables["prior_records"]
    in_time = pc.less_equal(records["known_at"], pa.scalar(world.end, records["known_at"].type))
    checked = pc.and_(in_time, pc.not_equal(records["record_kind"].cast(pa.string()), "prior_report"))
    fits = np.asarray(~np.isin(drawn.truth["situation"].cast(pa.string()), NEVER_CONVICTED))
    for name, mask in (("persons", named), ("prior_records", checked), ("files", None)):
        place = drawn.part.position(name)
        has = np.zeros(len(fits), dtype=bool)
        has[place if mask is None else place[np.asarray(pc.fill_null(mask, False))]] = True
        fits &= has
    return fits


def _person_of_case(drawn: Drawn) -> list[str]:
    """Return the person whom the earliest report of each case is about."""
    told = drawn.part.tables["reports"].select(["report_id", "received_at"])
    rows = drawn.reports.select(["report_id", "case_id", "true_person"]).join(told, "report_id")
    order = [("case_id", "ascending"), ("received_at", "ascending"), ("report_id", "ascending")]
    rows = rows.sort_by(order)
    first = pc.index_in(drawn.part.cases, rows["case_id"].combine_chunks())
    persons: list[str] = rows["true_person"].take(first).to_pylist()
    return persons


def _abused(truth: pa.Table) -> Mask:
    return np.asarray(truth["abuse_ever"], dtype=bool)


def _keep(drawn: Drawn, rows: NDArray[np.int64]) -> Kept:
    """Return the tables and the truth of some cases of a block, without outcomes."""
    cases = drawn.part.cases.take(pa.array(rows))
    tables = {
        name: table.filter(pc.is_in(table["case_id"], cases)) for name, table in drawn.part.tables.items()
    }
    tables["outcomes"] = TABLES["outcomes"].arrow_schema.empty_table()
    return tables, drawn.truth.take(pa.array(rows))


def _join(taken: list[Kept], world: World) -> Convicted:
    """Join blocks; beyond the first few, their cases do not ascend from one to the next."""
    tables = {name: pa.concat_tables([kept[name] for kept, _ in taken]) for name in TABLES}
    whole = {name: table.unify_dictionaries().combine_chunks() for name, table in tables.items()}
    truth = pa.concat_tables([truth for _, truth in taken]).unify_dictionaries().combine_chunks()
    truth = truth.take(pc.sort_indices(truth["case_id"]))
    labels = pa.table([truth["case_id"], pa.array(_abused(truth))], schema=CONVICTED_SCHEMA)
    # Oracle and selection belong to the stream of reports, not to a sample of the convicted.
    kept = [name for name in truth.column_names if name in TRUTH_COLUMNS]
    return Convicted(settle(Rows(whole), {}, world.end), labels, truth.select(kept))
