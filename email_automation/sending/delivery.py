"""A mail leaves, once: written down before, and what came of it after."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from email_automation.automation import permission as automation
from email_automation.mailboxes import MailboxError
from email_automation.mailers import Later, Mailer, Rejected, Taken, is_sunk, mailer_of
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import forwarding, marking, outgoing, rates, senders, suppressing
from email_automation.sending.recipients import BadMailError, addresses, check_content, is_reserved
from jobs import context, effects
from jobs.effects import Doubt, Receipt, SurelyNot
from jobs.errors import Answer, Cancelled, Discard, Fail, InDoubt, Retry, Superseded
from jobs.models import Effect

BEGUN = (MailStatus.SENDING, MailStatus.IN_DOUBT)
DONE = (MailStatus.SENT, MailStatus.SKIPPED)


def deliver(mail: OutgoingMail) -> OutgoingMail:
    """Send a mail; what was sent or skipped before stays so.

    Raises:
        Fail: it must not go out, or the server refuses it for good.
        InDoubt: nobody knows whether it went.
        Discard: it was taken back or put aside.
        Later, Retry, Snooze: it surely did not, or not to everybody; worth another try.
    """
    if mail.status == MailStatus.HELD and not outgoing.end_hold(mail):
        raise Discard("the mail was taken back")
    if mail.status in DONE:
        return mail
    if mail.status == MailStatus.FAILED and not mail.delivered:
        mail.undelivered = {}  # run again, all are asked again
    if reason := _why_nobody_gets_it(mail):
        outgoing.skip(mail, reason)
        return mail
    if recipients := mail.waiting_recipients:
        _attach(mail)
        _note(mail, _send_once(mail, recipients))
    _settle(mail)
    return mail


def _why_nobody_gets_it(mail: OutgoingMail) -> str:
    """Why it is not sent on purpose, with what speaks against single recipients noted. Raises Fail: it must not be."""
    if reason := automation.forbids(mail):
        raise Later(reason.text) if reason.passes else _failed(mail, reason.code, reason.text)
    try:
        check_content(mail.subject, mail.body, mail.html)
        addresses(mail.to)
    except BadMailError as error:
        raise _failed(mail, "INVALID_MAIL", str(error)) from None
    if any(is_reserved(address) for address in mail.to) and not is_sunk(mail):
        return "reserved domain: nobody has mail there"
    for address, why in suppressing.suppressed(mail).items():
        mail.undelivered[address] = why
    if not mail.delivered and not mail.waiting_recipients:
        return next(iter(mail.undelivered.values()), "no recipient is left")
    return "" if mail.delivered or mail.status in BEGUN else automation.why_not_sent(mail)


def _attach(mail: OutgoingMail) -> None:
    try:
        forwarding.attach_original(mail)
    except MailboxError as error:
        raise _failed(mail, error.code, f"what it forwards cannot be had: {error}") from None


@transaction.atomic
def _settle(mail: OutgoingMail) -> None:
    """Sent, and that the message is marked which it answers, or neither."""
    if outgoing.settle(mail, _told(mail)):
        marking.mark(mail)


def _send_once(mail: OutgoingMail, recipients: Sequence[str]) -> Taken:
    mailer = mailer_of(mail)
    key = f"mail:{mail.pk}:{mail.handovers}" if mail.handovers else f"mail:{mail.pk}"

    def do() -> Receipt:
        return _hand_over(mail, mailer, recipients, key)

    def resolve(effect: Effect) -> Receipt | Doubt:
        found = mailer.resolve(mail, recipients, effect)
        return found.receipt() if isinstance(found, Taken) else found

    rates.reserve(mail, recipients)
    if context.current() is None:  # called as a plain function: there is no second attempt
        return Taken.of(_made(do), recipients)
    try:
        receipt = effects.once(key, kind="mail", do=do, resolve=resolve, seconds=mailer.seconds)
    except InDoubt:
        outgoing.doubt(mail, "the mail server went away while it took the mail, and cannot be asked")
        raise
    return Taken.of(receipt, recipients)


def _hand_over(mail: OutgoingMail, mailer: Mailer, recipients: Sequence[str], key: str) -> Receipt:
    def last_step() -> None:
        if not outgoing.hand_over(mail):
            context.check_cancel()
            raise Discard("the mail was put aside meanwhile")

    try:
        return mailer.send(mail, recipients, key, last_step).receipt()
    except Rejected as error:
        mail.undelivered |= _refusals(error.undelivered)
        raise SurelyNot(str(error)) from _failed(mail, error.code, str(error))
    except Later as error:
        mail.undelivered |= _refusals(error.undelivered)
        outgoing.note(mail, str(error))
        raise SurelyNot(str(error)) from _again(error)
    except (Cancelled, Discard, Superseded) as error:  # said by the last step, so before anything left
        raise SurelyNot(str(error)) from error
    except Answer as error:  # the mailbox has to be connected again, the quota is used up
        outgoing.wait(mail, str(error))
        raise SurelyNot(str(error)) from error


def _made(do: object) -> Receipt:
    assert callable(do)
    try:
        receipt: Receipt = do()
    except SurelyNot as error:
        raise (error.__cause__ or error) from None
    return receipt


def _note(mail: OutgoingMail, taken: Taken) -> None:
    """What the server took; those whom it put off are asked for again, in a handing over of their own.

    Raises:
        Later: somebody is still to get it.
    """
    mail.delivered = list(dict.fromkeys([*mail.delivered, *taken.delivered]))
    mail.undelivered |= _refusals(taken.refused)
    mail.handovers += 1
    mail.from_address = mail.from_address or str(senders.sender_of(mail))
    for name in ("provider_id", "thread_id", "message_id"):
        setattr(mail, name, getattr(taken, name) or getattr(mail, name))
    if taken.deferred:
        reason = f"{len(taken.deferred)} of {len(mail.to)} recipients: {next(iter(taken.deferred.values()))}"
        outgoing.note(mail, reason)
        raise Later(f"the mail server says later to {reason}")


def _refusals(said: Mapping[str, str]) -> dict[str, str]:
    return {address: f"refused: {words}" for address, words in said.items()}


def _told(mail: OutgoingMail) -> str:
    return f"{len(mail.undelivered)} of {len(mail.to)} recipients do not get it" if mail.undelivered else ""


def _again(error: Later) -> Exception:
    return error if error.after is None else Retry(error.after, str(error), counts=False)


def _failed(mail: OutgoingMail, code: str, reason: str) -> Fail:
    if mail.delivered:  # to some of its recipients it went before
        mail.undelivered |= _refusals(dict.fromkeys(mail.waiting_recipients, reason))
        _settle(mail)
    else:
        outgoing.fail(mail, reason)
    return Fail(f"Not sent: {reason}.", code=code)
