-- A ledger as a site has it after some time: jobs in every state, of all queues, tasks and owners, what belongs to
-- them, and mail and customers beside it. How much of it: bench.finished, .waiting, .running, .mail, .days.
-- Half of the queues' work is mail, little of it AI; failures have 200 causes; one batch is large.

SET session_replication_role = replica;  -- rows that refer to each other are made in any order
SELECT setseed(0.5);

DO $$  -- what is not named below is empty
DECLARE found record;
BEGIN
  FOR found IN SELECT table_name, column_name, CASE data_type WHEN 'jsonb' THEN '[]' WHEN 'boolean' THEN 'false'
                 WHEN 'integer' THEN '0' WHEN 'smallint' THEN '0' WHEN 'bigint' THEN '0' ELSE '' END AS nothing
               FROM information_schema.columns
               WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
                 AND data_type IN ('jsonb', 'boolean', 'integer', 'smallint', 'bigint', 'text', 'character varying')
  LOOP
    EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT %L', found.table_name, found.column_name, found.nothing);
  END LOOP;
END $$;

-- Indexes are made at the end, of all rows at once: five times as quick as row by row.
UPDATE pg_index SET indisvalid = false, indisready = false
WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r');

CREATE FUNCTION pg_temp.size(name text) RETURNS int LANGUAGE sql AS $$ SELECT current_setting('bench.' || name)::int $$;

CREATE FUNCTION pg_temp.uuid7(at timestamptz, n bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3)
          || '8' || substr(md5(n::text), 4, 15))::uuid
$$;

CREATE FUNCTION pg_temp.boot(n bigint) RETURNS uuid LANGUAGE sql AS $$ SELECT md5('boot ' || n)::uuid $$;

-- Users 1001 to 1050 own most jobs, together.
INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT 1000 + n, '!', false, 'user-' || n, 'User', 'No ' || n, 'user-' || n || '@shop.example', false, true, now()
FROM generate_series(1, 50) AS n;

INSERT INTO jobs_batch (id, name, status, owner_id, correlation_id, stop_on_failure, total, completed, failed, dropped,
                        created_at, finished_at, parent_id)
SELECT pg_temp.uuid7(at, n), 'import ' || n, CASE WHEN n % 20 = 0 THEN 'closed' WHEN n % 7 = 0 THEN 'failed' ELSE 'completed' END,
       CASE WHEN n % 3 > 0 THEN 1001 + n % 50 END, md5(n::text), false, 100, 90, 6, 4,
       at, CASE WHEN n % 20 > 0 THEN at + interval '5 minutes' END,
       CASE WHEN n % 10 = 1 AND n > 1 THEN pg_temp.uuid7(now() - (n - 2) * interval '13 days' / most, n - 1) END
FROM (SELECT n, most, now() - (n - 1) * interval '13 days' / most AS at
      FROM (SELECT greatest(pg_temp.size('finished') / 500, 5) AS most) AS m, generate_series(1, most) AS n) AS batch;

CREATE TEMP TABLE batches AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM jobs_batch;
CREATE UNIQUE INDEX ON batches (n);

INSERT INTO jobs_schedule (name, task, arguments, cron, every, time_zone, overlap, missed, paused, created_at, next_tick)
SELECT 'every ' || n || ' minutes', 'send_email', '{"to": "ops@shop.example", "subject": "Report", "body": "-"}', '', 60 * n,
       'UTC', 'skip', 'once', n % 9 = 0, now(), now() + n * interval '1 minute'
FROM generate_series(1, 30) AS n;

-- One row for each job to be, with what all else follows from.
CREATE TEMP TABLE wish AS
SELECT n, kind, created_at, pg_temp.uuid7(created_at, n) AS id,
       CASE WHEN luck < 0.5 THEN 'email' WHEN luck < 0.93 THEN 'crm' ELSE 'ai' END AS queue,
       CASE WHEN random() < 0.7 THEN 1001 + floor(random() * random() * 50)::int END AS owner_id,
       CASE WHEN kind = 'finished' THEN
              CASE WHEN fate < 0.90 THEN 'completed' WHEN fate < 0.94 THEN 'failed' WHEN fate < 0.96 THEN 'dead'
                   WHEN fate < 0.98 THEN 'cancelled' WHEN fate < 0.999 THEN 'expired' ELSE 'in_doubt' END
            WHEN kind = 'running' THEN 'processing'
            ELSE CASE WHEN fate < 0.12 THEN 'retrying' ELSE 'pending' END END AS status,
       fate, chance, 1 + floor(random() * random() * 200)::int AS cause
