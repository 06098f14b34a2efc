-- Write jobs down. One that is already there (by key, unique slot or tick) is left out of the answer.
-- Times are answered as microseconds since 1970: quicker to read, and rarely read.
WITH moment AS (SELECT {now} AS now), terms AS (
  SELECT t.*, coalesce(t.run_at, now + t.delay * interval '1 second') AS first_at, now
  FROM moment, json_to_record(%(terms)s::json) AS t
    (task text, queue text, correlation_id text, parent_id uuid, batch_id uuid, schedule_id bigint, tick timestamptz,
     workflow jsonb, priority int, delay float8, run_at timestamptz, expires float8, max_retries int,
     soft_time_limit float8, time_limit float8, unique_key text, unique_scope text, unique_slot text,
     trace text)
)
INSERT INTO jobs_job
  (id, key, task, queue, status, priority, arguments, owner_id, correlation_id, parent_id, batch_id, schedule_id, tick,
   workflow, created_at, run_at, expires_at, dispatch_at, rung_at, rings, attempt, failures, max_retries, deaths, orphaned,
   soft_time_limit, time_limit, worker, unique_key, unique_scope, unique_slot, progress_message, error, error_class,
   fingerprint, reason, trace)
SELECT r.id, r.key, t.task, t.queue, 'pending', t.priority, r.arguments, r.owner_id, t.correlation_id, t.parent_id,
       t.batch_id, t.schedule_id, t.tick, t.workflow, t.now, t.first_at, t.now + t.expires * interval '1 second',
       CASE WHEN t.first_at > t.now THEN t.first_at WHEN r.ring THEN t.now + %(grace)s * interval '1 second' ELSE t.now END,
       CASE WHEN r.ring AND t.first_at <= t.now THEN t.now END,
       CASE WHEN r.ring AND t.first_at <= t.now THEN 1 ELSE 0 END,
       0, 0, t.max_retries, 0, 0, t.soft_time_limit, t.time_limit, '', t.unique_key, t.unique_scope, t.unique_slot,
       '', '', '', '', '', t.trace
FROM terms t, json_to_recordset(%(rows)s::json) AS r (id uuid, key text, arguments jsonb, owner_id bigint, ring boolean)
ON CONFLICT DO NOTHING
RETURNING id, (extract(epoch FROM created_at) * 1000000)::bigint, (extract(epoch FROM run_at) * 1000000)::bigint,
          (extract(epoch FROM dispatch_at) * 1000000)::bigint
