"""What pages of figures are made of: bars, sections with drawings, rows of figures, one file of HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from triage.evaluation.figure import Figure
    from triage.evaluation.report.picture import Picture
    from triage.evaluation.report.section import Cells, Section

TEMPLATE = "page.html.jinja"


@dataclass(frozen=True)
class Bar:
    """A bar and its interval, in per cent of the longest."""

    width: str
    low: str
    spread: str


@dataclass(frozen=True)
class Shown:
    """A section with its drawings."""

    section: Section
    drawings: tuple[Picture, ...]


def draw_bar(figure: Figure, longest: float = 1.0) -> Bar | None:
    """Return the bar of a figure; None where there is nothing to draw.

    Examples
    --------
    >>> from triage.evaluation.figure import Figure
    >>> draw_bar(Figure(4.0, 2.0, 5.0, 9, "t 95 %", "runs"), longest=8.0)
    Bar(width='50.0', low='25.0', spread='37.5')
    """
    if not figure.estimable or not longest > 0:
        return None
    low, high = (0.0, 0.0) if math.isnan(figure.low) else (max(figure.low, 0.0), figure.high)
    scale = 100 / longest
    return Bar(f"{scale * figure.estimate:.1f}", f"{scale * low:.1f}", f"{scale * (high - low):.1f}")


def show_section(section: Section, picture: Picture | None) -> Shown:
    """Return a section with rows of equal length, so that what stands beside them stands below itself."""
    columns = max((len(row) for row in (section.header, *section.rows)), default=0)
    header = _pad(section.header, columns) if section.header else ()
    rows = tuple(_pad(row, columns) for row in section.rows)
    return Shown(replace(section, header=header, rows=rows), (picture,) if picture else ())


def show_row(figure: Figure) -> Cells:
    """Return the cells of a figure: estimate, interval, what it rests on, of what, method.

    Examples
    --------
    >>> from triage.evaluation.figure import Figure
    >>> show_row(Figure(0.25, 0.125, 0.5, 1200, "Wilson 95 %", "all cases"))
    ('0.25', '0.125 to 0.5', '1,200', 'all cases', 'Wilson 95 %')
    """
    return (
        f"{figure.estimate:.6g}" if figure.estimable else "not estimable",
        "" if math.isnan(figure.low) else f"{figure.low:.6g} to {figure.high:.6g}",
        f"{figure.count:,}",
        figure.denominator,
        figure.method.removeprefix("not estimable: "),
    )


def render_page(package: str, page: object) -> str:
    """Return a page as HTML that needs nothing but itself: no script, no font, no network.

    Parameters
    ----------
    package : str
        The package whose template it is.
    page : object
        What the template shows.
    """
    environment = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    version = metadata.version("report-triage")
    return environment.get_template(TEMPLATE).render(page=page, version=version)


def _pad(row: Cells, columns: int) -> Cells:
    return (*row, *[""] * (columns - len(row)))
