"""Delivering one alert: a signed webhook, a mail. Twice is better than never: a doubt is answered by trying again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import requests
from django.core.mail import EmailMessage, get_connection

from jobs import clock, effects
from jobs.alerts.signing import HEADER, signature
from jobs.config import config
from jobs.effects import Doubt, Receipt, SurelyNot
from jobs.errors import Refused
from jobs.models import Effect
from jobs.reports import clean

CONNECT, ANSWER = 3.0, 7.0  # seconds
LONGEST = 15.0  # of a delivery


class NotDelivered(Exception):
    """The receiver refused it, or did not answer well."""


def webhook(alert: dict[str, Any]) -> dict[str, Any]:
    """Post an alert to ALERT_WEBHOOK, signed with ALERT_SECRET."""
    receipt = _once(alert, "webhook", lambda: _post(config().ALERT_WEBHOOK, alert))
    return {"success": True, "status": receipt.provider_id}


def mail(alert: dict[str, Any]) -> dict[str, Any]:
    """Mail an alert to ALERT_MAIL."""
    _once(alert, "mail", lambda: _send(list(config().ALERT_MAIL), alert))
    return {"success": True}


def check(url: str, secret: str) -> None:
    """Raises Refused for a webhook that cannot be: naming the setting and the remedy."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("ALERT_WEBHOOK is an address that begins with https:// or http://.", field="ALERT_WEBHOOK")
    if not secret:
        raise Refused("Set ALERT_SECRET: with it the receiver knows that an alert is yours.", field="ALERT_SECRET")


def _once(alert: dict[str, Any], kind: str, do: Any) -> Receipt:
    return effects.once(f"alert:{alert['id']}:{kind}", kind=kind, do=do, resolve=_again, seconds=LONGEST)


def _again(_effect: Effect) -> Doubt:
    return Doubt.SURELY_NOT


def _post(url: str, alert: dict[str, Any]) -> Receipt:
    check(url, config().ALERT_SECRET)
    body = json.dumps(alert).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Fikiri",
        HEADER: signature(config().ALERT_SECRET, body, int(clock.now().timestamp())),
    }
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=(CONNECT, ANSWER), allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code  # what it says beyond that is nobody's business, and may be endless
    except requests.RequestException as error:
        raise SurelyNot from NotDelivered(f"The webhook did not answer: {type(error).__name__}")
    if not 200 <= status < 300:
        hint = " Redirects are not followed: give the address itself." if 300 <= status < 400 else ""
        raise SurelyNot from NotDelivered(f"The webhook answered {status}.{hint}")
    return Receipt(str(status))


def _send(to: list[str], alert: dict[str, Any]) -> Receipt:
    message = EmailMessage(
        subject=_line(f"[Fikiri] {alert['state']}: {alert['text'].removeprefix('Over: ')}"),
        body=f"{alert['text']}\n\nAlert: {alert['alert']}\nQueue: {alert['queue']}\nSince: {alert['since']}\n",
        to=to,
        headers={"Auto-Submitted": "auto-generated"},
        connection=get_connection(timeout=ANSWER),
    )
    try:
        message.send()
    except OSError as error:  # smtplib's own errors too
        raise SurelyNot from NotDelivered(f"The mail server did not take it: {type(error).__name__}")
    return Receipt()


def _line(text: str) -> str:
    return " ".join(clean(text).split())[:150]
