"""Spread one function over the parts of a batch: to processes of this machine, or to a Dask cluster."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from triage.errors import InputRefusedError, TriageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor, Future

T = TypeVar("T")

# Finished parts wait here to be taken; more than these do not pile up.
_AT_A_TIME = 2
# More processes than these, each with a part in memory, are started only if somebody says so.
_MOST_UNASKED = 4
_PARTS_A_PROCESS = 4
_LOOK_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_PATIENCE_SECONDS = 60.0
# As many threads within each process as there are processes would stand in each other's way: OpenMP waits
# by turning round and round.
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


class Others(Protocol):
    """Who scores parts besides this process."""

    @property
    def most(self) -> int:
        """How many parts they hold at a time."""

    @property
    def ended(self) -> tuple[type[BaseException], ...]:
        """What a part gives that was with one of them when it was ended."""

    def submit(self, score: Callable[[int], T], index: int) -> Future[T]:
        """Give a part to one of them."""

    def look(self) -> None:
        """Refuse to wait any longer where nobody is left."""


def count_jobs(jobs: int) -> int:
    """Return a number of processes as joblib counts them: -1 is one for each processor.

    Examples
    --------
    >>> count_jobs(3)
    3
    """
    if jobs > 0:
        return jobs
    if jobs == 0:
        raise InputRefusedError(
            "0", where="--jobs", expected="1 or more, or -1: one process for each processor"
        )
    from joblib import cpu_count  # noqa: PLC0415 - slow to import, and mostly not needed

    return max(int(cpu_count()) + 1 + jobs, 1)


def choose_jobs(parts: int) -> int:
    """Return how many processes are worth starting: to start one takes as long as two parts do.

    There is one where others cannot be started.

    Parameters
    ----------
    parts : int
        How many parts there are to score.

    Examples
    --------
    >>> choose_jobs(1)
    1
    """
    worth = min(parts // _PARTS_A_PROCESS, _MOST_UNASKED)
    return min(worth, count_jobs(-1)) if worth > 1 else 1


def spread(score: Callable[[int], T], parts: Sequence[int], others: Others) -> Iterator[tuple[int, T | None]]:
    """Have others score parts; yield each with its index as it comes, in any order.

    A part that was with somebody who was ended is given out again with no other part beside it. If that ends
    somebody too, it was this part that did, and it comes without a result.

    Parameters
    ----------
    score : callable
        Index of a part -> what comes of it. Can be pickled.
    parts : sequence of int
        Indices.
    others : Others
        Who scores them.
    """
    waiting, suspects = deque(parts), deque[int]()
    given: dict[Future[T], int] = {}
    alone = -1
    while waiting or suspects or given:
        if suspects and not given:
            alone = suspects.popleft()
            given[others.submit(score, alone)] = alone
        while waiting and not suspects and alone < 0 and len(given) < others.most:
            index = waiting.popleft()
            given[others.submit(score, index)] = index
        done, _ = wait(given, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        if not done:
            others.look()
        for future in done:
            index = given.pop(future)
            try:
                part = future.result()
            except others.ended:
                if index == alone:
                    yield index, None
                else:
                    suspects.append(index)
            except CancelledError as error:
                raise _leave("the scheduler called a part off, or is gone") from error
            else:
                yield index, part
            alone = -1 if index == alone else alone


@contextmanager
def open_processes(jobs: int) -> Iterator[Others]:
    """Start processes of joblib's, each with one thread; they end with the block, whatever ends it."""
    others = _Processes(jobs)
    try:
        yield others
    finally:
        others.close()


class _Processes:
    """Processes on this machine; where one is ended all are started anew."""

    def __init__(self, jobs: int) -> None:
        from joblib.externals.loky.process_executor import (  # noqa: PLC0415 - slow to import
            TerminatedWorkerError,
        )

        self.jobs, self.most = jobs, _AT_A_TIME * jobs
        self.ended = (TerminatedWorkerError,)
        self.executor: Any = self._start()

    def _start(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor  # noqa: PLC0415 - slow to import

        return ProcessPoolExecutor(self.jobs, env=_ONE_THREAD)

    def submit(self, score: Callable[[int], T], index: int) -> Future[T]:
        try:
            future: Future[T] = self.executor.submit(score, index)
        except self.ended:
            self.close()
            self.executor = self._start()
            future = self.executor.submit(score, index)
        return future

    def look(self) -> None:
        pass

    def close(self) -> None:
        self.executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def open_scheduler(address: str) -> Iterator[Others]:
    """Connect to a Dask scheduler; what is still there of ours when the block ends is called off.

    Parameters
    ----------
    address : str
        Such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    InputRefusedError
        Dask is not installed, nobody answers, or there is no worker.
    """
    try:
        dask: Any = import_module("distributed")
    except ModuleNotFoundError as error:
        raise InputRefusedError(
            f"no module {error.name}",
            where="--scheduler",
            expected="Dask",
            mend="pip install 'report-triage[dask]', or score with --jobs",
        ) from None
    try:
        client = dask.Client(address, timeout=_ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputRefusedError(
            f"no Dask scheduler answers ({str(error).splitlines()[0][:120]})",
            where=address,
            expected="the address that dask scheduler prints, such as tcp://10.0.0.5:8786",
            mend="start it, or score with --jobs",
        ) from None
    executor = client.get_executor(pure=False)
    try:
        yield _Cluster(client, executor, (dask.KilledWorker,), _count_threads(client, address))
    finally:
        executor.shutdown(wait=False)
        client.close()


def _count_threads(client: Any, address: str) -> int:
    try:
        client.wait_for_workers(1, timeout=_ANSWER_SECONDS)
    except TimeoutError:
        raise InputRefusedError(
            "a scheduler without a worker", where=address, mend="start workers: dask worker ADDRESS"
        ) from None
    return int(sum(client.nthreads().values()))


@dataclass
class _Cluster:
    """The workers of a scheduler. A part whose worker is ended goes to another before anybody hears of it."""

    client: Any
    executor: Executor
    ended: tuple[type[BaseException], ...]
    threads: int
    deserted: float | None = None

    @property
    def most(self) -> int:
        return _AT_A_TIME * self.threads

    def submit(self, score: Callable[[int], T], index: int) -> Future[T]:
        return self.executor.submit(score, index)

    def look(self) -> None:
        now = time.monotonic()
        there = self.client.status == "running" and bool(self.client.nthreads())
        self.deserted = None if there else self.deserted or now
        if self.deserted and now - self.deserted > _PATIENCE_SECONDS:
            raise _leave(f"no worker for {_PATIENCE_SECONDS:.0f} seconds")


def _leave(found: str) -> TriageError:
    return TriageError(
        found,
        where="--scheduler",
        mend="see to the cluster and score again; with --resume finished parts are taken as they are",
    )
