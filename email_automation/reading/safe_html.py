"""HTML of strangers, made fit to be looked at: nothing in it acts, nothing loads, nothing leads away.

Three walls, each enough by itself: only tags and attributes of plain text are left; the frame that shows it runs
nothing and belongs to no site; and its policy lets nothing load. Links are text, with the place they lead to in plain
sight. What was hidden from the reader stays hidden, as from the model.
"""

import nh3
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from lxml import etree, html

from email_automation.parsing.charsets import one_line
from email_automation.parsing.html import parse_visible
from email_automation.reading import frame_style

_TAGS = (
    "abbr b big blockquote br caption center cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i ins"
    " kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u ul"
)
TAGS = frozenset(_TAGS.split())
ATTRIBUTES = {
    "*": {"dir", "align"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "valign"},
    "th": {"colspan", "rowspan", "valign"},
    "ol": {"start", "type"},
}
_DROPPED = (
    "script style title template noscript svg math object embed applet iframe frame frameset audio video canvas select"
    " textarea button noembed noframes plaintext xmp"
)
DROPPED = frozenset(_DROPPED.split())
MAX_TARGET = 200  # characters of where a link leads to
_DOCUMENT = """\
<!doctype html><html lang="en"><head><meta charset="utf-8">\
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {hash}">\
<meta name="referrer" content="no-referrer"><style>{style}</style></head><body>{body}</body></html>"""


def safe_html(source: str) -> str:
    """HTML of which nothing but its text and its layout is left; empty where it cannot be laid out."""
    root = parse_visible(source)
    if root is None:
        return ""
    for link in root.iter("a", "area"):
        _tell_target(link)
    for image in root.iter("img"):
        _tell_image(image)
    # The last word has the sanitiser, on what it will be shown as: what one parser wrote, another may read differently.
    clean = nh3.clean(
        etree.tostring(root, encoding="unicode", method="html"),
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        clean_content_tags=set(DROPPED),
        url_schemes=set(),
        strip_comments=True,
        link_rel=None,
    )
    return clean.replace("\ufeff", "")  # a byte order mark shows nothing, and the next parser would drop it


def safe_html_frame(source: str, title: str = "HTML of this message") -> SafeString:
    """The frame that shows it, for a page of ours; empty where there is nothing to show."""
    body = safe_html(source)
    if not body.strip():
        return SafeString("")
    document = _DOCUMENT.format(hash=frame_style.HASH, style=frame_style.STYLE, body=body)
    return render_to_string("email_automation/safe_html_frame.html", {"document": document, "title": title})


def _tell_target(link: "html.HtmlElement") -> None:
    target = one_line(link.get("href") or "")[:MAX_TARGET]
    if not target or target.startswith("#") or target in "".join(link.itertext()):
        return
    _append(link, f" [{target}]")


def _tell_image(image: "html.HtmlElement") -> None:
    described = one_line(image.get("alt") or "")[:MAX_TARGET]
    if described:
        image.tail = f"[{described}]{image.tail or ''}"


def _append(element: "html.HtmlElement", text: str) -> None:
    if len(element):
        last = element[-1]
        last.tail = f"{last.tail or ''}{text}"
    else:
        element.text = f"{element.text or ''}{text}"
