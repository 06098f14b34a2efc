"""The project's own web server on a test's database, with server-sent events: Django's test server has none."""

from __future__ import annotations

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.servers.ports import HOST, free_port
from tests.servers.programs import Programs, eventually

PATIENCE = 60.0  # seconds


class Web:
    """`uvicorn fikiri.asgi:application`, ready when this is made."""

    def __init__(self, programs: Programs) -> None:
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        options = ("--host", HOST, "--port", str(port), "--lifespan", "off", "--timeout-graceful-shutdown", "2")
        command = (sys.executable, "-m", "uvicorn", "fikiri.asgi:application", *options)
        self.program = programs.start(*command, DJANGO_SETTINGS_MODULE="tests.process_settings")
        eventually(self._answers, PATIENCE, "the web server answers")

    def _answers(self) -> bool:
        assert self.program.poll() is None, "the web server has ended"
        try:
            with urlopen(f"{self.url}/healthz", timeout=30) as answer:
                return bool(answer.status == 200)
        except HTTPError:
            raise
        except OSError:
            return False
