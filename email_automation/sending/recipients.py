"""Who may be written to, and what a mail of ours may look like."""

from collections.abc import Sequence

import idna
from email_validator import EmailNotValidError, validate_email

from email_automation.parsing.message import MAX_SUBJECT

MAX_RECIPIENTS = 50
MAX_BODY = 500_000  # characters
RESERVED_DOMAINS = ("example.com", "example.org", "example.net", "example", "test", "invalid", "localhost")


class BadMailError(ValueError):
    """A mail cannot be sent as it is. `field` names what is wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


def addresses(to: str | Sequence[str]) -> list[str]:
    """The recipients, each checked by itself.

    Raises:
        BadMailError: naming `to` and what is wrong; the address is not repeated.
    """
    given = [to] if isinstance(to, str) else list(to)
    if not 0 < len(given) <= MAX_RECIPIENTS:
        raise BadMailError("to", f"has to be 1 to {MAX_RECIPIENTS} addresses.")
    return list(dict.fromkeys(_address(one) for one in given))


def wire(address: str) -> str:
    """An address as servers know it: its domain in ASCII; its local part stays as it is.

    Raises:
        BadMailError: it is none.
    """
    local, _, domain = address.strip().rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as error:
        raise BadMailError("to", f"has a domain that there cannot be: {error}") from None


def needs_utf8(address: str) -> bool:
    """Does it need a server that takes more than ASCII (SMTPUTF8)?"""
    return not address.rpartition("@")[0].isascii()


def domain_of(address: str) -> str:
    """Its domain as servers know it, in lower case."""
    return wire(address).rpartition("@")[2].lower()


def check_content(subject: str, body: str, html: str = "") -> None:
    """Raises BadMailError where a subject would break out of its header, or one is too long or cannot be stored."""
    if not subject.strip():
        raise BadMailError("subject", "is empty.")
    if len(subject) > MAX_SUBJECT or not subject.isprintable():
        raise BadMailError("subject", f"has to be one line of at most {MAX_SUBJECT} printable characters.")
    for field, text in (("body", body), ("html", html)):
        if len(text) > MAX_BODY:
            raise BadMailError(field, f"is longer than {MAX_BODY:,} characters.")
        if "\0" in text or not _is_unicode(text):
            raise BadMailError(field, "holds a NUL or half a surrogate pair. Strip them.")


def is_reserved(address: str) -> bool:
    """Is this a domain that by RFC 2606 and 6761 is nobody's?"""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_DOMAINS)


def _address(given: str) -> str:
    if not isinstance(given, str) or not given.isprintable():
        raise BadMailError("to", "has to be plain addresses, such as jane@company.com, each without a line break.")
    # The validator refuses some reserved domains whole. Here they are only checked for their form: what becomes of
    # them is decided when it comes to sending.
    suffix = ".example.com" if is_reserved(given.strip()) else ""
    try:
        return validate_email(given.strip() + suffix, check_deliverability=False).normalized.removesuffix(suffix)
    except EmailNotValidError as error:
        raise BadMailError("to", f"is not an address that mail can go to: {error}") from None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
