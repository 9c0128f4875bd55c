"""All figures of a list of which only the chosen cases have outcomes, side by side, and how they print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import Figure, HypothesisTest, as_plain
from triage.evaluation.selection.bounds import Bounds, ListBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from triage.evaluation.selection.estimators import ListFigures

ASSUMPTIONS = {
    "naive": "that the cases with an outcome are like the others",
    "horvitz_thompson": "the logged inclusion probabilities",
    "hajek": "the logged inclusion probabilities, up to one factor",
    "augmented": "the logged inclusion probabilities, or the outcome model",
    "begg_greenes": "that within a side of the cut (and stratum) the choice tells nothing of abuse",
    "monotone": "that the cases without outcome are at most as likely as those with one",
    "bounds": "nothing",
}
WEIGHTED = ("naive", "horvitz_thompson", "hajek", "augmented", "begg_greenes")
BOUNDED = ("monotone", "bounds")
SHOWN = ("precision", "recall", "found", "missed")


@dataclass(frozen=True)
class SelectedAtCapacity:
    """What the first k cases of the whole list hold, by each way of estimating it.

    Parameters
    ----------
    k : float
        Cases opened, of all on the list.
    share : float
        The same as a share of the list.
    tied_at_cut : int
        Cases that share the score at which the cut falls; 0 where it falls between two scores.
    labelled_opened, labelled_rest : int
        Cases with an outcome among the first k, and after them (tied ones count on both sides).
    naive, horvitz_thompson, hajek, augmented, begg_greenes : ListFigures
        See `ASSUMPTIONS` for what each rests on.
    monotone, bounds : ListBounds
        The same for bounds.
    """

    k: float
    share: float
    tied_at_cut: int
    labelled_opened: int
    labelled_rest: int
    naive: ListFigures
    horvitz_thompson: ListFigures
    hajek: ListFigures
    augmented: ListFigures
    begg_greenes: ListFigures
    monotone: ListBounds
    bounds: ListBounds


@dataclass(frozen=True)
class SelectedPrevalence:
    """Share of all cases with current abuse, by each way of estimating it; fields as `SelectedAtCapacity`."""

    naive: Figure
    horvitz_thompson: Figure
    hajek: Figure
    augmented: Figure
    monotone: Bounds
    bounds: Bounds


@dataclass(frozen=True)
class SelectedFigures:
    """All figures of a list of which only the chosen cases have outcomes.

    Parameters
    ----------
    cases, labelled, positives : int
        Cases on the list, those with an outcome, and those of them with current abuse.
    effective_count : float
        Kish's effective count of those with an outcome; NaN without a logged lottery.
    lottery : HypothesisTest
        Whether as many cases have outcomes as the lottery says (`check_lottery`).
    prevalence : SelectedPrevalence
        Share of all cases with current abuse.
    at : tuple of SelectedAtCapacity
        In the order of the capacities asked for.
    denominator : str
        Of which cases the figures speak.
    """

    cases: int
    labelled: int
    positives: int
    effective_count: float
    lottery: HypothesisTest
    prevalence: SelectedPrevalence
    at: tuple[SelectedAtCapacity, ...]
    denominator: str

    def as_dict(self) -> dict[str, Any]:
        """Return all figures as values that JSON can hold; NaN becomes None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: capacity, estimator, what it rests on, estimate or bounds, interval."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        rows = [{**place, **_plain_row(figure)} for place, figure in self._walk()]
        return pd.DataFrame(rows)

    def _walk(self) -> Iterator[tuple[dict[str, Any], Figure | Bounds]]:
        for name in (*WEIGHTED, *BOUNDED):
            if hasattr(self.prevalence, name):
                place = {"k": float("nan"), "estimator": name, "figure": "prevalence"}
                yield {**place, "rests_on": ASSUMPTIONS[name]}, getattr(self.prevalence, name)
        for at in self.at:
            for name in (*WEIGHTED, *BOUNDED):
                figures = getattr(at, name)
                for figure in SHOWN:
                    place = {"k": at.k, "estimator": name, "figure": figure}
                    yield {**place, "rests_on": ASSUMPTIONS[name]}, getattr(figures, figure)

    def __str__(self) -> str:
        """Return the figures as a text table."""
        outcomes = f"{self.labelled:,} of {self.cases:,} cases have an outcome"
        lines = [
            f"{outcomes} (effective count {self.effective_count:,.1f}), {self.positives:,} current abuse",
            f"lottery: {self.lottery}",
            "",
            "prevalence",
        ]
        prevalence = {
            name: getattr(self.prevalence, name)
            for name in (*WEIGHTED, *BOUNDED)
            if hasattr(self.prevalence, name)
        }
        lines += [f"  {name:<17}{figure.brief()}" for name, figure in prevalence.items()]
        for at in self.at:
            lines += ["", f"first {at.k:,.0f} of {self.denominator} ({at.share:.3%})"]
            rows: list[tuple[str, ...]] = [("", *SHOWN)]
            for name in (*WEIGHTED, *BOUNDED):
                figures = getattr(at, name)
                rows.append((name, *(_cell(getattr(figures, one), one) for one in SHOWN)))
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines += [
                "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                for row in rows
            ]
        lines += ["", "what each rests on"]
        lines += [f"  {name:<17}{words}" for name, words in ASSUMPTIONS.items()]
        reasons = dict.fromkeys(
            figure.method for _, figure in self._walk() if figure.method.startswith("not estimable")
        )
        return "\n".join([*lines, *(("", *reasons) if reasons else ())])


def _cell(figure: Figure | Bounds, name: str) -> str:
    return figure.brief(1 if name in {"found", "missed"} else 3)


def _plain_row(figure: Figure | Bounds) -> dict[str, Any]:
    if isinstance(figure, Bounds):
        numbers = {
            "estimate": float("nan"),
            "low": figure.low,
            "high": figure.high,
            "low_limit": figure.low_limit,
            "high_limit": figure.high_limit,
        }
    else:
        numbers = {
            "estimate": figure.estimate,
            "low": figure.low,
            "high": figure.high,
            "low_limit": float("nan"),
            "high_limit": float("nan"),
        }
    return {**numbers, "count": figure.count, "method": figure.method, "denominator": figure.denominator}
