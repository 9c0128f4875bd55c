"""The catalogue as a whole; what each feature is, is in the tests of its domain."""

from __future__ import annotations

import math
import runpy
from collections import Counter
from pathlib import Path

import pytest

from triage.features.catalogue import FEATURES, build_features
from triage.features.view import View
from triage.schema.declare import Knowable

BY_HAND = sorted(Path(__file__).parent.glob("test_*_features.py"))
DOMAINS = {"completeness", "report", "source", "contact", "access to children", "material", "history", "network", "money",
           "sums"}  # fmt: skip


def cases_by_hand() -> list[tuple[str, dict[str, object], float]]:
    return [case for file in BY_HAND for case in runpy.run_path(str(file))["CASES"]]


def test_every_feature_is_tried_by_hand() -> None:
    assert {case[0] for case in cases_by_hand()} == set(FEATURES)


def test_every_state_of_a_flag_is_tried_by_hand() -> None:
    """Asserted and unknown for each, denied where there is a sentence for it, and never where there is none."""
    tried: dict[str, set[float]] = {}
    for name, _, expected in cases_by_hand():
        tried.setdefault(name, set()).add(expected)
    for feature in FEATURES.values():
        if feature.is_flag:
            assert tried[feature.name] == ({-1, 0, 1} if feature.denied else {0, 1}), feature.name


def test_every_number_is_tried_by_hand_with_rows_and_without() -> None:
    tried = Counter(case[0] for case in cases_by_hand())
    assert not [name for name, feature in FEATURES.items() if not feature.is_flag and tried[name] < 2]


def test_catalogue_has_one_name_for_each_feature_and_ten_domains() -> None:
    assert len(FEATURES) >= 111
    assert {feature.domain for feature in FEATURES.values()} == DOMAINS
    assert all(name == feature.name and name.isidentifier() for name, feature in FEATURES.items())


@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_feature_says_what_it_is_and_what_it_rests_on(feature) -> None:
    assert feature.asserted
    assert feature.evidence
    assert feature.unit
    assert feature.sign in {-1, 0, 1}
    assert feature.knowable in {Knowable.ARRIVAL, Knowable.ENRICHMENT, Knowable.EITHER}
    assert feature.asserted[0].islower() or feature.asserted.split()[0].isupper()
    assert not feature.asserted.endswith(".")
    # A number stands in its sentence once; a flag has no place for one.
    assert feature.asserted.count("{}") == (0 if feature.is_flag else 1)
    assert not (feature.denied and not feature.is_flag)
    assert feature.usual in ({0.0, 1.0} if feature.is_flag else {0.0})


@pytest.mark.parametrize("feature", FEATURES.values(), ids=list(FEATURES))
def test_feature_says_its_value(feature) -> None:
    unknown = feature.say(0.0 if feature.is_flag else math.nan)
    assert unknown.startswith("not known: ")
    assert "{}" not in unknown
    if not feature.is_flag:
        assert feature.say(12.0) == feature.asserted.replace("{}", "12")
        assert feature.say(1234.0) == feature.asserted.replace("{}", "1,234")
        assert feature.say(2.5) == feature.asserted.replace("{}", "2.5")
        return
    assert feature.say(1.0) == feature.asserted
    if feature.denied:
        assert feature.say(-1.0) == feature.denied
        assert feature.denied != feature.asserted


def test_no_two_features_say_the_same() -> None:
    sentences = [s for f in FEATURES.values() for s in (f.asserted, f.denied) if s]
    shared = {sentence for sentence, times in Counter(sentences).items() if times > 1}
    assert not shared


@pytest.mark.parametrize(
    "banned",
    ["nationality", "gender", "marital", "employ", "country", "jurisdiction", "brand", "hosting", "seized", "sex_of"],
)  # fmt: skip
def test_nothing_forbidden_is_a_feature(banned: str) -> None:
    assert not [name for name in FEATURES if banned in name]


def test_forbidden_columns_change_no_feature(one_case, part_of, features_of) -> None:
    """Countries, what the sender holds and how well somebody is identified may be shown and audited only."""

    def of(country: str, channel: str, level: str, status: str, count: int):
        return features_of(
            part_of(
                one_case(
                    reports=[{"jurisdiction_country": country, "jurisdiction_basis": "hosting"}],
                    persons=[{"identity_level": level}],
                    accounts=[{"account_status": status}],
                    network_events=[{"ip_country": country, "event_name": "upload", "link_token": channel}],
                    communications=[{"message_count": count}],
                    transactions=[{"counterparty_country": country, "payment_channel": channel}],
                    children=[{"country": country, "identification": "named" if count else "unidentified"}],
                )
            )
        )

    first = of("NL", "crypto", "none", "active", 0)
    second = of("PH", "cash", "civil_identity", "permanently_disabled", 900)
    assert first.tobytes() == second.tobytes()


def test_features_are_computed_in_the_order_that_is_asked(rich_part) -> None:
    import numpy as np

    view = View(rich_part, np.full(2, 2_000_000_000))
    names = ["files", "escalated", "files"]
    matrix = build_features(view, names)
    assert matrix.shape == (2, 3)
    assert matrix.dtype == np.float64
    whole = build_features(view, list(FEATURES))
    at = list(FEATURES).index
    np.testing.assert_array_equal(matrix, whole[:, [at(name) for name in names]])


def test_part_without_cases_gives_no_rows(part_of) -> None:
    import numpy as np

    part = part_of()
    assert build_features(View(part, np.array([], dtype=np.int64)), list(FEATURES)).shape == (
        0,
        len(FEATURES),
    )
