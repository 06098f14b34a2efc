-- Write jobs down. One that is already there (by key, unique slot or tick) is left out of the answer.
WITH moment AS (SELECT {now} AS now)
INSERT INTO jobs_job
  (id, key, task, queue, status, priority, arguments, owner_id, correlation_id, parent_id, batch_id, schedule_id, tick,
   workflow, created_at, run_at, expires_at, dispatch_at, rung_at, rings, attempt, failures, max_retries, deaths, orphaned,
   soft_time_limit, time_limit, worker, unique_key, unique_scope, unique_slot, progress_message, error, error_class,
   fingerprint, reason)
SELECT r.id, r.key, r.task, r.queue, 'pending', r.priority, r.arguments, r.owner_id, r.correlation_id, r.parent_id,
       r.batch_id, r.schedule_id, r.tick, r.workflow, now, due.run_at, now + r.expires * interval '1 second',
       CASE WHEN due.run_at > now THEN due.run_at WHEN r.ring THEN now + %(grace)s * interval '1 second' ELSE now END,
       CASE WHEN r.ring AND due.run_at <= now THEN now END,
       CASE WHEN r.ring AND due.run_at <= now THEN 1 ELSE 0 END,
       0, 0, r.max_retries, 0, 0, r.soft_time_limit, r.time_limit, '', r.unique_key, r.unique_scope, r.unique_slot,
       '', '', '', '', ''
FROM moment, json_to_recordset(%(rows)s::json) AS r
  (id uuid, key text, task text, queue text, priority int, arguments jsonb, owner_id bigint, correlation_id text,
   parent_id uuid, batch_id uuid, schedule_id bigint, tick timestamptz, workflow jsonb, delay float8, run_at timestamptz,
   expires float8, ring boolean, max_retries int, soft_time_limit float8, time_limit float8, unique_key text,
   unique_scope text, unique_slot text)
CROSS JOIN LATERAL (SELECT coalesce(r.run_at, now + r.delay * interval '1 second') AS run_at) AS due
ON CONFLICT DO NOTHING
RETURNING id, created_at, run_at, dispatch_at
