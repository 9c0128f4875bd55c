"""Write the figures of the shipped models into the pages of this folder.

Run: python docs/governance/fill.py, or `make governance`. The figures are measured anew (figures.py), kept in
figures.json, and written between the marks `<!-- figures: NAME -->` and `<!-- end of figures -->`. The same
checkout gives the same figures; tests/test_governance.py fails when a model or a world has changed since.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

from figures import measure

HERE = Path(__file__).resolve().parent
FIGURES = HERE / "figures.json"
MARKED = re.compile(r"(<!-- figures: ([a-z]+) -->\n)(.*?)(<!-- end of figures -->)", re.DOTALL)
WIDTH = 118


def main() -> None:
    """Measure, keep the figures, and write them into every page."""
    figures = measure()
    FIGURES.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for page in sorted(HERE.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(fill(text, figures), encoding="utf-8")
    sys.stdout.write(f"{FIGURES.name} and the pages beside it are written\n")


def fill(text: str, figures: dict[str, Any]) -> str:
    """Return a page with the figures between its marks."""
    return MARKED.sub(lambda mark: f"{mark[1]}\n{BLOCKS[mark[2]](figures)}\n\n{mark[4]}", text)


def write_made(figures: dict[str, Any]) -> str:
    """Say what the figures were made of, so that nobody takes them for those of another model."""
    said = (
        f"A fresh year of each world: {figures['cases']:,} cases, seed {figures['seed']:,}, which no shipped "
        f"model has seen. {100 * figures['capacity']:g} % of the cases can be opened. In brackets 95 % "
        "intervals. *Synthetic, all of it.* What was measured, by the first 12 digits of its SHA-256:"
    )
    lists = [
        f"- {kind}: " + ", ".join(f"{name} {digest[:12]}" for name, digest in digests.items())
        for kind, digests in figures["digests"].items()
    ]
    return "\n".join([*textwrap.wrap(said, WIDTH), "", *(_wrap(line) for line in lists)])


def _wrap(line: str) -> str:
    return "\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def write_shipped(figures: dict[str, Any]) -> str:
    """Say of each shipped model what it is made of."""
    rows = [
        (
            one["model"],
            one["unit"],
            one["features"],
            *(_count_cases(one[part]) for part in ("fitted", "calibrated", "fitted_again")),
            one["probability_for"].removeprefix("world ").split(" ")[0] if one["probability_for"] else "none",
        )
        for one in figures["shipped"]
    ]
    return _table(
        ("model", "unit", "features", "fitted on", "calibrated on", "fitted again on", "probability for"),
        rows,
    )


def _count_cases(period: dict[str, Any] | None) -> str:
    return f"{period['cases']:,} ({period['positives']:,})" if period else "-"


def write_models(figures: dict[str, Any]) -> str:
    """Give what each model finds in the year of its own world, and what could be found."""
    parts = ("recall", "share", "list_recall", "list_share", "auc")
    rows = [
        (one["model"], f"{one['found']:.0f}", *(_say(one[part]) for part in parts))
        for one in figures["models"]
    ]
    best = figures["models"][0]
    oracle = ("the oracle", f"{best['oracle_found']:.0f}", _say(best["oracle_recall"]), "1", "", "")
    heads = ("model", "found", "recall", "of oracle", "recall, list", "of oracle, list", "AUC")
    return (
        f"First {best['opened']:,} of {best['cases']:,} cases with a score, {best['positives']:,} of them "
        f"with current abuse (synthetic):\n\n{_table(heads, [*rows, (*oracle, _say(best['oracle_auc']))])}"
    )


def write_worlds(figures: dict[str, Any]) -> str:
    """Give what three models find elsewhere."""
    rows = [
        (
            one["world"],
            one["model"],
            f"{one['found']:.0f} of {one['positives']:,}",
            f"{one['oracle_found']:.0f}",
            *(_say(one[part]) for part in ("recall", "share", "list_recall")),
        )
        for one in figures["worlds"]
    ]
    return _table(("world", "model", "found", "oracle", "recall", "of oracle", "recall, list"), rows)


def write_calibration(figures: dict[str, Any]) -> str:
    """Give how the probabilities fit, of the models that have any here."""
    names = ("slope", "intercept", "expected", "expected_first")
    rows = [
        (one["model"], *(_say(one["calibration"][name]) for name in names))
        for one in figures["models"]
        if "calibration" in one
    ]
    heads = ("model", "slope", "intercept", "O/E, all", "O/E, first 2.3 %")
    return _table(heads, rows)


def write_groups(figures: dict[str, Any]) -> str:
    """Give who is missed and who is intruded upon, by group."""
    parts = []
    for audit in figures["groups"]:
        rows = [
            (
                f"{row['attribute']} {row['value']}".strip().replace("_", " "),
                _say(row["missed"]),
                _judge(row["missed_verdict"]),
                _say(row["needless"]),
                _judge(row["needless_verdict"]),
            )
            for row in audit["rows"]
        ]
        heads = ("group", "missed", "verdict", "needless", "verdict")
        parts.append(f"World {audit['world']}, model {audit['model']} (synthetic):\n\n{_table(heads, rows)}")
    return "\n\n".join(parts)


def _judge(verdict: str) -> str:
    return verdict.removesuffix(" than elsewhere") or "-"


def write_lanes(figures: dict[str, Any]) -> str:
    """Say how many cases of the year stand in which lane."""
    year = figures["year"]
    rows = [
        (lane, f"{year[lane]:,}", f"{year[f'{lane}_positives']:,}")
        for lane in ("escalated", "ranked", "youth", "paused")
    ]
    return _table(
        ("lane", "cases", "with current abuse"),
        [*rows, ("all", f"{year['cases']:,}", f"{year['positives']:,}")],
    )


def write_stability(figures: dict[str, Any]) -> str:
    """Say how far the list of the default model depends on judgement."""
    told = figures["stability"]
    places, draws = told["places_by_score"], told["draws"]
    keep, worst = (f"{100 * told[name]:.0f} %" for name in ("overlap_median", "overlap_5th_percentile"))
    lines = [
        f"- Of the first {told['capacity']:,} places the score gives {places:,}; the others are escalated.",
        f"- Stay there in at least 90 % of {draws:,} draws of the weights: {told['firm']:,} of {places:,}.",
        f"- Keep their place: {keep} (median over the draws), {worst} in the worst 5 % of them.",
        f"- Recall of the list: {100 * told['recall']:.1f} % of {told['positives']:,} with current abuse.",
    ]
    lines += [
        f"- {one['name'][:1].upper()}{one['name'][1:]}: {one['changed']:,} places change, "
        f"recall {100 * one['recall']:.1f} %."
        for one in told["variants"]
    ]
    return "\n".join(lines)


def _say(figure: list[float | None]) -> str:
    estimate, low, high = figure
    if estimate is None:
        return "withheld"
    return f"{estimate:.2f}" if low is None or high is None else f"{estimate:.2f} ({low:.2f}, {high:.2f})"


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


BLOCKS = {
    "made": write_made,
    "shipped": write_shipped,
    "models": write_models,
    "worlds": write_worlds,
    "calibration": write_calibration,
    "groups": write_groups,
    "lanes": write_lanes,
    "stability": write_stability,
}

if __name__ == "__main__":
    main()
