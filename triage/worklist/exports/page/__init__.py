"""A list as one page of HTML to work from: it needs nothing but itself, and runs only its own script."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from importlib import resources
from importlib.metadata import version
from typing import TYPE_CHECKING

import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from triage.worklist.exports.page.content import encode_content, encode_inert
from triage.writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.worklist.exports.by_ending import Options

_HERE = "triage.worklist.exports.page"
TEMPLATE = "page.html.jinja"
_STYLE = ("look.css", "rows.css")
_SCRIPT = ("content.js", "rows.js", "details.js", "order.js", "keys.js")


@contextmanager
def open_list(path: Path, options: Options) -> Iterator[Callable[[pa.Table], None]]:
    """Give a function that adds rows of a worklist to a page."""
    tables: list[pa.Table] = []
    with write_file(path, force=options.force) as partial:
        yield tables.append
        partial.write_text(render_page(pa.concat_tables(tables), options), encoding="utf-8")


def render_page(table: pa.Table, options: Options) -> str:
    """Return a worklist as HTML.

    The policy in its head lets the browser run this one script and no other, load nothing, send nothing and
    never make elements of text; the rows stand in a block of data that is read as JSON.
    """
    style, script = (_join(names) for names in (_STYLE, _SCRIPT))
    environment = Environment(
        loader=PackageLoader(_HERE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        about=options.about,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        content=Markup(encode_inert(encode_content(table, options))),  # noqa: S704 - no sign of markup is left
        style_hash=hash_of(style),
        script_hash=hash_of(script),
        version=version("report-triage"),
    )


def hash_of(text: str) -> str:
    """Return the hash by which a content security policy names an inline block."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _join(names: tuple[str, ...]) -> str:
    folder = resources.files(_HERE)
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
