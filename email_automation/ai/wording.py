"""Words that say outright how urgent a mail is. What is only meant is left to the model."""

from __future__ import annotations

import re

from email_automation.ai.schemas import MailText, Urgency

MAX_TEXT = 4_000

_CALM = (
    "no rush", "no hurry", "not urgent", "nothing urgent", "isn't urgent", "is not urgent", "no urgency",
    "whenever you have time", "when you have a moment", "at your convenience", "take your time", "low priority",
    "keine eile", "nicht dringend", "eilt nicht", "bei gelegenheit", "nichts eiliges",
    "rien d'urgent", "pas urgent", "pas pressé", "quand vous aurez le temps",
    "sin prisa", "no es urgente", "cuando tenga tiempo", "cuando pueda",
    "sem pressa", "não é urgente", "quando puder", "senza fretta", "non è urgente", "con calma",
    "si haraka", "hakuna haraka", "geen haast", "не срочно", "不急", "急ぎではありません", "ليس عاجلا",
)  # fmt: skip
_PRESSING = (
    "urgent", "urgently", "asap", "a.s.a.p.", "as soon as possible", "immediately", "right now", "right away",
    "straight away", "at once", "emergency", "this minute", "this instant", "without delay", "time-critical",
    "by the end of today", "by end of day", "before the end of the day", "still today", "today at the latest",
    "cannot work", "can't work", "everything is down", "is down since", "production is down", "site is down",
    "final reminder", "final notice", "last warning", "legal action", "see you in court",
    "dringend", "sofort", "umgehend", "eilt", "unverzüglich", "schnellstmöglich", "so schnell wie möglich",
    "so bald wie möglich", "noch heute", "notfall", "letzte mahnung", "nicht arbeiten",
    "urgence", "d'urgence", "urgente", "urgentemente", "immédiatement", "tout de suite", "au plus vite",
    "le plus vite possible", "dès que possible", "aujourd'hui même", "mise en demeure", "dernier rappel",
    "inmediatamente", "de inmediato", "lo antes posible", "cuanto antes", "hoy mismo", "emergencia", "último aviso",
    "imediatamente", "o mais rápido possível", "o quanto antes", "hoje mesmo", "emergência",
    "immediatamente", "il prima possibile", "al più presto", "oggi stesso", "emergenza", "ultimo avviso",
    "haraka", "mara moja", "dharura", "dringende", "onmiddellijk", "zo snel mogelijk", "pilne", "natychmiast", "acil",
    "hemen",
)  # fmt: skip
# These scripts set no spaces, or join words that a word boundary does not part.
_PRESSING_ANYWHERE = (
    "срочно",
    "немедленно",
    "как можно скорее",
    "至急",
    "緊急",
    "紧急",
    "尽快",
    "立即",
    "عاجل",
    "فورا",
)


def _words(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, phrases)) + r")(?!\w)")


_CALM_WORDS, _PRESSING_WORDS = _words(_CALM), _words(_PRESSING)


def stated_urgency(mail: MailText) -> Urgency | None:
    """What the mail says of itself, in its subject or its first 4,000 characters; None if it does not."""
    text = f"{mail.subject[:300]}\n{mail.text[:MAX_TEXT]}".lower().replace("\u2019", "'")
    if _holds(text, _CALM, _CALM_WORDS):
        return Urgency.LOW
    if _holds(text, _PRESSING, _PRESSING_WORDS) or any(word in text for word in _PRESSING_ANYWHERE):
        return Urgency.HIGH
    return None


def _holds(text: str, phrases: tuple[str, ...], whole_words: re.Pattern[str]) -> bool:
    # Looking for plain text first is twenty times faster than the pattern, and nearly always enough.
    return any(phrase in text for phrase in phrases) and whole_words.search(text) is not None
