import math
import tomllib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.lab.staff import (
    Clock,
    Joining,
    Prosecution,
    Staff,
    Unit,
    lay_clock,
    list_staffs,
    load_staff,
    parse_staff,
)
from triage.lab.staff.clock import WEEK
from triage.lab.work import list_works, load_work, parse_work
from triage.shipped import find_shipped

BASIS = {"class": "assumed", "source": "ours"}
SMALL = {"name": "small", "units": [{"name": "one", "detectives": 2, **BASIS}]}


@given(
    hours=st.lists(st.floats(0, 40), min_size=1, max_size=12).filter(lambda hours: sum(hours) > 1),
    since=st.floats(0, 1),
    share=st.floats(0.01, 0.99),
)
def test_a_clock_finishes_when_the_work_is_done(hours, since, share):
    sums = [0.0]
    for one in hours:
        sums.append(sums[-1] + one)
    clock = Clock(1_000.0, sums, sums)
    begin = 1_000.0 + since * len(hours) * WEEK
    left = clock.work(begin, 1_000.0 + len(hours) * WEEK)
    end = clock.finish(begin, share * left)
    assert end >= begin
    assert clock.work(begin, end) == pytest.approx(share * left, abs=1e-6)


def test_work_that_does_not_fit_ends_after_the_clock():
    assert Clock(0.0, [0.0, 40.0], [0.0, 40.0]).finish(0.0, 41.0) == math.inf


def test_holidays_leave_fewer_hours():
    start = datetime(2017, 1, 2, tzinfo=UTC).timestamp()
    staff = Staff("s", (Unit("one", 1, hours_a_week=40.0, caseload=2),), holidays={2: 0.25})
    assert lay_clock(staff, staff.units[0], start, 3).spent == [0.0, 20.0, 25.0, 45.0]


def test_a_new_detective_begins_slowly_and_learns():
    staff = Staff("s", (Unit("one", 1, hours_a_week=40.0),), starter_speed=0.5, starter_weeks=2.0)
    clock = lay_clock(staff, staff.units[0], 0.0, 4, since_week=1)
    assert clock.spent == [0.0, 0.0, 40.0, 80.0, 120.0]
    # Speeds in the middle of the weeks: 0.5 + 0.5 / 4, 0.5 + 0.5 * 3 / 4, 1.
    assert clock.done == pytest.approx([0.0, 0.0, 25.0, 60.0, 100.0])


@given(
    sizes=st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any),
    detectives=st.integers(1, 500),
)
def test_another_number_of_detectives_is_that_number_in_the_same_shares(sizes, detectives):
    staff = Staff("s", tuple(Unit(str(index), size) for index, size in enumerate(sizes)))
    resized = staff.with_detectives(detectives)
    assert resized.detectives == detectives
    for unit, size in zip(resized.units, sizes, strict=True):
        assert abs(unit.detectives - detectives * size / sum(sizes)) < 1


def test_a_part_of_the_inflow_has_a_part_of_the_staff():
    staff = Staff(
        "s",
        (Unit("one", 100, joining=(Joining(10, 4),)),),
        prosecution=Prosecution(30.0, 100),
        reports_a_year=18_000,
    ).scaled(0.1)
    assert staff.detectives == 10
    assert staff.units[0].joining == (Joining(1, 4),)
    assert staff.prosecution == Prosecution(3.0, 10)
    assert staff.reports_a_year == 1_800


@pytest.mark.parametrize("name", list_staffs())
def test_every_shipped_staff_can_be_read_and_says_what_it_rests_on(name):
    assert load_staff(name).name == name
    content = tomllib.loads(find_shipped("models", "staff", f"{name}.toml").read_text(encoding="utf-8"))
    tables = [table for table in content.values() if isinstance(table, dict)] + content["units"]
    assert all(table["class"] in {"published", "derived", "assumed"} and table["source"] for table in tables)


