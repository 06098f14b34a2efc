"""Reads the mails and phrases that were written for this project (`data/`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from email_automation.ai.schemas import Intent, MailText, Sentiment, Urgency

DATA = Path(__file__).with_name("data")
TRAINING = (
    "en_customers",
    "en_other",
    "en_more",
    "en_bulk",
    "de",
    "fr",
    "es",
    "pt_it_sw",
    "more_languages",
    "spam",
    "spam_more",
)
HELD_OUT = "heldout"

_URGENCY = {"!": Urgency.HIGH, "~": Urgency.LOW}
_MEANINGS: dict[str, Callable[[str], object]] = {
    "spam": lambda label: label == "spam",
    "intent": Intent,
    "urgency": Urgency,
    "sentiment": Sentiment,
}
_SENTIMENT = {"-": Sentiment.NEGATIVE, "+": Sentiment.POSITIVE}


@dataclass(frozen=True, slots=True)
class Example:
    """A mail with what is known of it; None where it says nothing. Examples of one `group` stay on one side."""

    mail: MailText
    group: str
    language: str = "en"
    spam: bool | None = None
    intent: Intent | None = None
    urgency: Urgency | None = None
    sentiment: Sentiment | None = None
    own: bool = True
    phrase: bool = False

    def with_mail(self, **changes: object) -> Example:
        return replace(self, mail=replace(self.mail, **changes))  # type: ignore[arg-type]


def training_mails() -> list[Example]:
    return [example for name in TRAINING for example in mails(name)]


def held_out_mails() -> list[Example]:
    return list(mails(HELD_OUT))


def mails(name: str) -> Iterator[Example]:
    """The mails of one data file; raises `ValueError` with file and line when one is malformed."""
    language, intent = "", None
    for number, line in _lines(name):
        if line.startswith("@ "):
            language, label = line[2:].split()
            intent = Intent(label)
            continue
        flags, _, rest = line.partition(" ")
        subject, separator, text = rest.partition(" :: ")
        if intent is None or not separator or not set(flags) <= set(".!~-+"):
            raise ValueError(
                f"{name}.txt line {number}: write `flags subject :: text` below an `@ language intent` line"
            )
        yield Example(
            mail=MailText(subject=subject, text=text),
            group=f"{name}:{number}",
            language=language,
            spam=intent is Intent.SPAM,
            intent=None if intent is Intent.SPAM else intent,
            urgency=next((_URGENCY[flag] for flag in flags if flag in _URGENCY), Urgency.NORMAL),
            sentiment=next((_SENTIMENT[flag] for flag in flags if flag in _SENTIMENT), Sentiment.NEUTRAL),
        )


def phrases() -> Iterator[Example]:
    """Words and phrases, each as a tiny mail that says something to one head alone."""
    language, head, label = "", "", ""
    for number, line in _lines("phrases"):
        if line.startswith("@ "):
            language, head, label = line[2:].split()
            continue
        for phrase in line.split(";"):
            example = Example(MailText(text=phrase.strip()), f"phrases:{number}", language, phrase=True)
            yield replace(example, **{head: _MEANINGS[head](label)})  # type: ignore[arg-type]


def _lines(name: str) -> Iterator[tuple[int, str]]:
    with (DATA / f"{name}.txt").open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip() and not line.startswith("#"):
                yield number, line.strip()
