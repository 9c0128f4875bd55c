"""Ranking: one number a version, so that the largest is opened first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.errors import InputRefusedError
from triage.lab.engine.learning import learn_order
from triage.lab.stream import DAY
from triage.lab.ways import ARRIVAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.engine.learning import Learned
    from triage.lab.stream import Stream
    from triage.lab.ways import Way

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LOWEST = -np.inf


class Ranking:
    """The order of a way of working.

    Parameters
    ----------
    stream : Stream
        With the score that the way asks for.
    way : Way
        Its order and its ageing.

    Raises
    ------
    InputRefusedError
        The stream does not have the score.
    """

    def __init__(self, stream: Stream, way: Way) -> None:
        self._stream, self._way = stream, way
        self._learned: Learned | None = None
        self._seen: Floats | None = None
        self._scores: Floats | None = None
        if way.order != ARRIVAL:
            if way.order not in stream.versions.scores:
                raise InputRefusedError(
                    f"no score {way.order[:60]!r}",
                    where=f"stream of {stream.world}",
                    expected=", ".join(sorted(stream.versions.scores)) or "at least one score",
                    mend="make the stream with this model",
                )
            self._scores = stream.versions.scores[way.order]

    def score(self, versions: Ints) -> Floats:
        """Return the score while each version holds; the lowest where there is none, all equal by arrival."""
        if self._scores is None:
            return np.zeros(len(versions))
        if self._learned is not None:
            return self._learned.score(self._stream.versions, self._scores, versions)
        score = self._scores[versions]
        return np.where(np.isnan(score), LOWEST, score)

    def key(self, versions: Ints) -> Floats:
        r"""Return the number by which versions are ordered, the largest first.

        With ageing it is :math:`-\log_{10}` of the share of the cases seen so far that stand as high or
        higher, less the days from the start of the period to the first report over the days of ageing. What
        waiting adds to all alike need not be in it, so it stays the same while time goes on.
        """
        score = self.score(versions)
        if self._seen is None:
            return score
        above = len(self._seen) - np.searchsorted(self._seen, score, side="left")
        place = -np.log10((above + 1) / (len(self._seen) + 1))
        arrival = self._stream.arrival[self._stream.versions.case[versions]]
        age = (arrival - self._stream.start) / DAY / self._way.ageing_days
        return np.asarray(place - age)

    def look_back(self, versions: Ints) -> bool:
        """Take the versions that hold now as those seen so far; return whether keys have changed."""
        if not self._way.ageing_days or not len(versions):
            return False
        self._seen = np.sort(self.score(versions))
        return True

    def learn(self, versions: Ints, label: Ints, inclusion: Floats) -> bool:
        """Learn the order again from opened cases; return whether there was enough to learn from."""
        if self._scores is None:
            return False
        weight = 1.0 / inclusion if self._way.learn_weighted else np.ones(len(label))
        learned = learn_order(self._stream.versions, self._scores, versions, label, weight)
        self._learned = learned or self._learned
        return learned is not None
