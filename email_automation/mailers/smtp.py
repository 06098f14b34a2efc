"""Mail through an SMTP server, which nobody can ask afterwards what became of it."""

from collections.abc import Sequence

from django.conf import settings

from email_automation.mailers.base import LastStep, Later, Rejected, Taken
from email_automation.mailers.dialogue import connected
from email_automation.mailers.server import Server, of_site
from email_automation.models import MailStatus, OutgoingMail
from email_automation.sending import writing
from email_automation.sending.recipients import needs_utf8, wire
from jobs import context, effects
from jobs.effects import Doubt
from jobs.models import Effect


class SmtpMailer:
    """Through the site's server."""

    @property
    def seconds(self) -> float:
        """Four steps' time before the dot, and the server's time over the mail."""
        return 4 * float(settings.EMAIL_TIMEOUT) + float(settings.SMTP_ANSWER_TIMEOUT)

    def send(self, mail: OutgoingMail, recipients: Sequence[str], key: str, last_step: LastStep) -> Taken:
        return self._send(of_site(), mail, recipients, key, last_step)

    def resolve(self, mail: OutgoingMail, recipients: Sequence[str], effect: Effect) -> Taken | Doubt:
        """A mail whose dot was not on its way has not gone; of any other, only a person can find out."""
        mail.refresh_from_db(fields=["status"])
        handed_over = mail.status in (MailStatus.SENDING, MailStatus.IN_DOUBT)
        return Doubt.CANNOT_KNOW if handed_over else Doubt.SURELY_NOT

    def _send(
        self, server: Server, mail: OutgoingMail, recipients: Sequence[str], key: str, last_step: LastStep
    ) -> Taken:
        try:
            message = writing.compose(mail)
            content = writing.raw(message)
        except ValueError as error:
            raise Rejected("INVALID_MAIL", f"it cannot be written as a mail: {error}") from None
        sender = message["From"].addresses[0].addr_spec
        on_wire = {wire(address): address for address in recipients}
        utf8 = any(needs_utf8(address) for address in mail.to)
        with connected(server, self.seconds - settings.SMTP_ANSWER_TIMEOUT) as dialogue:
            try:
                verdict = dialogue.address(sender, list(on_wire), size=len(content), utf8=utf8)
            except (Rejected, Later) as error:
                error.undelivered = {on_wire[address]: said for address, said in error.undelivered.items()}
                raise
            refused = {on_wire[address]: said for address, said in verdict.refused.items()}
            deferred = {on_wire[address]: said for address, said in verdict.deferred.items()}
            if (refused or deferred) and context.current():
                effects.remember(key, refused=refused, deferred=deferred)  # known, should the answer never come
            said = dialogue.hand_over(content, last_step, settings.SMTP_ANSWER_TIMEOUT)
        delivered = [on_wire[address] for address in verdict.accepted]
        return Taken(delivered, refused, deferred, said, message_id=writing.message_id(mail))
