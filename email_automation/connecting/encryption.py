"""Secrets at rest: encrypted with the first of FIELD_KEYS, read with any of them."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

MARK = "fernet:"  # what an encrypted text begins with
HIDDEN = "********"
MAKE_ONE = "Make a key with: openssl rand -base64 32"


class Undecryptable(Exception):
    """None of FIELD_KEYS fits what is stored."""


class Secret:
    """A text that is shown to nobody by accident: only `reveal()` gives it.

    Empty is false. It is equal to what holds the same text.
    """

    __slots__ = ("_encrypted", "_plain")

    def __init__(self, plain: str) -> None:
        self._plain: str | None = plain
        self._encrypted: str | None = None

    @classmethod
    def stored(cls, encrypted: str) -> Secret:
        """One from the database; decrypted when it is asked for."""
        secret = cls("")
        if encrypted:
            secret._plain, secret._encrypted = None, encrypted
        return secret

    def reveal(self) -> str:
        """The text itself.

        Raises:
            Undecryptable: no key of FIELD_KEYS fits.
        """
        if self._plain is None:
            self._plain = decrypt(self._encrypted or "")
        return self._plain

    def encrypted(self) -> str:
        """What is stored: the same as long as the text is."""
        if self._encrypted is None:
            self._encrypted = encrypt(self._plain or "")
        return self._encrypted

    def __bool__(self) -> bool:
        return bool(self._plain or self._encrypted)

    def __eq__(self, other: object) -> bool:
        return self.reveal() == other.reveal() if isinstance(other, Secret) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # a dict's keys are shown

    def __repr__(self) -> str:
        return HIDDEN if self else "''"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("A secret is not pickled.")

    def __deepcopy__(self, _memo: object) -> Secret:
        return self


def encrypt(plain: str) -> str:
    """Empty stays empty, so that a constraint can ask for it."""
    return MARK + keys().encrypt(plain.encode()).decode() if plain else ""


def decrypt(encrypted: str) -> str:
    """Raises Undecryptable where no key fits."""
    return _checked(lambda: keys().decrypt(_token(encrypted)).decode()) if encrypted else ""


def rotated(encrypted: str) -> str:
    """The same text under the first key; as it is, if it is that already."""
    if not encrypted or _is_current(encrypted):
        return encrypted
    return MARK + _checked(lambda: keys().rotate(_token(encrypted)).decode())


@cache
def keys() -> MultiFernet:
    """FIELD_KEYS, ready to use.

    Raises:
        ImproperlyConfigured: there is none, or one is no key; it is named by its place.
    """
    return MultiFernet(_fernets())


def _fernets() -> list[Fernet]:
    if not settings.FIELD_KEYS:
        raise ImproperlyConfigured(f"FIELD_KEYS is empty. {MAKE_ONE}")
    return [_fernet(place, key) for place, key in enumerate(settings.FIELD_KEYS, start=1)]


def _fernet(place: int, key: str) -> Fernet:
    try:
        return Fernet(key.strip())
    except (ValueError, binascii.Error):
        raise ImproperlyConfigured(f"Key {place} of FIELD_KEYS is not 32 bytes in base64. {MAKE_ONE}") from None


def _token(encrypted: str) -> bytes:
    return encrypted.removeprefix(MARK).encode()


def _is_current(encrypted: str) -> bool:
    try:
        _fernets()[0].decrypt(_token(encrypted))
    except InvalidToken:
        return False
    return True


def _checked(read: Callable[[], str]) -> str:
    try:
        return read()
    except InvalidToken:
        raise Undecryptable(
            "No key of FIELD_KEYS fits what is stored. Add the key that it was written with to the end of the list."
        ) from None


def _forget(*, setting: str, **_: object) -> None:
    if setting == "FIELD_KEYS":
        keys.cache_clear()


setting_changed.connect(_forget, dispatch_uid="email_automation.connecting.encryption")
