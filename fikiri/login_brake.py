"""Passwords cannot be guessed: wrong ones are counted, and too many close the login for a while."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fikiri.middleware import address_of
from jobs import rates

LOGINS = ("login", "admin:login")  # names of addresses
WINDOW = 900  # seconds
FROM_ADDRESS, FOR_NAME = 5, 10  # times LOGIN_FAILURES: many names from one address, one name from many

COUNTED = "_login_counted"  # on the request: under which names

log = structlog.stdlib.get_logger("fikiri")


class LoginBrake:
    """Answers a login that is closed before its password is looked at.

    A try is counted before that, too, and taken back unless it was wrong: those of one moment do not pass together.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        _take_back(getattr(request, COUNTED, ()))
        return answer

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name not in LOGINS:
            return None
        address = address_of(request)
        if _is_let_in(request, address):
            return None
        log.warning("login closed after too many wrong passwords", address=address)
        wait = math.ceil(rates.left(WINDOW))
        answer = render(request, "fikiri/login_closed.html", {"minutes": math.ceil(wait / 60)}, status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer


@receiver(user_login_failed, dispatch_uid="fikiri.login_brake")
def _stays_counted(request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None:
        setattr(request, COUNTED, ())


def _is_let_in(request: HttpRequest, address: str) -> bool:
    """Counts it, then. One that is not let in counts nowhere: from a closed address nobody closes a name."""
    if not settings.LOGIN_FAILURES:
        return True
    counted = []
    for name, most in _limits(request.POST.get("username", ""), address):
        counted.append(name)
        if rates.count(name, WINDOW) > most:
            _take_back(counted)
            return False
    setattr(request, COUNTED, counted)
    return True


def _take_back(names: Iterable[str]) -> None:
    for name in names:
        rates.take_back(name, WINDOW)


def _limits(username: str, address: str) -> list[tuple[str, int]]:
    """What is counted, and how many of it are too many. A socket has no address that could be told from others."""
    most = settings.LOGIN_FAILURES
    who = hashlib.sha256(unicodedata.normalize("NFKC", username).casefold().strip().encode()).hexdigest()
    limits = [(f"login:name:{who}", FOR_NAME * most)]
    if place := _network(address):
        limits += [(f"login:address:{place}", FROM_ADDRESS * most), (f"login:both:{who}:{place}", most)]
    return limits


def _network(address: str) -> str:
    """An IPv6 address belongs to somebody who has a /64 of them."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
