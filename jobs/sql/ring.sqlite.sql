-- Stamp what is due, most urgent first, and say what to ring.
UPDATE jobs_job
SET rung_at = {now}, rings = min(rings + 1, 1000),
    dispatch_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', {now},
                           min(%(grace)s * (1 << min(rings, 10)), %(grace_limit)s) || ' seconds')
WHERE id IN (
  SELECT id FROM jobs_job
  WHERE queue = %(queue)s AND status IN ('pending', 'retrying') AND dispatch_at <= {now}
    AND NOT EXISTS (SELECT 1 FROM jobs_taskcontrol c WHERE c.name = jobs_job.task AND c.paused)
  ORDER BY priority, dispatch_at, id
  LIMIT %(limit)s
)
RETURNING priority, created_at, id, task, soft_time_limit, time_limit, rung_at
