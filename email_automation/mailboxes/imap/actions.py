"""What may be done to a message over IMAP: a flag is set, or it goes to another folder, which is its label."""

from collections.abc import Sequence
from contextlib import ExitStack

from imapclient import imap_utf7

from email_automation.mailboxes.actions import MailboxActions, MessageGoneError, State
from email_automation.mailboxes.imap.connection import Client
from email_automation.mailboxes.imap.errors import RefusedByServerError, spoken_with
from email_automation.mailboxes.imap.fetching import fetch
from email_automation.mailboxes.imap.flags import words_of
from email_automation.mailboxes.imap.folders import Folder, folders_of

ARCHIVE = "Archive"


class ImapActions(MailboxActions):
    """Actions in one account, over one connection. Nothing is ever deleted."""

    def __init__(self, client: Client, folders: Sequence[Folder], hang_up: ExitStack) -> None:
        self._client = client
        self._folders = folders
        self._hang_up = hang_up

    def mark_read(self, provider_id: str) -> State:
        return self._flagged(provider_id, b"\\Seen")

    def mark_answered(self, provider_id: str) -> State:
        return self._flagged(provider_id, b"\\Answered")

    def mark_forwarded(self, provider_id: str) -> State:
        """A keyword, which not every server keeps; then it is not missed."""
        try:
            return self._flagged(provider_id, b"$Forwarded")
        except RefusedByServerError:
            return State()

    def mark_unread(self, provider_id: str) -> State:
        _, uid = self._open(provider_id)
        with spoken_with(self._client.host):
            self._client.remove_flags([uid], [b"\\Seen"])
        return self._flags(uid)

    def add_label(self, provider_id: str, label: str) -> State:
        folder, uid = self._open(provider_id)
        target = self._named(label)
        if target.raw != folder.raw and not self._has(target, folder, uid):
            with spoken_with(self._client.host):
                self._client.copy([uid], target.raw)
        return State()  # the other copy is found by the next sync

    def remove_label(self, provider_id: str, label: str) -> State:
        folder, uid = self._open(provider_id)
        return self._move(folder, uid, self._archive()) if label in folder.labels else State()

    def archive(self, provider_id: str) -> State:
        folder, uid = self._open(provider_id)
        return self._move(folder, uid, self._archive()) if folder.is_inbox else State()

    def original(self, provider_id: str) -> bytes:
        folder, uid = self._open(provider_id)
        message = next(fetch(self._client, folder, [uid]), None)
        if message is None or message.problem:
            raise MessageGoneError(f"{self._client.host} does not give this message any more.")
        return message.raw

    def close(self) -> None:
        self._hang_up.close()

    def _flagged(self, provider_id: str, flag: bytes) -> State:
        _, uid = self._open(provider_id)
        with spoken_with(self._client.host):
            self._client.add_flags([uid], [flag])
        return self._flags(uid)

    def _open(self, provider_id: str) -> tuple[Folder, int]:
        """The folder of a message, open for writing, and its UID there."""
        key, _, rest = provider_id.partition("/")
        validity, _, uid = rest.partition("/")
        folder = next((one for one in self._folders if one.key == key), None)
        if folder is None or not uid.isdigit():
            raise MessageGoneError("The folder of this message is there no more.")
        with spoken_with(self._client.host):
            now = self._client.select_folder(folder.raw)
            there = str(now.get(b"UIDVALIDITY")) == validity and self._client.search(["UID", uid])
        if not there:
            raise MessageGoneError(f"The folder {folder.name} has this message no more.")
        return folder, int(uid)

    def _flags(self, uid: int) -> State:
        with spoken_with(self._client.host):
            said = self._client.fetch([uid], ["FLAGS"])
        return State(flags=words_of(said[uid].get(b"FLAGS"))) if uid in said else State()

    def _named(self, name: str) -> Folder:
        """The folder of this name, made where there is none."""
        found = next((one for one in self._folders if one.name.lower() == name.lower()), None)
        return found or self._made(name)

    def _archive(self) -> Folder:
        return next((one for one in self._folders if one.use == "archive"), None) or self._named(ARCHIVE)

    def _made(self, name: str) -> Folder:
        with spoken_with(self._client.host):
            listed = self._client.list_folders()
            level = next((mark.decode("latin-1") for _, mark, _ in listed if isinstance(mark, bytes)), "/")
            self._client.create_folder(imap_utf7.encode(name.replace("/", level)))
        self._folders = folders_of(self._client)
        return next(one for one in self._folders if one.name.lower() == name.lower())

    def _has(self, target: Folder, folder: Folder, uid: int) -> bool:
        """Whether this message lies there already: an earlier attempt may have copied it."""
        field = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
        with spoken_with(self._client.host):
            said = self._client.fetch([uid], [field])
            header = next((value for value in said.get(uid, {}).values() if isinstance(value, bytes)), b"")
            message_id = header.partition(b":")[2].strip()
            if not message_id:
                return False
            self._client.select_folder(target.raw, readonly=True)
            found = bool(self._client.search(["HEADER", "Message-ID", message_id]))
            self._client.select_folder(folder.raw)
        return found

    def _move(self, folder: Folder, uid: int, target: Folder) -> State:
        if target.raw == folder.raw:
            return State()
        with spoken_with(self._client.host):
            if self._client.has_capability("MOVE"):
                self._client.move([uid], target.raw)
                return State(labels=target.labels, provider_id=self._client.moved_to(target.key))
            self._client.copy([uid], target.raw)
            name = self._client.moved_to(target.key)
            self._client.add_flags([uid], [b"\\Deleted"])
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge([uid])
        return State(labels=target.labels, provider_id=name)
