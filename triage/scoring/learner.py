"""What a learner is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from triage.scoring.model import Model

    Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labelled cases to learn from.

    Parameters
    ----------
    name : str
        Of the model to be.
    features : tuple of str
        Names in the catalogue, one a column.
    matrix : array of float, shape (n_cases, n_features)
        Flags +1, 0, -1; numbers NaN where unknown.
    outcome : array of float, shape (n_cases,)
        1 for current abuse, 0 for none.
    weight : array of float, shape (n_cases,)
        How many cases each one stands for.
    seed : int
        Where chance is needed.
    """

    name: str
    features: tuple[str, ...]
    matrix: Floats
    outcome: Floats
    weight: Floats
    seed: int = 0


@dataclass(frozen=True)
class Learned:
    """A model, and what is to be told of how it was learned.

    Parameters
    ----------
    model : Model
        Ready to score.
    notes : dict
        Plain values for the metrics of a bundle; ``notes["card"]`` holds lines of Markdown for its card.
    """

    model: Model
    notes: dict[str, Any] = field(default_factory=dict)


def refuse_other_keys(table: dict[str, Any], keys: set[str], where: str, *, what: str = "options") -> None:
    """Refuse a table of options that holds a key nobody reads.

    Raises
    ------
    InputRefusedError
        A key is not among `keys`.
    """
    other = sorted(set(table) - keys)
    if other:
        raise InputRefusedError(
            f"{what} {', '.join(str(key)[:40] for key in other)}",
            where=where,
            expected=", ".join(sorted(keys)) or "no options",
            mend="check the spelling, or take the line out",
        )


def read_number(
    table: dict[str, Any], key: str, low: float, high: float, where: str, *, default: float | None = None
) -> float:
    """Return a number of a table.

    Raises
    ------
    InputRefusedError
        It is no number, or not between `low` and `high`.
    """
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputRefusedError(
            f"{key} = {value!r}", where=where, expected=f"a number from {low:g} to {high:g}"
        )
    return float(value)
