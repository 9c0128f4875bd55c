"""Who is abroad: by lot, because no world tells the country of a child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.lab.stream import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.lab.stream import Stream
    from triage.lab.work import Referral

    Floats = NDArray[np.float64]

_ABROAD = 0xAB20AD


def find_abroad(stream: Stream, referral: Referral) -> Floats:
    """Return from when on each case is known to be abroad, in seconds since 1970; infinite where it is not.

    The lot falls person by person, and on the same persons under every way of working; a greater share adds
    persons and takes none out.
    """
    person = stream.truth.person
    rng = np.random.default_rng([stream.seed, stream.draw, _ABROAD])
    drawn = rng.random(int(person.max(initial=-1)) + 1)[person] < referral.abroad
    return np.where(drawn, stream.arrival + referral.known_days * DAY, np.inf)
