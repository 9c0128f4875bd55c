"""What becomes of opened cases at the prosecution: inflow, stock, and how cases leave it month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from triage.schema.tables import TABLES
from triage.worlds.file.prosecution_plan import COURT, DISPOSALS, KINDS, UNCONDITIONAL, Plan, Referral
from triage.worlds.rows.columns import time_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from triage.worlds.file.prosecution_plan import Delay
    from triage.worlds.file.world import World

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "PROSECUTION_SCHEMA",
    "TABLE_ROWS",
    "follow_opened",
    "prosecute",
    "tabulate_prosecution",
]

PROSECUTION_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("inflow_at", pa.timestamp("s", tz="UTC")),
        ("outflow_at", pa.timestamp("s", tz="UTC")),
        ("disposal", pa.dictionary(pa.int16(), pa.string())),
        ("kind", pa.dictionary(pa.int16(), pa.string())),
    ]
)

# Rows of the published table; those with several disposals are sums.
TABLE_ROWS: dict[str, tuple[str, ...]] = {
    "transfer": ("transfer",),
    "unconditional_withdrawal": UNCONDITIONAL,
    **{name: (name,) for name in UNCONDITIONAL},
    "conditional_withdrawal": ("conditional_withdrawal",),
    "transaction_or_penalty_order": ("transaction_or_penalty_order",),
    "joinder": ("joinder",),
    "court": COURT,
    **{name: (name,) for name in COURT},
    "total_outflow": DISPOSALS,
}

MONTHS = 12
DAY = 86_400
BEFORE = np.iinfo(np.int64).min  # came in before the books begin, nobody knows when
WAITING = np.iinfo(np.int64).max
NEVER_LEFT = -1
# Of the streams of random numbers of a seed, the one that no block has.
STREAM = 2**32 - 1
OPENED = ["case_id", "outcome_kind", "outcome_at"]
NOT_REFERRED = Referral(0.0, tuple(1 / len(KINDS) for _ in KINDS))


@dataclass(frozen=True)
class _Books:
    """Cases in the order in which they came in, those in stock at the start first."""

    case_id: pa.Array
    inflow: Codes
    kind: Codes


def follow_opened(world: World, plan: Plan, outcomes: Sequence[pa.Table], cases: int, seed: int) -> pa.Table:
    """Follow what was opened in all blocks of a run together: they wait for the same prosecutors.

    Parameters
    ----------
    world : World
        As loaded.
    plan : Plan
        Its prosecution.
    outcomes : sequence of pyarrow.Table
        The outcomes of every block.
    cases, seed : int
        Of the run.

    Returns
    -------
    pyarrow.Table
        As `prosecute` returns it.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(STREAM,))))
    none = TABLES["outcomes"].arrow_schema.empty_table()
    opened = pa.concat_tables([table.select(OPENED) for table in (none, *outcomes)])
    return prosecute(opened, plan, cases / plan.cases, rng, world.end)


def prosecute(
    outcomes: pa.Table, plan: Plan, scale: float, rng: np.random.Generator, end: datetime
) -> pa.Table:
    """Follow opened cases through the prosecution.

    Each month the prosecution disposes of ``min(stock, Poisson(scale * outflow / 12))`` cases out of those
    that waited when the month began; the stock at the start is ``Poisson(scale * size)``. The sum of Poisson
    numbers is Poisson, so that a world of any number of cases has the spread of that many real ones, and no
    number is rounded.

    Parameters
    ----------
    outcomes : pyarrow.Table
        Columns ``case_id``, ``outcome_kind``, ``outcome_at`` (null while open); a case goes to the
        prosecution at most once, with its earliest outcome that does.
    plan : Plan
        As read.
    scale : float
        Simulated cases over `plan.cases`.
    rng : numpy.random.Generator
        Its own for this step. Referral, leaving and disposal each get a stream of their own from it: with and
        without alternatives the same cases leave at the same time.
    end : datetime
        As-of time: what comes in or leaves later is not there.

    Returns
    -------
    pyarrow.Table
        One row a case that came in, in order of inflow (columns of `PROSECUTION_SCHEMA`). ``case_id`` and
        ``inflow_at`` are null for the stock at the start, ``outflow_at`` and ``disposal`` while a case waits.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from triage.worlds.file.prosecution_plan import Delay, Period, Referral, Stock
    >>> court = (0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
    >>> start, end = datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
    >>> plan = Plan(
    ...     cases=100,
    ...     order="longest_waiting",
    ...     referrals={"possession_only": Referral(1.0, (1, 0, 0))},
    ...     delay=Delay((1.0,), ((30, 30),)),
    ...     stock=Stock(0, (1, 0, 0)),
    ...     periods=(Period("2015", start, 1200, (court, court, court)),),
    ...     alternatives=(),
    ...     alternatives_on=False,
    ... )
    >>> outcomes = pa.table(
    ...     {"case_id": ["a"], "outcome_kind": ["possession_only"], "outcome_at": pa.array([start])}
    ... )
    >>> followed = prosecute(outcomes, plan, 1.0, np.random.default_rng(0), end).to_pylist()
    >>> followed[0]["inflow_at"].date().isoformat(), followed[0]["disposal"]
    ('2015-01-31', 'sentence')
    """
    refer, leave, dispose = rng.spawn(3)
    closing = int(end.timestamp())
    books = _open_books(outcomes, plan, scale, refer, closing)
    outflow, period = _empty_stock(books.inflow, plan, scale, leave, closing)
    disposal = _dispose(books.kind, period, plan, dispose)
    columns = [
        books.case_id,
        time_column(books.inflow, books.inflow == BEFORE),
        time_column(outflow, outflow == WAITING),
        _named(DISPOSALS, disposal),
        _named(KINDS, books.kind),
    ]
    return pa.Table.from_arrays(columns, schema=PROSECUTION_SCHEMA)


