"""A row as the mail that leaves. The sender is ours, and no text becomes a header that was not meant to."""

import re
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from django.utils import timezone

from email_automation.models import Author, MailKind, OutgoingMail
from email_automation.parsing.html import html_to_text
from email_automation.sending import senders
from email_automation.sending.forwarding import WHOLE_MAIL
from email_automation.sending.recipients import needs_utf8
from email_automation.sending.sealing import unsealed
from email_automation.sending.unsubscribing import headers as unsubscribe_headers

MARK = "X-Fikiri-Mail"  # Gmail may replace the Message-ID
THREAD = 20  # references of a reply
MAX_LINE = 998  # bytes, RFC 5322
_IDS = frozenset({"message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"})
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class _Policy(EmailPolicy):
    """As SMTP wants it; but ids are folded between, never within: the standard library would encode a long one."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() in _IDS:
            return f"{name}: {f'{self.linesep} '.join(str(value).split())}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if name.lower() in _IDS else super().fold_binary(name, value)


ASCII = _Policy(linesep="\r\n", cte_type="7bit", raise_on_defect=False)
UTF8 = ASCII.clone(utf8=True)


def compose(mail: OutgoingMail) -> EmailMessage:
    """The mail of a row.

    Raises:
        ValueError: a header of it would be two.
    """
    utf8 = any(needs_utf8(address) for address in mail.to)
    message = EmailMessage(UTF8 if utf8 else ASCII)
    for name, value in _headers(mail).items():
        message[name] = value
    body, html = unsealed(mail)
    message.set_content(body or html_to_text(html)[0])
    if html:
        message.add_alternative(html, subtype="html")
    for attachment in mail.attachments.all():
        content = bytes(attachment.content)
        if mail.forwards is not None and attachment.digest == mail.forwards.digest and (text := _as_lines(content)):
            _enclose(message, text, attachment.name)
            continue
        main, _, sub = _safe_type(attachment.content_type).partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=attachment.name)
    return message


def raw(message: EmailMessage) -> bytes:
    """What goes over the line. No bare line end is in it: a server might take it for the end of the mail.

    Raises:
        ValueError: there is one.
    """
    content = message.as_bytes()
    if _BARE_LINE_END.search(content):
        raise ValueError("A line of the mail ends with half a line end.")
    return content


def message_id(mail: OutgoingMail) -> str:
    """The same for every attempt, so that a mail that came twice can be told."""
    return f"{mail.job_id or f'mail-{mail.pk}'}@{senders.message_id_domain()}"


def _headers(mail: OutgoingMail) -> dict[str, object]:
    sender = senders.sender_of(mail)
    headers: dict[str, object] = {
        "From": sender,
        "To": tuple(senders.header_address(address) for address in mail.to),
        "Subject": mail.subject,
        "Date": format_datetime(timezone.now()),
        "Message-ID": f"<{message_id(mail)}>",
        MARK: message_id(mail),
    }
    if reply_to := senders.reply_to(mail, sender):
        headers["Reply-To"] = reply_to
    return headers | _thread(mail) | _automatic(mail) | unsubscribe_headers(mail)


def _thread(mail: OutgoingMail) -> dict[str, str]:
    references = _references(mail)
    if not references:
        return {}
    ids = [f"<{one}>" for one in references[-THREAD:]]
    return {"In-Reply-To": ids[-1], "References": " ".join(ids)}


def _references(mail: OutgoingMail) -> list[str]:
    """The thread that it belongs to, oldest first."""
    if mail.answers is not None and mail.answers.message_id:
        before = [*mail.answers.references, mail.answers.message_id]
    else:
        before = []
    if mail.follows is not None and mail.follows.message_id:
        before = [*(before or _references(mail.follows)), mail.follows.message_id]
    return [one for one in before if one.isascii() and one.isprintable() and not set(one) & set(" <>")]


def _automatic(mail: OutgoingMail) -> dict[str, str]:
    """So that nobody's machine answers ours."""
    if mail.released_by_rule:
        return {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    if mail.author == Author.PRODUCT and (mail.template or mail.kind == MailKind.NOTIFICATION):
        return {"Auto-Submitted": "auto-generated"}
    return {}


def _enclose(message: EmailMessage, mail: str, name: str) -> None:
    """The mail that is forwarded, as it came."""
    part = EmailMessage(message.policy)
    part["Content-Type"] = WHOLE_MAIL
    part.add_header("Content-Disposition", "attachment", filename=name)
    part.set_payload(mail)
    if message.get_content_type() != "multipart/mixed":
        message.make_mixed()
    message.attach(part)


def _as_lines(mail: bytes) -> str:
    """A mail that can go inside another as it is: in ASCII, in lines that every server takes. Empty where it cannot."""
    lines = mail.replace(b"\r\n", b"\n")
    if not mail.isascii() or b"\0" in mail or b"\r" in lines or max(map(len, lines.split(b"\n"))) > MAX_LINE:
        return ""
    return lines.replace(b"\n", b"\r\n").decode("ascii")


def _safe_type(content_type: str) -> str:
    """Any other message or multipart as a file is not taken apart, and may not be encoded: it is sent as bytes."""
    main = content_type.partition("/")[0].lower()
    return "application/octet-stream" if main in ("message", "multipart") else content_type
