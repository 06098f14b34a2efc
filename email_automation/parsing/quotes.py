"""What a person wrote this time, without the mail they answered.

Line by line and linear: the regular expressions of libraries for this take seconds for a page of blank lines.
"""

import re

MAX_LINE = 500  # characters of a line that are looked at
HEADER_LINES = 8  # within which the quoted headers of Outlook lie

_ATTRIBUTION = re.compile(
    r"^(?:on|am|le|el|il|op|em|den|dnia|w dniu|den|på|quoting)\b.{4,}"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|scrisse|schreef|escreveu|skrev|napisał\(?a?\)?)\b.{0,100}:\s*$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:on|am|le|el|il|op|em|den|w dniu|dnia|på)\b.*\d", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^\s*-{2,}\s*(?:original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine"
    r"|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|reply message)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"^\s*\*?(?:from|von|de|da|van|fra|från|od)\s?:\*?\s*\S", re.IGNORECASE)
_OTHER_HEADERS = re.compile(
    r"^\s*\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|fecha|para|asunto|inviato|a"
    r"|oggetto|verzonden|aan|onderwerp|data|assunto|sendt|til|emne|skickat|till|ämne)\s?:\*?\s",
    re.IGNORECASE,
)


def reply_text(text: str) -> str:
    """The text without quoted lines and what stands below an Outlook header; all of it where nothing else is left."""
    lines = text.split("\n")
    kept: list[str] = []
    said = False  # something of their own by now
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.startswith(">"):
            index += 1
            continue
        if said and (_ORIGINAL.match(line[:MAX_LINE]) or _is_quoted_header(lines, index)):
            break
        length = _attribution(lines, index)
        if length and _next_line(lines, index + length).startswith(">"):
            index += length
            continue
        if length and said:
            break  # what follows is the old mail, marked by nothing: it was HTML once
        kept.append(line.rstrip())
        said = said or bool(line.strip())
        index += 1
    reply = "\n".join(kept).strip()
    return reply or text.strip()


def _attribution(lines: list[str], index: int) -> int:
    """How many lines a line like "On Monday, Ann wrote:" takes here: none to three, since programs wrap it."""
    first = lines[index][:MAX_LINE]
    if not _OPENING.match(first):
        return 0
    for length in (1, 2, 3):
        joined = " ".join(line.strip() for line in lines[index : index + length])
        if len(joined) <= MAX_LINE and _ATTRIBUTION.match(joined):
            return length
    return 0


def _is_quoted_header(lines: list[str], index: int) -> bool:
    if not _FROM.match(lines[index][:MAX_LINE]):
        return False
    following = lines[index + 1 : index + HEADER_LINES]
    return sum(bool(_OTHER_HEADERS.match(line[:MAX_LINE])) for line in following) >= 2


def _next_line(lines: list[str], index: int) -> str:
    return next((line for line in lines[index : index + 5] if line.strip()), "")
