from __future__ import annotations

import gc
from contextlib import suppress
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.intake.xml import (
    MAX_DEPTH,
    MAX_TAG_BYTES,
    MAX_TEXT,
    UnreadableXmlError,
    first_child_among,
    parse_xml,
)

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<report><incidentSummary>&c;</incidentSummary></report>"""
OUTSIDE = b"""<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>"""
REFUSED = {
    "billion laughs": (LAUGHS, "document type"),
    "external entity": (OUTSIDE, "document type"),
    "external document type": (b'<!DOCTYPE r SYSTEM "http://x.invalid/r.dtd"><r/>', "document type"),
    "undefined entity": (b"<r>&nothing;</r>", "undefined entity"),
    "100,000 levels": (b"<a>" * 100_000, "deeper than 50"),
    "truncated": (b"<r><a>text</a>", "no element found"),
    "NUL byte": (b"<r>a\x00b</r>", "invalid token"),
    "empty": (b"", "empty"),
    "blank": (b" \n ", "empty"),
    "PNG": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "invalid token"),
    "UTF-16 cut in two": ("<r>text</r>".encode("utf-16")[:-3], "not well-formed"),
    "Latin-1 bytes as UTF-8": (b"<r>caf\xe9</r>", "invalid token"),
    "codec of Python": (b'<?xml version="1.0" encoding="rot13"?><r/>', "encoding that is not accepted"),
    "codec that is none": (b'<?xml version="1.0" encoding="nonsense"?><r/>', "encoding that is not accepted"),
    "endless tag": (b"<r " + b"a" * (MAX_TAG_BYTES + 200_000), "tag longer"),
    "endless elements": (b"<r>" + b"<a/>" * 600_000 + b"</r>", "more than 500,000"),
    "endless attributes": (b"<r " + b" ".join(b'a%d=""' % i for i in range(300_000)) + b"/>", "tag longer"),
    "unbound prefix": (b"<r><n:a/></r>", "unbound prefix"),
    "two roots": (b"<r/><r/>", "junk after document element"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_not_be_read_is_refused_with_its_reason(name):
    content, reason = REFUSED[name]
    with pytest.raises(UnreadableXmlError, match=reason) as caught:
        parse_xml(content)
    assert caught.value.mend.startswith("ask the sender to send it")


def test_fifty_levels_are_read_and_fifty_one_are_not():
    assert parse_xml(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH).name == "a"
    with pytest.raises(UnreadableXmlError, match="deeper"):
        parse_xml(b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1))


def test_size_is_checked_before_anything_is_read():
    with pytest.raises(UnreadableXmlError, match="larger than 10 bytes"):
        parse_xml(b"<a>not even XML", max_bytes=10)


def test_a_refusal_quotes_nothing_from_the_file():
    with pytest.raises(UnreadableXmlError) as caught:
        parse_xml(b"<r>&JaneDoe;</r>")
    assert "Jane" not in str(caught.value)


def test_a_refusal_carries_what_was_read():
    with pytest.raises(UnreadableXmlError) as caught:
        parse_xml(b"<fileDetails><fileId>1</fileId>")
    assert (caught.value.root.name, caught.value.root.value("fileId")) == ("fileDetails", "1")


@pytest.mark.parametrize("declared", ["", ' encoding="UTF-8"', ' encoding="utf-16"'])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_first_bytes_tell_the_encoding_whatever_is_declared(declared, codec):
    content = f'<?xml version="1.0"{declared}?><r><a>café €</a></r>'.encode(codec)
    assert parse_xml(content).value("a") == "café €"
    assert first_child_among(content, {"a"}) == ("r", "a")


@pytest.mark.parametrize(
    ("declared", "codec"), [("UTF-16", "utf-16"), ("ISO-8859-1", "latin-1"), ("latin-1", "latin-1")]
)
def test_common_encodings_are_read(declared, codec):
    content = f'<?xml version="1.0" encoding="{declared}"?><r><a>café</a></r>'.encode(codec)
    assert parse_xml(content).value("a") == "café"


def test_namespaces_and_order_do_not_matter():
    plain = parse_xml(b'<r><b>2</b><a at="x">1</a></r>')
    named = parse_xml(b'<n:r xmlns:n="urn:n"><n:a n:at="x">1</n:a><n:b>2</n:b></n:r>')
    for root in (plain, named):
        assert (root.name, root.value("a"), root.value("b")) == ("r", "1", "2")
        assert root.every("a")[0].attribute("at") == "x"


def test_comments_and_processing_instructions_are_passed_over():
    assert parse_xml(b"<?x y?><r><!-- c --><a>1<!-- c -->2</a></r>").value("a") == "12"


def test_value_is_the_first_text_that_is_not_blank():
    assert parse_xml(b"<r><a> </a><a> x </a></r>").value("a") == "x"
    assert parse_xml(b"<r/>").value("a") == ""


def test_long_text_is_cut():
    pieces = b"<b/>".join([b"x" * 5_000] * 10)
    assert len(parse_xml(b"<a>" + pieces + b"</a>").text) < 2 * MAX_TEXT


def test_what_was_read_or_refused_leaves_no_cycle_for_the_collector():
    # An import lets the collector run seldom.
    gc.collect()
    gc.disable()
    try:
        for content in (b"<r><a b='1'>text</a></r>", b"<r><a>", LAUGHS):
            first_child_among(content, {"b"})
            with suppress(UnreadableXmlError):
                parse_xml(content)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_long_document_is_fed_in_pieces():
    content = b"<r>" + b"".join(b"<a>%d</a>" % i for i in range(20_000)) + b"</r>"
    assert [a.text for a in parse_xml(content).every("a")] == [str(i) for i in range(20_000)]


def test_glancing_stops_at_the_first_name_and_reads_no_broken_rest():
    assert first_child_among(b"<r><x><b/></x><a/><<<<", {"a", "b"}) == ("r", "a")
    assert first_child_among(b"<r><x/></r>", {"a"}) == ("r", "")
    assert first_child_among(LAUGHS, {"incidentSummary"}) == ("", "")
    assert first_child_among(b"<a>" * 100_000, {"b"}) == ("a", "")


PIECES = [
    b"<a>",
    b"</a>",
    b"<b x='1'>",
    b"</b>",
    b"<c/>",
    b"text",
    b"&lt;",
    b"&x;",
    b"<!-- n -->",
    b"<![CDATA[",
    b"]]>",
    b" ",
]


@given(st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_bytes_are_refused_or_read_as_another_parser_reads_them(content):
    with suppress(UnreadableXmlError):
        read, other = parse_xml(content), ET.fromstring(content)  # noqa: S314 - what we have let through
        assert read.name == other.tag.rpartition("}")[2]
        assert len(read.every("c")) == len(other.findall("c"))
    first_child_among(content, {"a"})
