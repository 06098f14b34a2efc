"""Mail addresses: one spelling for each, and what an address says about who is behind it."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # characters

# fmt: off
FREE_MAIL = frozenset({
    "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "rocketmail.com", "outlook.com", "hotmail.com",
    "live.com", "msn.com", "aol.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "pm.me",
    "gmx.com", "gmx.net", "gmx.de", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "mail.com",
    "mail.ru", "yandex.com", "yandex.ru", "inbox.ru", "bk.ru", "list.ru", "rambler.ru", "qq.com", "163.com",
    "126.com", "sina.com", "naver.com", "daum.net", "hanmail.net", "orange.fr", "wanadoo.fr", "free.fr",
    "laposte.net", "sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "alice.it", "uol.com.br", "bol.com.br",
    "terra.com.br", "rediffmail.com", "zoho.com", "fastmail.com", "hey.com", "tutanota.com", "tuta.com",
    "hushmail.com", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net",
    "charter.net", "earthlink.net", "btinternet.com", "sky.com", "virginmedia.com", "ntlworld.com", "bigpond.com",
    "optusnet.com.au", "shaw.ca", "rogers.com", "sympatico.ca", "ziggo.nl", "kpnmail.nl", "telenet.be", "skynet.be",
    "seznam.cz", "wp.pl", "o2.pl", "onet.pl", "interia.pl",
})
# fmt: on
# The families of one provider: yahoo.co.uk, hotmail.fr, live.nl ...
_FREE_MAIL_FAMILY = re.compile(r"(?:yahoo|hotmail|live|outlook|gmx|yandex|aol)\.(?:co\.|com\.)?[a-z]{2,3}")

_NO_REPLY = re.compile(
    r"(?:.*[._+-])?(?:no[._-]?reply|do[._-]?not[._-]?reply|no[._-]?response|nobody)(?:[._+-].*)?"
    r"|(?:mailer[._-]?daemon|postmaster|bounces?|notifications?|auto[._-]?(?:reply|confirm|responder))(?:[+._=-].*)?"
)


def normalise(address: str) -> str:
    """The one spelling of an address: trimmed, Unicode-normalised, lower-case. No look-up is made.

    Raises:
        ValueError: it is no address; the message says why and does not repeat it.
    """
    address = address.strip()
    if len(address) > MAX_LENGTH:
        raise ValueError(f"An email address has at most {MAX_LENGTH} characters.")
    try:
        # Addresses under .test are kept like others: the CRM sends nothing.
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return valid.normalized.lower()[:MAX_LENGTH]  # a few letters grow when they are made small


def is_no_reply(email: str) -> bool:
    """Whether a normalised address says of itself that nobody reads it."""
    return _NO_REPLY.fullmatch(email.rpartition("@")[0]) is not None


def is_free_mail(email: str) -> bool:
    """Whether a normalised address belongs to a provider of private mailboxes, not to a business."""
    domain = email.rpartition("@")[2]
    return domain in FREE_MAIL or _FREE_MAIL_FAMILY.fullmatch(domain) is not None


def same(one: str, other: str) -> bool:
    """Whether two addresses are one; what is no address equals nothing."""
    try:
        return normalise(one) == normalise(other)
    except ValueError:
        return False
