"""Who scores the parts, in which order they are ready, and how the batch is cut change nothing."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triage.schema.batch import Batch, open_batch, split_part, write_batch
from triage.schema.part import Part, no_set_aside
from triage.scoring.bundle import Bundle
from triage.worklist import gathering
from triage.worklist.build import build_worklist
from triage.worklist.resuming import Finished
from triage.worklist.spreading import spread

from .conftest import same, same_bits

T = TypeVar("T")
CASES = 48


class EndedError(Exception):
    pass


@dataclass
class Mortals:
    """Who may be ended by a part, and with them whoever else holds one at that time."""

    most: int
    kills: dict[int, int]
    draw: random.Random
    ended: tuple[type[BaseException], ...] = (EndedError,)
    held: list[tuple[int, Future[Any], Callable[[int], Any]]] = field(default_factory=list)

    def submit(self, score: Callable[[int], T], index: int) -> Future[T]:
        future: Future[T] = Future()
        self.held.append((index, future, score))
        assert len(self.held) <= self.most
        # Whoever waits must not wait for ever: from time to time something becomes ready at once.
        if len(self.held) == self.most or self.draw.random() < 0.5 or self.kills.get(index):
            self.finish()
        return future

    def finish(self) -> None:
        self.draw.shuffle(self.held)
        deadly = [index for index, _, _ in self.held if self.kills.get(index)]
        for index in deadly:
            self.kills[index] -= 1
        for index, future, score in self.held:
            if deadly:
                future.set_exception(EndedError())
            else:
                future.set_result(score(index))
        self.held.clear()

    def look(self) -> None:
        self.finish()


ALWAYS = 1_000_000


@given(
    number=st.integers(0, 25),
    most=st.integers(1, 6),
    kills=st.dictionaries(st.integers(0, 24), st.sampled_from([1, ALWAYS]), max_size=6),
    draw=st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
@example(number=8, most=4, kills={2: 1}, draw=random.Random(0))  # noqa: S311 - nothing is kept secret
@example(number=8, most=4, kills={2: ALWAYS, 3: ALWAYS}, draw=random.Random(0))  # noqa: S311 - nor here
def test_every_part_comes_once_and_only_what_always_kills_comes_empty(
    number: int, most: int, kills: dict[int, int], draw: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("triage.worklist.spreading._LOOK_SECONDS", 0.0)
        came = list(spread(lambda index: index * index, range(number), Mortals(most, dict(kills), draw)))
    assert len(came) == number
    assert dict(came) == {
        index: None if kills.get(index) == ALWAYS else index * index for index in range(number)
    }


@contextmanager
def open_threads(jobs: int) -> Iterator[Any]:
    """Score in threads, whose parts are ready in another order than they were given."""
    with ThreadPoolExecutor(jobs) as executor:
        yield Threads(executor)


@dataclass
class Threads:
    executor: ThreadPoolExecutor
    most: int = 3
    ended: tuple[type[BaseException], ...] = ()

    def submit(self, score: Callable[[int], T], index: int) -> Future[T]:
        return self.executor.submit(score, index)

    def look(self) -> None:
        pass


@pytest.fixture(scope="session")
def some(whole: Path) -> Part:
    return next(split_part(next(open_batch(whole).parts()), CASES))


def deal(part: Part, hands: list[int], seed: int) -> Iterator[Part]:
    """Deal the cases of a part out to parts, and shuffle the rows of each table."""
    shuffle = np.random.default_rng(seed)
    for hand in sorted(set(hands)):
        cases = part.cases.filter(pa.array([one == hand for one in hands]))
        tables = {}
        for name, table in part.tables.items():
            rows = table.filter(pc.is_in(table["case_id"], cases))
            tables[name] = rows.take(pa.array(shuffle.permutation(rows.num_rows)))
        yield Part(tables, cases, no_set_aside(), [])


@given(
    hands=st.lists(st.integers(0, 5), min_size=CASES, max_size=CASES),
    seed=st.integers(0, 2**32),
    jobs=st.integers(1, 3),
    dies_at=st.none() | st.integers(0, 5),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_list_is_the_same_to_the_bit(
    some: Part, whole: Path, bundle: Bundle, hands: list[int], seed: int, jobs: int, dies_at: int | None
) -> None:
    meta = open_batch(whole).meta
    held = Batch(replace(meta, parts=1), lambda _: some)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(gathering, "open_processes", open_threads)
        write_batch(Path(folder) / "batch", deal(some, hands, seed), meta)
        batch = open_batch(Path(folder) / "batch")
        finished = Finished(Path(folder) / "finished", pytest.fail)
        if dies_at is not None and dies_at < batch.meta.parts:
            with pytest.raises(KeyboardInterrupt):
                build_worklist(replace(batch, read_part=dying(batch, dies_at)), bundle, resume=finished)
        dealt = build_worklist(batch, bundle, jobs=jobs, resume=finished)
    assert same(strip_batch(dealt), strip_batch(build_worklist(held, bundle)))


def dying(batch: Batch, dies_at: int) -> Callable[[int], Part]:
    def read(index: int) -> Part:
        if index == dies_at:
            raise KeyboardInterrupt
        return batch.read_part(index)

    return read


def strip_batch(worklist: Any) -> Any:
    """Leave out the fingerprints: what a batch says of itself counts its rows."""
    return replace(worklist, listing=replace(worklist.listing, same={"fingerprints": ""}))


@pytest.fixture(scope="session")
def listed(some: Part, whole: Path, bundle: Bundle) -> Any:
    held = Batch(replace(open_batch(whole).meta, parts=1), lambda _: some)
    return build_worklist(held, bundle)


@given(start=st.integers(0, CASES + 9), size=st.integers(0, CASES), at_once=st.integers(1, CASES + 5))
@settings(deadline=None, max_examples=20)
def test_the_rows_of_a_list_are_those_of_its_table(listed: Any, start: int, size: int, at_once: int) -> None:
    """However many are made at a time, and whichever are asked for."""
    whole = pa.concat_tables(listed.listing.blocks(CASES + 9)).combine_chunks()
    assert same_bits(listed.rows(start, start + size), whole.slice(start, size))
    assert same_bits(pa.concat_tables(listed.listing.blocks(at_once)), whole)
