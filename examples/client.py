"""A client of the REST API, with nothing but Python's own library: copy what you need.

    FIKIRI_URL=http://127.0.0.1:8000 FIKIRI_TOKEN=... python examples/client.py send_email to=jane@example.com ...

It enqueues a task, follows the job, and prints what became of it.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FINAL = {"completed", "failed", "dead", "cancelled", "expired", "in_doubt"}
TRIES = 5


class ApiError(Exception):
    """What the API refused. `code` is a stable word; `field` names what is wrong."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        super().__init__(answer.get("error") or f"status {status}")
        self.status, self.code, self.field = status, answer.get("code"), answer.get("field")


@dataclass(frozen=True)
class Client:
    """`url` is the site's, such as https://fikiri.your-domain.com; `token` is made by `manage.py token`."""

    url: str
    token: str
    timeout: float = 30

    def enqueue(self, task: str, args: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """Enqueue a task, once, however often the connection breaks. Returns the job."""
        job: dict[str, Any] = self.post("/api/jobs", {"task": task, "args": dict(args), **options})
        return job

    def get(self, path: str) -> Any:
        return self._send("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Repeated under one key until an answer comes: it is done once."""
        return self._send("POST", path, json.dumps(body).encode(), {"Idempotency-Key": uuid.uuid4().hex})

    def follow(self, job_id: str) -> Iterator[dict[str, Any]]:
        """The job as it is now, then whenever it changes, until it has ended."""
        while True:
            with self._open("GET", f"/api/jobs/{job_id}/events", None, {"Accept": "text/event-stream"}) as stream:
                for line in stream:
                    if line.startswith(b"data: "):
                        job = json.loads(line.removeprefix(b"data: "))
                        yield job
                        if job["status"] in FINAL:
                            return

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        for attempt in range(TRIES):
            try:
                with self._open(method, path, body, headers) as answer:
                    return json.load(answer)["data"]
            except urllib.error.HTTPError as error:
                if error.code not in (429, 503) or attempt == TRIES - 1:
                    raise ApiError(error.code, json.load(error)) from None
                time.sleep(float(error.headers.get("Retry-After") or 2**attempt))
            except urllib.error.URLError:
                if attempt == TRIES - 1:
                    raise
                time.sleep(2**attempt)
        raise AssertionError("the last try returns or raises")

    def _open(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        known = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, {**known, **headers}, method=method)
        return urllib.request.urlopen(request, timeout=self.timeout)


def main() -> None:
    client = Client(os.environ["FIKIRI_URL"], os.environ["FIKIRI_TOKEN"])
    task, *arguments = sys.argv[1:]
    job = client.enqueue(task, dict(argument.split("=", 1) for argument in arguments))
    for state in client.follow(job["job_id"]):
        print(f"{state['status']:10} {state['progress']:5.1f} % {state['progress_message']}")
    done = client.get(f"/api/jobs/{job['job_id']}")
    print(done["result"] if done["status"] == "completed" else done["error"] or done["reason"])


if __name__ == "__main__":
    main()
