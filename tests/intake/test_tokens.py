from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.intake.tokens import SEPARATOR, TokenKey, load_key, make_key

KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


def test_token_is_hmac_sha256_cut_to_96_bits() -> None:
    expected = hmac.new(bytes.fromhex(KEY), b"person\x1fservice\x1fid", hashlib.sha256).hexdigest()[:24]
    assert TokenKey(bytes.fromhex(KEY)).token("person", "service", "id") == expected


@pytest.mark.parametrize("secret", [KEY, KEY * 2, KEY * 3])
def test_many_tokens_at_once_are_the_tokens_one_by_one(secret: str) -> None:
    key = TokenKey(bytes.fromhex(secret))
    parts = [("person", "a"), ("account", "é", "", "x" * 200), ("report",)]
    made = key.tokens(pa.array(map(SEPARATOR.join, parts)))
    assert made.to_pylist() == [key.token(*some) for some in parts]
    assert key.tokens(pa.array([], pa.string())).to_pylist() == []


def test_parts_cannot_be_shifted_into_each_other() -> None:
    key = TokenKey(bytes.fromhex(KEY))
    assert (
        len({key.token("person", "ab", "c"), key.token("person", "a", "bc"), key.token("account", "ab", "c")})
        == 3
    )


def test_key_does_not_show_itself() -> None:
    assert KEY[:8] not in repr(TokenKey(bytes.fromhex(KEY)))


def test_key_comes_from_the_variable_or_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIAGE_KEY", KEY)
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert load_key() == load_key(tmp_path / "key") == TokenKey(bytes.fromhex(KEY))


@pytest.mark.parametrize("text", ["", "short", "zz" * 32, "ab" * 15, "a" * 33])
def test_what_is_no_key_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    monkeypatch.setenv("TRIAGE_KEY", text)
    with pytest.raises(InputRefusedError, match="key") as caught:
        load_key()
    assert not text or text not in str(caught.value)
    assert "triage key" in caught.value.mend
    with pytest.raises(InputRefusedError, match="cannot be read"):
        load_key(tmp_path / "nowhere")


def test_a_key_is_made_for_its_owner_alone_and_never_twice_the_same(tmp_path: Path) -> None:
    one, other = make_key(tmp_path / "one"), make_key(tmp_path / "other")
    assert one != other
    assert load_key(tmp_path / "one") == one
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert len(one.secret) == 32


def test_a_key_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    made = make_key(tmp_path / "key")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    for name in ("key", "link"):
        with pytest.raises(InputRefusedError, match="--next"):
            make_key(tmp_path / name)
    assert load_key(tmp_path / "key") == made


def test_the_next_key_stands_below_those_before_it(tmp_path: Path) -> None:
    first = make_key(tmp_path / "key")
    second = make_key(tmp_path / "key", replace=True)
    third = make_key(tmp_path / "key", replace=True)
    assert third.previous == second
    assert second.previous == first
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputRefusedError, match="triage key FILE"):
        make_key(tmp_path / "nowhere", replace=True)
