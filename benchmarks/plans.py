"""How the statements of a request read the tables that grow, by the plans that PostgreSQL makes for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

JOBS = "jobs_job"
OTHERS = {
    *("email_automation_message", "email_automation_classification", "email_automation_outgoingmail"),
    *("crm_contact", "crm_lead", "crm_activity", "django_celery_results_taskresult", "jobs_attempt", "jobs_effect"),
    *("jobs_jobevent", "jobs_auditentry"),
}
NO_QUERY = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "EXPLAIN")
OF_ALL = {"job_correlation", "job_created", "job_finished", "jobs_job_pkey"}  # the others are partial: of few jobs

PASSING = {"Nested Loop"}  # stops its first input when it is stopped

Node = dict[str, Any]


@dataclass
class Statements:
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def scans(self) -> list[str]:
        """The statements that read the table of jobs, or what else they list, from its beginning to its end."""
        about = [(sql, params, listed(sql)) for sql, params in self.asked]
        return [
            sql
            for sql, params, table in about
            if (JOBS in sql or table in OTHERS) and reads_all(plan(sql, params), table)
        ]


def listed(sql: str) -> str:
    """The table that the statement begins with; what is joined to it is looked up."""
    found = re.search(r'FROM "(\w+)"', sql)
    return found[1] if found else ""


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


def reads_all(node: Node, table: str = JOBS, limited: bool = False) -> bool:
    """`table`: what is listed, beside jobs. `limited`: what is above it stops after so many rows."""
    if node.get("Relation Name") == JOBS and node["Node Type"] == "Seq Scan":
        return True
    by_index = node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    if by_index and node["Index Name"] in OF_ALL and not _stops(node, limited) and "Index Cond" not in node:
        return True
    if node.get("Relation Name") == table != JOBS and "Scan" in node["Node Type"]:
        looked_up = "Index Cond" in node or node["Node Type"] == "Bitmap Heap Scan"
        if not looked_up and not _stops(node, limited):
            return True
    stopped = node["Node Type"] == "Limit" or (limited and node["Node Type"] in PASSING)
    return any(reads_all(child, table, stopped) for child in node.get("Plans", ()))


def _stops(node: Node, limited: bool) -> bool:
    """Where what is one owner's is rare, its own index is taken: what is left to filter by owner is dense."""
    of_one = any(owner in node.get("Filter", "") for owner in ("owner_id = ", "mailbox_id = "))
    return limited and ("Filter" not in node or of_one)