FROM (
  SELECT n, kind, random() AS luck, random() AS fate, random() AS chance,
         now() - CASE kind WHEN 'running' THEN (n % 600) * interval '1 second'
                           WHEN 'waiting' THEN CASE WHEN random() < 0.6 THEN interval '1 hour' ELSE interval '13 days' END
                           ELSE interval '13 days' END * CASE kind WHEN 'running' THEN 1 ELSE random() END AS created_at
  FROM (SELECT n, CASE WHEN n <= pg_temp.size('finished') THEN 'finished'
                       WHEN n <= pg_temp.size('finished') + pg_temp.size('waiting') THEN 'waiting' ELSE 'running' END AS kind
        FROM generate_series(1, pg_temp.size('finished') + pg_temp.size('waiting') + pg_temp.size('running')) AS n) AS kinds
) AS lucky;

-- In the order in which they were enqueued, as they lie on the disk.
INSERT INTO jobs_job (
  id, key, task, queue, status, priority, arguments, owner_id, correlation_id, parent_id, batch_id, schedule_id, tick,
  created_at, run_at, expires_at, dispatch_at, rung_at, rings, attempt, failures, max_retries, deaths, orphaned,
  soft_time_limit, time_limit, worker, boot, pid, claim, lease_until, started_at, finished_at, cancel_requested_at,
  unique_key, unique_scope, progress_current, progress_total, progress_message, error, error_class, fingerprint, reason)
SELECT
  id,
  CASE WHEN n % 10 = 0 THEN 'order-' || n END,
  CASE queue WHEN 'email' THEN CASE WHEN n % 5 = 0 THEN 'process_gmail_sync' ELSE 'send_email' END
             WHEN 'crm' THEN 'update_crm'
             ELSE CASE WHEN n % 2 = 0 THEN 'classify_message' ELSE 'draft_reply' END END,
  queue, status, CASE WHEN n % 8 = 0 THEN n / 8 % 10 ELSE 5 END,
  jsonb_build_object('to', 'person-' || n % 5000 || '@acme.example', 'subject', 'Order ' || n, 'user_id', owner_id),
  owner_id, md5((n / 3)::text),
  CASE WHEN n % 20 = 0 THEN pg_temp.uuid7(created_at - interval '1 minute', n / 100) END,
  -- One batch of many, many of a hundred.
  CASE WHEN n % 100 = 1 THEN (SELECT id FROM batches WHERE batches.n = 1)
       WHEN n % 10 = 3 THEN (SELECT id FROM batches WHERE batches.n = 1 + wish.n % (SELECT count(*) FROM batches)) END,
  CASE WHEN n % 200 = 7 THEN 1 + n % 30 END, CASE WHEN n % 200 = 7 THEN created_at + n * interval '1 microsecond' END,
  created_at,
  CASE WHEN kind = 'waiting' AND (chance > 0.7 OR status = 'retrying') THEN now() + chance * interval '3 days' ELSE created_at END,
  CASE WHEN n % 50 = 0 THEN now() + interval '4 days' END,
  CASE WHEN kind = 'waiting' THEN CASE WHEN chance > 0.7 OR status = 'retrying' THEN now() + chance * interval '3 days' ELSE created_at END END,
  CASE WHEN kind = 'running' OR kind = 'waiting' AND chance < 0.01 THEN created_at END,
  CASE WHEN kind = 'running' THEN 1 ELSE 0 END,
  CASE WHEN status = 'pending' THEN 0 WHEN status IN ('dead', 'retrying') THEN 2 ELSE 1 END,
  CASE WHEN status IN ('dead', 'retrying') THEN 2 WHEN status = 'failed' THEN 1 ELSE 0 END,
  3, 0, 0, 285, 300,
  CASE WHEN status = 'pending' THEN '' ELSE 'worker-' || n % 20 || '@host-' || n % 4 END,
  CASE WHEN status <> 'pending' THEN pg_temp.boot(n % 20) END,
  CASE WHEN status <> 'pending' THEN 4000 + n % 50 END,
  CASE WHEN kind = 'running' THEN gen_random_uuid() END,
  CASE WHEN kind = 'running' THEN now() + interval '1 day' END,
  CASE WHEN status NOT IN ('pending', 'cancelled', 'expired') THEN created_at + chance * interval '20 seconds' END,
  CASE WHEN kind = 'finished' THEN created_at + (chance + fate) * interval '30 seconds' END,
  CASE WHEN kind = 'running' AND n % 50 = 0 THEN now() END,
  '', '',
  CASE WHEN kind = 'running' AND n % 2 = 0 THEN n % 100 END, CASE WHEN kind = 'running' AND n % 2 = 0 THEN 100 END, '',
  CASE WHEN status IN ('failed', 'dead', 'retrying', 'in_doubt') THEN 'the server of cause ' || cause || ' hung up after order ' || n ELSE '' END,
  CASE WHEN status IN ('failed', 'dead', 'retrying', 'in_doubt') THEN (ARRAY['OSError', 'ValueError', 'TimeoutError'])[1 + cause % 3] ELSE '' END,
  CASE WHEN status IN ('failed', 'dead', 'in_doubt') THEN substr(md5('cause ' || cause), 1, 16) ELSE '' END,
  CASE WHEN status = 'cancelled' THEN 'no longer wanted' WHEN status = 'expired' THEN 'not started in time' ELSE '' END