def tabulate_prosecution(
    frame: pd.DataFrame, periods: Mapping[str, tuple[datetime, datetime]]
) -> pd.DataFrame:
    """Count inflow and outflow as the published table does.

    Parameters
    ----------
    frame : pandas.DataFrame
        What `prosecute` returned, as a frame.
    periods : mapping of str to (datetime, datetime)
        Name -> first moment, and first moment after; periods may overlap.

    Returns
    -------
    pandas.DataFrame
        One column a period, one row for the inflow and for each of `TABLE_ROWS`.

    Examples
    --------
    >>> times = pd.to_datetime(["2015-03-01", "2015-05-01"], utc=True)
    >>> frame = pd.DataFrame(
    ...     {"inflow_at": times, "outflow_at": [times[1], pd.NaT], "disposal": ["sentence", None]}
    ... )
    >>> tabulate_prosecution(frame, {"spring": (times[0], times[1] + pd.Timedelta(days=1))}).query(
    ...     "spring > 0"
    ... )
                   spring
    inflow              2
    court               1
    sentence            1
    total_outflow       1
    """
    return pd.DataFrame({name: _count(frame, *span) for name, span in periods.items()})


def _count(frame: pd.DataFrame, start: datetime, stop: datetime) -> pd.Series[int]:
    came = int(frame["inflow_at"].between(start, stop, inclusive="left").sum())
    left = frame.loc[frame["outflow_at"].between(start, stop, inclusive="left"), "disposal"]
    rows = {name: int(left.isin(parts).sum()) for name, parts in TABLE_ROWS.items()}
    return pd.Series({"inflow": came, **rows})


def _open_books(
    outcomes: pa.Table, plan: Plan, scale: float, rng: np.random.Generator, closing: int
) -> _Books:
    """Draw the stock at the start, and who comes in when."""
    case_id, inflow, kind = _refer(outcomes, plan, rng, closing)
    waiting = int(rng.poisson(plan.stock.size * scale))
    return _Books(
        pa.concat_arrays([pa.nulls(waiting, pa.string()), case_id]),
        np.concatenate([np.full(waiting, BEFORE), inflow]),
        np.concatenate([_draw(rng.random(waiting), np.array([plan.stock.kinds])), kind]),
    )


def _refer(
    outcomes: pa.Table, plan: Plan, rng: np.random.Generator, closing: int
) -> tuple[pa.Array, Codes, Codes]:
    """Draw which outcomes go to the prosecution, when, and as what."""
    # What is still open has no outcome time, and nothing to refer.
    outcomes = outcomes.filter(pc.is_valid(outcomes["outcome_at"]))
    # The order of the rows must not matter: it depends on how the world was cut into blocks.
    outcomes = outcomes.sort_by([("outcome_at", "ascending"), ("case_id", "ascending")])
    case_id = outcomes["case_id"].cast(pa.string()).combine_chunks()
    known = outcomes["outcome_at"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())
    named = pa.array(list(plan.referrals), pa.string())
    outcome = pc.index_in(outcomes["outcome_kind"].cast(pa.string()), named)
    outcome = np.asarray(pc.fill_null(outcome, len(named)), np.int64)
    referrals = [*plan.referrals.values(), NOT_REFERRED]
    uniform = rng.random((4, len(outcome)))
    inflow = np.asarray(known, np.int64) + _delay(plan.delay, uniform[0], uniform[1])
    referred = np.flatnonzero(uniform[2] < np.array([one.chance for one in referrals])[outcome])
    cases = np.asarray(case_id.dictionary_encode().indices)
    referred = referred[np.unique(cases[referred], return_index=True)[1]]
    referred = referred[inflow[referred] < closing]
    referred = referred[np.lexsort((referred, inflow[referred]))]
    kinds = np.array([one.kinds for one in referrals])[outcome[referred]]
    return case_id.take(pa.array(referred, pa.int64())), inflow[referred], _draw(uniform[3][referred], kinds)


