"""Compare two lists case by case, and say what made each case move."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from triage.worklist.diff.reading import PRINTS
from triage.worklist.order import RANKED
from triage.worklist.policy import LANES
from triage.worklist.reasons import without_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.worklist.diff.reading import Listed

# Facts of a case in which no model and no policy have a part; waiting and days left pass by themselves.
_FACTS = ("reports", "sources", "country", "solvability", "received_at")
# With the same model these change with the facts alone.
_OF_MODEL = ("completeness", "reasons")
_CLOSE = 1e-9
LONGEST = 40


class Cause(StrEnum):
    """Why a case is not where it was."""

    FACTS = "new facts"
    MODEL = "another model"
    POLICY = "another policy"
    CAPACITY = "another capacity"
    DECISION = "a recorded decision"
    OTHERS = "only others moved"
    NEW = "not on the old list"
    MERGED = "merged into another case"
    DECIDED = "opened, closed or referred"
    GONE = "not on the new list"


@dataclass(frozen=True)
class Change:
    """What changed of one case.

    Parameters
    ----------
    case_id : str
        Its name on the new list; on the old one where it is gone.
    causes : tuple of Cause
        Why.
    old, new : dict
        Rank, lane and tier before and after; empty where it does not stand.
    details : tuple of str
        What is different, in words.
    """

    case_id: str
    causes: tuple[Cause, ...]
    old: dict[str, Any]
    new: dict[str, Any]
    details: tuple[str, ...]

    @property
    def moved(self) -> bool:
        """Whether it stands on both lists, in another place."""
        return bool(self.old and self.new and self.old != self.new)


@dataclass(frozen=True)
class ListDiff:
    """What changed between two lists.

    Parameters
    ----------
    old, new : dict
        Name, number of rows, and model, policy, batch and capacity of each list.
    same : dict of str to bool or None
        Whether model, policy, batch and capacity are the same; None where a list does not say.
    unchanged : int
        Cases of which nothing changed.
    changes : list of Change
        All others: in the order of the new list, then those that are gone.
    """

    old: dict[str, Any]
    new: dict[str, Any]
    same: dict[str, bool | None]
    unchanged: int
    changes: list[Change]

    def groups(self) -> dict[str, int]:
        """Count the changes by their causes, the most frequent first."""
        return dict(Counter(" and ".join(change.causes) for change in self.changes).most_common())

    def as_dict(self) -> dict[str, Any]:
        """Return everything for a machine."""
        return {
            "old": self.old,
            "new": self.new,
            "same": self.same,
            "unchanged": self.unchanged,
            "groups": self.groups(),
            "changes": [asdict(change) | {"moved": change.moved} for change in self.changes],
        }


def compare_lists(
    old: Listed,
    new: Listed,
    *,
    decided: Mapping[str, str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> ListDiff:
    """Compare two lists.

    Parameters
    ----------
    old, new : Listed
        The lists.
    decided : mapping of str to str, optional
        From the record: the state of cases that were dealt with (open, closed, referred).
    aliases : mapping of str to str, optional
        From the record: earlier names of cases, and the names they have now. What the new list itself says of
        aliases counts besides.

    Returns
    -------
    ListDiff

    Notes
    -----
    A case moved by *new facts* where its reports, sources, countries, identification or times are others,
    or, with the same model, its score, its reasons or how much is known of it. It moved by *another model*
    where the model, the score and the place are others; by *another policy* where the policy and the lane,
    the imminence, or the tier at the same rank are others; by *another capacity* where that is another and
    the tier at the same rank too; by *a recorded decision* where facts and policy are the same and the lane
    is another, or the tier of an escalated case. Else nothing of its own changed, and *only others moved*.
    Several may hold at once. Where one of the lists hides the score of a case, of what depends on it only
    the words of the reasons compare.
    """
    same = {name: _same(old.prints[name], new.prints[name]) for name in PRINTS}
    renamed = dict(aliases or {})
    for case, row in new.rows.items():
        renamed |= dict.fromkeys(row["aliases"].split(), case)
    before = _find_before(old, new, renamed)
    changes, unchanged = [], 0
    for case, row in new.rows.items():
        earlier = before.get(case)
        if earlier is None:
            changes.append(
                Change(case, (Cause.NEW,), {}, _place(row), (_count_reports(row["reports"] or 0),))
            )
            continue
        change = _compare_rows(case, earlier, old.rows[earlier], row, same)
        if change is None:
            unchanged += 1
        else:
            changes.append(change)
    stays = set(before.values())
    changes += [
        _explain_gone(case, row, renamed, new, decided or {})
        for case, row in old.rows.items()
        if case not in stays
    ]
    return ListDiff(
        {"list": old.name, "rows": len(old.rows), **old.prints},
        {"list": new.name, "rows": len(new.rows), **new.prints},
        same,
        unchanged,
        changes,
    )


def _count_reports(count: int) -> str:
    return f"{count:,} report{'' if count == 1 else 's'}"


def _same(first: str, second: str) -> bool | None:
    return first == second if first and second else None


def _find_before(old: Listed, new: Listed, renamed: Mapping[str, str]) -> dict[str, str]:
    """Return, for each case of the new list, the case of the old one that it was; the foremost of several."""
    before = {case: case for case in new.rows if case in old.rows}
    merged = [(case, renamed[case]) for case in old.rows if case not in new.rows and case in renamed]
    for case, now in sorted(merged, key=lambda pair: _order(old.rows[pair[0]])):
        if now in new.rows:
            before.setdefault(now, case)
    return before


def _order(row: dict[str, Any]) -> tuple[int, float]:
    return LANES.index(row["lane"]), math.inf if row["rank"] is None else row["rank"]


def _place(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("rank", "lane", "tier")}


def _compare_rows(
    case: str, earlier: str, old: dict[str, Any], new: dict[str, Any], same: Mapping[str, bool | None]
) -> Change | None:
    if _is_hidden(old) or _is_hidden(new):
        unsaid = {"score": None, "completeness": None}
        old, new = (row | unsaid | {"reasons": without_points(row["reasons"])} for row in (old, new))
    rescored = not _alike(old["score"], new["score"])
    looked_at = (*_FACTS, *(_OF_MODEL if same["model"] is not False else ()))
    details = [_say(name, old[name], new[name]) for name in looked_at if not _alike(old[name], new[name])]
    if earlier != case:
        details.insert(0, f"was {earlier}")
    causes = []
    if details or (rescored and same["model"] is not False):
        causes.append(Cause.FACTS)
    if rescored:
        details.append(_say("score", old["score"], new["score"]))
        if same["model"] is False:
            causes.append(Cause.MODEL)
    recut = old["lane"] == new["lane"] and old["rank"] == new["rank"] and old["tier"] != new["tier"]
    if same["policy"] is False and (recut or _is_judged_otherwise(old, new)):
        causes.append(Cause.POLICY)
    if same["capacity"] is False and recut and old["lane"] == LANES[RANKED]:
        causes.append(Cause.CAPACITY)
    if same["policy"] is not False and Cause.FACTS not in causes and _is_decided_otherwise(old, new):
        causes.append(Cause.DECISION)
    here, there = _place(old), _place(new)
    # Another model counts on another scale; where the case stands as before, that is no change.
    if here == there and causes in ([], [Cause.MODEL]):
        return None
    return Change(case, tuple(causes or [Cause.OTHERS]), here, there, tuple(details))


def _is_hidden(row: dict[str, Any]) -> bool:
    """Say whether a list leaves the score of a case out: every ranked case has one."""
    return bool(row["lane"] == LANES[RANKED] and row["score"] is None)


def _is_judged_otherwise(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return bool(old["lane"] != new["lane"] or old["imminence"] != new["imminence"])


def _is_decided_otherwise(old: dict[str, Any], new: dict[str, Any]) -> bool:
    escalated = old["lane"] == new["lane"] == "escalated"
    return bool(old["lane"] != new["lane"] or (escalated and old["tier"] != new["tier"]))


def _alike(first: Any, second: Any) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(first == second)


def _say(name: str, old: Any, new: Any) -> str:
    if name == "reasons":
        return "reasons are others"
    return f"{name.replace('_', ' ')} {_shorten(old)} to {_shorten(new)}"


def _shorten(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _explain_gone(
    case: str, row: dict[str, Any], renamed: Mapping[str, str], new: Listed, decided: Mapping[str, str]
) -> Change:
    now = renamed.get(case, case)
    if now in new.rows:
        return Change(case, (Cause.MERGED,), _place(row), {}, (f"now {now}",))
    state = decided.get(now) or decided.get(case)
    if state:
        return Change(case, (Cause.DECIDED,), _place(row), {}, (state,))
    return Change(case, (Cause.GONE,), _place(row), {}, ())
