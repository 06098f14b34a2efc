-- Take a job. The same claim token takes it again without counting: a lost reply is repeated once.
-- Outside a caller's transaction its commit need not reach the disk at once: every later write compares the token, and
-- one that is durable makes this one durable too. A claim that a crash of the database undoes is simply made again.
UPDATE jobs_job AS job
SET status = 'processing',
    attempt = CASE WHEN job.status = 'processing' THEN job.attempt ELSE job.attempt + 1 END,
    worker = %(worker)s,
    boot = %(boot)s,
    pid = %(pid)s,
    claim = %(claim)s,
    started_at = {now},
    lease_until = {now} + (job.time_limit + %(margin)s) * interval '1 second',
    dispatch_at = NULL,
    unique_slot = CASE job.unique_scope WHEN 'waiting' THEN NULL WHEN 'latest' THEN job.unique_key || ':running'
                  ELSE job.unique_slot END
WHERE job.id = %(id)s
  AND set_config('synchronous_commit', CASE WHEN %(hasty)s THEN 'off' ELSE current_setting('synchronous_commit') END, true)
      IS NOT NULL
  AND (
    (
      job.status IN ('pending', 'retrying')
      AND job.run_at <= {now}
      AND job.cancel_requested_at IS NULL
      AND (job.expires_at IS NULL OR job.attempt > 0 OR job.expires_at > {now})
      AND NOT (job.unique_scope = 'latest' AND EXISTS (
        SELECT 1 FROM jobs_job other WHERE other.unique_slot = job.unique_key || ':running' AND other.id <> job.id))
      AND NOT EXISTS (SELECT 1 FROM jobs_queuecontrol c WHERE c.name = job.queue AND c.paused)
      AND NOT EXISTS (SELECT 1 FROM jobs_taskcontrol c WHERE c.name = job.task AND c.paused)
    )
    OR (job.status = 'processing' AND job.claim = %(claim)s)
  )
RETURNING job.attempt, job.failures, job.max_retries, job.task, job.queue, job.arguments::text, job.owner_id,
          job.correlation_id, job.workflow::text, job.batch_id, job.soft_time_limit, job.time_limit,
          job.unique_key, job.unique_scope,
          job.trace, (extract(epoch FROM job.run_at) * 1000000)::bigint
