"""Gmail over IMAP on loopback: XOAUTH2, All Mail, labels and threads (X-GM-EXT-1), CONDSTORE. As its documentation
says: the label whose folder is open is not told; a label that is set makes its folder."""

from __future__ import annotations

import base64
import json
import re
import shlex
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from imapclient import imap_utf7

from tests.servers.google_tokens import TokenServer

ALL, INBOX, SENT, TRASH = "[Gmail]/All Mail", "INBOX", "[Gmail]/Sent Mail", "[Gmail]/Trash"
USES = {ALL: "\\All", SENT: "\\Sent", TRASH: "\\Trash"}
LABEL_OF = {INBOX: "\\Inbox", SENT: "\\Sent", TRASH: "\\Trash"}
CAPABILITIES = "IMAP4rev1 X-GM-EXT-1 UIDPLUS MOVE CONDSTORE ENABLE SPECIAL-USE"
REFUSED = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}


@dataclass
class Mail:
    uid: int
    raw: bytes
    thread: int
    labels: set[str]
    flags: set[str] = field(default_factory=set)
    modseq: int = 1


@dataclass
class Box:
    """One account."""

    mails: list[Mail] = field(default_factory=list)
    folders: list[str] = field(default_factory=lambda: [INBOX, ALL, SENT, TRASH])
    modseq: int = 1

    def add(self, raw: bytes, *labels: str, thread: int = 0x1234ABCD) -> Mail:
        self.modseq += 1
        mail = Mail(len(self.mails) + 1, raw, thread, set(), modseq=self.modseq)
        self.mails.append(mail)
        self.label(mail, *labels)
        return mail

    def label(self, mail: Mail, *labels: str) -> None:
        for name in labels:
            if not name.startswith("\\") and name not in self.folders:
                self.folders.append(name)
        mail.labels |= set(labels)
        self.touch(mail)

    def touch(self, mail: Mail) -> None:
        self.modseq += 1
        mail.modseq = self.modseq

    def of(self, folder: str) -> list[Mail]:
        if folder == ALL:
            return [mail for mail in self.mails if "\\Trash" not in mail.labels]
        return [mail for mail in self.mails if LABEL_OF.get(folder, folder) in mail.labels]


