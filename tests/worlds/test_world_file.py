from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from triage.errors import InputRefusedError
from triage.shipped import find_shipped
from triage.worlds import load_world

if TYPE_CHECKING:
    from pathlib import Path

TEXT = find_shipped("synthetic_data", "worlds", "nl-2017.toml").read_text(encoding="utf-8")


def refusal(tmp_path: Path, old: str, new: str) -> str:
    assert old in TEXT
    file = tmp_path / "w.toml"
    file.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputRefusedError) as caught:
        load_world(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def section(name: str) -> str:
    return TEXT[TEXT.index(f"[{name}]") :].split("\n\n", 1)[0]


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("p = [0.55, 0.45]", "p = [0.55, 0.44]", "nuisances.diligence.rules[0].p", "sum to 1"),
        ("p = [0.55, 0.45]", "p = [0.55, 0.40, 0.05]", "nuisances.diligence.rules[0].p", "2, one a value"),
        ("p = [0.55, 0.45]", "p = [1.55, -0.55]", "nuisances.diligence.rules[0].p", "from 0 to 1"),
        ("share = 0.0046", "share = 0.0056", "situations", "sum to 1"),
        ("current = 0.28", "current = 1.28", "situations[0].current", "probability from 0 to 1"),
        ("current = 0.28", "", "situations[0].current", "this key"),
        ("months = [0.070", "months = [0.080", "period.months", "sum to 1"),
        ("end = 2018-01-01T00:00:00Z", "end = 2016-01-01T00:00:00Z", "period.end", "a time after"),
        ("end = 2018-01-01T00:00:00Z", "end = 2018-01-01", "period.end", "offset"),
        ('["exact_known", "near', '["exactly_known", "near', "signals.hash_status.values", "exact_known"),
        (
            '"small_repeated|night", "small',
            '"small_repeated|noon", "small',
            "signals.indicators.values",
            "night",
        ),
        ('"parent:lives_with", "step', '"parent:lives", "step', "signals.child_link.values", "lives_with"),
        (
            '["NL", "BE", "DE", "ZZ"]',
            '["NL", "BE", "Germany", "ZZ"]',
            "signals.jurisdiction_country",
            "ISO 3166",
        ),
        (
            'situation = ["hosting_only"], p',
            'situation = ["hosting"], p',
            "signals.person.rules[1].situation",
            "one of",
        ),
        (
            'given = ["no"], p = [0.0, 0.0, 0.42',
            'given = ["none"], p = [0.0, 0.0, 0.42',
            "signals.source.rules[1].given",
            "no",
        ),
        (
            "{ p = [0.02, 0.98] },",
            "{ current = true, p = [0.02, 0.98] },",
            "signals.person.rules",
            "holds for all",
        ),
        ("[signals.hash_status]", "[signals.hash_state]", "signals.hash_status", "this key"),
        ("[signals.crisis]", "[signals.extra]\n\n[signals.crisis]", "signals.extra", "age_band"),
        ("[policy]", "[policies]", "policy", "this key"),
        ("audit = 0.0025", "audit = 0.0", "policy.audit", "more than 0"),
        ("bands = [[1, 1], [2, 2]", "bands = [[0, 1], [2, 2]", "signals.reports.bands", "1 or more"),
        (
            "bands = [[0, 30], [30, 365]",
            "bands = [[0, 30], [20, 365]",
            "signals.account_age.bands",
            "ascending",
        ),
        ("bands = [[0, 30], [30, 365]", "bands = [[0, 30], [365]", "signals.account_age.bands", "pairs"),
        (
            'values = ["days", "week", "weeks"]',
            'values = ["never", "week", "weeks"]',
            "delays.decision",
            "always",
        ),
        ("format = 1", "format = 2", "format", "1"),
        (
            'class = "found"\nsource = "Dutch',
            'class = "guessed"\nsource = "Dutch',
            "period.class",
            "found or derived or assumed",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_dotted_key(
    tmp_path: Path, old: str, new: str, key: str, expected: str
) -> None:
    message = refusal(tmp_path, old, new)
    assert key in message
    assert expected in message


def test_numbers_without_evidence_are_refused(tmp_path: Path) -> None:
    old = section("delays.register")
    assert "delays.register.source" in refusal(tmp_path, old, re.sub(r"\nsource = .*", "", old))


def test_a_delay_cannot_depend_on_what_is_hidden(tmp_path: Path) -> None:
    old = section("delays.register")
    new = old.replace('{ given = ["goaml"', '{ situation = ["household"], given = ["goaml"', 1)
    assert "delays.register.rules[1].situation" in refusal(tmp_path, old, new)


def test_a_fact_that_is_always_told_takes_no_rules_of_telling(tmp_path: Path) -> None:
    old = section("signals.hash_status")
    assert "signals.hash_status.told" in refusal(tmp_path, old, old + "\ntold = [{ p = 0.5 }]")


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "TOML" in refusal(tmp_path, "format = 1", "format = = 1")


def test_an_unknown_name_lists_the_shipped_worlds() -> None:
    with pytest.raises(InputRefusedError, match="nl-2017"):
        load_world("atlantis")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"none\.toml"):
        load_world(tmp_path / "none.toml")


def test_a_path_gives_the_same_world_as_its_name(tmp_path: Path) -> None:
    file = tmp_path / "copy.toml"
    file.write_text(TEXT, encoding="utf-8")
    assert load_world(file).sha256 == load_world("nl-2017").sha256
