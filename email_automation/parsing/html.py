"""Readable text from HTML that nobody vouches for."""

import re

from inscriptis import Inscriptis
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree, html

from email_automation.parsing.charsets import clean

MAX_HTML = 500_000  # characters
MAX_ELEMENTS = 20_000
MAX_NESTING = 200

_CONFIG = ParserConfig(css=STRICT_CSS_PROFILE | {"cell": HtmlElement()}, display_links=False, display_anchors=False)
_IGNORED = ("head", "script", "style", "title", "template", "noscript", "svg", "math", "object", "iframe", "select")
_HIDDEN = re.compile(r"(?:display:none|visibility:hidden|(?:font-size|max-height):0(?![.\d]))")
_MARKED = "hidden-from-the-reader"
_END = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)  # what mailing lists add below is lost behind it
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_MANY_BLANK_LINES = re.compile(r"\n\s*\n\s*\n+")

# Mail is laid out with tables. Laid out as tables in turn, every cell would be padded to the widest of its column:
# unreadable for people and models, and a few rows beside one long word fill the memory.
_PLAIN_TAGS = dict.fromkeys(("table", "thead", "tbody", "tfoot", "tr", "caption"), "div") | {"td": "cell", "th": "cell"}


def html_to_text(source: str) -> tuple[str, bool]:
    """The text a reader would see, and whether it could be laid out (if not, only the words are there).

    What is hidden from the reader is left out: it would be read by the model alone."""
    root = _parse(_DECLARATION.sub("", source[:MAX_HTML]))
    if root is None:
        return "", not source.strip()
    _simplify(root)
    if _is_too_complex(root):
        return _tidy(" ".join(root.itertext())), False
    return _tidy(Inscriptis(root, _CONFIG).get_text()), True


def parse_visible(source: str) -> "html.HtmlElement | None":
    """What a reader would see, as elements with their attributes; None where there is nothing, or far too much."""
    root = _parse(_DECLARATION.sub("", source[:MAX_HTML]))
    if root is None:
        return None
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, *_IGNORED, with_tail=False)
    for element in root.iter("*"):
        if _is_hidden(element):
            element.tag = _MARKED
    etree.strip_elements(root, _MARKED, with_tail=False)
    return None if _is_too_complex(root) else root


def _parse(source: str) -> "html.HtmlElement | None":
    source = _END.sub("", source)
    try:
        return html.document_fromstring(source) if source.strip() else None
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):  # nothing but comments, and the like
        return None


def _simplify(root: "html.HtmlElement") -> None:
    """Only tags that say where a line ends are left, without attributes: sizes and margins are the sender's."""
    etree.strip_elements(root, etree.Comment, etree.ProcessingInstruction, *_IGNORED, with_tail=False)
    for element in root.iter("*"):
        plain = _MARKED if _is_hidden(element) else _PLAIN_TAGS.get(element.tag)
        element.attrib.clear()
        if plain:
            element.tag = plain
        if plain == "cell":
            element.tail = f" {element.tail or ''}"  # what stands side by side is not one word
    etree.strip_elements(root, _MARKED, with_tail=False)


def _is_hidden(element: "html.HtmlElement") -> bool:
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and _HIDDEN.search(style.lower().replace(" ", "")))


def _is_too_complex(root: "html.HtmlElement") -> bool:
    elements = nesting = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        elements += event == "start"
        nesting += 1 if event == "start" else -1
        if elements > MAX_ELEMENTS or nesting > MAX_NESTING:
            return True
    return False


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in clean(text).split("\n"))
    return _MANY_BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
