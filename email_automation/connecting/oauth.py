"""Google's consent: where its owner is sent, what comes back, and taking it back again. With state and PKCE."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from google.auth import jwt
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from email_automation.connecting import scopes
from email_automation.connecting.encryption import Secret
from email_automation.models import Consent
from jobs.clock import Now
from jobs.errors import Refused

VALID = 600.0  # seconds from the question to the answer
AT_ONCE = 10  # questions of one person that may be open
TIMEOUT = (5.0, 10.0)  # seconds to connect, and for each answer
PERMISSIONS = "https://myaccount.google.com/permissions"


class NotConnected(Refused):
    """The account was not connected; the text says why and what to do."""

    code = "NOT_CONNECTED"


@dataclass(frozen=True)
class Granted:
    """What Google gave for a consent."""

    consent: Consent
    address: str
    refresh_token: Secret
    scopes: list[str]


def begin(by: AbstractBaseUser, user: AbstractBaseUser, redirect_uri: str, *, access: str, address: str = "") -> str:
    """Where to send the owner's browser.

    Args:
        by: Who asks, and who has to bring the answer back.
        user: Whose mailbox it will be.
        access: What is asked for, one of `scopes.ACCESS`.
        address: The account that is meant, if it is known.

    Raises:
        NotConnected: the OAuth client is not set.
    """
    _forget_old(by)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    flow = _flow(redirect_uri, scopes.asked(access), verifier)
    Consent.objects.create(
        state=_hash(state),
        begun_by_id=by.pk,
        user_id=user.pk,
        verifier=Secret(verifier),
        redirect_uri=redirect_uri,
        access=access,
        begun_at=Now(),
    )
    url, _ = flow.authorization_url(
        state=state,
        access_type="offline",
        prompt="consent",  # without it a second consent brings no refresh token
        include_granted_scopes="true",
        **({"login_hint": address} if address else {}),
    )
    return str(url)


def finish(by: AbstractBaseUser, answer: Mapping[str, str]) -> Granted:
    """What Google's answer, the parameters of the address that it sent the browser to, is worth.

    Raises:
        NotConnected: the owner said no, the answer is none to a question of this person, or Google gives no tokens.
    """
    consent = _take(by, answer.get("state", ""))
    if said := answer.get("error"):
        raise _refused_by_owner(said)
    flow = _flow(consent.redirect_uri, None, consent.verifier.reveal())
    try:
        # `include_client_id`: in the body, as every server takes it.
        token = flow.fetch_token(code=answer.get("code", ""), include_client_id=True, timeout=TIMEOUT)
    except OAuth2Error as error:
        raise NotConnected(
            f"Google gave no token for this consent ({error.error}). Begin again.", code="CONSENT_REFUSED"
        ) from None
    except requests.RequestException as error:
        raise NotConnected(
            f"Google's token server cannot be reached ({type(error).__name__}). Begin again in a moment.",
            code="GOOGLE_AWAY",
        ) from None
    finally:
        flow.oauth2session.close()
    return _granted(consent, token)


def revoke(token: Secret) -> bool:
    """Take a consent back at Google. Returns whether Google knows now that it is gone."""
    try:
        answer = requests.post(settings.GOOGLE_REVOKE_URI, data={"token": token.reveal()}, timeout=TIMEOUT)
    except requests.RequestException:
        return False
    return answer.status_code == 200 or (answer.status_code == 400 and "invalid_token" in answer.text)


def _flow(redirect_uri: str, asked: tuple[str, ...] | None, verifier: str) -> Flow:
    """`asked` is None for the answer: what the owner unticked is no error of oauthlib's then."""
    if not (settings.GOOGLE_CLIENT_ID and settings.GOOGLE_CLIENT_SECRET):
        raise NotConnected(
            "Gmail cannot be connected yet: set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET (see docs/mail.md).",
            code="GOOGLE_NOT_CONFIGURED",
        )
    client = {
        "client_id": settings.GOOGLE_CLIENT_ID,
        "client_secret": settings.GOOGLE_CLIENT_SECRET,
        "auth_uri": settings.GOOGLE_AUTH_URI,
        "token_uri": settings.GOOGLE_TOKEN_URI,
    }
    return Flow.from_client_config({"web": client}, asked, redirect_uri=redirect_uri, code_verifier=verifier)


def _take(by: AbstractBaseUser, state: str) -> Consent:
    """The question that this is the answer to; nobody else finds it, and no second answer."""
    known = Consent.objects.filter(state=_hash(state), begun_by_id=by.pk, begun_at__gt=Now(-VALID))
    consent = known.select_related("user").first()
    if consent is None or not Consent.objects.filter(pk=consent.pk).delete()[0]:
        raise NotConnected(
            "This answer belongs to no question of yours: it is too old, was used before, or somebody else asked. "
            "Begin again.",
            field="state",
            code="CONSENT_UNKNOWN",
        )
    return consent


def _refused_by_owner(error: str) -> NotConnected:
    if error == "access_denied":
        return NotConnected("Access was not allowed, so nothing was connected.", code="CONSENT_DENIED")
    return NotConnected(f"Google did not ask ({_word(error)}), so nothing was connected.", code="CONSENT_REFUSED")


def _granted(consent: Consent, token: Mapping[str, Any]) -> Granted:
    given = _words(token.get("scope"))
    refresh = Secret(str(token.get("refresh_token") or token.get("access_token") or ""))
    if not scopes.functions(given):
        revoke(refresh)
        raise NotConnected(
            "Nothing of Gmail was allowed: on Google's page, tick the boxes. Begin again.", code="NOTHING_GRANTED"
        )
    if consent.access == scopes.IMAP and scopes.OPENS_IMAP not in given:
        raise NotConnected(
            "Full access was not allowed, without which Google lets nobody in over IMAP: on its page, tick the box. "
            "Begin again.",
            code="NOTHING_GRANTED",
        )
    if not token.get("refresh_token"):
        raise NotConnected(
            f"Google gave no lasting access. Remove Fikiri at {PERMISSIONS}, then begin again.", code="NO_REFRESH_TOKEN"
        )
    return Granted(consent, _address(token), refresh, given)


def _address(token: Mapping[str, Any]) -> str:
    """Whose account it is, by the id token. It came from Google's own server just now: its signature adds nothing."""
    try:
        claims = jwt.decode(str(token.get("id_token", "")), verify=False)  # type: ignore[no-untyped-call]
    except ValueError:
        claims = {}
    address = str(claims.get("email") or "").strip().lower()
    if claims.get("aud") != settings.GOOGLE_CLIENT_ID or "@" not in address:
        raise NotConnected("Google did not say whose account it is. Begin again.", code="ADDRESS_UNKNOWN")
    return address


def _forget_old(by: AbstractBaseUser) -> None:
    Consent.objects.filter(begun_at__lte=Now(-VALID)).delete()
    mine = Consent.objects.filter(begun_by_id=by.pk)
    Consent.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[AT_ONCE - 1 :])).delete()


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode(errors="replace")).hexdigest()


def _words(scope: Any) -> list[str]:
    """oauthlib makes a list of the scopes, or leaves them a text."""
    return scope.split() if isinstance(scope, str) else [str(one) for one in scope or []]


def _word(text: str) -> str:
    """A stranger's word, harmless in a message."""
    return "".join(character for character in text[:40] if character.isalnum() or character in "_-") or "no reason"
