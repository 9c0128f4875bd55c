"""What each measure of the lab is: its unit, which way is better, and what it says in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """One number about one run.

    Parameters
    ----------
    name : str
        How it is called in frames and files.
    unit : str
        "children", "cases", "persons", "days", "hours", "share" or "flag" (1 for yes, 0 for no).
    better : {"more", "less", ""}
        Which way is better; empty where neither is.
    says : str
        What it is, in plain words, with its denominator.
    """

    name: str
    unit: str
    better: Literal["more", "less", ""]
    says: str
