"""What may be done to a message in Gmail over IMAP: labels come and go, and the message stays where it is."""

from imapclient import imap_utf7

from email_automation.mailboxes.actions import State
from email_automation.mailboxes.imap.actions import ImapActions
from email_automation.mailboxes.imap.errors import spoken_with
from email_automation.mailboxes.imap.folders import Folder
from email_automation.mailboxes.imap.gmail import LABELS, labels_of, spoken


class GmailImapActions(ImapActions):
    def add_label(self, provider_id: str, label: str) -> State:
        folder, uid = self._open(provider_id)
        if spoken(label) == label:
            self._named(label)
        return self._label(folder, uid, f"+{LABELS}", label)

    def remove_label(self, provider_id: str, label: str) -> State:
        folder, uid = self._open(provider_id)
        return self._label(folder, uid, f"-{LABELS}", label)

    def archive(self, provider_id: str) -> State:
        return self.remove_label(provider_id, "INBOX")

    def _label(self, folder: Folder, uid: int, command: str, label: str) -> State:
        with spoken_with(self._client.host):
            encoded = imap_utf7.encode(spoken(label)).replace(b"\\", rb"\\").replace(b'"', rb"\"")
            self._client.store_labels(uid, command, b'("' + encoded + b'")')
            said = self._client.fetch([uid], [LABELS])
        return State(labels=labels_of(folder, said.get(uid, {})))
