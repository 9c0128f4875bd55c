"""Keyed hashes: how an identifier becomes a token that only the holder of the key can make again."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import InputRefusedError
from triage.writing import require_plain

if TYPE_CHECKING:
    from pathlib import Path

KEY_VARIABLE = "TRIAGE_KEY"
KEY_BYTES = 32
TOKEN_DIGITS = 24
_SEPARATOR = b"\x1f"
_MEND = (
    f'make one with: python -c "import secrets; print(secrets.token_hex({KEY_BYTES}))" and give it as the'
    f" variable {KEY_VARIABLE} or in a file with --key-file; keep it, or old and new reports will not link"
)


@dataclass(frozen=True)
class TokenKey:
    """The agency's key.

    Parameters
    ----------
    secret : bytes
        At least 16 bytes; never written anywhere by this program.
    """

    secret: bytes = field(repr=False)

    def token(self, kind: str, *parts: str) -> str:
        """Return the token of an identifier.

        HMAC-SHA256 over the kind and the parts, cut to 96 bits: at a thousand million identifiers the
        chance of any collision is about 1e-11.

        Parameters
        ----------
        kind : str
            What is named ("person", "account"); the same text of two kinds gives two tokens.
        *parts : str
            The identifier, in one or more parts.

        Examples
        --------
        >>> TokenKey(bytes(16)).token("person", "a") == TokenKey(bytes(16)).token("person", "a")
        True
        """
        message = _SEPARATOR.join(part.encode("utf-8", "surrogatepass") for part in (kind, *parts))
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:TOKEN_DIGITS]

    def check(self) -> str:
        """Return what tells this key from others and does not give it away."""
        return self.token("check", "the same key gives the same word")[:8]


def load_key(key_file: Path | None = None) -> TokenKey:
    """Return the key from a file or from the variable ``TRIAGE_KEY``.

    Parameters
    ----------
    key_file : Path, optional
        A file that holds the key in hexadecimal digits.

    Raises
    ------
    InputRefusedError
        There is no key, or it is no key.
    """
    where = str(key_file) if key_file else f"the variable {KEY_VARIABLE}"
    if key_file:
        require_plain(key_file)
        try:
            text = key_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise InputRefusedError("cannot be read", where=where, expected="a key", mend=_MEND) from None
    else:
        text = os.environ.get(KEY_VARIABLE, "")
    text = text.strip()
    if not text:
        raise InputRefusedError("no key", where=where, mend=_MEND)
    if not re.fullmatch(r"([0-9a-fA-F]{2}){16,}", text):
        raise InputRefusedError(
            "not a key", where=where, expected="at least 32 hexadecimal digits", mend=_MEND
        )
    return TokenKey(bytes.fromhex(text))
