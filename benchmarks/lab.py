"""How fast the policy lab lives through a year, beside the same queue written with simpy.

    python benchmarks/lab.py [--cases 18000] [--detectives 150] [--repeat 3]
    python benchmarks/lab.py --world clearinghouse --cases 1000000 --repeat 1

With --world the stream is that of a world, with its own score of expert and its oracle, looked at only when there is
news, and the time that it takes is told too; the staff is the part of the clearinghouse's that its cases ask for.

simpy (MIT) is no dependency; without it only our own figures are printed. Its model is the smaller one: arrivals, one
priority queue, places. It has no versions, lists, interruptions, clocks with holidays, or traces.
"""

from __future__ import annotations

import argparse
import resource
import time
from heapq import heappop, heappush
from importlib.util import find_spec

import numpy as np

from triage.lab.engine import simulate
from triage.lab.staff import load_staff
from triage.lab.stream import DAY, Stream, Truth, Versions
from triage.lab.streaming import make_stream
from triage.lab.work import load_work
from triage.scoring.loading import load_model
from triage.worklist.order import ESCALATED, PAUSED, RANKED, YOUTH
from triage.worlds import load_world
from triage.worlds.state.model import natural_size

# simpy sorts its whole queue at every arrival.
LARGEST_QUEUE = 5_000
START = 1_483_228_800.0
WAYS = (
    "arrival",
    "expert",
    "expert+audit=0.05",
    "expert+audit=0.05+ageing=90+deadlines+refer+alternatives=0.3+learn=13",
)


def make_year(cases: int) -> Stream:
    """A year of cases, 1.3 versions each."""
    rng = np.random.default_rng(1)
    arrival = np.sort(rng.uniform(START, START + 365 * DAY, cases))
    more = rng.poisson(0.3, cases)
    case = np.repeat(np.arange(cases), more + 1)
    first = np.r_[True, case[1:] != case[:-1]]
    at = arrival[case] + np.where(first, 0.0, rng.exponential(30 * DAY, len(case)))
    at = at[np.lexsort((at, case))]
    lane = rng.choice([ESCALATED, YOUTH, RANKED, PAUSED], cases, p=[0.02, 0.03, 0.93, 0.02])[case]
    abused = rng.random(cases) < 0.01
    return Stream(
        "year", 1, 0, START, START + 365 * DAY, [str(one) for one in range(cases)], arrival,
        Versions(
            case, at, lane, np.where(lane == ESCALATED, 1, -1), np.zeros(len(case), dtype=np.int64),
            rng.integers(-1, 5, len(case)), np.full(len(case), np.nan), rng.random(len(case)) < 0.2,
            np.arange(len(case)) - np.flatnonzero(first)[case],
            {"expert": rng.normal(size=len(case)) + abused[case]},
        ),
        Truth(
            np.zeros(cases, dtype=np.int64), ("none",), np.arange(cases),
            np.where(abused, arrival - 100 * DAY, np.nan), np.where(abused, arrival + 300 * DAY, np.nan),
        ),
        rng.random((cases, 4)),
    )  # fmt: skip


def draw_year(name: str, cases: int) -> Stream:
    """A year of a world, and what it took."""
    used = time.process_time()
    models = {"expert": load_model("expert")}
    stream = make_stream(load_world(name), cases, 1, models=models, again_days=None)
    print(f"stream of {name}: {time.process_time() - used:.1f} s processor, {memory():.2f} GB")
    return stream


def memory() -> float:
    """Largest memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def run_simpy(stream: Stream, places: int, *, own_heap: bool) -> int:
    """The same arrivals and mean hours, by priority, with simpy; returns the cases opened."""
    import simpy  # noqa: PLC0415 - not everybody has it

    environment = simpy.Environment(initial_time=stream.start)
    first = np.searchsorted(stream.versions.case, np.arange(len(stream.arrival)))
    score = stream.versions.scores["expert"][first].tolist()
    length = np.random.default_rng(2).lognormal(np.log(60 * DAY), 0.8, len(score)).tolist()
    queue = simpy.PriorityResource(environment, capacity=places)
    waiting: list[tuple[float, int]] = []
    count = {"opened": 0, "free": places}

    def live(case: int):
        with queue.request(priority=-score[case]) as request:
            yield request
            count["opened"] += 1
            yield environment.timeout(length[case])

    def work(case: int):
        count["opened"] += 1
        count["free"] -= 1
        yield environment.timeout(length[case])
        count["free"] += 1
        if waiting:
            environment.process(work(heappop(waiting)[1]))

    def arrive():
        for case, at in enumerate(stream.arrival.tolist()):
            yield environment.timeout(at - environment.now)
            if not own_heap:
                environment.process(live(case))
            elif count["free"]:
                environment.process(work(case))
            else:
                heappush(waiting, (-score[case], case))

    environment.process(arrive())
    environment.run(until=stream.end)
    return count["opened"]


def measure(call, repeat: int) -> tuple[float, float, int]:
    """Best wall clock and processor seconds of some runs, and the cases opened."""
    walls, processor = [], []
    for _ in range(repeat):
        wall, used = time.perf_counter(), time.process_time()
        opened = call()
        walls.append(time.perf_counter() - wall)
        processor.append(time.process_time() - used)
    return min(walls), min(processor), opened


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=18_000)
    parser.add_argument("--detectives", type=int, default=150)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--world", default="")
    options = parser.parse_args()
    work = load_work()
    if options.world:
        stream = draw_year(options.world, options.cases)
        share = options.cases / natural_size(load_world("clearinghouse"))
        staff = load_staff("clearinghouse").scaled(share)
    else:
        stream = make_year(options.cases)
        staff = load_staff("nl-2017").with_detectives(options.detectives)
    print(f"{options.cases:,} cases, {len(stream.versions.at):,} versions, {staff.detectives:,} detectives")
    runs = {
        way: lambda way=way: int(np.isfinite(simulate(stream, way, staff, work).opened_at).sum())
        for way in WAYS
    }
    if find_spec("simpy") and not options.world:
        runs["simpy for the clock alone, a heap of our own"] = lambda: run_simpy(
            stream, options.detectives, own_heap=True
        )
        if options.cases <= LARGEST_QUEUE:
            runs["simpy with its own queue"] = lambda: run_simpy(stream, options.detectives, own_heap=False)
    for name, call in runs.items():
        wall, used, opened = measure(call, options.repeat)
        print(f"{name:75s} {wall:8.2f} s wall {used:8.2f} s processor {opened:9,} opened")
    print(f"largest memory {memory():.2f} GB")


if __name__ == "__main__":
    main()
