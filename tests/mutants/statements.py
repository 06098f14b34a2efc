"""Guards that stand in SQL: one file for each database."""

from tests.mutants.guard import Guard

CLAIM = "test_lifecycle_claim"
RING = "test_lifecycle_ring"
SETTLE = "test_lifecycle_settle"


def _claim(says: str, old: str, new: str, tests: str = CLAIM) -> Guard:
    return Guard(says, "jobs/sql/claim.sqlite.sql", old, new, tests)


def _postgresql(says: str, verb: str, old: str, new: str, tests: str) -> Guard:
    return Guard(says, f"jobs/sql/{verb}.postgresql.sql", old, new, tests, "postgresql")


STATEMENTS = [
    _claim(
        "only what waits is claimed",
        "status IN ('pending', 'retrying')\n      AND",
        "status <> 'processing'\n      AND",
    ),
    _claim("nothing is claimed before its time", "AND run_at <= {now}", ""),
    _claim("what is to be cancelled is not claimed", "AND cancel_requested_at IS NULL", ""),
    _claim("what has expired is not claimed", "AND (expires_at IS NULL OR attempt > 0 OR expires_at > {now})", ""),
    _claim("a retry does not expire", "OR attempt > 0 ", ""),
    _claim(
        "a paused queue's jobs are not claimed",
        "AND NOT EXISTS (SELECT 1 FROM jobs_queuecontrol c WHERE c.name = queue AND c.paused)",
        "",
    ),
    _claim(
        "a paused task's jobs are not claimed",
        "AND NOT EXISTS (SELECT 1 FROM jobs_taskcontrol c WHERE c.name = task AND c.paused)",
        "",
    ),
    _claim(
        "what runs is claimed again only with its token",
        "OR (status = 'processing' AND claim = %(claim)s)",
        "OR status = 'processing'",
    ),
    _claim("the same token takes it again", "OR (status = 'processing' AND claim = %(claim)s)", ""),
    _claim(
        "a repeated claim counts once",
        "CASE WHEN status = 'processing' THEN attempt ELSE attempt + 1 END",
        "attempt + 1",
    ),
    _claim("every claim raises the fence", "ELSE attempt + 1 END", "ELSE max(attempt, 1) END"),
    _claim("a claim has a lease", "(time_limit + %(margin)s) || ' seconds'", "'0 seconds'"),
    _claim("of the latest one runs", "WHEN 'latest' THEN unique_key || ':running'\n", "\n", "test_uniqueness"),
    _claim(
        "a slot of the waiting is freed by the claim",
        "WHEN 'waiting' THEN NULL ",
        "",
        "test_lifecycle_claim test_uniqueness",
    ),
    Guard(
        "success is settled by the claim's owner",
        "jobs/sql/complete.sqlite.sql",
        "(id, claim) IN (SELECT value ->> 'id', value ->> 'claim' FROM",
        "id IN (SELECT value ->> 'id' FROM",
        SETTLE,
    ),
    Guard(
        "success frees the slot, but a period's",
        "jobs/sql/complete.sqlite.sql",
        "CASE WHEN unique_scope = 'period' THEN unique_slot END",
        "NULL",
        SETTLE,
    ),
    Guard("only what is due is rung", "jobs/sql/ring.sqlite.sql", "AND dispatch_at <= {now}", "", RING),
    Guard(
        "a ring has a grace",
        "jobs/sql/ring.sqlite.sql",
        "min(%(grace)s * (1 << min(rings, 10)), %(grace_limit)s)",
        "0",
        RING,
    ),
    Guard("the grace doubles", "jobs/sql/ring.sqlite.sql", "%(grace)s * (1 << min(rings, 10))", "%(grace)s", RING),
    Guard(
        "a paused task's jobs are not rung",
        "jobs/sql/ring.sqlite.sql",
        "SET rung_at = CASE WHEN task NOT IN (SELECT name FROM jobs_taskcontrol WHERE paused) THEN {now} END",
        "SET rung_at = {now}",
        RING,
    ),
    Guard(
        "the urgent are rung first",
        "jobs/sql/ring.sqlite.sql",
        "ORDER BY priority, dispatch_at, id",
        "ORDER BY dispatch_at, id",
        RING,
    ),
    Guard(
        "a delayed job is rung when it is due",
        "jobs/sql/enqueue.sqlite.sql",
        "CASE WHEN run_at > now THEN run_at\n",
        "CASE WHEN false THEN run_at\n",
        "test_lifecycle_insert",
    ),
    Guard(
        "what is known by its key is left out",
        "jobs/sql/enqueue.sqlite.sql",
        "ON CONFLICT DO NOTHING",
        "",
        "test_lifecycle_insert",
    ),
    _postgresql("nothing is claimed before its time", "claim", "AND job.run_at <= {now}", "", CLAIM),
    _postgresql("what is to be cancelled is not claimed", "claim", "AND job.cancel_requested_at IS NULL", "", CLAIM),
    _postgresql(
        "what runs is claimed again only with its token",
        "claim",
        "OR (job.status = 'processing' AND job.claim = %(claim)s)",
        "OR job.status = 'processing'",
        CLAIM,
    ),
    _postgresql("success is settled by the claim's owner", "complete", "AND job.claim = outcome.claim ", "", SETTLE),
    _postgresql(
        "no doorbell is rung by two dispatchers", "ring", "    FOR NO KEY UPDATE SKIP LOCKED\n", "", "test_races"
    ),
    Guard(
        "a job is cancelled or settled, never both",
        "jobs/lifecycle/moves.py",
        'jobs.select_for_update(no_key=True, of=("self",)) if connection.vendor == "postgresql" else jobs',
        "jobs",
        "test_races",
        "postgresql",
    ),
]