class GmailImap(socketserver.ThreadingTCPServer):
    """Lets in whoever shows a token that the token server has issued for them."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, tokens: TokenServer) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.tokens = tokens
        self.boxes: dict[str, Box] = {}
        self.shown: list[str] = []
        """Every token that was shown."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: GmailImap

    def handle(self) -> None:
        self.box, self.folder = Box(), ""
        self.say("* OK Gimap ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            self.tag, _, rest = line.partition(" ")
            uid = rest.upper().startswith("UID ")
            name, _, arguments = (rest[4:] if uid else rest).partition(" ")
            getattr(self, f"do_{name.lower()}", self.unknown)(arguments)

    def do_authenticate(self, mechanism: str) -> None:
        assert mechanism == "XOAUTH2"
        self.say("+ ")
        shown = base64.b64decode(self.rfile.readline()).decode()
        found = re.fullmatch("user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01", shown)
        assert found, shown
        self.server.shown.append(found[2])
        if self.server.tokens.issued.get(found[2]) == found[1]:
            self.box = self.server.boxes[found[1]]
            return self.ok(f"[CAPABILITY {CAPABILITIES}] {found[1]} authenticated (Success)")
        self.say(f"+ {base64.b64encode(json.dumps(REFUSED).encode()).decode()}")
        assert self.rfile.readline() == b"\r\n"
        return self.say(f"{self.tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)")

    def do_capability(self, _: str) -> None:
        self.say(f"* CAPABILITY {CAPABILITIES if self.box.folders else 'IMAP4rev1 AUTH=XOAUTH2'}")
        self.ok()

    def do_enable(self, _: str) -> None:
        self.ok()

    def do_logout(self, _: str) -> None:
        self.say("* BYE")
        self.ok()

    def do_list(self, _: str) -> None:
        for folder in self.box.folders:
            self.say(f'* LIST ({USES.get(folder, "")}) "/" {_quoted(folder)}')
        self.ok()

    def do_create(self, name: str) -> None:
        self.box.folders.append(*shlex.split(name))
        self.ok()

    def do_select(self, arguments: str) -> None:
        self.folder = shlex.split(arguments)[0]
        there = self.box.of(self.folder)
        self.say(f"* {len(there)} EXISTS", f"* OK [UIDVALIDITY {self.box.folders.index(self.folder) + 1}] ok")
        self.say(f"* OK [UIDNEXT {len(self.box.mails) + 1}] ok", f"* OK [HIGHESTMODSEQ {self.box.modseq}] ok")
        self.ok()

    do_examine = do_select

    def do_search(self, criteria: str) -> None:
        found = re.search(r"UID ([\d:,*]+)", criteria)
        wanted = self.uids(found[1]) if found else {mail.uid for mail in self.box.mails}
        self.say(f"* SEARCH {' '.join(str(mail.uid) for mail in self.box.of(self.folder) if mail.uid in wanted)}")
        self.ok()

    def do_fetch(self, arguments: str) -> None:
        uids, _, items = arguments.partition(" ")
        since = re.search(r"CHANGEDSINCE (\d+)", items)
        for number, mail in enumerate(self.box.of(self.folder), 1):
            if mail.uid in self.uids(uids) and mail.modseq > (int(since[1]) if since else 0):
                self.tell(number, mail, items)
        self.ok()

    def do_store(self, arguments: str) -> None:
        uids, command, names = re.fullmatch(r"(\S+) (\S+) \((.*)\)", arguments).groups()  # type: ignore[union-attr]
        given = {re.sub(r"\\(.)", r"\1", name) for name in re.findall(r'"((?:[^"\\]|\\.)*)"', names)}
        given = {str(imap_utf7.decode(name.encode())) for name in given} or set(names.split())
        for mail in self.box.mails:
            if mail.uid not in self.uids(uids):
                continue
            if command.startswith("+X-GM-LABELS"):
                self.box.label(mail, *given)
            elif command.startswith("-X-GM-LABELS"):
                mail.labels -= given
            else:
                mail.flags = mail.flags | given if command.startswith("+") else mail.flags - given
            self.box.touch(mail)
        self.ok()

    def unknown(self, _: str) -> None:
        self.say(f"{self.tag} BAD unknown command")

    def tell(self, number: int, mail: Mail, items: str) -> None:
        told = [f"UID {mail.uid}", f"FLAGS ({' '.join(sorted(mail.flags))})", f"RFC822.SIZE {len(mail.raw)}"]
        if "X-GM-LABELS" in items:
            labels = sorted(mail.labels - {LABEL_OF.get(self.folder, self.folder)})
            told.append(f"X-GM-LABELS ({' '.join(_quoted(label) for label in labels)})")
        if "X-GM-THRID" in items:
            told.append(f"X-GM-THRID {mail.thread}")
        if "BODY.PEEK" in items:
            told.append(f"BODY[]<0> {{{len(mail.raw)}}}\r\n{mail.raw.decode()}")
        self.say(f"* {number} FETCH ({' '.join(told)})")

    def uids(self, text: str) -> set[int]:
        ends = [one.partition(":") for one in text.split(",")]
        top = len(self.box.mails)
        return {
            uid
            for low, _, high in ends
            for uid in range(int(low), (top if high == "*" else min(int(high or low), top)) + 1)
        }

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def ok(self, text: str = "done") -> None:
        self.say(f"{self.tag} OK {text}")


def _quoted(label: str) -> str:
    raw = str(imap_utf7.encode(label), "ascii")
    return raw if raw.isalnum() else '"' + raw.replace("\\", "\\\\").replace('"', '\\"') + '"'


@contextmanager
def serving(tokens: TokenServer) -> Iterator[GmailImap]:
    """A server as long as the block lasts."""
    with GmailImap(tokens) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
