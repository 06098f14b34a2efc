"""Every address of the resolver, also those that are new: shut to strangers, and to staff without a role."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLResolver, get_resolver

from jobs.api import schema

pytestmark = [pytest.mark.django_db, pytest.mark.long]

ID = "01a2092a-0000-7000-8000-000000000000"
FILLED = {"uuid": ID, "int": "4711", "slug": "6e3ec7b935821f0c", "str": "name", "path": ID}
SHUT = {401, 403, 404, 405}

OPEN_TO_ALL = {  # and why
    "healthz": "supervisors have no login",
    "readyz": "the same",
    "workerz": "the same",
    "admin/login/": "to log in",
    "admin/logout/": "which leads back to it",
    "admin/jsi18n/": "words of the pages, no data",
    "mail/unsubscribe/<str:token>": "who gets mail may say no to it, and has a signed token",
    "mine/login": "to log in",
    "mine/logout": "which leads back to it",
    "mine/forgotten": "who has forgotten the password cannot log in",
    "mine/forgotten/sent": "the same, and says nothing of anybody",
    "mine/password/<slug:uidb64>.<slug:token>": "to choose a new one, with a token that was mailed",
    "mailboxes/gmail/callback": "Google leads people back to it, with a state that was signed for them",
}
OPEN_TO_STAFF = {
    "admin/": "the first page, which offers what they may see",
    "admin/password_change/": "their own",
    "admin/password_change/done/": "their own",
    "admin/jobs/job/": "the list of their own jobs",
}


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        at = f"{before}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from routes(one, at)
        elif not at.startswith("^") and "^(" not in at and "(?P<url>" not in at:
            yield at


ROUTES = sorted(set(routes(get_resolver())))
ADMIN = [route for route in ROUTES if route.startswith("admin/")]


def path_of(route: str) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: FILLED.get(found[1] or "int", "x"), route)


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN_TO_ALL])
def test_strangers_are_led_to_the_login_or_refused(client: Client, route: str) -> None:
    answer = client.get(path_of(route))
    to_login = answer.status_code == 302 and "/login" in answer.headers["Location"]
    assert to_login or answer.status_code in SHUT or (route, answer.headers.get("Location")) == ("", "/admin/")


@pytest.mark.parametrize("route", [route for route in ADMIN if route not in {*OPEN_TO_ALL, *OPEN_TO_STAFF}])
def test_staff_without_a_role_see_nothing(client: Client, route: str) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    answer = client.get(path_of(route))
    to_first_page = answer.status_code == 302 and answer.headers["Location"] in ("/admin/", path_of(route) + "change/")
    assert to_first_page or answer.status_code in SHUT, (answer.status_code, answer.headers.get("Location"))


def test_every_address_of_the_api_is_described_so_that_the_tests_of_leaks_ask_it() -> None:
    described = {re.sub(r"{\w+}", "x", path) for path in schema.document()["paths"]}
    there = {re.sub(r"<[^>]+>", "x", f"/{route}") for route in ROUTES if route.startswith("api/")}
    others = {"/api/docs", "/api/mail/gmail/push", *(path for path, _ in schema.SAME_AS_OTHERS)}
    assert there - described <= others


@pytest.mark.parametrize("known", [OPEN_TO_ALL, OPEN_TO_STAFF])
def test_what_is_open_is_there(known: dict[str, str]) -> None:
    assert set(known) <= set(ROUTES)
