"""The record as the rest of the program sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.record import deciding, forgetting, inclusion, lists, outcomes, pool, showing, states, verifying
from triage.record.chain import Head

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from triage.record.forgetting import Forgotten
    from triage.record.outcomes import Finding
    from triage.record.states import State
    from triage.record.store import Store
    from triage.record.verifying import Verified


class Record:
    """Every list that was shown, what was decided and found, and the open pool.

    Every method is one transaction: what it writes is there whole, or nothing of it. What writes returns the
    new head, or None where there was nothing new. What reads refuses an entry that is not as it was written.

    Parameters
    ----------
    store : Store
        As `open_record` opened it.
    begun : bool
        Whether it was begun just now: where a record should have been, it is gone.
    """

    def __init__(self, store: Store, *, begun: bool = False) -> None:
        self._store = store
        self.begun = begun

    @property
    def name(self) -> str:
        """The file or the database, without a password."""
        return self._store.name

    def head(self) -> Head:
        """Return the end of the chain, to be kept elsewhere."""
        with self._store.reading() as connection:
            last = self._store.check_end(connection)
        return Head(last.seq, last.mac) if last else Head(0, b"")

    def verify(self, head: str | None = None) -> Verified:
        """Hold every entry against its commitments and its MAC, and the whole against a head that was kept.

        Without a head the end of the record could have been cut off unseen.
        """
        return verifying.verify(self._store, head)

    # What was shown.

    def keep_list(self, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Head:
        """Keep a list that is about to be shown.

        Parameters
        ----------
        header : mapping
            ``as_of``, ``model``, ``policy`` and ``batch`` (digests), and anything else that describes it:
            ``above``, the ranked cases that are opened by their place, and ``strata``, from the cut
            downwards, each with its places ``from`` and ``to`` in the order, ``cases`` and ``slots``.
            Without these, ``draw`` where the lottery is seeded by something else than the batch.
        rows : sequence of mapping
            One a case: ``case_id``; ``inclusion``, the probability with which this list chose the case (1
            within the capacity by order, that of the lottery for an audit, else 0); ``rank``, ``lane``,
            ``tier``, ``score``, ``audit``, and ``place`` among the ranked ones by the order alone.
        """
        return lists.keep_list(self._store, header, rows)

    def keep_export(self, kind: str, sha256: str, name: str, of: int | None = None) -> Head:
        """Keep that a list left as a file of a kind, with its SHA-256 and its name.

        The list is the one whose number is given, or else the latest: others may keep theirs meanwhile.
        """
        return lists.keep_export(self._store, kind, sha256, name, of)

    def lists(self) -> list[dict[str, Any]]:
        """Return the headers of the lists, each with ``seq``, ``at`` and its ``exports``."""
        with self._store.reading() as connection:
            return lists.headers_in(self._store, connection)

    def headers(self) -> list[dict[str, Any]]:
        """Return the headers of the lists, the oldest first, each with ``seq`` and ``at``; no row is read."""
        with self._store.reading() as connection:
            headers = lists.headers_by_number(self._store, connection)
        return [{**header, "seq": seq} for seq, header in headers.items()]

    def list_rows(self, seq: int) -> list[dict[str, Any]]:
        """Return the rows of the list with that number, by rank, without the cases that were forgotten."""
        with self._store.reading() as connection:
            return lists.read_list(self._store, connection, seq)

    def drawn(self) -> set[str]:
        """Return the cases that any list drew by lot."""
        with self._store.reading() as connection:
            return lists.drawn_in(self._store, connection)

    def due_since(self) -> dict[int, dict[str, datetime]]:
        """Return since when each case has had the deadline of the first and of the second tier."""
        with self._store.reading() as connection:
            return lists.due_since_in(self._store, connection)

    def last_in_lane(self, lane: str) -> set[str]:
        """Return the cases that stood on the latest list in a lane that it opens whole, such as ``youth``."""
        with self._store.reading() as connection:
            return lists.last_in_lane(self._store, connection, lane)

    def first_listed(self, name: str) -> dict[str, datetime]:
        """Return when each case first stood on a list beside the worklist, such as ``referral``."""
        with self._store.reading() as connection:
            return lists.first_listed_in(self._store, connection, name)

    def inclusion(self, cases: Collection[str] | None = None) -> dict[str, float]:
        """Return with what probability each case has been chosen by any of the lists: 1 - prod(1 - p).

        Lists after the one that drew a case count with the chance that they would have given it.
        """
        with self._store.reading() as connection:
            return inclusion.inclusion_in(self._store, connection, cases)

    # What was decided and found.

    def decide(
        self,
        case: str,
        who: str,
        decision: str,
        why: str | None = None,
        country: str | None = None,
        *,
        victim: str | None = None,
        again: bool = False,
    ) -> Head:
        """Keep a decision on a case.

        Parameters
        ----------
        case : str
            Its id, or one that it had before it was merged.
        who : str
            Kept as a token.
        decision : str
            One of `triage.record.codes.DECISIONS`.
        why : str, optional
            One of `triage.record.codes.WHYS`; needed where the decision departs from the list.
        country : str, optional
            To where a case is referred.
        victim : str, optional
            Who was notified: a token of the list of notifications; left out where it names none.
        again : bool
            Open a case that is open.

        Raises
        ------
        InputRefusedError
            No such case, code or standing, or the reason is missing.
        """
        return deciding.decide(
            self._store, case, who, decision, why=why, country=country, victim=victim, again=again
        )

    def first_view(self, case: str, who: str, view: str) -> Head:
        """Keep what a person thinks of a case before seeing its score: likely, unlikely or unsure; once."""
        return deciding.view_first(self._store, case, who, view)

    def decisions(self) -> pa.Table:
        """Return where each case stands on which anything was decided (columns of `State`)."""
        with self._store.reading() as connection:
            return states.tabulate(states.states_in(self._store, connection).values())

    def states(self) -> list[State]:
        """Return the same as objects, by case."""
        with self._store.reading() as connection:
            found = states.states_in(self._store, connection)
        return [found[case] for case in sorted(found)]

    def found(self, who: str, findings: Sequence[Finding]) -> tuple[Head | None, list[bool]]:
        """Keep what was found, all or nothing; return the head, and of each whether it is new."""
        return outcomes.keep_findings(self._store, who, findings)

    def check_findings(self, findings: Sequence[Finding]) -> list[str]:
        """Return why `found` would refuse each; empty where it would not. Nothing is kept."""
        return outcomes.check_findings(self._store, findings)

    def outcomes(self) -> pa.Table:
        """Return all that was found, in the shape of the outcomes table."""
        with self._store.reading() as connection:
            return outcomes.outcomes_in(self._store, connection)

    def unseen(self) -> int:
        """Count the drawn cases that nobody opened and of which nothing was found; outcomes lack them."""
        with self._store.reading() as connection:
            return outcomes.count_unseen(self._store, connection)

    # The open pool.

    def keep_rows(self, batch: str, meta: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> Head | None:
        """Keep the rows of a batch under its digest, once."""
        return pool.keep_rows(self._store, batch, meta, tables)

    def read_batches(self) -> list[tuple[dict[str, Any], dict[str, pa.Table]]]:
        """Return what `batches` says of each kept batch, and its tables, in order."""
        with self._store.reading() as connection:
            return pool.read_batches(self._store, connection)

    def batches(self) -> list[dict[str, Any]]:
        """Return ``batch`` (its digest), ``meta``, ``rows``, ``seq`` and ``at`` of each kept batch."""
        with self._store.reading() as connection:
            return pool.batches_in(self._store, connection)

    def keep_members(self, members: Mapping[str, str]) -> Head | None:
        """Keep in which case each report is, where that is new."""
        return pool.keep_members(self._store, members)

    def members(self) -> dict[str, str]:
        """Return the case of each report."""
        with self._store.reading() as connection:
            aliases = pool.aliases_in(self._store, connection)
            members = pool.members_in(self._store, connection)
        return {report: aliases.get(case, case) for report, case in members.items()}

    def keep_aliases(self, aliases: Mapping[str, str]) -> Head | None:
        """Keep old names of cases, where they are new."""
        return pool.keep_aliases(self._store, aliases)

    def aliases(self) -> dict[str, str]:
        """Return the present name of each case that had another."""
        with self._store.reading() as connection:
            return pool.aliases_in(self._store, connection)

    # Looking and forgetting.

    def find_case(self, text: str) -> str:
        """Return the present name of a case, from its id or so much of it that no other begins like it."""
        with self._store.reading() as connection:
            return showing.find_case(self._store, connection, text)

    def standing(self, case: str) -> dict[str, Any] | None:
        """Return how a case stood on the latest list that has it; None where it is on none."""
        with self._store.reading() as connection:
            return lists.latest_row(connection, deciding.find_names(self._store, connection, case)[1])

    def entries(self, last: int | None = None, case: str | None = None) -> list[dict[str, Any]]:
        """Return what the entries say: the last ones, or those about a case."""
        with self._store.reading() as connection:
            return showing.entries_in(self._store, connection, last=last, case=case)

    def forget(self, case: str, batches: Collection[Path] = (), who: str | None = None) -> Forgotten:
        """Erase all about a case: payloads, salts, rows, members, names, and references beside batches.

        Parameters
        ----------
        case : str
            Its id, or one that it had.
        batches : collection of Path
            Batch folders beside which references lie.
        who : str, optional
            Who asks for it; kept as a token.

        Returns
        -------
        Forgotten
            What was erased, and the exports made before, which this program cannot reach.
        """
        return forgetting.forget(self._store, case, batches, who)
