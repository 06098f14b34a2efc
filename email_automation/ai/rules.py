"""What headers and addresses say for certain, before any model is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from email_automation.ai.contacts import is_no_reply
from email_automation.ai.schemas import MailText

_BULK = {"bulk", "list", "junk", "auto_reply"}
_ANSWER_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder")
_LIST_HEADERS = ("list-id", "list-unsubscribe", "list-post", "x-mailman-version", "feedback-id")
_BOUNCE_SENDER = re.compile(r"(?:mailer-daemon|postmaster)@|^mailer-daemon$", re.IGNORECASE)
_BOUNCE_SUBJECT = re.compile(
    r"(?:undelivered mail|undeliver|mail delivery (?:failed|failure|system)|delivery status notification"
    r"|returned mail|failure notice|delivery (?:failure|delayed)|delivery has failed|unzustellbar|nicht zustellbar"
    r"|message non remis|no se pudo entregar)",
    re.IGNORECASE,
)
_ANSWER_SUBJECT = re.compile(
    r"(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|out of (?:the )?office|abwesenheit|automatische antwort"
    r"|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|resposta automática"
    r"|risposta automatica|fuori sede|majibu ya kiotomatiki)",
    re.IGNORECASE,
)


def is_bounce(mail: MailText) -> bool:
    """A mail server's report that something could not be delivered."""
    if "report-type=delivery-status" in _header(mail.headers, "content-type").replace('"', "").replace(" ", ""):
        return True
    from_server = _header(mail.headers, "return-path") == "<>" or _BOUNCE_SENDER.search(mail.sender_address[:320])
    return bool(from_server and _BOUNCE_SUBJECT.match(mail.subject[:200].strip()))


def is_auto_reply(mail: MailText) -> bool:
    """A machine answered for a person: out of office, ticket received."""
    submitted = _header(mail.headers, "auto-submitted").partition(";")[0].strip()
    if submitted.startswith("auto-replied") or any(_header(mail.headers, name) for name in _ANSWER_HEADERS):
        return True
    return _ANSWER_SUBJECT.match(mail.subject[:200].strip()) is not None


def is_list(mail: MailText) -> bool:
    """Sent to many at once, through a list or a bulk mailer."""
    if _header(mail.headers, "precedence") in _BULK:
        return True
    return any(_header(mail.headers, name) for name in _LIST_HEADERS)


def is_automatic(mail: MailText) -> bool:
    """Nobody waits for an answer: auto-submitted, a list, a bounce or a no-reply sender."""
    submitted = _header(mail.headers, "auto-submitted").partition(";")[0].strip()
    return (
        submitted not in ("", "no")
        or is_auto_reply(mail)
        or is_list(mail)
        or is_bounce(mail)
        or is_no_reply(mail.sender_address[:320])
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")[:1000].strip().lower()
