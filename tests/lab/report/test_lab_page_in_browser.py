"""The page of a comparison in a real browser."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from triage.lab.report import save_page
from triage.lab.report.summary import Summary

pytestmark = pytest.mark.browser


def load_browser() -> ModuleType:
    path = Path(__file__).parents[2] / "evaluation" / "report" / "browser.py"
    spec = importlib.util.spec_from_file_location("browser", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["browser"] = module
    spec.loader.exec_module(module)
    return module


browser = load_browser()


@pytest.fixture(scope="module")
def page(summary: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    save_page(summary, path)
    return path


def test_the_page_asks_for_nothing_outside(page: Path, tmp_path: Path) -> None:
    assert browser.hosts_asked_for(page, tmp_path) == set()


def test_every_picture_is_drawn_and_the_page_is_no_wider_than_a_screen(page: Path, tmp_path: Path) -> None:
    # A script of the test's own, in a copy without the policy that forbids scripts.
    copy = tmp_path / "copy.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8"))
    script = (
        "<script>onload = () => { document.title = [...document.images].map(i => i.complete && i.naturalWidth > 200)"
        ".join(' ') + ' ' + (document.documentElement.scrollWidth <= innerWidth) }</script>"
    )
    copy.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    shown = browser.open_page(copy, tmp_path, "--dump-dom", "--window-size=1000,900")
    found = re.search(r"<title>([^<]*)</title>", shown)
    assert found is not None
    assert found[1] == "true true true true true true"


def test_the_sheet_for_the_head_of_unit_fits_one_page_of_paper(page: Path, tmp_path: Path) -> None:
    # The rest is taken out of a copy, so that what is printed is the first sheet alone.
    text = page.read_text(encoding="utf-8")
    start, end = text.index("</section>") + len("</section>"), text.index("</main>")
    alone = tmp_path / "alone.html"
    alone.write_text(text[:start] + text[end:], encoding="utf-8")
    assert count_pages(alone, tmp_path) == 1
    assert 3 <= count_pages(page, tmp_path) <= 8


def count_pages(page: Path, folder: Path) -> int:
    sheet = folder / "sheet.pdf"
    browser.open_page(page, folder, f"--print-to-pdf={sheet}")
    return len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes()))
