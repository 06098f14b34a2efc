"""The calls of the API: which address is which, and what it answers."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any
from urllib.parse import unquote

from tests.servers.gmail import shapes
from tests.servers.gmail.box import Box, now, shown
from tests.servers.gmail.faults import Refusal
from tests.servers.gmail.queries import matcher

WEEK = 7 * 86_400_000  # milliseconds
Params = Mapping[str, list[str]]


@dataclass(frozen=True)
class Request:
    params: Params
    body: dict[str, Any]
    raw: bytes | None = None
    """The mail of an upload."""
    id: str = ""

    def one(self, name: str, otherwise: str = "") -> str:
        return self.params.get(name, [otherwise])[0]

    def mail(self, about: Mapping[str, Any]) -> bytes:
        if self.raw is not None:
            return self.raw
        if not about.get("raw"):
            raise Refusal(400, "invalidArgument", "'raw' RFC822 payload message string required.")
        return base64.urlsafe_b64decode(about["raw"])


Answer = dict[str, Any] | None
Do = Callable[[Box, Request], Answer]


def profile(box: Box, _: Request) -> Answer:
    threads = {message.thread for message in box.messages.values()}
    return {
        "emailAddress": box.address,
        "messagesTotal": len(box.messages),
        "threadsTotal": len(threads),
        "historyId": str(box.history_id),
    }


def list_messages(box: Box, request: Request) -> Answer:
    """Newest first. A page's token says behind which message it begins: what arrives meanwhile moves nothing."""
    matches = matcher(request.one("q"))
    wanted = set(request.params.get("labelIds", []))
    hidden = set() if request.one("includeSpamTrash") == "true" else {"SPAM", "TRASH"} - wanted
    if re.search(r"in:(spam|trash)", request.one("q")):
        hidden = set()
    held = [m for m in box.messages.values() if wanted <= m.labels and not hidden & m.labels and matches(m)]
    held.sort(key=lambda m: (m.date, m.id), reverse=True)
    size = _size(request)
    if token := request.one("pageToken"):
        date, _, message_id = _place(token).partition(" ")
        place = (int(date), message_id)
        held = [m for m in held if (m.date, m.id) < place or (box.doubles_ids and (m.date, m.id) == place)]
    page, more = held[:size], len(held) > size
    answer: dict[str, Any] = {"resultSizeEstimate": min(len(held), 201)}  # Gmail's estimates are that bad
    if page:
        answer["messages"] = [shapes.bare(m) for m in page]
    if more:
        answer["nextPageToken"] = _token(f"{page[-1].date} {page[-1].id}")
    return answer


def get_message(box: Box, request: Request) -> Answer:
    return shapes.message(box.get(request.id), request.one("format", "full"), request.params.get("metadataHeaders"))


def modify_message(box: Box, request: Request) -> Answer:
    add, remove = request.body.get("addLabelIds", []), request.body.get("removeLabelIds", [])
    return {**shapes.bare(held := box.modify(request.id, add, remove)), "labelIds": sorted(held.labels)}


def send_message(box: Box, request: Request) -> Answer:
    held = box.send(request.mail(request.body), request.body.get("threadId", ""))
    return {**shapes.bare(held), "labelIds": sorted(held.labels)}


def history(box: Box, request: Request) -> Answer:
    if not request.one("startHistoryId"):
        raise Refusal(400, "invalidArgument", "Missing required field: start_history_id")
    start = int(request.one("startHistoryId"))
    if start < box.oldest:
        raise Refusal(404, "notFound", "Requested entity was not found.")
    kinds = {_KINDS[kind] for kind in request.params.get("historyTypes", _KINDS)}
    begin = int(_place(token)) if (token := request.one("pageToken")) else start
    records = [record for record in box.records if record.id > begin and record.kind in kinds]
    page = records[: _size(request)]
    answer: dict[str, Any] = {"historyId": str(box.history_id)}
    if page:
        answer["history"] = [shown(record, labels=box.says_labels_in_history) for record in page]
    if len(records) > len(page):
        answer["nextPageToken"] = _token(str(page[-1].id))
    return answer


def list_labels(box: Box, _: Request) -> Answer:
    return {"labels": [shapes.label(key, name) for key, name in box.labels.items()]}


