"""What a reader of one format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.intake.documents import Document
    from triage.intake.gathering import Intake


class Reading(Protocol):
    """One import of documents of a format."""

    def take(self, document: Document, kind: str) -> None:
        """Read a document: every record in it becomes rows or is set aside.

        Raises
        ------
        Unreadable
            None of it can be read; the importer sets it aside as a report.
        """

    def finish(self) -> None:
        """Join what waited for other documents; set aside what waits in vain."""


class Format(NamedTuple):
    """A format.

    Parameters
    ----------
    name : str
        Short name.
    mapping : str
        Name and version of its mapping, stored with what was imported.
    recognise : callable
        Returns the kind of document (stored with the batch), or an empty text for documents of other
        formats. It looks at what stands in the document; a name decides nothing.
    begin : callable
        Begins an import.
    """

    name: str
    mapping: str
    recognise: Callable[[Document], str]
    begin: Callable[[Intake], Reading]
