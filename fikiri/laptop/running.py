"""One `manage.py up` to a folder, and what it tells commands in other terminals."""

import fcntl
import json
import os
from collections.abc import Mapping
from typing import IO

from fikiri import places

SHARED = ("REDIS_URL", "DATABASE_URL", "SMTP_HOST", "SMTP_PORT", "WEB_PORT", "FLOWER_PORT", "FLOWER_URL")


class AlreadyRunningError(Exception):
    """Another `manage.py up` uses this folder. `variables` are what it told."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__("already running")
        self.variables = variables


class Running:
    """The mark of a running `up`: a locked file that the kernel lets go of when the process ends, however it ends."""

    def __init__(self) -> None:
        places.var().mkdir(parents=True, exist_ok=True)
        self._file = _locked()
        self.tell({})

    def tell(self, variables: Mapping[str, str]) -> None:
        """Publish the variables that commands in a second terminal need, besides those already in the environment."""
        shared = {name: os.environ[name] for name in SHARED if name in os.environ}
        content = json.dumps({**shared, **variables, "FIKIRI_LAPTOP": "1", "FIKIRI_PID": str(os.getpid())})
        self._file.seek(0)
        self._file.truncate()
        self._file.write(content)
        self._file.flush()

    def end(self) -> None:
        """Let the next one start."""
        self._file.close()


def _locked() -> IO[str]:
    descriptor = os.open(places.var() / places.RUNNING, os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(descriptor, "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        variables = places.running()
        if variables:
            raise AlreadyRunningError(variables) from None
        return _locked()  # a reader had it for an instant
    return file
