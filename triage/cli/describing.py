"""Show what a world gives beside the numbers that it is tuned to."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

# Above this, digits behind the point say nothing.
WHOLE_FROM = 100
WIDE = 110
PERCENT_FROM = 0.1


def draw_description(
    frame: pd.DataFrame, *, world: str, cases: int, seed: int, width: int = WIDE
) -> Iterator[Table | Text]:
    """Yield the quantities that have a published number, then the others.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `triage.worlds.describe.describe_world` returns it.
    world : str
        Name of the world.
    cases, seed : int
        What was drawn.
    width : int
        Of the terminal; a narrow one has no room for sources.
    """
    yield Text(f"World {world}, synthetic: {cases:,} cases, seed {seed}", style="bold")
    tuned = frame["published"].notna()
    if tuned.any():
        yield _draw_tuned(frame[tuned], sources=width >= WIDE)
        if width < WIDE:
            yield Text("class and source of each: a wider terminal, or --json", style="dim")
    else:
        yield Text("It lists no published numbers: [published.NAME] in its file.")
    if not tuned.all():
        yield _draw_others(frame[~tuned])
    outside = frame["quantity"][frame["outside"].astype(bool)].tolist()
    if outside:
        yield Text(f"outside of where the world is meant to lie: {', '.join(outside)}")


def description_as_dict(frame: pd.DataFrame, *, world: str, cases: int, seed: int) -> dict[str, Any]:
    """Return the quantities for a machine; what is not a number is null.

    Examples
    --------
    >>> import pandas as pd
    >>> description_as_dict(pd.DataFrame({"world": [float("nan")]}), world="w", cases=1, seed=0)
    {'world': 'w', 'synthetic': True, 'cases': 1, 'seed': 0, 'quantities': [{'world': None}]}
    """
    rows = [{name: _or_none(value) for name, value in row.items()} for row in _rows(frame)]
    return {"world": world, "synthetic": True, "cases": cases, "seed": seed, "quantities": rows}


def draw_prosecution(frame: pd.DataFrame) -> Table:
    """Lay the published table of prosecutions out, with what the world gives in the mean of some seeds.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `triage.worlds.describe.describe_prosecution` returns it.
    """
    periods = frame["period"].unique().tolist()
    table = Table(
        title="Prosecution: published, and what the world gives (mean of seeds)", title_justify="left"
    )
    table.add_column("")
    for period in periods:
        table.add_column(period, justify="right")
    cells = frame.set_index(["row", "period"])
    for row in frame["row"].unique():
        pairs = [cells.loc[(row, period)] for period in periods]
        table.add_row(
            row.replace("_", " "), *(f"{cell['published']:.0f}  {cell['world']:.1f}" for cell in pairs)
        )
    return table


def _draw_tuned(frame: pd.DataFrame, *, sources: bool) -> Table:
    title = "Published and where the world is meant to lie, and what it gives"
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("quantity", ratio=3)
    table.add_column("published\nmeant", justify="right", no_wrap=True)
    table.add_column("world\n95 %", justify="right", no_wrap=True)
    table.add_column("difference", justify="right", no_wrap=True)
    if sources:
        table.add_column("class, source", ratio=3, style="dim")
    for row in _rows(frame):
        table.add_row(
            Text(row["what"]),
            f"{_show(row, 'published')}\n{_meant(row)}",
            Text(f"{_show(row, 'world')}\n{_interval(row)}", style="yellow" if row["outside"] else ""),
            _difference(row),
            *([Text(f"{row['class']}: {row['source']}")] if sources else []),
        )
    return table


def _draw_others(frame: pd.DataFrame) -> Table:
    table = Table(title="Not tuned", title_justify="left", expand=True)
    table.add_column("quantity", ratio=1)
    table.add_column("world", justify="right", no_wrap=True)
    table.add_column("95 %", justify="right", no_wrap=True)
    table.add_column("of", justify="right", no_wrap=True)
    for row in _rows(frame):
        table.add_row(
            Text(row["what"]), _show(row, "world"), _interval(row), f"{row['rows']:,}" if row["rows"] else ""
        )
    return table


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _meant(row: dict[str, Any]) -> str:
    low, high = _show(row, "low"), _show(row, "high")
    if low and high:
        return low if low == high else f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""


def _difference(row: dict[str, Any]) -> str:
    sign = "-" if row["difference"] < 0 else "+"
    size = _show({**row, "difference": abs(row["difference"])}, "difference")
    return sign + (size.replace("%", " points") if row["is_share"] else size)


def _interval(row: dict[str, Any]) -> str:
    if isnan(row["world_low"]):
        return ""
    return f"{_show(row, 'world_low')} to {_show(row, 'world_high')}"


def _show(row: dict[str, Any], column: str) -> str:
    value = row[column]
    if isnan(value):
        return ""
    if row["is_share"]:
        return f"{value:.1%}" if value >= PERCENT_FROM else f"{value:.2%}"
    return f"{value:,.0f}" if value >= WHOLE_FROM else f"{value:.3g}"


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value
