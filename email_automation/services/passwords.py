"""A link with which somebody chooses a new password, by mail to the address that is known."""

import hashlib
from contextlib import suppress

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.urls import reverse

from email_automation.sending import releasing
from email_automation.sending.recipients import BadMailError
from email_automation.sending.sealing import PLACE
from email_automation.sending.templating import letter_of
from jobs import audit, rates

AT_MOST = 3  # mails to one address in WINDOW: nobody floods another's mailbox
WINDOW = 900  # seconds


def send_password_link(user: AbstractBaseUser, to: str, secret: str) -> None:
    """Mail the link that `secret` completes, which nobody else gets to see. Tells nothing of whether it was sent."""
    who = hashlib.sha256(to.lower().encode()).hexdigest()
    if rates.count(f"reset:{who}", WINDOW) > AT_MOST:
        return
    link = f"{settings.PUBLIC_URL}{reverse('mine')}password/{PLACE}"
    values = {"name": user.get_username(), "link": link, "expires_in": "1 hour"}
    with suppress(BadMailError):  # an address of the user's that no mail can go to
        letter = letter_of("password_reset", to, values, secret=secret)
        releasing.send(letter, expires=settings.PASSWORD_RESET_TIMEOUT)


@transaction.atomic
def note_new_password(user: AbstractBaseUser) -> None:
    audit.record("reset_password", f"user {user.pk}", by=user.get_username(), reason="by the link in a mail")
