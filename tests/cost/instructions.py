"""Count the bytecode instructions that functions of the package execute: what a loop over cases cannot hide.

A loop of Python over cases is what makes this program slow, and the instructions of it are a whole number that
is the same on every machine and under every load. What libraries do, compiled or not, is not seen, so a loop
that begins and ends in one of them (`to_pylist`, `iterrows` that is only listed) is not either.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import triage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, FrameType

ROOMS = Path(triage.__file__).parent
_TOOL = 4  # of the numbers from 0 to 5, one that Python keeps for nothing


def count_instructions(work: Callable[[], object], under: Path = ROOMS) -> Counter[str]:
    """Run something and count the instructions of each function whose file lies in a folder.

    Functions inside another count as part of it: newer versions of Python make no function of a list
    comprehension. Other processes are not seen, and other threads only since Python 3.12.

    Parameters
    ----------
    work : callable
        What to run.
    under : Path
        The folder.

    Returns
    -------
    Counter of str
        Instructions by function, such as ``schema/batch.py: open_batch``.
    """
    count = _monitor if sys.version_info >= (3, 12) else _trace
    counted: Counter[str] = Counter()
    for code, number in count(work, f"{under}/").items():
        function = code.co_qualname.partition(".<locals>")[0]
        counted[f"{Path(code.co_filename).relative_to(under)}: {function}"] += number
    return counted


def count_growth(few: Mapping[str, int], many: Mapping[str, int], added: int) -> dict[str, float]:
    """Return, of each function that grew, how many more instructions it executes for each added case."""
    return {name: grown / added for name in many if (grown := many[name] - few.get(name, 0)) > 0}


def _trace(work: Callable[[], object], under: str) -> dict[CodeType, int]:
    """Count as Python 3.11 can: every function of the folder is traced."""
    codes: dict[int, CodeType] = {}
    counts: dict[int, list[int]] = {}
    tracers: dict[int, Any] = {}

    def enter(frame: FrameType, _event: str, _: object) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(under):
            return None
        # To take the hash of a code is slow, its number is not.
        if id(code) not in tracers:
            codes[id(code)], counts[id(code)] = code, [0]
            tracers[id(code)] = _count_in(counts[id(code)])
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return tracers[id(code)]

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)
    return {code: counts[number][0] for number, code in codes.items()}


def _count_in(count: list[int]) -> Any:
    def trace(_frame: FrameType, event: str, _: object) -> Any:
        if event == "opcode":
            count[0] += 1
        return trace

    return trace


def _monitor(work: Callable[[], object], under: str) -> dict[CodeType, int]:
    """Count as Python can since 3.12: a place of another folder is looked at once."""
    monitoring: Any = vars(sys)["monitoring"]
    codes: dict[int, CodeType] = {}
    counts: Counter[int] = Counter()

    def execute(code: CodeType, _offset: int) -> Any:
        if not code.co_filename.startswith(under):
            return monitoring.DISABLE
        codes[id(code)] = code
        counts[id(code)] += 1
        return None

    monitoring.use_tool_id(_TOOL, __name__)
    try:
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, execute)
        monitoring.restart_events()
        monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)
        work()
    finally:
        monitoring.set_events(_TOOL, monitoring.events.NO_EVENTS)
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, None)
        monitoring.free_tool_id(_TOOL)
    return {codes[number]: count for number, count in counts.items()}
