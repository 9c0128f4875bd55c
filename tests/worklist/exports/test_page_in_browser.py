import json
import re
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from triage.worklist.explain import Explanation, TermExplained
from triage.worklist.exports import export

pytestmark = pytest.mark.browser

CASES = "[...document.querySelectorAll('.body > .row')].map(row => row.querySelector('.case_id').textContent)"
ALL_IN = "document.querySelector('.body').getAttribute('aria-busy') === 'false'"
# The ratio of the Web Content Accessibility Guidelines 2.2, for every text that is shown, against what is behind it.
FAINT_TEXTS = """(() => {
  const paper = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour, under) => {
    paper.fillStyle = under; paper.fillRect(0, 0, 1, 1);
    paper.fillStyle = colour; paper.fillRect(0, 0, 1, 1);
    return [...paper.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (parts) => parts.map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return 'white';
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('script,option,.unseen,.skip')) continue;
    const back = rgb(behind(element), 'white');
    const front = rgb(getComputedStyle(element).color, `rgb(${back})`);
    const [low, high] = [light(front), light(back)].sort((one, other) => one - other);
    seen += 1;
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(`${walker.currentNode.data.trim().slice(0, 20)} ${front} on ${back}`);
  }
  return [seen > 100, [...new Set(faint)]];
})()"""


def explain(case, score, sentence="an earlier contact offence"):
    terms = [
        TermExplained("a", "contact", sentence, "a study", 1.0, score - 1.508, None, None),
        TermExplained("b", "access", "in a chat room", "another", 1.0, -0.25, None, None),
        TermExplained("c", "access", "not known: whether a child is near", "a study", None, 0.5, -0.5, 1.0),
        TermExplained("d", "money", "little", "", 1.0, 0.004, None, None),
        TermExplained("e", "money", "less", "", 1.0, 0.004, None, None),
    ]
    return Explanation(case, "ranked", "", "expert", "log-odds", score, 1.25, None, None, None, "", terms)


@pytest.fixture
def shown(tab, worklist, tmp_path):
    """Give a tab in which the small list is open, in light colours on a wide screen."""
    rows = worklist.table.to_pylist()
    details = {
        row["case_id"]: explain(row["case_id"], row["score"]) for row in rows if row["score"] is not None
    }
    export(worklist, tmp_path / "list.html", details=details)
    tab.resize(1400, 900)
    tab.darken("light")
    tab.open(tmp_path / "list.html")
    return tab


def test_the_page_asks_for_nothing_and_has_no_complaint(shown):
    assert shown.asked_for() == []
    assert shown.complaints() == []


def test_a_page_that_asks_for_something_would_be_seen(tab, tmp_path):
    (tmp_path / "asks.html").write_text('<div class="body"></div><img src="http://example.org/x.png">')
    tab.open(tmp_path / "asks.html")
    assert tab.asked_for() == ["http://example.org/x.png"]


def test_hostile_text_in_every_cell_stays_text(tab, hostile, texts, tmp_path):
    details = {text: explain(text, 1.0, sentence=text) for text in texts}
    export(hostile, tmp_path / "list.html", details=details)
    tab.open(tmp_path / "list.html")
    tab.look("window.struck = () => { window.wasStruck = true }; 0")
    tab.look("document.querySelectorAll('.toggle').forEach(toggle => toggle.click())")
    assert tab.look(CASES) == texts
    sentences = (
        "[...document.querySelectorAll('.terms tbody tr:first-child .because')].map(cell => cell.textContent)"
    )
    assert tab.look(sentences) == texts
    made = "document.querySelectorAll('img, svg, iframe, object, a:not(.skip), b b, script').length"
    assert tab.look(made) == 2  # its data and its own script
    assert tab.look("window.wasStruck") is None
    assert (tab.asked_for(), tab.complaints()) == ([], [])


@pytest.mark.parametrize(
    "attempt",
    [
        "document.body.innerHTML = '<img src=x onerror=struck()>'",
        "document.body.setAttribute('onclick', 'struck()'); document.body.click()",
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'struck()'}))",
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    ],
)
def test_even_a_mistake_in_the_script_could_run_nothing(shown, attempt):
    shown.look("window.struck = () => { window.wasStruck = true }; 0")
    shown.look(f"(() => {{ try {{ {attempt} }} catch (error) {{ return error.name }} }})()")
    assert shown.look("window.wasStruck") is None
    assert shown.look("document.querySelectorAll('.body > .row').length") == 13


