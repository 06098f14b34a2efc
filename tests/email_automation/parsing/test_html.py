"""Text from HTML, also from hostile HTML."""

import pytest

from email_automation.parsing.html import html_to_text


def text(html: str) -> str:
    return html_to_text(html)[0]


def test_paragraphs_breaks_and_lists_become_lines() -> None:
    assert text("<p>One<br>two</p><ul><li>three</li></ul>") == "One\ntwo\n\n  * three"


def test_table_rows_become_lines_and_cells_stay_apart() -> None:
    assert text("<table><tr><td>Beans</td><td>2</td></tr><tr><td>Mill</td><td>1</td></tr></table>") == "Beans 2\nMill 1"


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display: NONE'>x</div>",
        "<span style='font-size:0px'>x</span>",
        "<span style='visibility:hidden'>x</span>",
        "<div hidden>x</div>",
        "<script>x</script>",
        "<style>x</style>",
        "<!-- x -->",
        "<title>x</title>",
        "<noscript>x</noscript>",
    ],
)
def test_what_the_reader_does_not_see_is_left_out(hidden: str) -> None:
    assert text(f"<p>seen</p>{hidden}<p>too</p>") == "seen\n\ntoo"


def test_entities_are_read_and_control_characters_dropped() -> None:
    assert text("<p>caf&eacute; &amp; t&#233;&#0;&#1;&#xD800;</p>") == "café & té\ufffd\ufffd"


@pytest.mark.parametrize("html", ["", " ", "<!---->", "<", "<>", "<?xml version='1.0' encoding='utf-8'?>"])
def test_html_without_words_is_empty(html: str) -> None:
    assert text(html) in ("", "<", "<>")


def test_styles_cannot_blow_up_the_text() -> None:
    assert text('<div style="margin-top:999999em;padding-left:999999em">hi</div>') == "hi"


def test_a_long_word_beside_many_rows_does_not_fill_the_memory() -> None:
    assert len(text("<table><tr><td>" + "a" * 100_000 + "<td>b" + "<tr><td>x" * 2000)) < 110_000


@pytest.mark.parametrize(
    "html",
    ["<div>" * 5000 + "hi", "<table><tr><td>" * 500 + "hi", "<p>hi</p>" * 50_000],
)
def test_of_too_complex_html_the_words_are_kept(html: str) -> None:
    words, laid_out = html_to_text(html)
    assert not laid_out
    assert set(words.split()) <= {"hi"}


@pytest.mark.parametrize("html", ["<a<br>x", "<td*width='1'>x", "<p \x01='y'>x", "<o:p>x</o:p>", "<br<br>x"])
def test_malformed_tags_are_survived(html: str) -> None:
    assert "x" in text(html)


def test_what_stands_in_cells_side_by_side_is_not_one_word() -> None:
    row = "<table><tr><td><b>Starter</b></td><td><b>Midsize</b></td><td>\n<p>Super</p></td></tr></table>"
    assert html_to_text(row)[0].split() == ["Starter", "Midsize", "Super"]
