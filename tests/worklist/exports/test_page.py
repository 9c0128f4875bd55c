import base64
import hashlib
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from triage.worklist.explain import Explanation, TermExplained
from triage.worklist.exports import export
from triage.worklist.exports.page.content import encode_inert


def page_of(worklist, tmp_path, **options):
    export(worklist, tmp_path / "list.html", force=True, **options)
    return (tmp_path / "list.html").read_text(encoding="utf-8")


def content_of(page):
    return json.loads(page.split('id="content">')[1].split("</script>")[0])


def explanation_of(case, lane="ranked"):
    terms = [
        TermExplained("a", "contact", "an earlier contact offence", "a study", 1.0, 2.0, None, None),
        TermExplained("b", "access", "not known: reach", "a study", None, 0.0, -0.5, 1.0),
        TermExplained("c", "money", "next to nothing", "a study", 1.0, 0.004, None, None),
    ]
    return Explanation(case, lane, "", "expert", "points", 2.504, 0.5, None, None, None, "", terms)


def test_the_policy_names_the_very_script_and_style_of_the_page(worklist, tmp_path):
    page = page_of(worklist, tmp_path)
    for tag in ("script", "style"):
        inline = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page


def test_the_policy_forbids_everything_else(worklist, tmp_path):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page_of(worklist, tmp_path))[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "form-action 'none'" in policy


def test_the_page_names_no_address_and_makes_no_markup_of_text(worklist, tmp_path):
    page = page_of(worklist, tmp_path)
    assert not re.findall(r"(?:https?:)?//[a-z]|\bsrc=|\burl\(|@import", page)
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", page)


def test_hostile_text_leaves_the_markup_as_it_is(worklist, hostile, tmp_path):
    def tags(page):
        return set(re.findall(r"<[!/a-zA-Z][^\s>]*", page))

    assert tags(page_of(hostile, tmp_path)) <= tags(page_of(worklist, tmp_path))


@given(st.text())
def test_data_come_back_to_the_letter_without_a_sign_of_markup(text):
    encoded = encode_inert({"x": text})
    assert json.loads(encoded) == {"x": text}
    assert encoded.isascii()
    assert not set(encoded) & set("<>&")


def test_the_terms_of_a_case_and_the_rest_add_up_to_its_score(worklist, tmp_path):
    case = "ranked-00004"
    content = content_of(page_of(worklist, tmp_path, details={case: explanation_of(case)}))
    (row,) = content["details"]["cases"]
    told = content["details"]["cases"][row]
    assert content["columns"]["case_id"]["words"][content["columns"]["case_id"]["at"][int(row)]] == case
    assert sum(term[3] for term in told["terms"]) + told["rest"][1] + told["start"] == 2.504
    assert [term[2:] for term in told["terms"]] == [[1, 2.0, None, None], [0, 0.0, -0.5, 1.0]]


def test_a_child_to_protect_gets_no_terms_even_where_somebody_hands_them_over(worklist, tmp_path):
    case = "youth-00001"
    content = content_of(page_of(worklist, tmp_path, details={case: explanation_of(case)}))
    assert content["details"]["cases"] == {}


def test_alarms_and_notes_stand_in_the_page_itself(worklist, tmp_path):
    page = page_of(worklist, tmp_path)
    assert "more escalated than can be opened" in page
    assert "Probability: not calibrated here." in page


def test_synthetic_stands_on_the_page_only_where_it_is(worklist, tmp_path):
    assert ">synthetic<" in page_of(worklist, tmp_path)
    worklist.synthetic = False
    assert ">synthetic<" not in page_of(worklist, tmp_path)
