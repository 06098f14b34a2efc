"""The pictures of docs/images: taken by `SCREENSHOTS=docs/images pytest tests/browser/test_screenshots.py`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.places import furnish

pytestmark = pytest.mark.browser

PICTURES = {  # the page, the size of the window, and its colours
    "overview": ("overview", 1100, 1160, "light"),
    "jobs": ("jobs", 1100, 800, "light"),
    "job": ("running", 1100, 1000, "light"),
    "failures": ("failures", 1100, 400, "dark"),
    "phone": ("jobs", 390, 800, "light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_taken(page: Page, name: str, tmp_path: Path) -> None:
    where = Path(os.environ.get("SCREENSHOTS", tmp_path))
    place, width, height, scheme = PICTURES[name]
    colours: Any = scheme
    page.emulate_media(color_scheme=colours)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(furnish()[place])
    if page.locator("#toggle-nav-sidebar").is_visible():
        page.evaluate("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.reload()
    page.screenshot(path=where / f"{name}.png", clip={"x": 0, "y": 0, "width": width, "height": height})
    assert (where / f"{name}.png").stat().st_size > 10_000