FROM wish ORDER BY wish.created_at;

INSERT INTO jobs_attempt (job_id, number, outcome, worker, boot, pid, started_at, finished_at, error_class, rule, error, traceback, log)
SELECT id, number, CASE WHEN number < attempt THEN 'retrying' ELSE status END, worker, boot, pid, started_at,
       coalesce(finished_at, started_at + interval '1 second'), error_class, '', error,
       repeat('  File "/srv/app/mail.py", line 12, in send' || chr(10), 12), repeat('INFO mail: connected' || chr(10), 8)
FROM jobs_job, generate_series(1, attempt) AS number
WHERE status IN ('failed', 'dead', 'retrying', 'in_doubt') ORDER BY created_at;

INSERT INTO jobs_effect (key, job_id, attempt, kind, status, provider_id, detail, created_at, settled_at, settled_by, reason)
SELECT 'mail:' || id, id, 1, 'mail', CASE WHEN status = 'in_doubt' THEN 'attempting' ELSE 'confirmed' END,
       CASE WHEN status = 'in_doubt' THEN '' ELSE '<' || id || '@shop.example>' END, '{"to": "person@acme.example"}',
       started_at, CASE WHEN status <> 'in_doubt' THEN finished_at END, '', ''
FROM jobs_job WHERE status = 'in_doubt' OR task = 'send_email' AND status IN ('completed', 'dead') ORDER BY created_at;

INSERT INTO jobs_jobevent (job_id, at, kind, by, detail)
SELECT id, finished_at, 'cancel', 'user-' || 1 + pid % 50, '{"reason": "no longer wanted"}'
FROM jobs_job WHERE status = 'cancelled' AND pid IS NOT NULL ORDER BY created_at;

INSERT INTO django_celery_results_taskresult (task_id, status, content_type, content_encoding, result, date_done, task_name,
                                              worker, date_created, date_started)
SELECT id, CASE WHEN status = 'completed' THEN 'SUCCESS' ELSE 'FAILURE' END, 'application/json', 'utf-8',
       '{"message_id": "<' || id || '@shop.example>"}', finished_at, task, worker, created_at, started_at
FROM jobs_job WHERE status IN ('completed', 'failed', 'dead') ORDER BY finished_at;

INSERT INTO jobs_auditentry (at, by, origin, address, verb, subject, reason, before, after, previous_hash, hash)
SELECT at, by, 'admin', '192.0.2.7', 'cancel', 'job ' || job_id, 'no longer wanted', '{"status": "pending"}', '{"status": "cancelled"}',
       md5((id - 1)::text), md5(id::text)
FROM jobs_jobevent ORDER BY id;

INSERT INTO jobs_quarantine (at, queue, reason, digest, size, head, worker)
SELECT now() - n * interval '10 minutes', 'email', 'not JSON', md5(n::text), 20, 'O:8:"stdClass":1:{}', 'worker-1'
FROM generate_series(1, pg_temp.size('running')) AS n;

