from __future__ import annotations

from pathlib import Path

import pytest

from triage.errors import InputRefusedError
from triage.features.catalogue import FEATURES
from triage.scoring.informed.evidence import LARGEST_MEAN, NOTHING, read_evidence
from triage.shipped import find_shipped

SHIPPED = find_shipped("models", "evidence.toml")
HEAD = """
kind = "evidence"
[base_rate]
mean = -5
spread = 1.5
[class]
"++" = { mean = 1.6, spread = 0.5 }
"none" = { mean = 0, spread = 0.2 }
"-" = { mean = -0.8, spread = 0.4 }
"""

ENTRY = '[[factor]]\nfeature = "escalated"\nasserted = "++"\nsource = "s"\n'


def test_every_feature_of_the_catalogue_has_an_entry_and_no_other() -> None:
    assert set(read_evidence(SHIPPED).factors) == set(FEATURES)


@pytest.mark.parametrize("name", list(FEATURES))
def test_classes_point_in_the_direction_of_the_catalogue(name: str) -> None:
    evidence, feature = read_evidence(SHIPPED), FEATURES[name]
    factor = evidence.factors[name]
    asserted, denied = (evidence.classes[of].mean for of in (factor.asserted, factor.denied))
    if feature.sign:
        assert asserted * feature.sign > 0 or factor.asserted == NOTHING
        assert denied * feature.sign <= 0
    else:
        assert asserted == denied == 0
    assert abs(asserted) <= LARGEST_MEAN


def test_classes_are_those_of_the_proposal_and_negatives_mirror_them() -> None:
    classes = read_evidence(SHIPPED).classes
    assert [(classes[of].mean, classes[of].spread) for of in ("++", "+", "weak +")] == [
        (1.6, 0.5), (0.8, 0.4), (0.3, 0.3),
    ]  # fmt: skip
    for of, mirror in (("++", "--"), ("+", "-"), ("weak +", "weak -")):
        assert (classes[mirror].mean, classes[mirror].spread) == (-classes[of].mean, classes[of].spread)


def written(path: Path, text: str) -> Path:
    path.write_text(HEAD + text)
    return path


def test_entry_is_read_to_the_last_key(tmp_path: Path) -> None:
    evidence = read_evidence(
        written(
            tmp_path / "e.toml",
            '[[factor]]\nfeature = "escalated"\nasserted = "++"\ndenied = "-"\nsource = "s"\nremark = "r"\n'
            '[[factor]]\nfeature = "prior_reports"\nclass = "++"\nbetween = [0, 3]\nsource = "t"\n',
        )
    )
    flag, number = evidence.factors["escalated"], evidence.factors["prior_reports"]
    assert (flag.asserted, flag.denied, flag.between, flag.source) == ("++", "-", None, "s")
    assert (number.asserted, number.between) == ("++", (0.0, 3.0))
    assert (evidence.base_rate.mean, evidence.name) == (-5.0, "e")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('feature = "height"\nasserted = "++"\nsource = "s"', "no such feature"),
        ('feature = "escalated"\nasserted = "++"', "no source"),
        ('feature = "escalated"\nasserted = "+++"\nsource = "s"', "no such entry"),
        ('feature = "escalated"\nsource = "s"', "no such entry"),
        ('feature = "escalated"\nasserted = "++"\npoints = 3\nsource = "s"', "points has no place"),
        ('feature = "escalated"\nasserted = "-"\nsource = "s"', "against the direction"),
        ('feature = "escalated"\nasserted = "++"\ndenied = "++"\nsource = "s"', "against the direction"),
        ('feature = "person_reported"\nasserted = "++"\ndenied = "-"\nsource = "s"', "never be denied"),
        ('feature = "prior_reports"\nasserted = "++"\nsource = "s"', "no such entry"),
        ('feature = "prior_reports"\nclass = "++"\nbetween = [3, 3]\nsource = "s"', "ascending"),
        ('feature = "prior_reports"\nclass = "++"\nbetween = [0]\nsource = "s"', "no such entry"),
        ('feature = "days_since_contact"\nclass = "++"\nbetween = [1, 60]\nsource = "s"', "direction"),
    ],
)
def test_entry_that_cannot_be_right_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(InputRefusedError, match=message):
        read_evidence(written(tmp_path / "e.toml", f"[[factor]]\n{entry}\n"))


def test_feature_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="twice"):
        read_evidence(written(tmp_path / "e.toml", ENTRY * 2))


@pytest.mark.parametrize(
    "text",
    [
        "kind = ",
        'kind = "scorecard"',
        'kind = "evidence"\n',
        HEAD.replace('"none"', '"nothing"'),
        HEAD.replace("spread = 0.5", "spread = 0"),
        HEAD.replace("mean = 1.6", "mean = 4.4"),  # an odds ratio of 81 is not to be believed
        HEAD.replace("mean = 1.6", "mean = nan"),
        HEAD.replace("mean = -5", "mean = true"),
    ],
)
def test_file_that_cannot_be_right_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "e.toml").write_text(text + ENTRY)
    with pytest.raises(InputRefusedError):
        read_evidence(tmp_path / "e.toml")
