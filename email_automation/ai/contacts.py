"""Who wrote: contact details from the sender, the signature and labelled lines.

What is found is data for a person to look at, never an instruction: it decides no recipient by itself. Every pattern
is linear and every loop is bounded, since the text is a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

import phonenumbers

from email_automation.ai.schemas import ContactDetails, MailText
from email_automation.ai.signature import signature_lines, written_lines

MAX_ADDRESSES = 20
MAX_NUMBERS = 20

_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}(?![\w@-])", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w+./])\+?\(?\d[\d \u00a0()./-]{5,22}\d(?!\w)")
_SEVEN_DIGITS = re.compile(r"(?:\d\D{0,3}){6}\d")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,3}(?:\.\d{1,3}){3}")
_PHONE_LABEL = re.compile(
    r"\b(?:tel|telefon|teléfono|telefone|telefono|téléphone|phone|ph|mobile?|mob|cell|cellulare|celular|móvil|handy"
    r"|portable|fon|call|ring|reach|whats ?app|simu|namba|direct|office|number|nummer|numéro|número|numero|rückruf"
    r"|anrufen|m|t|p)\b",
    re.IGNORECASE,
)
_FAX_LABEL = re.compile(r"\b(?:tele)?fax\b|\bf:", re.IGNORECASE)
_LABELS = {
    "name": re.compile(r"(?:full |your |first )?(?:name|nom|nombre|nome|jina)\s?[:=]\s?(.+)", re.IGNORECASE),
    "company": re.compile(
        r"(?:company|organi[sz]ation|business|firma|unternehmen|entreprise|société|empresa|azienda|kampuni)"
        r"(?: name)?\s?[:=]\s?(.+)",
        re.IGNORECASE,
    ),
    "email": re.compile(r"(?:e-?mail|mail|correo|barua pepe)(?: address)?\s?[:=]\s?(.+)", re.IGNORECASE),
}
_LEGAL_FORM = re.compile(
    r"\b(?:gmbh|ag|kg|ohg|e\.k\.|mbh|ltd\.?|limited|llc|l\.l\.c\.|inc\.?|corp\.?|plc|llp|s\.?a\.?r\.?l\.?|sas|s\.a\.s?\.?"
    r"|s\.l\.u?\.?|sociedad limitada|lda\.?|ltda\.?|s\.?p\.?a\.|s\.r\.l\.?|srl|b\.v\.|bv|n\.v\.|oy|ab|a/s|aps|pty|pvt"
    r"|& co\.?|& sons|group|holdings?)(?=\W|$)",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:no-?reply|do-?not-?reply|info|sales|support|office|contact|admin|team|service|billing|accounts?|hello|mailer|postmaster"
    r"|kontakt|buchhaltung|newsletter|notifications?)\b",
    re.IGNORECASE,
)
_NO_REPLY = re.compile(
    r"(?:no-?_?reply|do-?_?not-?_?reply|noresponse|mailer-daemon|postmaster|bounces?|nobody)(?:[+._@-]|$)",
    re.IGNORECASE,
)
_REGION_OF_DOMAIN = {"uk": "GB"}


def extract(mail: MailText, *, region: str = "") -> ContactDetails:
    """Contact details of who wrote `mail`; what is not there stays empty.

    `region` (two letters, such as KE) reads phone numbers without a country code; a country's domain goes before it.
    """
    lines = written_lines(mail.text)
    signature = signature_lines(lines)
    return ContactDetails(
        name=_name(mail, lines, signature),
        email=_email(mail, lines),
        phone=_phone(lines, signature, regions(mail.sender_address, region)),
        company=_company(lines, signature),
    )


def addresses(text: str) -> list[str]:
    """Mail addresses in `text`, lower-case, in order, each once, at most twenty."""
    found: dict[str, None] = {}
    for match in _ADDRESS.finditer(text):
        found.setdefault(match.group().strip(".").lower())
        if len(found) == MAX_ADDRESSES:
            break
    return list(found)


def is_no_reply(address: str) -> bool:
    """Whether an address says of itself that nobody reads it."""
    return _NO_REPLY.match(address.strip()) is not None


def clean_line(value: str, limit: int = 200) -> str:
    """One printable line: control characters and line breaks become spaces."""
    printable = "".join(char if char.isprintable() else " " for char in value[: limit * 4])
    return " ".join(printable.split())[:limit].strip()


def phone_number(text: str, regions: tuple[str, ...]) -> str:
    """The first valid number in `text` as E.164, or empty."""
    for candidate in _candidates(text):
        for region in (None,) if candidate.startswith("+") else regions:
            try:
                number = phonenumbers.parse(candidate, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ""


def regions(address: str, default: str) -> tuple[str, ...]:
    """Where a number without a country code may be from: the address's country, then the default."""
    top = address.rpartition(".")[2].strip("> ").lower()
    country = _REGION_OF_DOMAIN.get(top, top.upper())
    known = [region for region in (country, default.upper()) if region in phonenumbers.SUPPORTED_REGIONS]
    return tuple(dict.fromkeys(known))


