"""All that a benchmark's job does: one line in a file that every worker shares, saying which job started and when."""

import os
import struct
import time
from pathlib import Path

MARK = struct.Struct("<qq")  # the job's number, nanoseconds of the clock that all processes share

_file: int | None = None


def mark(number: int) -> None:
    """Say that a job has started. One append, which the kernel keeps apart from those of other processes."""
    global _file
    if _file is None:
        _file = os.open(os.environ["BENCH_MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(_file, MARK.pack(number, time.monotonic_ns()))


def count(path: Path) -> int:
    """How many jobs have started."""
    return path.stat().st_size // MARK.size if path.exists() else 0


def read(path: Path) -> list[tuple[int, int]]:
    """Every (number, nanoseconds), in the order of starting."""
    return sorted(MARK.iter_unpack(path.read_bytes()), key=lambda found: found[1]) if path.exists() else []


def close() -> None:
    """Let go of the file; the next mark opens it again."""
    global _file
    if _file is not None:
        os.close(_file)
        _file = None
