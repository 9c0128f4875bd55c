from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.worlds.file.prosecution_plan import (
    DISPOSALS,
    KINDS,
    Alternative,
    Delay,
    Period,
    Plan,
    Referral,
    Stock,
)
from triage.worlds.file.prosecution_section import read_prosecution
from triage.worlds.file.section import Section
from triage.worlds.prosecution import prosecute, tabulate_prosecution

START, END = datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
NONE, ALL = 0.0, 1e6  # cases a year that can be disposed of


def only(disposal: str) -> tuple[float, ...]:
    return tuple(float(name == disposal) for name in DISPOSALS)


def period(start: datetime = START, outflow: float = ALL, *disposals: str) -> Period:
    mix = tuple(map(only, disposals or ("sentence", "sentence", "sentence")))
    return Period(f"{start:%Y-%m}", start, outflow, mix)


def plan(*periods: Period, **changed: Any) -> Plan:
    """Every case goes to the prosecution as that of a possessor, ten days after its outcome."""
    simple = Plan(
        cases=100,
        order="longest_waiting",
        referrals={"possession_only": Referral(1.0, (1.0, 0.0, 0.0))},
        delay=Delay((1.0,), ((10.0, 10.0),)),
        stock=Stock(0, (1.0, 0.0, 0.0)),
        periods=periods or (period(),),
        alternatives=(),
        alternatives_on=True,
    )
    return replace(simple, **changed)


def outcomes(*rows: tuple[str, str, datetime | None]) -> pa.Table:
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
    return pa.table(
        {
            "case_id": pa.array(columns[0], pa.string()),
            "outcome_kind": pa.array(columns[1], pa.string()).dictionary_encode(),
            "outcome_at": pa.array(columns[2], pa.timestamp("s", tz="UTC")),
        }
    )


def found(*days: datetime) -> pa.Table:
    """Return one case of possession a day, called a, b, ..."""
    return outcomes(*((chr(97 + i), "possession_only", day) for i, day in enumerate(days)))


def follow(
    table: pa.Table, what: Plan, scale: float = 1.0, seed: int = 0, end: datetime = END
) -> pd.DataFrame:
    return prosecute(table, what, scale, np.random.default_rng(seed), end).to_pandas()


def day(month: int, number: int, year: int = 2015) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def months(times: pd.Series[Any]) -> list[str]:
    return [f"{time:%Y-%m}" for time in times]


# Hand-computed streams


def test_cases_come_in_after_the_delay_and_leave_in_the_first_month_that_finds_them_waiting() -> None:
    followed = follow(found(day(1, 3), day(1, 25), day(3, 1)), plan())
    assert [f"{time:%m-%d}" for time in followed["inflow_at"]] == ["01-13", "02-04", "03-11"]
    assert months(followed["outflow_at"]) == ["2015-02", "2015-03", "2015-04"]
    assert followed["case_id"].tolist() == ["a", "b", "c"]
    assert set(followed["disposal"]) == {"sentence"}


def test_nobody_leaves_without_capacity() -> None:
    followed = follow(found(day(1, 3), day(1, 25)), plan(period(START, NONE)))
    assert len(followed) == 2
    assert followed[["outflow_at", "disposal"]].isna().all(axis=None)


def test_what_comes_in_after_the_as_of_time_is_not_there_and_what_comes_in_late_waits() -> None:
    followed = follow(found(day(12, 5), day(12, 25)), plan())
    assert followed["case_id"].tolist() == ["a"]
    assert followed["outflow_at"].isna().all()


def test_an_as_of_time_before_the_first_period_leaves_everybody_waiting() -> None:
    followed = follow(found(day(6, 1, 2014)), plan(), end=day(9, 1, 2014))
    assert followed["outflow_at"].isna().tolist() == [True]


def test_a_month_that_is_cut_short_disposes_of_its_part() -> None:
    what = plan(period(START, 12_000), stock=Stock(3_000, (1.0, 0.0, 0.0)))
    left = follow(outcomes(), what, end=day(1, 11))["outflow_at"].notna().sum()
    assert left == pytest.approx(1_000 * 10 / 31, abs=4.5 * np.sqrt(1_000 * 10 / 31))


