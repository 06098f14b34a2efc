"""Mail through Gmail in two steps: a draft, whose id is kept, then its sending. After an answer that was none, sending
the draft again tells: where there is no such draft any more, it has gone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.header import decode_header, make_header
from email.utils import getaddresses
from itertools import takewhile

from email_automation.connecting.gmail_accounts import client_of
from email_automation.connecting.google_tokens import TokenUnavailable
from email_automation.gmail import (
    BadRequest,
    Client,
    GmailError,
    InsufficientPermission,
    NeedsReauth,
    NotFound,
    RateLimited,
    Temporary,
)
from email_automation.gmail.answers import Draft, Message
from email_automation.mailers.base import LastStep, Later, Rejected, Taken
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import outgoing, writing
from email_automation.sending.recipients import wire
from jobs import context, effects
from jobs.effects import Doubt, Unclear
from jobs.errors import Answer, Snooze, Superseded
from jobs.models import Effect

ASKED_AT_MOST = 8  # times that an unclear sending is asked about; then a person is
WAITS = 10.0  # seconds before it is asked about again, doubled each time
LOOKED_AT = 200  # messages sent since in which one is looked for
PAGES = 10  # of ids of what was sent, back to the message that was the newest before
DRAFTS_LOOKED_AT = 10  # the newest, in which one is looked for whose id never came


class GmailMailer:
    seconds = 60.0

    def send(self, mail: OutgoingMail, recipients: Sequence[str], key: str, last_step: LastStep) -> Taken:
        if mail.mailbox is None:
            raise Rejected("MAILBOX_GONE", "the mailbox that it was to be sent from is gone. Write it anew")
        with _surely_not(), client_of(mail.mailbox) as gmail:
            if mail.status == MailStatus.IN_DOUBT and (went := self._went_after_all(gmail, mail, recipients, key)):
                return went
            _have_draft(gmail, mail)
            if context.current():
                effects.remember(key, draft=mail.draft_id, newest_sent=_newest_sent(gmail))
            last_step()
            return self._send(gmail, mail, recipients)

    def resolve(self, mail: OutgoingMail, recipients: Sequence[str], effect: Effect) -> Taken | Doubt:
        mail.refresh_from_db(fields=["status", "draft_id", "thread_id"])
        if mail.status not in (MailStatus.SENDING, MailStatus.IN_DOUBT):
            return Doubt.SURELY_NOT
        if mail.mailbox is None or not mail.draft_id or mail.status == MailStatus.IN_DOUBT:
            return Doubt.CANNOT_KNOW
        asked = int(effect.detail.get("asked", 0))
        if asked >= ASKED_AT_MOST:
            return Doubt.CANNOT_KNOW
        with client_of(mail.mailbox) as gmail:
            try:
                return _taken(gmail, mail, recipients, gmail.send_draft(mail.draft_id))
            except NotFound:
                return self._found(gmail, mail, recipients, str(effect.detail.get("newest_sent", "")))
            except (BadRequest, InsufficientPermission):
                return Doubt.CANNOT_KNOW
            except (Temporary, TokenUnavailable) as error:
                effects.remember(effect.key, asked=asked + 1)
                raise Snooze(WAITS * 2**asked, f"unclear whether it went, and cannot be asked now: {error}") from error

    def _went_after_all(self, gmail: Client, mail: OutgoingMail, recipients: Sequence[str], key: str) -> Taken | None:
        """A person said that it did not go, and is believed unless Gmail has it. Its draft may be gone, or be there."""
        found = self._found(gmail, mail, recipients, str(effects.recall(key).get("newest_sent", "")))
        if isinstance(found, Taken):
            return found
        try:
            gmail.draft(mail.draft_id)
        except (NotFound, BadRequest):
            mail.draft_id = ""
        return None

    def _send(self, gmail: Client, mail: OutgoingMail, recipients: Sequence[str]) -> Taken:
        try:
            sent = gmail.send_draft(mail.draft_id)
        except NotFound:
            OutgoingMail.objects.filter(pk=mail.pk).update(draft_id="")
            reason = "its draft was deleted in Gmail before it was sent. Run the job again to write another"
            raise Rejected("DRAFT_REMOVED", reason) from None
        except Temporary as error:
            if error.perhaps_done:
                raise Unclear(str(error)) from error
            raise
        return _taken(gmail, mail, recipients, sent)

    def _found(self, gmail: Client, mail: OutgoingMail, recipients: Sequence[str], before: str) -> Taken | Doubt:
        """The draft is gone: sent, or deleted by its owner. Which of both, the sent messages say."""
        for message_id in _sent_since(gmail, mail, before):
            with suppress(NotFound):
                message = gmail.message(message_id, headers=[writing.MARK, "Message-ID", "Subject", "To"])
                if _is_it(message, mail):
                    return _taken(gmail, mail, recipients, message)
        return Doubt.CANNOT_KNOW


def _have_draft(gmail: Client, mail: OutgoingMail) -> None:
    """The draft of an earlier attempt, or a new one; its id is kept before it is sent."""
    if mail.draft_id:
        return
    try:
        content = writing.raw(writing.compose(mail))
    except ValueError as error:
        raise Rejected("INVALID_MAIL", f"it cannot be written as a mail: {error}") from None
    draft = _made_before(gmail, mail) or gmail.create_draft(content, thread=_thread(mail))
    if not outgoing.keep_draft(mail, draft.id, draft.message.thread):
        with suppress(GmailError, Answer, TokenUnavailable):  # an attempt that was taken for dead leaves nothing behind
            gmail.delete_draft(draft.id)
        raise Superseded("another attempt owns this mail")


def _made_before(gmail: Client, mail: OutgoingMail) -> Draft | None:
    """The draft that an earlier attempt made and was never told of. Our mark says that it is the one."""
    running = context.current()
    if running is None or running.claim.attempt == 1:
        return None
    for draft in _likely_drafts(gmail, mail):
        with suppress(NotFound):
            if gmail.message(draft.message.id, headers=[writing.MARK]).header(writing.MARK) == writing.message_id(mail):
                return draft
    return None


def _likely_drafts(gmail: Client, mail: OutgoingMail) -> Iterator[Draft]:
    """By our Message-ID, which may be another now; to the same person; and the newest, as searching may lag behind."""
    for query in (f"rfc822msgid:{writing.message_id(mail)}", _to_the_same(mail), ""):
        yield from gmail.newest_drafts(DRAFTS_LOOKED_AT, query)


def _thread(mail: OutgoingMail) -> str:
    """Gmail's thread of what it answers or follows, if that lies in the same mailbox."""
    before = mail.follows
    if before is not None and before.mailbox_id == mail.mailbox_id and before.thread_id:
        return before.thread_id
    answered = mail.answers
    return answered.provider_thread if answered is not None and answered.mailbox_id == mail.mailbox_id else ""


