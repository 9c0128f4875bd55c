"""How the figures at a threshold become plain values and a frame."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from triage.evaluation.figure import Figure, as_plain

if TYPE_CHECKING:
    import pandas as pd


class ThresholdFigures:
    """What results of several figures have in common."""

    def as_dict(self) -> dict[str, Any]:
        """Return all as values that JSON can hold; NaN and infinity become None."""
        return as_plain(self)  # type: ignore[no-any-return] # a dataclass becomes a dict

    def to_frame(self) -> pd.DataFrame:
        """Return one row a figure: name, threshold, estimate, low, high, count, method, denominator."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never ask for a frame

        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type] # a dataclass
        return pd.DataFrame(
            [
                {"name": name, "threshold": values["threshold"], **vars(value)}
                for name, value in values.items()
                if isinstance(value, Figure)
            ]
        )
