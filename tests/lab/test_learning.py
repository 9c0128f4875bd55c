"""What an order is learned from: found yes or no, as the case was known when it was opened, and its chance."""

from dataclasses import replace

import numpy as np
import pytest

from triage.lab.engine import learning, ranking, simulate
from triage.lab.stream import Versions
from triage.lab.trace import NO, UNDETERMINED, YES
from triage.lab.work import Findings


def lived(poisson_stream, clerks, even_work, monkeypatch, way):
    """Live through a stream, and keep what each learning was given."""
    given = []

    def keep(versions, scores, index, label, weight):
        given.append((index.copy(), label.copy(), weight.copy()))
        return learning.learn_order(versions, scores, index, label, weight)

    monkeypatch.setattr(ranking, "learn_order", keep)
    stream = poisson_stream(800, per_day=15.0, seed=3, repeats=2.0, prevalence=0.3)
    work = replace(even_work(20.0), findings=Findings(invented=0.1, undetermined=0.4))
    return stream, simulate(stream, way, clerks(4), work), given


@pytest.mark.parametrize(
    "way", ["noisy+learn=2", "noisy+audit=0.3+learn=2", "noisy+audit=0.3+learn-weighted=2"]
)
def test_only_yes_and_no_teach_as_known_when_opened_and_weighted_where_asked(
    poisson_stream, clerks, even_work, monkeypatch, way
):
    stream, trace, given = lived(poisson_stream, clerks, even_work, monkeypatch, way)
    assert (trace.label == UNDETERMINED).sum() > 10
    assert len(given) > 2
    versions = stream.versions
    for index, label, _ in given:
        assert set(label.tolist()) <= {NO, YES}
        case = versions.case[index]
        latest = [
            np.flatnonzero((versions.case == one) & (versions.at <= trace.opened_at[one]))[-1] for one in case
        ]
        assert index.tolist() == latest
    index, _, weight = given[-1]
    drawn = trace.audit[versions.case[index]]
    assert (weight[~drawn] == 1).all()
    if "weighted" in way:
        assert drawn.any()
        assert (weight[drawn] >= 1).all()
        assert (weight[drawn] > 1).mean() > 0.5
        # A chance goes on to add up over later weeks.
        final = trace.inclusion[versions.case[index]][drawn]
        assert (1 / weight[drawn] <= final + 1e-12).all()
    else:
        assert (weight == 1).all()


def versions_of(identity):
    count = len(identity)
    none = np.zeros(count, dtype=np.int64)
    return Versions(none, none * 1.0, none, none - 1, none, identity, none * np.nan, none > 0, none, {})


@pytest.mark.parametrize(("yes", "no", "learns"), [(10, 10, True), (9, 30, False), (30, 9, False)])
def test_fewer_than_ten_of_either_kind_teach_nothing(yes, no, learns):
    label = np.array([YES] * yes + [NO] * no)
    versions = versions_of(np.zeros(len(label), dtype=np.int64))
    scores = np.arange(len(label)) * 1.0
    learned = learning.learn_order(versions, scores, np.arange(len(label)), label, np.ones(len(label)))
    assert (learned is not None) is learns


def test_cases_that_name_nobody_are_learned_about_apart():
    identity = np.repeat([-1, 2], 40)
    label = np.where((np.arange(80) % 4 == 0) ^ (identity < 0), YES, NO)
    versions = versions_of(identity)
    learned = learning.learn_order(versions, np.zeros(80), np.arange(80), label, np.ones(80))
    score = learned.score(versions, np.zeros(80), np.arange(80))
    assert score[0] > 0 > score[-1]
