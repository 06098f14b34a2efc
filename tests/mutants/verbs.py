"""Guards that stand in Python."""

from tests.mutants.guard import Guard

CANCELLED_FIRST = """    if job.cancel_requested_at:
        return end(job, JobStatus.CANCELLED, report, attempted=attempted)
"""
UNFINISHED = "Q(id=job_id, status__in=[*WAITING, JobStatus.PROCESSING]))"
CANCEL_NOTED = """
        if job is None:
            return None
        note(job, "cancel\""""
RUNG_BEFORE = """rung_at__lt=before, run_at__lte=Now(), dispatch_at__gt=Now())
    ids = list(lost.order_by("rung_at").values_list("pk", flat=True)[:limit])
    return (
        Job.objects.filter(pk__in=ids, status__in=WAITING, rung_at__lt=before)"""
LEASE_HELD = """    if Lease.objects.filter(name=name, until__gt=Now()).exclude(holder=holder).exists():
        return False  # asked first: on SQLite even an update of nothing waits for the one writer
    free = Lease.objects.filter(Q(holder=holder) | Q(until__lte=Now()), name=name)"""
LOST = "test_lifecycle_lost"
OPERATORS = "test_lifecycle_operators"


def _verb(says: str, module: str, old: str, new: str, tests: str) -> Guard:
    return Guard(says, f"jobs/lifecycle/{module}.py", old, new, tests)


def _effect(says: str, old: str, new: str) -> Guard:
    return Guard(says, "jobs/effects.py", old, new, "test_effects")