INSERT INTO jobs_workerbeat (boot, name, host, pid, queues, slots, pids, started_at, beat_at, stopping)
SELECT pg_temp.boot(n), 'worker-' || n || '@host-' || n % 4, 'host-' || n % 4, 4000 + n,
       CASE n % 3 WHEN 0 THEN '["email"]' WHEN 1 THEN '["crm"]' ELSE '["email", "ai"]' END::jsonb, 60, '[]',
       now() - interval '1 day', now() + interval '1 day', false
FROM generate_series(0, 19) AS n;

INSERT INTO jobs_lease (name, holder, until) VALUES ('dispatcher', gen_random_uuid(), now() + interval '1 day');

INSERT INTO jobs_queuecontrol (name, paused, reason, by, changed_at) VALUES ('ai', true, 'the quota is used up', 'user-1', now());
INSERT INTO jobs_taskcontrol (name, paused, reason, by, changed_at) VALUES ('draft_reply', true, 'the quota is used up', 'user-1', now());

-- A week of figures, in slices of each width.
INSERT INTO jobs_slice (queue, task, outcome, jobs, started, wait_sum, run_sum, total_sum, waits, runs, totals, width, at)
SELECT queue, task, outcome, jobs, jobs, jobs, jobs * 2, jobs * 3, counts, counts, counts, width,
       to_timestamp(floor(extract(epoch FROM now()) / 60 / width) * 60 * width) - n * width * interval '1 minute'
FROM (VALUES (5), (30), (180)) AS widths (width), generate_series(0, pg_temp.size('days') * 1440 / width - 1) AS n,
     (VALUES ('email', 'send_email'), ('email', 'process_gmail_sync'), ('crm', 'update_crm'), ('ai', 'classify_message'),
             ('ai', 'draft_reply')) AS task (queue, task),
     (VALUES ('completed', 90), ('failed', 4), ('dead', 2), ('cancelled', 1)) AS outcome (outcome, jobs),
     (VALUES ('[0,0,0,0,80,10,4,3,0,0,0,0,0,0,0,0,0]'::jsonb)) AS c (counts);

INSERT INTO jobs_tally (queue, task, outcome, jobs, started, wait_sum, run_sum, total_sum, waits, runs, totals)
SELECT queue, task, outcome, sum(jobs), sum(started), sum(wait_sum), sum(run_sum), sum(total_sum), min(waits::text)::jsonb,
       min(runs::text)::jsonb, min(totals::text)::jsonb
FROM jobs_slice WHERE width = 5 GROUP BY queue, task, outcome;

INSERT INTO jobs_counted (name, since, until) VALUES ('ended jobs', now(), now());

INSERT INTO email_automation_mailbox (kind, name, location, own_addresses, created_at, user_id)
SELECT 'mbox', 'Inbox ' || n, '/srv/mail/' || n || '.mbox', '[]', now(), 1000 + n FROM generate_series(1, 50) AS n;

INSERT INTO email_automation_syncrun (job_id, mailbox_id, sync_type, requested_at, finished_at, pages, done, total, found, synced, duplicates, unreadable)
SELECT gen_random_uuid(), box.id, 'manual', now() - n * interval '1 hour', now() - n * interval '1 hour', 1, 100, 100, 40, 40, 0, 0
FROM email_automation_mailbox AS box, generate_series(1, greatest(pg_temp.size('mail') / 500, 1)) AS n;

INSERT INTO email_automation_message (
  digest, size, message_id, in_reply_to, "references", thread_key, subject, from_name, from_address, "to", cc, reply_to, date, text,
  has_html, language, headers, labels, flags, attachment_count, automatic, is_own, problems, unreadable_reason, stored_at,
  classified_at, intent, needs_review, makes_lead, mailbox_id)