def test_each_period_has_its_own_capacity_and_disposals() -> None:
    closed, open_ = period(START, NONE), period(day(7, 1), ALL, "acquittal", "sentence", "sentence")
    followed = follow(found(day(1, 3), day(7, 3)), plan(closed, open_))
    assert months(followed["outflow_at"]) == ["2015-07", "2015-08"]
    assert followed["disposal"].tolist() == ["acquittal", "acquittal"]


def test_the_stock_at_the_start_has_no_name_and_leaves_first() -> None:
    what = plan(period(START, NONE), period(day(3, 1), 120), stock=Stock(40, (0.0, 1.0, 0.0)))
    followed = follow(found(day(1, 3)), what)
    stock = followed[followed["case_id"].isna()]
    assert stock["inflow_at"].isna().all()
    assert set(stock["kind"]) == {"maker_or_distributor"}
    assert len(stock) == pytest.approx(40, abs=4.5 * np.sqrt(40))
    named = followed[followed["case_id"].notna()]
    assert stock["outflow_at"].notna().all()
    assert (named["outflow_at"] > stock["outflow_at"].max()).all()


def test_outcomes_go_to_the_prosecution_by_their_kind() -> None:
    what = plan(
        referrals={
            "possession_only": Referral(1.0, (1.0, 0.0, 0.0)),
            "child_safeguarded": Referral(1.0, (0.0, 0.0, 1.0)),
            "suspect_arrested": Referral(0.0, (1.0, 0.0, 0.0)),
        }
    )
    kinds = ("no_offence", "child_safeguarded", "suspect_arrested", "possession_only")
    followed = follow(outcomes(*((kind, kind, day(2, 1)) for kind in kinds)), what)
    assert dict(zip(followed["case_id"], followed["kind"], strict=True)) == {
        "child_safeguarded": "contact",
        "possession_only": "possessor",
    }


def test_what_is_still_open_changes_nothing() -> None:
    rows = [("a", "possession_only", day(2, 1)), ("c", "possession_only", day(3, 1))]
    with_open = outcomes(*rows, ("b", "open", None))
    pd.testing.assert_frame_equal(follow(with_open, plan()), follow(outcomes(*rows), plan()))


def test_a_case_comes_in_once_with_its_earliest_outcome_that_does() -> None:
    rows = [
        ("a", "no_offence", day(1, 1)),
        ("a", "possession_only", day(3, 1)),
        ("a", "possession_only", day(2, 1)),
    ]
    followed = follow(outcomes(*rows), plan())
    assert [f"{time:%m-%d}" for time in followed["inflow_at"]] == ["02-11"]


def test_kinds_are_disposed_of_by_their_own_shares() -> None:
    what = plan(
        period(START, ALL, "conditional_withdrawal", "sentence", "joinder"),
        stock=Stock(500, (0.5, 0.3, 0.2)),
    )
    counted = follow(outcomes(), what).groupby(["kind", "disposal"], observed=True).size()
    assert set(counted.index) == {
        ("possessor", "conditional_withdrawal"),
        ("maker_or_distributor", "sentence"),
        ("contact", "joinder"),
    }


def test_numbers_that_leave_are_poisson_whatever_the_scale() -> None:
    what = plan(period(START, 60), stock=Stock(1_000, (1.0, 0.0, 0.0)))
    for scale in (0.2, 1.0, 3.0):
        left = [follow(outcomes(), what, scale, seed)["outflow_at"].notna().sum() for seed in range(200)]
        mean = 60 * scale
        assert np.mean(left) == pytest.approx(mean, abs=4.5 * np.sqrt(mean / 200))
        # Standard error of a variance: sqrt(2 / (n - 1)) of it.
        assert np.var(left, ddof=1) == pytest.approx(mean, rel=4.5 * np.sqrt(2 / 199))


# The switch


