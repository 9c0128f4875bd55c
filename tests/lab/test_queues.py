"""The engine against the formulas of queues, which know nothing of it."""

from math import factorial

import numpy as np
import pytest
from scipy import stats

from triage.lab.engine import simulate
from triage.worklist.order import ESCALATED, RANKED

PER_DAY = 200.0
A_HOUR = PER_DAY / 24
BATCHES = 20


def mean_within(values, formula):
    """Batch means: whether a formula lies in the interval of 99.8 percent, and how wide that is."""
    batches = np.array([part.mean() for part in np.array_split(values[len(values) // 20 :], BATCHES)])
    half = stats.t.ppf(0.999, BATCHES - 1) * batches.std(ddof=1) / np.sqrt(BATCHES)
    return abs(batches.mean() - formula) <= half, half / formula


def wait(stream, trace):
    return (trace.opened_at - stream.arrival)[~np.isnan(trace.opened_at)] / 3_600


def stay(stream, trace, of):
    return (trace.ended_at - stream.arrival)[~np.isnan(trace.ended_at) & of] / 3_600


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_one_clerk_with_exponential_work_waits_as_in_m_m_1(poisson_stream, clerks, even_work, load):
    stream = poisson_stream(40_000, per_day=PER_DAY, seed=5)
    hours = load / A_HOUR
    trace = simulate(stream, "arrival", clerks(1), even_work(hours))
    close, width = mean_within(wait(stream, trace), load / (1 - load) * hours)
    assert close
    assert width < 0.25


def test_several_clerks_wait_as_erlang_c_says(poisson_stream, clerks, even_work):
    stream = poisson_stream(60_000, per_day=PER_DAY, seed=6)
    servers, load = 4, 0.75
    hours = load * servers / A_HOUR
    offered = servers * load
    last = offered**servers / factorial(servers) / (1 - load)
    waits = last / (sum(offered**k / factorial(k) for k in range(servers)) + last)
    trace = simulate(stream, "arrival", clerks(servers), even_work(hours))
    close, width = mean_within(wait(stream, trace), waits * hours / (servers * (1 - load)))
    assert close
    assert width < 0.25


@pytest.mark.parametrize(("law", "spread"), [("lognormal", 1.0), ("fixed", 0.0)])
def test_one_clerk_waits_as_pollaczek_and_khinchine_say(poisson_stream, clerks, even_work, law, spread):
    stream = poisson_stream(40_000, per_day=PER_DAY, seed=7)
    hours = 0.7 / A_HOUR
    trace = simulate(stream, "arrival", clerks(1), even_work(hours, law, spread))
    formula = A_HOUR * hours**2 * (1 + spread**2) / (2 * (1 - 0.7))
    close, width = mean_within(wait(stream, trace), formula)
    assert close
    assert width < 0.25


def two_classes(poisson_stream, share=0.4, load=0.8):
    first = np.random.default_rng(1).random(60_000) < share
    lane = np.where(first, ESCALATED, RANKED)
    stream = poisson_stream(60_000, per_day=PER_DAY, seed=8, lane=lane)
    return stream, first, load / A_HOUR, share * load, load


def test_priority_without_interruption_waits_as_cobham_says(poisson_stream, clerks, even_work):
    stream, first, hours, load_first, load = two_classes(poisson_stream)
    trace = simulate(stream, "arrival", clerks(1), even_work(hours))
    left = A_HOUR * 2 * hours**2 / 2
    waited = (trace.opened_at - stream.arrival) / 3_600
    opened = ~np.isnan(waited)
    for of, formula in (
        (first, left / (1 - load_first)),
        (~first, left / ((1 - load_first) * (1 - load))),
    ):
        close, width = mean_within(waited[of & opened], formula)
        assert close
        assert width < 0.25
    assert not trace.interruptions.any()


def test_priority_with_interruption_stays_as_preemptive_resume_says(poisson_stream, clerks, even_work):
    stream, first, hours, load_first, load = two_classes(poisson_stream)
    trace = simulate(stream, "arrival", clerks(1, interrupt=True), even_work(hours))
    left = A_HOUR * hours**2
    for of, formula in (
        (first, hours / (1 - load_first)),
        (~first, hours / (1 - load_first) + left / ((1 - load_first) * (1 - load))),
    ):
        close, width = mean_within(stay(stream, trace, of), formula)
        assert close
        assert width < 0.25
    assert trace.interruptions[~first].sum() > 1_000
    assert not trace.interruptions[first].any()


def test_a_score_divides_the_ranked_into_classes_too(poisson_stream, clerks, even_work):
    stream, first, hours, load_first, _ = two_classes(poisson_stream)
    case = stream.versions.case
    stream.versions.lane[:] = RANKED
    stream.versions.imminence[:] = -1
    stream.versions.scores["expert"][:] = first[case]
    trace = simulate(stream, "expert", clerks(1), even_work(hours))
    waited = (trace.opened_at - stream.arrival) / 3_600
    close, _ = mean_within(waited[first & ~np.isnan(waited)], A_HOUR * hours**2 / (1 - load_first))
    assert close
