"""A real Flower on a test's Redis and database, and what it answers."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from tests.servers.ports import free_port
from tests.servers.programs import Programs, eventually

PATIENCE = 60.0  # seconds
LOGIN = ("ann", "correct-horse")


class Flower:
    """`celery -A fikiri flower`, ready when this is made."""

    def __init__(self, programs: Programs, python: str, **env: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        variables = {
            "DJANGO_SETTINGS_MODULE": "tests.process_settings",
            "FLOWER_BASIC_AUTH": ":".join(LOGIN),
            "FLOWER_COOKIE_SECRET": "of-a-test",
            "FLOWER_PORT": str(self.port),
        }
        self.program = programs.start(python, "-m", "celery", "-A", "fikiri", "flower", **variables | env)
        eventually(lambda: self._answers(), PATIENCE, "Flower")

    def ask(
        self, path: str, *, method: str = "GET", login: bool = True, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body."""
        request = urllib.request.Request(self.url + path, method=method, data=b"" if method == "POST" else None)
        if login:
            request.add_header("Authorization", "Basic " + base64.b64encode(":".join(LOGIN).encode()).decode())
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def state(self, job_id: object) -> str | None:
        """What it shows of a task; None where it knows none."""
        status, body = self.ask(f"/api/task/info/{job_id}")
        return str(json.loads(body)["state"]) if status == 200 else None

    def worker(self, name: str) -> str:
        """The full name of the worker that begins so, once Flower knows it."""
        eventually(lambda: self._worker(name) is not None, PATIENCE, f"worker {name} in Flower")
        found = self._worker(name)
        assert found is not None
        return found

    def _worker(self, name: str) -> str | None:
        known: dict[str, Any] = json.loads(self.ask("/api/workers?refresh=1")[1] or "{}")
        return next((worker for worker in known if worker.startswith(f"{name}@")), None)

    def _answers(self) -> bool:
        try:
            return self.ask("/healthcheck")[0] == 200
        except OSError:
            return False
