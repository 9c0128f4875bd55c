from __future__ import annotations

from pathlib import Path

import pytest

from triage.features.catalogue import FEATURES
from triage.features.factors import FACTORS, NEVER
from triage.features.page import write_features

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_page_of_features_is_up_to_date_and_names_each() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == write_features(), "run: make docs"
    assert all(f"| `{name}` |" in page for name in FEATURES)


def test_page_says_everything_of_a_feature() -> None:
    lines = {line.split("`")[1]: line for line in write_features().splitlines() if line.startswith("| `")}
    for feature in FEATURES.values():
        cells = [cell.strip() for cell in lines[feature.name].strip("| ").split(" | ")]
        assert cells[2:] == [
            feature.unit, {1: "+", -1: "-", 0: "none"}[feature.sign], feature.knowable, feature.evidence,
        ]  # fmt: skip
        assert cells[1].startswith(feature.asserted.replace("{}", "…"))
        assert cells[1].endswith(feature.denied)


def test_page_is_grouped_by_domain_each_with_a_text() -> None:
    page = write_features()
    for domain in {feature.domain for feature in FEATURES.values()}:
        text = page.split(f"\n## {domain.capitalize()}\n\n")[1]
        assert text[0].isupper()
        for feature in FEATURES.values():
            assert (f"| `{feature.name}` |" in text.split("\n## ")[0]) == (feature.domain == domain)


def test_cells_of_the_page_hold_no_separator() -> None:
    rows = [line for line in write_features().splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {6, 7}


def test_every_factor_of_the_evidence_is_covered_or_left_out_with_a_reason() -> None:
    assert len(FACTORS) == 42
    assert len({factor.name for factor in FACTORS}) == 42
    for factor in FACTORS:
        assert factor.source
        assert factor.direction in {"++", "+", "0", "-", "--"}
        assert set(factor.features) <= set(FEATURES)
        assert factor.features or factor.remark, factor.name
        assert not (factor.never and factor.features)


def test_factor_and_feature_point_the_same_way() -> None:
    """A feature has the direction of a factor that it tells of, none, or (a sum, a time) that of another."""
    for factor in FACTORS:
        signs = {FEATURES[name].sign for name in factor.features} - {0}
        opposed = {
            name for name in factor.features if FEATURES[name].sign == (-1 if "+" in factor.direction else 1)
        }
        if factor.direction == "0":
            assert signs <= {1}, factor.name
        # Days since, and classes of no abuse, tell of a raising factor by their being small.
        allowed = {
            name for name in opposed if FEATURES[name].unit in {"days", "years"} or name == "no_severity"
        }
        if factor.direction != "0":
            assert opposed == allowed, factor.name


@pytest.mark.parametrize("name", ["never married", "more than two computers seized", "unemployed",
                                  "more material of boys than of girls"])  # fmt: skip
def test_what_must_never_be_a_feature_is_told_to_be_left_out(name: str) -> None:
    (factor,) = [factor for factor in FACTORS if factor.name == name]
    assert factor.never
    assert factor.remark


def test_size_of_a_collection_never_counts_upward() -> None:
    (factor,) = [factor for factor in FACTORS if factor.name == "size of the collection"]
    assert [FEATURES[name].sign for name in factor.features] == [-1]


def test_page_lists_what_is_never_a_feature() -> None:
    page = write_features()
    assert len(NEVER) == 9
    assert f"Never features: {', '.join(NEVER)}." in page
    assert "research" not in page
    assert "evidence.md" not in page
