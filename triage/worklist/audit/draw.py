"""Audit slots: ranked cases from below the cut, drawn by lot, to be opened like any other."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from triage.worklist.policy import Audit, Tier

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Lottery = Callable[[str], int]

_LOT_BYTES = 8
_LONGEST_KEY = hashlib.blake2b.MAX_KEY_SIZE


class Stratum(NamedTuple):
    """Cases below the cut that all have the same chance, `slots` in `cases`."""

    cases: int
    slots: int


@dataclass(frozen=True)
class Draw:
    """What the lottery chose.

    Parameters
    ----------
    chosen : array of int, shape (n_slots,)
        Places of the drawn cases among the ranked ones, from 0, in the order of their lots.
    probability : array of float, shape (n_ranked,)
        The chance with which this list chooses each ranked case: 1 above the cut, that of the lottery below
        it, and 0 for cases that an earlier list chose. With these they add up to the ranked cases that can
        be opened.
    strata : tuple of Stratum
        From the cut downwards; together they are all cases below it that no earlier list drew.
    opened : int
        Ranked cases that can be opened, the drawn ones included.
    first : int
        The first place among the ranked ones, from 0, that a drawn case may take.
    held : array of int, shape (n_held,)
        Places of cases below the cut that an earlier list drew and nobody has opened yet.
    """

    chosen: Ints
    probability: Floats
    strata: tuple[Stratum, ...]
    opened: int
    first: int
    held: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def above(self) -> int:
        """Ranked cases that are opened by their place in the order."""
        return self.opened - len(self.chosen) - len(self.held)

    @property
    def slots(self) -> Ints:
        """Places of all cases that hold a slot."""
        return np.concatenate([self.chosen, self.held])

    def describe(self, score: Floats) -> dict[str, Any]:
        """Return what a record needs to tell later what chance a case would have had on this list.

        Parameters
        ----------
        score : array of float, shape (n_ranked,)
            Of the ranked cases, in order.

        Returns
        -------
        dict
            ``above``, the cases that are opened by their place, ``above_score``, the last of their scores,
            and ``strata``: of each the places ``from`` and ``to``, from 1, its last ``score``, ``cases`` and
            ``slots``.
        """
        free = np.setdiff1d(np.arange(self.above, len(self.probability)), self.held)
        lasts = free[np.cumsum([stratum.cases for stratum in self.strata], dtype=int) - 1].tolist()
        starts = [self.above, *(last + 1 for last in lasts)]
        return {
            "above": self.above,
            "above_score": float(score[self.above - 1]) if self.above else None,
            "strata": [
                {"from": start + 1, "to": last + 1, "score": float(score[last]), **stratum._asdict()}
                for start, last, stratum in zip(starts, lasts, self.strata, strict=False)
            ],
        }


def make_lottery(secret: bytes, batch: str) -> Lottery:
    """Return the lottery of a list: a keyed hash that gives every text a lot from 0 to 2**64 - 1.

    The same secret and batch give the same lots, in whatever order they are asked for. Lots do not depend on
    any other keyed hash of the list, such as the one that breaks ties: a case would else be drawn because of
    its place.

    Parameters
    ----------
    secret : bytes
        The agency's key. Whoever knows it knows beforehand who will be drawn.
    batch : str
        What tells this list from others, such as the digest of its batch.

    Examples
    --------
    >>> lots = make_lottery(bytes(16), "monday")
    >>> lots("a") == make_lottery(bytes(16), "monday")("a") != make_lottery(bytes(16), "tuesday")("a")
    True
    """
    key = hashlib.blake2b(secret, person=b"triage audit").digest()[:_LONGEST_KEY]
    seed = hashlib.blake2b(batch.encode(), key=key).digest()

    def draw(text: str) -> int:
        return int.from_bytes(
            hashlib.blake2b(text.encode(), digest_size=_LOT_BYTES, key=seed).digest(), "big"
        )

    return draw


def draw_audit(
    cases: Sequence[str],
    capacity: int,
    audit: Audit,
    lottery: Lottery,
    *,
    tiers: Sequence[Tier],
    ahead: int = 0,
    held: Collection[str] = (),
) -> Draw:
    """Draw the audit slots among the ranked cases below the cut.

    As many slots as the share of the capacity, rounded up, are taken out of the capacity, but at most half of
    the places that the cases ahead leave to the ranked ones. The cases below the cut fall into strata by
    their place on the list. Each stratum gets a slot, and the others go by the weights of the cases in it
    (Sainte-Laguë); neighbours are joined where one would go without, or a deeper one would be denser, so that
    every case has a chance and the chance never grows down the list. In a stratum of N cases the n smallest
    lots are drawn: a simple random sample without replacement, in which each case has the chance n / N.

    A case that an earlier list drew keeps its slot until it is opened, and only the free slots are drawn: a
    list every morning would else draw a month's share every morning.

    Parameters
    ----------
    cases : sequence of str
        The ranked cases, in order.
    capacity : int
        Cases that can be opened, those ahead of the ranked ones included.
    audit : Audit
        Share of the capacity, first tier and strata of the policy; the last stratum takes all that is left.
    lottery : callable
        Gives each text a lot (`make_lottery`).
    tiers : sequence of Tier
        The deadlines of the policy, in order.
    ahead : int
        Cases on the list before the ranked ones.
    held : collection of str
        Cases that hold a slot of an earlier list. Those that now stand above the cut need none.

    Returns
    -------
    Draw
        Without a slot where nothing lies below the cut or no place is left.

    References
    ----------
    Särndal, Swensson, Wretman (1992), Model Assisted Survey Sampling, section 3.7. The n smallest of N
    random numbers are a simple random sample: Fan, Muller, Rezucha (1962), JASA 57, 387-402.
    """
    opened = min(max(capacity - ahead, 0), len(cases))
    first = max(first_place(tiers, capacity, audit.first_tier) - 1 - ahead, 0)
    # What escalates takes its places first; of the few that may be left the score keeps at least half.
    slots = min(math.ceil(Fraction(str(audit.share)) * capacity), max(opened - first, 0), opened // 2)
    if opened == len(cases):
        slots = 0
    above = opened - slots
    kept = [place for place in range(above, len(cases)) if cases[place] in held][:slots]
    free = np.setdiff1d(np.arange(above, len(cases)), kept)
    probability = np.zeros(len(cases))
    probability[:above] = 1.0
    held_places = np.array(kept, dtype=np.int64)
    if slots == len(kept) or not len(free):
        return Draw(np.zeros(0, dtype=np.int64), probability, (), opened, first, held_places)
    sizes = _sizes(free, len(cases), [reach * capacity - ahead for reach, _ in audit.strata])
    weights = [weight * size for (_, weight), size in zip(audit.strata, sizes, strict=True)]
    strata = _pool(sizes, _share_out(min(slots - len(kept), len(free)), sizes, weights))
    chosen: list[tuple[int, str, int]] = []
    start = 0
    for stratum in strata:
        places = free[start : start + stratum.cases]
        lots = sorted((lottery(cases[place]), cases[place], place) for place in places.tolist())
        chosen += lots[: stratum.slots]
        probability[places] = stratum.slots / stratum.cases
        start += stratum.cases
    drawn = np.array([place for *_, place in sorted(chosen)], dtype=np.int64)
    return Draw(drawn, probability, strata, opened, first, held_places)


def no_draw(count: int, room: int) -> Draw:
    """Return the draw of a list that has no lottery: so many ranked cases, of which so many can be opened."""
    opened = min(max(room, 0), count)
    probability = (np.arange(count) < opened).astype(np.float64)
    return Draw(np.zeros(0, dtype=np.int64), probability, (), opened, 0)


def place_audit(draw: Draw, lottery: Lottery) -> Ints:
    """Give the drawn cases places by lot among those that other cases have.

    The others keep their order. No drawn case stands before the first tier that the policy names.

    Parameters
    ----------
    draw : Draw
        What was drawn.
    lottery : callable
        The same as for the draw.

    Returns
    -------
    array of int, shape (n_ranked,)
        For each place among the ranked ones, the place from 0 that its case has by the order alone.
    """
    count = len(draw.probability)
    # No case has a name with a blank in it.
    by_lot = sorted(range(draw.first, draw.opened), key=lambda place: (lottery(f"place {place}"), place))
    order = np.full(count, -1, dtype=np.int64)
    # Sorted, so that the list stays the same when it is made again and the drawn cases are the held ones.
    order[by_lot[: len(draw.slots)]] = np.sort(draw.slots)
    order[order < 0] = np.setdiff1d(np.arange(count), draw.slots)
    return order


def first_place(tiers: Sequence[Tier], capacity: int, tier: int) -> int:
    """Return the first place on the list, from 1, that lies in a tier or behind it.

    Examples
    --------
    >>> from triage.worklist.policy import Tier
    >>> first_place([Tier(1, 1), Tier(2, 7), Tier(3, 14), Tier(4, 30)], capacity=30, tier=3)
    8
    """
    before = [one.days for one in tiers if one.number < tier]
    return max(before, default=0) * capacity // tiers[-1].days + 1


def _sizes(free: Ints, count: int, reaches: Sequence[float]) -> list[int]:
    """Count the cases of each stratum by their places; the last takes all that are left."""
    edges = [0, *(int(min(max(reach, 0), count)) for reach in reaches[:-1]), count]
    return [int(size) for size in np.diff(np.searchsorted(free, edges))]


def _share_out(slots: int, sizes: Sequence[int], weights: Sequence[float]) -> list[int]:
    """Share slots out: one to each from the cut downwards, then to whoever has least for its weight."""
    given = [0] * len(sizes)
    for _ in range(slots):
        claims = [
            -1.0 if has >= size else weight / (2 * has + 1) if has else math.inf
            for weight, has, size in zip(weights, given, sizes, strict=True)
        ]
        given[claims.index(max(claims))] += 1
    return given


def _pool(sizes: Sequence[int], slots: Sequence[int]) -> tuple[Stratum, ...]:
    """Join neighbours until each has a slot and none is denser than the one above it."""
    pooled: list[Stratum] = []
    for stratum in map(Stratum, sizes, slots):
        if not stratum.cases:
            continue
        pooled.append(stratum)
        while len(pooled) > 1 and _disturbs(pooled[-2], pooled[-1]):
            deeper, upper = pooled.pop(), pooled.pop()
            pooled.append(Stratum(upper.cases + deeper.cases, upper.slots + deeper.slots))
    return tuple(pooled)


def _disturbs(upper: Stratum, deeper: Stratum) -> bool:
    return deeper.slots == 0 or deeper.slots * upper.cases > upper.slots * deeper.cases