def test_the_policy_lets_the_page_send_nothing(shown):
    sent = "fetch('http://127.0.0.1:9/x').then(() => 'sent', () => 'refused')"
    assert shown.look(sent) == "refused"
    assert "Content Security Policy" in json.dumps(shown.complaints())


def test_every_case_stands_on_one_of_the_three_lists(shown, worklist):
    cases = []
    for key in "123":
        shown.press(key)
        cases += shown.look(CASES)
    assert sorted(cases) == sorted(worklist.table["case_id"].to_pylist())
    assert len(cases) == 16


def test_the_main_list_is_in_the_order_of_the_list(shown, worklist):
    main = [row["case_id"] for row in worklist.table.to_pylist() if row["lane"] not in {"youth", "paused"}]
    assert shown.look(CASES) == main


def test_keys_walk_the_list_and_open_a_case(shown):
    for key in ("j", "j", "j", "k", "Enter"):
        shown.press(key)
    open_cases = "[...document.querySelectorAll('.row.open .cell.case_id')].map(cell => cell.textContent)"
    assert shown.look(open_cases) == ["escalated-00002"]
    assert shown.look("document.activeElement.getAttribute('aria-expanded')") == "true"
    shown.press("Escape")
    assert shown.look(open_cases) == []


def test_what_is_shown_of_a_case_adds_up_to_its_score(shown, worklist):
    shown.look("document.querySelectorAll('.toggle').forEach(toggle => toggle.click())")
    tables = shown.look(
        "[...document.querySelectorAll('.terms')].map(table => [...table.querySelectorAll('.points')].map(cell =>"
        " Number(cell.textContent.replace('\\u2212', '-'))))"
    )
    scores = [row["score"] for row in worklist.table.to_pylist() if row["lane"] in {"escalated", "ranked"}]
    assert [table[-1] for table in tables] == scores
    assert [sum(table[:-1]) for table in tables] == pytest.approx(scores, abs=1e-9)
    assert len(tables) == 12


def test_an_open_case_tells_what_each_answer_would_add(shown):
    for key in ("j", "j", "Enter"):
        shown.press(key)
    cells = "[...document.querySelectorAll('.row.open .unknown td')].map(cell => cell.textContent)"
    assert shown.look(cells) == ["whether a child is near", "+0.50", "\u22120.50", "+1.00"]


def test_search_finds_all_words_and_escape_leaves_it(shown):
    shown.press("/")
    shown.type("NUMBER 7")
    assert shown.look(CASES) == ["ranked-00007"]
    assert shown.look("document.getElementById('status').textContent") == "1 of 13 cases"
    shown.press("Escape")
    shown.press("0")
    assert len(shown.look(CASES)) == 13


def test_a_letter_typed_into_the_search_is_no_key(shown):
    shown.press("/")
    for key in "j2?":
        shown.press(key)
    assert shown.look("document.getElementById('search').value") == "j2?"
    assert shown.look("document.querySelector('[role=tab][aria-selected=true]').id") == "tab-main"


def test_filters_narrow_and_only_narrow(shown, worklist):
    shown.click("button.tier-3")
    assert shown.look(CASES) == ["ranked-00004", "ranked-00005"]
    shown.press("0")
    shown.look(
        "(() => { const select = document.querySelector('[aria-label=\"Filter by sources\"]');"
        " select.value = 'goaml'; select.dispatchEvent(new Event('change')) })()"
    )
    wanted = [
        row["case_id"]
        for row in worklist.table.to_pylist()
        if "goaml" in row["sources"].split() and row["lane"] not in {"youth", "paused"}
    ]
    assert shown.look(CASES) == wanted


def test_sorting_goes_down_up_and_back_to_the_list_with_unknown_last(shown, worklist):
    rows = [row for row in worklist.table.to_pylist() if row["lane"] not in {"youth", "paused"}]
    known = [row["case_id"] for row in rows if row["score"] is not None]
    orders = []
    for _ in range(3):
        shown.click(".head .score button")
        orders.append((shown.look("document.querySelector('.head .score').ariaSort"), shown.look(CASES)))
    assert orders == [
        ("descending", [*known, "unreadable-00001"]),
        ("ascending", [*known[::-1], "unreadable-00001"]),
        ("none", [row["case_id"] for row in rows]),
    ]


def test_a_child_to_protect_has_no_score_and_no_terms(shown):
    shown.press("2")
    shown.press("j")
    shown.press("Enter")
    assert shown.look("document.querySelectorAll('.table .score, .table .probability, .terms').length") == 0
    text = shown.look("document.getElementById('panel').innerText")
    assert "a child to protect" in text
    assert "No score is given" in text