DIVERTED = Alternative("conditions", "conditional_withdrawal", ((0.5, 0.0, 0.0), (1.0, 0.0, 0.0)))
TALKS = Alternative("warning", "policy_withdrawal", ((0.2, 0.0, 0.0), (0.0, 0.0, 0.0)))


def test_alternatives_take_possessors_from_the_court_and_nobody_else() -> None:
    what = plan(
        period(START, ALL),
        period(day(7, 1), ALL),
        stock=Stock(4_000, (0.5, 0.5, 0.0)),
        alternatives=(DIVERTED, TALKS),
    )
    late = found(*[day(7, 2)] * 20)
    on, off = follow(late, what), follow(late, replace(what, alternatives_on=False))
    same = ["case_id", "inflow_at", "outflow_at", "kind"]
    pd.testing.assert_frame_equal(on[same], off[same])
    assert set(off["disposal"]) == {"sentence"}
    diverted = on[on["disposal"] != "sentence"]
    assert set(diverted["kind"]) == {"possessor"}
    stock = on[on["case_id"].isna() & (on["kind"] == "possessor")]
    shares = stock["disposal"].value_counts(normalize=True)
    for name, share in (("conditional_withdrawal", 0.5), ("policy_withdrawal", 0.2), ("sentence", 0.3)):
        assert shares[name] == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / len(stock)))
    assert set(on.loc[on["case_id"].notna(), "disposal"]) == {"conditional_withdrawal"}


def test_alternatives_leave_alone_what_is_not_bound_for_court() -> None:
    what = plan(
        period(START, ALL, *["technical_withdrawal"] * 3),
        alternatives=(replace(DIVERTED, shares=((1.0, 1.0, 1.0),)),),
        stock=Stock(50, (0.4, 0.3, 0.3)),
    )
    assert set(follow(outcomes(), what)["disposal"]) == {"technical_withdrawal"}


# Properties


@st.composite
def streams(draw: st.DrawFn) -> tuple[pa.Table, Plan, float, int]:
    days = draw(st.lists(st.integers(-400, 800), max_size=40))
    kinds = draw(
        st.lists(
            st.sampled_from(["possession_only", "no_offence", "forwarded"]),
            min_size=len(days),
            max_size=len(days),
        )
    )
    cases = draw(st.lists(st.integers(0, 30), min_size=len(days), max_size=len(days)))
    rows = [
        (f"c{case}", kind, START + timedelta(days=one))
        for case, kind, one in zip(cases, kinds, days, strict=True)
    ]
    first = period(START, draw(st.floats(0, 200)), *draw(st.permutations(DISPOSALS))[:3])
    second = period(day(8, 1), draw(st.floats(0, 200)), *draw(st.permutations(DISPOSALS))[:3])
    what = plan(
        first,
        second,
        order=draw(st.sampled_from(["drawn", "longest_waiting"])),
        stock=Stock(draw(st.floats(0, 30)), (0.5, 0.25, 0.25)),
        referrals={
            "possession_only": Referral(draw(st.floats(0, 1)), (0.6, 0.4, 0.0)),
            "no_offence": Referral(0.1, (1.0, 0.0, 0.0)),
        },
        delay=Delay((0.5, 0.5), ((0.0, 10.0), (20.0, 90.0))),
        alternatives=(DIVERTED,),
        alternatives_on=draw(st.booleans()),
    )
    return outcomes(*rows), what, draw(st.floats(0, 3)), draw(st.integers(0, 2**32))


@settings(max_examples=150, deadline=None)
@given(streams())
def test_who_comes_in_leaves_later_or_waits(stream: tuple[pa.Table, Plan, float, int]) -> None:
    table, what, scale, seed = stream
    followed = follow(table, what, scale, seed)
    named, out = followed["case_id"].notna(), followed["outflow_at"].notna()
    assert followed.loc[named, "case_id"].is_unique
    assert set(followed.loc[named, "case_id"]) <= set(table["case_id"].to_pylist())
    assert (followed["inflow_at"].notna() == named).all()
    assert followed.loc[named, "inflow_at"].is_monotonic_increasing
    assert (followed["disposal"].notna() == out).all()
    assert followed["kind"].notna().all()
    assert (followed.loc[out & named, "outflow_at"] > followed.loc[out & named, "inflow_at"]).all()
    assert followed.loc[out, "outflow_at"].between(START, END, inclusive="left").all()
    assert (followed.loc[named, "inflow_at"] < END).all()

    counted = tabulate_prosecution(followed, {"all": (day(1, 1, 2010), END)})["all"]
    waiting = int((~out).sum())
    assert counted["inflow"] + int((~named).sum()) == counted["total_outflow"] + waiting