def _name(mail: MailText, lines: list[str], signature: list[str]) -> str:
    sender = _person(mail.sender_name)
    if sender:
        return sender
    labelled = _person(_labelled("name", lines))
    if labelled:
        return labelled
    return next((_person(line) for line in signature[:2] if _looks_like_a_name(line)), "")


def _person(value: str) -> str:
    """A person's name out of a display name; empty for addresses and roles. `Doe, Jane` becomes `Jane Doe`."""
    name = clean_line(re.split(r"\s+via\s+|[(<|]", value[:400], maxsplit=1)[0]).strip(" \"',;:-*")
    if not name or "@" in name or "://" in name or _ROLE.match(name):
        return ""
    last, comma, first = name.partition(", ")
    if comma and " " not in last and first and len(first.split()) <= 2 and not _LEGAL_FORM.search(first):
        name = f"{first} {last}"
    return name[:200]


def _looks_like_a_name(line: str) -> bool:
    words = line.strip(" ,.*").split()
    return (
        1 <= len(words) <= 5
        and len(line) <= 60
        and all(
            word[0].isupper() or word in ("de", "da", "di", "do", "dos", "van", "von", "der", "bin", "el", "la")
            for word in words
        )
        and not any(char.isdigit() or char in "@:/|" for char in line)
        and not _LEGAL_FORM.search(line)
    )


def _email(mail: MailText, lines: list[str]) -> str:
    """The sender's address; behind a no-reply sender (a web form) Reply-To, then a labelled line of the form."""
    sender = _one_address(mail.sender_address)
    if sender and not is_no_reply(sender):
        return sender
    answer_to = _one_address(mail.headers.get("reply-to", ""))
    if answer_to and not is_no_reply(answer_to):
        return answer_to
    return _one_address(_labelled("email", lines)) or sender


def _one_address(text: str) -> str:
    match = _ADDRESS.search(text[:1000])
    return match.group().lower()[:254] if match else ""


def _labelled(label: str, lines: list[str]) -> str:
    pattern = _LABELS[label]
    return next((clean_line(match.group(1)) for line in lines if (match := pattern.match(line))), "")


def _phone(lines: list[str], signature: list[str], regions: tuple[str, ...]) -> str:
    """A number with a country code or a label beside it; without either only in the signature."""
    labelled = (line for line in _numbered(lines) if "+" in line or _PHONE_LABEL.search(line))
    likely = islice(chain(_numbered(signature), labelled), MAX_NUMBERS)
    return next((number for line in likely if (number := phone_number(line, regions))), "")


def _numbered(lines: list[str]) -> Iterator[str]:
    return (line for line in lines if _SEVEN_DIGITS.search(line) and not _FAX_LABEL.match(line))


def _candidates(text: str) -> Iterator[str]:
    for count, match in enumerate(_NUMBER.finditer(text)):
        digits = sum(char.isdigit() for char in match.group())
        if count < MAX_NUMBERS and 7 <= digits <= 15 and not _DATE.match(match.group().strip("(")):
            yield match.group()


def _company(lines: list[str], signature: list[str]) -> str:
    labelled = _labelled("company", lines)
    if labelled:
        return labelled
    for line in signature:
        if len(line) <= 80 and "@" not in line and _LEGAL_FORM.search(line):
            return clean_line(max(re.split(r"\s[|·•\u2013-]\s", line), key=_has_legal_form)).strip(" ,*")
    return ""


def _has_legal_form(part: str) -> bool:
    return _LEGAL_FORM.search(part) is not None
