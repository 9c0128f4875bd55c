"""How commands answer: text for people, JSON for machines, progress on a terminal, and exit codes."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from triage.schema.findings import Finding
    from triage.schema.places import Place
    from triage.worklist.policy import Capacity

SET_ASIDE, REFUSED = 3, 4
SHOWN_FINDINGS = 20
BESIDE = "the references lie beside it, where the reports were imported, and never travel"
FIRST_YEAR, LAST_YEAR = 1970, 2200


class CapacityType(click.ParamType):  # type: ignore[type-arg] # generic in some versions of click only
    """A capacity on the command line."""

    name = "CAPACITY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Capacity:
        """Read a count or a share; anything else is wrong usage."""
        from triage.errors import CapacityError
        from triage.worklist.policy import parse_capacity

        try:
            return parse_capacity(str(value))
        except CapacityError as error:
            self.fail(str(error), param, ctx)


class BatchType(click.Path):
    """A batch on the command line: a folder, or a URL that fsspec knows.

    Parameters
    ----------
    only_here : str
        Why it cannot be a URL; empty where it can.
    """

    def __init__(self, only_here: str = "") -> None:
        super().__init__(path_type=Path)
        self.only_here = only_here

    def convert(  # type: ignore[override] # a URL is no path
        self,
        value: Any,
        param: click.Parameter | None,  # noqa: ARG002 - click's signature
        ctx: click.Context | None,  # noqa: ARG002 - ditto
    ) -> Place:
        """Read a path as it is, and a URL as one; a path would lose one of its slashes."""
        from triage.errors import InputRefusedError
        from triage.schema.places import Elsewhere, find_place

        place = find_place(value)
        if isinstance(place, Elsewhere) and self.only_here:
            raise InputRefusedError(
                "a URL", where=str(place), expected=f"a folder of this machine: {self.only_here}"
            )
        return place


class TimeType(click.DateTime):
    """A time in UTC on the command line."""

    name = "TIME"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return what the help shows."""
        return "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a time such as 2024-03-01 or 2024-03-01T10:00:00Z, as UTC."""
        plain = value.removesuffix("Z") if isinstance(value, str) else value
        time: datetime = super().convert(plain, param, ctx)
        if not FIRST_YEAR <= time.year < LAST_YEAR:
            self.fail(f"a year from {FIRST_YEAR} to {LAST_YEAR - 1} is expected", param, ctx)
        return time.replace(tzinfo=UTC)


json_option = click.option("--json", "as_json", is_flag=True, help="Give the result as JSON.")
force_option = click.option("--force", is_flag=True, help="Replace an output that is there.")


def load_arrow_alone() -> None:
    """Load Arrow without pandas, which it would look for at its first array: half of a short command's time.

    A frame that is asked for later finds pandas all the same.
    """
    import pyarrow as pa

    class NotNow:
        """Finds no pandas."""

        def find_spec(self, name: str, *_more: object) -> None:
            """Say that it is not there; all else is left to the other finders."""
            if name == "pandas":
                raise ModuleNotFoundError(name)

    finder = NotNow()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)


def counted(count: int, noun: str) -> str:
    """Return a number with what it counts, in the singular for one.

    Examples
    --------
    >>> counted(1, "case"), counted(1200, "case")
    ('1 case', '1,200 cases')
    """
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def say_result(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the result: JSON for a machine, else the text."""
    click.echo(json.dumps(result, indent=1, default=str, allow_nan=False) if as_json else text)


def say_error(error: dict[str, str], *, as_json: bool) -> None:
    """Print an error, to stderr for people, to stdout as JSON for a machine."""
    if as_json:
        click.echo(json.dumps({"error": error}, indent=1))
    else:
        click.echo(f"triage: {error['message']}", err=True)


def say_findings(findings: Sequence[Finding]) -> None:
    """Print the first findings to stderr; columns that a source does not have are left to ``check``."""
    findings = [finding for finding in findings if finding.level != "column"]
    for finding in findings[:SHOWN_FINDINGS]:
        click.echo(f"  {finding}", err=True)
    if len(findings) > SHOWN_FINDINGS:
        click.echo(f"  … and {len(findings) - SHOWN_FINDINGS:,} more: triage check lists all", err=True)


def console(*, err: bool = False) -> Console:
    """Return a console that fits the terminal; without colour when piped."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    # What a model or a policy says is text, never markup.
    return Console(file=stream, highlight=False, markup=False, width=None if stream.isatty() else 120)


@contextmanager
def progress(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while work is done, only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.progress import Progress

    with Progress(console=console(err=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)


def leave(set_aside: int, findings: Sequence[Finding]) -> None:
    """End with exit code 3 when rows were set aside, or values could not be read."""
    if set_aside or any(finding.level == "field" for finding in findings):
        click.get_current_context().exit(SET_ASIDE)


def refuse_inputs(target: Path, option: str, inputs: Sequence[Place | None]) -> None:
    """Refuse an output that is one of the inputs, or lies in an input that is a folder, --force or not."""
    from triage.errors import InputRefusedError

    place = target.resolve()
    if any(isinstance(path, Path) and place.is_relative_to(path.resolve()) for path in inputs):
        raise InputRefusedError("one of the inputs", where=str(target), mend=f"choose another {option}")


def program() -> str:
    """Return how the program was called, for commands to be typed next."""
    called = Path(sys.argv[0])
    return "triage" if called.name != "triage" or shutil.which("triage") else str(called)
