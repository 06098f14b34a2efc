"""Which lines of a mail its sender wrote now, and which of them are the signature."""

from __future__ import annotations

import re

MAX_TEXT = 20_000
MAX_LINE = 400
MAX_LINES = 600
MAX_SIGNATURE = 12

_SIGN_OFFS = (
    "best regards", "kind regards", "warm regards", "regards", "best wishes", "best", "sincerely", "yours sincerely",
    "yours faithfully", "yours truly", "cheers", "many thanks", "thanks", "thank you",
    "thanks in advance", "br", "rgds",
    "mit freundlichen grüßen", "mit freundlichen gruessen", "freundliche grüße", "viele grüße", "beste grüße",
    "liebe grüße", "herzliche grüße", "mfg", "lg", "vg", "hochachtungsvoll",
    "cordialement", "bien cordialement", "bien à vous", "salutations distinguées", "merci d'avance", "merci",
    "saludos", "un saludo", "saludos cordiales", "atentamente", "gracias", "un cordial saludo",
    "atenciosamente", "cumprimentos", "com os melhores cumprimentos", "obrigado", "obrigada", "abraços",
    "cordiali saluti", "distinti saluti", "saluti", "grazie", "un saluto",
    "asante", "asante sana", "wako mwaminifu", "kwa heshima", "met vriendelijke groet", "groeten",
)  # fmt: skip
_SIGN_OFF = re.compile("(?:" + "|".join(map(re.escape, _SIGN_OFFS)) + r")[\s,.!]*", re.IGNORECASE)
_HISTORY = re.compile(
    r"-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|mensaje original)"
    r"|(?:on|am|le|el|em|il|mnamo)\b.{5,200}"
    r"\b(?:wrote|schrieb|écrit|escribió|escreveu|ha scritto|aliandika)\s*(?:.{0,60})?:$",
    re.IGNORECASE,
)


def written_lines(text: str) -> list[str]:
    """The lines before quoted history, stripped and bounded; quoted lines are left out."""
    lines: list[str] = []
    for line in text[:MAX_TEXT].splitlines()[:MAX_LINES]:
        bounded = line.strip()[:MAX_LINE]
        if _HISTORY.match(bounded):
            break
        if not bounded.startswith((">", "|")):
            lines.append(bounded)
    return lines


def signature_lines(lines: list[str]) -> list[str]:
    """The lines after `-- ` or the last sign-off, at most twelve; none when the mail has neither."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index] == "--" or _SIGN_OFF.fullmatch(lines[index]):
            return [line for line in lines[index + 1 :] if line][:MAX_SIGNATURE]
    return []
