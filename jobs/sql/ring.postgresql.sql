-- Stamp what is due, most urgent first, and say what to ring. A stamp that a crash undoes costs a second ring.
-- What is held back with its task gets no next time, so that it is not met again; its `rung_at` is answered as null.
-- One probe of the index for each priority, until there are enough: what waits for later is not read. The clock is
-- asked once, in a query of its own: called for each row it could not be looked up in an index.
WITH due AS MATERIALIZED (
  SELECT waiting.id
  FROM generate_series(0, 9) AS level (priority)
  CROSS JOIN LATERAL (
    SELECT job.id FROM jobs_job AS job
    WHERE job.queue = %(queue)s AND job.priority = level.priority AND job.status IN ('pending', 'retrying')
      AND job.dispatch_at <= (SELECT {now})
    ORDER BY job.dispatch_at, job.id
    LIMIT %(limit)s
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS waiting
  LIMIT %(limit)s
)
UPDATE jobs_job AS job
SET rung_at = CASE WHEN job.task <> ALL (ARRAY(SELECT name FROM jobs_taskcontrol WHERE paused)) THEN {now} END,
    rings = least(job.rings + 1, 1000),
    dispatch_at = CASE WHEN job.task <> ALL (ARRAY(SELECT name FROM jobs_taskcontrol WHERE paused)) THEN
      {now} + least(%(grace)s * power(2, least(job.rings, 10)), %(grace_limit)s) * interval '1 second' END
WHERE job.id = ANY (ARRAY(SELECT id FROM due)) AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
RETURNING job.priority, job.created_at, job.id, job.task, job.soft_time_limit, job.time_limit, job.rung_at
