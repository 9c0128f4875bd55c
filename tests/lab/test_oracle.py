"""With scores that are made anew while cases wait, no order that an agency has beats the oracle's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel

from triage.lab.engine import simulate
from triage.lab.staff import load_staff
from triage.lab.streaming import make_stream
from triage.lab.work import load_work
from triage.scoring.loading import load_model
from triage.worlds import load_world

CASES, SEEDS = 3_000, range(5)
MODELS = ("expert", "nl-2017/additive")
OFF = "+escalation=off"


@pytest.fixture(scope="module")
def reached():
    """Children reached, one row a seed; the prophet orders by the days of abuse that are left in truth."""
    models = {name: load_model(name) for name in MODELS}
    staff, work = load_staff("nl-2017").scaled(CASES / 18_105), load_work()
    found = {name: [] for name in ("arrival", *MODELS, "oracle", "prophet")}
    for seed in SEEDS:
        stream = make_stream(load_world("nl-2017"), CASES, seed, models=models)
        versions, truth = stream.versions, stream.truth
        goes_on = truth.onset[versions.case] <= versions.at
        left = np.nan_to_num(np.where(goes_on, np.fmax(truth.end[versions.case] - versions.at, 0.0), 0.0))
        scores = {**versions.scores, "prophet": left}
        stream = replace(stream, versions=replace(versions, scores=scores))
        for name, counts in found.items():
            trace = simulate(stream, name + OFF, staff, work)
            counts.append(len(set(truth.person[np.isfinite(trace.reached_at)].tolist())))
    return found


@pytest.mark.parametrize("order", ["arrival", *MODELS])
def test_no_order_without_the_truth_beats_the_oracle_beyond_noise(reached, order):
    beats = ttest_rel(reached[order], reached["oracle"], alternative="greater")
    assert not beats.pvalue < 0.01


def test_an_order_that_knows_the_truth_does_beat_it(reached):
    assert ttest_rel(reached["prophet"], reached["oracle"], alternative="greater").pvalue < 0.01


def test_the_oracle_beats_the_order_of_arrival(reached):
    assert ttest_rel(reached["oracle"], reached["arrival"], alternative="greater").pvalue < 0.01
