"""Is this process alive, and can it do its work? For supervisors and load balancers; no login, no details of use."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fikiri.broker import connect
from jobs.health import has_dispatcher, queues, stuck
from jobs.wording import number_of

TIMEOUT = 1.0  # seconds for the broker's answer


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database and tables are there, else 503; each check says `ok` or its reason.

    Without the broker it is `degraded`, and 200 all the same: jobs are taken and pages shown, so that to send people
    to another process would help nobody.
    """
    checks = {name: check() for name, check in CHECKS.items()}
    wrong = {name for name, answer in checks.items() if answer != "ok"}
    status = "unavailable" if wrong - SPARED else "degraded" if wrong else "ok"
    return JsonResponse({"status": status, "checks": checks}, status=503 if wrong - SPARED else 200)


@never_cache
@require_safe
def workerz(_request: HttpRequest) -> JsonResponse:
    """200 when a dispatcher works, every queue is consumed or paused and no worker is stuck, else 503."""
    try:
        checks: dict[str, str] = {name: queue.state for name, queue in queues().items()}
        checks["dispatcher"] = "ok" if has_dispatcher() else "none"
        if idle := stuck():
            checks["workers"] = f"{number_of(len(idle), 'worker')} stuck"
    except DatabaseError as error:
        checks = {"database": f"unreachable ({type(error).__name__})"}
    well = all(answer in ("ok", "paused") for answer in checks.values())
    return JsonResponse({"status": "ok" if well else "unavailable", "checks": checks}, status=200 if well else 503)


def database() -> str:
    """`ok`, or why the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


def migrations() -> str:
    """`ok`, or how many migrations are not applied."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"unknown ({type(error).__name__})"
    return f"{len(missing)} not applied: run manage.py migrate" if missing else "ok"


def broker() -> str:
    """`ok`, or why the broker does not answer within a second."""
    try:
        with connect(settings.REDIS_URL, TIMEOUT) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


SPARED = {"broker"}  # of the checks: what goes on without it
CHECKS: dict[str, Callable[[], str]] = {"database": database, "migrations": migrations, "broker": broker}
