"""What really happened, in files that no part of the system under test reads to decide anything but a resolver.

One line is one write to a file that is only ever appended to, so processes that are killed leave whole lines.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EFFECTS = "effects"
ACCEPTED = "accepted"


def add(path: Path, *, durable: bool = False, **entry: Any) -> None:
    """Append one entry; `durable` waits until the disk has it."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, json.dumps(entry).encode() + b"\n")
        if durable:
            os.fsync(file)
    finally:
        os.close(file)


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """All entries, oldest first; none when nothing has been written."""
    if path.exists():
        with path.open() as file:
            yield from map(json.loads, file)


def has(path: Path, key: str) -> bool:
    """Whether an entry has this key."""
    return any(entry["key"] == key for entry in entries(path))


def counts(path: Path) -> Counter[str]:
    """How many entries each key has."""
    return Counter(entry["key"] for entry in entries(path))
