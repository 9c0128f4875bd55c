"""Words of 100,000 cases: beside a list comprehension."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.kernels.sides import HERE, list_sides, measure
from triage.features.telling.texts import enumerate_texts, say_each, with_commas
from triage.features.telling.words import part_words

CASES = 100_000
DRAWS = np.random.default_rng(1)
FEW = DRAWS.integers(0, 30, CASES), DRAWS.integers(30, 60, CASES)
ALL = np.arange(CASES), np.full(CASES, CASES)
COUNTS = DRAWS.integers(0, 6, CASES)
SENTENCES = [f"sentence {number}" for number in DRAWS.integers(0, 500, COUNTS.sum()).tolist()]
NUMBERS = DRAWS.integers(0, 10**7, CASES)


def say(count: int, of: int) -> str:
    return part_words(count, of, "file")


def say_all(columns: tuple[np.ndarray, ...]) -> list[str]:
    return [say(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def join_all() -> list[str]:
    ends = np.concatenate([[0], np.cumsum(COUNTS)]).tolist()
    return ["; ".join(SENTENCES[start:end]) for start, end in pairwise(ends)]


WORDS = {
    "words of few distinct values": {
        HERE: lambda: say_each(say, *FEW),
        "list comprehension": lambda: pa.array(say_all(FEW)),
    },
    "words of values that are all distinct": {
        HERE: lambda: say_each(say, *ALL),
        "list comprehension": lambda: pa.array(say_all(ALL)),
    },
    "sentences of a case put together": {
        HERE: lambda: enumerate_texts(pa.array(SENTENCES), COUNTS, "; "),
        "list comprehension": lambda: pa.array(join_all()),
    },
    "numbers with commas": {
        HERE: lambda: with_commas(NUMBERS),
        "list comprehension": lambda: pa.array([f"{number:,}" for number in NUMBERS.tolist()]),
    },
}


@pytest.mark.parametrize(("work", "way"), list_sides(WORDS))
def test_words(benchmark: Any, work: str, way: str) -> None:
    measure(
        benchmark, WORDS, work, way, check=lambda one, other: pytest.fail("differ") if one != other else None
    )
