"""The calls of Gmail's API that we make: each reserved in the quota, its answer a value, its errors told apart."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote

from google.auth.credentials import Credentials

from email_automation.gmail import uploads
from email_automation.gmail.answers import Content, Draft, History, Ids, Label, Message, Profile, Watch
from email_automation.gmail.errors import BadRequest, HistoryExpired, NotFound, RateLimited, Temporary, Unauthorized
from email_automation.gmail.transport import Call, Transport
from jobs import context
from jobs.errors import Snooze

PAGE = 500  # ids or records of one list
THREADS = 6
AHEAD = 12  # messages that are under way or wait for their turn
PAUSES = (0.5, 2.0)  # seconds before a read that failed is tried again
MARGIN = 2.0  # seconds that a job keeps for itself
BRIEF = 5.0  # seconds
USER = "/gmail/v1/users/me"
HISTORY_TYPES = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]

T = TypeVar("T")
Read = Callable[[dict[str, Any]], T]
UnderWay = deque[tuple[Call, dict[str, str], Future[Content]]]


class Quota(Protocol):
    """What an account may use, shared with everybody who uses it."""

    def reserve(self, call: str) -> None:
        """Wait until a call of this name may be made. Raises Snooze where that is not worth waiting for."""

    def learned(self, refusal: RateLimited) -> None:
        """Gmail found that it was too much."""


class Client:
    """Gmail of one account, for one job. Made after the fork, used by one thread.

    Every method raises GmailError; what may be asked twice, is, where the answer was no answer. What writes and cannot
    be repeated is asked once: its caller finds out what came of it.
    """

    def __init__(self, credentials: Credentials, quota: Quota, root: str) -> None:
        self._transport = Transport(credentials, root, connections=THREADS + 1)
        self._quota = quota
        self._told_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def profile(self) -> Profile:
        return self._get("getProfile", "/profile", Profile.of)

    def ids(
        self, query: str = "", *, page: str = "", label: str = "", spam_and_trash: bool = False, most: int = 0
    ) -> Ids:
        """A page of the ids of messages, newest first."""
        params: dict[str, Any] = {"maxResults": most or PAGE, "fields": "messages/id,nextPageToken"}
        given = {"q": query, "pageToken": page, "labelIds": label, "includeSpamTrash": spam_and_trash and "true"}
        return self._get("messages.list", "/messages", Ids.of, params | {k: v for k, v in given.items() if v})

    def content(self, message_id: str) -> Content:
        """A message as it was mailed."""
        return self._call(_content(message_id), Content.of)

    def contents(self, message_ids: Iterable[str]) -> Iterator[Content | NotFound]:
        """Messages as they were mailed, in the order of their ids; a few are fetched at once."""
        return self._contents(map(_content, message_ids))

    def message(self, message_id: str, *, headers: Iterable[str] = ()) -> Message:
        """What Gmail says about a message, with these of its headers."""
        wanted = list(headers)
        params = {"format": "metadata", "metadataHeaders": wanted} if wanted else {"format": "minimal"}
        return self._get("messages.get", f"/messages/{_id(message_id)}", Message.of, params)

    def history(self, start: int, *, page: str = "") -> History:
        """A page of what has changed since.

        Raises:
            HistoryExpired: Gmail does not know any more.
        """
        params = {"startHistoryId": start, "historyTypes": HISTORY_TYPES, "maxResults": PAGE}
        try:
            return self._get("history.list", "/history", History.of, params | ({"pageToken": page} if page else {}))
        except NotFound as error:
            raise HistoryExpired(error.reason, error.code) from None

    def labels(self) -> tuple[Label, ...]:
        return self._get("labels.list", "/labels", Label.all_of)

    def create_label(self, name: str) -> Label:
        body = {"name": name, "labelListVisibility": "labelShow", "messageListVisibility": "show"}
        return self._post("labels.create", "/labels", body, Label.of)

    def modify(self, message_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Message:
        """Add and remove label ids. Twice is as good as once."""
        body = {"addLabelIds": sorted(add), "removeLabelIds": sorted(remove)}
        path = f"/messages/{_id(message_id)}/modify"
        return self._post("messages.modify", path, body, Message.of, repeatable=True)

    def create_draft(self, raw: bytes, *, thread: str = "") -> Draft:
        return self._call(uploads.call("drafts.create", "/drafts", raw, thread, in_draft=True), Draft.of)

    def send_draft(self, draft_id: str) -> Message:
        """Asked once. After an answer that was none, asking again tells: NotFound means that it had gone."""
        return self._post("drafts.send", "/drafts/send", {"id": draft_id}, Message.of)

    def draft(self, draft_id: str) -> Draft:
        return self._get("drafts.get", f"/drafts/{_id(draft_id)}", Draft.of, {"format": "minimal"})

    def newest_drafts(self, most: int, query: str = "") -> tuple[Draft, ...]:
        """Newest first, without their headers."""
        params: dict[str, Any] = {"maxResults": most} | ({"q": query} if query else {})
        return self._get("drafts.list", "/drafts", Draft.all_of, params)

    def delete_draft(self, draft_id: str) -> None:
        self._call(Call("drafts.delete", "DELETE", f"{USER}/drafts/{_id(draft_id)}", repeatable=True), _nothing)

    def send(self, raw: bytes, *, thread: str = "") -> Message:
        """Asked once, and nobody can be asked what came of it: better make a draft and send that."""
        return self._call(uploads.call("messages.send", "/messages/send", raw, thread), Message.of)

    def watch(self, topic: str) -> Watch:
        """Have news of this mailbox published to a topic, for a week."""
        return self._post("watch", "/watch", {"topicName": topic}, Watch.of, repeatable=True)

    def stop(self) -> None:
        """Have no more news published. Asked once, and not for long: a watch ends by itself."""
        self._call(Call("stop", "POST", f"{USER}/stop", body=b"{}", seconds=BRIEF), _nothing)

    def _get(self, name: str, path: str, read: Read[T], params: dict[str, Any] | None = None) -> T:
        return self._call(Call(name, "GET", USER + path, params or {}, repeatable=True), read)

    def _post(self, name: str, path: str, body: dict[str, Any], read: Read[T], *, repeatable: bool = False) -> T:
        return self._call(Call(name, "POST", USER + path, body=json.dumps(body).encode(), repeatable=repeatable), read)

    def _call(self, call: Call, read: Read[T]) -> T:
        """The answer, asked for again where that is harmless and may help."""
        pauses = list(PAUSES)
        renewed = False
        while True:
            self._quota.reserve(call.name)
            headers = self._transport.headers()
            try:
                return self._fetch(call, read, headers, _seconds(call))
            except Unauthorized:
                if renewed:
                    raise
                renewed = True
                self._transport.renew(headers)  # it was not heard at all: what is never repeated, is said again, too
            except RateLimited as refusal:
                self._learn(refusal)
                if not call.repeatable:
                    raise
            except Temporary:
                if not call.repeatable or not pauses:
                    raise
                time.sleep(pauses.pop(0))

    def _learn(self, refusal: RateLimited) -> None:
        """Of the calls that were under way together one refusal is news: the others were sent before anybody knew."""
        if refusal.at > self._told_at:
            self._quota.learned(refusal)
            self._told_at = time.monotonic()

    def _contents(self, calls: Iterable[Call]) -> Iterator[Content | NotFound]:
        """In the order of the calls. Quota and token are this thread's business, the others only fetch."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="gmail")
        under_way: UnderWay = deque()
        try:
            for call in calls:
                try:
                    self._reserve(call, under_way)
                except Snooze:
                    yield from (self._settled(*one) for one in under_way)
                    raise
                headers, seconds = self._transport.headers(), _seconds(call)
                under_way.append((call, headers, pool.submit(self._fetch, call, Content.of, headers, seconds)))
                if len(under_way) >= AHEAD:
                    yield self._settled(*under_way.popleft())
            while under_way:
                yield self._settled(*under_way.popleft())
        finally:
            pool.shutdown(cancel_futures=True)

    def _reserve(self, call: Call, under_way: UnderWay) -> None:
        """What was refused meanwhile counts before the next call is made, though its turn to be settled may be far."""
        self._quota.reserve(call.name)
        while self._refused_of(under_way):
            self._quota.reserve(call.name)

    def _refused_of(self, under_way: UnderWay) -> bool:
        """Whether there is news of a refusal, which is learned then."""
        told = self._told_at
        for _, _, fetched in under_way:
            if fetched.done() and isinstance(refusal := fetched.exception(), RateLimited):
                self._learn(refusal)
        return self._told_at > told

    def _fetch(self, call: Call, read: Read[T], headers: dict[str, str], seconds: float) -> T:
        return read(self._transport.send(call, headers, seconds))

    def _settled(self, call: Call, headers: dict[str, str], fetched: Future[Content]) -> Content | NotFound:
        try:
            return fetched.result()
        except NotFound as gone:
            return gone
        except Unauthorized:
            self._transport.renew(headers)
        except RateLimited as refusal:
            self._learn(refusal)
        except Temporary:
            time.sleep(PAUSES[0])
        try:
            return self._call(call, Content.of)
        except NotFound as gone:
            return gone


def _nothing(_: dict[str, Any]) -> None:
    """The answer is not wanted."""


def _content(message_id: str) -> Call:
    path = f"{USER}/messages/{_id(message_id)}"
    return Call("messages.get", "GET", path, {"format": "raw"}, repeatable=True)


def _id(value: str) -> str:
    if not value:
        raise BadRequest("An empty id is none of Gmail's.")
    return quote(value, safe="")


def _seconds(call: Call) -> float:
    """How long a call may take: less than is left of the job."""
    running = context.current()
    return min(call.seconds, running.remaining() - MARGIN) if running else call.seconds
