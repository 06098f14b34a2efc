"""A small HTTP server on loopback that answers like a model's, or as badly as a test wants."""

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class ModelServer:
    """Answers every request with `status`, `headers` and `body`. `hang` waits until the server is closed."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    content_type: str = "application/json"
    hang: bool = False
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def says(self, body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Self:
        self.status, self.headers, self.body = status, headers or {}, json.dumps(body).encode()
        return self

    def sends(self, body: bytes, content_type: str = "application/json") -> Self:
        self.status, self.headers, self.body, self.content_type = 200, {}, body, content_type
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def response(text: str = "", *, refusal: str = "", **changes: object) -> dict[str, object]:
    """A body of the Responses API with one message."""
    part = (
        {"type": "refusal", "refusal": refusal} if refusal else {"type": "output_text", "text": text, "annotations": []}
    )
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "a-model-2026",
        "status": "completed",
        "output": [message],
        "usage": {"input_tokens": 120, "output_tokens": 30, "total_tokens": 150},
    } | changes


def chat(text: str | None = None, *, refusal: str | None = None, finish_reason: str = "stop") -> dict[str, object]:
    """A body of chat completions with one choice."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": 1,
        "model": "a-model-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    }


def failure(code: str, message: str = "no", kind: str = "invalid_request_error") -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _handler(server: ModelServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            server.asked.append(Asked(self.path, dict(self.headers), json.loads(self.rfile.read(length))))
            if server.hang:
                server.closing.wait()
                return
            self.send_response(server.status)
            for name, value in {"content-type": server.content_type, **server.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(server.body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the client may leave an endless body
                self.wfile.write(server.body)

        def log_message(self, *_: object) -> None:
            """Tests read `asked` instead."""

    return Handler
