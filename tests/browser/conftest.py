"""A real Chromium on a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Dialog, Page, Request, Response, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from jobs import broker

PASSWORD = "correct horse"
expect.set_options(timeout=30_000)  # as patient as everything else of Playwright: the machine is shared


@pytest.fixture
def operator(transactional_db: None) -> Iterator[User]:
    broker.reset()
    yield User.objects.create_superuser("root", password=PASSWORD)
    broker.reset()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for a module's tests; each has a context of its own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright runs an event loop in this thread, in which Django otherwise refuses to touch the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield browser
            browser.close()


@pytest.fixture
def size() -> tuple[int, int]:
    """A desk's window; tests choose another by parametrizing it."""
    return 1280, 900


@pytest.fixture
def page(chromium: Browser, operator: User, live_server: LiveServer, size: tuple[int, int]) -> Iterator[Page]:
    """Logged in, at the first page. No page may open a dialog or fail to load anything of its own."""
    context = chromium.new_context(base_url=live_server.url, viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    surprises: list[str] = []
    page.on("dialog", lambda dialog: _refuse(dialog, surprises))
    page.on("pageerror", lambda error: surprises.append(str(error)))
    page.on("requestfailed", lambda request: _note_loss(request, surprises))
    page.on("response", lambda answer: _note_failure(answer, surprises))
    log_in(page, operator)
    yield page
    context.close()
    assert surprises == []


def log_in(page: Page, operator: User) -> None:
    """To the first page."""
    page.goto("/admin/login/?next=/admin/")
    page.fill("#id_username", operator.username)
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    expect(page.locator("#jobs-overview")).to_be_visible()


def _refuse(dialog: Dialog, surprises: list[str]) -> None:
    surprises.append(dialog.message)
    dialog.dismiss()


def _note_loss(request: Request, surprises: list[str]) -> None:
    if request.failure != "net::ERR_ABORTED":  # a page that is left takes its open requests with it
        surprises.append(f"{request.failure} {request.url}")


def _note_failure(answer: Response, surprises: list[str]) -> None:
    if answer.status >= 400 and not answer.url.endswith("/favicon.ico"):
        surprises.append(f"{answer.status} {answer.url}")
