"""What a drill found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.drill.conduct import Outcome

SHOWN = 20  # jobs of which it is said what went wrong


def for_programs(ours: Outcome, plain: Outcome | None) -> dict[str, Any]:
    return _counted(ours) | ({"plain_celery": _counted(plain)} if plain else {})


def for_people(ours: Outcome, plain: Outcome | None) -> Iterator[str]:
    """Lines: a table, the faults, and what went wrong with which job."""
    sides = [ours, plain] if plain else [ours]
    rows = [
        ("", ["Fikiri", "plain Celery"]),
        ("accepted", [f"{side.verdict.accepted:,}" for side in sides]),
        ("lost", [f"{len(side.verdict.lost):,}" for side in sides]),
        ("doubled", [f"{len(side.verdict.doubled):,}" for side in sides]),
        ("in doubt", [f"{ours.verdict.in_doubt:,}", "-"]),
        ("late", [f"{ours.verdict.late:,}", "-"]),
        ("faults", [f"{side.faults.total():,}" for side in sides]),
        ("enqueue, median", [f"{side.verdict.median_enqueue * 1000:.1f} ms" for side in sides]),
        ("enqueue, slowest", [f"{side.verdict.slowest_enqueue * 1000:,.0f} ms" for side in sides]),
        ("seconds", [f"{side.seconds:.0f}" for side in sides]),
    ]
    for name, cells in rows:
        yield f"{name:18}" + "".join(f"{cell:>14}" for cell in cells[: len(sides)])
    yield ""
    for kind, count in sorted(ours.faults.items()):
        yield f"{count:5}  {kind}"
    wrong = [
        *(("lost", *one) for one in ours.verdict.lost.items()),
        *(("doubled", *one) for one in ours.verdict.doubled.items()),
    ]
    for what, key, why in wrong[:SHOWN]:
        yield f"{what} {key}: {why}"
    if ours.evidence:
        yield f"Logs and files of this drill: {ours.evidence}"


def _counted(outcome: Outcome) -> dict[str, Any]:
    found = outcome.verdict
    return {
        "accepted": found.accepted,
        "lost": len(found.lost),
        "doubled": len(found.doubled),
        "in_doubt": found.in_doubt,
        "late": found.late,
        "faults": dict(sorted(outcome.faults.items())),
        "seconds": outcome.seconds,
    }
