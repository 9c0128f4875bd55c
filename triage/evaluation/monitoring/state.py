"""Whether a model may be used: use, watch, do not use, and by which rules."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError
from triage.evaluation.monitoring.alarm import CalibrationAlarm, DriftAlarm
from triage.evaluation.monitoring.stored import LONGEST_TEXT, read_object, write_object

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from triage.evaluation.monitoring.reference import Reference

KIND, VERSION = "monitoring state", 1
USE, WATCH, STOP = "use", "watch", "do not use"
STATES = (USE, WATCH, STOP)
LOWEST_RATIO, HIGHEST_RATIO = 0.5, 2.0
DIGEST = 8
# Batches and reasons that are remembered: the latest batches, and the reasons that came first.
MOST_BATCHES, MOST_REASONS = 5_000, 100


@dataclass(frozen=True)
class Rule:
    """One rule of the table.

    Parameters
    ----------
    name : str
        Of the rule.
    state : str
        What it leads to.
    when : str
        When it holds.
    then : str
        What to do next.
    """

    name: str
    state: str
    when: str
    then: str


CALIBRATION_RULE = Rule(
    "calibration",
    STOP,
    "the calibration alarm has sounded",
    "show no probabilities and promise nothing that rests on them; look at which periods and sources moved, "
    "recalibrate or train on later outcomes, evaluate on outcomes later still, then pin a new reference",
)
TOP_RULE = Rule(
    "top of the list",
    STOP,
    f"the whole interval for observed over expected among the first of the list lies below {LOWEST_RATIO:g} "
    f"or above {HIGHEST_RATIO:g}",
    CALIBRATION_RULE.then,
)
DRIFT_RULE = Rule(
    "drift",
    WATCH,
    "the drift alarm has sounded",
    "find out whether the reports changed or only how they are read; evaluate by period on the latest "
    "outcomes; pin a new reference once the model is found fit for the new reports",
)
COLUMN_RULE = Rule(
    "missing column",
    WATCH,
    "a column of the reference is not in the batch",
    "find out where the column went; without it the score may rest on less than it was evaluated with",
)
RULES = (CALIBRATION_RULE, TOP_RULE, DRIFT_RULE, COLUMN_RULE)


@dataclass(frozen=True)
class MonitorState:
    """What is remembered from batch to batch, under one reference.

    It only ever gets worse: a batch that looks well again takes nothing back. A new reference, pinned once
    the model was found fit, begins a new state.

    Parameters
    ----------
    reference : str
        Id of the reference.
    state : str
        ``use``, ``watch`` or ``do not use``.
    since : str
        When it came to that; empty at the start.
    reasons : tuple of str
        Why, oldest first.
    calibration : CalibrationAlarm
        Over all outcomes so far.
    drift : DriftAlarm
        Over all batches so far.
    batches : tuple of str
        Hashes of the batches looked at, so that none is looked at twice.
    counted : bytes
        Eight bytes for each case whose outcome was counted, a keyed hash of its id, so that none is counted
        twice.
    """

    reference: str
    state: str = USE
    since: str = ""
    reasons: tuple[str, ...] = ()
    calibration: CalibrationAlarm = field(default_factory=CalibrationAlarm)
    drift: DriftAlarm = field(default_factory=DriftAlarm)
    batches: tuple[str, ...] = ()
    counted: bytes = b""

    @classmethod
    def start(cls, reference: Reference, *, alpha: float = 0.05, tolerance: float = 0.1) -> MonitorState:
        """Return the state before the first batch.

        Parameters
        ----------
        reference : Reference
            What batches are compared with.
        alpha : float
            Bound on the probability that the calibration alarm ever sounds falsely, and on that of the drift
            alarm: on either.
        tolerance : float
            Of the calibration alarm, on the logit scale.
        """
        centre = min(max(reference.probability, 1e-4), 1 - 1e-4) if reference.probability else 0.01
        alarm = CalibrationAlarm(alpha=alpha, tolerance=tolerance, centre=centre)
        return cls(reference.id, calibration=alarm, drift=DriftAlarm(alpha=alpha))

    def apply(self, findings: Iterable[tuple[Rule, str]], at: str = "") -> MonitorState:
        """Return the state after some rules were found to hold, each with what was found."""
        found = [(rule, f"{rule.when}: {what}"[:LONGEST_TEXT]) for rule, what in findings]
        reasons = dict.fromkeys([*self.reasons, *(reason for _, reason in found)])
        worst = max([self.state, *(rule.state for rule, _ in found)], key=STATES.index)
        since = self.since if worst == self.state else at
        return replace(self, state=worst, since=since, reasons=tuple(reasons)[:MOST_REASONS])

    @property
    def next_steps(self) -> tuple[str, ...]:
        """What to do next, from the rules that led here."""
        steps = [rule.then for rule in RULES if any(text.startswith(rule.when) for text in self.reasons)]
        return tuple(dict.fromkeys(steps))

    def as_dict(self) -> dict[str, Any]:
        """Return the state as values that JSON can hold, without the cases counted."""
        return {
            "reference": self.reference,
            "state": self.state,
            "since": self.since,
            "reasons": list(self.reasons),
            "next": list(self.next_steps),
            "calibration": self.calibration.as_dict(),
            "drift": self.drift.as_dict(),
            "batches": list(self.batches),
        }

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all, over an older one."""
        counted = base64.b64encode(self.counted).decode()
        write_object(path, KIND, VERSION, self.as_dict() | {"counted": counted}, force=path.exists())

    @classmethod
    def load(cls, path: Path, reference: Reference) -> MonitorState:
        """Read it.

        Raises
        ------
        InputRefusedError
            There is no such file, it is not as it was written, or belongs to another reference.
        """
        read = read_object(path, KIND, VERSION)
        state, counted = read.text("state"), read.bytes("counted")
        if state not in STATES or len(counted) % DIGEST:
            raise InputRefusedError(
                "an entry that cannot be", where=str(path), expected="the state as it was written"
            )
        if read.text("reference") != reference.id:
            raise InputRefusedError(
                "the state of another reference",
                where=str(path),
                expected=f"reference {reference.id}",
                mend="give the reference that the state began with, or begin a new state in another file",
            )
        calibration = CalibrationAlarm.from_dict(read.inner("calibration"))
        drift = DriftAlarm.from_dict(read.inner("drift"))
        if (calibration.sounded and state != STOP) or (drift.sounded and state == USE):
            raise InputRefusedError(
                f"the state '{state}' although an alarm has sounded",
                where=str(path),
                expected="the state as it was written",
                mend="take the last state that no one has edited, or begin a new one",
            )
        return cls(
            reference.id,
            state,
            read.text("since"),
            read.texts("reasons"),
            calibration,
            drift,
            read.texts("batches"),
            counted,
        )