def test_the_end_of_the_capacity_is_marked_between_its_two_cases(shown):
    beside = "['previousElementSibling', 'nextElementSibling'].map(side => document.querySelector('.cut')[side].dataset.row)"
    ranks = [shown.look(f"value({row}, 'rank')") for row in shown.look(beside)]
    assert ranks == [6, 7]
    shown.click(".head .waiting_hours button")
    assert shown.look("document.querySelectorAll('.cut').length") == 0


def test_question_mark_tells_the_keys(shown):
    shown.press("?")
    assert shown.look("document.getElementById('keys').open") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(shown, scheme):
    shown.darken(scheme)
    shown.wait(f"document.documentElement.dataset.theme === '{scheme}'")
    for key in ("1", "2", "3"):
        shown.press(key)
        shown.look("document.querySelectorAll('.toggle').forEach(toggle => toggle.click())")
        enough, faint = shown.look(FAINT_TEXTS)
        assert faint == []
        assert enough or key != "1"


def test_every_control_has_a_name_and_every_row_its_cells(shown):
    tree = shown.call("Accessibility.getFullAXTree")["nodes"]
    roles = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]
    ]
    assert not [
        role for role, name in roles if role in {"button", "combobox", "searchbox", "tab"} and not name
    ]
    assert [role for role, _ in roles].count("row") == 15  # cases, the head and the end of the capacity
    assert ("tab", "Children to protect2") in [
        (role, name.replace(" ", " ").replace("protect 2", "protect2")) for role, name in roles
    ]


@pytest.mark.parametrize("width", [320, 700, 1000, 1400])
def test_no_screen_is_too_narrow(shown, width):
    shown.resize(width, 800)
    shown.look("document.querySelectorAll('.toggle').forEach(toggle => toggle.click())")
    assert shown.look("document.documentElement.scrollWidth <= innerWidth")


def test_a_long_list_is_whole_and_its_paper_says_where_it_ends(tab, list_of, tmp_path):
    export(list_of(4_997), tmp_path / "list.html")
    tab.resize(1400, 900)
    tab.open(tmp_path / "list.html")
    assert tab.look("document.querySelectorAll('.body > .row').length") == 5_000
    tab.look("search.value = 'number 4999'; search.dispatchEvent(new Event('input'))")
    assert tab.look(CASES) == ["ranked-04999"]
    tab.press("Escape")
    tab.look("reset()")
    tab.look("dispatchEvent(new Event('beforeprint'))")
    assert tab.look(ALL_IN)
    assert tab.look("document.querySelectorAll('.body > .row:not(.unprinted)').length") == 500
    assert "the first 500 of 5,000" in tab.look("document.getElementById('print-end').textContent")


def test_paper_is_light_and_holds_the_list(shown):
    shown.darken("dark")
    sheet = shown.print()
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", sheet)) <= 3
    shown.call("Emulation.setEmulatedMedia", media="print")
    assert shown.look("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    shown.call("Emulation.setEmulatedMedia", media="")


def test_a_case_opened_at_the_edge_of_the_screen_comes_into_sight(shown):
    shown.resize(1400, 600)
    for _ in range(13):
        shown.press("j")
    shown.press("Enter")
    top, bottom = shown.look(
        "(() => { const box = document.querySelector('.row.open .terms').getBoundingClientRect();"
        " return [box.top, box.bottom] })()"
    )
    assert 0 < top < bottom <= 600


def test_case_whose_deadline_has_passed_is_called_overdue_with_the_whole_date(tab, worklist, tmp_path):
    at = worklist.table.column_names.index("due_at")
    due = worklist.table["due_at"].to_pylist()
    late = next(row for row, lane in enumerate(worklist.table["lane"].to_pylist()) if lane == "escalated")
    # Few dates are wider in bold, as those of the first tier are.
    due[late] = datetime(2016, 11, 23, tzinfo=UTC)
    assert due[late] < worklist.as_of
    worklist.table = worklist.table.set_column(at, "due_at", pa.array(due, worklist.table["due_at"].type))
    export(worklist, tmp_path / "list.html")
    tab.resize(1400, 900)
    tab.open(tmp_path / "list.html")
    rows = "[...document.querySelectorAll('.body > .row')]"
    overdue = f"{rows}.filter(row => row.textContent.includes('overdue'))"
    assert tab.look(f"{overdue}.map(row => row.querySelector('.case_id').textContent)") == [
        worklist.table["case_id"][late].as_py()
    ]
    cell = f"{overdue}[0].querySelector('.due_at')"
    assert tab.look(f"{cell}.scrollWidth <= {cell}.clientWidth")
