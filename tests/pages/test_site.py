"""The site as `make site` built it, in a real browser that reaches nothing but files."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import triage
from triage.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
LOADED = re.compile(r"""<(?:link|script|img|iframe|source)\b[^>]*?(?:href|src)=["'](?:https?:)?//""")
STYLED = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    file = ROOT / "tests/worklist/exports/browsing.py"
    spec = importlib.util.spec_from_file_location("browsing", file)
    assert spec
    assert spec.loader
    browsing = importlib.util.module_from_spec(spec)
    sys.modules["browsing"] = browsing
    spec.loader.exec_module(browsing)
    assert SITE.is_dir(), "make site builds what is looked at here"
    with browsing.Tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def open_page(tab: Any, page: str) -> None:
    tab.events.clear()
    tab.call("Page.navigate", url=(SITE / page).as_uri())
    tab.wait("document.readyState === 'complete'")


def test_no_file_of_the_site_loads_from_a_network() -> None:
    pages = list(SITE.rglob("*.html"))
    assert pages
    assert not [page for page in pages if LOADED.search(page.read_text(encoding="utf-8"))]
    assert not [sheet for sheet in SITE.rglob("*.css") if STYLED.search(sheet.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "page", ["docs/index.html", "notebooks/03_calibration.html", "docs/reference.html", "docs/commands.html"]
)
def test_a_page_opens_quietly_and_fits(tab: Any, page: str, scheme: str, width: int) -> None:
    tab.darken(scheme)
    tab.resize(width, 900)
    open_page(tab, page)
    assert not tab.complaints()
    assert all(asked.startswith(("file:", "data:")) for asked in tab.asked_for())
    assert tab.look("document.documentElement.scrollWidth") <= width


def test_a_notebook_is_shown_with_what_it_drew(tab: Any) -> None:
    open_page(tab, "notebooks/03_calibration.html")
    assert tab.look(
        "[...document.querySelectorAll('.cell_output img')].filter(one => one.naturalWidth > 300).length"
    )


def test_search_finds_pages_without_a_server(tab: Any) -> None:
    tab.events.clear()
    tab.call("Page.navigate", url=f"{(SITE / 'search.html').as_uri()}?q=calibration")
    tab.wait("document.querySelectorAll('#search-results li a').length > 3")
    assert not tab.complaints()


def test_the_first_page_leads_on() -> None:
    target = re.search(r"url=([\w/.]+)", (SITE / "index.html").read_text(encoding="utf-8"))
    assert target
    assert (SITE / target[1]).is_file()


def test_every_public_name_and_every_command_has_its_place(tab: Any) -> None:
    open_page(tab, "docs/reference.html")
    shown = set(tab.look("[...document.querySelectorAll('dt.sig')].map(one => one.id)"))
    assert {f"triage.{name}" for name in triage.__all__} <= shown
    open_page(tab, "docs/commands.html")
    headings = tab.look("[...document.querySelectorAll('h2, h3')].map(one => one.firstChild.textContent)")
    assert {f"triage {name}" for name in COMMANDS} <= set(headings)
