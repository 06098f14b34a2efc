"""Processor time and memory of a process and of all that it has started, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def of_tree(pid: int) -> float:
    """Seconds in user and kernel mode, children that have ended included."""
    return sum(_seconds(each) for each in tree(pid))


def rss_of_tree(pid: int) -> int:
    """Bytes of resident memory; pages that processes share count in each."""
    return sum(rss(each) for each in tree(pid))


def tree(pid: int) -> set[int]:
    """The process and its living descendants."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def rss(pid: int) -> int:
    """Bytes of resident memory; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0
