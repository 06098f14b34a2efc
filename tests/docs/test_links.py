"""A link leads somewhere, and a path that is named is there."""

import re
from pathlib import Path

import pytest

from fikiri.places import BASE
from tests.docs import pages

OURS = re.compile(r"(?:fikiri|jobs|email_automation|crm|tests|docs|bin|benchmarks|deploy|\.ci)/[\w./-]+")


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in pages.links(page) if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_path_that_is_named_is_there(page: Path) -> None:
    paths = [code for code in pages.inline_code(page) if OURS.fullmatch(code)]
    assert [path for path in paths if not (BASE / path).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    seen, todo = set(), [BASE / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        linked = [(page.parent / link.partition("#")[0]).resolve() for link in pages.links(page) if "://" not in link]
        todo += [other for other in linked if other in pages.PAGES and other not in seen]
    assert seen == set(pages.PAGES)


def leads_somewhere(page: Path, link: str) -> bool:
    """Links to other sites are only looked at, not followed."""
    if "://" in link:
        return link.startswith("https://")
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    return target.exists() and (not anchor or anchor in pages.anchors(target))
