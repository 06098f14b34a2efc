"""One request to Gmail: within its time, of bounded size, its token in the header and nowhere else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import Request
from requests.adapters import HTTPAdapter

from email_automation.gmail.errors import BadRequest, NeedsReauth, Temporary, of_answer

CONNECT = 5.0  # seconds
READ = 30.0  # seconds without a byte
WHOLE = 60.0  # seconds from the first byte to the last
MOST = 80_000_000  # bytes of an answer: the largest message, 50 MB, in base64
BIG = 8_000_000  # bytes from which on answers are read one at a time, whatever the number of threads
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Call:
    """`name` is Gmail's own, as in its table of costs. `repeatable`: twice is as good as once. `seconds`: at most."""

    name: str
    verb: str
    path: str
    params: Mapping[str, str | int | bool | list[str]] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    repeatable: bool = False
    seconds: float = WHOLE


class Transport:
    """Sends calls with one account's token. Any thread may `send`; only the thread that made it, `renew`."""

    def __init__(self, credentials: Credentials, root: str, connections: int) -> None:
        self._credentials = credentials
        self._root = root
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=0)  # what is repeated, the client repeats
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._one_big = threading.Lock()

    def close(self) -> None:
        self._session.close()

    def headers(self) -> dict[str, str]:
        """What a call is sent with: the token, which is renewed first where it is about to end."""
        if not self._credentials.valid:
            self._refresh()
        return self._headers()

    def renew(self, refused: Mapping[str, str]) -> None:
        """Get a new access token, unless there is another by now than the one that was refused.

        Raises:
            NeedsReauth: the account is not connected any more.
            Temporary: there was none to be had just now.
        """
        if self._headers() == refused:
            self._refresh()

    def send(self, call: Call, headers: Mapping[str, str], seconds: float = WHOLE) -> dict[str, Any]:
        """Gmail's answer.

        Raises:
            GmailError: which one says what went wrong.
        """
        deadline = time.monotonic() + seconds
        status, answered, body = self._exchange(call, headers, deadline)
        if not HTTPStatus(200) <= status < HTTPStatus(300):
            raise of_answer(status, answered, body)
        return _as_object(body)

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        self._credentials.apply(headers)  # type: ignore[no-untyped-call]
        return headers

    def _refresh(self) -> None:
        try:
            request = partial(Request(self._session), timeout=2 * CONNECT)
            self._credentials.refresh(request)  # type: ignore[no-untyped-call]
        except TransportError:
            raise Temporary("Google cannot be reached for a new access token", perhaps_done=False) from None
        except RefreshError as error:
            if error.retryable:
                raise Temporary("Google gave no new access token just now", perhaps_done=False) from None
            raise NeedsReauth("The account is not connected any more. Connect it again.", "invalid_grant") from None

    def _exchange(
        self, call: Call, headers: Mapping[str, str], deadline: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        left = max(1.0, deadline - time.monotonic())
        try:
            with self._session.request(
                call.verb,
                self._root + call.path,
                params=call.params,
                data=call.body,
                headers={**headers, **({"content-type": call.content_type} if call.body else {})},
                timeout=(min(CONNECT, left), min(READ, left)),
                stream=True,
                allow_redirects=False,
            ) as response:
                return response.status_code, response.headers, self._body(response, deadline)
        except (requests.ConnectTimeout, requests.exceptions.ProxyError) as error:
            raise Temporary(f"Gmail cannot be reached ({type(error).__name__})", perhaps_done=False) from None
        except requests.RequestException as error:
            raise Temporary(
                f"The connection to Gmail broke ({type(error).__name__})", perhaps_done=not _never_sent(error)
            ) from None

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        chunks = _in_time(response.iter_content(_CHUNK), deadline)
        for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > BIG:
                break
        if size > BIG:
            with self._one_big:
                for chunk in chunks:
                    parts.append(chunk)
                    size += len(chunk)
                    if size > MOST:
                        raise BadRequest(f"Gmail's answer is larger than {MOST:,} bytes.", "tooLarge")
        return b"".join(parts)


def _in_time(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if time.monotonic() > deadline:
            raise Temporary("Gmail's answer did not end in time")


def _never_sent(error: requests.RequestException) -> bool:
    """Whether there was no connection at all: then nothing can have been done."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _as_object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise Temporary("Gmail's answer is no JSON") from None
    if not isinstance(answer, dict):
        raise Temporary("Gmail's answer is no JSON object")
    return answer
