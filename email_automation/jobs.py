"""The five mails of the old platform, under its names. Each is a row and a job, whose id is returned.

A reset or verification token is in no argument, result, log or page: it is kept encrypted until the mail has gone.
"""

from django.contrib.auth import get_user_model

from email_automation.models import MailKind
from email_automation.sending import releasing
from email_automation.sending.letters import Letter
from email_automation.sending.templating import letter_of, link, link_with_secret
from jobs.errors import Refused

HOUR = 3600  # seconds


class EmailJobManager:
    """Every method raises BadMailError where the address is none, and Refused where there is no such user."""

    def queue_welcome_email(self, user_id: int, email: str, name: str, company_name: str | None = None) -> str:
        """Welcome somebody who signed up."""
        values = {"name": name, "company_name": company_name}
        return _queued(letter_of("welcome", email, values, user_id=_known(user_id)))

    def queue_onboarding_email(
        self, user_id: int, email: str, name: str, step: int, company_name: str | None = None
    ) -> str:
        """Say how far the setting up is."""
        next_step = link(f"/onboarding/{int(step) + 1}")
        values = {"name": name, "step": int(step), "company_name": company_name, "next_step": next_step}
        return _queued(letter_of("onboarding", email, values, user_id=_known(user_id)))

    def queue_password_reset_email(self, email: str, reset_token: str, name: str | None = None) -> str:
        """A link with which its owner chooses a new password; not sent any more once it is an hour old."""
        values = {"name": name, "link": link_with_secret("/reset-password"), "expires_in": "1 hour"}
        return _queued(letter_of("password_reset", email, values, secret=_secret(reset_token)), expires=HOUR)

    def queue_email_verification_email(
        self, user_id: int, email: str, name: str, verification_token: str, expires_in_seconds: int = HOUR
    ) -> str:
        """A link that confirms an address; not sent any more once it has expired. 0: it does not."""
        values = {"name": name, "link": link_with_secret("/verify-email"), "expires_in": _words(expires_in_seconds)}
        letter = letter_of(
            "email_verification", email, values, user_id=_known(user_id), secret=_secret(verification_token)
        )
        return _queued(letter, expires=expires_in_seconds or None)

    def queue_notification_email(
        self, user_id: int, email: str, subject: str, message: str, notification_type: str = "general"
    ) -> str:
        """Tell a user something; who has unsubscribed is told no more."""
        values = {"subject": subject, "message": message, "notification_type": notification_type}
        kind = MailKind.NOTIFICATION
        return _queued(letter_of("notification", email, values, user_id=_known(user_id), kind=kind))


email_job_manager = EmailJobManager()
queue_welcome_email = email_job_manager.queue_welcome_email
queue_onboarding_email = email_job_manager.queue_onboarding_email
queue_password_reset_email = email_job_manager.queue_password_reset_email
queue_email_verification_email = email_job_manager.queue_email_verification_email
queue_notification_email = email_job_manager.queue_notification_email


def _queued(letter: Letter, *, expires: float | None = None) -> str:
    return str(releasing.send(letter, expires=expires).pk)


def _known(user_id: int) -> int:
    if not get_user_model()._default_manager.filter(pk=user_id).exists():
        raise Refused(f"There is no user {user_id}. Give the id of one.", field="user_id")
    return user_id


def _secret(token: str) -> str:
    if not isinstance(token, str) or not token:
        raise Refused("The token is empty: a link without one opens nothing.", field="token")
    return token


def _words(seconds: int) -> str:
    """As people say it."""
    if seconds % HOUR == 0:
        hours = seconds // HOUR
        return "" if not hours else f"{hours} hour{'s' if hours != 1 else ''}"
    minutes = max(1, seconds // 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
