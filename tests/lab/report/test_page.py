"""What the page of a comparison says; how a browser shows it is in test_lab_page_in_browser.py."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from triage.errors import OutputExistsError
from triage.lab.measures import MEASURES
from triage.lab.report import save_page, write_page, write_report
from triage.lab.report.summary import Summary, summarise

from .conftest import WAYS, make_capacity, make_runs


class Outline(HTMLParser):
    """The rows of tables, pictures and text of a page, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.broken: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.rows: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "img", "wbr"}:
            self.open.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "tr":
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        if "tbody" in self.open:
            self.rows[-1] += data if "th" in self.open else f" {data}"
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def page(summary: Summary) -> str:
    return write_page(summary)


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    return parser


def test_the_page_is_whole(outline: Outline) -> None:
    assert outline.open == []
    assert outline.broken == []


def test_the_first_sheet_answers_how_many_how_soon_and_at_whose_expense(outline: Outline) -> None:
    first = outline.text[: outline.text.index("Each way of working against")]
    assert "expert+audit=0.05 instead of arrival: 48.0 [41.0 to 55.0] more children reached" in first
    for said in ("60.0", "25.0 %", "615", "persons intruded upon", "What to know before relying on it"):
        assert said in first
    for word in ("Holm", "Hajek", "quantile", "AUC"):
        assert word not in first


def test_a_better_way_that_an_agency_can_follow_leads_and_not_the_oracle(summary: Summary) -> None:
    assert summary.figure("children_reached", "oracle").estimate == pytest.approx(75)
    assert summary.leading() == "expert+audit=0.05"


def test_what_cannot_be_told_apart_is_said_to_be_so(outline: Outline) -> None:
    assert "Not told apart: deadlines kept." in outline.text
    (row,) = [one for one in outline.rows if one.startswith("oracle") and "deadlines kept" in one
              and "not told apart" in one]  # fmt: skip
    assert "better" not in row


def test_a_shorter_wait_is_better_and_fewer_children_are_worse() -> None:
    backwards = summarise(make_runs(), cases=100)
    turned = make_runs(values={name: value[::-1] for name, value in make_runs().values.items()})
    text = write_report(summarise(turned, cases=100))
    assert "Better: children reached within 90 days" in write_report(backwards)
    assert "63.0 [53.8 to 72.2] fewer children reached" in text
    assert "Worse: children reached within 90 days" in text


def test_a_median_that_does_not_come_about_is_no_number(outline: Outline) -> None:
    (row,) = [one for one in outline.rows if one.startswith("median days") and "not within the period" in one]
    assert "210" in row
    assert "Fewer than half of the children" in outline.text


def test_without_a_lottery_the_page_says_that_nothing_is_known_below_the_cut(outline: Outline) -> None:
    assert "abuse stands among those that were not opened: under arrival, oracle." in outline.text
    (row,) = [one for one in outline.rows if one.startswith("prevalence below estimate") and "0.50 %" in one]
    assert row.split()[3:5] == ["not", "estimable"]


def test_every_row_with_a_number_of_the_lab_says_synthetic(outline: Outline, summary: Summary) -> None:
    stated = {one.source for one in summary.assumptions}
    rows = [
        row
        for row in outline.rows
        if any(letter.isdigit() for letter in row) and not any(source in row for source in stated)
    ]
    assert len(rows) > 60
    assert all(row.rstrip().endswith("synthetic") for row in rows)


def test_the_text_says_synthetic_on_every_line_with_a_number_of_a_way(summary: Summary) -> None:
    lines = write_report(summary).splitlines()
    numbers = [line for line in lines if any(f"{way} " in line for way in WAYS) and "[" in line]
    assert len(numbers) == 5
    assert all("synthetic" in line for line in numbers)


def test_every_assumption_stands_on_the_page_with_class_and_source(
    outline: Outline, summary: Summary
) -> None:
    assert len(summary.assumptions) > 5
    for one in summary.assumptions:
        assert any(one.place in row and one.kind in row and one.source in row for row in outline.rows)


def test_every_figure_is_on_the_page_with_its_method(outline: Outline, summary: Summary) -> None:
    figures = list(summary.every_figure())
    assert len(figures) == 16 * 3 + 10 * 2
    for _, way, figure in figures:
        method = figure.method.removeprefix("not estimable: ")
        assert any(way in row and method in row for row in outline.rows)


