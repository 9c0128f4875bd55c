"""What the page of an evaluation says; how a browser shows it is in test_page_in_browser.py."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.special import expit

from triage.errors import OutputExistsError
from triage.evaluation import evaluate


def make(synthetic=True, **more):
    rng = np.random.default_rng(3)
    z = rng.normal(size=3000)
    oracle = expit(-4 + 1.5 * z)
    outcome = rng.random(3000) < oracle
    score = z + rng.normal(size=3000)
    return evaluate(
        outcome,
        score,
        expit(-4 + score),
        baselines={"arrival order": -np.arange(3000), "urgency flag only": z > 1.5},
        oracle=oracle if synthetic else None,
        synthetic=synthetic,
        resamples=49,
        **more,
    )


@pytest.fixture(scope="module")
def result():
    group = {"region": np.where(np.arange(3000) % 3, "north", "south")}
    return make(group=group, time=np.datetime64("2024-01-01") + np.arange(3000) % 120)


@pytest.fixture(scope="module")
def page(result):
    return result.to_html()


class Outline(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.broken, self.images, self.headings, self.rows, self.text = [], [], [], [], [], ""

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] in {"h1", "h2"}:
            self.headings.append(data)
        if "tbody" in self.open:
            self.rows[-1] += data + " "
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def outline(page):
    parser = Outline()
    parser.feed(page)
    return parser


def test_the_page_is_whole(outline):
    assert outline.open == []
    assert outline.broken == []


def test_the_first_sheet_says_what_was_found_and_missed_before_anything_else(result, outline):
    at = result.model.at[1]
    first = outline.text[: outline.text.index("First ")]
    found = f"{at.found.expected:,.0f} of {at.positives:,.0f}"
    assert found in first
    assert f"at least {at.missed.expected:,.0f}" in first
    for name in ("model", "oracle", "arrival order", "urgency flag only"):
        assert name in first
    for ratio in ("AUC", "lift", "Brier"):
        assert ratio not in first


def test_every_row_of_numbers_from_a_world_says_synthetic(outline):
    rows = [row for row in outline.rows if any(letter.isdigit() for letter in row)]
    assert len(rows) > 100
    assert all("synthetic" in row for row in rows)


def test_a_page_of_real_cases_does_not_say_synthetic():
    assert "synthetic" not in make(synthetic=False).to_html()


def test_every_picture_has_words_and_comes_with_the_page(outline):
    assert len(outline.images) == 5
    for image in outline.images:
        assert image["src"].startswith("data:image/svg+xml;base64,")
        assert len(image["alt"]) > 40


def test_the_page_asks_for_nothing_and_runs_nothing(page):
    without = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.search(r"https?:|<script|<link|<iframe|@import|url\(|\son\w+=", without)
    assert "default-src 'none'" in without


def test_names_from_a_file_cannot_become_markup():
    rng = np.random.default_rng(0)
    evil = "<img src=x onerror=alert(1)>"
    result = evaluate(
        rng.random(200) < 0.3, rng.random(200), baselines={evil: rng.random(200)}, group={evil: ["a"] * 200}
    )
    page = result.to_html(title=evil)
    assert evil not in page
    assert "&lt;img src=x" in page


def test_every_figure_is_on_the_page_with_its_method(result, outline):
    for name, ranking, _, figure in result.figures():
        assert any(name in row and ranking in row and figure.denominator in row for row in outline.rows)


def test_the_same_evaluation_gives_the_same_page(result, page):
    assert result.to_html() == page


def test_nothing_to_find_is_a_page_too():
    page = evaluate([0] * 60, np.arange(60), np.full(60, 0.1), resamples=9).to_html()
    assert "nothing to find" in page
    assert "not estimable" in page


def test_a_saved_page_is_whole_and_replaces_nothing_unasked(result, page, tmp_path):
    path = tmp_path / "report.html"
    result.save_html(path)
    assert path.read_text(encoding="utf-8") == page
    with pytest.raises(OutputExistsError):
        result.save_html(path)
    result.save_html(path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_few_cases_and_missing_outcomes_are_said_in_plain_words():
    outcome = [1, 0, 0, 0, None] * 8
    page = evaluate(outcome, np.arange(40)).to_html()
    assert "Only 8 with current abuse are known" in page
    assert "8 cases have no outcome" in page
