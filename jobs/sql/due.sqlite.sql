-- What `ring` would stamp. Asked first: an update takes the one write lock even when there is nothing to do.
SELECT 1 FROM jobs_job
WHERE queue = %(queue)s AND priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9) AND status IN ('pending', 'retrying')
  AND dispatch_at <= {now}
LIMIT 1
