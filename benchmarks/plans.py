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
OF_ALL = {"job_correlation", "job_created", "job_finished", "jobs_job_pkey"}  # the others are partial: of few jobs

Node = dict[str, Any]


@dataclass
class Statements:
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def scans(self) -> list[str]:
        """The statements that read the table of jobs, or an index of all of them, from its beginning to its end."""
        about_jobs = [(sql, params) for sql, params in self.asked if JOBS in sql]
        return [sql for sql, params in about_jobs if reads_all(plan(sql, params))]


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


def reads_all(node: Node, limited: bool = False) -> bool:
    """`limited`: what is above it stops after so many rows."""
    if node.get("Relation Name") == JOBS and node["Node Type"] == "Seq Scan":
        return True
    if node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan") and node["Index Name"] in OF_ALL:
        # Where one owner's jobs are rare, their own index is taken: what is left to filter by owner is dense.
        stops = limited and ("Filter" not in node or "owner_id = " in node["Filter"])
        if not stops and "Index Cond" not in node:
            return True
    stopped = node["Node Type"] == "Limit"
    return any(reads_all(child, stopped) for child in node.get("Plans", ()))
