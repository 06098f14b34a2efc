"""The drill's writer of mail: `python -m email_automation.drill.stream JOBS SEED SECONDS STARTED GMAIL`."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Event

import django
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from email_automation.drill.words import BODY
from jobs.drill import outside

ADDRESS = "drill@gmail.com"
TOKEN = "drill-token"  # noqa: S105 - of a server that asks for none
ENDLESS = 1000  # retries: only faults end attempts here, and they are not the mail's
PAUSE = 0.2  # seconds between tries while the database is away


def main() -> None:
    jobs, seed, seconds, started, gmail = sys.argv[1:]
    django.setup()
    user_id = _user_with_gmail() if gmail == "gmail" else None
    pause = Event()
    accepted = Path(os.environ["DRILL_FOLDER"]) / outside.ACCEPTED
    for number in range(int(jobs)):
        pause.wait(max(0.0, float(started) + float(seconds) * number / int(jobs) - time.time()))
        key = f"{seed}-{number}"
        before = time.monotonic()
        while not _send(key, user_id):
            pause.wait(PAUSE)
        took = round(time.monotonic() - before, 4)
        outside.add(accepted, durable=True, key=key, task="send_mail", took=took, at=time.time())


def _send(key: str, user_id: int | None) -> bool:
    """An error before the commit has enqueued nothing, and SQLite's commits are not in doubt."""
    from email_automation import services
    from email_automation.models import Author
    from jobs.models import Job

    author = Author.PERSON if user_id else Author.PRODUCT
    try:
        with transaction.atomic():
            job = services.send_email(f"{key}@company.com", key, BODY, user_id=user_id, author=author)
            Job.objects.filter(pk=job.pk).update(max_retries=ENDLESS)
    except (DatabaseError, InterfaceError):
        connection.close()
        return False
    return True


def _user_with_gmail() -> int:
    from django.contrib.auth import get_user_model

    from email_automation.connecting import accounts
    from email_automation.models import Mailbox, MailboxKind, Provider
    from jobs.models import Schedule

    user = get_user_model()._default_manager.create(username="drill")
    mailbox = Mailbox.objects.create(user_id=user.pk, kind=MailboxKind.GMAIL, name="Gmail", location=ADDRESS)
    until = timezone.now() + timedelta(days=1)
    tokens = {"refresh_token": TOKEN, "access_token": TOKEN, "access_until": until}
    accounts.keep(mailbox, Provider.GMAIL, ADDRESS, **tokens)
    Schedule.objects.all().delete()  # this Gmail has nothing to be read
    return int(user.pk)


if __name__ == "__main__":
    main()
