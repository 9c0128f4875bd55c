"""One piece of work done here and in the usual way, timed side by side, with the same result asked of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

HERE = "here"
Ways = Mapping[str, Callable[..., Any]]


def list_sides(works: Mapping[str, Ways]) -> list[tuple[str, str]]:
    """Return each piece of work with each of its ways."""
    return [(work, way) for work, ways in works.items() for way in ways]


def measure(
    benchmark: Any,
    works: Mapping[str, Ways],
    work: str,
    way: str,
    *given: Any,
    check: Callable[[Any, Any], None] | None = None,
) -> None:
    """Time one way of one piece of work, and check that it comes to what the way of this program comes to."""
    benchmark.group = work
    benchmark.name = way
    found = benchmark(works[work][way], *given)
    if check and way != HERE:
        check(found, works[work][HERE](*given))