def _delay(delay: Delay, which: Floats, within: Floats) -> Codes:
    low, high = np.array(delay.bands).T
    band = _draw(which, np.array([delay.p]))
    days = low[band] + within * (high - low)[band]
    return np.asarray(np.floor(days * DAY), dtype=np.int64)


def _empty_stock(
    inflow: Codes, plan: Plan, scale: float, rng: np.random.Generator, closing: int
) -> tuple[Codes, Codes]:
    """Let cases leave month by month; return when each did, and in which period."""
    outflow, period = np.full(len(inflow), WAITING), np.full(len(inflow), NEVER_LEFT)
    edges, expected, periods = _lay_months(plan, closing)
    arrived = np.searchsorted(inflow, edges[:-1])
    numbers = rng.poisson(expected * scale)
    for month, number in enumerate(numbers):
        waiting = np.flatnonzero(outflow[: arrived[month]] == WAITING)
        if plan.order == "drawn":
            waiting = rng.permutation(waiting)
        leaving = waiting[:number]
        moment = np.sort(rng.random(len(leaving))) * (edges[month + 1] - edges[month])
        outflow[leaving] = edges[month] + np.floor(moment).astype(np.int64)
        period[leaving] = periods[month]
    return outflow, period


def _lay_months(plan: Plan, closing: int) -> tuple[Codes, Floats, Codes]:
    """Return where months begin and end, how many cases are expected to leave in each, and its period."""
    starts = np.array([int(period.start.timestamp()) for period in plan.periods])
    if closing <= starts[0]:
        return starts[:1], np.zeros(0), np.zeros(0, dtype=np.int64)
    first = starts[0].astype("datetime64[s]").astype("datetime64[M]")
    last = np.int64(closing).astype("datetime64[s]").astype("datetime64[M]")
    whole = np.arange(first, last + 2).astype("datetime64[s]").astype(np.int64)
    edges = np.unique(np.minimum(whole, closing))
    # The last month may be cut short by the as-of time.
    part = np.diff(edges) / np.diff(whole)[: len(edges) - 1]
    period = np.searchsorted(starts, edges[:-1], side="right") - 1
    yearly = np.array([period.outflow for period in plan.periods])
    return edges, yearly[period] / MONTHS * part, np.asarray(period, np.int64)


def _dispose(kind: Codes, period: Codes, plan: Plan, rng: np.random.Generator) -> Codes:
    """Draw how each case that left was disposed of."""
    uniform = rng.random((2, len(kind)))
    disposal = np.full(len(kind), NEVER_LEFT)
    left = np.flatnonzero(period != NEVER_LEFT)
    mix = np.array([one.mix for one in plan.periods])
    disposal[left] = _draw(uniform[0][left], mix[period[left], kind[left]])
    if plan.alternatives and plan.alternatives_on:
        bound = left[np.isin(disposal[left], [DISPOSALS.index(name) for name in COURT])]
        shares = np.array([one.shares for one in plan.alternatives])
        taken = np.cumsum(shares[:, period[bound], kind[bound]], axis=0)
        by = (uniform[1][bound] >= taken).sum(axis=0)
        to = np.array([DISPOSALS.index(one.to) for one in plan.alternatives])
        disposal[bound[by < len(to)]] = to[by[by < len(to)]]
    return disposal


def _draw(uniform: Floats, chances: Floats) -> Codes:
    """Return a category for each uniform number, by inversion; one row of chances, or one for each."""
    cumulative = np.cumsum(chances, axis=1)[:, :-1]
    return np.asarray((uniform[:, None] >= cumulative).sum(axis=1), np.int64)


def _named(names: tuple[str, ...], codes: Codes) -> pa.Array:
    missing = codes < 0
    indices = pa.array(codes.astype(np.int16), mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))
