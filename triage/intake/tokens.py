"""Keyed hashes: how an identifier becomes a token that only the holder of the key can make again."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from triage.errors import InputRefusedError
from triage.writing import require_plain, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEY_VARIABLE = "TRIAGE_KEY"
KEY_BYTES = 32
TOKEN_DIGITS = 24
_BLOCK_BYTES, _HASH_BYTES = 64, 32  # of SHA-256
_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
SEPARATOR = "\x1f"
_TOKEN = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{TOKEN_DIGITS}}}(?![0-9a-f])")
_MEND = (
    f"make one with: triage key FILE; give it with --key-file, or as the variable {KEY_VARIABLE}; keep it, or"
    " old and new reports will not link"
)


@dataclass(frozen=True)
class TokenKey:
    """The agency's key, with those that it replaced.

    A key is replaced by putting the next one behind it: a token is then made with the first key, and what
    comes out is hashed again with the next. Whoever holds both can bring the tokens of an old batch to the
    new key (`bridge`) without the reports that they came from; whoever holds one alone can do neither.

    Parameters
    ----------
    secret : bytes
        The newest key, at least 16 bytes; never written anywhere by this program.
    before : tuple of bytes
        The keys that it replaced, the oldest first.
    """

    secret: bytes = field(repr=False)
    before: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def previous(self) -> TokenKey | None:
        """The key as it was before the last replacement; None for a first key."""
        return TokenKey(self.before[-1], self.before[:-1]) if self.before else None

    @property
    def first(self) -> TokenKey:
        """The oldest key."""
        return TokenKey((*self.before, self.secret)[0])

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
        message = SEPARATOR.join((kind, *parts))
        token = _digest((*self.before, self.secret)[0], message)
        return self.bridge_from_first(token) if self.before else token

    def bridge(self, text: str) -> str:
        """Bring a token, or tokens joined by other signs, from the previous key to this one.

        Examples
        --------
        >>> old = TokenKey(bytes(16))
        >>> new = TokenKey(bytes(range(16)), (bytes(16),))
        >>> new.bridge(old.token("person", "a") + ":e0") == new.token("person", "a") + ":e0"
        True
        """
        return _TOKEN.sub(lambda found: _again(self.secret, found[0]), text)

    def bridge_from_first(self, text: str) -> str:
        """Bring tokens of the oldest key to this one."""
        for secret in (*self.before, self.secret)[1:]:
            text = TokenKey(secret).bridge(text)
        return text

    def tokens(self, identifiers: pa.Array) -> pa.Array:
        """Return the tokens of many identifiers, in less time.

        Parameters
        ----------
        identifiers : pyarrow.Array of string
            Each the kind and the parts, with `SEPARATOR` between them; without nulls.

        Examples
        --------
        >>> key = TokenKey(bytes(16))
        >>> key.tokens(pa.array([SEPARATOR.join(["person", "a"])])).to_pylist() == [key.token("person", "a")]
        True
        """
        first = (*self.before, self.secret)[0]
        messages = identifiers.cast(pa.binary()).to_pylist()
        hashes = np.frombuffer(b"".join(_hashes(first, messages)), np.uint8).reshape(-1, _HASH_BYTES)
        digits = np.take(_HEX, hashes[:, : TOKEN_DIGITS // 2])
        ends = np.arange(0, TOKEN_DIGITS * (len(messages) + 1), TOKEN_DIGITS, dtype=np.int32)
        made = pa.StringArray.from_buffers(len(messages), pa.py_buffer(ends), pa.py_buffer(digits))
        return pa.array(map(self.bridge_from_first, made.to_pylist()), pa.string()) if self.before else made

    def check(self) -> str:
        """Return what tells this key from others and does not give it away."""
        return self.token("check", "the same key gives the same word")[:8]


def _digest(secret: bytes, text: str) -> str:
    return _hashes(secret, [text.encode("utf-8", "surrogatepass")])[0].hex()[:TOKEN_DIGITS]


def _hashes(secret: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """Return HMAC-SHA256 (RFC 2104) of messages; what the key adds to each is worked out once."""
    begin_inner, begin_outer = (begun.copy for begun in _begin(secret))
    found = []
    for message in messages:
        inner, outer = begin_inner(), begin_outer()
        inner.update(message)
        outer.update(inner.digest())
        found.append(outer.digest())
    return found


@lru_cache(maxsize=8)
def _begin(secret: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the inner and the outer hash of HMAC with the key in them."""
    block = hashlib.sha256(secret).digest() if len(secret) > _BLOCK_BYTES else secret
    block = block.ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(bytes(x ^ 0x36 for x in block)), hashlib.sha256(bytes(x ^ 0x5C for x in block))


def _again(secret: bytes, token: str) -> str:
    return _digest(secret, f"again{SEPARATOR}{token}")


def load_key(key_file: Path | None = None) -> TokenKey:
    """Return the key from a file or from the variable ``TRIAGE_KEY``.

    Parameters
    ----------
    key_file : Path, optional
        A file that holds the key in hexadecimal digits. Where keys were replaced it holds them all, one a
        line, the oldest first.

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
    keys = text.split()
    if not all(re.fullmatch(r"([0-9a-fA-F]{2}){16,}", one) for one in keys) or len(set(keys)) < len(keys):
        raise InputRefusedError(
            "not a key",
            where=where,
            expected="at least 32 hexadecimal digits; several keys differ",
            mend=_MEND,
        )
    *before, secret = (bytes.fromhex(one) for one in keys)
    return TokenKey(secret, tuple(before))


def make_key(file: Path, *, replace: bool = False) -> TokenKey:
    """Write a new key to a file that its owner alone can read, and return it.

    Parameters
    ----------
    file : Path
        Must not be there: a key that is overwritten is lost, and with it every link to what it made.
    replace : bool
        The file is there and holds a key; the new one goes on the line below.

    Raises
    ------
    InputRefusedError
        The file is there, or with `replace`, it holds no key.
    """
    before: list[str] = []
    if replace:
        load_key(file)
        before = file.read_text(encoding="ascii").split()
    elif file.exists() or file.is_symlink():
        raise InputRefusedError(
            "is there already",
            where=str(file),
            expected="no file: a key that is overwritten is lost, and so is every link to what it made",
            mend="choose another name, or give --next to put the next key below it",
        )
    with write_file(file, force=replace, mode=0o600) as partial:
        lines = [*before, secrets.token_hex(KEY_BYTES)]
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return load_key(file)
