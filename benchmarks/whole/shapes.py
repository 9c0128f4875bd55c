"""The worlds that are measured on: few rows a case, and many. Nothing heavy may be imported here (`measuring.py`)."""

from __future__ import annotations

import re
from pathlib import Path

WORLD = "nl-2017"
# By the name of each in the results: what the page says of it.
SHAPES = {"dense": "27 rows a case", "sparse": "six rows a case"}
SOURCE = Path(__file__).parents[2] / "synthetic_data" / "worlds" / f"{WORLD}.toml"
# Files a report and events an account: twenty and nine where the world has two or three and two.
MORE = {
    "file_count": "[[4, 9], [10, 17], [18, 30], [31, 45], [46, 60]]",
    "event_count": "[[3, 5], [6, 9], [10, 14], [15, 20]]",
}


def write_shape(shape: str, folder: Path) -> str:
    """Return what to call the world of a shape; one that is not shipped is written into a folder."""
    if shape == "sparse":
        return WORLD
    text = SOURCE.read_text(encoding="utf-8")
    for signal, bands in MORE.items():
        pattern = rf"(?m)(^\[signals\.{signal}\].*\n(?:values = .*\n))bands = .*$"
        text, changed = re.subn(pattern, rf"\g<1>bands = {bands}", text)
        if changed != 1:
            raise RuntimeError(f"{SOURCE.name}: no bands of {signal}")
    file = folder / f"{WORLD}-dense.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)