@settings(max_examples=80, deadline=None)
@given(streams())
def test_with_the_longest_wait_first_nobody_is_overtaken(stream: tuple[pa.Table, Plan, float, int]) -> None:
    table, what, scale, seed = stream
    followed = follow(table, replace(what, order="longest_waiting"), scale, seed)
    assert followed["outflow_at"].fillna(pd.Timestamp(END)).is_monotonic_increasing


@settings(max_examples=50, deadline=None)
@given(streams(), st.randoms(use_true_random=False))
def test_the_same_seed_gives_the_same_whatever_the_order_of_the_rows(
    stream: tuple[pa.Table, Plan, float, int], chance: Any
) -> None:
    table, what, scale, seed = stream
    unique = table.to_pandas().drop_duplicates(["case_id", "outcome_at"])
    rows = list(unique.itertuples(index=False, name=None))
    again = rows.copy()
    chance.shuffle(again)
    one, other = follow(outcomes(*rows), what, scale, seed), follow(outcomes(*again), what, scale, seed)
    pd.testing.assert_frame_equal(one, other)


# The table


def test_the_table_counts_inflow_and_outflow_by_their_own_time() -> None:
    frame = pd.DataFrame(
        {
            "inflow_at": pd.to_datetime(
                ["2014-12-31T23:59:59Z", "2015-01-01T00:00:00Z", "2015-10-01T00:00:00Z", None]
            ),
            "outflow_at": pd.to_datetime(
                ["2015-02-01T00:00:00Z", None, "2015-11-01T00:00:00Z", "2016-01-01T00:00:00Z"]
            ),
            "disposal": ["acquittal", None, "administrative_withdrawal", "transfer"],
        }
    )
    table = tabulate_prosecution(frame, {"2015": (START, END), "window": (day(10, 1), day(10, 1, 2016))})
    counted = {name: column[column > 0].to_dict() for name, column in table.items()}
    assert counted == {
        "2015": {
            "inflow": 2,
            "unconditional_withdrawal": 1,
            "administrative_withdrawal": 1,
            "court": 1,
            "acquittal": 1,
            "total_outflow": 2,
        },
        "window": {
            "inflow": 1,
            "transfer": 1,
            "unconditional_withdrawal": 1,
            "administrative_withdrawal": 1,
            "total_outflow": 2,
        },
    }


# The section of a world file


def section(**changed: Any) -> dict[str, Any]:
    told = {"class": "assumed", "source": "a test"}
    shares = [0.1] * 10
    period_ = {**told, "outflow": 100, **dict.fromkeys(KINDS, shares)}
    whole: dict[str, Any] = {
        **told,
        "cases": 100,
        "order": "drawn",
        "referral": {**told, "possession_only": {"p": 0.5, "kinds": [1, 0, 0]}},
        "delay": {**told, "bands": [[1, 2], [2, 9]], "p": [0.5, 0.5]},
        "stock": {**told, "size": 3, "kinds": [0.5, 0.5, 0]},
        "periods": {"a": {**period_, "start": START}, "b": {**period_, "start": day(7, 1)}},
        "alternatives": {
            "on": True,
            "conditions": {**told, "to": "conditional_withdrawal", "possessor": {"b": 0.4}},
            "warning": {**told, "to": "policy_withdrawal", "contact": {"a": 0.1, "b": 0.2}},
        },
    }
    for dotted, value in changed.items():
        *path, last = dotted.split("__")
        place = whole
        for key in path:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return whole


def read(**changed: Any) -> Plan:
    return read_prosecution(Section(section(**changed), "w.toml", "prosecution"))


