"""Memory that was freed: kept while part follows part, and given back before what needs all there is.

NumPy takes its arrays from the C library. That of Linux, glibc, hands large ones back to the system as soon
as they are freed, and the next array of that size costs its pages anew: a tenth of the time of a list.
Elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from functools import cache
from typing import Any

import pyarrow as pa

# As <malloc.h> has them, and the largest threshold that glibc takes, to which it would come by itself.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE = 32 << 20
_KEPT = 256 << 20


@cache
def keep_freed() -> None:
    """Keep what is freed for the next part, up to some limit."""
    library = _find_library()
    with suppress(AttributeError):
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Give back what is free."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError):
        _find_library().malloc_trim(0)


def _find_library() -> Any:
    """Return the C library; None where Python knows none by that name."""
    with suppress(OSError, TypeError):
        return ctypes.CDLL(None)
    return None
