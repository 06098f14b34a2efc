"""What may be done to a message in Gmail: everything there is a label that comes or goes."""

from collections.abc import Iterable

from email_automation.gmail import BadRequest, Client, NotFound
from email_automation.mailboxes.actions import MailboxActions, MessageGoneError, State
from email_automation.mailboxes.gmail.labels import UNREAD, Labels

GONE = "Gmail has this message no more."


class GmailActions(MailboxActions):
    """Actions in one account."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._labels = Labels(client)

    def mark_read(self, provider_id: str) -> State:
        return self._modify(provider_id, remove=[UNREAD])

    def mark_unread(self, provider_id: str) -> State:
        return self._modify(provider_id, add=[UNREAD])

    def add_label(self, provider_id: str, label: str) -> State:
        return self._modify(provider_id, add=[self._labels.id(label) or self._created(label)])

    def remove_label(self, provider_id: str, label: str) -> State:
        known = self._labels.id(label)
        return self._modify(provider_id, remove=[known]) if known else State()

    def archive(self, provider_id: str) -> State:
        return self._modify(provider_id, remove=["INBOX"])

    def original(self, provider_id: str) -> bytes:
        [content] = self._client.contents([provider_id])
        if isinstance(content, NotFound):
            raise MessageGoneError(GONE)
        return content.raw

    def close(self) -> None:
        self._client.close()

    def _modify(self, provider_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> State:
        try:
            message = self._client.modify(provider_id, add=add, remove=remove)
        except NotFound:
            raise MessageGoneError(GONE) from None
        return State(*self._labels.state(message.labels)) if message.labels is not None else State()

    def _created(self, label: str) -> str:
        try:
            return self._client.create_label(label).id
        except BadRequest:
            if made_meanwhile := self._labels.id(label):
                return made_meanwhile
            raise
