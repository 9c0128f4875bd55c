"""What pages of the site say that is not in their files: runs of notebooks, public names, commands."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from numpydoc.docscrape import NumpyDocString
from pygments.lexers.shell import BashLexer
from pygments.lexers.special import TextLexer

import triage
from triage.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

EXECUTED = Path(__file__).parents[2] / "build" / "notebooks"
# Methods that scikit-learn writes into every estimator.
FOREIGN = ("set_fit_request", "set_score_request", "set_transform_request")
COMMANDS = "<!-- help of every command -->"
WIDTH = 88
HELPED = {"help_option_names": ["-h", "--help"]}
RETURNED = re.compile(r"^<!-- returned: (triage\.[\w., ]+) -->$", flags=re.MULTILINE)
PLACE = re.compile(r"^<!-- names in (triage\.[a-z.]+) -->$", flags=re.MULTILINE)


def group_names(rooms: Iterable[str]) -> dict[str, list[str]]:
    """Return the public names of each room; of two rooms one within the other, the inner has the name."""
    found: dict[str, list[str]] = {room: [] for room in rooms}
    for name in triage.__all__:
        thing = getattr(triage, name)
        home = thing.__module__ if hasattr(thing, "__module__") else triage._HOME[name]  # noqa: SLF001 - one house
        room = max((room for room in found if f"{home}.".startswith(f"{room}.")), key=len)
        found[room].append(name)
    return found


def _document(name: str) -> str:
    thing = getattr(triage, name)
    if inspect.isclass(thing):
        return f".. autoclass:: triage.{name}\n   :members:\n   :exclude-members: {', '.join(FOREIGN)}\n"
    kind = "function" if callable(thing) else "data"
    return f".. auto{kind}:: triage.{name}\n" + ("   :no-value:\n" if kind == "data" else "")


def _document_all(names: list[str]) -> str:
    return "\n".join(["```{eval-rst}", *map(_document, names), "```"]) if names else ""


def _document_returned(classes: str) -> str:
    lines = [f".. autoclass:: {path}\n   :members:\n" for path in classes.split(", ")]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def _is_made_by_others(what: str, name: str) -> bool:
    """Say whether a class has no public name: nobody makes one but functions that return it."""
    return what == "class" and name.removeprefix("triage.") not in triage.__all__


def _hide_making(_app: Sphinx, what: str, name: str, *_rest: object) -> tuple[str, str] | None:
    return ("", "") if _is_made_by_others(what, name) else None


def _tell_attributes(_app: Sphinx, what: str, name: str, *rest: Any) -> None:
    """Show what such a class holds in place of what it is made of, but for its other parameters."""
    if _is_made_by_others(what, name):
        lines = rest[-1]
        told = NumpyDocString("\n".join(lines))
        told["Attributes"] = told["Parameters"]
        # An example that makes one shows what nobody does.
        for section in ("Parameters", "Other Parameters", "Examples"):
            told[section] = []
        lines[:] = str(told).splitlines()


def show_help(command: click.Command, name: str, above: click.Context | None = None) -> Iterator[str]:
    """Give the help of a command, and of those below it, as sections of a page."""
    context = click.Context(command, info_name=name, parent=above, terminal_width=WIDTH, **HELPED)
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from show_help(found, below, context)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:  # noqa: ARG001 - Sphinx's signature
    if docname.startswith("notebooks/"):
        run = EXECUTED / f"{Path(docname).name}.ipynb"
        if not run.exists():
            raise SystemExit(f"{run} is not there; make notebooks runs what is shown here")
        source[0] = run.read_text(encoding="utf-8")
    elif docname == "docs/commands":
        source[0] = source[0].replace(COMMANDS, "\n".join(show_help(main, "triage")))
    elif docname == "docs/reference":
        names = group_names(PLACE.findall(source[0]))
        source[0] = RETURNED.sub(lambda place: _document_returned(place[1]), source[0])
        source[0] = PLACE.sub(lambda place: _document_all(names[place[1]]), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Read pages so."""
    # Lines of ours have no prompt, so that they can be copied; Pygments takes such lines for output.
    app.add_lexer("console", BashLexer)
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", _read)
    app.connect("autodoc-process-signature", _hide_making)
    # Before numpydoc turns the docstring into a page.
    app.connect("autodoc-process-docstring", _tell_attributes, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
