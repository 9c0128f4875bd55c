"""Whether a victim wants to be told: a register that the agency keeps, of tokens only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.intake.tables import read_scores
from triage.writing import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MEND = "one line a victim: its token, and tell, do_not_tell or unknown"


class Wish(StrEnum):
    """What a victim asked for."""

    TELL = "tell"
    DO_NOT_TELL = "do_not_tell"
    UNKNOWN = "unknown"


# Where a victim stands twice, the more careful wish holds.
_BY_CARE = (Wish.TELL, Wish.UNKNOWN, Wish.DO_NOT_TELL)


@dataclass(frozen=True)
class Wishes:
    """The register.

    Parameters
    ----------
    by_token : mapping of str to Wish
        The wish of each victim.
    contradictions : int
        Victims who stood in the file with more than one wish.
    """

    by_token: Mapping[str, Wish] = field(default_factory=dict)
    contradictions: int = 0

    def of(self, victim: str | None) -> Wish:
        """Return the wish of a victim; unknown for one who is not in the register.

        Examples
        --------
        >>> Wishes({"a": Wish.TELL}).of("b").value
        'unknown'
        """
        return self.by_token.get(victim, Wish.UNKNOWN) if victim else Wish.UNKNOWN


def read_wishes(path: Path) -> Wishes:
    """Read the register of wishes.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns ``token`` and ``wish`` (tell, do_not_tell, unknown). Where a token
        stands several times, a wish not to be told holds, then one that is unknown.

    Raises
    ------
    InputRefusedError
        A column is missing, a token is empty, or a wish is none of these: a register that is half understood
        could tell somebody who asked not to be told.
    """
    table = read_scores(path, ("token", "wish"))
    by_token: dict[str, Wish] = {}
    contradicted = set()
    rows = zip(table["token"].to_pylist(), table["wish"].to_pylist(), strict=True)
    for number, (given, said) in enumerate(rows, start=1):
        token, word = str(given or "").strip(), str(said or "").strip().lower()
        if not token:
            raise InputRefusedError("no token", where=f"{path}, row {number}, column token", mend=_MEND)
        if word not in set(Wish):
            raise InputRefusedError(
                f"the wish '{shown(word)}'",
                where=f"{path}, row {number}, column wish",
                expected=", ".join(Wish),
                mend=_MEND,
            )
        wish = Wish(word)
        if by_token.get(token, wish) != wish:
            contradicted.add(token)
            wish = max(wish, by_token[token], key=_BY_CARE.index)
        by_token[token] = wish
    return Wishes(by_token, len(contradicted))
