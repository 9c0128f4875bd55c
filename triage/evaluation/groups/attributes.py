"""Attributes of cases for an audit: values, crossings, and which case belongs where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    # What `evaluate_groups` takes as groups.
    Groups: TypeAlias = Mapping[str, ArrayLike] | pd.DataFrame | ArrayLike

Codes: TypeAlias = "NDArray[np.int64]"

UNKNOWN = "unknown"
BETWEEN = " x "
MOST_VALUES = 100
MOST_PAIRED = 4
MOST_CELLS = 1000


@dataclass(frozen=True, eq=False)
class Attribute:
    """One attribute of all cases.

    Parameters
    ----------
    name : str
        As the column is called.
    labels : tuple of str
        Its values, in alphabetical order, unknown last.
    codes : array of shape (cases,)
        The place of each case's value among them.
    """

    name: str
    labels: tuple[str, ...]
    codes: Codes

    def only(self, kept: NDArray[np.bool_]) -> Attribute:
        """Return the attribute of some cases alone, with the values that they have."""
        present, codes = np.unique(self.codes[kept], return_inverse=True)
        return Attribute(self.name, tuple(self.labels[one] for one in present), codes.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Partition:
    """Groups that share out all cases: the values of an attribute, or of several crossed.

    Parameters
    ----------
    attributes : tuple of str
        One name, or those that are crossed.
    labels : tuple of str
        The groups that occur.
    codes : array of shape (atoms,)
        The group of each atom (see `Atoms`).
    """

    attributes: tuple[str, ...]
    labels: tuple[str, ...]
    codes: Codes

    @property
    def name(self) -> str:
        """Names of the attributes, joined."""
        return BETWEEN.join(self.attributes)


@dataclass(frozen=True, eq=False)
class Atoms:
    """The combinations of all attributes that occur: no group ever cuts through one.

    Parameters
    ----------
    case : array of shape (cases,)
        The atom of each case.
    codes : array of shape (atoms, attributes)
        The place of each atom's values.
    """

    case: Codes
    codes: Codes


def read_attributes(groups: Groups) -> tuple[Attribute, ...]:
    """Return the attributes of a mapping, a frame, a table, or one array (called ``group``).

    Missing values (None, NaN, empty or blank text) and the text unknown are one group of their own.

    Raises
    ------
    InputRefusedError
        No attribute, an array that is not of one dimension, or more than 100 values in one attribute.

    Examples
    --------
    >>> (region,) = read_attributes({"region": ["west", None, "east", ""]})
    >>> region.labels, region.codes
    (('east', 'west', 'unknown'), array([1, 2, 0, 2]))
    """
    import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never audit groups

    to_pandas = getattr(groups, "to_pandas", None)
    given: Any = groups if to_pandas is None else to_pandas()
    named = isinstance(given, pd.DataFrame | Mapping)
    columns = {name: given[name] for name in list(given)} if named else {"group": given}
    if not columns:
        raise InputRefusedError("no attribute", where="groups", expected="at least one")
    return tuple(_read(str(name), values) for name, values in columns.items())


def _read(name: str, values: Any) -> Attribute:
    import pandas as pd  # noqa: PLC0415 - slow to import, and most callers never audit groups

    array = values
    if not isinstance(values, pd.Series | pd.Categorical):
        # As numbers or text, a list with a missing value would lose it.
        array = np.asarray(values, dtype=object if isinstance(values, list | tuple) else None)
    if array.ndim != 1:
        raise InputRefusedError(
            f"an array of shape {array.shape}", where=f"groups, {name}", expected="one dimension"
        )
    codes, found = pd.factorize(array)
    if len(found) > MOST_VALUES:
        raise InputRefusedError(
            f"{len(found):,} different values",
            where=f"groups, {name}",
            expected=f"at most {MOST_VALUES}",
            mend="put them into bands, or leave out a column that names cases",
        )
    # The last name is that of missing values, which have the code -1.
    names = np.array([*(_name(value) for value in found), UNKNOWN])
    present = {str(one) for one in names[np.unique(codes)]}
    ordered = sorted(present - {UNKNOWN}) + [UNKNOWN] * (UNKNOWN in present)
    place = {value: index for index, value in enumerate(ordered)}
    lookup = np.array([place.get(str(one), 0) for one in names], dtype=np.int64)
    return Attribute(name, tuple(ordered), lookup[codes])


def _name(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value).strip() or UNKNOWN


def choose_crossings(
    attributes: tuple[Attribute, ...], crossings: Iterable[Sequence[str]] | None
) -> tuple[tuple[str, ...], ...]:
    """Return which attributes are crossed: those asked for, or every pair of up to four attributes.

    Raises
    ------
    InputRefusedError
        A crossing names an attribute that is not there, one twice, or fewer than two.

    Examples
    --------
    >>> choose_crossings(read_attributes({"region": ["a"], "source": ["b"], "age": ["c"]}), None)
    (('region', 'source'), ('region', 'age'), ('source', 'age'))
    """
    names = [one.name for one in attributes]
    if crossings is None:
        return tuple(combinations(names, 2)) if len(names) <= MOST_PAIRED else ()
    asked = tuple(dict.fromkeys((one,) if isinstance(one, str) else tuple(one) for one in crossings))
    for one in asked:
        if len(set(one)) < max(2, len(one)) or not set(one) <= set(names):
            raise InputRefusedError(
                repr(one), where="crossings", expected=f"two or more different names of {', '.join(names)}"
            )
    return asked


def find_atoms(attributes: tuple[Attribute, ...]) -> Atoms:
    """Return the combinations of values that occur and the one each case has.

    Examples
    --------
    >>> find_atoms(read_attributes({"a": [1, 1, 2], "b": [5, 6, 5]})).codes
    array([[0, 0],
           [0, 1],
           [1, 0]])
    """
    case, codes = np.zeros(len(attributes[0].codes), dtype=np.int64), np.zeros((1, 0), dtype=np.int64)
    for one in attributes:
        size = len(one.labels)
        mixed, case = _renumber(case * size + one.codes, len(codes) * size)
        codes = np.column_stack([codes[mixed // size], mixed % size])
    return Atoms(case, codes)


def _renumber(code: Codes, size: int) -> tuple[Codes, Codes]:
    """Return the codes that occur, rising, and for each case the place of its code among them."""
    if size > 4 * len(code) + 1000:
        found, place = np.unique(code, return_inverse=True)
        return found, place.astype(np.int64)
    found = np.flatnonzero(np.bincount(code, minlength=size))
    lookup = np.zeros(size, dtype=np.int64)
    lookup[found] = np.arange(len(found))
    return found, lookup[code]


def make_partitions(
    attributes: tuple[Attribute, ...], atoms: Atoms, crossings: tuple[tuple[str, ...], ...]
) -> tuple[Partition, ...]:
    """Return one partition an attribute and one a crossing.

    Raises
    ------
    InputRefusedError
        The crossings have more than 1,000 groups together.
    """
    place = {one.name: index for index, one in enumerate(attributes)}
    wholes = tuple(
        Partition((one.name,), one.labels, atoms.codes[:, index]) for index, one in enumerate(attributes)
    )
    crossed = tuple(_cross(wholes, tuple(place[name] for name in names)) for names in crossings)
    cells = sum(len(one.labels) for one in crossed)
    if cells > MOST_CELLS:
        raise InputRefusedError(
            f"{cells:,} crossed groups",
            where="crossings",
            expected=f"at most {MOST_CELLS:,}",
            mend="name the crossings that matter, or () for none",
        )
    return wholes + crossed


def _cross(wholes: tuple[Partition, ...], places: tuple[int, ...]) -> Partition:
    parts = [wholes[place] for place in places]
    code = np.zeros(len(parts[0].codes), dtype=np.int64)
    for part in parts:
        code = code * len(part.labels) + part.codes
    _, first, codes = np.unique(code, return_index=True, return_inverse=True)
    names = [np.array(part.labels)[part.codes[first]] for part in parts]
    values = tuple(BETWEEN.join(one) for one in zip(*names, strict=True))
    return Partition(tuple(part.attributes[0] for part in parts), values, codes.astype(np.int64))
