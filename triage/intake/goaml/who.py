"""Who stands behind the parties of payments: one person under several numbers, and the token of each.

A bank names a person by documents, by name and date of birth, and by contact data. Whoever shares a document
or name and birth is one person. A contact that one person alone has is how a person of another report is
found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable


class Names(NamedTuple):
    """The tokens by which one party can be known.

    Parameters
    ----------
    strong : tuple of str
        Each names nobody else; the best first.
    contacts : tuple of str
        E-mail addresses, phone numbers, screen names: as other formats name a person.
    """

    strong: tuple[str, ...]
    contacts: tuple[str, ...] = ()


class Parties:
    """All parties so far.

    Examples
    --------
    >>> parties = Parties()
    >>> first = parties.add(Names(("passport", "born"), ("mail",)))
    >>> second = parties.add(Names(("born",)))
    >>> parties.settle({"mail"})
    >>> parties.token_of(first), parties.token_of(second)
    ('mail', 'mail')
    """

    def __init__(self) -> None:
        self._names: list[Names] = []
        self._handles: dict[Names, int] = {}
        self._above: list[int] = []
        self._by_token: dict[str, int] = {}
        self._all: dict[int, list[str]] = {}

    def add(self, names: Names) -> int:
        """Add a party and return its handle; the same names have the same handle."""
        handle = self._handles.setdefault(names, len(self._names))
        if handle == len(self._names):
            self._names.append(names)
            self._above.append(handle)
            for token in names.strong:
                self._join(handle, self._by_token.setdefault(token, handle))
        return handle

    def settle(self, known: Container[str]) -> None:
        """Choose the token of every person.

        Parameters
        ----------
        known : container of str
            The persons of reports in other formats: one of them who is found is the same person. A contact
            that two persons share finds nobody.
        """
        members: dict[int, list[Names]] = {}
        for handle, names in enumerate(self._names):
            members.setdefault(self._top(handle), []).append(names)
        holders: dict[str, set[int]] = {}
        for top, group in members.items():
            for names in group:
                for token in names.contacts:
                    holders.setdefault(token, set()).add(top)
        for top, group in members.items():
            strong = _in_order(names.strong for names in group)
            contacts = [t for t in _in_order(names.contacts for names in group) if len(holders[t]) == 1]
            found = [*strong, *contacts]
            chosen = next((token for token in found if token in known), strong[0])
            self._all[top] = list(dict.fromkeys([chosen, *found]))

    def token_of(self, handle: int) -> str:
        """Return the token of a party, after all have been added."""
        return self._all[self._top(handle)][0]

    def known_as(self, handle: int) -> list[str]:
        """Return all tokens by which a later import can find a party, the chosen one first."""
        return self._all[self._top(handle)]

    def _top(self, handle: int) -> int:
        above = self._above
        while above[handle] != handle:
            above[handle] = above[above[handle]]
            handle = above[handle]
        return handle

    def _join(self, one: int, other: int) -> None:
        tops = sorted((self._top(one), self._top(other)))
        self._above[tops[1]] = tops[0]


def _in_order(groups: Iterable[tuple[str, ...]]) -> list[str]:
    """Return tokens, the best first, in an order that does not depend on that of the documents."""
    ranks: dict[str, int] = {}
    for tokens in groups:
        for rank, token in enumerate(tokens):
            ranks[token] = min(rank, ranks.get(token, rank))
    return sorted(ranks, key=lambda token: (ranks[token], token))
