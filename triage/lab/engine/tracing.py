"""Make the trace of a run that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.engine.cases import ENDED
from triage.lab.engine.downstream import prosecute
from triage.lab.trace import NEVER_OPENED, OPEN, Trace

if TYPE_CHECKING:
    from triage.lab.engine.simulate import Run


def make_trace(run: Run) -> Trace:
    """Return what happened in a run.

    Parameters
    ----------
    run : Run
        At the end of its period.
    """
    cases = run.cases
    opened, ended = ~np.isnan(cases.opened_at), cases.state == ENDED
    label = np.where(ended, cases.label, np.where(opened, OPEN, NEVER_OPENED))
    chance = np.array([*run.work.prosecuted, 0.0, 0.0])[label]
    sent_at = np.where(run.stream.luck[:, 3] < chance, cases.ended_at, np.nan)
    return Trace(
        way=run.name,
        staff=run.staff.name,
        opened_at=cases.opened_at,
        ended_at=cases.ended_at,
        label=label.astype(np.int64),
        reached_at=run.findings.reached_at(),
        hours=cases.hours,
        unit=cases.unit,
        interruptions=cases.interruptions,
        audit=cases.drawn,
        inclusion=np.where(opened & ~cases.drawn, 1.0, -np.expm1(cases.spared)),
        due_at=np.where(np.isinf(cases.due_at), np.nan, cases.due_at),
        referred_at=cases.referred_at,
        disposed_at=cases.disposed_at,
        prosecuted_at=prosecute(sent_at, run.staff.prosecution, run.stream.start, run.end),
        pool_at=np.array(run.pool_at),
        pool_size=np.array(run.pool_size, dtype=np.int64),
    )
