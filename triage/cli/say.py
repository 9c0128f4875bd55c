"""How commands answer: text for people, JSON for machines, progress on a terminal, and exit codes."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from triage.schema.findings import Finding

SET_ASIDE, REFUSED = 3, 4
SHOWN_FINDINGS = 20

json_option = click.option("--json", "as_json", is_flag=True, help="Give the result as JSON.")
force_option = click.option("--force", is_flag=True, help="Replace an output that is there.")


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
    """Print what a check found to stderr, the first of them."""
    for finding in findings[:SHOWN_FINDINGS]:
        click.echo(f"  {finding}", err=True)
    if len(findings) > SHOWN_FINDINGS:
        click.echo(f"  … and {len(findings) - SHOWN_FINDINGS:,} more: triage check lists all", err=True)


def console(*, err: bool = False) -> Console:
    """Return a console that fits the terminal; without colour when piped."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(file=stream, highlight=False, width=None if stream.isatty() else 120)


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


def leave(set_aside: int) -> None:
    """End with exit code 3 when something was set aside."""
    if set_aside:
        click.get_current_context().exit(SET_ASIDE)
