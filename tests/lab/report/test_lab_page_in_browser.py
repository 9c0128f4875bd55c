"""The page of a comparison in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.report import browser
from triage.lab.report import compare_change, save_page
from triage.lab.report.summary import Summary, summarise

from .conftest import WAYS, make_capacity, make_runs

pytestmark = pytest.mark.browser


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
    drawn, fits = ["true"] * 5, ["true"]
    assert re.findall(r"<title>([^<]*)</title>", shown) == [" ".join(drawn + fits)]


def test_the_sheet_for_the_head_of_unit_fits_one_page_of_paper(page: Path, tmp_path: Path) -> None:
    assert count_first_sheet(page, tmp_path) == 1
    assert 3 <= count_pages(page, tmp_path) <= 8


def test_it_does_with_four_ways_a_change_and_a_search_for_staff_too(tmp_path: Path) -> None:
    ways = (*WAYS, "four-step")
    values = {name: np.vstack([value, value[:1]]) for name, value in make_runs().values.items()}
    more = {"ways": ways, "values": values, "curves": make_runs().curves[[0, 1, 2, 0]], "weekly": {}}
    runs = make_runs(**more)
    full = summarise(
        runs,
        cases=18_000,
        detectives=150,
        capacities=(make_capacity("expert", 280), make_capacity("oracle", None)),
        changed=compare_change(make_runs(**more | {"values": {name: 0.9 * value for name, value in values.items()}}),
                               runs, "reports double; 10 new detectives join"),
    )  # fmt: skip
    save_page(full, tmp_path / "full.html")
    assert count_first_sheet(tmp_path / "full.html", tmp_path) == 1


def count_first_sheet(page: Path, folder: Path) -> int:
    # The rest is taken out of a copy, so that what is printed is the first sheet alone.
    text = page.read_text(encoding="utf-8")
    start, end = text.index("</section>") + len("</section>"), text.index("</main>")
    alone = folder / "alone.html"
    alone.write_text(text[:start] + text[end:], encoding="utf-8")
    return count_pages(alone, folder)


def count_pages(page: Path, folder: Path) -> int:
    sheet = folder / "sheet.pdf"
    browser.open_page(page, folder, f"--print-to-pdf={sheet}")
    return len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes()))
