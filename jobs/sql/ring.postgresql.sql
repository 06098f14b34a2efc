-- Stamp what is due, most urgent first, and say what to ring. A stamp that a crash undoes costs a second ring.
-- What is held back with its task gets no next time, so that it is not met again; its `rung_at` is answered as null.
WITH due AS (
  SELECT id, EXISTS (SELECT 1 FROM jobs_taskcontrol c WHERE c.name = jobs_job.task AND c.paused) AS held
  FROM jobs_job
  WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL
    AND queue = %(queue)s AND status IN ('pending', 'retrying') AND dispatch_at <= {now}
  ORDER BY priority, dispatch_at, id
  LIMIT %(limit)s
  FOR UPDATE SKIP LOCKED
)
UPDATE jobs_job AS job
SET rung_at = CASE WHEN NOT due.held THEN {now} END, rings = least(job.rings + 1, 1000),
    dispatch_at = CASE WHEN NOT due.held THEN
      {now} + least(%(grace)s * power(2, least(job.rings, 10)), %(grace_limit)s) * interval '1 second' END
FROM due
WHERE job.id = due.id
RETURNING job.priority, job.created_at, job.id, job.task, job.soft_time_limit, job.time_limit, job.rung_at
