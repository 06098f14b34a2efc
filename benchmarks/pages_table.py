"""The pages as tables: what is alike in one row, what took too long by name, and what open pages cost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.table import markdown

Row = dict[str, Any]

GROUPS = (  # how the names in a row begin
    ("first page, overview", ("first page", "overview")),
    ("list of jobs: filters, searches, far down", ("jobs",)),
    ("page of a job and its verbs", ("job,",)),
    ("preview of cancelling or running many again", ("preview", "POST")),
    ("failures, in doubt, workers, enqueue", ("failures", "one failure", "in doubt", "workers", "stop", "enqueue")),
    ("REST: jobs: filters, searches, far down", ("GET jobs", "GET job")),
    ("REST: all other lists", ("GET",)),
    ("mail", ("messages", "outgoing", "mailboxes", "sync", "classif", "ai ", "rules", "follow", "suppress", "senders")),
    ("customers", ("contacts", "leads", "activities")),
    ("attempts, events, effects, batches, results, audit, quarantine and other lists", ("",)),
)
NAMED = 12  # of those over their aim


def of_pages(figures: dict[str, Any]) -> str:
    groups: dict[str, list[Row]] = {name: [] for name, _ in GROUPS}
    for row in figures["pages"]:
        groups[_group(row["name"])].append(row)
    rows = [
        (
            name,
            str(len(found)),
            f"{median(row['work_ms'] for row in found):,.0f}",
            f"{max(row['work_ms'] for row in found):,.0f}",
            f"{max(row['p95_ms'] for row in found):,.0f}",
            f"{sum(row['p95_ms'] <= row['most_ms'] for row in found) / len(found):.0%}",
            _range([row["queries"] for row in found]),
            f"{sum(row['scans'] for row in found)}",
        )
        for name, found in groups.items()
        if found
    ]
    head = (
        *("page or list", "addresses", "work, ms (median)", "work, ms (most)", "slowest p95, ms"),
        *("within their aim", "queries", "read a table as a whole"),
    )
    return f"{markdown(head, rows)}\n\n{_over(figures['pages'])}\n\n{_followed(figures['followed'])}"


def _group(name: str) -> str:
    bare = name.removeprefix("one of ")
    return next(group for group, beginnings in GROUPS if bare.startswith(beginnings))


def _over(rows: Sequence[Row]) -> str:
    late = [row for row in rows if row["p95_ms"] > row["most_ms"]]
    by_work = [row for row in rows if row["work_ms"] > row["most_ms"]]
    if not late:
        return f"All {len(rows)} are within their aim."
    worst = sorted(late, key=lambda row: -row["work_ms"])[:NAMED]
    names = ", ".join(f"`{row['name']}` ({row['who']}, work {row['work_ms']:,.0f} ms)" for row in worst)
    more = f", and {len(late) - len(worst)} more" if len(late) > len(worst) else ""
    return f"Over their aim: {len(late)} of {len(rows)}, {len(by_work)} of them by their work alone: {names}{more}."


def _followed(figures: dict[str, Any]) -> str:
    rows = [
        ("told of a change after, median", f"{figures['told_p50_ms']:,} ms", ""),
        ("told of a change after, 95 of 100", f"{figures['told_p95_ms']:,} ms", "1,000 ms"),
        ("server and database", f"{figures['cores']:.2f} cores", "half a core"),
        ("pages that asked again", f"{figures['looks_a_second']:.1f} a second", ""),
    ]
    return markdown(("following", f"{figures['pages']} open pages, a change a second", "aim"), rows)


def _range(values: Sequence[int]) -> str:
    least, most = min(values), max(values)
    return f"{least}" if least == most else f"{least}-{most}"