def _newest_sent(gmail: Client) -> str:
    return next(iter(gmail.ids(label="SENT", most=1).ids), "")


def _sent_since(gmail: Client, mail: OutgoingMail, before: str) -> list[str]:
    """What was sent after that message: first what Gmail finds to be for the same person, which may lag behind; then
    the oldest, as ours was among the next."""
    alike = set(gmail.ids(_to_the_same(mail), label="SENT").ids)
    return sorted(_ids_since(gmail, before), key=lambda one: one not in alike)[:LOOKED_AT]


def _ids_since(gmail: Client, before: str) -> list[str]:
    """Oldest first."""
    since: list[str] = []
    page = gmail.ids(label="SENT")
    for _ in range(PAGES):
        since += takewhile(lambda one: one != before, page.ids)
        if before in page.ids or not page.following:
            break
        page = gmail.ids(label="SENT", page=page.following)
    return since[::-1]


def _to_the_same(mail: OutgoingMail) -> str:
    """What Gmail is asked to search for."""
    return f"to:{wire(mail.to[0])}"


def _is_it(message: Message, mail: OutgoingMail) -> bool:
    """Our mark says so where Gmail has kept it; else the same words to the same people, sent since."""
    if mark := message.header(writing.MARK):
        return mark.strip() == writing.message_id(mail)
    to = {address.lower() for _, address in getaddresses([message.header("To")])}
    subject = str(make_header(decode_header(message.header("Subject"))))
    return subject == mail.subject and to == {wire(address).lower() for address in mail.to}


def _taken(gmail: Client, mail: OutgoingMail, recipients: Sequence[str], sent: Message) -> Taken:
    """With the Message-ID that Gmail gave it, which may not be ours: answers and bounces will name it."""
    message_id = writing.message_id(mail)
    with suppress(GmailError, Answer, TokenUnavailable):  # it has gone; this is a courtesy
        given = sent.header("Message-ID") or gmail.message(sent.id, headers=["Message-ID"]).header("Message-ID")
        message_id = given.strip().strip("<>") or message_id
    return Taken(recipients, provider_id=sent.id, thread_id=sent.thread or mail.thread_id, message_id=message_id)


@contextmanager
def _surely_not() -> Iterator[None]:
    """What Gmail's answers mean where nothing was sent."""
    try:
        yield
    except RateLimited as error:
        raise Later(str(error), after=error.seconds) from error
    except NeedsReauth as error:
        raise Rejected("MAILBOX_NOT_CONNECTED", str(error)) from error
    except (BadRequest, InsufficientPermission) as error:
        raise Rejected("REFUSED_BY_SERVER", str(error)) from error
    except (GmailError, TokenUnavailable) as error:
        raise Later(str(error)) from error
