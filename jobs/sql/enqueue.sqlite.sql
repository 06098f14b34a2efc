-- Write jobs down. One that is already there (by key, unique slot or tick) is left out of the answer.
WITH moment AS (SELECT {now} AS now, %(terms)s AS t), given AS (
  SELECT r.value AS row, t, now,
         coalesce(t ->> 'run_at', strftime('%%Y-%%m-%%d %%H:%%M:%%f', now, (t ->> 'delay') || ' seconds')) AS run_at
  FROM moment, json_each(%(rows)s) AS r
)
INSERT INTO jobs_job
  (id, key, task, queue, status, priority, arguments, owner_id, correlation_id, parent_id, batch_id, schedule_id, tick,
   workflow, created_at, run_at, expires_at, dispatch_at, rung_at, rings, attempt, failures, max_retries, deaths, orphaned,
   soft_time_limit, time_limit, worker, unique_key, unique_scope, unique_slot, progress_message, error, error_class,
   fingerprint, reason, trace)
SELECT row ->> 'id', row ->> 'key', t ->> 'task', t ->> 'queue', 'pending', t ->> 'priority', row -> 'arguments',
       row ->> 'owner_id', t ->> 'correlation_id', t ->> 'parent_id', t ->> 'batch_id', t ->> 'schedule_id',
       t ->> 'tick', CASE WHEN t ->> 'workflow' IS NOT NULL THEN t -> 'workflow' END, now, run_at,
       CASE WHEN t ->> 'expires' IS NOT NULL
            THEN strftime('%%Y-%%m-%%d %%H:%%M:%%f', now, (t ->> 'expires') || ' seconds') END,
       CASE WHEN run_at > now THEN run_at
            WHEN row ->> 'ring' THEN strftime('%%Y-%%m-%%d %%H:%%M:%%f', now, %(grace)s || ' seconds')
            ELSE now END,
       CASE WHEN row ->> 'ring' AND run_at <= now THEN now END,
       CASE WHEN row ->> 'ring' AND run_at <= now THEN 1 ELSE 0 END,
       0, 0, t ->> 'max_retries', 0, 0, t ->> 'soft_time_limit', t ->> 'time_limit', '', t ->> 'unique_key',
       t ->> 'unique_scope', t ->> 'unique_slot', '', '', '', '', '', t ->> 'trace'
FROM given
WHERE true
ON CONFLICT DO NOTHING
RETURNING id, created_at, run_at, dispatch_at
