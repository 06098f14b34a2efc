-- The results of jobs that `complete` has just settled.
INSERT INTO django_celery_results_taskresult
  (task_id, task_name, status, worker, content_type, content_encoding, result, date_created, date_started, date_done, meta)
SELECT substr(job.id, 1, 8) || '-' || substr(job.id, 9, 4) || '-' || substr(job.id, 13, 4) || '-' || substr(job.id, 17, 4)
       || '-' || substr(job.id, 21), job.task, 'SUCCESS', substr(job.worker, 1, 100), 'application/json', 'utf-8',
       outcome.value ->> 'result', job.created_at, job.started_at, job.finished_at, '{"children": []}'
FROM json_each(%(outcomes)s) AS outcome
JOIN jobs_job AS job ON job.id = outcome.value ->> 'id'
WHERE job.id IN (SELECT value FROM json_each(%(settled)s))
ON CONFLICT (task_id) DO UPDATE
SET status = 'SUCCESS', worker = excluded.worker, result = excluded.result, traceback = NULL,
    date_started = excluded.date_started, date_done = excluded.date_done
