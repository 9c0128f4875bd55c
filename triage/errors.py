"""Errors that say what was found, where, what was expected and what to do next."""

from __future__ import annotations

import re

_BEFORE_HOST = re.compile(r"(:/+)\S*@")
_QUERY = re.compile(r"[?#][^\s'\")>]+")


class TriageError(Exception):
    """An error that a person can act on.

    Parameters
    ----------
    found : str
        What is wrong, as it was found.
    where : str
        The file, and where it helps the row and the column.
    expected : str
        What would have been right.
    mend : str
        The next step for the person who reads this.

    Examples
    --------
    >>> print(TriageError("no such folder", where="batch/", expected="a batch", mend="check the path"))
    batch/: no such folder; expected a batch; check the path
    """

    def __init__(self, found: str, *, where: str = "", expected: str = "", mend: str = "") -> None:
        self.found, self.where, self.expected, self.mend = found, where, expected, mend
        parts = [f"{where}: {found}" if where else found]
        if expected:
            parts.append(f"expected {expected}")
        if mend:
            parts.append(mend)
        super().__init__("; ".join(parts))

    def as_dict(self) -> dict[str, str]:
        """Return the parts of the message, for machines."""
        return {"found": self.found, "where": self.where, "expected": self.expected, "mend": self.mend}


def hide_secrets(text: str) -> str:
    """Return a text without what in a URL may be secret: what stands before the host, and the query.

    Examples
    --------
    >>> hide_secrets("s3://name:password@bucket/batch"), hide_secrets("https://host/batch?signature=0a1b")
    ('s3://bucket/batch', 'https://host/batch?...')
    """
    return _QUERY.sub("?...", _BEFORE_HOST.sub(r"\1", text))


class InputRefusedError(TriageError):
    """The input cannot be used at all; nothing was written."""


class BundleRefusedError(InputRefusedError):
    """A bundle failed verification and was not loaded."""


class CapacityError(TriageError):
    """A capacity that is no count, no share and no pace."""


class OutputExistsError(TriageError):
    """The output is there already, and the caller did not ask to replace it."""