VERBS = [
    _verb(
        "an attempt settles only while it owns the job",
        "moves",
        "Q(id=claim.id, claim=claim.token, status=JobStatus.PROCESSING)",
        "Q(id=claim.id, status=JobStatus.PROCESSING)",
        "test_lifecycle_settle",
    ),
    _verb("what is to be cancelled does not wait again", "moves", CANCELLED_FIRST, "", "test_lifecycle_settle"),
    _verb(
        "a retry yields to the latest",
        "moves",
        "if newer := _waits_behind(job):",
        "if newer := None:",
        "test_uniqueness",
    ),
    _verb(
        "a doubt keeps its slot",
        "moves",
        ' or status == JobStatus.IN_DOUBT else {"unique_slot": None}',
        ' else {"unique_slot": None}',
        "test_lifecycle_settle",
    ),
    _verb("retries are used up", "running", "if spent > most:", "if False:", "test_lifecycle_settle"),
    _verb(
        "a snoozed job that is to be cancelled ends",
        "running",
        "if job.cancel_requested_at:",
        "if False:",
        "test_lifecycle_settle",
    ),
    _verb(
        "progress is its owner's",
        "running",
        "Job.objects.filter(id=claim.id, claim=claim.token, status=JobStatus.PROCESSING).update(",
        "Job.objects.filter(id=claim.id).update(",
        "test_lifecycle_settle",
    ),
    _verb(
        "only the process that runs it loses it",
        "losing",
        "worker=worker, pid=pid))\n        if job is None:\n            return None",
        "worker=worker))\n        if job is None:\n            return None",
        LOST,
    ),
    _verb("deaths are counted", "losing", "job.deaths += died\n        if job.cancel", "if job.cancel", LOST),
    _verb(
        "a killer is put aside", "losing", "if job.deaths >= config().DEATHS or job.failures", "if job.failures", LOST
    ),
    _verb("rescue takes the attempt that it saw", "losing", "attempt=seen.attempt, claim=seen.claim, ", "", LOST),
    _verb("an orphan of many workers is put aside", "losing", " or job.orphaned >= config().ORPHANED", "", LOST),
    _verb(
        "only the process that runs it gives it back",
        "losing",
        "worker=worker, pid=pid))\n        if job is None:\n            return False",
        "worker=worker))\n        if job is None:\n            return False",
        LOST,
    ),
    _verb(
        "what is given back and to be cancelled ends",
        "losing",
        "if job.cancel_requested_at:\n            end(job",
        "if False:\n            end(job",
        LOST,
    ),
    _verb(
        "what has ended cannot be cancelled",
        "steering",
        f"{UNFINISHED}{CANCEL_NOTED}",
        f"Q(id=job_id)){CANCEL_NOTED}",
        OPERATORS,
    ),
    _verb(
        "the first request to cancel is kept", "steering", "if job.cancel_requested_at is None:", "if True:", OPERATORS
    ),
    _verb("only what ended badly runs again", "again", "Q(id=job_id, status__in=AGAIN)", "Q(id=job_id)", OPERATORS),
    _verb(
        "a job whose slot is taken does not run again",
        "again",
        "            return False\n        _take_slot(job)\n",
        "            return False\n",
        "test_uniqueness",
    ),
    _verb("an old cancel does not end the next run", "again", "        cancel_requested_at=None,\n", "", OPERATORS),
    _verb(
        "only an open effect is resolved",
        "steering",
        "job=job, status=EffectStatus.ATTEMPTING)",
        "job=job)",
        "test_doubts",
    ),
    _verb(
        "a resolved job that is to be cancelled ends",
        "steering",
        "if job.cancel_requested_at:  # asked while it ran",
        "if False:",
        "test_doubts",
    ),
    _verb(
        "only what never started expires",
        "ending",
        "attempt=0, expires_at__lte=Now()",
        "expires_at__lte=Now()",
        OPERATORS,
    ),
    _effect(
        "an attempt that lost its job does not act",
        "claim=claim.token, status=JobStatus.PROCESSING)",
        "claim__isnull=False)",
    ),
    _effect("a cancel comes before the effect", "if job.cancel_requested_at:", "if False:"),
    _effect("an effect has the time that it takes", "if running.remaining() < seconds:", "if False:"),
    _effect(
        "what was made is not made again",
        "case EffectStatus.CONFIRMED:\n            return",
        "case None:\n            return",
    ),
    _effect(
        "what is open is asked about",
        "case EffectStatus.ATTEMPTING:\n            with",
        "case None:\n            with",
    ),
    _effect("what cannot be known is not made", "if answer is Doubt.CANNOT_KNOW:", "if False:"),
    _effect("an effect is written down before it is made", "if _in_transaction():", "if False:"),
    _effect(
        "another job's effect under way is left alone",
        "effect.status == EffectStatus.ATTEMPTING and _has_work_left(effect)",
        "False",
    ),
    _effect(
        "one of many takes an effect up",
        "filter(pk=effect.pk, status=effect.status, attempt=effect.attempt, job=effect.job_id)",
        "filter(pk=effect.pk)",
    ),
    Guard(
        "a claim since the beat is not judged by it",
        "jobs/rescue.py",
        "started_at__lt=beat.beat_at - timedelta(seconds=config().BEAT_EVERY),",
        "",
        "test_rescue",
    ),
    Guard(
        "who has not looked on trusts no silence",
        "jobs/rescue.py",
        "        if trusted:\n",
        "        if True:\n",
        "test_rescue",
    ),
    Guard("what a live worker lists is alive", "jobs/rescue.py", ".exclude(pid__in=beat.pids)", "", "test_rescue"),
    Guard(
        "an open batch does not end",
        "jobs/batches.py",
        "return batch.status != BatchStatus.OPEN and counts",
        "return counts",
        "test_batches",
    ),
    Guard(
        "a batch waits for all its members",
        "jobs/batches.py",
        "return self.ended >= self.total",
        "return True",
        "test_batches",
    ),
    Guard("a batch waits for its children", "jobs/batches.py", " or _has_open_children(batch):", ":", "test_batches"),
    Guard(
        "a member that runs again reopens what is around its batch",
        "jobs/lifecycle/again.py",
        "sorted(_and_around(batches))",
        "sorted(batches)",
        "test_batches",
    ),
    Guard(
        "what a batch that goes on counts is kept",
        "jobs/prune.py",
        "filter(~uncounted, finished_at__lt=Now(-KEYS_KEPT)",
        "filter(finished_at__lt=Now(-KEYS_KEPT)",
        "test_prune",
    ),
    Guard(
        "a batch is finished once",
        "jobs/batches.py",
        "lock(Batch.objects.filter(pk=batch_id, finished_at=None))",
        "lock(Batch.objects.filter(pk=batch_id))",
        "test_batches",
    ),
    Guard(
        "a tick makes one job",
        "jobs/schedule.py",
        "        schedule_id=schedule.pk,\n        tick=tick,\n",
        "        schedule_id=schedule.pk,\n",
        "test_schedule",
    ),
    Guard(
        "a tick that is over is not due",
        "jobs/schedule.py",
        "next_tick=next(ticks(schedule, now)).astimezone(UTC)",
        "next_tick=schedule.next_tick",
        "test_schedule",
    ),
    Guard(
        "a tick that another fired is not due",
        "jobs/schedule.py",
        "Q(next_tick__lte=Now()) | Q(next_tick__isnull=True), pk=pk, paused=False",
        "pk=pk, paused=False",
        "test_schedule",
    ),
    Guard(
        "a task with effects waits for a worker",
        "jobs/fallback.py",
        "if spec is None or not spec.options.local:",
        "if spec is None:",
        "test_fallback",
    ),
    Guard(
        "a command that is about to end runs nothing",
        "jobs/fallback.py",
        "if not (_allowed and ids",
        "if not (ids",
        "test_fallback",
    ),
    Guard(
        "a huge message is not read",
        "jobs/transport.py",
        "if len(item) > SIZE_LIMIT and queue in QUEUES:",
        "if False:",
        "test_transport",
    ),
    Guard("a message brings no arguments", "jobs/transport.py", "or parts[1] != {}\n", "", "test_transport"),
    Guard(
        "a message has no time",
        "jobs/transport.py",
        'if headers.get("eta") or headers.get("expires"):',
        "if False:",
        "test_transport",
    ),
    Guard(
        "an enqueuer leaves a full list alone",
        "jobs/doorbell.py",
        "local taken = math.min(room, #ARGV - 1)",
        "local taken = #ARGV - 1",
        "test_doorbell",
    ),
    Guard(
        "a refused enqueuer waits a while",
        "jobs/doorbell.py",
        " and time.monotonic() >= _refused_until.get(queue, 0)",
        "",
        "test_doorbell",
    ),
    Guard(
        "a paused queue is not rung",
        "jobs/dispatch.py",
        "if self.paused or broker.is_open():\n            return False",
        "if broker.is_open():\n            return False",
        "test_dispatch",
    ),
    Guard(
        "a backlog is the dispatcher's to ring",
        "jobs/dispatch.py",
        "limit = 0 if self.backlog or self.paused else self.limit",
        "limit = self.limit",
        "test_dispatch",
    ),
    Guard(
        "what an atomic task wrote goes with its claim",
        "jobs/executor.py",
        "        if not lifecycle.complete([(claim, outcome.result)]):\n            raise Superseded",
        "        if lifecycle.complete([(claim, outcome.result)]) is None:\n            raise Superseded",
        "test_executor",
    ),
    Guard(
        "an atomic task whose result cannot be kept writes nothing",
        "jobs/executor.py",
        "transaction.set_rollback(True)",
        "pass",
        "test_executor",
    ),
    Guard(
        "a lost reply is repeated with the same token",
        "jobs/executor.py",
        "return _once_more(lambda: lifecycle.claim(job_id, identity.current(), token))",
        "return _once_more(lambda: lifecycle.claim(job_id, identity.current(), uuid.uuid4()))",
        "test_connections",
    ),
    Guard(
        "a database that is away while settling is waited for",
        "jobs/executor.py",
        "            if time.monotonic() > deadline:\n                raise\n",
        "            raise\n",
        "test_connections",
    ),
    Guard(
        "a job that has just ended is kept",
        "jobs/prune.py",
        "finished_at__lt=Now(-self.days * DAY)",
        "finished_at__lt=Now()",
        "test_prune",
    ),
    Guard(
        "a ring that may be on its way is not lost",
        "jobs/lifecycle/waiting.py",
        RUNG_BEFORE,
        RUNG_BEFORE.replace("rung_at__lt=before", "rung_at__isnull=False"),
        "test_lifecycle_ring",
    ),
    Guard(
        "a schedule paused meanwhile does not tick",
        "jobs/schedule.py",
        "pk=pk, paused=False)",
        "pk=pk)",
        "test_schedule",
    ),
    Guard(
        "one dispatcher works",
        "jobs/dispatch.py",
        LEASE_HELD,
        "    free = Lease.objects.filter(name=name)",
        "test_dispatch",
    ),
]
