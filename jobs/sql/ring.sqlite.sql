-- Stamp what is due, most urgent first, and say what to ring.
-- What is held back with its task gets no next time, so that it is not met again; its `rung_at` is answered as null.
UPDATE jobs_job
SET rung_at = CASE WHEN task NOT IN (SELECT name FROM jobs_taskcontrol WHERE paused) THEN {now} END,
    rings = min(rings + 1, 1000),
    dispatch_at = CASE WHEN task NOT IN (SELECT name FROM jobs_taskcontrol WHERE paused) THEN
      strftime('%%Y-%%m-%%d %%H:%%M:%%f', {now},
               min(%(grace)s * (1 << min(rings, 10)), %(grace_limit)s) || ' seconds') END
WHERE id IN (
  SELECT id FROM jobs_job
  WHERE queue = %(queue)s AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND status IN ('pending', 'retrying')
    AND dispatch_at <= {now}
  ORDER BY priority, dispatch_at, id
  LIMIT %(limit)s
)
RETURNING priority, created_at, id, task, soft_time_limit, time_limit, rung_at
