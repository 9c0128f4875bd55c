from __future__ import annotations

import json
from dataclasses import fields

import pytest
from click.testing import CliRunner

from triage.cli import main
from triage.features.catalogue import FEATURES
from triage.features.feature import Feature


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["features", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_features_are_printed_by_domain_with_name_sign_and_sentence() -> None:
    lines = run().splitlines()
    for name in FEATURES:
        assert [line for line in lines if line.startswith(f"│ {name} ")], name
    for domain in {feature.domain for feature in FEATURES.values()}:
        count = sum(feature.domain == domain for feature in FEATURES.values())
        assert f"{domain}: {count}" in [line.strip() for line in lines]


def test_printed_lines_fit_and_no_name_is_cut() -> None:
    output = run()
    assert max(map(len, output.splitlines())) <= 120
    assert max(map(len, FEATURES)) <= 26
    assert "_…" not in output


@pytest.mark.parametrize(
    ("domain", "found"), [("money", "money"), ("access", "access to children"), ("MATERIAL ", "material")]
)
def test_one_domain_can_be_asked_for(domain: str, found: str) -> None:
    listed = json.loads(run("--domain", domain, "--json"))["features"]
    assert {feature["domain"] for feature in listed} == {found}
    assert len(listed) == sum(feature.domain == found for feature in FEATURES.values())
    assert "contact_record" not in run("--domain", domain)


def test_domain_that_is_none_is_wrong_usage_and_says_which_there_are() -> None:
    output = run("--domain", "weather", code=2)
    assert "expected one of: completeness, report, source" in output


def test_json_has_every_field_of_every_feature() -> None:
    listed = json.loads(run("--json"))["features"]
    assert [feature["name"] for feature in listed] == list(FEATURES)
    wanted = {field.name for field in fields(Feature)} - {"compute"}
    for told in listed:
        assert set(told) == wanted
        feature = FEATURES[told["name"]]
        assert told == {name: getattr(feature, name) for name in wanted}
