"""Which numbers are withheld, so that no small number can be worked out from those that are shown."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from triage.evaluation.groups.attributes import Partition
    from triage.evaluation.inputs import FloatArray

    BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Structure:
    """How groups lie in one another, whatever the number of cases in them.

    Parameters
    ----------
    overlap : array of shape (groups + 1, groups + 1)
        How many atoms two groups share; the last group is all cases.
    partition : array of shape (groups,)
        Which partition a group belongs to.
    lines : tuple of (int, array)
        A group (the last is all cases), and groups that share out its cases.
    """

    overlap: FloatArray
    partition: NDArray[np.int64]
    lines: tuple[tuple[int, NDArray[np.int64]], ...]


@dataclass(frozen=True, eq=False)
class Withheld:
    """Which counts of which groups are not shown.

    Parameters
    ----------
    cases, positives : array of bool, shape (groups,)
        Cases of the group, and those with current abuse.
    opened, found : array of bool, shape (capacities, groups)
        Opened cases of the group, and those of them with current abuse.
    """

    cases: BoolArray
    positives: BoolArray
    opened: BoolArray
    found: BoolArray


def read_structure(partitions: tuple[Partition, ...], members: csr_array) -> Structure:
    """Return which groups share out which."""
    within = (members @ members.T).toarray()
    size = np.diag(within)
    overlap = np.block([[within, size[:, None]], [size[None, :], np.array([[float(members.shape[1])]])]])
    starts = np.cumsum([0, *(len(one.labels) for one in partitions)])
    spans = [np.arange(start, end) for start, end in itertools.pairwise(starts)]
    lines = [(len(overlap) - 1, span) for span in spans]
    for inner, span in zip(partitions, spans, strict=True):
        for outer, parents in zip(partitions, spans, strict=True):
            if set(outer.attributes) < set(inner.attributes):
                lines += [(int(one), span[overlap[one, span] > 0]) for one in parents]
    place = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
    return Structure(overlap, place, tuple(lines))


def choose_withheld(
    structure: Structure,
    cases: FloatArray,
    positives: FloatArray,
    *,
    opened: FloatArray,
    found: FloatArray,
    smallest: int,
) -> Withheld:
    r"""Choose which counts are withheld: the small ones, and others from which they could be worked out.

    A count below `smallest` is small. The numbers of the whole list are taken as known. Then, for cases,
    for cases with current abuse, and for opened cases at each capacity,

    1. *Lines.* Where groups share out a whole that is shown (all cases; or a value whose crossings are
       shown), the sum of what is withheld among them can be worked out. So that it gives nothing away, at
       least one large count is withheld with the small ones, namely that of the group with the fewest
       cases, until the sum is at least `smallest` times one more than there are large ones. Small counts
       alone may stand together where their sum is neither below `smallest` nor near the most it can be.
    2. *Sums and differences of any kind.* What is shown spans a linear space; while a small count lies in
       it, another one is withheld. This also finds attributes that refine each other and chains through
       several crossings.
    3. *Found cases* link the two: they are part of the cases with current abuse and part of the opened
       ones. They are withheld where both are small, and where they would leave fewer than `smallest`
       missed (or needlessly opened) cases to the withheld groups of a line together, or would say that a
       small count is one below `smallest`.

    Which other count is withheld is decided by the number of cases in the groups, never by the small counts
    themselves, and equal numbers are withheld together; so the choice does not depend on names.

    Parameters
    ----------
    structure : Structure
        From `read_structure`.
    cases, positives : array of shape (groups,)
        Rows, never weighted; at ties the expected number.
    opened, found : array of shape (capacities, groups)
        The same at each capacity.
    smallest : int
        0 or 1: nothing is withheld.

    Notes
    -----
    A small count (cases, with current abuse, opened) does not follow from the numbers of an audit and the
    totals of the list: over all lists of few cases, tested one by one, at least two values remain possible
    (a total of 0 says that each part is 0, and nothing helps against that). Who also reruns this rule on
    every possible list could tell 1 to 4 % of the small counts of lists as small as that (at most 9 with
    current abuse and 9 opened, `smallest` 2 or 3), mostly where all that is opened has current abuse or all
    that have it are found. It does not protect against somebody who knows all cases of a group but one, nor
    against two audits of lists that differ in few cases, nor where nearly all cases of a group have current
    abuse or are opened, so that their number alone is telling.

    References
    ----------
    Hundepool, A., et al. (2012). Statistical Disclosure Control. Wiley, chapters 4 and 5.
    """
    if smallest <= 1:
        nothing = np.zeros_like(opened, dtype=np.bool_)
        return Withheld(nothing[0], nothing[0], nothing, nothing)
    of_cases = _complete(structure, _Secret(cases < smallest, cases, cases, smallest))
    of_positives = _complete(structure, _Secret(positives < smallest, positives, cases, smallest))
    of_opened = np.array(
        [_complete(structure, _Secret(one < smallest, one, cases, smallest)) for one in opened]
    )
    linked = np.zeros(len(cases), dtype=np.bool_)
    for at, k in enumerate(opened):
        linked |= _telling(structure, of_positives, positives, found[at], smallest=smallest)
        linked |= _telling(structure, of_opened[at], k, found[at], smallest=smallest)
    both = [linked | ((positives < smallest) & (k < smallest)) for k in opened]
    of_found = np.array(
        [_complete(structure, _Secret(one, found[at], cases, 0)) for at, one in enumerate(both)]
    )
    return Withheld(of_cases, of_positives, of_opened, of_found)


@dataclass(frozen=True, eq=False)
class _Secret:
    """Which counts are small, the counts, the cases of the groups, and the bound (0: company is enough)."""

    small: BoolArray
    count: FloatArray
    cases: FloatArray
    smallest: int

    def ambiguous(self, withheld: NDArray[np.int64]) -> bool:
        """Whether these counts, withheld together, leave open what the small ones are."""
        total, few = self.count[withheld].sum(), np.count_nonzero(self.small[withheld])
        large = len(withheld) - few
        if large:
            return bool(total >= self.smallest * (large + 1))
        most = few * (self.smallest - 1) - self.smallest // 2
        return self.smallest > 0 and bool(self.smallest <= total <= most)


def _complete(structure: Structure, secret: _Secret) -> BoolArray:
    """Withhold more until no small count can be worked out."""
    hidden = secret.small.copy()
    while True:
        before = hidden.copy()
        for parent, line in structure.lines:
            if parent == len(hidden) or not hidden[parent]:
                _complete_line(line, hidden, secret)
        if np.array_equal(before, hidden) and not _withhold_span(structure, hidden, secret):
            return hidden


def _complete_line(line: NDArray[np.int64], hidden: BoolArray, secret: _Secret) -> None:
    if not (hidden[line] & secret.small[line]).any():
        return
    while not hidden[line].all() and not secret.ambiguous(line[hidden[line]]):
        _withhold_least(line[~hidden[line]], hidden, secret.cases)


def _withhold_least(among: NDArray[np.int64], hidden: BoolArray, cases: FloatArray) -> None:
    hidden[among[cases[among] == cases[among].min()]] = True


def _withhold_span(structure: Structure, hidden: BoolArray, secret: _Secret) -> bool:
    """Withhold one more group where a small count is a sum and difference of shown ones; say whether."""
    small = np.flatnonzero(secret.small)
    if small.size == 0:
        return False
    shown = np.append(np.flatnonzero(~hidden), len(hidden))
    overlap = structure.overlap
    across = overlap[np.ix_(shown, small)]
    # Shown groups often add up to one another; the ridge makes this regular and changes nothing that counts.
    regular = overlap[np.ix_(shown, shown)] + 1e-9 * np.eye(len(shown))
    factor = np.linalg.solve(regular, across)
    left = np.diag(overlap)[small] - np.einsum("ps,ps->s", across, factor)
    for told in np.flatnonzero(left < 1e-6 * np.diag(overlap)[small]):
        used = shown[:-1][np.abs(factor[:-1, told]) > 1e-4]
        beside = used[structure.partition[used] == structure.partition[small[told]]]
        # All cases together are known: where nothing else gives a count away, nothing can be done.
        if used.size:
            _withhold_least(beside if beside.size else used, hidden, secret.cases)
            return True
    return False


def _telling(
    structure: Structure, hidden: BoolArray, count: FloatArray, found: FloatArray, *, smallest: int
) -> BoolArray:
    """Return the small counts about which the found cases of their groups would say too much."""
    small = count < smallest
    told = np.zeros(len(count), dtype=np.bool_)
    for _, line in structure.lines:
        withheld = line[hidden[line]]
        secret = withheld[small[withheld]]
        rest = (count - found)[withheld].sum()
        if secret.size and (rest < smallest or (found[secret] > smallest - 2).any()):
            told[secret] = True
    return told
