import re

import numpy as np
import pytest
from scipy.special import expit

from tests.evaluation.report import browser
from triage.evaluation import evaluate

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    rng = np.random.default_rng(3)
    z = rng.normal(size=3000)
    result = evaluate(
        rng.random(3000) < expit(-4 + 1.5 * z),
        z,
        expit(-4 + 1.5 * z),
        baselines={"arrival order": -np.arange(3000), "urgency flag only": z > 1.5},
        group={"region": np.where(np.arange(3000) % 3, "north", "south")},
        synthetic=True,
        resamples=49,
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    result.save_html(path)
    return path


def test_the_page_asks_for_nothing_outside(page, tmp_path):
    assert browser.hosts_asked_for(page, tmp_path) == set()


def test_a_page_that_asks_for_something_would_be_seen(tmp_path):
    path = tmp_path / "asks.html"
    path.write_text('<img src="http://example.org/x.png">')
    assert browser.hosts_asked_for(path, tmp_path) == {"example.org"}


def test_every_picture_is_drawn(page, tmp_path):
    # A script of the test's own, in a copy without the policy that forbids scripts.
    copy = tmp_path / "copy.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8"))
    script = (
        "<script>onload = () => { document.title = [...document.images].map(i => i.complete && i.naturalWidth > 200)"
        ".join(' ') + ' ' + (document.documentElement.scrollWidth <= innerWidth) }</script>"
    )
    copy.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    shown = browser.open_page(copy, tmp_path, "--dump-dom", "--window-size=1000,900")
    assert re.search(r"<title>([^<]*)</title>", shown)[1] == "true true true true true"


def test_the_first_sheet_of_paper_holds_the_answer_and_the_rest_follows(page, tmp_path):
    sheet = tmp_path / "report.pdf"
    browser.open_page(page, tmp_path, f"--print-to-pdf={sheet}")
    pages = len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes()))
    assert 4 <= pages <= 14
