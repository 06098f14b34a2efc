"""Servers that break off, lie or talk nonsense: the sync is tried again, or goes on without that one message."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from imapclient import SocketTimeout

from email_automation import services
from email_automation.mailboxes.imap import ServerTroubleError, connection
from email_automation.models import Mailbox, Message
from email_automation.syncing import sync as syncing
from tests.email_automation.mailboxes.imap.conftest import Sync
from tests.email_automation.mailboxes.imap.test_reading import mail

pytestmark = pytest.mark.django_db
RAW = mail("one")


class Server(socketserver.ThreadingTCPServer):
    """Two messages, UIDs 1 and 2, in an inbox; `answers` are what it says instead, by the command that they are for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.answers: dict[str, Callable[[Talk, bytes], None]] = {}


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.say(b"* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline().strip():
            self.tag, _, command = line.partition(b" ")
            text = command.decode()
            try:
                special = next((act for start, act in self.server.answers.items() if re.match(start, text)), None)
                (special or Talk.usual)(self, command)
            except OSError:
                return

    def usual(self, command: bytes) -> None:
        text = command.decode()
        if text.startswith("CAPABILITY"):
            self.say(b"* CAPABILITY IMAP4rev1")
        elif text.startswith("LIST"):
            self.say(b'* LIST () "/" INBOX')
        elif text.startswith("EXAMINE"):
            self.say(b"* 2 EXISTS", b"* OK [UIDVALIDITY 7] ok", b"* OK [UIDNEXT 3] ok")
        elif text.startswith("UID SEARCH"):
            self.say(b"* SEARCH 1 2")
        elif "RFC822.SIZE" in text:
            self.say(*(b"* %d FETCH (UID %d FLAGS (\\Seen) RFC822.SIZE %d)" % (n, n, len(RAW)) for n in (1, 2)))
        elif "BODY.PEEK" in text:
            for uid in (1, 2):
                self.body(uid, RAW.replace(b"one", b"mail%d" % uid))
        self.say(self.tag + b" OK done")

    def body(self, uid: int, raw: bytes) -> None:
        self.say(b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%s)" % (uid, uid, len(raw), raw))

    def say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def end(self) -> None:
        raise ConnectionResetError


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def mailbox(server: Server, user: User) -> Mailbox:
    port = server.server_address[1]
    return services.connect_imap(
        user, host="127.0.0.1", port=port, security="none", username="ann@fikiri.example", password="secret"
    )


@contextmanager
def instead(server: Server, start: str, act: Callable[[Talk, bytes], None]) -> Iterator[None]:
    server.answers[start] = act
    yield
    del server.answers[start]


def said(*lines: bytes, ok: bool = True) -> Callable[[Talk, bytes], None]:
    def act(talk: Talk, command: bytes) -> None:
        talk.say(*lines)
        if ok:
            talk.say(talk.tag + b" OK done")
        else:
            talk.end()

    return act


def refused(talk: Talk, command: bytes) -> None:
    talk.say(talk.tag + b" NO [SERVERBUG] not now")


TROUBLES = {
    "goodbye": ("EXAMINE", said(b"* BYE shutting down", ok=False)),
    "cut": ("UID SEARCH", said(b"* SEARCH 1", ok=False)),
    "cut in a literal": ("UID FETCH .*BODY", said(b"* 1 FETCH (UID 1 BODY[]<0> {500}\r\nFrom: a", ok=False)),
    "no validity": ("EXAMINE", said(b"* 2 EXISTS")),
    "no such inbox": ("EXAMINE", refused),
    "nonsense": ("UID SEARCH", said(b"* SEARCH one two")),
    "letters for numbers": ("EXAMINE", said(b"* many EXISTS", b"* OK [UIDVALIDITY x] ok")),
    "open parentheses": ("UID FETCH .*SIZE", said(b"* 1 FETCH (((((((((((UID 1")),
    "deep parentheses": ("UID FETCH .*SIZE", said(b"* 1 FETCH " + b"(" * 5000 + b")" * 5000)),
    "another tag": ("LIST", said(b"zz99 OK done")),
    "an endless line": ("LIST", said(b'* LIST () "/" ' + b"x" * 1_100_000)),
    "an endless literal": ("UID FETCH .*BODY", said(b"* 1 FETCH (UID 1 BODY[]<0> {99999999999}", ok=False)),
}


@pytest.mark.parametrize("name", list(TROUBLES))
def test_trouble_is_an_error_that_passes(server: Server, mailbox: Mailbox, sync: Sync, name: str) -> None:
    with instead(server, *TROUBLES[name]):
        run_id = services.sync_mailbox(mailbox).pk
        with pytest.raises(ServerTroubleError, match=r"127\.0\.0\.1"):
            syncing.run(run_id)
    assert syncing.run(run_id).synced == 2


def test_a_server_that_says_nothing_is_waited_for_only_so_long(
    server: Server, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "TIMEOUT", SocketTimeout(connect=1, read=0.2))
    silence = instead(server, "LIST", lambda talk, command: None)
    with silence, pytest.raises(ServerTroubleError, match="did not answer in time"):
        syncing.run(services.sync_mailbox(mailbox).pk)


def test_a_message_that_is_not_given_is_unreadable_and_the_others_are_read(
    server: Server, mailbox: Mailbox, sync: Sync
) -> None:
    def nil(talk: Talk, command: bytes) -> None:
        talk.say(b"* 1 FETCH (UID 1 BODY[]<0> NIL)")
        talk.body(2, RAW)
        talk.say(talk.tag + b" OK done")

    with instead(server, "UID FETCH .*BODY", nil):
        run = sync(mailbox)
    assert (run.synced, run.unreadable) == (1, 1)
    assert Message.objects.exclude(unreadable_reason="").get().unreadable_reason == "its server does not give it"


def test_a_server_that_refuses_a_body_is_asked_for_each_alone(server: Server, mailbox: Mailbox, sync: Sync) -> None:
    def picky(talk: Talk, command: bytes) -> None:
        if b"1" in command.split()[2]:
            return refused(talk, command)
        talk.body(2, RAW)
        return talk.say(talk.tag + b" OK done")

    with instead(server, "UID FETCH .*BODY", picky):
        run = sync(mailbox)
    assert (run.synced, run.unreadable) == (1, 1)


def test_a_size_that_is_a_lie_changes_nothing(server: Server, mailbox: Mailbox, sync: Sync) -> None:
    sizes = ((1, 0), (2, 4 * 10**9))
    lies = said(*(b"* %d FETCH (UID %d FLAGS NIL RFC822.SIZE %d)" % (n, n, size) for n, size in sizes))
    with instead(server, "UID FETCH .*SIZE", lies):
        assert sync(mailbox).synced == 2
    assert set(Message.objects.values_list("size", flat=True)) == {len(RAW) + 2}


def test_more_than_was_asked_for_is_thrown_away(server: Server, mailbox: Mailbox, sync: Sync) -> None:
    def flood(talk: Talk, command: bytes) -> None:
        if b"1" in command.split()[2]:
            talk.body(1, b"x" * 5_000_000)
        talk.body(2, RAW)
        talk.say(talk.tag + b" OK done")

    with instead(server, "UID FETCH .*BODY", flood):
        run = sync(mailbox)
    assert (run.synced, run.unreadable) == (1, 1)


def test_uids_that_nobody_asked_for_are_not_believed(server: Server, mailbox: Mailbox, sync: Sync) -> None:
    with instead(server, "UID SEARCH", said(b"* SEARCH 0 1 2 3 99999999999")):
        assert sync(mailbox).synced == 2
    assert sync(mailbox).found == 0  # though it finds 1 and 2 again


@pytest.mark.parametrize("word", ["[UNAVAILABLE] later", "[LIMIT] no", "Too many simultaneous connections", "BYE"])
def test_a_login_that_is_refused_for_now_is_no_wrong_password(
    server: Server, mailbox: Mailbox, sync: Sync, word: str
) -> None:
    def away(talk: Talk, command: bytes) -> None:
        talk.say(b"* BYE" if word == "BYE" else talk.tag + b" NO " + word.encode())
        talk.end()

    with instead(server, "LOGIN", away), pytest.raises(ServerTroubleError):
        syncing.run(services.sync_mailbox(mailbox).pk)
    assert sync(mailbox).synced == 2


def test_a_folder_that_no_command_could_name_is_left_out(server: Server, mailbox: Mailbox, sync: Sync) -> None:
    listed = said(
        b'* LIST () "/" INBOX',
        b'* LIST (\\Noselect) "/" Parent',
        b'* LIST () NIL "B\xc3\xbcro"',
        b'* LIST () "/" {3}\r\na\nb',
        b'* LIST () "/" "&broken"',
    )
    with instead(server, "LIST", listed):
        sync(mailbox)
    assert Message.objects.count() == 2
