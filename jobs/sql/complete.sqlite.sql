-- Settle jobs that succeeded, if each is still in the attempt that ran it. Their results follow in the same transaction.
UPDATE jobs_job
SET status = 'completed', finished_at = {now}, claim = NULL, lease_until = NULL, dispatch_at = NULL,
    error = '', error_class = '', fingerprint = '', reason = '',
    unique_slot = CASE WHEN unique_scope = 'period' THEN unique_slot END
WHERE status = 'processing'
  AND (id, claim) IN (SELECT value ->> 'id', value ->> 'claim' FROM json_each(%(outcomes)s))
RETURNING id
