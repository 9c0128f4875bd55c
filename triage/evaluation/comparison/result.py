"""What a comparison holds, as values, as a frame and as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.evaluation.comparison.text import write_comparison
from triage.evaluation.figure import NAN, as_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from triage.evaluation.comparison.difference import PairedComparison
    from triage.evaluation.comparison.overlap import Overlap
    from triage.evaluation.figure import Figure, HypothesisTest
    from triage.evaluation.inputs import FloatArray, NumberArray
    from triage.evaluation.order.at_capacity import AtCapacity
    from triage.evaluation.order.auc_difference import AucComparison

DIFFERENCE = "difference"


@dataclass(frozen=True, eq=False)
class Changed:
    """Cases that one list opens and the other does not, in the order of the list that opens them.

    Parameters
    ----------
    case : array of shape (changed,)
        Their ids, or rows of the arrays that were given, from 0.
    part : array of shape (changed,)
        1, or less for cases tied at a cut, some of which are opened.
    outcome : array of shape (changed,)
        1 for current abuse, else 0.
    first, second : array of shape (changed,)
        Both scores.
    """

    case: NumberArray
    part: FloatArray
    outcome: FloatArray
    first: NumberArray
    second: NumberArray


@dataclass(frozen=True, eq=False)
class CapacityComparison:
    """Two lists at one capacity. Every difference is the first less the second.

    Parameters
    ----------
    k, share : float
        Cases opened, and the same as a share.
    first, second : AtCapacity
        What each list finds by itself.
    recall, precision, found, missed : Figure
        Differences; see `recall_difference_at`, `precision_difference_at`. `found` and `missed` are in cases
        with current abuse, each of which stands for at least one child.
    only_first, only_second : float
        Cases with current abuse that one list finds and the other does not. With ties: expected.
    test : HypothesisTest
        McNemar's, on these. It takes the lists as given, so its p-value is on the large side.
    overlap : Overlap
        How alike the lists are, whatever the outcomes.
    verdict : str
        Which finds more, only where the interval of the recall difference excludes 0 and the p-value of
        `test` is at most 1 less the confidence (with weights, where there is no such test, the interval
        decides alone); else that they cannot be told apart. It speaks for this capacity alone. Where another
        order of the tied cases could turn it around, it says that it holds on average over these orders.
    """

    k: float
    share: float
    first: AtCapacity
    second: AtCapacity
    recall: Figure
    precision: Figure
    found: Figure
    missed: Figure
    only_first: float
    only_second: float
    test: HypothesisTest
    overlap: Overlap
    verdict: str
    _entering: Changed = field(repr=False)
    _leaving: Changed = field(repr=False)

    @property
    def entering(self) -> Changed:
        """Cases that the second list opens and the first does not."""
        return self._entering

    @property
    def leaving(self) -> Changed:
        """Cases that the first list opens and the second does not."""
        return self._leaving


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two scores on the same cases. Every difference is the first less the second.

    Parameters
    ----------
    names : tuple of two str
        What the scores are called.
    cases, positives : int
        Rows that were compared, and those of them with current abuse.
    left_out : int
        Rows left out because they have no outcome.
    denominator : str
        Of which cases the figures speak.
    confidence : float
        Level of all intervals.
    weighted, synthetic : bool
        Whether weights were given; whether the cases come from a world.
    at : tuple of CapacityComparison
        One for each capacity.
    auc : AucComparison
        See `triage.evaluation.order.auc_difference.compare_auc`.
    average_precision : PairedComparison
        See `compare_average_precision`.
    rank_correlation : Figure
        Spearman's, over all cases.
    brier : PairedComparison or None
        See `compare_brier`; None where not both have probabilities.
    notes : tuple of str
        What to know before relying on the figures: that they are naive, or that a score seems to be upside
        down.
    """

    names: tuple[str, str]
    cases: int
    positives: int
    left_out: int
    denominator: str
    confidence: float
    weighted: bool
    synthetic: bool
    at: tuple[CapacityComparison, ...]
    auc: AucComparison
    average_precision: PairedComparison
    rank_correlation: Figure
    brier: PairedComparison | None = None
    notes: tuple[str, ...] = ()

    def figures(self) -> Iterator[tuple[str, str, float, Figure]]:
        """Give every figure with its name, of which score or of the difference, and its k (or NaN)."""
        for at in self.at:
            for name, one, two, difference in (
                ("recall", at.first.recall, at.second.recall, at.recall),
                ("precision", at.first.precision, at.second.precision, at.precision),
            ):
                yield name, self.names[0], at.k, one
                yield name, self.names[1], at.k, two
                yield name, DIFFERENCE, at.k, difference
            yield "found", DIFFERENCE, at.k, at.found
            yield "missed", DIFFERENCE, at.k, at.missed
        for name, pair in (
            ("AUC", self.auc),
            ("average precision", self.average_precision),
            ("Brier score", self.brier),
        ):
            if pair is not None:
                yield name, self.names[0], NAN, pair.first
                yield name, self.names[1], NAN, pair.second
                yield name, DIFFERENCE, NAN, pair.difference
        yield "rank correlation", "both", NAN, self.rank_correlation

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as values that JSON can hold, without the cases that change lists."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: name, of, k, estimate, low, high, count, method, denominator."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        return pd.DataFrame(
            [
                {"name": name, "of": of, "k": float(k), **vars(figure)}
                for name, of, k, figure in self.figures()
            ]
        )

    def changes(self) -> pd.DataFrame:
        """Return one row a case that one list opens and the other does not, at each capacity.

        Columns: k, change (``enters`` the second list, or ``leaves`` it), case, part, outcome, first, second.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        frames = []
        for at in self.at:
            for change, changed in (("enters", at.entering), ("leaves", at.leaving)):
                frame = pd.DataFrame(vars(changed))
                frame.insert(0, "change", change)
                frame.insert(0, "k", at.k)
                frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def __repr__(self) -> str:
        """Return the report: a notebook shows it."""
        return str(self)

    def __str__(self) -> str:
        """Return a report in plain text."""
        return write_comparison(self)