def test_the_shipped_numbers_open_about_as_many_cases_as_were_published():
    staff, work = load_staff("nl-2017"), load_work()
    start = datetime(2017, 1, 1, tzinfo=UTC).timestamp()
    hours = sum(
        unit.places * lay_clock(staff, unit, start, 52).done[-1]
        for unit in staff.units
        if "ranked" in unit.lanes
    )
    means = sorted(work.hours.mean)
    assert hours / ((means[1] + means[2]) / 2) == pytest.approx(700, rel=0.15)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"nmae": "x"}, "no such key"),
        ({"units": []}, "no units"),
        ({"units": [{"name": "one", "detectives": 2}]}, "no source"),
        ({"units": [{"name": "one", "detectives": 2, "class": "guess", "source": "x"}]}, "class = 'guess'"),
        ({"units": [{"name": "one", "detectives": 2, "lanes": ["paused"], **BASIS}]}, "lanes = "),
        ({"units": [{"name": "one", "detectives": 2.5, **BASIS}]}, "detectives = 2.5"),
        ({"units": [{"name": "one", "detectives": 0, **BASIS}]}, "nobody works"),
        ({"units": [{"name": "one", "detectives": 1, "joining": 3, **BASIS}]}, "joining = 3"),
        ({"holidays": {"weeks": {"54": 0.5}, **BASIS}}, "no weeks"),
        ({"list": {"tiers_days": [7, 1], **BASIS}}, "tiers_days"),
        ({"interruption": {"by_escalated": "yes", **BASIS}}, "by_escalated"),
        ({"learning": {"speed": 0.0, **BASIS}}, "speed = 0.0"),
        ({"start": 3}, "no section"),
        ({"units": [{"name": "one", "detectives": 2, "hours_a_week": -5, **BASIS}]}, "hours_a_week = -5"),
        (
            {"units": [{"name": "one", "detectives": 2, "hours_a_week": math.nan, **BASIS}]},
            "hours_a_week = nan",
        ),
        ({"units": [{"name": "one", "detectives": 1_000_000_000, **BASIS}]}, "detectives = 1000000000"),
        (
            {"units": [{"name": "one", "detectives": 10_000, "caseload": 1_000, **BASIS}]},
            "10,000,000 investig",
        ),
        ({"units": [{"name": "one", "detectives": date(2017, 1, 1), **BASIS}]}, "detectives = datetime"),
        ({"holidays": {"weeks": {"1": math.nan}, **BASIS}}, "1 = nan"),
        ({"prosecution": {"a_year": math.inf, **BASIS}}, "a_year = inf"),
    ],
)
def test_a_staff_that_cannot_be_meant_is_refused(change, found):
    with pytest.raises(InputRefusedError, match=found):
        parse_staff({**SMALL, **change}, "small.toml")


def test_an_unknown_staff_is_refused_with_those_there_are():
    with pytest.raises(InputRefusedError, match="no such staff file") as caught:
        load_staff("nobody")
    assert caught.value.where == "nobody"
    assert "nl-2017" in caught.value.expected


def shipped_work():
    return tomllib.loads(find_shipped("models", "work", "default.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", list_works())
def test_every_shipped_work_can_be_read(name):
    assert load_work(name).name == name


@pytest.mark.parametrize(
    ("section", "key", "value", "found"),
    [
        ("hours", "mean", {"none": 3.0}, "mean is not there for each"),
        ("hours", "law", "normal", "law = 'normal'"),
        ("success", "gone", 2.0, "gone = 2.0"),
        ("findings", "undetermined", 1.0, "more than 1 together"),
        ("alternatives", "identities", ["famous"], "identities = "),
        ("referral", "source", "", "no source"),
        ("prosecution", "maybe", 1, "no such key"),
        ("hours", "spread", math.nan, "spread = nan"),
        ("success", "half_life_days", -1, "half_life_days = -1"),
        ("alternatives", "a_week", math.nan, "a_week = nan"),
    ],
)
def test_work_that_cannot_be_meant_is_refused(section, key, value, found):
    content = shipped_work()
    content[section][key] = value
    with pytest.raises(InputRefusedError, match=found) as caught:
        parse_work(content, "work.toml")
    assert caught.value.where.startswith(f"work.toml: [{section}]")


def test_a_section_left_out_is_refused():
    content = shipped_work()
    del content["success"]
    with pytest.raises(InputRefusedError, match="no section") as caught:
        parse_work(content, "work.toml")
    assert caught.value.where == "work.toml: [success]"
