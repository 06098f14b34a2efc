"""The table of the pages: each address in one row, and what is over its aim by name."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import pages_table

FOLLOWED = {"pages": 100, "told_p50_ms": 250, "told_p95_ms": 400, "cores": 0.25, "looks_a_second": 2.0}


def row(name: str, **other: Any) -> dict[str, Any]:
    plain = {"who": "admin", "name": name, "work_ms": 50.0, "p95_ms": 90.0, "most_ms": 200, "queries": 7, "scans": 0}
    return plain | other


def table(*rows: dict[str, Any]) -> str:
    return pages_table.of_pages({"pages": rows, "followed": FOLLOWED})


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("first page", "first page, overview"),
        ("overview, week", "first page, overview"),
        ("jobs", "list of jobs"),
        ("jobs, status=dead", "list of jobs"),
        ("job, dead", "page of a job"),
        ("one failure, in stages", "failures, in doubt"),
        ("preview of retry, dead", "preview of"),
        ("POST jobs/cancel, is:due", "preview of"),
        ("GET jobs, queue=ai", "REST: jobs"),
        ("GET messages, q=chairs", "REST: all other"),
        ("one of messages", "mail"),
        ("leads, o=1", "customers"),
        ("job events, p=200", "attempts, events"),
        ("task results", "attempts, events"),
    ],
)
def test_each_address_is_counted_where_it_belongs(name: str, group: str) -> None:
    [line] = [line for line in table(row(name)).splitlines() if "| 1 |" in line]
    assert line.startswith(f"| {group}")


def test_what_is_over_its_aim_is_named_and_whether_by_its_work_alone() -> None:
    slow, waited = row("leads", p95_ms=300.0, work_ms=250.0), row("jobs", p95_ms=260.0)
    text = table(row("contacts"), slow, waited)
    assert "Over their aim: 2 of 3, 1 of them by their work alone: `leads` (admin, work 250 ms), `jobs`" in text
    assert "| customers | 2 |" in text
    assert "| 50% |" in text
    assert "All 1 are within their aim." in table(row("contacts"))


def test_open_pages_have_a_table_of_their_own() -> None:
    assert "| server and database | 0.25 cores | half a core |" in table(row("jobs"))
