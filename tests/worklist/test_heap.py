from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from triage.worklist import heap

HELD = """
import numpy as np
from triage.worklist.heap import give_back, keep_freed

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

keep_freed()
arrays = [np.ones(250_000) for _ in range(100)]
del arrays
kept = resident()
give_back()
print(kept - resident())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc"
)
def test_what_is_freed_is_kept_until_it_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    assert int(told.stdout) > 150_000_000


@pytest.mark.parametrize("library", [OSError("no such library"), TypeError("no name"), object()])
def test_other_systems_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    def find(_name: None) -> object:
        if isinstance(library, Exception):
            raise library
        return library

    monkeypatch.setattr(ctypes, "CDLL", find)
    heap.keep_freed.cache_clear()
    heap.keep_freed()
    heap.give_back()
    heap.keep_freed.cache_clear()