def test_a_section_is_read_as_it_stands() -> None:
    what = read()
    assert (what.cases, what.order, what.alternatives_on) == (100, "drawn", True)
    assert what.referrals == {"possession_only": Referral(0.5, (1.0, 0.0, 0.0))}
    assert what.delay == Delay((0.5, 0.5), ((1.0, 2.0), (2.0, 9.0)))
    assert what.stock == Stock(3.0, (0.5, 0.5, 0.0))
    assert [(one.name, one.start, one.outflow) for one in what.periods] == [
        ("a", START, 100),
        ("b", day(7, 1), 100),
    ]
    assert what.alternatives == (
        Alternative("conditions", "conditional_withdrawal", ((0.0, 0.0, 0.0), (0.4, 0.0, 0.0))),
        Alternative("warning", "policy_withdrawal", ((0.0, 0.0, 0.1), (0.0, 0.0, 0.2))),
    )


def test_a_world_without_alternatives_has_none() -> None:
    what = read(alternatives=None)
    assert what.alternatives == ()


@pytest.mark.parametrize(
    ("key", "value", "where", "expected"),
    [
        ("cases", 0, "prosecution.cases", "from 1"),
        ("order", "alphabet", "prosecution.order", "longest_waiting or drawn"),
        ("source", None, "prosecution.source", "this key"),
        ("surprise", 1, "prosecution.surprise", "cases"),
        ("referral__possession_only__p", 1.2, "prosecution.referral.possession_only.p", "from 0 to 1"),
        ("referral__possession_only__kinds", [0.5, 0.4, 0], "prosecution.referral.possession_only.kinds", "sum to 1"),
        ("referral__possession_only__kinds", [0.5, 0.5], "prosecution.referral.possession_only.kinds", "3"),
        ("referral__escaped", {"p": 1, "kinds": [1, 0, 0]}, "prosecution.referral.escaped", "contact_abuse_found"),
        ("referral__class", "guessed", "prosecution.referral.class", "assumed"),
        ("delay__bands", [[2, 1], [2, 9]], "prosecution.delay.bands", "low, high"),
        ("delay__p", [0.5, 0.2, 0.3], "prosecution.delay.p", "2"),
        ("stock__size", -1, "prosecution.stock.size", "0 or more"),
        ("stock__size", 1e9, "prosecution.stock.size", "at most"),
        ("stock__kinds", [2, -1, 0], "prosecution.stock.kinds", "from 0 to 1"),
        ("periods", {}, "prosecution.periods", "prosecution.periods.2015"),
        ("periods__a__start", day(7, 1), "prosecution.periods.b.start", "a time after"),
        ("periods__a__start", day(1, 2), "prosecution.periods.a.start", "first moment of a month"),
        ("periods__a__start", "2015", "prosecution.periods.a.start", "offset"),
        ("periods__b__outflow", "many", "prosecution.periods.b.outflow", "0 or more"),
        ("periods__b__contact", [0.2] * 10, "prosecution.periods.b.contact", "sum to 1"),
        ("periods__b__contact", None, "prosecution.periods.b.contact", "this key"),
        ("periods__b__source", None, "prosecution.periods.b.source", "this key"),
        ("alternatives__on", "yes", "prosecution.alternatives.on", "true or false"),
        ("alternatives__conditions__to", "sentence", "prosecution.alternatives.conditions.to", "one of transfer"),
        ("alternatives__conditions__possessor", {"c": 0.1}, "prosecution.alternatives.conditions.possessor.c", "periods a, b"),
        ("alternatives__conditions__contact", {"b": 0.9}, "prosecution.alternatives", "1 at most"),
        ("alternatives__conditions__child", {"b": 0.9}, "prosecution.alternatives.conditions.child", "possessor"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_section_is_refused_with_its_key(
    key: str, value: Any, where: str, expected: str
) -> None:
    with pytest.raises(InputRefusedError) as caught:
        read(**{key: value})
    assert str(caught.value).startswith(f"w.toml, {where}: ")
    assert expected in str(caught.value)
