"""An evaluation as plain text, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.evaluation.report.sections import build_sections, describe_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.evaluation.report.section import Cells, Section
    from triage.evaluation.result import Evaluation


def write_report(evaluation: Evaluation) -> str:
    """Return a report: what is found and missed at each capacity, then the rest.

    Absolute recall and the children missed come before any ratio. Every line with a number from a world has
    the word synthetic.
    """
    mark = ("synthetic",) if evaluation.synthetic else ()
    lines = list(describe_cases(evaluation))
    for section in build_sections(evaluation):
        lines += ["", *_write_section(section, mark)]
    return "\n".join(lines)


def _write_section(section: Section, mark: Cells) -> Iterator[str]:
    yield f"{section.title} ({mark[0]})" if mark and mark[0] not in section.title else section.title
    yield from (f"  {line}" for line in section.lead)
    header = [section.header] if section.header else []
    yield from align_columns([*header, *((*row, *mark) for row in section.rows)])
    for line in section.notes:
        told = mark and any(letter.isdigit() for letter in line)
        yield f"  {line.removesuffix('.')}, {mark[0]}" if told else f"  {line}"


def align_columns(rows: Sequence[Cells]) -> Iterator[str]:
    """Return rows of cells as lines in which the columns stand below each other."""
    columns = max((len(row) for row in rows), default=0)
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(columns)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        yield ("  " + "  ".join(cells)).rstrip()
