"""A comparison as plain text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.figure import format_count
from triage.evaluation.report.text import align_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.evaluation.comparison.difference import PairedComparison
    from triage.evaluation.comparison.result import CapacityComparison, Comparison
    from triage.evaluation.order.at_capacity import AtCapacity
    from triage.evaluation.order.auc_difference import AucComparison


def write_comparison(comparison: Comparison) -> str:
    """Return a report: what each list finds that the other misses, at each capacity, then over all cases.

    Every line with a number from a world has the word synthetic.
    """
    lines = list(_head(comparison))
    for at in comparison.at:
        lines += ["", *_capacity(comparison, at)]
    return "\n".join([*lines, "", *_overall(comparison)])


def _head(comparison: Comparison) -> Iterator[str]:
    first, second = comparison.names
    yield (
        f"Comparison of {first} and {second} on {comparison.denominator}: {comparison.cases:,} cases, "
        f"{comparison.positives:,} with current abuse"
    )
    weighted = "; weighted, so that cases are sums of weights" if comparison.weighted else ""
    yield (
        f"Differences are {first} less {second}; intervals {100 * comparison.confidence:g} %, "
        f"each for itself{weighted}"
    )
    for note in comparison.notes:
        yield f"Note: {note}"


def _capacity(comparison: Comparison, at: CapacityComparison) -> Iterator[str]:
    (first, second), mark = comparison.names, _mark(comparison)
    synthetic = ", synthetic" if comparison.synthetic else ""
    which = "All" if at.share >= 1 - 1e-9 else "First"
    yield f"{which} {_count(at.k)} cases opened ({100 * at.share:.3g} %{synthetic})"
    rows = [
        ("", "recall", "children missed", "precision"),
        (first, *_alone(at.first), *mark),
        (second, *_alone(at.second), *mark),
        (f"{first} less {second}", at.recall.brief(3), at.missed.brief(1), at.precision.brief(3), *mark),
    ]
    yield from align_columns(rows)
    alone = (
        f"only {first} finds {_count(at.only_first)} with current abuse, "
        f"only {second} {_count(at.only_second)}"
    )
    test = (
        "" if at.test.method.startswith("not possible") else f" ({_p(at.test.p_value)}, McNemar's exact test)"
    )
    overlap = at.overlap
    yield f"  {alone}{test}{synthetic}"
    yield (
        f"  {_count(overlap.in_both)} of {_count(at.k)} cases are opened by both "
        f"(Jaccard {overlap.jaccard:.2f}){synthetic}"
    )
    yield f"  {at.verdict}{synthetic}"


def _alone(at: AtCapacity) -> tuple[str, str, str]:
    # One case with current abuse stands for at least one child.
    missed = f"at least {_count(at.missed.expected)}" if at.positives else "0, as none was there"
    if at.missed.best != at.missed.worst:
        missed += f" ({_count(at.missed.best)} to {_count(at.missed.worst)})"
    return at.recall.brief(3), missed, at.precision.brief(3)


def _overall(comparison: Comparison) -> Iterator[str]:
    first, second = comparison.names
    yield "Over all cases"
    rows: list[tuple[str, ...]] = [("", first, second, f"{first} less {second}", "")]
    rows.append(_pair("area under the ROC curve (1 is best)", comparison.auc, 3, comparison))
    rows.append(_pair("average precision (1 is best)", comparison.average_precision, 3, comparison))
    if comparison.brier is not None:
        rows.append(_pair("Brier score (0 is best)", comparison.brier, 5, comparison))
    yield from align_columns(rows)
    correlation = comparison.rank_correlation
    value = (
        f"{correlation.estimate:.3f}" if correlation.estimable else f"{correlation.brief()}: a constant score"
    )
    yield "  ".join([f"  rank correlation (Spearman's rho) {value}", *_mark(comparison)])


def _pair(
    name: str, pair: AucComparison | PairedComparison, digits: int, comparison: Comparison
) -> tuple[str, ...]:
    test = "no test" if pair.test.method.startswith("not possible") else _p(pair.test.p_value)
    figures = (pair.first.brief(digits), pair.second.brief(digits), pair.difference.brief(digits))
    return name, *figures, test, *_mark(comparison)


def _count(number: float) -> str:
    # Sums of weights miss whole numbers by rounding.
    return format_count(round(number, 6))


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _mark(comparison: Comparison) -> tuple[str, ...]:
    return ("synthetic",) if comparison.synthetic else ()
