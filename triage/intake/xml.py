"""Read XML that a stranger wrote: no document type, no entities, nothing from outside, and limits.

The limits are enforced while the parser runs, before what they forbid has been built. Namespaces are
ignored, and so is the order of elements of different names.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers.expat import ErrorString, ExpatError, ParserCreate

from triage.errors import InputRefusedError
from triage.intake.limits import Limits
from triage.intake.xml_encoding import find_encoding

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

MAX_BYTES, MAX_DEPTH = Limits().document_bytes, Limits().depth
# Elements and attributes together: 64 MiB of nothing but "<a/>" would fill several gigabytes otherwise.
MAX_NODES = Limits().nodes
# A tag, comment or name is handed over whole, so one endless tag is damage of its own.
MAX_TAG_BYTES = 2**20
# Nothing that is read is longer; what is longer is free text, which is not kept.
MAX_TEXT = 8_192
PEEK_BYTES = 2**20
ENCODINGS = frozenset(
    {"utf-8", "utf8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1", "iso-8859-15"}
    | {"windows-1252", "cp1252"}
)

_CHUNK = 65_536
_MEND = "ask the sender to send it again"
_NO_ATTRIBUTES: Mapping[str, str] = {}
_NO_CHILDREN: Mapping[str, list[Element]] = {}


class Element:
    """One element: its name without namespace, its attributes, its text and its children by name.

    Parameters
    ----------
    name : str
        Local name.
    attributes : mapping of str to str
        Values by local name.

    Examples
    --------
    >>> root = parse_xml(b"<a><b> one </b><c/><b>two</b></a>")
    >>> root.value("b"), [b.text for b in root.every("b")], root.first("d")
    ('one', [' one ', 'two'], None)
    """

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, str] = _NO_ATTRIBUTES) -> None:
        self.name = name
        self.attributes = attributes
        self.children: Mapping[str, list[Element]] = _NO_CHILDREN
        self.text = ""

    def first(self, name: str) -> Element | None:
        """Return the first child of that name."""
        found = self.children.get(name)
        return found[0] if found else None

    def every(self, name: str) -> list[Element]:
        """Return all children of that name, in order."""
        return self.children.get(name, [])

    def value(self, name: str) -> str:
        """Return the text of the first child of that name that has one, without blanks around it."""
        for child in self.children.get(name, ()):
            text = child.text.strip()
            if text:
                return text
        return ""

    def attribute(self, name: str) -> str:
        """Return the value of an attribute without blanks around it; empty where there is none."""
        return self.attributes.get(name, "").strip()


class UnreadableXmlError(InputRefusedError):
    """Bytes that are no XML, or XML that may not be read.

    Parameters
    ----------
    found : str
        What is wrong; never a text from the file.
    mend : str
        The next step.
    root : Element, optional
        What had been read of it when it was refused.
    """

    def __init__(self, found: str, *, mend: str = _MEND, root: Element | None = None) -> None:
        super().__init__(found, expected="an XML file of the agreed kind", mend=mend)
        self.root = root


class _OverLimitError(Exception):
    """A limit was passed."""


class _ForbiddenError(Exception):
    """A document type was met: there alone entities, and what comes from outside, can be declared."""


class _SeenError(Exception):
    """What was looked for has been seen; there is no need to read on."""


class _Tree:
    """Builds elements as the parser meets them."""

    def __init__(self, max_depth: int, max_nodes: int) -> None:
        # Local names, which are quicker than attributes: handlers run once an element.
        here = self._above = Element("")
        outer, left = list[Element](), max_nodes

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal here, left
            left -= 1 + len(attributes)
            if len(outer) >= max_depth:
                raise _OverLimitError(f"elements nested deeper than {max_depth} levels")
            if left < 0:
                raise _OverLimitError(f"more than {max_nodes:,} elements and attributes")
            name = name.rpartition("}")[2]
            element = Element(name)
            if attributes:
                element.attributes = {key.rpartition("}")[2]: value for key, value in attributes.items()}
            if here.children is _NO_CHILDREN:
                here.children = {}
            here.children.setdefault(name, []).append(element)  # type: ignore[attr-defined] # it is a dict now
            outer.append(here)
            here = element

        def end(_name: str) -> None:
            nonlocal here
            here = outer.pop()

        def text(text: str) -> None:
            if len(here.text) < MAX_TEXT:
                here.text += text[:MAX_TEXT]

        self.start, self.end, self.text = start, end, text

    @property
    def root(self) -> Element | None:
        """The root, as far as it was read."""
        return next((found[0] for found in self._above.children.values()), None)


class _Glance:
    """Looks for the first element at a level below the root that has one of the names."""

    def __init__(self, names: Container[str], level: int) -> None:
        self.root = ""
        self.child = ""
        self._names = names
        self._level = level
        self._depth = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _SeenError
        local = name.rpartition("}")[2]
        if self._depth == 1:
            self.root = local
        elif self._depth == self._level and local in self._names:
            self.child = local
            raise _SeenError

    def end(self, _name: str) -> None:
        self._depth -= 1

    def text(self, text: str) -> None:
        """Take no notice."""


def parse_xml(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_nodes: int = MAX_NODES
) -> Element:
    """Parse a whole document.

    Parameters
    ----------
    content : bytes
        The document; its encoding is one of `ENCODINGS`.
    max_bytes, max_depth, max_nodes : int
        Limits, besides `MAX_TAG_BYTES`. Nodes are elements and attributes together.

    Returns
    -------
    Element
        The root. Of each text the first `MAX_TEXT` letters (and what the parser adds at once) are kept.

    Raises
    ------
    UnreadableXmlError
        It is no well-formed XML, carries a document type or entities, or passes a limit.

    Examples
    --------
    >>> parse_xml(b'<x:a xmlns:x="urn:x"><x:b c="1">two</x:b></x:a>').value("b")
    'two'
    """
    if len(content) > max_bytes:
        raise UnreadableXmlError(f"larger than {max_bytes:,} bytes", mend="ask the sender to split it")
    if not content.strip():
        raise UnreadableXmlError("an empty file")
    tree = _Tree(max_depth, max_nodes)
    try:
        _feed(_make_parser(tree, find_encoding(content)), content)
    except _ForbiddenError:
        found = "a document type or entities, which can make a small file fill the memory or fetch others"
        raise UnreadableXmlError(
            found, mend="ask the sender to send it without <!DOCTYPE>", root=tree.root
        ) from None
    except _OverLimitError as error:
        raise UnreadableXmlError(str(error), root=tree.root) from None
    except ExpatError as error:
        found = f"not well-formed XML ({ErrorString(error.code)}, line {error.lineno})"
        raise UnreadableXmlError(found, root=tree.root) from None
    except (LookupError, ValueError):
        raise UnreadableXmlError("text that cannot be decoded", root=tree.root) from None
    if tree.root is None:
        raise UnreadableXmlError("no element")
    return tree.root


def first_child_among(content: bytes, names: Container[str], level: int = 2) -> tuple[str, str]:
    """Return the name of the root and of its first child whose name is among `names`.

    Reads no further than it must, at most `PEEK_BYTES`; the bytes may be only the beginning of a file.

    Parameters
    ----------
    content : bytes
        A document, or its beginning.
    names : container of str
        Local names to look for.
    level : int
        Where they stand: 2 for children of the root, 3 for theirs.

    Returns
    -------
    root, child : str
        Empty where there is none, or where the bytes cannot be read as far as that.

    Examples
    --------
    >>> first_child_among(b"<report><x/><rentity_id>1</ren", {"rentity_id"})
    ('report', 'rentity_id')
    >>> first_child_among(b"<reports><report><rentity_id>1</ren", {"rentity_id"}, level=3)
    ('reports', 'rentity_id')
    >>> first_child_among(b"not XML", {"a"})
    ('', '')
    """
    glance = _Glance(names, level)
    with suppress(_SeenError, _OverLimitError, _ForbiddenError, ExpatError, LookupError, ValueError):
        _feed(_make_parser(glance, find_encoding(content)), content[:PEEK_BYTES])
    return glance.root, glance.child


def _make_parser(handler: _Tree | _Glance, encoding: str | None) -> Any:
    """Return a parser that gives what it meets to a handler, and stops at what no report needs."""
    parser = ParserCreate(encoding, "}")
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _forbid
    parser.UnparsedEntityDeclHandler = parser.ExternalEntityRefHandler = _forbid
    parser.buffer_text = True
    parser.XmlDeclHandler = _check_encoding
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    return parser


def _forbid(*_declared: object) -> NoReturn:
    raise _ForbiddenError


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    """Keep unusual codecs away: Python would offer the parser all that it has."""
    if encoding is not None and encoding.lower() not in ENCODINGS:
        raise _OverLimitError("an encoding that is not accepted; UTF-8 is")


def _feed(parser: Any, content: bytes) -> None:
    if len(content) > _CHUNK:
        for start in range(0, len(content), _CHUNK):
            parser.Parse(content[start : start + _CHUNK], False)
            if start + _CHUNK - parser.CurrentByteIndex > MAX_TAG_BYTES:
                raise _OverLimitError(f"a tag longer than {MAX_TAG_BYTES:,} bytes")
        parser.Parse(b"", True)
    else:
        parser.Parse(content, True)