SELECT md5(n::text), 4000, '<' || n || '@acme.example>', '', '[]', 'thread-' || n / 4, 'Order ' || n || ' and a question', 'Person ' || n % 5000,
       'person-' || n % 5000 || '@acme.example', '[["", "shop@shop.example"]]', '[]', '[]', now() - n * interval '1 minute',
       repeat('Could you send me an offer for forty chairs? ', 40)
         || CASE WHEN n % 10 = 0 THEN 'A table would do. ' ELSE '' END || CASE WHEN n % 100 = 0 THEN 'Or a sofa. ' ELSE '' END
         || CASE WHEN n % 10000 = 0 THEN 'Or a hammock.' ELSE '' END, false, 'en', '{"X-Mailer": "mutt"}', '["INBOX"]', '[]', n % 3,
       CASE WHEN n % 6 = 0 THEN 'List-Id' ELSE '' END, n % 10 = 0, '[]', CASE WHEN n % 500 = 0 THEN 'not a message' ELSE '' END,
       now() - n * interval '1 minute', CASE WHEN n % 500 > 0 THEN now() END,
       CASE WHEN n % 500 > 0 THEN (ARRAY['sales_enquiry', 'support', 'spam', 'other'])[1 + n % 4] ELSE '' END, n % 9 = 0, n % 4 = 0,
       (SELECT min(id) FROM email_automation_mailbox) + CASE WHEN n % 2 = 0 THEN 0 ELSE n % 50 END  -- half of it is of one user
FROM generate_series(1, pg_temp.size('mail')) AS n ORDER BY n DESC;

INSERT INTO email_automation_classification (provider, model, version, input_tokens, output_tokens, prompt_hash, created_at, is_current, intent,
                                             urgency, sentiment, is_spam, is_automatic, suggested_action, contact, confidence, needs_review, message_id)
SELECT 'offline', 'linear', '1', 10, 10, digest, classified_at, true, intent, 'normal', 'neutral', false, false, 'reply', '{}', 0.8, needs_review, id
FROM email_automation_message WHERE classified_at IS NOT NULL;

INSERT INTO email_automation_outgoingmail (author, kind, job_id, status, "to", subject, body, message_id, reason, released_by_rule, created_at, sent_at, user_id)
SELECT 'model', 'reply', CASE WHEN n % 10 > 0 THEN gen_random_uuid() END, CASE WHEN n % 10 = 0 THEN 'draft' WHEN n % 33 = 1 THEN 'failed' ELSE 'sent' END,
       jsonb_build_array('person-' || n % 5000 || '@acme.example'), 'Re: Order ' || n, repeat('Thank you for your order. ', 20),
       '<out-' || n || '@shop.example>', '', false, now() - n * interval '1 minute', now(), 1001 + n % 50
FROM generate_series(1, pg_temp.size('mail') / 2) AS n ORDER BY n DESC;

INSERT INTO crm_contact (email, name, phone, company, source, notes, tags, metadata, last_contact_at, created_at, updated_at, messages, user_id)
SELECT 'person-' || n || '@acme.example', 'Person ' || n, '+1212555' || lpad((n % 10000)::text, 4, '0'), 'Acme ' || n % 900, 'mail', '', '[]', '{}',
       now() - n % 20000 * interval '1 minute', now(), now(), n % 7, 1001 + n % 50
FROM generate_series(1, pg_temp.size('mail')) AS n;

INSERT INTO crm_lead (email, name, phone, company, source, notes, tags, metadata, last_contact_at, created_at, updated_at, stage, intent, urgency,
                      sentiment, heard_at, score, reasons, band, contact_id, user_id)
SELECT email, name, phone, company, source, '', '[]', '{}', last_contact_at, now(), now(), (ARRAY['new', 'contacted', 'qualified'])[1 + id % 3], 'sales_enquiry',
       'normal', 'neutral', now(), id % 100, '[]', CASE WHEN id % 100 >= 70 THEN 'hot' WHEN id % 100 >= 40 THEN 'warm' ELSE 'cold' END, id, user_id
FROM crm_contact WHERE id % 2 = 0;

INSERT INTO crm_activity (kind, text, changes, message_key, occurred_at, created_at, user_id, contact_id)
SELECT 'message', 'Wrote: Order and a question', '{}', id || '-' || n, now(), now(), user_id, id FROM crm_contact, generate_series(1, 3) AS n;

DO $$
DECLARE filled regclass;
BEGIN
  SET LOCAL maintenance_work_mem = '512MB';
  FOR filled IN SELECT DISTINCT indrelid FROM pg_index WHERE NOT indisready LOOP
    EXECUTE 'REINDEX TABLE ' || filled;
  END LOOP;
END $$;

SELECT setval(pg_get_serial_sequence('auth_user', 'id'), 2000);
SET session_replication_role = DEFAULT;
