-- Settle jobs that succeeded, with their results, if each is still in the attempt that ran it.
WITH outcome AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(claims)s::uuid[], %(results)s::text[]) AS o (id, claim, result)
), settled AS (
  UPDATE jobs_job AS job
  SET status = 'completed', finished_at = {now}, claim = NULL, lease_until = NULL, dispatch_at = NULL,
      error = '', error_class = '', fingerprint = '', reason = '',
      unique_slot = CASE WHEN job.unique_scope = 'period' THEN job.unique_slot END
  FROM outcome
  WHERE job.id = outcome.id AND job.claim = outcome.claim AND job.status = 'processing'
  RETURNING job.id, job.task, job.worker, job.started_at, job.created_at, job.finished_at, outcome.result
), stored AS (
  INSERT INTO django_celery_results_taskresult
    (task_id, task_name, status, worker, content_type, content_encoding, result, date_created, date_started, date_done, meta)
  SELECT id::text, task, 'SUCCESS', left(worker, 100), 'application/json', 'utf-8', result, created_at, started_at, finished_at,
         '{"children": []}'
  FROM settled
  ON CONFLICT (task_id) DO UPDATE
  SET status = 'SUCCESS', worker = excluded.worker, result = excluded.result, traceback = NULL,
      date_started = excluded.date_started, date_done = excluded.date_done
)
SELECT id FROM settled
