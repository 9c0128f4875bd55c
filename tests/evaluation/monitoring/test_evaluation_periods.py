from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.periods import evaluate_periods
from triage.evaluation.monitoring.times import check_time, cut_calendar, cut_steps


def cases(rows: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    p = rng.uniform(0.02, 0.5, rows)
    y = (rng.random(rows) < p).astype(float)
    return y, p, np.datetime64("2023-11-15T06:00:00") + rng.integers(0, 120 * 86_400, rows)


def test_each_period_is_evaluated_by_itself() -> None:
    y, p, time = cases()
    result = evaluate_periods(y, p, time, probability=p, capacity=0.1)
    frame = pd.DataFrame({"y": y, "p": p, "month": pd.Series(time).dt.strftime("%Y-%m")})
    assert [one.label for one in result.periods] == ["2023-11", "2023-12", "2024-01", "2024-02", "2024-03"]
    for one in result.periods:
        rows = frame[frame["month"] == one.label]
        k = int(np.ceil(round(0.1 * len(rows), 9)))
        top = rows.nlargest(k, "p")
        assert (one.cases, one.positives) == (len(rows), rows["y"].sum())
        assert one.base_rate.estimate == pytest.approx(rows["y"].mean())
        assert one.recall.estimate == pytest.approx(top["y"].sum() / rows["y"].sum())
        assert one.precision.estimate == pytest.approx(top["y"].mean())
        assert one.auc.estimate == pytest.approx(roc_auc_score(rows["y"], rows["p"]))
        assert one.observed_over_expected.estimate == pytest.approx(rows["y"].sum() / rows["p"].sum())
        assert one.observed_over_expected_at.estimate == pytest.approx(top["y"].sum() / top["p"].sum())


def test_period_without_outcomes_is_listed_and_not_estimable() -> None:
    result = evaluate_periods(
        [1, 0, None, None], [4, 3, 2, 1], ["2024-01-01", "2024-01-02", "2024-03-01", "2024-04-01"], capacity=1
    )
    january, february, march, april = result.periods
    assert january.recall.estimate == 1
    assert (february.cases, february.left_out, march.cases, march.left_out) == (0, 0, 0, 1)
    assert "no case in this period has an outcome" in march.auc.method
    assert "no case in this period" in february.base_rate.method
    assert not any(figure.estimable for one in (february, march, april) for _, figure in one.figures())
    assert "not estimable" in str(result)


def test_period_without_current_abuse_has_a_base_rate_and_no_recall() -> None:
    one = evaluate_periods([0, 0], [2, 1], ["2024-01-01", "2024-01-02"], capacity=1).periods[0]
    assert one.base_rate.estimate == 0
    assert 0 < one.base_rate.high < 1
    assert not one.recall.estimable


def test_base_rate_has_the_interval_of_wilson() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3: 81/263 has 0.2553 to 0.3662.
    y = np.repeat([1, 0], [81, 182])
    figure = evaluate_periods(y, y, np.full(263, np.datetime64("2024-01-01"))).periods[0].base_rate
    assert (figure.low, figure.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))


def test_frame_has_one_row_a_figure() -> None:
    y, p, time = cases(300)
    frame = evaluate_periods(y, p, time, probability=p).to_frame()
    assert len(frame) == 5 * 7
    assert list(frame.columns)[:6] == ["period", "start", "end", "name", "estimate", "low"]
    assert set(frame["name"]) >= {"recall", "AUC", "in the large"}


def test_periods_are_of_the_utc_calendar() -> None:
    time = pd.Series(pd.to_datetime(["2024-01-01T00:30:00+02:00", "2024-01-01T00:30:00Z"], utc=True))
    assert cut_calendar(check_time(time), "year").label == ("2023", "2024")
    assert cut_calendar(check_time(time.dt.tz_convert("Asia/Tokyo")), "year").label == ("2023", "2024")
    assert cut_calendar(check_time(list(time)), "quarter").label == ("2023-Q4", "2024-Q1")


def test_weeks_are_those_of_iso_8601() -> None:
    days = np.arange("1969-12-20", "1970-01-20", dtype="datetime64[D]").astype("datetime64[s]")
    calendar = cut_calendar(days, "week")
    iso = [f"{day.isocalendar().year}-W{day.isocalendar().week:02}" for day in days.astype(object)]
    assert [calendar.label[index] for index in calendar.index] == iso
    assert calendar.start[0] <= days[0] < calendar.end[0]


def test_cuts_begin_a_new_period() -> None:
    calendar = cut_calendar(check_time(["2024-06-30T23:59:59", "2024-07-01"]), ["2024-07-01", "2025-01-01"])
    assert list(calendar.index) == [0, 1]
    assert calendar.label == ("before 2024-07-01", "2024-07-01 until 2025-01-01", "from 2025-01-01")


def test_steps_grow_until_there_are_few() -> None:
    days = np.arange("2020-01-01", "2021-12-31", dtype="datetime64[D]").astype("datetime64[s]")
    assert cut_steps(days, "auto").unit == "week"
    assert cut_steps(days[:300], "auto").unit == "day"
    assert len(cut_steps(days, "month").start) == 24


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (["2024-01-01", None], "row 2"),
        (["2024-01-01", ""], "row 2"),
        (["2024-01-01", "yesterday"], "'yesterday'"),
        ([1, 2], "values"),
        ([[1, 2]], "found"),
        (["2024-01-01"], "different length"),
    ],
)
def test_strange_times_are_refused(time: list[object], expected: str) -> None:
    with pytest.raises(InputRefusedError, match=expected):
        evaluate_periods([1, 0], [1, 2], time)


@pytest.mark.parametrize("period", ["fortnight", [], None, 7, ["2024-02-01", "2024-01-01"]])
def test_strange_periods_are_refused(period: object) -> None:
    with pytest.raises(InputRefusedError):
        evaluate_periods([1, 0], [1, 2], ["2024-01-01", "2024-01-02"], period=period)  # type: ignore[arg-type]


def test_a_time_that_is_wrong_by_centuries_is_refused() -> None:
    with pytest.raises(InputRefusedError, match="weeks from the first case"):
        evaluate_periods([1, 0], [1, 2], ["1700-01-01", "2024-01-02"], period="week")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_order_of_rows_does_not_matter_and_weights_repeat(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, s = rng.integers(0, 2, 40).astype(float), rng.integers(0, 6, 40)
    time = np.datetime64("2024-01-01") + rng.integers(0, 70, 40)
    w = rng.integers(0, 4, 40)
    w[0] = 1
    shuffled, repeated = rng.permutation(40), np.repeat(np.arange(40), w)
    # Whole months of both samples, so that they have the same periods.
    cuts = ["2024-02-01", "2024-03-01"]
    first = evaluate_periods(
        y[shuffled], s[shuffled], time[shuffled], weight=w[shuffled], period=cuts, capacity=0.2
    )
    second = evaluate_periods(y[repeated], s[repeated], time[repeated], period=cuts, capacity=0.2)
    for one, other in zip(first.periods, second.periods, strict=True):
        for (_, a), (_, b) in zip(one.figures(), other.figures(), strict=True):
            assert a.estimate == pytest.approx(b.estimate, nan_ok=True)