def create_label(box: Box, request: Request) -> Answer:
    return shapes.label(box.create_label(request.body["name"]), request.body["name"])


def create_draft(box: Box, request: Request) -> Answer:
    about = request.body.get("message", {})
    draft_id = box.create_draft(request.mail(about), about.get("threadId", ""))
    held = box.draft(draft_id)
    return {"id": draft_id, "message": {**shapes.bare(held), "labelIds": sorted(held.labels)}}


def list_drafts(box: Box, request: Request) -> Answer:
    """Newest first."""
    matches = matcher(request.one("q"))
    found = [one for one in reversed(list(box.drafts)) if matches(box.draft(one))][: _size(request)]
    return {
        "drafts": [{"id": one, "message": shapes.bare(box.draft(one))} for one in found],
        "resultSizeEstimate": len(found),
    }


def get_draft(box: Box, request: Request) -> Answer:
    return shapes.draft(box, request.id, request.one("format", "full"))


def delete_draft(box: Box, request: Request) -> Answer:
    box.delete_draft(request.id)
    return None


def send_draft(box: Box, request: Request) -> Answer:
    held = box.send_draft(request.body["id"])
    return {**shapes.bare(held), "labelIds": sorted(held.labels)}


def watch(box: Box, request: Request) -> Answer:
    topic = request.body.get("topicName", "")
    if not re.fullmatch(r"projects/[^/]+/topics/[^/]+", topic):
        raise Refusal(400, "invalidArgument", "Invalid topicName does not match projects/<project>/topics/*")
    box.watches.append(topic)
    return {"historyId": str(box.history_id), "expiration": str(now() + WEEK)}


def stop(box: Box, _: Request) -> Answer:
    box.watches.clear()
    return None


_KINDS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
CALLS: tuple[tuple[str, str, str, Do], ...] = (
    ("getProfile", "GET", "/profile", profile),
    ("messages.list", "GET", "/messages", list_messages),
    ("messages.send", "POST", "/messages/send", send_message),
    ("messages.get", "GET", "/messages/([^/]+)", get_message),
    ("messages.modify", "POST", "/messages/([^/]+)/modify", modify_message),
    ("history.list", "GET", "/history", history),
    ("labels.list", "GET", "/labels", list_labels),
    ("labels.create", "POST", "/labels", create_label),
    ("drafts.list", "GET", "/drafts", list_drafts),
    ("drafts.create", "POST", "/drafts", create_draft),
    ("drafts.send", "POST", "/drafts/send", send_draft),
    ("drafts.get", "GET", "/drafts/([^/]+)", get_draft),
    ("drafts.delete", "DELETE", "/drafts/([^/]+)", delete_draft),
    ("watch", "POST", "/watch", watch),
    ("stop", "POST", "/stop", stop),
)


def find(verb: str, path: str) -> tuple[str, str, str, Do]:
    """A call's name, the user and the id that it is about, and what it does."""
    whole = re.fullmatch(r"(?:/upload)?/gmail/v1/users/([^/]+)(/.+)", path)
    for name, its_verb, pattern, do in CALLS if whole else ():
        assert whole
        if verb == its_verb and (found := re.fullmatch(pattern, whole[2])):
            return name, unquote(whole[1]), unquote(found[1]) if found.groups() else "", do
    raise Refusal(404, "notFound", f"There is no {verb} {path}")


def uploaded(content_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    """The two parts of an upload: what is said about the mail, and the mail as it is."""
    if content_type.startswith("message/rfc822"):
        return {}, body
    boundary = str(message_from_bytes(f"Content-Type: {content_type}\n\n".encode()).get_boundary()).encode()
    _, about, mail, _ = body.split(b"--" + boundary)
    head, _, raw = mail.lstrip(b"\r\n").partition(b"\r\n\r\n" if b"\r\n\r\n" in mail else b"\n\n")
    assert b"message/rfc822" in head
    return json.loads(re.split(rb"\r?\n\r?\n", about, maxsplit=1)[1]), re.sub(rb"\r?\n\Z", b"", raw)


def _size(request: Request) -> int:
    return min(500, int(request.one("maxResults", "100")))


def _token(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


def _place(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError:
        raise Refusal(400, "invalidArgument", "Invalid pageToken") from None
