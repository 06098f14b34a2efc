"""Many mailboxes of many users at once: each is read with its own token, and into its own rows."""

from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.models import User
from django.db import connection
from pytest_django.fixtures import Settings

from email_automation import services
from email_automation.models import Mailbox, Message
from email_automation.syncing import sync
from tests.email_automation.gmail.conftest import connected
from tests.email_automation.mailboxes.letters import letter
from tests.servers.gmail import GmailServer

ACCOUNTS = 8
LETTERS = 12


def test_no_token_of_one_mailbox_is_ever_used_for_another(
    transactional_db: None, server: GmailServer, settings: Settings
) -> None:
    settings.GMAIL_API_ROOT, settings.GOOGLE_TOKEN_URI = server.url, server.token_url
    settings.GMAIL_USER_UNITS = settings.GMAIL_USER_UNITS_LIMIT = settings.GMAIL_PROJECT_UNITS = 100_000_000
    mailboxes = [_filled(server, number) for number in range(ACCOUNTS)]
    server.fault("messages.get", do=lambda: server.end_tokens("user3@fikiri.example"), skip=20)
    with ThreadPoolExecutor(ACCOUNTS) as pool:
        list(pool.map(_sync, mailboxes))
    for number, mailbox in enumerate(mailboxes):
        subjects = set(Message.objects.filter(mailbox=mailbox).values_list("subject", flat=True))
        assert subjects == {f"Letter {number * 100 + one}" for one in range(LETTERS)}
    used = {(asked.address, asked.id) for asked in server.calls("messages.get") if asked.done}
    assert all(message_id in server.boxes[address].messages for address, message_id in used)
    assert {asked.status for asked in server.asked} <= {200, 401}
    assert {asked.token for asked in server.asked if asked.status == 401} == {"access-user3@fikiri.example"}


def _filled(server: GmailServer, number: int) -> Mailbox:
    address = f"user{number}@fikiri.example"
    box = server.account(address)
    box._counter += number << 32  # no two accounts have a message of the same id
    for one in range(LETTERS):
        box.deliver(letter(number * 100 + one))
    return connected(User.objects.create_user(f"user{number}", address, "secret"), address)


def _sync(mailbox: Mailbox) -> None:
    try:
        sync.run(services.sync_mailbox(mailbox).pk)
    finally:
        connection.close()
