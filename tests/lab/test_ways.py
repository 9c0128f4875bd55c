from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import InputRefusedError
from triage.lab.ways import Way, parse_way, parse_ways


def test_everything_can_be_written_in_one_line():
    text = "expert+audit=0.05+ageing=90+deadlines+refer+alternatives=0.3+learn=13"
    assert parse_way(text) == Way(
        name=text,
        order="expert",
        audit_share=0.05,
        ageing_days=90.0,
        deadlines=True,
        refer_foreign=True,
        alternatives_below=0.3,
        learn_weeks=13,
    )


@pytest.mark.parametrize(
    ("text", "escalate"),
    [
        ("arrival", True),
        ("oracle", True),
        ("models/nl-2017/boosted", True),
        ("arrival+escalation=off", False),
        ("expert+audit=0.1+escalation=off", False),
        ("expert,26=oracle+escalation=off", True),
    ],
)
def test_what_escalates_stands_first_under_every_order_unless_switched_off(text, escalate):
    assert parse_way(text).escalate is escalate


def test_learning_may_be_weighted():
    way = parse_way("expert+learn-weighted=8")
    assert (way.learn_weeks, way.learn_weighted) == (8, True)


def test_a_way_may_change_more_than_once():
    way = parse_way("arrival,10=rules,26=expert+audit=0.05")
    last = Way("expert+audit=0.05", "expert", audit_share=0.05)
    middle = Way("rules,26=expert+audit=0.05", "rules", change_week=26, then=last)
    assert way == Way("arrival,10=rules,26=expert+audit=0.05", "arrival", change_week=10, then=middle)
    assert way.scores == ("rules", "expert")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "no order"),
        ("+audit=0.1", "no order"),
        ("expert+adit=0.1", "'adit=0.1' is unknown"),
        ("expert+audit", "'audit' is unknown"),
        ("expert+deadlines=3", "'deadlines=3' is unknown"),
        ("expert+audit=0.1+audit=0.2", "stands twice"),
        ("expert+learn=3+learn-weighted=4", "stands twice"),
        ("expert+escalation=off+escalation=off", "stands twice"),
        ("expert+audit=much", "audit = 'much'"),
        ("expert+audit=nan", "audit = 'nan'"),
        ("expert+audit=0.9", "audit = 0.9"),
        ("expert+learn=2.5", "learn = '2.5'"),
        ("arrival+ageing=30", "no score to learn"),
        ("expert,rules", "no change"),
        ("expert,0=rules", "a change in week 0"),
        ("expert,9=rules,5=arrival", "week 5 after week 9"),
    ],
)
def test_a_way_that_cannot_be_meant_is_refused(text, found):
    with pytest.raises(InputRefusedError, match=found):
        parse_way(text)


def test_a_way_may_stand_once():
    with pytest.raises(InputRefusedError, match="expert stands twice"):
        parse_ways(["expert", "arrival", "expert"])


WORDS = [
    "expert",
    "arrival",
    "oracle",
    "+audit=0.1",
    "+ageing=9",
    "+deadlines",
    "+refer",
    "+learn=2",
    ",5=rules",
]


@given(
    text=st.text(max_size=40)
    | st.lists(st.sampled_from([*WORDS, "+", ",", "=", " "]), max_size=6).map("".join)
)
def test_any_text_is_refused_or_read_with_every_word_of_it(text):
    with suppress(InputRefusedError):
        way = parse_way(text)
        order, *words = [word.strip() for word in text.split(",")[0].split("+")]
        assert way.order == order
        assert way.deadlines == ("deadlines" in words)
        assert way.refer_foreign == ("refer" in words)
        assert (way.then is not None) == ("," in text)