def test_every_picture_has_words_and_comes_with_the_page(outline: Outline) -> None:
    assert len(outline.images) == 5
    for image in outline.images:
        assert str(image["src"]).startswith("data:image/svg+xml;base64,")
        assert len(str(image["alt"])) > 40


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    without = re.sub(r"data:image/svg\+xml;base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.search(r"https?:|<script|<link|<iframe|@import|url\(|\son\w+=", without)
    assert "default-src 'none'" in without


def test_names_from_a_file_cannot_become_markup() -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = write_page(summarise(make_runs((evil, "expert", "oracle"), staff=evil), cases=100), title=evil)
    assert evil not in page
    assert "&lt;img src=x" in page


def test_the_same_runs_give_the_same_page(summary: Summary, page: str) -> None:
    assert write_page(summary) == page


def test_what_waits_is_told_week_by_week(outline: Outline) -> None:
    (row,) = [one for one in outline.rows if one.startswith("waiting, week 52")]
    assert row.count("15,000") == 3
    assert not [one for one in outline.rows if one.startswith("unseen, week 1 ")]


def test_the_smallest_staff_stands_on_the_first_sheet_and_in_a_section_with_a_picture() -> None:
    capacities = (make_capacity("expert", 280), make_capacity("oracle", None))
    told = summarise(make_runs(), cases=100, capacities=capacities)
    parser = Outline()
    parser.feed(write_page(told))
    first = parser.text[: parser.text.index("Each way of working against")]
    assert (
        "To reach 50.0 % of the children within 90 days (90 % sure) takes, instead of 150 detectives: expert 280; "
        "oracle more than 300, if any number does: these reach 30.0 % [" in first
    )
    assert "brings so many children: expert 0.12 [0.08 to 0.17]; oracle 0.12 [0.08 to 0.17]." in first
    (row,) = [one for one in parser.rows if one.startswith("expert 280")]
    assert "51.0 %" in row
    assert "49.0 % [40.0 to 58.0]" in row.replace("40.0 to 58.0", "[40.0 to 58.0]")
    (row,) = [one for one in parser.rows if one.startswith("oracle none up to 300")]
    assert "30.0 %" in row
    assert "oracle: 300 detectives open a case about 97.0 % of these children in time" in parser.text
    assert "expert: fewer detectives reached more on average at 280 against 300" in parser.text
    assert len(parser.images) == 6
    assert "150 detectives: expert 280;" in write_report(told)


def test_more_hands_are_not_said_to_be_useless_while_cases_wait() -> None:
    told = summarise(make_runs(), cases=100, capacities=(make_capacity("oracle", None, opened=0.5),))
    assert "no lack of hands" not in write_page(told)


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        (("arrival", "expert"), "Escalated cases are opened first, whatever the order."),
        (("arrival", "expert+escalation=off"), "but not by expert+escalation=off, which shows the order alone."),
        (("arrival+escalation=off",), "Escalated cases stand in the order of all others"),
    ],
)  # fmt: skip
def test_whether_escalated_cases_come_first_is_said(ways: tuple[str, ...], said: str) -> None:
    runs = make_runs(ways, values={name: value[: len(ways)] for name, value in make_runs().values.items()})
    assert said in write_report(summarise(runs, cases=100))


def test_that_next_to_nothing_can_be_referred_is_said_where_a_way_refers(summary: Summary) -> None:
    ways = ("arrival", "rules,26=expert+refer", "oracle")
    assert "tell no country of a child" in write_report(summarise(make_runs(ways), cases=100))
    assert "tell no country of a child" not in write_report(summary)


def test_one_way_alone_and_one_seed_are_a_page_too() -> None:
    alone = make_runs(("arrival",), seeds=(0,), curves=make_runs().curves[:1, :1], weekly={},
                      values={name: value[:1, :1] for name, value in make_runs().values.items()})  # fmt: skip
    page = write_page(summarise(alone, cases=100))
    assert "shows only beside another one" in page
    assert "one seed, no interval" in page


def test_a_change_of_the_world_is_named_and_the_world_as_it_is_is_not(page: str) -> None:
    changed = write_page(summarise(make_runs(what_if="volume=2"), cases=100))
    assert "nl-2017, with volume=2:" in changed
    assert "nl-2017: 18,000 cases" in page
    assert "nl-2017: 100 cases" in write_page(summarise(make_runs(what_if="as it is"), cases=100))


def test_headlines_of_the_page_are_measures() -> None:
    from triage.lab.report.page import FIRST_TABLE
    from triage.lab.report.verdicts import WORDS

    assert set(FIRST_TABLE) | set(WORDS) <= set(MEASURES)


def test_a_saved_page_is_whole_and_replaces_nothing_unasked(
    summary: Summary, page: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    save_page(summary, path)
    assert path.read_text(encoding="utf-8") == page
    with pytest.raises(OutputExistsError):
        save_page(summary, path)
    save_page(summary, path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
