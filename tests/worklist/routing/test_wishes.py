"""The register of wishes is read with care: half understood, it could tell who asked not to be told."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from triage.errors import InputRefusedError
from triage.worklist.routing import Wish, read_wishes


def write(path: Path, *lines: str, head: str = "token,wish") -> Path:
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def test_each_victim_has_its_wish_and_others_an_unknown_one(tmp_path: Path) -> None:
    wishes = read_wishes(
        write(tmp_path / "w.csv", "a,tell", "b,do_not_tell", "c,unknown", " d , Do_Not_Tell ")
    )
    assert [wishes.of(token) for token in "abcde"] == [
        Wish.TELL, Wish.DO_NOT_TELL, Wish.UNKNOWN, Wish.DO_NOT_TELL, Wish.UNKNOWN,
    ]  # fmt: skip
    assert wishes.of(None) is Wish.UNKNOWN
    assert wishes.contradictions == 0


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_bytes(b"\xef\xbb\xbftoken;wish\r\na;tell\r\n")
    assert read_wishes(path).of("a") is Wish.TELL


@pytest.mark.parametrize("order", list(permutations(["a,tell", "a,unknown", "a,do_not_tell"])))
def test_of_wishes_that_contradict_the_one_not_to_be_told_holds(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    wishes = read_wishes(write(tmp_path / "w.csv", *order, "b,tell", "b,tell"))
    assert wishes.of("a") is Wish.DO_NOT_TELL
    assert wishes.of("b") is Wish.TELL
    assert wishes.contradictions == 1


@pytest.mark.parametrize("order", list(permutations(["a,tell", "a,unknown"])))
def test_a_doubtful_wish_is_unknown(tmp_path: Path, order: tuple[str, ...]) -> None:
    assert read_wishes(write(tmp_path / "w.csv", *order)).of("a") is Wish.UNKNOWN


@pytest.mark.parametrize(
    ("line", "said"),
    [("a,yes", "row 2, column wish: the wish 'yes'; expected tell, do_not_tell, unknown"), ("a,", "column wish"),
     (",tell", "row 2, column token: no token")],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_row(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InputRefusedError, match=said):
        read_wishes(write(tmp_path / "w.csv", "x,tell", line))


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="no column wish"):
        read_wishes(write(tmp_path / "w.csv", "a,tell", head="token,wants"))
