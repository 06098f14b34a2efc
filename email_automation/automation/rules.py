"""What a user's rules say of a message: matched without looking anything up, and explained word by word.

    when: intent:sales_enquiry,appointment confidence:>=0.9 -from:acme.com        then: draft_reply label:Sales

`when` is the language of searches: every word must hold, `-` negates one, commas separate alternatives. `then` names
what is done, in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm.words import Stage
from email_automation.ai.schemas import Intent, Sentiment, SuggestedAction, Urgency
from jobs.errors import Refused
from jobs.query.reading import BadQuery, Word, read


class Do(StrEnum):
    """What a rule may have done; nothing else."""

    DRAFT_REPLY = "draft_reply"  # for a person to approve
    SEND_REPLY = "send_reply"  # held for the undo window, then sent
    LABEL = "label"
    ARCHIVE = "archive"
    MARK_READ = "mark_read"
    LEAD = "lead"
    STAGE = "stage"
    ESCALATE = "escalate"
    SUMMARISE = "summarise"
    NOTHING = "nothing"


REPLIES = (Do.DRAFT_REPLY, Do.SEND_REPLY)
IN_MAILBOX = (Do.LABEL, Do.ARCHIVE, Do.MARK_READ)
WITH_VALUE = {
    Do.LABEL: "a label, such as label:Sales",
    Do.STAGE: f"a stage: {', '.join(Stage.values)}",
    Do.ESCALATE: "a user name or an address, such as escalate:ann@acme.com",
}
MAX_VALUE = 200  # characters


class BadRule(Refused):
    """A rule that was not understood. `field` is `when` or `then`; the text names the word and the remedy."""

    code = "BAD_RULE"


@dataclass(frozen=True)
class Facts:
    """All that a rule can ask of a message."""

    intent: str = ""
    urgency: str = ""
    sentiment: str = ""
    suggests: str = ""
    confidence: float = 0.0
    sender: str = ""
    subject: str = ""
    labels: tuple[str, ...] = ()
    attachments: int = 0
    language: str = ""
    unsure: bool = False
    lead: bool = False
    stage: str = ""


@dataclass(frozen=True)
class Reason:
    """A word of a rule, whether it holds, and what the message has there."""

    word: str
    holds: bool
    found: str

    def __str__(self) -> str:
        return f"{self.word} ({self.found or 'nothing'})"


@dataclass(frozen=True)
class Action:
    do: Do
    value: str = ""

    def __str__(self) -> str:
        return f"{self.do}:{self.value}" if self.value else str(self.do)


def reasons(when: str, facts: Facts) -> list[Reason]:
    """Every word of a rule with whether it holds of these facts. Raises BadRule."""
    return [_reason(word, facts) for word in conditions(when)]


def conditions(when: str) -> list[Word]:
    """The words of a rule's `when`, checked. An empty one holds of every message.

    Raises:
        BadRule: an unknown word, or a value that cannot be one of its.
    """
    words = _read(when, "when")
    for word in words:
        _check(word)
    return words


def actions(then: str) -> list[Action]:
    """What a rule's `then` names, in its order.

    Raises:
        BadRule: nothing, an unknown action, or a value too many, missing, or of the wrong kind.
    """
    found = [action for word in _read(then, "then") for action in _actions(word)]
    if not found:
        raise BadRule(f"then is empty: say what is done. Known: {', '.join(Do)}.", field="then")
    if sum(action.do in REPLIES for action in found) > 1:
        raise BadRule("then has two replies: keep draft_reply or send_reply.", field="then")
    return found


def looks_at_crm(when: str) -> bool:
    """Does it ask for what the CRM says of the sender?"""
    return any(word.field == "stage" or (word.field == "is" and "lead" in word.values) for word in conditions(when))


def _reason(word: Word, facts: Facts) -> Reason:
    field = FIELDS[word.field]
    any_holds = any(field.holds(facts, value, word.operator) for value in word.values)
    return Reason(str(word), any_holds != word.negated, field.found(facts))


def _read(text: str, part: str) -> list[Word]:
    try:
        return read(text)
    except BadQuery as error:
        raise BadRule(f"{part}: {error}", field=part) from None


def _check(word: Word) -> None:
    known = f"Known: {', '.join(f'{name}:' for name in FIELDS)}"
    if not word.field:
        raise BadRule(
            f"{word.values[0][:40]!r} names no field, such as subject:{word.values[0][:20]}. {known}", field="when"
        )
    field = FIELDS.get(word.field)
    if field is None:
        raise BadRule(f"Unknown field {word.field[:40]!r}. {known}", field="when")
    if word.operator and not field.compares:
        raise BadRule(f"{word.field} cannot be compared: write {word.field}:{word.values[0][:40]}.", field="when")
    for value in word.values:
        if field.values and value not in field.values:
            raise BadRule(f"{word.field}:{value[:40]} is unknown. Known: {', '.join(field.values)}.", field="when")
        if field.compares and not _is_share(value):
            raise BadRule(f"{word.field}:{value[:40]} is no number from 0 to 1, such as 0.9.", field="when")


def _actions(word: Word) -> list[Action]:
    name = word.field or word.values[0]
    if word.negated or word.operator or name not in set(Do):
        raise BadRule(f"Unknown action {str(word)[:40]!r}. Known: {', '.join(Do)}.", field="then")
    do = Do(name)
    values = word.values if word.field else ()
    if bool(values) != (do in WITH_VALUE):
        remedy = f"needs {WITH_VALUE[do]}" if do in WITH_VALUE else "takes no value"
        raise BadRule(f"{do} {remedy}.", field="then")
    for value in values:
        if len(value) > MAX_VALUE or not value.isprintable() or (do is Do.STAGE and value not in Stage.values):
            raise BadRule(f"{do}:{value[:40]} is unknown: give {WITH_VALUE[do]}.", field="then")
    return [Action(do, value) for value in values] or [Action(do)]


@dataclass(frozen=True)
class Field:
    """`holds` of one value, `found` is what the message has; `values` are all that there are, where that is known."""

    help: str
    found: Callable[[Facts], str]
    holds: Callable[[Facts, str, str], bool]
    values: Sequence[str] = ()
    compares: bool = False


def _word(help: str, values: Sequence[str], found: Callable[[Facts], str]) -> Field:  # noqa: A002 - as in Field
    return Field(help, found, lambda facts, value, _: found(facts) == value, values)


def _is_from(facts: Facts, value: str, _: str) -> bool:
    """An address, or a domain, with or without the @."""
    wanted, sender = value.lower().removeprefix("@"), facts.sender.lower()
    return sender == wanted if "@" in wanted else sender.rpartition("@")[2] == wanted


def _has_label(facts: Facts, value: str, _: str) -> bool:
    return value.casefold() in {label.casefold() for label in facts.labels}


def _compares(facts: Facts, value: str, operator: str) -> bool:
    wanted = float(value)
    match operator:
        case ">":
            return facts.confidence > wanted
        case "<":
            return facts.confidence < wanted
        case "<=":
            return facts.confidence <= wanted
        case _:
            return facts.confidence >= wanted


def _is(facts: Facts, value: str, _: str) -> bool:
    return value in _circumstances(facts)


def _circumstances(facts: Facts) -> list[str]:
    return [name for name, holds in (("lead", facts.lead), ("unsure", facts.unsure)) if holds]


def _is_share(value: str) -> bool:
    try:
        return 0 <= float(value) <= 1
    except ValueError:
        return False


FIELDS = {
    "intent": _word("what it wants", list(Intent), lambda facts: facts.intent),
    "urgency": _word("how soon", list(Urgency), lambda facts: facts.urgency),
    "sentiment": _word("how they feel", list(Sentiment), lambda facts: facts.sentiment),
    "suggests": _word("what the model would do", list(SuggestedAction), lambda facts: facts.suggests),
    "confidence": Field(
        "how sure the model is: >=0.9", lambda facts: f"{facts.confidence:.2f}", _compares, compares=True
    ),
    "from": Field("an address, or a domain", lambda facts: facts.sender, _is_from),
    "subject": Field(
        "words of the subject",
        lambda facts: facts.subject[:80],
        lambda facts, value, _: value.casefold() in facts.subject.casefold(),
    ),
    "label": Field("a label", lambda facts: ", ".join(facts.labels)[:200], _has_label),
    "language": Field(
        "two letters: en",
        lambda facts: facts.language,
        lambda facts, value, _: facts.language[:2].lower() == value.lower(),
    ),
    "has": Field(
        "an attachment",
        lambda facts: f"{facts.attachments} attachments",
        lambda facts, value, _: facts.attachments > 0,
        ("attachment",),
    ),
    "stage": _word("of the lead", Stage.values, lambda facts: facts.stage),
    "is": Field(
        "a lead; unsure, where a person should look",
        lambda facts: ", ".join(_circumstances(facts)),
        _is,
        ("lead", "unsure"),
    ),
}
