-- Take a job. The same claim token takes it again without counting: a lost reply is repeated once.
UPDATE jobs_job
SET status = 'processing',
    attempt = CASE WHEN status = 'processing' THEN attempt ELSE attempt + 1 END,
    worker = %(worker)s,
    boot = %(boot)s,
    pid = %(pid)s,
    claim = %(claim)s,
    started_at = {now},
    lease_until = strftime('%%Y-%%m-%%d %%H:%%M:%%f', {now}, (time_limit + %(margin)s) || ' seconds'),
    dispatch_at = NULL,
    unique_slot = CASE unique_scope WHEN 'waiting' THEN NULL WHEN 'latest' THEN unique_key || ':running'
                  ELSE unique_slot END
WHERE id = %(id)s
  AND (
    (
      status IN ('pending', 'retrying')
      AND run_at <= {now}
      AND cancel_requested_at IS NULL
      AND (expires_at IS NULL OR attempt > 0 OR expires_at > {now})
      AND NOT (unique_scope = 'latest' AND EXISTS (
        SELECT 1 FROM jobs_job other WHERE other.unique_slot = jobs_job.unique_key || ':running' AND other.id <> jobs_job.id))
      AND NOT EXISTS (SELECT 1 FROM jobs_queuecontrol c WHERE c.name = queue AND c.paused)
      AND NOT EXISTS (SELECT 1 FROM jobs_taskcontrol c WHERE c.name = task AND c.paused)
    )
    OR (status = 'processing' AND claim = %(claim)s)
  )
RETURNING attempt, failures, max_retries, task, queue, arguments, owner_id,
          correlation_id, workflow, batch_id, soft_time_limit, time_limit,
          unique_key, unique_scope,
          trace, run_at
