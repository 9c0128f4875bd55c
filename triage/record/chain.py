"""The chain: what an entry commits to, and how it is bound to the entry before.

A leaf commits to its payload with a salt, so that once both are erased nothing leads from the commitment
back to the payload. An entry commits to its leaves in their order. A keyed MAC binds the entry to its number
and to the entry before: without the agency's key no entry can be changed, added, moved or left out of the
middle, and a chain that is rebuilt with the key ends in another head.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from triage.errors import InputRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from triage.intake.tokens import TokenKey

START = bytes(32)
SALT_BYTES = 16
HEAD_DIGITS = 16
# No token of the agency's key is made from a text that begins with this byte.
_PURPOSE = b"\x00record chain 1"


@dataclass(frozen=True)
class Leaf:
    """One erasable payload of an entry.

    Parameters
    ----------
    payload : bytes
        Canonical JSON, or a Parquet file.
    case_id : str or None
        The case that it speaks of; None where it speaks of none, or of many.
    """

    payload: bytes
    case_id: str | None = None


@dataclass(frozen=True)
class Head:
    """The end of a chain: who keeps it can tell later whether anything before it has changed.

    Parameters
    ----------
    seq : int
        Number of the last entry.
    mac : bytes
        Its MAC, 32 bytes.

    Examples
    --------
    >>> print(Head(7, bytes(32)))
    7:0000000000000000
    """

    seq: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac.hex()[:HEAD_DIGITS]}"

    @property
    def full(self) -> str:
        """The head with every digit of the MAC, for a file."""
        return f"{self.seq}:{self.mac.hex()}"


def parse_head(text: str) -> tuple[int, str]:
    """Read a head: the number of the entry and the first digits of its MAC.

    Raises
    ------
    InputRefusedError
        It is none.

    Examples
    --------
    >>> parse_head(" 12:00ff00ff00ff00ff ")
    (12, '00ff00ff00ff00ff')
    """
    match = re.fullmatch(r"\s*([1-9][0-9]{0,15}):([0-9a-fA-F]{16,64})\s*", text)
    if not match:
        raise InputRefusedError(
            f"'{text.strip()[:60]}'",
            expected=f"a head such as 12:00ff00ff00ff00ff, a number and at least {HEAD_DIGITS} digits",
            mend="copy it from the line that a writing command printed, or from triage audit head",
        )
    return int(match[1]), match[2].lower()


def chain_key(key: TokenKey) -> bytes:
    """Return the key of the chain, made from the agency's key and of use for nothing else."""
    return hmac.new(key.secret, _PURPOSE, hashlib.sha256).digest()


def to_json(payload: Mapping[str, Any]) -> bytes:
    """Return canonical JSON: sorted keys, no blanks, ASCII; what is no number is null, a time is text in UTC.

    Examples
    --------
    >>> to_json({"b": float("nan"), "a": [1, "x"]})
    b'{"a":[1,"x"],"b":null}'
    """
    return json.dumps(_plain(payload), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {str(name): _plain(some) for name, some in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(some) for some in value]
    if hasattr(value, "item"):  # a scalar of numpy
        return _plain(value.item())
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def stamp(time: datetime) -> str:
    """Return a time as it is kept: UTC, to the microsecond; text sorts as time does.

    Examples
    --------
    >>> stamp(datetime(2024, 3, 1, tzinfo=UTC))
    '2024-03-01T00:00:00.000000+00:00'
    """
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat(timespec="microseconds")


def commit_leaf(salt: bytes, payload: bytes) -> bytes:
    """Return SHA-256 over salt and payload."""
    return hashlib.sha256(salt + payload).digest()


def commit_entry(kind: str, at: str, leaves: Iterable[bytes]) -> bytes:
    """Return SHA-256 over kind, time and the commitments of the leaves in their order.

    JSON holds no line break and every commitment has 32 bytes, so no two entries give the same text.
    """
    digest = hashlib.sha256(json.dumps([kind, at]).encode() + b"\n")
    for leaf in leaves:
        digest.update(leaf)
    return digest.digest()


def bind(key: bytes, seq: int, commitment: bytes, previous: bytes) -> bytes:
    """Return the MAC that binds an entry to its number and to the MAC of the entry before."""
    return hmac.new(key, seq.to_bytes(8, "big") + commitment + previous, hashlib.sha256).digest()
