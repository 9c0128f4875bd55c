"""How firm the first places of a list are: the figures, for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd

STABILITY_SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("lane", pa.string()),
        ("rank", pa.int64()),
        ("score", pa.float64()),
        ("in_first", pa.bool_()),
        ("share_of_draws", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Variant:
    """The first places of a list that is made in another way.

    Parameters
    ----------
    name : str
        What is different.
    changed : int
        How many of the places that the score gives go to another case.
    recall : float or None
        The share of the children with a known outcome who are found in the first places.
    """

    name: str
    changed: int
    recall: float | None


@dataclass(frozen=True)
class Stability:
    """How firm the first places are.

    Parameters
    ----------
    table : pyarrow.Table
        One row per escalated or ranked case, in order (columns of `STABILITY_SCHEMA`).
    model : str
        Its name.
    capacity : int
        The first places of the list.
    by_score : int
        How many of them the score gives; the rest goes to unreadable and escalated cases whatever it says.
    draws : int
        How often the weights were drawn.
    firm : int
        Cases among the first that stay in at least 90 % of the draws.
    overlap : float
        Share of the first places by score that keep their case, median over the draws; NaN without any.
    overlap_low : float
        The same at its 5th percentile.
    outside : int
        Cases not among the first that are there in more than half of the draws.
    recall : float or None
        Of the list as it is.
    positives : int or None
        Cases with current abuse that recall is a share of.
    variants : tuple of Variant
        Lists without evidence that may feed on itself.
    """

    table: pa.Table
    model: str
    capacity: int
    by_score: int
    draws: int
    firm: int
    overlap: float
    overlap_low: float
    outside: int
    recall: float | None
    positives: int | None
    variants: tuple[Variant, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per escalated or ranked case, with the columns of `STABILITY_SCHEMA`."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, for machines."""
        some = self.by_score > 0
        return {
            "model": self.model,
            "capacity": self.capacity,
            "places_by_score": self.by_score,
            "draws": self.draws,
            "firm": self.firm,
            "overlap_median": self.overlap if some else None,
            "overlap_5th_percentile": self.overlap_low if some else None,
            "outside_in_more_than_half": self.outside,
            "recall": self.recall,
            "positives": self.positives,
            "variants": [
                {"name": one.name, "changed": one.changed, "recall": one.recall} for one in self.variants
            ],
        }

    def __str__(self) -> str:
        """Return the figures, for people."""
        places = f"the first {self.capacity:,}, of which the score gives {self.by_score:,}"
        lines = [f"{self.model}: {places}; weights drawn {self.draws:,} times"]
        if self.by_score:
            worst = f"{self.overlap_low:.0%} in the worst 5 % of the draws"
            lines += [
                f"stay in at least 90 % of the draws: {self.firm:,} of {self.by_score:,}",
                f"keep their place among the first: {self.overlap:.0%} (median), {worst}",
                f"not among them, yet there in more than half of the draws: {self.outside:,}",
            ]
        else:
            lines.append("unreadable and escalated cases take all places: the score gives none")
        if self.recall is not None and self.positives is not None:
            lines.append(f"recall at {self.capacity:,}: {self.recall:.1%} of {self.positives:,}")
        for one in self.variants:
            recall = "" if one.recall is None else f"; recall {one.recall:.1%}"
            lines.append(f"{one.name}: {one.changed:,} of {self.by_score:,} places change{recall}")
        lines.append(
            "places by the score alone: audit slots, units and what the record knows do not count here"
        )
        return "\n".join(lines)
