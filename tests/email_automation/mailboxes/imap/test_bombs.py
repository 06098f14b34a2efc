"""Mail that is made to cost whoever reads it, on a server that takes all of it, stops no sync."""

import pytest
from django.contrib.auth.models import User

from email_automation.models import Message, SyncRun
from tests.email_automation import bombs
from tests.email_automation.mailboxes.imap.conftest import Account, Sync
from tests.email_automation.mailboxes.imap.test_reading import mail

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.only_on("sqlite")]
LARGEST = 25_000_000


def big() -> bytes:
    line = b"A" * 76 + b"\r\n"
    kind = b'Content-Type: application/zip; name="big.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return bombs.LETTER + kind + line * (LARGEST // len(line) + 1)


def header(size: int) -> bytes:
    return b"From: eve@company.com\r\nSubject: " + b"S" * size + b"\r\n\r\nBoom.\r\n"


def test_each_is_stored_and_so_is_what_comes_after(on_dovecot: Account, user: User, sync: Sync) -> None:
    hostile = {
        "nested": bombs.nested(bombs.LETTER, 5_000),
        "forwarded": bombs.forwarded(bombs.LETTER, 5_000),
        "many parts": bombs.many(bombs.LETTER, 20_000),
        "a header of a megabyte": header(1_000_000),
        "many headers": bombs.huge_headers(bombs.LETTER, 1_000_000),
        "big": big(),
    }
    on_dovecot.has(mail("before"))
    for raw in hostile.values():
        on_dovecot.has(raw)
    on_dovecot.has(mail("after"))
    mailbox = on_dovecot.connect(user)
    assert bombs.costs_little(lambda: sync(mailbox))
    run = SyncRun.objects.get()
    assert (run.synced, run.unreadable) == (len(hostile) + 2, 0)
    stored = {message.size: message for message in Message.objects.all()}
    assert {len(raw) for raw in hostile.values()} <= set(stored)
    assert {"before", "after"} <= {message.subject for message in stored.values()}
    assert sync(mailbox).found == 0
