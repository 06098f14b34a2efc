"""Where a laptop's own database, Redis and mail lie, so that every process finds them without a variable."""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
RUNNING = "running.json"
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107, macOS 103


def var() -> Path:
    """The folder for everything that is made at run time (FIKIRI_VAR, default `var/`)."""
    return Path(os.environ.get("FIKIRI_VAR") or BASE / "var").resolve()


def redis_socket() -> Path:
    """The laptop Redis' unix socket; in the temporary folder where `var/` lies too deep for a socket's name."""
    socket = var() / "redis.sock"
    if len(str(socket).encode()) <= SOCKET_PATH_LIMIT:
        return socket
    name = hashlib.sha256(str(socket).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fikiri-{os.getuid()}-{name}.sock"


def running() -> dict[str, str]:
    """The variables that the `manage.py up` running on this folder chose; empty when none runs.

    It holds a lock on the file as long as it lives, so what a killed one left behind counts for nothing.
    """
    try:
        file = (var() / RUNNING).open()
    except FileNotFoundError:
        return {}
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            variables: dict[str, str] = json.loads(file.read() or "{}")
            return variables
    return {}


def field_key() -> str:
    """The key of what is encrypted in the laptop's database."""
    return secret("field-key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def secret(name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """A random secret kept under `var/`, made on first use and readable by its owner alone."""
    path = var() / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        value = make()
        file.write(value + "\n")
    return value
