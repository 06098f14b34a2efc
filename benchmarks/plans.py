"""How the statements of a request read the table of jobs, by the plans that PostgreSQL makes for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

JOBS = "jobs_job"
NO_QUERY = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "EXPLAIN")

Node = dict[str, Any]


@dataclass
class Statements:
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def scans(self) -> list[str]:
        """The statements that read the table of jobs from its beginning to its end."""
        about_jobs = [(sql, params) for sql, params in self.asked if JOBS in sql]
        return [sql for sql, params in about_jobs if any(_is_scan(node) for node in nodes(plan(sql, params)))]


@contextmanager
def watched() -> Iterator[Statements]:
    """The statements that Django asks while the context is open."""
    statements = Statements()

    def remember(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( ").split()[0] not in NO_QUERY:
            statements.asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        yield statements


def plan(sql: str, params: Any) -> Node:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        answer = cursor.fetchone()[0]
    [found] = json.loads(answer) if isinstance(answer, str) else answer
    top: Node = found["Plan"]
    return top


def nodes(top: Node) -> Iterator[Node]:
    yield top
    for child in top.get("Plans", ()):
        yield from nodes(child)


def _is_scan(node: Node) -> bool:
    return node["Node Type"] == "Seq Scan" and node.get("Relation Name") == JOBS
