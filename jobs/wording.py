"""Numbers and lengths of time as people say them, the same on every surface."""

from __future__ import annotations

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(seconds: float) -> str:
    """A length of time in its two largest units."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for index, (size, unit) in enumerate(UNITS):
        if seconds >= size:
            whole, rest = divmod(int(seconds), size)
            smaller = UNITS[index + 1 : index + 2]
            minor = next((f" {rest // below} {name}" for below, name in smaller if rest >= below), "")
            return f"{whole} {unit}{minor}"
    return f"{seconds:.0f} s"


def number_of(number: int, noun: str) -> str:
    """`1 job`, `2,000 jobs`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
